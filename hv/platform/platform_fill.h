/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the parsers of ACPI tables and of the device tree share while they fill struct platform: the checks that hold for
 * both, and the one line that says what is wrong. Included by platform/ only; pure, no lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"
#include "platform/platform.h"

/* Highest physical address + 1 that the hypervisor maps. */
#define PLATFORM_ADDRESS_END (1ULL << 46)
/* MPIDR_EL1: Aff3, Aff2, Aff1, Aff0 (DDI 0487, D19.2.101). */
#define PLATFORM_AFFINITY 0xff00ffffffULL
/* IHI 0069, 12.8 and 12.10: the distributor and each frame of a redistributor are 64 KiB. */
#define PLATFORM_GIC_FRAME 0x10000ULL

/* Writes the text of *fault, cut to its size; what is not printable ASCII becomes '?'. */
void platform_fault_print(struct platform_fault *fault, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* [base, base + size) is aligned, not at 0, not empty, and ends at or below PLATFORM_ADDRESS_END. */
bool platform_range_valid(uint64_t base, uint64_t size, uint64_t alignment);

/* IHI 0069, 2.2.1: PPIs are INTID 16 to 31 and 1056 to 1119, SPIs 32 to 1019 and 4096 to 5119. */
bool platform_intid_is_ppi(uint32_t intid);
bool platform_intid_is_spi(uint32_t intid);

/*
 * Counts a CPU that is not enabled; adds one that is. When the array is full the CPU is left out and counted, except
 * that the boot CPU takes the last place. STATUS_EXISTS and *fault when an enabled CPU has this MPIDR already.
 * where: the table or node for *fault.
 */
enum status platform_cpu_add(struct platform *out, const struct platform_cpu *cpu, const char *where,
                             struct platform_fault *fault);

/* Adds a range of redistributors; STATUS_RANGE, STATUS_EXISTS (overlap) or STATUS_NO_MEMORY with *fault. */
enum status platform_redistributor_add(struct platform *out, uint64_t base, uint64_t size, const char *where,
                                       struct platform_fault *fault);

/* Once CPUs, distributor and redistributors are known: each usable CPU can have its redistributor, nothing overlaps. */
enum status platform_gic_check(const struct platform *out, const char *where, struct platform_fault *fault);

/* All three timers have PPIs, and different ones. */
enum status platform_timer_check(const struct platform *out, const char *where, struct platform_fault *fault);
