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
	$(Q)mkdir -p $(@D) && $(CC) $(HOST_CFLAGS) $(SANITIZE) -fsanitize=fuzzer-no-link $(WARNINGS) -Wno-missing-prototypes $(TEST_INC) \
	    $(DEPFLAGS) -c -o $@ $<

$(B)/tests/fuzz/%: $(B)/tests/obj/tests/fuzz/%.o $(B)/fuzz/libhv.a
	$(call say,LD fuzz,$@)
	$(Q)mkdir -p $(@D) && $(CC) $(SANITIZE) -fsanitize=fuzzer -fuse-ld=lld -o $@ $^

FUZZ_SECONDS ?= 60
.PHONY: fuzz
fuzz: $(FUZZ_BIN) | $(PACKAGES)
	$(Q)sh mk/fuzz.sh $(B) $(FUZZ_SECONDS) $(FUZZ_BIN)

# Drives a command by what it prints, for the tests that boot.
EXPECT := $(B)/tests/expect
$(EXPECT): tests/qemu/expect.c mk/tests.mk | $(PACKAGES)
	$(call say,LD,$@)
	$(Q)mkdir -p $(@D) && $(CC) -std=c11 -g -O1 -D_GNU_SOURCE $(WARNINGS) -o $@ $<

.PHONY: check-qemu
check-qemu: all $(STUB)/ashlar.efi $(EXPECT)
	$(Q)$(if $(QEMU_TESTS),prove -v --timer $(QEMU_TESTS),echo 'check-qemu: no tests in tests/qemu')

.PHONY: test
test:
	$(Q)$(MAKE) --no-print-directory check
	$(Q)$(MAKE) --no-print-directory lint
	$(Q)$(MAKE) --no-print-directory fuzz
	$(Q)$(MAKE) --no-print-directory check-qemu

.PHONY: canaries
canaries: all
	$(Q)bash tests/canaries/run.sh

-include $(UNIT_SRC:%.c=$(B)/tests/obj/%.d) $(UNIT_LIB_OBJ:.o=.d) $(FUZZ_SRC:%.c=$(B)/tests/obj/%.d)
