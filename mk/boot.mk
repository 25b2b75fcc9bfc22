# SPDX-License-Identifier: Apache-2.0
# The loader: build/ashlar.efi, a PE application with build/hv.elf inside (boot/*.S says .incbin "hv.elf"), and for its own
# test build/boot-stub/ashlar.efi, the same loader with a small payload that prints what it was given.

# The validator of the configuration is the hypervisor's own file: a configuration is refused while there is a firmware.
BOOT_C := $(sort $(wildcard boot/*.c)) hv/vm/config_check.c
BOOT_S := $(sort $(wildcard boot/*.S))
# What needs no instruction of its own, built natively too for its unit tests (over a firmware of theirs).
BOOT_PURE := boot/boot_acpi.c boot/boot_console.c boot/boot_elf.c boot/boot_fdt.c boot/boot_madt.c boot/boot_map.c boot/boot_memory.c \
             boot/boot_regions.c boot/boot_tables.c boot/boot_time.c \
             boot/boot_volume.c

BOOT_CFLAGS := --target=aarch64-unknown-windows -march=armv8-a -std=c11 -Oz -ffreestanding -fshort-wchar -fno-common \
               -mgeneral-regs-only -mno-stack-arg-probe -mno-outline-atomics -fno-stack-protector \
               -ffunction-sections -fdata-sections -fno-asynchronous-unwind-tables $(REPRODUCIBLE)
BOOT_INC := -Iinclude -Iboot -Ihv -I$(B) -isystem $(FDT_DIR) -isystem mk/libc

BOOT_C_OBJ := $(BOOT_C:%.c=$(B)/pe/%.o)
BOOT_OBJ := $(BOOT_C_OBJ) $(BOOT_S:%.S=$(B)/pe/%.S.o)
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
	$(Q)mkdir -p $(@D) && $(CC) $(BOOT_CFLAGS) $(FDT_CFLAGS) -I$(FDT_DIR) -isystem mk/libc $(DEPFLAGS) -c -o $@ $<

# As a library: only what the loader calls is taken.
$(B)/pe/libfdt.lib: $(BOOT_FDT_OBJ)
	$(Q)rm -f $@ && $(AR) rcsD $@ $(BOOT_FDT_OBJ)

BOOT_LINK := $(LLD_LINK) -machine:arm64 -subsystem:efi_application -entry:efi_main -nodefaultlib -timestamp:0 -opt:ref

$(B)/ashlar.efi: $(BOOT_OBJ) $(B)/pe/libfdt.lib
	$(call say,LD,$@)
	$(Q)$(BOOT_LINK) -out:$@ $^

# The stub payload (tests/boot/stub), for tests/qemu/boot.t.
STUB := $(B)/boot-stub
STUB_OBJ := $(STUB)/start.o $(STUB)/stub.o

$(STUB)/%.o: tests/boot/stub/%.c mk/boot.mk | $(PACKAGES)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(HV_CFLAGS) $(WARNINGS) -Iinclude -isystem mk/libc $(DEPFLAGS) -c -o $@ $<

$(STUB)/%.o: tests/boot/stub/%.S mk/boot.mk | $(PACKAGES)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(HV_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(STUB)/hv.elf: $(STUB_OBJ) tests/boot/stub/stub.lds
	$(Q)$(LD) -m aarch64elf -pie --no-dynamic-linker -z norelro -z text -z max-page-size=4096 \
	    -T tests/boot/stub/stub.lds -o $@ $(STUB_OBJ)

$(STUB)/payload.S.o: boot/payload.S $(STUB)/hv.elf mk/boot.mk
	$(Q)$(CC) $(BOOT_CFLAGS) -Wa,-I$(STUB) -c -o $@ $<

$(STUB)/ashlar.efi: $(filter-out %/payload.S.o,$(BOOT_OBJ)) $(STUB)/payload.S.o $(B)/pe/libfdt.lib
	$(call say,LD,$@)
	$(Q)$(BOOT_LINK) -out:$@ $^

# A firmware of the tests' own that parks CPUs (tests/boot/park), for tests/qemu/park.t.
PARK := $(B)/boot-park
PARK_OBJ := $(PARK)/park.o $(PARK)/late.S.o
PARK_BOOT := boot_acpi boot_console boot_fdt boot_firmware boot_lib boot_madt boot_map boot_memory boot_park boot_regions boot_time boot_pen.S

$(PARK)/%.o: tests/boot/park/%.c mk/boot.mk | $(PACKAGES) $(FETCH_SRC) $(B)/version.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(BOOT_CFLAGS) $(WARNINGS) $(BOOT_INC) $(DEPFLAGS) -c -o $@ $<

$(PARK)/%.S.o: tests/boot/park/%.S mk/boot.mk | $(PACKAGES)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(BOOT_CFLAGS) $(BOOT_INC) $(DEPFLAGS) -c -o $@ $<

$(PARK)/park.efi: $(PARK_OBJ) $(PARK_BOOT:%=$(B)/pe/boot/%.o) $(B)/pe/libfdt.lib
	$(call say,LD,$@)
	$(Q)$(BOOT_LINK) -out:$@ $^

-include $(BOOT_OBJ:.o=.d) $(BOOT_FDT_OBJ:.o=.d) $(STUB_OBJ:.o=.d) $(PARK_OBJ:.o=.d)
