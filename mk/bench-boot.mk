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

BENCH_BOOT_ALL := $(BENCH_BOOT)/first.bin $(BENCH_BOOT)/initrd.img

# Whole-boot figures: build/bench/boot-*.json. BOOT_CPUS chooses the CPU models.
.PHONY: bench-boot
bench-boot: all $(BENCH_BOOT_ALL)
	$(Q)sh bench/boot.sh $(BOOT_CPUS)
