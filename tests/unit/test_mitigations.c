/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each CPU gets against speculation: a second transcription of the affected processors' table, every combination of ID
 * register fields and firmware answers against rules that must hold whatever the code's order of questions, and the CPU's registers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "arch/host/host_smccc.h"
#include "arch/sysreg.h"
#include "cpu/mitigations.h"
#include "cpu/prda.h"
#include "fw/smccc_firmware.h"
#include "lib/bits.h"
#include "lib/log.h"
#include "lib/log_hooks.h"
#include "mem/page_alloc.h"

#define MIDR_N1 0x414fd0c1ULL
#define MIDR_A72 0x410fd083ULL
#define MIDR_A73 0x411fd090ULL
#define MIDR_A53 0x410fd034ULL
#define MIDR_UNKNOWN 0x000f0510ULL
#define CSV2(n) ((uint64_t)(n) << 56)
#define ECBHB BIT(60)
#define CLRBHB BIT(28)
#define SSBS_FIELD(n) ((uint64_t)(n) << 4)
#define WORKAROUND(n) ((n) == 1U ? 0x80008000U : (n) == 2U ? 0x80007fffU : 0x80003fffU)
#define DSSBS BIT(44)
#define SSBS_BIT BIT(12)

static struct mitigation_facts facts_of(uint64_t midr)
{
    return (struct mitigation_facts){.midr = midr, .firmware_offers = {-1, -1, -1, -1}};
}

/* ---- the table ---- */

struct expected {
    const char *name;
    uint16_t part;
    uint8_t implementer;
    uint8_t rounds;   /* 0: no loop */
    const char *kind; /* "safe", "loop", "firmware" */
};

/* Arm's list of affected processors by what it advises, then those that other vendors have published. */
static const struct expected table[] = {
    {"Cortex-A34", 0xd02, 0x41, 0, "safe"},       {"Cortex-A35", 0xd04, 0x41, 0, "safe"},
    {"Cortex-A53", 0xd03, 0x41, 0, "safe"},       {"Cortex-A55", 0xd05, 0x41, 0, "safe"},
    {"Cortex-A510", 0xd46, 0x41, 0, "safe"},      {"Cortex-A520", 0xd80, 0x41, 0, "safe"},
    {"Cortex-A73", 0xd09, 0x41, 0, "firmware"},   {"Cortex-A75", 0xd0a, 0x41, 0, "firmware"},
    {"Cortex-A57", 0xd07, 0x41, 8, "loop"},       {"Cortex-A72", 0xd08, 0x41, 8, "loop"},
    {"Cortex-A76", 0xd0b, 0x41, 24, "loop"},      {"Cortex-A76AE", 0xd0e, 0x41, 24, "loop"},
    {"Cortex-A77", 0xd0d, 0x41, 24, "loop"},      {"Neoverse N1", 0xd0c, 0x41, 24, "loop"},
    {"Cortex-A78", 0xd41, 0x41, 32, "loop"},      {"Cortex-A78AE", 0xd42, 0x41, 32, "loop"},
    {"Cortex-A78C", 0xd4b, 0x41, 32, "loop"},     {"Cortex-X1", 0xd44, 0x41, 32, "loop"},
    {"Cortex-X1C", 0xd4c, 0x41, 32, "loop"},      {"Cortex-A710", 0xd47, 0x41, 32, "loop"},
    {"Cortex-X2", 0xd48, 0x41, 32, "loop"},       {"Neoverse N2", 0xd49, 0x41, 32, "loop"},
    {"Neoverse V1", 0xd40, 0x41, 32, "loop"},     {"Cortex-A715", 0xd4d, 0x41, 38, "loop"},
    {"Cortex-A720", 0xd81, 0x41, 38, "loop"},     {"Cortex-X3", 0xd4e, 0x41, 132, "loop"},
    {"Neoverse V2", 0xd4f, 0x41, 132, "loop"},    {"HiSilicon TSV110", 0xd01, 0x48, 32, "loop"},
    {"HiSilicon HIP09", 0xd02, 0x48, 24, "loop"}, {"AmpereOne", 0xac3, 0xc0, 11, "loop"},
};

static uint64_t midr_of(const struct expected *core, unsigned variant, unsigned revision)
{
    return (uint64_t)core->implementer << 24 | variant << 20 | 0xfU << 16 | (uint64_t)core->part << 4 | revision;
}

