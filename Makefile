# SPDX-License-Identifier: Apache-2.0
# Ashlar's build. `make help` lists what people type; the parts are in mk/, one file per folder that they build.
# Everything made lies below build/; everything downloaded below build/pkg/, which `make clean` keeps.

VERSION := 0.1.0

MAKEFLAGS += --no-builtin-rules --no-builtin-variables
SHELL := /bin/sh
.DELETE_ON_ERROR:
.SECONDARY:
.SUFFIXES:

B := build
PKG := $(B)/pkg

CC := clang
AR := llvm-ar
NM := llvm-nm
OBJCOPY := llvm-objcopy
LD := ld.lld
LLD_LINK := lld-link
WERROR ?= -Werror

# V=1 shows the commands themselves.
Q := $(if $(V),,@)
say = @printf '  %-8s %s\n' '$(1)' '$(2)'

JOBS := $(shell nproc 2>/dev/null || echo 1)
# Asked of make, not passed on: a plain `make` uses every processor.
ifeq ($(MAKELEVEL)$(filter -j% --jobserver%,$(MAKEFLAGS)),0)
MAKEFLAGS += -j$(JOBS)
endif

.PHONY: all
all:

include mk/setup.mk
include mk/libs.mk
include mk/hv.mk
include mk/boot.mk
include mk/tool.mk
include mk/guest.mk
include mk/tests.mk
include mk/bench-boot.mk
include mk/lint.mk
include mk/bench.mk
include mk/install.mk

all: $(HV_ALL) $(BOOT_ALL) $(TOOL_ALL) $(GUEST_ALL) $(BENCH_ALL) $(BENCH_BOOT_ALL) $(SETUP_ALL)

.PHONY: run
run: all
	$(Q)exec $(B)/bin/ashlar run examples/debian.yaml

.PHONY: clean distclean
clean:
	$(Q)if [ -d $(B) ]; then find $(B) -mindepth 1 -maxdepth 1 ! -name pkg -exec rm -rf {} +; fi
	$(Q)rm -f compile_commands.json

distclean:
	$(Q)rm -rf $(B) compile_commands.json

.PHONY: help
help:
	@sed -n 's/^#: //p' mk/help.txt
