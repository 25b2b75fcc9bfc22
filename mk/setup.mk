# SPDX-License-Identifier: Apache-2.0
# Set-up: packages of the machine (apt), and what is unpacked privately below build/pkg/ (QEMU, firmwares, sources, guest
# files). Each has a stamp; nothing is asked of the network again once its stamp stands.

PACKAGES := $(B)/stamp/packages
# Raised by hand when mk/fetch.sh fetches something else: an unpacked tree of another number is fetched again.
FETCH_NUMBER := 1
FETCH_QEMU := $(PKG)/stamp/qemu-$(FETCH_NUMBER)
FETCH_FIRMWARE_NUMBER := 2
FETCH_FIRMWARE := $(PKG)/stamp/firmware-$(FETCH_FIRMWARE_NUMBER)
FETCH_SRC := $(PKG)/stamp/src-$(FETCH_NUMBER)
FETCH_GUEST := $(PKG)/stamp/guest-$(FETCH_NUMBER)

SETUP_ALL := $(FETCH_QEMU) $(FETCH_FIRMWARE)

$(PACKAGES): mk/packages.sh mk/packages.txt
	$(Q)sh mk/packages.sh mk/packages.txt
	$(Q)mkdir -p $(@D) && touch $@

# One at a time: they share apt's lists.
$(FETCH_QEMU) $(FETCH_SRC) $(FETCH_GUEST): $(PKG)/stamp/%-$(FETCH_NUMBER): | $(PACKAGES)
	$(Q)sh mk/fetch.sh $(PKG) $* && touch $@

$(FETCH_FIRMWARE): | $(PACKAGES)
	$(Q)sh mk/fetch.sh $(PKG) firmware && touch $@

# QEMU's programs under their own names, each a link to one script.
QEMU_BIN := $(B)/bin/qemu-system-aarch64 $(B)/bin/qemu-img
$(QEMU_BIN): mk/qemu.sh | $(FETCH_QEMU)
	$(Q)mkdir -p $(@D) && install -m 755 mk/qemu.sh $@

SETUP_ALL += $(QEMU_BIN)