static void test_each_core(void **unused)
{
    (void)unused;
    for (unsigned i = 0; i < ARRAY_SIZE(table); i++) {
        struct mitigation_facts facts = facts_of(midr_of(&table[i], i % 4U, i % 3U));
        bool safe = strcmp(table[i].kind, "safe") == 0;
        bool loop = strcmp(table[i].kind, "loop") == 0;

        assert_string_equal(mitigations_cpu_name(facts.midr), table[i].name);
        facts.id_aa64pfr0 = CSV2(1);
        struct mitigations alone = mitigations_choose(&facts);
        assert_int_equal(alone.table, loop ? VECTORS_LOOP : VECTORS_PLAIN);
        assert_int_equal(alone.argument, table[i].rounds);
        assert_int_equal(alone.bhb.state, safe   ? MITIGATION_NOT_NEEDED
                                          : loop ? MITIGATION_APPLIED
                                                 : MITIGATION_MISSING);
        /* A loop is better than a call of the firmware, which is better than nothing. */
        facts.firmware_offers[3] = 0;
        struct mitigations offered = mitigations_choose(&facts);
        assert_int_equal(offered.table, safe ? VECTORS_PLAIN : loop ? VECTORS_LOOP : VECTORS_FIRMWARE);
        assert_int_equal(offered.argument, safe || loop ? table[i].rounds : WORKAROUND(3));
        assert_int_equal(offered.bhb.state, safe ? MITIGATION_NOT_NEEDED : MITIGATION_APPLIED);
    }
    assert_null(mitigations_cpu_name(MIDR_UNKNOWN));
    assert_null(mitigations_cpu_name(0x510fd0c1)); /* a part of Arm's number by someone else */
}

/* ---- rules over all combinations ---- */

static void check_firmware_table(const struct mitigation_facts *facts, const struct mitigations *choice)
{
    if (choice->table == VECTORS_FIRMWARE) {
        unsigned number = choice->argument == WORKAROUND(1) ? 1 : 3;
        assert_int_equal(choice->argument, WORKAROUND(number));
        assert_int_equal(facts->firmware_offers[number], 0); /* never called where it is not there */
        assert_false(number == 1U && facts->firmware_offers[3] == 0);
    }
}

static void check_rules(const struct mitigation_facts *facts, bool in_order)
{
    struct mitigations choice = mitigations_choose(facts);
    bool csv2 = (facts->id_aa64pfr0 >> 56 & 15U) != 0U;
    bool history_kept_apart = facts->id_aa64mmfr1 != 0U || (facts->id_aa64pfr0 >> 56 & 15U) >= 3U;
    bool clears = choice.table == VECTORS_LOOP || choice.table == VECTORS_CLRBHB || choice.table == VECTORS_FIRMWARE;

    check_firmware_table(facts, &choice);
    assert_true(choice.table != VECTORS_CLRBHB || facts->id_aa64isar2 != 0U); /* UNDEFINED it is not, but of no use */
    if (in_order || (csv2 && history_kept_apart)) {
        assert_int_equal(choice.table, VECTORS_PLAIN);
    }
    /* What is called applied has something in the vectors that does it. */
    if (choice.bhb.state == MITIGATION_APPLIED) {
        assert_true(clears);
    }
    assert_int_equal(choice.variant_2.state == MITIGATION_APPLIED, choice.table == VECTORS_FIRMWARE && !csv2);
    if (csv2 || in_order) {
        assert_int_equal(choice.variant_2.state, MITIGATION_NOT_NEEDED);
    } else if (facts->firmware_offers[1] < 0 && facts->firmware_offers[3] != 0) {
        assert_int_equal(choice.variant_2.state, MITIGATION_MISSING);
    }
    if (!in_order && !history_kept_apart && choice.table == VECTORS_PLAIN) {
        assert_true(choice.bhb.state == MITIGATION_MISSING || facts->firmware_offers[3] == 1);
    }
    assert_true(choice.table != VECTORS_LOOP || choice.argument > 0U); /* 0 would be 2^64 rounds */
    assert_true(choice.table == VECTORS_LOOP || choice.table == VECTORS_FIRMWARE || choice.argument == 0U);
    if (facts->id_aa64pfr1 != 0U) {
        assert_int_equal(choice.variant_4.state, MITIGATION_APPLIED);
    } else if (!in_order) {
        int32_t offer = facts->firmware_offers[2];
        assert_int_equal(choice.variant_4.state, offer == 0    ? MITIGATION_APPLIED
                                                 : offer == -1 ? MITIGATION_MISSING
                                                               : MITIGATION_NOT_NEEDED);
    }
    assert_true(choice.bhb.reason != NULL && choice.variant_2.reason != NULL && choice.variant_4.reason != NULL);
}

