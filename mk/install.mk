# SPDX-License-Identifier: Apache-2.0
# make install DESTDIR= PREFIX=/usr/local, and make uninstall with the same two. The installed command finds ashlar.efi, QEMU and the
# firmwares in PREFIX/share/ashlar. Installing builds nothing as root that is already built.

PREFIX ?= /usr/local
DEST := $(DESTDIR)$(PREFIX)

.PHONY: install uninstall install-folder
install: all install-folder
	$(call say,INSTALL,$(DEST))
	$(Q)sh mk/install.sh install $(B) '$(DEST)'

uninstall: install-folder
	$(call say,REMOVE,$(DEST))
	$(Q)sh mk/install.sh uninstall '$(DEST)'

install-folder:
	$(Q)case '$(DEST)' in /?*) ;; *) echo "ashlar: DESTDIR and PREFIX: found '$(DEST)', allowed an absolute folder" >&2; exit 1 ;; esac
