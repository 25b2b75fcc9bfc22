/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a guest's MRS, MSR and DC by set/way do once they have trapped: every encoding of op0 2 and 3 against a list of those that are
 * served, ID registers, the debug registers, and set/way maintenance over the cache model.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/cache.h"
#include "arch/host/host_model.h"
#include "arch/phys.h"
#include "arch/sysreg.h"
#include "cpu/features.h"
#include "lib/bits.h"
#include "mem/guest_memory.h"
#include "mem/page_alloc.h"
#include "seeded.h"
#include "trap/set_way.h"
#include "trap/sysreg_debug.h"
#include "trap/sysreg_id.h"
#include "trap/trap_sysreg.h"
#include "vm/debug_registers.h"
#include "vm/vcpu.h"

#define EL0 0U
#define EL1H 5U
#define PC 0xffff800080012340ULL
#define VBAR 0xffff800080010800ULL
#define READ true
#define WRITE false
#define HCR_TVM BIT(26)
#define SCTLR_ON 0x30d01805ULL /* M, C, I */
#define SCTLR_OFF 0x30d00800ULL

struct encoding {
    unsigned op0, op1, crn, crm, op2;
};

static struct vm vm;
static struct vcpu vcpu;
static struct trap_frame frame;

static int set_up(void **state)
{
    (void)state;
    host_reset();
    host_sysreg_set_all(KEY_ID_AA64PFR0_EL1, 0x1100000011112222ULL);
    host_sysreg_set_all(KEY_ID_AA64DFR0_EL1, 0x10305408); /* 6 breakpoints, 4 watchpoints, a PMU */
    features_collect(0);
    features_combine();
    features_guest_prepare(40);
    memset(&vm, 0, sizeof(vm));
    memset(&vcpu, 0, sizeof(vcpu));
    memset(&frame, 0, sizeof(frame));
    context_reset(&vcpu);
    vcpu.vm = &vm;
    vcpu.frame = &frame;
    host_sysreg_set_all(KEY_VBAR_EL1, VBAR);
    return 0;
}

static int set_up_group(void **state)
{
    sysreg_id_init();
    sysreg_debug_init();
    set_way_init();
    return set_up(state);
}

static uint64_t syndrome(struct encoding e, unsigned rt, bool read)
{
    return 0x18ULL << 26 | BIT(25) | (uint64_t)e.op0 << 20 | (uint64_t)e.op2 << 17 | (uint64_t)e.op1 << 14 |
           (uint64_t)e.crn << 10 | (uint64_t)rt << 5 | (uint64_t)e.crm << 1 | (read ? 1U : 0U);
}

static void execute(struct encoding e, unsigned rt, bool read, uint64_t spsr)
{
    frame.elr = PC;
    frame.spsr = spsr;
    trap_sysreg(&vcpu, &frame, syndrome(e, rt, read));
}

static bool was_undefined(void)
{
    return frame.elr == VBAR + 0x200 && host_sysreg_get(0, KEY_ESR_EL1) == BIT(25) &&
           host_sysreg_get(0, KEY_ELR_EL1) == PC;
}

static uint64_t read_register(struct encoding e)
{
    frame.x[9] = 0xabababababababab;
    execute(e, 9, READ, EL1H);
    assert_int_equal(frame.elr, PC + 4);
    assert_int_equal(frame.spsr, EL1H);
    return frame.x[9];
}

static void write_register(struct encoding e, uint64_t value)
{
    frame.x[9] = value;
    execute(e, 9, WRITE, EL1H);
    assert_int_equal(frame.elr, PC + 4);
    assert_int_equal(frame.x[9], value);
}

/* ---- every encoding ---- */

#define R 1U
#define W 2U

