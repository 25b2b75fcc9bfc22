/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EL2's own address space: 4 levels, 48 bits, 4 KiB granule, TTBR0_EL2, HCR_EL2.E2H = 0 (DDI 0487, D8).
 * RAM is mapped at its own address; the windows below lie above every physical address that is accepted (46 bits).
 * Each CPU has a top-level table of its own: only the slot of the PRDA differs (mechanism 4). All other slots' next-level tables are
 * made by stage1_init, so the roots never differ later. W^X: nothing is writable and executable.
 */
#pragma once

#include <stdint.h>

#include "lib/status.h"
#include "mem/addr.h"

#define STAGE1_PA_BITS 46U
#define STAGE1_DEVICE_BASE 0x800000000000ULL  /* device window: 512 GiB, slot 256 */
#define STAGE1_RUNTIME_BASE 0x808000000000ULL /* UEFI runtime window: slot 257 */
#define STAGE1_STACK_BASE 0x810000000000ULL   /* world stacks with guard pages: slot 258 */
#define STAGE1_PRDA_BASE 0x818000000000ULL    /* the running CPU's own area: slot 259 */

enum stage1_attr {
    STAGE1_RW,     /* Normal write-back, execute never */
    STAGE1_RO,     /* Normal write-back, read only, execute never */
    STAGE1_RX,     /* Normal write-back, read only, executable, guarded (GP) where FEAT_BTI exists */
    STAGE1_DEVICE, /* Device-nGnRE, read-write, execute never */
};

/* Makes the boot CPU's root. Before the MMU is switched to it only tables of the pool are used. */
enum status stage1_init(void);
/* va, pa, size 4 KiB aligned; blocks of 2 MiB and 1 GiB where all three allow. Never partial: on failure nothing changed. */
enum status stage1_map(va_t va, pa_t pa, uint64_t size, enum stage1_attr attr);
enum status stage1_unmap(va_t va, uint64_t size);
/* STATUS_NOT_FOUND where nothing is mapped. */
enum status stage1_lookup(va_t va, pa_t *pa, enum stage1_attr *attr);
/* A root for one more CPU: shares every slot but STAGE1_PRDA_BASE's, which leads to prda (size bytes, 4 KiB aligned). cpu 0 sets the boot root's. */
enum status stage1_cpu_root(unsigned cpu, pa_t prda, uint64_t size, pa_t *root);
/* Maps device registers at a fresh place of the device window; pa need not be aligned. NULL when the window or memory ran out. */
volatile void *stage1_map_device(pa_t pa, uint64_t size);

/* Register values that go with these tables (DDI 0487, D19: TCR_EL2, MAIR_EL2, SCTLR_EL2 with E2H = 0). */
uint64_t stage1_tcr(void);
uint64_t stage1_mair(void);
uint64_t stage1_sctlr(void);
