/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Stage 1 of a test guest: one table of level 1 with blocks of 1 GiB (DDI 0487, D8.3). Written before any CPU turns its MMU on
 * and never changed.
 */
#include "guest.h"

#define BLOCK 1UL
#define ATTR(n) ((uint64_t)(n) << 2)
#define INNER (3UL << 8)
#define ACCESSED (1UL << 10)
#define PXN (1UL << 53)
#define UXN (1UL << 54)
#define GIB(n) ((uint64_t)(n) << 30)
#define RAM_GIB 7U

extern uint64_t mmu_table[512];
uint64_t mmu_table[512] __attribute__((aligned(4096)));
void mmu_enable_here(void);

void mmu_enable(void)
{
    mmu_table[0] = GIB(0) | BLOCK | ATTR(0) | ACCESSED | PXN | UXN;
    for (unsigned i = 1; i <= RAM_GIB; i++) {
        mmu_table[i] = GIB(i) | BLOCK | ATTR(1) | INNER | ACCESSED | UXN;
    }
    mmu_table[MMU_ALIAS >> 30] = GIB(0) | BLOCK | ATTR(2) | INNER | ACCESSED | PXN | UXN;
    barrier_dsb();
    for (uint32_t i = 0; i < MAX_CPUS; i++) {
        cpus[i].mmu = 1;
    }
    mmu_enable_here();
}
