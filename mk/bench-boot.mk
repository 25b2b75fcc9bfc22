# SPDX-License-Identifier: Apache-2.0
# What bench/boot.sh runs: a bare-metal guest that says when it began, and an initramfs with a fixed workload.

BENCH_BOOT := $(B)/bench/boot
BENCH_STAMP_CFLAGS := --target=aarch64-none-elf -march=armv8-a -mgeneral-regs-only -std=c11 -O2 -ffreestanding -fno-pic -fno-stack-protector \
                      $(REPRODUCIBLE)

$(BENCH_BOOT)/first.bin: bench/boot/first.S mk/bench-boot.mk | $(PACKAGES)
	$(call say,BIN,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(GUEST_CFLAGS) -c -o $(@:.bin=.o) $< && $(OBJCOPY) -O binary -j .text.start $(@:.bin=.o) $@

$(BENCH_BOOT)/stamp: bench/boot/stamp.c mk/bench-boot.mk | $(PACKAGES)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(BENCH_STAMP_CFLAGS) $(WARNINGS) -c -o $@.o $<
	$(Q)$(LD) -m aarch64elf -static --build-id=none -o $@ $@.o

$(BENCH_BOOT)/initrd.img: mk/initrd.sh bench/boot/init $(BENCH_BOOT)/stamp tests/linux/inittab | $(FETCH_GUEST)
	$(call say,INITRD,$@)
	$(Q)sh mk/initrd.sh $(PKG)/guest/busybox bench/boot/init tests/linux/inittab $@ $(BENCH_BOOT)/stamp

# The loader that waits for a round counter, and a folder in which `ashlar run` finds it.
$(BENCH_BOOT)/boot_main.o: boot/boot_main.c bench/boot/align.h mk/bench-boot.mk mk/boot.mk | $(PACKAGES) $(FETCH_SRC) $(B)/version.h
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(BOOT_CFLAGS) $(WARNINGS) $(BOOT_INC) -include bench/boot/align.h $(DEPFLAGS) -c -o $@ $<

$(BENCH_BOOT)/ashlar.efi: $(filter-out %/boot_main.o,$(BOOT_OBJ)) $(BENCH_BOOT)/boot_main.o $(B)/pe/libfdt.lib
	$(call say,LD,$@)
	$(Q)$(BOOT_LINK) -out:$@ $^

$(BENCH_BOOT)/bin/ashlar: $(B)/bin/ashlar | $(SETUP_ALL)
	$(Q)mkdir -p $(@D) && cp $< $@ && ln -sfn ../../../bin/qemu-system-aarch64 $(@D)/qemu-system-aarch64 && ln -sfn ../../pkg $(@D)/../pkg

-include $(BENCH_BOOT)/boot_main.d

BENCH_BOOT_ALL := $(addprefix $(BENCH_BOOT)/,first.bin initrd.img ashlar.efi bin/ashlar)

# Whole-boot figures: build/bench/boot-*.json. BOOT_CPUS chooses the CPU models.
.PHONY: bench-boot
bench-boot: all
	$(Q)sh bench/boot.sh $(BOOT_CPUS)
