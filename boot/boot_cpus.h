/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's CPUs as its tables list them, and how each is started (mechanism 10). Filled by boot_madt.c or boot_fdt.c,
 * completed by boot_park.c, read by the two when they rewrite the table. No code.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ashlar/handoff.h"

#define BOOT_CPUS_AFFINITY 0xff00ffffffULL /* of MPIDR_EL1: Aff3, Aff2 to Aff0 */

/* The table or node, its field, and what was found there: why something is not used. */
struct boot_fault {
    const char *table;
    const char *what;
    uint64_t found;
};

struct boot_cpu {
    uint64_t mpidr;     /* affinity fields only */
    uint32_t number;    /* what the mailbox's id is for this CPU */
    uint32_t protocol;  /* enum handoff_cpu_protocol: the original one */
    uint64_t release;   /* spin-table: cpu-release-addr; parking protocol: the parked address */
    uint64_t mailbox;   /* the page by which it is started now; 0 = none */
    bool boot;          /* the CPU that runs */
    bool arrived;       /* waits at its mailbox */
    uint64_t cancelled; /* the page of one that did not: what it finds, should it come */
};

struct boot_cpus {
    uint32_t count;
    uint32_t conduit;  /* enum handoff_conduit: how PSCI is called */
    uint32_t disabled; /* listed, but not for use */
    uint32_t left_out; /* more than HANDOFF_MAX_CPUS */
    struct boot_cpu cpus[HANDOFF_MAX_CPUS];
};
