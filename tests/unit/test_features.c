/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ID registers over unlike CPUs against a second transcription of DDI 0487 (D19.2, each register's table): a picture of each
 * register, one letter per field, and a model of what the letters mean.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "cpu/features.h"
#include "lib/bits.h"
#include "seeded.h"

#define CPUS 3U

/*
 * From bits 63:60 to bits 3:0. '.': hidden. 'm': least, shown. 's': signed least, shown. 'M': most, shown. '=': equal or 0.
 * '0' to '9', 'f': always this. 'a': least, up to 1. 'b': up to 2. 'c': up to 3. 'h': up to 8. 'z': signed, not above 0.
 */
struct picture {
    uint32_t key;
    const char *fields;
};

static const struct picture pictures[] = {
    /*                    CSV3 CSV2 RME DIT AMU MPAM SEL2 SVE RAS GIC SIMD FP EL3 EL2 EL1 EL0 */
    {KEY_ID_AA64PFR0_EL1, "mc.m....."
                          "1ss..1b"},
    /* PFAR DF2 MTEX THE GCS MTE_frac NMI CSV2_frac RNDR_trap SME res MPAM_frac RAS_frac MTE SSBS BT */
    {KEY_ID_AA64PFR1_EL1, "..............mm"},
    /* HPMN0 ExtTrcBuff BRBE MTPMU TraceBuffer TraceFilt DoubleLock PMSVer CTX SEBEP WRPs PMSS BRPs PMUVer TraceVer DebugVer */
    {KEY_ID_AA64DFR0_EL1, "......f.m.m.m..h"},
    {KEY_ID_AA64DFR1_EL1, "................"},
    /* RNDR TLB TS FHM DP SM4 SM3 SHA3 RDM TME Atomic CRC32 SHA2 SHA1 AES res */
    {KEY_ID_AA64ISAR0_EL1, "mmmmmmmmm.bmmmm."},
    /* LS64 XS I8MM DGH BF16 SPECRES SB FRINTTS GPI GPA LRCPC FCMA JSCVT API APA DPB */
    {KEY_ID_AA64ISAR1_EL1, ".mmmmmmm==mmm==m"},
    /* ATS1A LUT CSSC RPRFM res PRFMSLC SYSINSTR SYSREG CLRBHB PAC_frac BC MOPS APA3 GPA3 RPRES WFxT */
    {KEY_ID_AA64ISAR2_EL1, "..mm.m..mmm.==m."},
    {KEY_ID_AA64ISAR3_EL1, "..............m."},
    /* ECV FGT res res ExS TGran4_2 64_2 16_2 TGran4 TGran64 TGran16 BigEndEL0 SNSMem BigEnd ASIDBits PARange */
    {KEY_ID_AA64MMFR0_EL1, "....m...zsam.mmm"},
    /* ECBHB CMOW TIDCP1 nTLBPA AFP HCX ETS TWED XNX SpecSEI PAN LO HPDS VH VMIDBits HAFDBS */
    {KEY_ID_AA64MMFR1_EL1, "m.mmm.m..Mm.a..b"},
    /* E0PD EVT BBM TTL res FWB IDS AT ST NV CCIDX VARange IESB LSM UAO CnP */
    {KEY_ID_AA64MMFR2_EL1, "m..m..mmm.=a.mmm"},
    {KEY_ID_AA64MMFR3_EL1, "................"},
    {KEY_ID_AA64MMFR4_EL1, "................"},
    {KEY_ID_AA64PFR2_EL1, "................"},
    {KEY_ID_AA64ZFR0_EL1, "................"},
    {KEY_ID_AA64SMFR0_EL1, "................"},
    {KEY_ID_AA64AFR0_EL1, "................"},
    {KEY_ID_AA64AFR1_EL1, "................"},
    /* RAS DIT AMU CSV2 State3 State2 State1 State0 */
    {KEY_ID_PFR0_EL1, ".........m.mmmmm"},
    /* GIC Virt_frac Sec_frac GenTimer Virtualization MProgMod Security ProgMod */
    {KEY_ID_PFR1_EL1, "........1..m...."},
    /* RAS_frac SSBS CSV3 */
    {KEY_ID_PFR2_EL1, "..............mm"},
    /* TraceFilt PerfMon MProfDbg MMapTrc CopTrc MMapDbg CopSDbg CopDbg */
    {KEY_ID_DFR0_EL1, "...............h"},
    {KEY_ID_DFR1_EL1, "................"},
    {KEY_ID_AFR0_EL1, "................"},
    {KEY_ID_MMFR0_EL1, "........mmmmmmmm"},
    {KEY_ID_MMFR1_EL1, "........mmmmmmmm"},
    {KEY_ID_MMFR2_EL1, "........mmmmmmmm"},
    {KEY_ID_MMFR3_EL1, "........mmmmmmmm"},
    /* EVT CCIDX LSM HPDS CnP XNX AC2 SpecSEI */
    {KEY_ID_MMFR4_EL1, "..........mmm.mM"},
    /* nTLBPA ETS */
    {KEY_ID_MMFR5_EL1, "..............mm"},
    {KEY_ID_ISAR0_EL1, "........mmmmmmmm"},
    {KEY_ID_ISAR1_EL1, "........mmmmmmmm"},
    {KEY_ID_ISAR2_EL1, "........mmmmmmmm"},
    {KEY_ID_ISAR3_EL1, "........mmmmmmmm"},
    {KEY_ID_ISAR4_EL1, "........mmmmmmmm"},
    {KEY_ID_ISAR5_EL1, "........mmmmmmmm"},
    {KEY_ID_ISAR6_EL1, "........mmmmmmmm"},
    {KEY_MVFR0_EL1, "........mmmmmmmm"},
    {KEY_MVFR1_EL1, "........mmmmmmmm"},
    {KEY_MVFR2_EL1, "........mmmmmmmm"},
};

static uint64_t raw_get(unsigned cpu, uint32_t key)
{
    return host_sysreg_get(cpu, key);
}

static void collect(void)
{
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        host_cpu_select(cpu);
        features_collect(cpu);
    }
    host_cpu_select(0);
    features_combine();
}

