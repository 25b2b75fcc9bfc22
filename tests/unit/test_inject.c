/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions given to EL1 against AArch64.TakeException() of DDI 0487 (J1.1), written here over a PSTATE in parts, for every state
 * that a guest can be in.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "arch/sysreg.h"
#include "cpu/features.h"
#include "lib/bits.h"
#include "seeded.h"
#include "trap/inject.h"
#include "vm/vcpu.h"

struct machine {
    bool pan, ssbs, mte, ras;
};

static void machine_make(struct machine machine)
{
    host_reset();
    host_sysreg_set_all(KEY_ID_AA64PFR0_EL1, 0x01000022 | (machine.ras ? BIT(28) : 0U));
    host_sysreg_set_all(KEY_ID_AA64PFR1_EL1, (machine.ssbs ? BIT(4) : 0U) | (machine.mte ? BIT(8) : 0U));
    host_sysreg_set_all(KEY_ID_AA64MMFR1_EL1, machine.pan ? BIT(20) : 0U);
    features_collect(0);
    features_combine();
}

/* An exception to AArch64 EL1: where it goes and with which PSTATE. */
struct entry {
    uint64_t pc, pstate;
};

static struct entry model_take(uint64_t spsr, uint64_t sctlr, uint64_t vbar, struct machine machine)
{
    bool aarch32 = (spsr >> 4 & 1U) != 0U;
    unsigned el = aarch32 ? 0U : (unsigned)(spsr >> 2 & 3U);
    unsigned sp = (unsigned)(spsr & 1U);
    uint64_t nzcv = spsr >> 28 & 15U, dit = spsr >> 24 & 1U, pan = spsr >> 22 & 1U;
    uint64_t ssbs = machine.ssbs ? sctlr >> 44 & 1U : 0U;
    uint64_t offset;

    if (el == 0U) {
        offset = aarch32 ? 0x600U : 0x400U;
    } else {
        offset = sp == 0U ? 0U : 0x200U;
    }
    if (machine.pan && (sctlr >> 23 & 1U) == 0U) {
        pan = 1;
    }
    pan = machine.pan ? pan : 0U;
    return (struct entry){
        .pc = vbar + offset,
        .pstate = nzcv << 28 | (machine.mte ? BIT(25) : 0U) | dit << 24 | pan << 22 | ssbs << 12 | 0xfU << 6 | 5U,
    };
}

/* Where guests are: EL0 and EL1 in AArch64, EL0 in AArch32 (mode 0x10), with all the flags. */
static uint64_t any_spsr(struct seeded *random)
{
    static const uint64_t modes[] = {0x0, 0x4, 0x5, 0x10};

    return (seeded_next(random) & 0xffffffe0U) | modes[seeded_below(random, ARRAY_SIZE(modes))];
}

struct before {
    struct trap_frame frame;
    uint64_t sctlr, vbar;
};

static struct before prepare(struct seeded *random)
{
    struct before before = {.sctlr = seeded_next(random), .vbar = seeded_next(random) & ~0x7ffULL};

    for (unsigned i = 0; i < 31; i++) {
        before.frame.x[i] = seeded_next(random);
    }
    before.frame.elr = seeded_next(random);
    before.frame.spsr = any_spsr(random);
    host_sysreg_set_all(KEY_SCTLR_EL1, before.sctlr);
    host_sysreg_set_all(KEY_VBAR_EL1, before.vbar);
    host_sysreg_set_all(KEY_FAR_EL1, 0xfafafafa);
    return before;
}

static void check(const struct before *before, const struct trap_frame *after, struct machine machine, uint64_t esr)
{
    struct entry entry = model_take(before->frame.spsr, before->sctlr, before->vbar, machine);

    assert_int_equal(after->elr, entry.pc);
    if (after->spsr != entry.pstate) {
        fail_msg("PSTATE from %#llx: %#llx, wanted %#llx", (unsigned long long)before->frame.spsr,
                 (unsigned long long)after->spsr, (unsigned long long)entry.pstate);
    }
    assert_int_equal(host_sysreg_get(0, KEY_ELR_EL1), before->frame.elr);
    assert_int_equal(host_sysreg_get(0, KEY_SPSR_EL1), before->frame.spsr);
    assert_int_equal(host_sysreg_get(0, KEY_ESR_EL1), esr);
    assert_memory_equal(before->frame.x, after->x, sizeof(after->x));
}

