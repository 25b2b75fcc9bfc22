# SPDX-License-Identifier: Apache-2.0
# What runs inside virtual machines: Debian's kernel with our initramfs (build/guest/vmlinuz, initrd.img), and the
# bare-metal test guests of tests/guest/NAME/ with tests/guest/lib/ (build/guest/NAME.bin, flat, for RAM + 0x80000).

GUEST_NAMES := $(filter-out lib,$(notdir $(patsubst %/,%,$(wildcard tests/guest/*/))))
GUEST_BIN := $(GUEST_NAMES:%=$(B)/guest/%.bin)
GUEST_LDS := $(firstword $(wildcard tests/guest/lib/*.lds) mk/guest.lds)
GUEST_LIB_SRC := $(sort $(wildcard tests/guest/lib/*.c tests/guest/lib/*.S))

# Runs with the MMU off: every access is to Device memory, which has to be aligned.
GUEST_CFLAGS := --target=aarch64-none-elf -march=armv8-a -mstrict-align -mgeneral-regs-only -mno-outline-atomics -std=c11 -O2 -g \
                -ffreestanding -fno-pic -fno-common -ffunction-sections -fdata-sections $(REPRODUCIBLE)
GUEST_INC := -Itests/guest/lib -Iinclude -I$(B) -isystem mk/libc

guest_src = $(sort $(wildcard tests/guest/$(1)/*.c tests/guest/$(1)/*.S))
guest_obj = $(patsubst %,$(B)/guest/obj/%.o,$(1))
GUEST_OBJ := $(call guest_obj,$(GUEST_LIB_SRC) $(foreach n,$(GUEST_NAMES),$(call guest_src,$n)))

$(B)/guest/obj/%.c.o: %.c mk/guest.mk | $(PACKAGES)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(GUEST_CFLAGS) $(WARNINGS) $(GUEST_INC) $(DEPFLAGS) -c -o $@ $<

$(B)/guest/obj/%.S.o: %.S mk/guest.mk | $(PACKAGES)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(GUEST_CFLAGS) $(GUEST_INC) $(DEPFLAGS) -c -o $@ $<

define guest_rule
$$(B)/guest/$(1).elf: $$(call guest_obj,$$(GUEST_LIB_SRC) $$(call guest_src,$(1))) $$(GUEST_LDS)
	$$(Q)$$(LD) -m aarch64elf -static --build-id=none --gc-sections -z norelro -T $$(GUEST_LDS) -o $$@ $$(filter %.o,$$^)
endef
$(foreach n,$(GUEST_NAMES),$(eval $(call guest_rule,$n)))

$(B)/guest/%.bin: $(B)/guest/%.elf
	$(call say,BIN,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

-include $(GUEST_OBJ:.o=.d)

$(B)/guest/vmlinuz: | $(FETCH_GUEST)
	$(Q)mkdir -p $(@D) && cp $(PKG)/guest/vmlinuz $@

$(B)/guest/initrd.img: mk/initrd.sh tests/linux/init tests/linux/inittab | $(FETCH_GUEST)
	$(call say,INITRD,$@)
	$(Q)mkdir -p $(@D) && sh mk/initrd.sh $(PKG)/guest/busybox tests/linux/init tests/linux/inittab $@

GUEST_ALL := $(B)/guest/vmlinuz $(B)/guest/initrd.img $(GUEST_BIN)