static unsigned access_debug(struct encoding e)
{
    if (e.op1 == 0 && e.crn == 0 && e.op2 >= 4) {
        return e.crm < (e.op2 <= 5 ? 6U : 4U) ? R | W : 0U; /* DBGBVR, BCR, WVR, WCR */
    }
    if (e.op1 == 0 && e.crn == 0) {
        bool there = (e.crm == 0 && e.op2 == 2) || (e.crm == 2 && e.op2 == 0) || (e.crm == 2 && e.op2 == 2) ||
                     (e.crm == 3 && e.op2 == 2) || (e.crm == 6 && e.op2 == 2);
        return there ? R | W : 0U; /* OSDTRRX, MDCCINT, MDSCR, OSDTRTX, OSECCR */
    }
    if (e.op1 == 0 && e.crn == 1) {
        static const struct {
            unsigned crm, op2, access;
        } one[] = {{0, 0, R}, {0, 4, W}, {1, 4, R}, {3, 4, R | W}, {4, 4, R | W}}; /* MDRAR OSLAR OSLSR OSDLR DBGPRCR */
        for (unsigned i = 0; i < ARRAY_SIZE(one); i++) {
            if (e.crm == one[i].crm && e.op2 == one[i].op2) {
                return one[i].access;
            }
        }
        return 0;
    }
    if (e.op1 == 0 && e.crn == 7 && e.op2 == 6) {
        return e.crm == 8 || e.crm == 9 ? R | W : (e.crm == 14 ? R : 0U); /* DBGCLAIMSET, CLR, DBGAUTHSTATUS */
    }
    if (e.op1 == 3 && e.crn == 0 && e.op2 == 0) {
        return e.crm == 1 ? R : (e.crm == 4 || e.crm == 5 ? R | W : 0U); /* MDCCSR, DBGDTR, DBGDTRRX and TX */
    }
    return 0;
}

static bool same(struct encoding e, unsigned op1, unsigned crn, unsigned crm, unsigned op2)
{
    return e.op1 == op1 && e.crn == crn && e.crm == crm && e.op2 == op2;
}

static unsigned access_wanted(struct encoding e)
{
    static const uint8_t tvm[][3] = {{1, 0, 0}, {2, 0, 0}, {2, 0, 1},  {2, 0, 2},  {5, 1, 0}, {5, 1, 1},
                                     {5, 2, 0}, {6, 0, 0}, {10, 2, 0}, {10, 3, 0}, {13, 0, 1}};

    if (e.op0 == 2) {
        return access_debug(e);
    }
    if (e.op1 == 0 && e.crn == 0 && e.crm >= 1 && e.crm <= 7) {
        return R;
    }
    if (same(e, 0, 0, 0, 6) || same(e, 1, 0, 0, 7) || same(e, 1, 0, 0, 0) || same(e, 1, 0, 0, 1) ||
        same(e, 3, 0, 0, 1)) {
        return R; /* REVIDR, AIDR, CCSIDR, CLIDR, CTR */
    }
    if (same(e, 2, 0, 0, 0) || same(e, 0, 1, 0, 1)) {
        return R | W; /* CSSELR, ACTLR */
    }
    for (unsigned i = 0; e.op1 == 0 && i < ARRAY_SIZE(tvm); i++) {
        if (e.crn == tvm[i][0] && e.crm == tvm[i][1] && e.op2 == tvm[i][2]) {
            return W; /* what HCR_EL2.TVM traps */
        }
    }
    return 0;
}

static void check_encoding(struct encoding e, unsigned access, bool read)
{
    host_sysreg_set_all(KEY_ESR_EL1, 0);
    frame.x[3] = 0x5555;
    execute(e, 3, read, EL1H);
    if ((access & (read ? R : W)) != 0U) {
        if (frame.elr != PC + 4) {
            fail_msg("S%u_%u_C%u_C%u_%u %s is not served", e.op0, e.op1, e.crn, e.crm, e.op2, read ? "read" : "write");
        }
    } else if (!was_undefined()) {
        fail_msg("S%u_%u_C%u_C%u_%u %s is not UNDEFINED", e.op0, e.op1, e.crn, e.crm, e.op2, read ? "read" : "write");
    }
}

