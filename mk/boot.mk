# SPDX-License-Identifier: Apache-2.0
# The loader: build/ashlar.efi, a PE application with build/hv.elf inside (boot/*.S says .incbin "hv.elf").

BOOT_C := $(sort $(wildcard boot/*.c))
BOOT_S := $(sort $(wildcard boot/*.S))

BOOT_CFLAGS := --target=aarch64-unknown-windows -march=armv8-a -std=c11 -O2 -ffreestanding -fshort-wchar -fno-common \
               -mgeneral-regs-only -mno-stack-arg-probe -mno-outline-atomics -fno-stack-protector \
               -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables $(REPRODUCIBLE)
BOOT_INC := -Iinclude -Iboot -I$(B) -isystem $(FDT_DIR) -isystem mk/libc

BOOT_OBJ := $(BOOT_C:%.c=$(B)/pe/%.o) $(BOOT_S:%.S=$(B)/pe/%.S.o)
BOOT_FDT_OBJ := $(FDT_NAMES:%=$(B)/pe/fdt/%.o)

ifneq ($(and $(BOOT_C),$(HV_LDS)),)
BOOT_ALL := $(B)/ashlar.efi
endif

$(B)/pe/%.o: %.c mk/boot.mk | $(PACKAGES) $(FETCH_SRC) $(B)/version.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(BOOT_CFLAGS) $(WARNINGS) $(BOOT_INC) $(DEPFLAGS) -c -o $@ $<

# The loader carries the image without its debugging sections; gdb reads build/hv.elf.
$(B)/payload/hv.elf: $(B)/hv.elf
	$(Q)mkdir -p $(@D) && $(OBJCOPY) --strip-all $< $@

$(B)/pe/%.S.o: %.S $(B)/payload/hv.elf mk/boot.mk | $(PACKAGES)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(BOOT_CFLAGS) -I$(B)/payload $(BOOT_INC) $(DEPFLAGS) -c -o $@ $<

$(B)/pe/fdt/%.o: $(FDT_DIR)/%.c mk/boot.mk mk/libs.mk | $(PACKAGES)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(BOOT_CFLAGS) -w -I$(FDT_DIR) -isystem mk/libc $(DEPFLAGS) -c -o $@ $<

# As a library: only what the loader calls is taken.
$(B)/pe/libfdt.lib: $(BOOT_FDT_OBJ)
	$(Q)rm -f $@ && $(AR) rcsD $@ $(BOOT_FDT_OBJ)

$(B)/ashlar.efi: $(BOOT_OBJ) $(B)/pe/libfdt.lib
	$(call say,LD,$@)
	$(Q)$(LLD_LINK) -machine:arm64 -subsystem:efi_application -entry:efi_main -nodefaultlib -timestamp:0 -opt:ref \
	    -out:$@ $^

-include $(BOOT_OBJ:.o=.d) $(BOOT_FDT_OBJ:.o=.d)
