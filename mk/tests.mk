# SPDX-License-Identifier: Apache-2.0
# Tests: unit tests (tests/unit), the command's (tests/tool), of the built image (tests/image), fuzz targets (tests/fuzz), in QEMU (tests/qemu).

UNIT_SRC := $(sort $(wildcard tests/unit/test_*.c))
UNIT_LIB_SRC := $(sort $(filter-out tests/unit/test_%,$(wildcard tests/unit/*.c))) $(BOOT_PURE)
UNIT_BIN := $(UNIT_SRC:tests/unit/%.c=$(B)/tests/unit/%)
UNIT_LIB_OBJ := $(UNIT_LIB_SRC:%.c=$(B)/tests/obj/%.o)
TOOL_TESTS := $(sort $(wildcard tests/tool/*.t tests/image/*.t))
QEMU_TESTS := $(sort $(wildcard tests/qemu/*.t))
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(B)/tests/fuzz/%)
# The doubles and models that fuzz targets share with unit tests: without sanitizers, since every input goes through them.
FUZZ_ORACLES := seeded vgic_model tables_model madt_model fdt_model fdt_builder
# The loader's parsers of foreign bytes, instrumented as libhv.a is.
FUZZ_BOOT := boot_acpi boot_fdt boot_madt boot_tables
FUZZ_LIB_OBJ := $(FUZZ_ORACLES:%=$(B)/tests/oracle/%.o) $(FUZZ_BOOT:%=$(B)/fuzz/boot/%.o)
TEST_INC := $(HOST_INC) -Itests/unit -Itool -Iboot

$(B)/tests/obj/%.o: %.c mk/tests.mk | $(PACKAGES) $(FETCH_SRC) $(B)/version.h
	$(call say,CC host,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(HOST_CFLAGS) $(SANITIZE) $(WARNINGS) -Wno-missing-prototypes $(TEST_INC) $(DEPFLAGS) -c -o $@ $<

$(B)/tests/unit/%: $(B)/tests/obj/tests/unit/%.o $(UNIT_LIB_OBJ) $(B)/host/libhv.a
	$(call say,LD host,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(SANITIZE) $(COVERAGE) -fuse-ld=lld -o $@ $^ -lcmocka

# What coverage is counted over: everything, also what no test happens to link.
$(B)/tests/coverage-map: $(B)/host/libhv.a
	$(Q)mkdir -p $(@D) && $(CC) $(SANITIZE) $(COVERAGE) -fuse-ld=lld -Wl,--unresolved-symbols=ignore-all -o $@ \
	    -Wl,--whole-archive $< -Wl,--no-whole-archive -x c mk/empty.c

.PHONY: check
check: $(UNIT_BIN) $(if $(UNIT_BIN),$(B)/tests/coverage-map) $(if $(TOOL_TESTS),$(TOOL_ALL) $(TOOL_CHECKED) $(SETUP_ALL) $(GUEST_ALL) $(BOOT_ALL)) | $(PACKAGES)
	$(Q)sh mk/check.sh $(B) '$(UNIT_BIN)' '$(TOOL_TESTS)'

$(B)/tests/obj/tests/fuzz/%.o: tests/fuzz/%.c mk/tests.mk | $(PACKAGES) $(FETCH_SRC) $(B)/version.h
	$(call say,CC fuzz,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(HOST_CFLAGS) -O2 $(SANITIZE) -fsanitize=fuzzer-no-link $(WARNINGS) -Wno-missing-prototypes $(TEST_INC) \
	    $(DEPFLAGS) -c -o $@ $<

$(B)/fuzz/boot/%.o: boot/%.c mk/tests.mk | $(PACKAGES) $(FETCH_SRC)
	$(call say,CC fuzz,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(HOST_CFLAGS) $(SANITIZE) -fsanitize=fuzzer-no-link $(WARNINGS) $(TEST_INC) $(DEPFLAGS) -c -o $@ $<

$(B)/tests/oracle/%.o: tests/unit/%.c mk/tests.mk | $(PACKAGES) $(FETCH_SRC) $(B)/version.h
	$(call say,CC fuzz,$<)
	$(Q)mkdir -p $(@D) && $(CC) $(HOST_CFLAGS) -O2 $(WARNINGS) -Wno-missing-prototypes $(TEST_INC) $(DEPFLAGS) -c -o $@ $<

$(B)/tests/fuzz/%: $(B)/tests/obj/tests/fuzz/%.o $(FUZZ_LIB_OBJ) $(B)/fuzz/libhv.a
	$(call say,LD fuzz,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(SANITIZE) -fsanitize=fuzzer -fuse-ld=lld -o $@ $^ -lcmocka

FUZZ_SECONDS ?= 60
SOAK_SECONDS ?= 1200
SOAK_RUNS ?= 10000000
.PHONY: fuzz fuzz-corpus fuzz-coverage soak
fuzz: $(FUZZ_BIN) | $(PACKAGES)
	$(Q)sh mk/fuzz.sh smoke $(B) $(FUZZ_SECONDS) $(FUZZ_BIN)

# What was found so far becomes the committed corpus, as little of it as covers as much.
fuzz-corpus: $(FUZZ_BIN) | $(PACKAGES)
	$(Q)sh mk/fuzz.sh corpus $(B) $(FUZZ_BIN)

# How deep the corpora reach: the same targets with coverage of lines.
FUZZ_COVER_BIN := $(FUZZ_SRC:tests/fuzz/%.c=$(B)/tests/cover/%)
$(B)/tests/cover/%: $(B)/tests/obj/tests/fuzz/%.o $(FUZZ_LIB_OBJ) $(B)/host/libhv.a
	$(call say,LD cover,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(SANITIZE) $(COVERAGE) -fsanitize=fuzzer -fuse-ld=lld -o $@ $^ -lcmocka

fuzz-coverage: $(FUZZ_COVER_BIN) | $(PACKAGES)
	$(Q)sh mk/fuzz-coverage.sh $(B) $(FUZZ_COVER_BIN)

# Drives a command by what it prints, for the tests that boot.
EXPECT := $(B)/tests/expect
$(EXPECT): tests/qemu/expect.c mk/tests.mk | $(PACKAGES)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) -std=c11 -g -O1 -D_GNU_SOURCE $(WARNINGS) -o $@ $<

.PHONY: check-qemu
check-qemu: all $(STUB)/ashlar.efi $(PARK)/park.efi $(EXPECT)
	$(Q)$(if $(QEMU_TESTS),prove -v --timer $(QEMU_TESTS),echo 'check-qemu: no tests in tests/qemu')

# A test with a line `# SOAK: what it does then` runs with SOAK=1, too.
SOAK_TESTS = $(shell grep -ls "^\# SOAK:" $(TOOL_TESTS) $(QEMU_TESTS))
soak: all $(FUZZ_BIN) $(EXPECT) $(STUB)/ashlar.efi | $(PACKAGES)
	$(Q)status=0; sh mk/fuzz.sh soak $(B) $(SOAK_SECONDS) $(SOAK_RUNS) $(FUZZ_BIN) || status=1; \
	$(if $(SOAK_TESTS),SOAK=1 prove -v --timer $(SOAK_TESTS) || status=1;) exit $$status

.PHONY: test
test:
	$(Q)$(MAKE) --no-print-directory check
	$(Q)$(MAKE) --no-print-directory lint
	$(Q)$(MAKE) --no-print-directory fuzz
	$(Q)$(MAKE) --no-print-directory check-qemu
	$(Q)$(MAKE) --no-print-directory bench-check

.PHONY: canaries
canaries: all
	$(Q)bash tests/canaries/run.sh

-include $(UNIT_SRC:%.c=$(B)/tests/obj/%.d) $(UNIT_LIB_OBJ:.o=.d) $(FUZZ_SRC:%.c=$(B)/tests/obj/%.d)
