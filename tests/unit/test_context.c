/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU that moves from one CPU to another finds each of its registers there, on CPUs that have few registers and on those that have
 * many; what a CPU lacks is not touched; the order in which translation registers change.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/fpsimd.h"
#include "arch/host/host_model.h"
#include "arch/sysreg.h"
#include "cpu/errata.h"
#include "cpu/features.h"
#include "lib/bits.h"
#include "seeded.h"
#include "vm/context.h"
#include "vm/debug_registers.h"
#include "vm/guest_registers.h"
#include "vm/vcpu.h"

/* What EL1 and EL0 may write on any CPU without EL2 seeing it (DDI 0487, D19.2), PSTATE, timers and the GIC's apart. */
static const uint32_t always[] = {
    KEY_SCTLR_EL1,   KEY_CPACR_EL1,  KEY_TTBR0_EL1, KEY_TTBR1_EL1,   KEY_TCR_EL1,        KEY_ESR_EL1,
    KEY_FAR_EL1,     KEY_AFSR0_EL1,  KEY_AFSR1_EL1, KEY_MAIR_EL1,    KEY_AMAIR_EL1,      KEY_VBAR_EL1,
    KEY_PAR_EL1,     KEY_SP_EL0,     KEY_SP_EL1,    KEY_ELR_EL1,     KEY_SPSR_EL1,       KEY_TPIDR_EL0,
    KEY_TPIDRRO_EL0, KEY_CSSELR_EL1, KEY_TPIDR_EL1, KEY_CNTKCTL_EL1, KEY_CONTEXTIDR_EL1,
};
static const uint32_t pauth[] = {
    KEY_APIAKeyLo_EL1, KEY_APIAKeyHi_EL1, KEY_APIBKeyLo_EL1, KEY_APIBKeyHi_EL1, KEY_APDAKeyLo_EL1,
    KEY_APDAKeyHi_EL1, KEY_APDBKeyLo_EL1, KEY_APDBKeyHi_EL1, KEY_APGAKeyLo_EL1, KEY_APGAKeyHi_EL1,
};
static const uint32_t scxtnum[] = {KEY_SCXTNUM_EL0, KEY_SCXTNUM_EL1};
static const uint32_t ras[] = {KEY_VDISR_EL2};
/* Written by a load besides: EL2's own, and what it reads to decide. */
static const uint32_t own[] = {KEY_VPIDR_EL2, KEY_VMPIDR_EL2, KEY_VTTBR_EL2,       KEY_HCR_EL2,
                               KEY_MDSCR_EL1, KEY_MIDR_EL1,   KEY_ID_AA64PFR0_EL1, KEY_ID_AA64DFR0_EL1};

#define RAS_CPU BIT(28)
#define CSV2_2 (2ULL << 56)

struct machine {
    bool pauth, scxtnum, ras;
};

static void machine_make(struct machine machine)
{
    host_reset();
    host_sysreg_set_all(KEY_MIDR_EL1, 0x413fd0c1); /* Neoverse N1 */
    host_sysreg_set_all(KEY_ID_AA64PFR0_EL1,
                        0x01000022 | (machine.ras ? RAS_CPU : 0U) | (machine.scxtnum ? CSV2_2 : 0U));
    host_sysreg_set_all(KEY_ID_AA64ISAR1_EL1, machine.pauth ? 0x01000010U : 0U);
    host_sysreg_set_all(KEY_ID_AA64DFR0_EL1, 0x10305006); /* 6 breakpoints, 4 watchpoints */
    for (unsigned cpu = 0; cpu < 2; cpu++) {
        host_cpu_select(cpu);
        features_collect(cpu);
    }
    host_cpu_select(0);
    features_combine();
    features_guest_prepare(40);
    guest_registers_prepare();
}

static struct vcpu *vcpu_make(void)
{
    struct vcpu *vcpu = test_calloc(1, sizeof(*vcpu));

    context_reset(vcpu);
    vcpu->mpidr = 0x80000003;
    return vcpu;
}

static void randomise(struct seeded *random, unsigned cpu, const uint32_t *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        host_sysreg_set(cpu, keys[i], seeded_next(random));
    }
}

