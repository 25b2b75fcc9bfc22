/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What this machine is, as ACPI or the device tree says it: filled once by platform_discover, const afterwards. Everything here is
 * checked: counts within the arrays, addresses below 2^46, INTIDs in their ranges.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ashlar/handoff.h"
#include "lib/status.h"

#define PLATFORM_MAX_CPUS 128U
#define PLATFORM_MAX_REDISTRIBUTORS 16U

struct platform_cpu {
    uint64_t mpidr;     /* affinity fields only: bits 39:32 and 23:0 */
    uint64_t gicr_base; /* of a GICC entry with its own GICR; 0 = found by scanning the ranges */
    uint32_t acpi_uid;
    bool enabled;               /* usable now */
    uint32_t maintenance_intid; /* VGIC maintenance PPI: MADT GICC, or the gic node's interrupts */
};

struct platform_range {
    uint64_t base;
    uint64_t size;
};

enum platform_console_type { CONSOLE_NONE, CONSOLE_PL011, CONSOLE_SBSA_UART, CONSOLE_NS16550 };

struct platform_console {
    enum platform_console_type type;
    uint64_t base;
    uint32_t intid;       /* 0 = polled only */
    uint32_t reg_shift;   /* 16550: log2 of the distance of registers, in bytes */
    uint32_t access_size; /* 1, 2 or 4 bytes per access */
};

enum platform_conduit { CONDUIT_NONE, CONDUIT_SMC, CONDUIT_HVC };

struct platform {
    const char *source; /* "ACPI" or "device tree" */
    uint32_t cpu_count; /* cpus[0] is the boot CPU */
    struct platform_cpu cpus[PLATFORM_MAX_CPUS];

    uint64_t gicd_base;
    uint32_t redistributor_count;
    struct platform_range redistributors[PLATFORM_MAX_REDISTRIBUTORS];

    uint32_t timer_hyp_intid;  /* EL2 physical timer (CNTHP), level unless told otherwise */
    uint32_t timer_virt_intid; /* EL1 virtual timer (CNTV) */
    uint32_t timer_phys_intid; /* EL1 physical timer (CNTP, non-secure) */

    struct platform_console console;
    enum platform_conduit conduit; /* how PSCI is called */
    uint32_t psci_version;         /* from the device tree's compatible, 0 = ask */

    uint64_t boot_mpidr;           /* of the CPU that asked; cpus[0].mpidr */
    uint64_t redistributor_stride; /* bytes from one redistributor to the next; 0 = as GICR_TYPER.VLPIS says */
    uint32_t cpus_disabled;        /* left out: not enabled by the firmware, or no way to start it */
    uint32_t cpus_left_out;        /* left out: the array is full */
    uint64_t first_left_out;       /* mpidr of the first of those */
    /* rng-seed and kaslr-seed of a device tree were mixed into the handoff's seed already. */
};

/* Why a machine can't be used: which table or node, which field, what was found and what was expected. One line, no newline. */
struct platform_fault {
    char text[160];
};

/*
 * Reads the ACPI tables (if handoff->rsdp and it is usable) or else the device tree. Memory behind the tables is read through phys_to_pointer.
 * boot_mpidr: affinity of the calling CPU. On failure *fault says why and *out is undefined.
 */
enum status platform_discover(const struct handoff *handoff, uint64_t boot_mpidr, struct platform *out,
                              struct platform_fault *fault);
