/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Moving past a trapped instruction. AArch32 IT blocks are checked by walking whole blocks, with the conditions that the
 * pseudo-code of DDI 0487 (ITAdvance, ConditionHolds) gives each instruction, written here once more from the meaning of the mnemonics.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "lib/bits.h"
#include "seeded.h"
#include "trap/skip.h"

#define ESR_IL BIT(25)
#define ESR_CV BIT(24)

static void test_aarch64(void **unused)
{
    struct seeded random;

    (void)unused;
    seeded_start(&random, "skip: AArch64");
    for (unsigned i = 0; i < 10000; i++) {
        uint64_t spsr = seeded_next(&random) & 0xffffffe0U & ~BIT(4);
        struct trap_frame before = {.elr = seeded_next(&random) & ~3ULL,
                                    .spsr = spsr | (seeded_below(&random, 2) != 0U ? 5U : 0U)};
        struct trap_frame after = before;
        skip_instruction(&after, seeded_next(&random));
        assert_int_equal(after.elr, before.elr + 4U);
        assert_int_equal(after.spsr, before.spsr & ~(BIT(21) | BIT(11) | BIT(10)));
        assert_true(skip_condition_holds(&before, seeded_next(&random)));
        before.elr = after.elr;
        before.spsr = after.spsr;
        assert_memory_equal(&before, &after, sizeof(after));
    }
}

static void test_a32(void **unused)
{
    struct trap_frame frame = {.elr = 0xfffffffcU, .spsr = 0xf0200010U | BIT(9)};

    (void)unused;
    skip_instruction(&frame, ESR_IL);
    assert_int_equal(frame.elr, 0); /* the program counter has 32 bits */
    assert_int_equal(frame.spsr, 0xf0000010U | BIT(9));
}

static void test_t32_sizes(void **unused)
{
    struct trap_frame frame = {.elr = 0x1000, .spsr = 0x30};

    (void)unused;
    skip_instruction(&frame, 0);
    assert_int_equal(frame.elr, 0x1002);
    skip_instruction(&frame, ESR_IL);
    assert_int_equal(frame.elr, 0x1006);
    assert_int_equal(frame.spsr, 0x30);
}

/* SPSR_EL2: IT[7:2] in bits 15:10, IT[1:0] in bits 26:25. */
static uint64_t it_to_spsr(unsigned it)
{
    return ((uint64_t)it & 0xfcU) << 8 | ((uint64_t)it & 3U) << 25;
}

/* An IT instruction: first condition, then how many follow and whether each is "then" or "else" (ITSTATE in DDI 0487, F1.2.1). */
static unsigned it_make(unsigned condition, unsigned count, unsigned elses)
{
    unsigned mask = 1U << (4U - count);

    for (unsigned i = 1; i < count; i++) {
        unsigned low_bit = (condition ^ (elses >> i)) & 1U;
        mask |= low_bit << (4U - i);
    }
    return (condition & 0xeU) << 4 | (condition & 1U) << 4 | mask;
}

static bool by_mnemonic(unsigned condition, unsigned flags)
{
    bool n = (flags & 8U) != 0U, z = (flags & 4U) != 0U, c = (flags & 2U) != 0U, v = (flags & 1U) != 0U;

    switch (condition) {
    case 0: /* EQ */
        return z;
    case 1: /* NE */
        return !z;
    case 2: /* CS */
        return c;
    case 3: /* CC */
        return !c;
    case 4: /* MI */
        return n;
    case 5: /* PL */
        return !n;
    case 6: /* VS */
        return v;
    case 7: /* VC */
        return !v;
    case 8: /* HI */
        return c && !z;
    case 9: /* LS */
        return !c || z;
    case 10: /* GE */
        return n == v;
    case 11: /* LT */
        return n != v;
    case 12: /* GT */
        return !z && n == v;
    case 13: /* LE */
        return z || n != v;
    default:
        return true;
    }
}

static void walk_block(unsigned condition, unsigned count, unsigned elses, unsigned flags)
{
    struct trap_frame frame = {.elr = 0x100,
                               .spsr = 0x30U | (uint64_t)flags << 28 | it_to_spsr(it_make(condition, count, elses))};

    for (unsigned i = 0; i < count; i++) {
        unsigned of_this = condition ^ (i != 0U ? (elses >> i) & 1U : 0U);
        assert_int_equal(skip_condition_holds(&frame, 0), by_mnemonic(of_this, flags));
        skip_instruction(&frame, 0);
    }
    /* After the block: no condition, no IT state. */
    assert_int_equal(frame.spsr, 0x30U | (uint64_t)flags << 28);
    assert_true(skip_condition_holds(&frame, 0));
    assert_int_equal(frame.elr, 0x100 + 2 * count);
}

static void test_t32_it_blocks(void **unused)
{
    (void)unused;
    for (unsigned condition = 0; condition < 14; condition++) {
        for (unsigned count = 1; count <= 4; count++) {
            for (unsigned elses = 0; elses < 16; elses += 2) {
                for (unsigned flags = 0; flags < 16; flags++) {
                    walk_block(condition, count, elses, flags);
                }
            }
        }
    }
}

static void test_conditions_of_the_syndrome(void **unused)
{
    (void)unused;
    for (uint64_t condition = 0; condition < 16; condition++) {
        for (unsigned flags = 0; flags < 16; flags++) {
            struct trap_frame a32 = {.spsr = 0x10U | (uint64_t)flags << 28};
            struct trap_frame t32 = {.spsr = 0x30U | (uint64_t)flags << 28 | it_to_spsr(it_make(0, 1, 0))};
            struct trap_frame a64 = {.spsr = (uint64_t)flags << 28};
            assert_int_equal(skip_condition_holds(&a32, ESR_CV | condition << 20),
                             by_mnemonic((unsigned)condition, flags));
            assert_int_equal(skip_condition_holds(&t32, ESR_CV | condition << 20),
                             by_mnemonic((unsigned)condition, flags));
            assert_true(skip_condition_holds(&a32, condition << 20));
            assert_true(skip_condition_holds(&a64, ESR_CV | condition << 20));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_aarch64),
        cmocka_unit_test(test_a32),
        cmocka_unit_test(test_t32_sizes),
        cmocka_unit_test(test_t32_it_blocks),
        cmocka_unit_test(test_conditions_of_the_syndrome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