static void randomise_all(struct seeded *random, unsigned cpu)
{
    struct vcpu_fpsimd fp;

    randomise(random, cpu, always, ARRAY_SIZE(always));
    randomise(random, cpu, pauth, ARRAY_SIZE(pauth));
    randomise(random, cpu, scxtnum, ARRAY_SIZE(scxtnum));
    randomise(random, cpu, ras, ARRAY_SIZE(ras));
    for (size_t i = 0; i < sizeof(fp); i++) {
        ((uint8_t *)&fp)[i] = (uint8_t)seeded_next(random);
    }
    host_cpu_select(cpu);
    fpsimd_restore(&fp);
}

static void check_same(const uint32_t *keys, size_t count, const uint64_t *before)
{
    for (size_t i = 0; i < count; i++) {
        if (host_sysreg_get(1, keys[i]) != before[keys[i]]) {
            fail_msg("register with key %#x was %#llx on CPU 0 and is %#llx on CPU 1", keys[i],
                     (unsigned long long)before[keys[i]], (unsigned long long)host_sysreg_get(1, keys[i]));
        }
    }
}

static void check_move(struct seeded *random, struct machine machine)
{
    static uint64_t before[SYSREG_KEYS];
    struct vcpu_fpsimd fp_before, fp_after;
    struct vcpu *vcpu = vcpu_make();

    randomise_all(random, 1);
    randomise_all(random, 0);
    fpsimd_save(&fp_before);
    for (uint32_t key = 0; key < SYSREG_KEYS; key++) {
        before[key] = host_sysreg_get(0, key);
    }
    context_save(vcpu);
    randomise_all(random, 0);
    host_cpu_select(1);
    context_load(vcpu, 0x1234000);
    fpsimd_save(&fp_after);
    check_same(always, ARRAY_SIZE(always), before);
    check_same(pauth, machine.pauth ? ARRAY_SIZE(pauth) : 0, before);
    check_same(scxtnum, machine.scxtnum ? ARRAY_SIZE(scxtnum) : 0, before);
    check_same(ras, machine.ras ? ARRAY_SIZE(ras) : 0, before);
    assert_memory_equal(&fp_before, &fp_after, sizeof(fp_before));
    assert_int_equal(host_sysreg_get(1, KEY_VTTBR_EL2), 0x1234000);
    assert_int_equal(host_sysreg_get(1, KEY_VMPIDR_EL2), 0x80000003);
    assert_int_equal(host_sysreg_get(1, KEY_VPIDR_EL2), 0x413fd0c1);
    test_free(vcpu);
}

static void test_every_register_moves_with_the_vcpu(void **unused)
{
    struct seeded random;

    (void)unused;
    seeded_start(&random, "context: move");
    for (unsigned bits = 0; bits < 8; bits++) {
        struct machine machine = {(bits & 1U) != 0U, (bits & 2U) != 0U, (bits & 4U) != 0U};
        machine_make(machine);
        for (unsigned round = 0; round < 50; round++) {
            check_move(&random, machine);
        }
    }
}

/* ---- which registers are touched at all ---- */

static bool touched[SYSREG_KEYS];

static uint64_t note_read(uint32_t key, void *context)
{
    (void)context;
    touched[key] = true;
    return host_sysreg_get(host_cpu(), key);
}

static void note_write(uint32_t key, uint64_t value, void *context)
{
    (void)context;
    touched[key] = true;
    host_sysreg_set(host_cpu(), key, value);
}

static void expect(bool *wanted, const uint32_t *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        wanted[keys[i]] = true;
    }
}

