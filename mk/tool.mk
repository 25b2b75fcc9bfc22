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

# The same under ASan and UBSan, for its tests.
TOOL_CHECKED := $(B)/tests/ashlar
TOOL_CHECKED_OBJ := $(TOOL_C:%.c=$(B)/tests/tool/%.o)

$(B)/tests/tool/%.o: %.c mk/tool.mk | $(PACKAGES) $(B)/version.h
	$(call say,CC checked,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(TOOL_CFLAGS) $(SANITIZE) $(WARNINGS) $(TOOL_INC) $(DEPFLAGS) -c -o $@ $<

$(TOOL_CHECKED): $(TOOL_CHECKED_OBJ)
	$(call say,LD checked,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(SANITIZE) -o $@ $(TOOL_CHECKED_OBJ) $$(pkg-config --libs $(TOOL_LIBS)) -lfdt

-include $(TOOL_OBJ:.o=.d) $(TOOL_CHECKED_OBJ:.o=.d)