static void test_every_encoding(void **unused)
{
    (void)unused;
    for (unsigned n = 0; n < 2 * 16384; n++) {
        struct encoding e = {2 + (n >> 14), n >> 11 & 7, n >> 7 & 15, n >> 3 & 15, n & 7};
        /* DC by set and way has op0 = 1 and shares these rows; op0 = 3 has nothing there, and nothing that traps. */
        bool shared = e.op0 == 3 && e.crn == 7;
        if (!shared) {
            check_encoding(e, access_wanted(e), READ);
            check_encoding(e, access_wanted(e), WRITE);
        }
    }
}

static void test_other_instructions_are_undefined(void **unused)
{
    (void)unused;
    for (unsigned n = 0; n < 2 * 16384; n++) {
        struct encoding e = {n >> 14, n >> 11 & 7, n >> 7 & 15, n >> 3 & 15, n & 7};
        bool set_way =
            e.op0 == 1 && e.op1 == 0 && e.crn == 7 && e.op2 == 2 && (e.crm == 6 || e.crm == 10 || e.crm == 14);
        if (!set_way) {
            check_encoding(e, 0, READ);
            check_encoding(e, 0, WRITE);
        }
    }
}

static void test_zero_register(void **unused)
{
    (void)unused;
    struct trap_frame before;

    memset(frame.x, 0x77, sizeof(frame.x));
    frame.owner = 0x1234;
    before = frame;
    execute((struct encoding){3, 0, 0, 4, 0}, 31, READ, EL1H);
    assert_int_equal(frame.elr, PC + 4);
    assert_memory_equal(frame.x, before.x, sizeof(frame.x));
    assert_int_equal(frame.owner, 0x1234);
    write_register((struct encoding){2, 0, 0, 2, 2}, BIT(15));
    execute((struct encoding){2, 0, 0, 2, 2}, 31, WRITE, EL1H); /* MSR MDSCR_EL1, XZR */
    assert_int_equal(vcpu.context.debug.mdscr_el1, 0);
}

static void test_identity(void **unused)
{
    (void)unused;
    assert_int_equal(read_register((struct encoding){3, 0, 0, 4, 0}), 0x1100000001110012ULL);
    assert_int_equal(read_register((struct encoding){3, 0, 0, 5, 0}), 0xf010305008ULL | 0);
    for (unsigned crm = 1; crm <= 7; crm++) {
        for (unsigned op2 = 0; op2 < 8; op2++) {
            uint64_t wanted = features_guest_id(SYSREG_KEY(3, 0, 0, crm, op2));
            assert_int_equal(read_register((struct encoding){3, 0, 0, crm, op2}), wanted);
        }
    }
    host_sysreg_set_all(KEY_ACTLR_EL1, 0xff);
    write_register((struct encoding){3, 0, 1, 0, 1}, ~0ULL);
    assert_int_equal(read_register((struct encoding){3, 0, 1, 0, 1}), 0);
    assert_int_equal(host_sysreg_get(0, KEY_ACTLR_EL1), 0xff);
    write_register((struct encoding){3, 2, 0, 0, 0}, 3);
    assert_int_equal(read_register((struct encoding){3, 2, 0, 0, 0}), 3);
    assert_int_equal(read_register((struct encoding){3, 3, 0, 0, 1}), 0x84448004);
}

/* ---- debug ---- */

static const struct encoding mdscr = {2, 0, 0, 2, 2}, oslar = {2, 0, 1, 0, 4}, oslsr = {2, 0, 1, 1, 4};