static void test_all_combinations(void **unused)
{
    static const int32_t answers[] = {-1, 0, 1};
    static const int32_t answers_2[] = {-1, 0, 1, -2};
    (void)unused;
    for (unsigned core = 0; core <= ARRAY_SIZE(table); core++) {
        uint64_t midr = core < ARRAY_SIZE(table) ? midr_of(&table[core], 0, 0) : MIDR_UNKNOWN;
        bool in_order = core < ARRAY_SIZE(table) && strcmp(table[core].kind, "safe") == 0;
        for (unsigned n = 0; n < 4U * 2U * 2U * 3U * 3U * 3U * 4U; n++) {
            unsigned rest = n;
            struct mitigation_facts facts = facts_of(midr);
            facts.id_aa64pfr0 = CSV2(rest % 4U);
            facts.id_aa64mmfr1 = (rest /= 4U) % 2U != 0U ? ECBHB : 0;
            facts.id_aa64isar2 = (rest /= 2U) % 2U != 0U ? CLRBHB : 0;
            facts.id_aa64pfr1 = SSBS_FIELD((rest /= 2U) % 3U);
            facts.firmware_offers[1] = answers[(rest /= 3U) % 3U];
            facts.firmware_offers[3] = answers[(rest /= 3U) % 3U];
            facts.firmware_offers[2] = answers_2[rest / 3U % 4U];
            check_rules(&facts, in_order);
        }
    }
}

/* Cortex-A72 r0 has no CSV2 and wants the whole predictor flushed; from r1 on it has, and the loop is enough. */
static void test_cores_of_both_kinds(void **unused)
{
    struct mitigation_facts facts = facts_of(MIDR_A72);
    struct mitigations choice;
    (void)unused;
    choice = mitigations_choose(&facts);
    assert_int_equal(choice.table, VECTORS_LOOP);
    assert_int_equal(choice.variant_2.state, MITIGATION_MISSING);
    facts.firmware_offers[1] = 0;
    choice = mitigations_choose(&facts);
    assert_int_equal(choice.table, VECTORS_FIRMWARE);
    assert_int_equal(choice.argument, WORKAROUND(1));
    assert_int_equal(choice.bhb.state, MITIGATION_APPLIED);
    facts.firmware_offers[3] = 0;
    choice = mitigations_choose(&facts);
    assert_int_equal(choice.argument, WORKAROUND(3));
    facts.id_aa64pfr0 = CSV2(1);
    choice = mitigations_choose(&facts);
    assert_int_equal(choice.table, VECTORS_LOOP);
    assert_int_equal(choice.argument, 8);
    /* WORKAROUND_1 of a CPU that nobody knows says nothing about its branch history. */
    facts = facts_of(MIDR_UNKNOWN);
    facts.firmware_offers[1] = 0;
    choice = mitigations_choose(&facts);
    assert_int_equal(choice.table, VECTORS_FIRMWARE);
    assert_int_equal(choice.bhb.state, MITIGATION_MISSING);
    /* Cortex-A73 of a firmware from before WORKAROUND_3. */
    facts = facts_of(MIDR_A73);
    facts.id_aa64pfr0 = CSV2(1);
    facts.firmware_offers[1] = 0;
    choice = mitigations_choose(&facts);
    assert_int_equal(choice.table, VECTORS_FIRMWARE);
    assert_int_equal(choice.argument, WORKAROUND(1));
    assert_int_equal(choice.variant_2.state, MITIGATION_NOT_NEEDED);
}

/* ---- applied ---- */

static int32_t firmware_offers[HOST_CPUS][4];
static uint32_t firmware_called[HOST_CPUS];
static uint64_t firmware_argument;
static char said[4096];

static void firmware(void *context, const uint64_t arguments[8], uint64_t results[4])
{
    (void)context;
    switch ((uint32_t)arguments[0]) {
    case 0x84000000: /* PSCI_VERSION */
        results[0] = 0x10001;
        break;
    case 0x8400000a: /* PSCI_FEATURES */
        results[0] = 0;
        break;
    case 0x80000000: /* SMCCC_VERSION */
        results[0] = 0x10002;
        break;
    case 0x80000001:
        for (unsigned n = 1; n <= 3U; n++) {
            if (arguments[1] == WORKAROUND(n)) {
                results[0] = (uint64_t)(int64_t)firmware_offers[host_cpu()][n];
            }
        }
        break;
    default:
        firmware_called[host_cpu()] = (uint32_t)arguments[0];
        firmware_argument = arguments[1];
        results[0] = 0;
        break;
    }
}

static void take_line(const char *text, size_t size)
{
    size_t length = strlen(said);

    assert_true(length + size < sizeof(said));
    memcpy(said + length, text, size);
    said[length + size] = '\0';
}