static bool from_el0(const struct before *before)
{
    return (before->frame.spsr & 0xfU) == 0U;
}

static void check_round(struct seeded *random, struct machine machine)
{
    struct before before = prepare(random);
    struct trap_frame frame = before.frame;
    uint64_t va = seeded_next(random), lower = from_el0(&before) ? 0U : 1U;
    uint64_t iss = seeded_below(random, BIT(26));
    unsigned level = (unsigned)seeded_below(random, 4);

    inject_undefined(&frame);
    check(&before, &frame, machine, BIT(25));
    assert_int_equal(host_sysreg_get(0, KEY_FAR_EL1), 0xfafafafa);

    frame = before.frame;
    inject_synchronous(&frame, 0x18, 0xffffffffULL << 26 | iss);
    check(&before, &frame, machine, 0x18ULL << 26 | iss);

    frame = before.frame;
    inject_external_data_abort(&frame, va, (iss & 1U) != 0U, -1);
    check(&before, &frame, machine, (0x24 + lower) << 26 | BIT(25) | (iss & 1U) << 6 | 0x10);
    assert_int_equal(host_sysreg_get(0, KEY_FAR_EL1), va);

    frame = before.frame;
    inject_external_instruction_abort(&frame, ~va, -1);
    check(&before, &frame, machine, (0x20 + lower) << 26 | BIT(25) | 0x10);
    assert_int_equal(host_sysreg_get(0, KEY_FAR_EL1), ~va);

    frame = before.frame;
    inject_external_data_abort(&frame, va, false, (int)level);
    check(&before, &frame, machine, (0x24 + lower) << 26 | BIT(25) | 0x14 | level);
}

static void test_exceptions_arrive_as_from_hardware(void **unused)
{
    struct seeded random;

    (void)unused;
    seeded_start(&random, "inject");
    for (unsigned bits = 0; bits < 8; bits++) {
        struct machine machine = {.pan = (bits & 1U) != 0U, .ssbs = (bits & 2U) != 0U, .mte = (bits & 4U) != 0U};
        machine_make(machine);
        for (unsigned round = 0; round < 2000; round++) {
            check_round(&random, machine);
        }
    }
}

static uint64_t refuse_read(uint32_t key, void *context)
{
    (void)key;
    (void)context;
    host_fail("VSESR_EL2 was touched on a CPU without RAS");
}

static void refuse_write(uint32_t key, uint64_t value, void *context)
{
    (void)value;
    (void)refuse_read(key, context);
}

static void test_serror_is_pending_with_its_syndrome(void **unused)
{
    struct vcpu *vcpu = test_calloc(1, sizeof(*vcpu));

    (void)unused;
    machine_make((struct machine){.ras = true});
    host_sysreg_set(0, KEY_HCR_EL2, 0x80000001);
    inject_serror(vcpu, 0x1000011);
    assert_int_equal(host_sysreg_get(0, KEY_HCR_EL2), 0x80000101);
    assert_int_equal(host_sysreg_get(0, KEY_VSESR_EL2), 0x1000011);
    assert_int_equal(vcpu->context.vsesr, 0x1000011);

    machine_make((struct machine){0});
    host_sysreg_hook(KEY_VSESR_EL2, refuse_read, refuse_write, NULL);
    inject_serror(vcpu, 0);
    assert_int_equal(host_sysreg_get(0, KEY_HCR_EL2), BIT(8));
    test_free(vcpu);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exceptions_arrive_as_from_hardware),
        cmocka_unit_test(test_serror_is_pending_with_its_syndrome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