static int smaller(int a, int b)
{
    return a < b ? a : b;
}

static int negative(unsigned field)
{
    return field > 7U ? (int)field - 16 : (int)field;
}

static int fold(char letter, unsigned shift, uint32_t key)
{
    int least = 99, most = -99, least_signed = 99, first = (int)(raw_get(0, key) >> shift & 15U);
    bool equal = true;

    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        int field = (int)(raw_get(cpu, key) >> shift & 15U);
        least = smaller(least, field);
        most = field > most ? field : most;
        least_signed = smaller(least_signed, negative((unsigned)field));
        equal = equal && field == first;
    }
    switch (letter) {
    case 'm':
        return least;
    case 's':
        return least_signed;
    case 'z':
        return smaller(least_signed, 0);
    case 'M':
        return most;
    case '=':
        return equal ? first : 0;
    case 'a':
        return smaller(least, 1);
    case 'b':
        return smaller(least, 2);
    case 'c':
        return smaller(least, 3);
    case 'h':
        return smaller(least, 8);
    case 'f':
        return 15;
    case '1':
        return 1;
    default:
        return 0;
    }
}

static bool pauth_equal(void)
{
    for (unsigned cpu = 1; cpu < CPUS; cpu++) {
        uint64_t isar1 = raw_get(cpu, KEY_ID_AA64ISAR1_EL1) ^ raw_get(0, KEY_ID_AA64ISAR1_EL1);
        uint64_t isar2 = raw_get(cpu, KEY_ID_AA64ISAR2_EL1) ^ raw_get(0, KEY_ID_AA64ISAR2_EL1);
        if ((isar1 & 0xff000ff0U) != 0U || (isar2 & 0x0f00ff00U) != 0U) {
            return false;
        }
    }
    return true;
}

static bool aarch32(void)
{
    for (unsigned cpu = 0; cpu < CPUS; cpu++) {
        if ((raw_get(cpu, KEY_ID_AA64PFR0_EL1) & 15U) < 2U) {
            return false;
        }
    }
    return true;
}

static bool breakpoints_equal(void)
{
    for (unsigned cpu = 1; cpu < CPUS; cpu++) {
        if (((raw_get(cpu, KEY_ID_AA64DFR0_EL1) ^ raw_get(0, KEY_ID_AA64DFR0_EL1)) >> 12 & 15U) != 0U) {
            return false;
        }
    }
    return true;
}

