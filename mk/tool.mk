# SPDX-License-Identifier: Apache-2.0
# The host command: build/bin/ashlar. It finds its resources (ashlar.efi, QEMU, firmwares) relative to itself: ../ in the
# tree, ../share/ashlar when installed.

TOOL_C := $(sort $(wildcard tool/*.c)) $(wildcard hv/vm/config_check.c)
TOOL_OBJ := $(TOOL_C:%.c=$(B)/tool/%.o)
TOOL_LIBS := libfyaml libarchive zlib libzstd
TOOL_CFLAGS := -std=c11 -g -O2 -fno-common -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 $(REPRODUCIBLE)
TOOL_INC = $(INCLUDES) -Itool $$(pkg-config --cflags $(TOOL_LIBS))

ifneq ($(wildcard tool/*.c),)
TOOL_ALL := $(B)/bin/ashlar
endif

$(B)/tool/%.o: %.c mk/tool.mk | $(PACKAGES) $(B)/version.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(TOOL_CFLAGS) $(WARNINGS) $(TOOL_INC) $(DEPFLAGS) -c -o $@ $<

$(B)/bin/ashlar: $(TOOL_OBJ)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) -o $@ $(TOOL_OBJ) $$(pkg-config --libs $(TOOL_LIBS)) -lfdt

-include $(TOOL_OBJ:.o=.d)
