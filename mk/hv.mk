# SPDX-License-Identifier: Apache-2.0
# The hypervisor: build/hv.elf, and build/host/libhv.a, the same code above arch/ built for this machine's tests.

HV_DIRS := hv hv/lib hv/platform hv/mem hv/fw hv/cpu hv/sched hv/drivers hv/vm hv/trap hv/dev hv/monitor $(patsubst %/,%,$(wildcard hv/*/*/))
HV_C := $(sort $(filter-out hv/arch/%,$(wildcard $(HV_DIRS:%=%/*.c))))
HV_ARCH_C := $(sort $(wildcard hv/arch/*.c hv/arch/aarch64/*.c))
HV_ARCH_S := $(sort $(wildcard hv/arch/aarch64/*.S))
HV_HOST_C := $(sort $(wildcard hv/arch/*.c hv/arch/host/*.c))
HV_LDS := $(wildcard hv/arch/aarch64/hv.lds)

WARNINGS := -Wall -Wextra -Wconversion -Wshadow -Wmissing-prototypes -Wstrict-prototypes -Wenum-conversion $(WERROR)
REPRODUCIBLE := -ffile-prefix-map=$(CURDIR)=. -fdebug-compilation-dir=.
INCLUDES := -Iinclude -Ihv -I$(B)
DEPFLAGS = -MMD -MP -MF $(@:.o=.d)

HV_TARGET := --target=aarch64-none-elf -march=armv8-a -ffreestanding -fpie -mgeneral-regs-only \
             -mbranch-protection=bti -mno-outline-atomics
HV_CFLAGS := $(HV_TARGET) -std=c11 -O2 -g -fno-common -fvisibility=hidden -ffunction-sections -fdata-sections $(REPRODUCIBLE) $(if $(DEBUG),-DASHLAR_DEBUG)
HV_INC := $(INCLUDES) -isystem $(FDT_DIR) -isystem $(SSL_DIR)/inc -isystem mk/libc

# What runs once or at a key press is made small; the rest is exits.
HV_SMALL := $(patsubst %,$(B)/hv/hv/platform/%.o,acpi% dt% fdt% handoff% platform%) $(B)/hv/hv/monitor/%.o \
            $(B)/hv/hv/start.o $(B)/hv/hv/main.o $(B)/hv/hv/vm/config_check.o \
            $(B)/hv/hv/cpu/panic_dump.o $(B)/hv/hv/cpu/errata.o $(B)/hv/hv/vm/kernel_image.o $(B)/hv/hv/dev/guest_board.o $(B)/hv/hv/dev/guest_tree.o \
            $(B)/hv/fdt/%.o $(B)/hv/ssl/%.o
$(HV_SMALL): HV_CFLAGS := $(HV_CFLAGS) -Oz

HV_OBJ := $(patsubst %.c,$(B)/hv/%.o,$(HV_C) $(HV_ARCH_C)) $(HV_ARCH_S:%.S=$(B)/hv/%.S.o)
HV_LIB_OBJ := $(FDT_NAMES:%=$(B)/hv/fdt/%.o) $(SSL_NAMES:%=$(B)/hv/ssl/%.o)

ifneq ($(HV_LDS),)
HV_ALL := $(B)/hv.elf
endif

# The commit is part of what is built: rewritten only when it changes.
$(B)/version.h: FORCE | $(PACKAGES)
	$(Q)sh mk/version.sh $(VERSION) $@
.PHONY: FORCE
FORCE:

$(B)/hv/%.o: %.c mk/hv.mk | $(PACKAGES) $(FETCH_SRC) $(B)/version.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(HV_CFLAGS) $(WARNINGS) $(HV_INC) $(DEPFLAGS) -c -o $@ $<

$(B)/hv/%.S.o: %.S mk/hv.mk | $(PACKAGES)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(HV_CFLAGS) $(HV_INC) $(DEPFLAGS) -c -o $@ $<

$(B)/hv/fdt/%.o: $(FDT_DIR)/%.c mk/hv.mk mk/libs.mk | $(PACKAGES)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(HV_CFLAGS) $(FDT_CFLAGS) -I$(FDT_DIR) -isystem mk/libc $(DEPFLAGS) -c -o $@ $<

$(B)/hv/ssl/%.o: $(SSL_DIR)/src/%.c mk/hv.mk mk/libs.mk | $(PACKAGES)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(HV_CFLAGS) -w -I$(FDT_DIR) -isystem mk/libc $(SSL_INC) $(DEPFLAGS) -c -o $@ $<

# Linked at address 0 and relocated by itself at entry: relative relocations, packed in .relr.dyn, are the only kind allowed. File offsets need no
# pages: the loader copies segments.
HV_LDFLAGS := -m aarch64elf -pie -static --no-dynamic-linker --build-id=none -z norelro -z text -z max-page-size=64 --pack-dyn-relocs=relr \
              --hash-style=gnu --gc-sections --orphan-handling=place -T $(HV_LDS)

$(B)/hv.elf: $(HV_OBJ) $(HV_LIB_OBJ) $(HV_LDS) mk/link-hv.sh mk/hv.mk
	$(call say,LD,$@)
	$(Q)sh mk/link-hv.sh $@ $(B)/hv/link "$(CC) $(HV_TARGET)" $(LD) $(NM) "$(HV_LDFLAGS)" $(HV_OBJ) $(HV_LIB_OBJ)

-include $(HV_OBJ:.o=.d) $(HV_LIB_OBJ:.o=.d)

# Built natively. $(1): name of the variant, $(2): its flags. Gives build/NAME/libhv.a without hv/main.c.
HOST_CFLAGS := -std=c11 -DASHLAR_HOST -g -O1 -fno-common -fno-omit-frame-pointer -D_GNU_SOURCE $(REPRODUCIBLE)
HOST_INC := $(INCLUDES) -isystem $(FDT_DIR) -isystem $(SSL_DIR)/inc
HOST_HV_C := $(filter-out hv/main.c,$(HV_C)) $(HV_HOST_C)

define host_variant
$(1)_OBJ := $$(HOST_HV_C:%.c=$$(B)/$(1)/%.o) $$(FDT_NAMES:%=$$(B)/$(1)/fdt/%.o) $$(SSL_NAMES:%=$$(B)/$(1)/ssl/%.o)

$$(B)/$(1)/hv/%.o: hv/%.c mk/hv.mk | $$(PACKAGES) $$(FETCH_SRC) $$(B)/version.h
	$$(call say,CC $(1),$$<)
	$$(Q)mkdir -p $$(@D) && $$(CC) $$(HOST_CFLAGS) $(2) $$(WARNINGS) $$(HOST_INC) $$(DEPFLAGS) -c -o $$@ $$<

$$(B)/$(1)/fdt/%.o: $$(FDT_DIR)/%.c mk/hv.mk mk/libs.mk | $$(PACKAGES)
	$$(Q)mkdir -p $$(@D) && $$(CC) $$(HOST_CFLAGS) $(2) $(FDT_CFLAGS) -I$$(FDT_DIR) $$(DEPFLAGS) -c -o $$@ $$<

$$(B)/$(1)/ssl/%.o: $$(SSL_DIR)/src/%.c mk/hv.mk mk/libs.mk | $$(PACKAGES)
	$$(Q)mkdir -p $$(@D) && $$(CC) $$(HOST_CFLAGS) -w $(2) $$(SSL_INC) $$(DEPFLAGS) -c -o $$@ $$<

$$(B)/$(1)/libhv.a: $$($(1)_OBJ)
	$$(call say,AR,$$@)
	$$(Q)rm -f $$@ && $$(AR) rcsD $$@ $$($(1)_OBJ)

-include $$($(1)_OBJ:.o=.d)
endef

SANITIZE := -fsanitize=address,undefined -fno-sanitize-recover=all
COVERAGE := -fprofile-instr-generate -fcoverage-mapping
$(eval $(call host_variant,host,$(SANITIZE) $(COVERAGE)))
$(eval $(call host_variant,fuzz,-O2 $(SANITIZE) -fsanitize=fuzzer-no-link))
