# SPDX-License-Identifier: Apache-2.0
# What measures: the guest (bench/guest/), the EL2 stub that only returns (bench/stub/), the runs (bench/run.sh), gate and report.
# Figures go to build/bench/*.json.

BENCH := $(B)/bench
BENCH_SRC := $(sort $(wildcard bench/guest/*.c bench/guest/*.S)) \
             $(addprefix tests/guest/lib/,guest_fdt.c guest_gic.c guest_print.c guest_timer.c)
BENCH_OBJ := $(BENCH_SRC:%=$(BENCH)/obj/%.o)
# x18 is the interrupt handler's. Runs where it is loaded.
BENCH_CFLAGS := $(filter-out -fno-pic,$(GUEST_CFLAGS)) -fpie -fvisibility=hidden -ffixed-x18 -include bench/guest/bench_addresses.h -Ibench/guest

$(BENCH)/obj/%.c.o: %.c mk/bench.mk mk/guest.mk | $(PACKAGES)
	$(call say,CC,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(BENCH_CFLAGS) $(WARNINGS) $(GUEST_INC) $(DEPFLAGS) -c -o $@ $<

$(BENCH)/obj/%.S.o: %.S mk/bench.mk mk/guest.mk | $(PACKAGES)
	$(call say,AS,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(GUEST_CFLAGS) $(DEPFLAGS) -c -o $@ $<

$(BENCH)/guest.elf: $(BENCH_OBJ) bench/guest/bench.lds
	$(Q)$(LD) -m aarch64elf -pie --no-dynamic-linker --build-id=none --gc-sections -z norelro -T bench/guest/bench.lds -o $@ $(BENCH_OBJ)

$(BENCH)/stub.elf: bench/stub/stub.S $(BENCH)/guest.bin mk/bench.mk
	$(call say,AS,$<)
	$(Q)$(CC) $(GUEST_CFLAGS) -DBENCH_GUEST='"$(BENCH)/guest.bin"' -c -o $(BENCH)/stub.o $<
	$(Q)$(LD) -m aarch64elf -static --build-id=none -Ttext=0x40080000 -o $@ $(BENCH)/stub.o

$(BENCH)/%.bin: $(BENCH)/%.elf
	$(call say,BIN,$@)
	$(Q)$(OBJCOPY) -O binary $< $@

-include $(BENCH_OBJ:.o=.d)

BENCH_ALL := $(BENCH)/guest.bin $(BENCH)/stub.bin

# One environment on one CPU, in seconds: to see what a change of the exit path does.
CPU ?= neoverse-n1
MITIGATIONS ?= off
.PHONY: bench-ops
bench-ops: all
	$(Q)sh bench/run.sh ashlar-$(MITIGATIONS) $(CPU) $(PART) && cat $(BENCH)/ops-ashlar-$(MITIGATIONS)-$(CPU).json

# The gate, and what makes today's figures the accepted ones.
.PHONY: bench-check bench-accept
bench-check: all
	$(Q)prove bench/gate.t bench/boot.t

bench-accept: all
	$(Q)sh bench/gate.t --accept

# All that is measured, then the table and the chart.
BENCH_CPUS ?= neoverse-n1 cortex-a72 max
BENCH_WHERE ?= ashlar-off ashlar-auto bare stub
.PHONY: bench bench-report
bench: all
	$(Q)for cpu in $(BENCH_CPUS); do for where in $(BENCH_WHERE); do \
	    printf '  %-8s %s\n' MEASURE "$$where, $$cpu" && sh bench/run.sh $$where $$cpu || exit 1; \
	done; done
	$(Q)sh bench/boot.sh $(BENCH_CPUS)
	$(Q)sh bench/report

bench-report:
	$(Q)sh bench/report