static void check_touched(struct machine machine)
{
    static bool wanted[SYSREG_KEYS];
    struct vcpu *vcpu = vcpu_make();

    memset(touched, 0, sizeof(touched));
    memset(wanted, 0, sizeof(wanted));
    for (uint32_t key = 0; key < SYSREG_KEYS; key++) {
        host_sysreg_hook(key, note_read, note_write, NULL);
    }
    guest_registers_load(vcpu, 0x1000);
    guest_registers_put(vcpu);
    expect(wanted, always, ARRAY_SIZE(always));
    expect(wanted, own, ARRAY_SIZE(own));
    expect(wanted, pauth, machine.pauth ? ARRAY_SIZE(pauth) : 0);
    expect(wanted, scxtnum, machine.scxtnum ? ARRAY_SIZE(scxtnum) : 0);
    expect(wanted, ras, machine.ras ? ARRAY_SIZE(ras) : 0);
    wanted[KEY_VSESR_EL2] = machine.ras;
    for (uint32_t key = 0; key < SYSREG_KEYS; key++) {
        if (touched[key] && !wanted[key]) {
            fail_msg("a register that this CPU lacks or nobody asked for, key %#x, was touched", key);
        }
    }
    test_free(vcpu);
}

static void test_what_the_cpu_lacks_is_not_touched(void **unused)
{
    (void)unused;
    for (unsigned bits = 0; bits < 8; bits++) {
        struct machine machine = {(bits & 1U) != 0U, (bits & 2U) != 0U, (bits & 4U) != 0U};
        machine_make(machine);
        check_touched(machine);
    }
}

/* One CPU of two has RAS: the guest may have deferred an SError there, and the other CPU must survive it. */
static void test_ras_on_one_cpu_only(void **unused)
{
    struct vcpu *vcpu;

    (void)unused;
    machine_make((struct machine){.ras = true});
    host_sysreg_set(1, KEY_ID_AA64PFR0_EL1, 0x01000022);
    vcpu = vcpu_make();
    host_cpu_select(1);
    host_sysreg_set(1, KEY_VDISR_EL2, 77);
    guest_registers_load(vcpu, 0x1000);
    assert_int_equal(host_sysreg_get(1, KEY_VDISR_EL2), 77);
    host_cpu_select(0);
    host_sysreg_set(0, KEY_VDISR_EL2, 77);
    guest_registers_load(vcpu, 0x1000);
    assert_int_equal(host_sysreg_get(0, KEY_VDISR_EL2), 0);
    test_free(vcpu);
}

static void test_reset_values(void **unused)
{
    struct vcpu *vcpu;

    (void)unused;
    machine_make((struct machine){0});
    vcpu = vcpu_make();
    assert_int_equal(vcpu->context.el1.sctlr, 0x30d00800); /* MMU and caches off, RES1 of Armv8.0 */
    assert_int_equal(vcpu->context.el1.cpacr, 0);
    assert_int_equal(vcpu->context.debug.oslock, 1);
    assert_int_equal(vcpu->context.debug.mdscr_el1, 0);
    context_load(vcpu, 0);
    assert_int_equal(host_sysreg_get(0, KEY_SCTLR_EL1), 0x30d00800);
    assert_int_equal(host_sysreg_get(0, KEY_TCR_EL1), 0);
    assert_int_equal(host_sysreg_get(0, KEY_MDSCR_EL1), 0);
    test_free(vcpu);
}

/* ---- HCR_EL2 and a virtual SError ---- */

static void test_a_pending_serror_stays_with_its_vcpu(void **unused)
{
    struct vcpu *a, *b;

    (void)unused;
    machine_make((struct machine){.ras = true});
    a = vcpu_make();
    b = vcpu_make();
    a->context.hcr = guest_registers_hcr() | BIT(8);
    a->context.vsesr = 0x123;
    b->context.hcr = guest_registers_hcr();
    guest_registers_load(a, 0x1000);
    assert_int_equal(host_sysreg_get(0, KEY_HCR_EL2), guest_registers_hcr() | BIT(8));
    assert_int_equal(host_sysreg_get(0, KEY_VSESR_EL2), 0x123);
    guest_registers_put(a);
    guest_registers_load(b, 0x2000);
    assert_int_equal(host_sysreg_get(0, KEY_HCR_EL2), guest_registers_hcr());
    guest_registers_put(b);
    guest_registers_load(a, 0x1000);
    host_sysreg_set(0, KEY_HCR_EL2, guest_registers_hcr()); /* taken by the guest */
    guest_registers_put(a);
    assert_int_equal(a->context.hcr, guest_registers_hcr());
    test_free(a);
    test_free(b);
}