static void test_mdscr_is_virtual(void **unused)
{
    const uint64_t software = BIT(0) | BIT(12) | BIT(13) | BIT(15);
    const uint64_t external = BIT(6) | BIT(14) | BIT(21) | BIT(22) | BIT(23) | BIT(26) | BIT(27) | BIT(29) | BIT(30);

    (void)unused;
    write_register(mdscr, ~0ULL); /* OS lock on after reset: an external debugger's fields can be restored */
    assert_int_equal(read_register(mdscr), software | external);
    assert_int_equal(host_sysreg_get(0, KEY_MDSCR_EL1), 0);
    write_register(oslar, 0);
    assert_int_equal(host_sysreg_get(0, KEY_MDSCR_EL1), BIT(0) | BIT(13) | BIT(15)); /* TDCC never */
    write_register(mdscr, 0);
    assert_int_equal(read_register(mdscr), external);
    write_register(mdscr, BIT(12));
    assert_int_equal(read_register(mdscr), external | BIT(12));
    assert_int_equal(host_sysreg_get(0, KEY_MDSCR_EL1), 0);
}

static void test_os_lock(void **unused)
{
    (void)unused;
    assert_int_equal(read_register(oslsr), 0xa);
    write_register(oslar, 0);
    assert_int_equal(read_register(oslsr), 0x8);
    write_register(mdscr, BIT(15));
    assert_int_equal(host_sysreg_get(0, KEY_MDSCR_EL1), BIT(15));
    write_register(oslar, 3);
    assert_int_equal(read_register(oslsr), 0xa);
    assert_int_equal(host_sysreg_get(0, KEY_MDSCR_EL1), 0);
    assert_int_equal(host_sysreg_get(0, KEY_OSLAR_EL1), 0); /* the hardware's own lock stays open */
}

static void test_break_and_watchpoints(void **unused)
{
    (void)unused;
    /* Kept while nothing is enabled... */
    write_register((struct encoding){2, 0, 0, 5, 4}, 0xffff800081234567ULL);
    write_register((struct encoding){2, 0, 0, 5, 5}, ~0ULL);
    write_register((struct encoding){2, 0, 0, 3, 6}, 0x1007);
    write_register((struct encoding){2, 0, 0, 3, 7}, ~0ULL);
    assert_int_equal(host_sysreg_get(0, KEY_DBGBCR5_EL1), 0);
    assert_int_equal(read_register((struct encoding){2, 0, 0, 5, 4}), 0xffff800081234567ULL);
    assert_int_equal(read_register((struct encoding){2, 0, 0, 5, 5}), 0x00ffe1e7);
    assert_int_equal(read_register((struct encoding){2, 0, 0, 3, 6}), 0x1004);
    assert_int_equal(read_register((struct encoding){2, 0, 0, 3, 7}), 0x1f1fffff & ~0xe00000ULL);
    /* ...in the hardware from the moment they count... */
    write_register(oslar, 0);
    write_register(mdscr, BIT(15));
    assert_int_equal(host_sysreg_get(0, KEY_DBGBVR5_EL1), 0xffff800081234567ULL);
    assert_int_equal(host_sysreg_get(0, KEY_DBGWVR3_EL1), 0x1004);
    /* ...and at once from then on. A match on what only EL2 has (BT 0b1xxx) is not enabled. */
    write_register((struct encoding){2, 0, 0, 0, 5}, 0x1e5);
    assert_int_equal(host_sysreg_get(0, KEY_DBGBCR0_EL1), 0x1e5);
    write_register((struct encoding){2, 0, 0, 0, 5}, 0x8001e5);
    assert_int_equal(host_sysreg_get(0, KEY_DBGBCR0_EL1), 0x8001e4);
    assert_int_equal(read_register((struct encoding){2, 0, 0, 0, 5}), 0x8001e5);
}

static void test_claim_tags(void **unused)
{
    const struct encoding set = {2, 0, 7, 8, 6}, clear = {2, 0, 7, 9, 6};

    (void)unused;
    assert_int_equal(read_register(set), 0xff);
    assert_int_equal(read_register(clear), 0);
    write_register(set, 0xf0f);
    write_register(clear, 0x3);
    assert_int_equal(read_register(clear), 0x0c);
    assert_int_equal(read_register((struct encoding){2, 0, 7, 14, 6}), 0xa);
}

