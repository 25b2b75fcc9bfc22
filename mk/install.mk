# SPDX-License-Identifier: Apache-2.0
# make install DESTDIR= PREFIX=/usr/local, and make uninstall. The installed command finds ashlar.efi, QEMU and the firmwares
# in PREFIX/share/ashlar, which is laid out as build/ is. Installing builds nothing as root that is already built.

PREFIX ?= /usr/local
DEST := $(DESTDIR)$(PREFIX)
SHARE := $(DEST)/share/ashlar
MAN1 := $(wildcard docs/man/*.1)
MAN5 := $(wildcard docs/man/*.5)
MAN7 := $(wildcard docs/man/*.7)
COMPLETION := $(wildcard tool/ashlar.bash)
EXAMPLES := $(sort $(wildcard examples/*.yaml))

define install_files
	$(Q)$(if $(1),install -d $(2) && install -m 644 $(1) $(2))
endef

.PHONY: install
install: all
	$(call say,INSTALL,$(DEST))
	$(Q)install -d $(DEST)/bin $(SHARE)/bin $(SHARE)/pkg
	$(Q)install -m 755 $(B)/bin/ashlar $(DEST)/bin/ashlar
	$(Q)install -m 644 $(B)/ashlar.efi $(SHARE)/ashlar.efi
	$(Q)install -m 755 $(QEMU_BIN) $(SHARE)/bin
	$(Q)rm -rf $(SHARE)/pkg && mkdir -p $(SHARE)/pkg && cp -R $(PKG)/qemu $(PKG)/firmware $(SHARE)/pkg
	$(call install_files,$(MAN1),$(DEST)/share/man/man1)
	$(call install_files,$(MAN5),$(DEST)/share/man/man5)
	$(call install_files,$(MAN7),$(DEST)/share/man/man7)
	$(Q)install -d $(SHARE)/guest $(SHARE)/examples
	$(Q)install -m 644 $(B)/guest/vmlinuz $(B)/guest/initrd.img $(SHARE)/guest
	$(Q)for file in $(EXAMPLES); do sed "s|\.\./build/guest/|../guest/|" $$file >$(SHARE)/examples/$${file##*/}; done
	$(Q)$(if $(COMPLETION),install -d $(DEST)/share/bash-completion/completions && \
	    install -m 644 $(COMPLETION) $(DEST)/share/bash-completion/completions/ashlar)

.PHONY: uninstall
uninstall:
	$(call say,REMOVE,$(DEST))
	$(Q)rm -rf $(SHARE)
	$(Q)rm -f $(DEST)/bin/ashlar $(DEST)/share/bash-completion/completions/ashlar \
	    $(patsubst docs/man/%,$(DEST)/share/man/man1/%,$(MAN1)) $(patsubst docs/man/%,$(DEST)/share/man/man5/%,$(MAN5)) \
	    $(patsubst docs/man/%,$(DEST)/share/man/man7/%,$(MAN7))