/* DDI 0487, D19.2.48: bits by feature. */
static void test_hcr_closes_what_is_hidden(void **unused)
{
    uint64_t hcr;

    (void)unused;
    machine_make((struct machine){0});
    hcr = guest_registers_hcr();
    assert_int_equal(hcr & (BIT(0) | BIT(3) | BIT(4) | BIT(5) | BIT(9) | BIT(10) | BIT(16) | BIT(18) | BIT(19) |
                            BIT(20) | BIT(21) | BIT(22) | BIT(31)),
                     BIT(0) | BIT(3) | BIT(4) | BIT(5) | BIT(9) | BIT(10) | BIT(16) | BIT(18) | BIT(19) | BIT(20) |
                         BIT(21) | BIT(22) | BIT(31));
    assert_int_equal(hcr & (BIT(27) | BIT(34) | BIT(35) | BIT(36) | BIT(40) | BIT(41) | BIT(53) | BIT(58) | BIT(17)),
                     0);
    machine_make((struct machine){true, true, true});
    assert_int_equal(guest_registers_hcr() & (BIT(36) | BIT(40) | BIT(41) | BIT(53)),
                     BIT(36) | BIT(40) | BIT(41) | BIT(53));
    host_sysreg_set(1, KEY_CTR_EL0, 0x84448003);
    host_sysreg_set(1, KEY_ID_AA64MMFR1_EL1, 0x10000); /* LORegions on one CPU only */
    host_cpu_select(1);
    features_collect(1);
    features_combine();
    guest_registers_prepare();
    assert_int_equal(guest_registers_hcr() & (BIT(17) | BIT(35)), BIT(17) | BIT(35));
}

/* ---- a CPU's own control registers ---- */

static void test_cpu_init_closes_what_this_cpu_has(void **unused)
{
    (void)unused;
    machine_make((struct machine){0});
    host_sysreg_set(0, KEY_MPAM2_EL2, 5);
    host_sysreg_set(0, KEY_CPTR_EL2, BIT(10));
    vcpu_cpu_init();
    assert_int_equal(host_sysreg_get(0, KEY_MDCR_EL2), BIT(9) | BIT(10) | BIT(11)); /* TDA, TDOSA, TDRA */
    assert_int_equal(host_sysreg_get(0, KEY_CPTR_EL2), 0x33ff | BIT(20));           /* RES1, TZ, TTA; TFP clear */
    assert_int_equal(host_sysreg_get(0, KEY_MPAM2_EL2), 5);

    /* PMU with 6 counters, SPE, trace filter; AMU; MPAM with virtual partitions. */
    host_sysreg_set(0, KEY_ID_AA64DFR0_EL1, 0x10110305406 | 0x100000000);
    host_sysreg_set(0, KEY_ID_AA64PFR0_EL1, 0x01000022 | BIT(44) | BIT(40));
    host_sysreg_set(0, KEY_PMCR_EL0, 6 << 11);
    host_sysreg_set(0, KEY_MPAMIDR_EL1, BIT(17));
    vcpu_cpu_init();
    assert_int_equal(host_sysreg_get(0, KEY_MDCR_EL2),
                     BIT(5) | BIT(6) | BIT(9) | BIT(10) | BIT(11) | BIT(14) | BIT(19) | 6);
    assert_int_equal(host_sysreg_get(0, KEY_CPTR_EL2), 0x33ff | BIT(20) | BIT(30));
    assert_int_equal(host_sysreg_get(0, KEY_MPAM2_EL2), BIT(48) | BIT(49));
    assert_int_equal(host_sysreg_get(0, KEY_MPAMHCR_EL2), BIT(31));
}

static void test_wfi_trap_follows_what_is_wanted(void **unused)
{
    struct vcpu *vcpu;

    (void)unused;
    machine_make((struct machine){0});
    vcpu = vcpu_make();
    vcpu->context.hcr = guest_registers_hcr();
    guest_registers_load(vcpu, 0x1000);
    guest_registers_trap_wfi(vcpu, true);
    assert_int_equal(host_sysreg_get(0, KEY_HCR_EL2), guest_registers_hcr() | BIT(13));
    guest_registers_trap_wfi(vcpu, false);
    assert_int_equal(host_sysreg_get(0, KEY_HCR_EL2), guest_registers_hcr() & ~BIT(13));
    test_free(vcpu);
}

