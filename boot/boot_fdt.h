/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUs and their start protocol in a device tree (Devicetree Specification 0.4, 3.8; bindings "arm,cpus" and "arm,psci"),
 * read, and rewritten to spin-table. Pure but for libfdt, no state.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "boot_cpus.h"

/* Bytes by which boot_fdt_rewrite may make a tree longer. */
#define BOOT_FDT_GROWTH (512U + HANDOFF_MAX_CPUS * 64U)

/*
 * Lists the CPUs for use. fdt: sound by fdt_check_full, its blocks aligned. boot_mpidr: of the CPU that runs, which has to
 * be among them. Only a PSCI of 0.2 or later counts. False: *fault says why; *cpus is undefined.
 */
bool boot_fdt_read(const void *fdt, uint64_t boot_mpidr, struct boot_cpus *cpus, struct boot_fault *fault);

/*
 * In a tree with room (fdt_open_into) that boot_fdt_read took: each CPU with a mailbox gets enable-method "spin-table" and
 * its cpu-release-addr, other CPUs for use lose their enable-method, PSCI nodes go. All else stays. False: *fault says
 * why, the tree is spoilt. Nothing is changed when no CPU has a mailbox: false as well, with *fault saying so.
 */
bool boot_fdt_rewrite(void *fdt, const struct boot_cpus *cpus, struct boot_fault *fault);