/* Linux's hvc_dcc probes the channel; a program at EL0 is sent to EL1 where the guest's own TDCC says so. */
static void test_debug_communications_channel(void **unused)
{
    const struct encoding status = {2, 3, 0, 1, 0}, data = {2, 3, 0, 5, 0};

    (void)unused;
    assert_int_equal(read_register(status), BIT(29));
    write_register(data, 'x');
    assert_int_equal(read_register(data), 0);
    execute(status, 4, READ, EL0);
    assert_int_equal(frame.elr, PC + 4);
    assert_int_equal(frame.x[4], BIT(29));

    write_register(mdscr, BIT(12));
    frame.x[4] = 0x4444;
    execute(status, 4, READ, EL0);
    assert_int_equal(frame.elr, VBAR + 0x400);
    assert_int_equal(frame.x[4], 0x4444);
    assert_int_equal(host_sysreg_get(0, KEY_ESR_EL1), syndrome(status, 4, READ));
    assert_int_equal(host_sysreg_get(0, KEY_ELR_EL1), PC);
    assert_int_equal(host_sysreg_get(0, KEY_SPSR_EL1), EL0);
    execute(data, 4, WRITE, EL0);
    assert_int_equal(host_sysreg_get(0, KEY_ESR_EL1), syndrome(data, 4, WRITE));
    assert_int_equal(read_register(status), BIT(29)); /* EL1 itself is not denied */
}

/* ---- AArch32 ---- */

static void test_coprocessor_accesses(void **unused)
{
    (void)unused;
    frame.elr = 0x8000;
    frame.spsr = 0x10;                                                     /* A32, Z clear */
    trap_coprocessor(&vcpu, &frame, 0x3ULL << 26 | BIT(25) | BIT(24) | 0); /* MCR, EQ: it would not execute */
    assert_int_equal(frame.elr, 0x8004);
    trap_coprocessor(&vcpu, &frame, 0x3ULL << 26 | BIT(25) | BIT(24) | 0xeULL << 20);
    assert_int_equal(frame.elr, VBAR + 0x600);
    assert_int_equal(host_sysreg_get(0, KEY_ELR_EL1), 0x8004);
    assert_int_equal(host_sysreg_get(0, KEY_ESR_EL1), BIT(25));
}

/* ---- set and way ---- */

#define POOL 0x80000000ULL
#define RAM 0x400000ULL

static const struct encoding dc_cisw = {1, 0, 7, 14, 2}, sctlr = {3, 0, 1, 0, 0};

static void ram_make(void)
{
    page_alloc_reset();
    host_phys_add(POOL, 0x2000000);
    assert_int_equal(page_alloc_add(pa_make(POOL), 0x2000000), STATUS_OK);
    assert_int_equal(guest_memory_create(&vm.memory, ipa_make(VM_RAM_BASE), RAM, OWNER_VM(0)), STATUS_OK);
    host_cache_enable();
}

/* Dirties lines all over RAM through the cache. */
static void dirty(struct seeded *random, uint8_t value)
{
    for (unsigned i = 0; i < 64; i++) {
        ipa_t ipa = ipa_make(VM_RAM_BASE + (i == 0 ? RAM - 1U : seeded_below(random, RAM)));
        assert_int_equal(guest_write(&vm.memory, ipa, &value, 1), STATUS_OK);
    }
}

/* Does memory, as an observer without caches sees it, hold what the caches hold? */
static bool coherent(void)
{
    for (unsigned e = 0; e < vm.memory.extent_count; e++) {
        const struct guest_extent *extent = &vm.memory.extents[e];
        const uint8_t *cached = phys_to_pointer(extent->pa);
        for (uint64_t i = 0; i < extent->size; i++) {
            if (host_cache_read_uncached(extent->pa + i) != cached[i]) {
                return false;
            }
        }
    }
    return true;
}

/* The guest executes the instruction until EL2 lets it go on; returns how often. */
static unsigned execute_to_the_end(struct encoding e, uint64_t value)
{
    unsigned times = 0;

    do {
        frame.x[2] = value;
        execute(e, 2, WRITE, EL1H | BIT(21));
        times++;
        assert_true(frame.elr == PC || frame.elr == PC + 4);
        assert_true(times < 1000);
    } while (frame.elr == PC);
    return times;
}