/* ---- debug ---- */

static void test_break_and_watchpoints_only_in_use(void **unused)
{
    struct vcpu *vcpu;

    (void)unused;
    machine_make((struct machine){0});
    vcpu = vcpu_make();
    vcpu->context.debug.oslock = 0;
    vcpu->context.debug.mdscr_el1 = BIT(12) | BIT(13); /* TDCC, KDE: nothing that needs the rest */
    vcpu->context.debug.bvr[5] = 0x1000;
    vcpu->context.debug.bcr[5] = 0x1e5;
    host_sysreg_set(0, KEY_DBGBCR5_EL1, 0x55);
    context_load(vcpu, 0);
    assert_int_equal(host_sysreg_get(0, KEY_MDSCR_EL1), 0);
    assert_int_equal(host_sysreg_get(0, KEY_DBGBCR5_EL1), 0x55);
    vcpu->context.debug.mdscr_el1 = ~0ULL;
    vcpu->context.debug.wvr[3] = 0x2000;
    vcpu->context.debug.wcr[3] = 0x1ff9;
    context_load(vcpu, 0);
    assert_int_equal(host_sysreg_get(0, KEY_MDSCR_EL1), BIT(0) | BIT(13) | BIT(15));
    assert_int_equal(host_sysreg_get(0, KEY_DBGBVR5_EL1), 0x1000);
    assert_int_equal(host_sysreg_get(0, KEY_DBGBCR5_EL1), 0x1e5);
    assert_int_equal(host_sysreg_get(0, KEY_DBGWVR3_EL1), 0x2000);
    assert_int_equal(host_sysreg_get(0, KEY_DBGWCR3_EL1), 0x1ff9);
    vcpu->context.debug.oslock = 1;
    context_load(vcpu, 0);
    assert_int_equal(host_sysreg_get(0, KEY_MDSCR_EL1), 0);
    test_free(vcpu);
}

/* 6 break- and 4 watchpoints: the others don't exist and a write would be UNDEFINED. */
static void test_points_beyond_the_cpus_are_left_alone(void **unused)
{
    struct vcpu *vcpu;

    (void)unused;
    machine_make((struct machine){0});
    vcpu = vcpu_make();
    vcpu->context.debug.oslock = 0;
    vcpu->context.debug.mdscr_el1 = BIT(15);
    memset(touched, 0, sizeof(touched));
    for (uint32_t key = 0; key < SYSREG_KEY(2, 0, 1, 0, 0); key++) {
        host_sysreg_hook(key, note_read, note_write, NULL);
    }
    debug_registers_init();
    debug_registers_load(&vcpu->context.debug);
    for (unsigned bank = 0; bank < DEBUG_BANKS; bank++) {
        debug_register_load(&vcpu->context.debug, (enum debug_bank)bank, 15);
    }
    for (uint32_t n = 0; n < 16; n++) {
        assert_int_equal(touched[SYSREG_KEY(2, 0, 0, n, 4)], n < 6);
        assert_int_equal(touched[SYSREG_KEY(2, 0, 0, n, 5)], n < 6);
        assert_int_equal(touched[SYSREG_KEY(2, 0, 0, n, 6)], n < 4);
        assert_int_equal(touched[SYSREG_KEY(2, 0, 0, n, 7)], n < 4);
    }
    test_free(vcpu);
}