/* ipa_range: the PARange of the guest's address space. */
static uint64_t model(const struct picture *picture, int ipa_range)
{
    uint64_t value = 0;

    for (unsigned i = 0; i < 16; i++) {
        unsigned shift = 60U - 4U * i;
        int field = fold(picture->fields[i], shift, picture->key);
        if (picture->key == KEY_ID_AA64MMFR0_EL1 && shift == 0) {
            field = smaller(field, ipa_range);
        }
        value |= ((uint64_t)(unsigned)field & 15U) << shift;
    }
    if (!pauth_equal() && picture->key == KEY_ID_AA64ISAR1_EL1) {
        value &= ~0xff000ff0ULL;
    }
    if (!pauth_equal() && picture->key == KEY_ID_AA64ISAR2_EL1) {
        value &= ~0x0f00ff00ULL;
    }
    if (!breakpoints_equal() && picture->key == KEY_ID_AA64DFR0_EL1) {
        value &= ~0xf0000000ULL;
    }
    if (!aarch32() && (picture->key & 63U) < (KEY_ID_AA64PFR0_EL1 & 63U)) {
        value = 0;
    }
    return value;
}

static void check_against_model(int ipa_range)
{
    for (unsigned i = 0; i < ARRAY_SIZE(pictures); i++) {
        uint64_t wanted = model(&pictures[i], ipa_range);
        uint64_t found = features_guest_id(pictures[i].key);
        if (found != wanted) {
            fail_msg("key %#x (%s): found %#llx, wanted %#llx", pictures[i].key, pictures[i].fields,
                     (unsigned long long)found, (unsigned long long)wanted);
        }
    }
}

static bool pictured(uint32_t key)
{
    for (unsigned i = 0; i < ARRAY_SIZE(pictures); i++) {
        if (pictures[i].key == key) {
            return true;
        }
    }
    return false;
}

/* Unlike in few bits, as real cores are, or in all. */
static void randomise(struct seeded *random)
{
    bool alike = seeded_below(random, 3) != 0U;

    for (unsigned i = 0; i < ARRAY_SIZE(pictures); i++) {
        uint64_t common = seeded_next(random);
        for (unsigned cpu = 0; cpu < CPUS; cpu++) {
            uint64_t change = seeded_below(random, 4) == 0U ? 15ULL << 4 * seeded_below(random, 16) : 0U;
            uint64_t value = alike ? common ^ (seeded_next(random) & change) : seeded_next(random);
            host_sysreg_set(cpu, pictures[i].key, value);
        }
    }
}

static void test_random_cores_agree_with_the_model(void **unused)
{
    static const uint8_t ipa_bits[] = {32, 36, 40, 42, 44, 48, 52};
    struct seeded random;

    (void)unused;
    host_reset();
    seeded_start(&random, "features");
    for (unsigned round = 0; round < 2000; round++) {
        int range = (int)seeded_below(&random, ARRAY_SIZE(ipa_bits));
        randomise(&random);
        collect();
        features_guest_prepare(ipa_bits[range]);
        check_against_model(range);
    }
}

/* A CPU of the far future, every bit of every register set: nothing shows but what this version knows. */
static void test_what_is_unknown_is_hidden(void **unused)
{
    (void)unused;
    host_reset();
    for (uint32_t key = SYSREG_KEY(3, 0, 0, 1, 0); key <= SYSREG_KEY(3, 0, 0, 7, 7); key++) {
        host_sysreg_set_all(key, ~0ULL);
    }
    collect();
    features_guest_prepare(40);
    for (uint32_t key = SYSREG_KEY(3, 0, 0, 1, 0); key <= SYSREG_KEY(3, 0, 0, 7, 7); key++) {
        if (!pictured(key)) {
            assert_int_equal(features_guest_id(key), 0);
        }
    }
    check_against_model(2);
    assert_int_equal(features_pa_bits(), 52);
}