static unsigned lines_with(const char *text)
{
    unsigned count = 0;

    for (const char *at = said; (at = strstr(at, text)) != NULL; at++) {
        count++;
    }
    return count;
}

static int set_up(void **unused)
{
    static const struct log_hooks hooks = {.sink = take_line};
    struct prda *prda;
    (void)unused;
    host_reset();
    host_prda_reset();
    page_alloc_reset();
    host_phys_add(0x40000000, 0x100000);
    assert_int_equal(page_alloc_add(pa_make(0x40000000), 0x100000), STATUS_OK);
    for (unsigned cpu = 1; cpu < 3U; cpu++) {
        assert_int_equal(prda_create(cpu, &prda), STATUS_OK);
    }
    memset(firmware_offers, 0xff, sizeof(firmware_offers));
    memset(firmware_called, 0, sizeof(firmware_called));
    said[0] = '\0';
    log_set_hooks(&hooks);
    host_smccc_set(firmware, NULL);
    assert_int_equal(fw_init(CONDUIT_SMC), STATUS_OK);
    host_sysreg_set_all(KEY_SCTLR_EL2, 0x30c5183f);
    host_sysreg_set_all(KEY_SSBS, 0xdead);
    return 0;
}

static int tear_down(void **unused)
{
    (void)unused;
    log_set_hooks(&(struct log_hooks){0});
    return 0;
}

static void identify(unsigned cpu, uint64_t midr, uint64_t csv2, uint64_t ssbs)
{
    host_sysreg_set(cpu, KEY_MIDR_EL1, midr);
    host_sysreg_set(cpu, KEY_ID_AA64PFR0_EL1, CSV2(csv2));
    host_sysreg_set(cpu, KEY_ID_AA64PFR1_EL1, SSBS_FIELD(ssbs));
}

static void bring_up(unsigned cpus, bool enable)
{
    mitigations_enable(enable);
    for (unsigned cpu = 0; cpu < cpus; cpu++) {
        host_cpu_select(cpu);
        mitigations_cpu_init();
        prda_of(cpu)->online = true;
    }
    host_cpu_select(0);
    mitigations_combine();
}

static void is_applied(unsigned cpu, enum vectors_table vectors, uint64_t argument)
{
    assert_int_equal(host_sysreg_get(cpu, KEY_VBAR_EL2), vectors_address(vectors));
    assert_int_equal(prda_of(cpu)->mitigation, argument);
}

/* Three CPUs that have nothing in common: each gets its own, and is said. */
static void test_unlike_cpus(void **unused)
{
    (void)unused;
    identify(0, MIDR_N1, 1, 2);
    identify(1, MIDR_A72, 0, 0);
    firmware_offers[1][1] = firmware_offers[1][2] = 0;
    identify(2, MIDR_A53, 0, 0);
    bring_up(3, true);
    is_applied(0, VECTORS_LOOP, 24);
    is_applied(1, VECTORS_FIRMWARE, WORKAROUND(1));
    is_applied(2, VECTORS_PLAIN, 0);
    assert_int_equal(firmware_called[1], WORKAROUND(2));
    assert_int_equal(firmware_argument, 1);
    assert_int_equal(firmware_called[0] | firmware_called[2], 0);
    assert_non_null(strstr(said,
                           "Neoverse N1 r4p1: Spectre-BHB: loop of 24 (no ECBHB, no CLRBHB); variant 2: not needed "
                           "(CSV2); variant 4: SSBS = 0 in EL2"));
    assert_non_null(strstr(said, "Cortex-A72 r0p3: Spectre-BHB: by the same call; variant 2: firmware's WORKAROUND_1"));
    assert_non_null(strstr(said, "Cortex-A53 r0p4: Spectre-BHB: not needed (not affected)"));
    assert_int_equal(lines_with("warning"), 0);
    for (unsigned number = 1; number <= 3U; number++) {
        assert_int_equal(mitigations_guest_offer(number), number == 2U ? 1 : 0);
    }
    /* The vectors did it when the guest called. */
    host_cpu_select(1);
    firmware_called[1] = 0;
    mitigations_guest_call(1);
    assert_int_equal(firmware_called[1], 0);
}