static void test_bring_up_clears_what_firmware_left(void **unused)
{
    (void)unused;
    machine_make((struct machine){0});
    host_sysreg_set(0, KEY_DBGBCR5_EL1, 0x1e5);
    host_sysreg_set(0, KEY_DBGWCR0_EL1, 0x1ff9);
    host_sysreg_set(0, KEY_MDSCR_EL1, ~0ULL);
    host_sysreg_set(0, KEY_OSLAR_EL1, 1);
    host_sysreg_set(0, KEY_OSDLR_EL1, 1);
    debug_registers_init();
    assert_int_equal(host_sysreg_get(0, KEY_DBGBCR5_EL1), 0);
    assert_int_equal(host_sysreg_get(0, KEY_DBGWCR0_EL1), 0);
    assert_int_equal(host_sysreg_get(0, KEY_MDSCR_EL1), 0);
    assert_int_equal(host_sysreg_get(0, KEY_OSLAR_EL1), 0);
    assert_int_equal(host_sysreg_get(0, KEY_OSDLR_EL1), 0);
}

/* ---- the order that errata 1319367 and 1319537 want; the last test, as an erratum once seen stays ---- */

#define EPD (BIT(7) | BIT(23))

static uint64_t tcr_now, sctlr_now;
static bool order_broken;

static void watch_order(uint32_t key, uint64_t value, void *context)
{
    (void)context;
    tcr_now = key == KEY_TCR_EL1 ? value : tcr_now;
    sctlr_now = key == KEY_SCTLR_EL1 ? value : sctlr_now;
    if (key != KEY_TCR_EL1 && key != KEY_SCTLR_EL1 && ((tcr_now & EPD) != EPD || (sctlr_now & 1U) == 0U)) {
        order_broken = true;
    }
    host_sysreg_set(host_cpu(), key, value);
}

static void test_no_walk_while_translation_is_mixed(void **unused)
{
    static const uint32_t regime[] = {KEY_TTBR0_EL1, KEY_TTBR1_EL1, KEY_MAIR_EL1, KEY_AMAIR_EL1,
                                      KEY_VTTBR_EL2, KEY_TCR_EL1,   KEY_SCTLR_EL1};
    struct vcpu *vcpu;

    (void)unused;
    machine_make((struct machine){0});
    host_sysreg_set_all(KEY_MIDR_EL1, 0x410fd083); /* Cortex-A72 */
    errata_detect();
    for (unsigned i = 0; i < ARRAY_SIZE(regime); i++) {
        host_sysreg_hook(regime[i], NULL, watch_order, NULL);
    }
    for (unsigned mmu = 0; mmu < 2; mmu++) {
        vcpu = vcpu_make();
        vcpu->context.el1.sctlr |= mmu;
        vcpu->context.el1.tcr = 0x19;
        tcr_now = 0x10;
        sctlr_now = 1;
        order_broken = false;
        context_load(vcpu, 0x5000);
        assert_false(order_broken);
        assert_int_equal(tcr_now, 0x19);
        assert_int_equal(sctlr_now, 0x30d00800 | mmu);
        /* It leaves: nothing of its VM is left to walk by, and what it had is in memory. */
        context_save(vcpu);
        context_leave(vcpu);
        assert_false(order_broken);
        assert_int_equal(host_sysreg_get(0, KEY_VTTBR_EL2), 0);
        assert_int_equal(tcr_now & EPD, EPD);
        assert_int_equal(sctlr_now & 1U, 1);
        assert_int_equal(vcpu->context.el1.tcr, 0x19);
        assert_int_equal(vcpu->context.el1.sctlr, 0x30d00800 | mmu);
        test_free(vcpu);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_register_moves_with_the_vcpu),
        cmocka_unit_test(test_what_the_cpu_lacks_is_not_touched),
        cmocka_unit_test(test_ras_on_one_cpu_only),
        cmocka_unit_test(test_reset_values),
        cmocka_unit_test(test_a_pending_serror_stays_with_its_vcpu),
        cmocka_unit_test(test_hcr_closes_what_is_hidden),
        cmocka_unit_test(test_cpu_init_closes_what_this_cpu_has),
        cmocka_unit_test(test_wfi_trap_follows_what_is_wanted),
        cmocka_unit_test(test_break_and_watchpoints_only_in_use),
        cmocka_unit_test(test_points_beyond_the_cpus_are_left_alone),
        cmocka_unit_test(test_bring_up_clears_what_firmware_left),
        cmocka_unit_test(test_no_walk_while_translation_is_mixed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
