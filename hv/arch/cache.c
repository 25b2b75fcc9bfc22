/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache maintenance over ranges, for both targets; the single instructions are in arch/cache_insn.h. No state. Called by mem/, vm/ and
 * the boot path. Rules: DDI 0487, B2.3.12 (maintenance is complete after DSB), B2.4.4 (a modified instruction: DC CVAU, DSB, IC IVAU,
 * DSB, ISB), D7.5 and the fields of CTR_EL0 (DminLine, IminLine, IDC, DIC) and DCZID_EL0 (BS, DZP).
 */
#include "arch/cache.h"

#include "arch/barrier.h"
#include "arch/cache_insn.h"
#include "arch/sysreg.h"
#include "lib/bits.h"

#define CTR_IMINLINE(ctr) bits_get((ctr), 3, 0)
#define CTR_DMINLINE(ctr) bits_get((ctr), 19, 16)
#define CTR_IDC BIT(28)
#define CTR_DIC BIT(29)
#define DCZID_DZP BIT(4)
#define DCZID_BS(dczid) bits_get((dczid), 3, 0)

/* Line sizes are log2 of words of four bytes. */
static uint64_t line_data(uint64_t ctr)
{
    return 4ULL << CTR_DMINLINE(ctr);
}

static uint64_t line_instruction(uint64_t ctr)
{
    return 4ULL << CTR_IMINLINE(ctr);
}

/* instruction is known where this is inlined; 32 lines to a jump. */
static inline __attribute__((always_inline)) void for_each_line(const void *pointer, uint64_t size, uint64_t line,
                                                                void (*instruction)(uint64_t va))
{
    uint64_t at = align_down((uint64_t)(uintptr_t)pointer, line);
    uint64_t end = (uint64_t)(uintptr_t)pointer + size;
    while (end - at >= 32U * line) {
#pragma clang loop unroll(full)
        for (unsigned i = 0; i < 32U; i++, at += line)
            instruction(at);
    }
    for (; at < end; at += line)
        instruction(at);
}

void cache_clean_poc(const void *pointer, uint64_t size)
{
    /* Not DC CVAC: errata 819472, 826319, 827319 and 824069 of early Cortex-A53 ask for clean and invalidate in its place. */
    for_each_line(pointer, size, line_data(sysreg_read(CTR_EL0)), cache_insn_dc_civac);
    barrier_dsb_sy();
}

void cache_clean_invalidate_poc(void *pointer, uint64_t size)
{
    for_each_line(pointer, size, line_data(sysreg_read(CTR_EL0)), cache_insn_dc_civac);
    barrier_dsb_sy();
}

void cache_sync_instructions(const void *pointer, uint64_t size)
{
    uint64_t ctr = sysreg_read(CTR_EL0);
    if ((ctr & CTR_IDC) == 0)
        for_each_line(pointer, size, line_data(ctr), cache_insn_dc_cvau);
    barrier_dsb_ish(); /* the stores themselves, too, where no clean is needed */
    if ((ctr & CTR_DIC) == 0) {
        for_each_line(pointer, size, line_instruction(ctr), cache_insn_ic_ivau);
        barrier_dsb_ish();
    }
    barrier_isb();
}

void cache_invalidate_instructions_all(void)
{
    cache_insn_ic_ialluis();
    barrier_dsb_ish();
    barrier_isb();
}

static void zero_by_stores(void *pointer, uint64_t size)
{
    uint64_t *at = pointer;
    for (uint64_t i = 0; i < size / sizeof(*at); i++)
        at[i] = 0;
}

/* Of one DC ZVA; 0: they are prohibited. */
static uint64_t zero_block(void)
{
    uint64_t dczid = sysreg_read(DCZID_EL0);
    return (dczid & DCZID_DZP) != 0 ? 0 : 4ULL << DCZID_BS(dczid);
}

void cache_zero_pages(void *pointer, uint64_t size)
{
    uint64_t block = zero_block();
    if (block == 0)
        zero_by_stores(pointer, size);
    else
        for_each_line(pointer, size, block, cache_insn_dc_zva);
}

/* In program order, since they are to one line: DC ZVA is stores to it (D7.5.9, C5.3 DC ZVA). */
static void zero_and_clean(uint64_t va)
{
    cache_insn_dc_zva(va);
    cache_insn_dc_civac(va);
}

void cache_zero_pages_poc(void *pointer, uint64_t size)
{
    uint64_t line = line_data(sysreg_read(CTR_EL0));
    if (zero_block() == line) {
        for_each_line(pointer, size, line, zero_and_clean);
    } else {
        cache_zero_pages(pointer, size);
        for_each_line(pointer, size, line, cache_insn_dc_civac);
    }
    barrier_dsb_sy();
}