static void test_one_line_for_each_model(void **unused)
{
    (void)unused;
    for (unsigned cpu = 0; cpu < 3U; cpu++) {
        identify(cpu, MIDR_N1, 1, 2);
    }
    bring_up(3, true);
    assert_int_equal(lines_with("Neoverse N1"), 1);
    /* Of one model, but the firmware says something else of it. */
    identify(0, MIDR_A72, 0, 0);
    identify(1, MIDR_A72, 0, 0);
    identify(2, MIDR_A72, 0, 0);
    firmware_offers[1][1] = 0;
    said[0] = '\0';
    bring_up(3, true);
    assert_int_equal(lines_with("Cortex-A72"), 2);
    assert_int_equal(lines_with("MISSING (no CSV2, no firmware call)"), 1);
    assert_int_equal(lines_with("warning"), 2);
    /* A guest may run on a CPU that has none: nothing is promised. */
    assert_int_equal(mitigations_guest_offer(1), -1);
    assert_int_equal(mitigations_guest_offer(3), 0);
}

/* One that did not arrive has no say. */
static void test_left_out_cpus_do_not_count(void **unused)
{
    (void)unused;
    for (unsigned cpu = 0; cpu < 3U; cpu++) {
        identify(cpu, cpu == 2U ? MIDR_UNKNOWN : MIDR_A53, 0, 0);
    }
    bring_up(2, true);
    host_cpu_select(2);
    mitigations_cpu_init();
    host_cpu_select(0);
    said[0] = '\0';
    mitigations_combine();
    assert_int_equal(mitigations_guest_offer(1), 1);
    assert_int_equal(mitigations_guest_offer(2), 1);
    assert_int_equal(mitigations_guest_offer(3), 1);
    assert_int_equal(lines_with("MIDR_EL1"), 0);
}

static void test_off(void **unused)
{
    (void)unused;
    identify(0, MIDR_N1, 1, 2);
    identify(1, MIDR_A72, 0, 0);
    for (unsigned n = 1; n <= 3U; n++) {
        firmware_offers[1][n] = 0;
    }
    identify(2, MIDR_N1, 1, 2);
    bring_up(3, false);
    for (unsigned cpu = 0; cpu < 3U; cpu++) {
        assert_int_equal(host_sysreg_get(cpu, KEY_VBAR_EL2), vectors_address(VECTORS_PLAIN));
    }
    assert_int_equal(firmware_called[0] | firmware_called[1] | firmware_called[2], 0);
    assert_int_equal(lines_with("mitigations are off"), 1);
    assert_int_equal(lines_with("Spectre-BHB"), 0);
    /* The firmware's are still there for a guest that wants them; EL2's loop is not. */
    assert_int_equal(mitigations_guest_offer(1), 0);
    assert_int_equal(mitigations_guest_offer(2), -1);
    assert_int_equal(mitigations_guest_offer(3), -1);
    host_cpu_select(1);
    mitigations_guest_call(1);
    assert_int_equal(firmware_called[1], WORKAROUND(3));
    firmware_called[1] = 0;
    mitigations_guest_call(2);
    assert_int_equal(firmware_called[1], 0);
    host_cpu_select(0);
    mitigations_guest_call(1);
    assert_int_equal(firmware_called[0], 0);
}

/* SCTLR_EL2.DSSBS for the exceptions to come, PSTATE.SSBS at once where MSR reaches it. */
static void test_ssbs(void **unused)
{
    (void)unused;
    for (unsigned enable = 0; enable < 2U; enable++) {
        host_sysreg_set_all(KEY_SCTLR_EL2, 0x30c5183f | (enable != 0U ? DSSBS : 0U));
        host_sysreg_set_all(KEY_SSBS, 0xdead);
        for (unsigned ssbs = 0; ssbs < 3U; ssbs++) {
            identify(ssbs, MIDR_N1, 1, ssbs);
        }
        bring_up(3, enable != 0U);
        assert_int_equal(host_sysreg_get(0, KEY_SCTLR_EL2), 0x30c5183f | (enable != 0U ? DSSBS : 0U)); /* as it was */
        assert_int_equal(host_sysreg_get(0, KEY_SSBS), 0xdead); /* UNDEFINED there */
        assert_int_equal(host_sysreg_get(1, KEY_SSBS), 0xdead);
        assert_int_equal(host_sysreg_get(2, KEY_SSBS), enable != 0U ? 0U : SSBS_BIT);
        for (unsigned cpu = 1; cpu < 3U; cpu++) {
            assert_int_equal(host_sysreg_get(cpu, KEY_SCTLR_EL2), 0x30c5183f | (enable != 0U ? 0U : DSSBS));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_core),
        cmocka_unit_test(test_all_combinations),
        cmocka_unit_test(test_cores_of_both_kinds),
        cmocka_unit_test_setup_teardown(test_unlike_cpus, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_one_line_for_each_model, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_left_out_cpus_do_not_count, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_off, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_ssbs, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