static void test_neoverse_n1(void **unused)
{
    (void)unused;
    host_reset();
    host_sysreg_set_all(KEY_ID_AA64PFR0_EL1, 0x1100000011112222ULL); /* RAS, GIC, EL2, EL3, CSV2, CSV3 */
    host_sysreg_set_all(KEY_ID_AA64DFR0_EL1, 0x0000110305408ULL | 0x100000000ULL);
    host_sysreg_set_all(KEY_ID_AA64MMFR0_EL1, 0x101125);
    host_sysreg_set_all(KEY_ID_AA64MMFR1_EL1, 0x10212122);
    collect();
    features_guest_prepare(40);
    assert_int_equal(features_guest_id(KEY_ID_AA64PFR0_EL1), 0x1100000001110012ULL);
    assert_int_equal(features_guest_id(KEY_ID_AA64DFR0_EL1) & BITS(11, 8), 0);  /* no PMU */
    assert_int_equal(features_guest_id(KEY_ID_AA64DFR0_EL1) & BITS(35, 32), 0); /* no SPE */
    assert_int_equal(features_guest_id(KEY_ID_AA64MMFR0_EL1) & 15U, 2);
    assert_int_equal(features_guest_id(KEY_ID_AA64MMFR1_EL1), 0x00201002);
    assert_int_equal(features_pa_bits(), 48);
    assert_int_equal(features_vmid_bits(), 16);
    assert_true(features_all(FEATURE_RAS) && features_any(FEATURE_LOR) && features_all(FEATURE_PAN));
    assert_false(features_any(FEATURE_PAUTH) || features_any(FEATURE_SCXTNUM) || features_any(FEATURE_MTE));
}

static void test_least_of_unlike_cores(void **unused)
{
    (void)unused;
    host_reset();
    host_sysreg_set(0, KEY_ID_AA64MMFR0_EL1, 5);
    host_sysreg_set(1, KEY_ID_AA64MMFR0_EL1, 2);
    host_sysreg_set(2, KEY_ID_AA64MMFR0_EL1, 5);
    host_sysreg_set_all(KEY_ID_AA64MMFR1_EL1, 0x20);
    host_sysreg_set(2, KEY_ID_AA64MMFR1_EL1, 0x10000);
    host_sysreg_set(1, KEY_MIDR_EL1, 0x411fd070);
    host_sysreg_set(0, KEY_REVIDR_EL1, 5);
    collect();
    assert_int_equal(features_pa_bits(), 40);
    assert_int_equal(features_vmid_bits(), 8);
    assert_true(features_any(FEATURE_LOR));
    assert_false(features_all(FEATURE_LOR));
    assert_int_equal(features_guest_midr(), 0x410fd083);
    assert_int_equal(features_guest_revidr(), 5);
    assert_int_equal(features_guest_aidr(), 0);
}

static void test_unlike_pointer_authentication_is_none(void **unused)
{
    (void)unused;
    host_reset();
    host_sysreg_set_all(KEY_ID_AA64ISAR1_EL1, 0x01000010); /* GPA, APA: QARMA5 */
    collect();
    assert_true(features_all(FEATURE_PAUTH));
    host_sysreg_set(2, KEY_ID_AA64ISAR1_EL1, 0x10000100); /* an implementation's own */
    collect();
    features_guest_prepare(40);
    assert_false(features_all(FEATURE_PAUTH));
    assert_true(features_any(FEATURE_PAUTH));
    assert_int_equal(features_guest_id(KEY_ID_AA64ISAR1_EL1), 0);
    host_sysreg_set(2, KEY_ID_AA64ISAR1_EL1, 0x01000020); /* the same algorithm with EPAC */
    collect();
    assert_false(features_all(FEATURE_PAUTH));
}

static void test_ctr_serves_every_core(void **unused)
{
    (void)unused;
    host_reset();
    collect();
    assert_false(features_ctr_differs());
    assert_false(features_dczid_differs());
    assert_int_equal(features_ctr(), 0x84448004);
    /* IDC, DIC; lines of 128 bytes; CWG, ERG not said; PIPT */
    host_sysreg_set(1, KEY_CTR_EL0, 0xb005c005);
    host_sysreg_set(1, KEY_DCZID_EL0, 5);
    collect();
    assert_true(features_ctr_differs());
    assert_true(features_dczid_differs());
    assert_int_equal(bits_get(features_ctr(), 3, 0), 4);
    assert_int_equal(bits_get(features_ctr(), 19, 16), 4);
    assert_int_equal(bits_get(features_ctr(), 29, 28), 0);
    assert_int_equal(bits_get(features_ctr(), 15, 14), 2);
    assert_int_equal(bits_get(features_ctr(), 23, 20), 9);
    assert_int_equal(bits_get(features_ctr(), 27, 24), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_cores_agree_with_the_model),
        cmocka_unit_test(test_what_is_unknown_is_hidden),
        cmocka_unit_test(test_neoverse_n1),
        cmocka_unit_test(test_least_of_unlike_cores),
        cmocka_unit_test(test_unlike_pointer_authentication_is_none),
        cmocka_unit_test(test_ctr_serves_every_core),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