/* A boot loader: caches on, cleans by set and way, turns them off, cleans again; then a kernel that turns them on. */
static void test_set_way_makes_memory_coherent(void **unused)
{
    struct seeded random;

    (void)unused;
    seeded_start(&random, "set_way");
    ram_make();
    host_sysreg_set(0, KEY_SCTLR_EL1, SCTLR_ON);
    host_sysreg_set(0, KEY_HCR_EL2, 1);
    dirty(&random, 0x11);
    assert_false(coherent());
    assert_int_equal(execute_to_the_end(dc_cisw, 0), RAM / 0x80000);
    assert_true(coherent());
    assert_int_equal(host_sysreg_get(0, KEY_HCR_EL2), 1 | HCR_TVM);
    assert_int_equal(execute_to_the_end(dc_cisw, 2), 1); /* the rest of the walk costs nothing */

    dirty(&random, 0x22);
    assert_true(execute_to_the_end(sctlr, SCTLR_OFF) > 1);
    assert_true(coherent());
    assert_int_equal(host_sysreg_get(0, KEY_SCTLR_EL1), SCTLR_OFF);
    assert_int_equal(execute_to_the_end(sctlr, SCTLR_OFF | BIT(4)), 1);
    assert_int_equal(host_sysreg_get(0, KEY_SCTLR_EL1), SCTLR_OFF | BIT(4));

    assert_true(execute_to_the_end(sctlr, SCTLR_ON) > 1);
    assert_int_equal(host_sysreg_get(0, KEY_SCTLR_EL1), SCTLR_ON);
    assert_int_equal(host_sysreg_get(0, KEY_HCR_EL2), 1);
    guest_memory_destroy(&vm.memory);
}

static void test_while_tvm_traps_registers_are_written(void **unused)
{
    static const struct {
        struct encoding e;
        uint32_t key;
    } registers[] = {
        {{3, 0, 2, 0, 0}, KEY_TTBR0_EL1},       {{3, 0, 2, 0, 1}, KEY_TTBR1_EL1}, {{3, 0, 2, 0, 2}, KEY_TCR_EL1},
        {{3, 0, 5, 1, 0}, KEY_AFSR0_EL1},       {{3, 0, 5, 1, 1}, KEY_AFSR1_EL1}, {{3, 0, 5, 2, 0}, KEY_ESR_EL1},
        {{3, 0, 6, 0, 0}, KEY_FAR_EL1},         {{3, 0, 10, 2, 0}, KEY_MAIR_EL1}, {{3, 0, 10, 3, 0}, KEY_AMAIR_EL1},
        {{3, 0, 13, 0, 1}, KEY_CONTEXTIDR_EL1},
    };

    (void)unused;
    for (uint64_t i = 0; i < ARRAY_SIZE(registers); i++) {
        write_register(registers[i].e, 0x100 + i);
        assert_int_equal(host_sysreg_get(0, registers[i].key), 0x100 + i);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_every_encoding, set_up),
        cmocka_unit_test_setup(test_other_instructions_are_undefined, set_up),
        cmocka_unit_test_setup(test_zero_register, set_up),
        cmocka_unit_test_setup(test_identity, set_up),
        cmocka_unit_test_setup(test_mdscr_is_virtual, set_up),
        cmocka_unit_test_setup(test_os_lock, set_up),
        cmocka_unit_test_setup(test_break_and_watchpoints, set_up),
        cmocka_unit_test_setup(test_claim_tags, set_up),
        cmocka_unit_test_setup(test_debug_communications_channel, set_up),
        cmocka_unit_test_setup(test_coprocessor_accesses, set_up),
        cmocka_unit_test_setup(test_set_way_makes_memory_coherent, set_up),
        cmocka_unit_test_setup(test_while_tvm_traps_registers_are_written, set_up),
    };
    return cmocka_run_group_tests(tests, set_up_group, NULL);
}
