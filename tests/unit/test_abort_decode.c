/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Syndromes of data aborts: each load instruction of A64 and A32 that reports one, with what it leaves in its register, and the fault
 * status codes of DDI 0487 (D19.2.37) by name.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/bits.h"
#include "seeded.h"
#include "trap/abort_decode.h"

/* ISV 24, SAS 23:22, SSE 21, SRT 20:16, SF 15, AR 14, WnR 6. */
static uint64_t iss(unsigned size_log2, bool sign, unsigned rt, bool wide, bool write)
{
    return BIT(24) | (uint64_t)size_log2 << 22 | (sign ? BIT(21) : 0U) | (uint64_t)rt << 16 | (wide ? BIT(15) : 0U) |
           (write ? BIT(6) : 0U) | 0x7U;
}

/* What the loads do with 0xfedcba9876543280 on the bus. */
static void test_loads(void **unused)
{
    static const struct {
        const char *name;
        unsigned size_log2;
        bool sign, wide;
        uint64_t wanted;
    } loads[] = {
        {"LDRB Wt", 0, false, false, 0x80},
        {"LDRSB Wt", 0, true, false, 0xffffff80},
        {"LDRSB Xt", 0, true, true, 0xffffffffffffff80},
        {"LDRH Wt", 1, false, false, 0x3280},
        {"LDRSH Wt", 1, true, false, 0x3280},
        {"LDR Wt", 2, false, false, 0x76543280},
        {"LDRSW Xt", 2, true, true, 0x76543280},
        {"LDR Xt", 3, false, true, 0xfedcba9876543280},
    };

    (void)unused;
    for (unsigned i = 0; i < ARRAY_SIZE(loads); i++) {
        uint64_t esr = iss(loads[i].size_log2, loads[i].sign, 7, loads[i].wide, false);
        assert_int_equal(abort_extend(esr, 0xfedcba9876543280), loads[i].wanted);
    }
    assert_int_equal(abort_extend(iss(1, true, 7, true, false), 0x8000), 0xffffffffffff8000);
    assert_int_equal(abort_extend(iss(2, true, 7, true, false), 0x80000000), 0xffffffff80000000);
}

static void test_every_syndrome_decodes(void **unused)
{
    struct seeded random;

    (void)unused;
    seeded_start(&random, "abort_decode");
    for (unsigned i = 0; i < 100000; i++) {
        uint64_t esr = seeded_next(&random);
        assert_int_equal(abort_has_syndrome(esr), esr >> 24 & 1U);
        assert_int_equal(abort_is_write(esr), esr >> 6 & 1U);
        assert_int_equal(abort_size(esr), (uint64_t)1 << (esr >> 22 & 3U));
        assert_int_equal(abort_register(esr), esr >> 16 & 31U);
        assert_int_equal(abort_on_walk(esr), esr >> 7 & 1U);
        /* Any value that a device gives fits, whatever the bits: no shift is out of range, nothing above 32 bits for Wt. */
        uint64_t value = abort_extend(esr, seeded_next(&random));
        assert_true((esr >> 15 & 1U) != 0U || value <= 0xffffffffU);
    }
}

static void test_fault_status(void **unused)
{
    (void)unused;
    for (uint64_t status = 0; status < 64; status++) {
        uint64_t esr = 0x24ULL << 26 | BIT(25) | status;
        bool translation = status >= 0x04U && status <= 0x07U;
        bool access_flag = status >= 0x08U && status <= 0x0bU;
        bool permission = status >= 0x0cU && status <= 0x0fU;
        bool external = status == 0x10U || (status >= 0x14U && status <= 0x17U);
        assert_int_equal(abort_is_translation(esr), translation);
        assert_int_equal(abort_is_access_flag(esr), access_flag);
        assert_int_equal(abort_is_permission(esr), permission);
        assert_int_equal(abort_is_external(esr), external);
        if (translation || access_flag || permission) {
            assert_int_equal(abort_level(esr), status & 3U);
        }
    }
}

static void test_ipa(void **unused)
{
    (void)unused;
    /* PL011 at IPA 0x0900_0000, register 0x018: FIPA in bits 43:4 holds IPA[51:12]. */
    assert_int_equal(abort_decode_ipa(0x90000, 0xffff800012345018), 0x09000018);
    /* Bits 3:0 and 63 (NS) are no address. */
    assert_int_equal(abort_decode_ipa(BIT(63) | 0xf, 0xabc), 0xabc);
    assert_int_equal(abort_decode_ipa(0x00000ffffffffff0, 0xfff), 0x000fffffffffffff);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_loads),
        cmocka_unit_test(test_every_syndrome_decodes),
        cmocka_unit_test(test_fault_status),
        cmocka_unit_test(test_ipa),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
