# SPDX-License-Identifier: Apache-2.0
# Third-party sources that are compiled with our own flags: libfdt and the few files of BearSSL that an HMAC-DRBG needs.

FDT_DIR := $(PKG)/src/dtc/libfdt
SSL_DIR := $(PKG)/src/bearssl

FDT_NAMES := fdt fdt_ro fdt_rw fdt_wip fdt_sw fdt_strerror fdt_addresses fdt_check fdt_empty_tree
SSL_NAMES := rand/hmac_drbg mac/hmac hash/sha2small codec/dec32be codec/enc32be

# libfdt looks whether a sum of ints became negative (fdt_next_tag): overflow has to wrap, which only a flag makes it do.
FDT_CFLAGS := -w -fwrapv

FDT_SRC := $(FDT_NAMES:%=$(FDT_DIR)/%.c)
SSL_SRC := $(SSL_NAMES:%=$(SSL_DIR)/src/%.c)

LIBS_INC := -isystem $(FDT_DIR) -isystem $(SSL_DIR)/inc
SSL_INC := -I$(SSL_DIR)/inc -I$(SSL_DIR)/src

$(FDT_SRC) $(SSL_SRC): | $(FETCH_SRC) ;
