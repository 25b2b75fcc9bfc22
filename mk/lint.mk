# SPDX-License-Identifier: Apache-2.0
# Checks that need no run: warnings, clang-tidy, cppcheck, formatting, include order, SPDX lines, shell scripts.
# Each is a target of its own, so that two processors share them: make lint-tidy, lint-cppcheck, ...

OWN_FOLDERS := hv boot tool include tests mk bench
OWN_C := $(sort $(shell find $(OWN_FOLDERS) -name '*.[ch]' 2>/dev/null))
OWN_SH := $(sort $(shell find mk tests bench .ci -name '*.sh' 2>/dev/null)) .ci/run tests/linux/init bench/boot/init bench/report bench/gate.t bench/boot.t

LINTS := lint-tidy lint-cppcheck lint-format lint-includes lint-text lint-shell lint-build
.PHONY: lint $(LINTS)
lint: $(LINTS)
	@echo "lint: $(words $(LINTS)) passed, 0 failed"

# Every program and test is built with -Werror, whatever WERROR says for the build.
lint-build: override WERROR := -Werror
lint-build: all $(UNIT_BIN) $(FUZZ_BIN)

# One run per file: clang-tidy uses one processor.
TIDY_HV := $(filter-out %.S,$(HV_C) $(HV_ARCH_C))
TIDY_STAMPS := $(patsubst %,$(B)/tidy/%.hv,$(TIDY_HV)) $(patsubst %,$(B)/tidy/%.host,$(HV_HOST_C) $(UNIT_SRC) $(UNIT_LIB_SRC) $(FUZZ_SRC)) \
               $(patsubst %,$(B)/tidy/%.pe,$(BOOT_C)) $(patsubst %,$(B)/tidy/%.tool,$(wildcard tool/*.c)) \
               $(patsubst %,$(B)/tidy/%.guest,$(filter %.c,$(GUEST_LIB_SRC) $(foreach n,$(GUEST_NAMES),$(call guest_src,$n)))) \
               $(patsubst %,$(B)/tidy/%.bench,$(wildcard bench/guest/*.c))
lint-tidy: $(TIDY_STAMPS)

TIDY_FLAGS_hv = $(HV_CFLAGS) $(HV_INC)
TIDY_FLAGS_host = $(HOST_CFLAGS) $(TEST_INC)
TIDY_FLAGS_pe = $(BOOT_CFLAGS) $(BOOT_INC)
TIDY_FLAGS_tool = $(TOOL_CFLAGS) $(TOOL_INC)
TIDY_FLAGS_guest = $(GUEST_CFLAGS) $(GUEST_INC)
TIDY_FLAGS_bench = $(BENCH_CFLAGS) $(GUEST_INC)

# A clean file is not looked at again until it or a header of the tree changes.
OWN_H := $(filter %.h,$(OWN_C))
define tidy_rule
$$(B)/tidy/%.$(1): % $$(OWN_H) .clang-tidy mk/lint.mk | $$(PACKAGES) $$(FETCH_SRC) $$(B)/version.h
	$$(call say,TIDY,$$<)
	$$(Q)mkdir -p $$(@D) && clang-tidy --quiet $$< -- $$(TIDY_FLAGS_$(1)) 2>$$@.log >$$@.out || { grep -A 3 -E '(error|warning):' $$@.out; grep 'error:' $$@.log; exit 1; }
	$$(Q)rm -f $$@.out $$@.log && touch $$@
endef
$(foreach v,hv host pe tool guest bench,$(eval $(call tidy_rule,$v)))

CPPCHECK_C = $(HV_C) $(HV_ARCH_C) $(HV_HOST_C) $(BOOT_C) $(wildcard tool/*.c)
CPPCHECK_FLAGS := --quiet --std=c11 --enable=warning,performance,portability --inline-suppr --error-exitcode=1 \
                  --suppressions-list=mk/cppcheck.txt --cppcheck-build-dir=$(B)/cppcheck --max-configs=1 '-D_Noreturn=__attribute__((noreturn))' \
                  -Iinclude -Ihv -Iboot -Itool -I$(B)
lint-cppcheck: | $(PACKAGES) $(B)/version.h
	$(call say,CPPCHECK,$(wildcard hv boot tool))
	$(Q)mkdir -p $(B)/cppcheck && cppcheck $(CPPCHECK_FLAGS) $(CPPCHECK_C)

lint-format: | $(PACKAGES)
	$(call say,FORMAT,$(words $(OWN_C)) files)
	$(Q)faults=; for file in $(OWN_C); do \
	    clang-format --dry-run --Werror $$file >/dev/null 2>&1 || faults="$$faults $$file"; \
	done; [ -z "$$faults" ] || { echo "not formatted: make format FILES='$${faults# }'"; exit 1; }

lint-includes: | $(PACKAGES)
	$(call say,INCLUDES,hv)
	$(Q)bash mk/lint-includes.sh

lint-text: | $(PACKAGES)
	$(call say,TEXT,SPDX lines and others)
	$(Q)bash mk/lint-text.sh

lint-shell: | $(PACKAGES)
	$(call say,SHELL,$(words $(OWN_SH)) scripts)
	$(Q)shellcheck $(OWN_SH)

.PHONY: format
format: | $(PACKAGES)
	$(Q)clang-format -i $(or $(FILES),$(OWN_C))

# For editors and clang's tools.
.PHONY: compile_commands.json
compile_commands.json: | $(PACKAGES) $(FETCH_SRC) $(B)/version.h
	$(Q)sh mk/compdb.sh '$(CC)' $@ '$(HV_CFLAGS) $(WARNINGS) $(HV_INC)' '$(HV_C) $(HV_ARCH_C)' \
	    '$(HOST_CFLAGS) $(WARNINGS) $(TEST_INC)' '$(HV_HOST_C) $(UNIT_SRC) $(UNIT_LIB_SRC) $(FUZZ_SRC)' \
	    '$(BOOT_CFLAGS) $(WARNINGS) $(BOOT_INC)' '$(BOOT_C)' \
	    "$(TOOL_CFLAGS) $(WARNINGS) $(TOOL_INC)" '$(wildcard tool/*.c)' \
	    '$(GUEST_CFLAGS) $(WARNINGS) $(GUEST_INC)' '$(filter %.c,$(GUEST_LIB_SRC) $(foreach n,$(GUEST_NAMES),$(call guest_src,$n)))'
