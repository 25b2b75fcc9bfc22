/* SPDX-License-Identifier: Apache-2.0 */
/* From exception to action: emulated accesses, aborts that nobody answers, calls, and every exception class that has no row. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "arch/sysreg.h"
#include "cpu/features.h"
#include "lib/bits.h"
#include "seeded.h"
#include "trap/trap.h"
#include "vm/calls.h"
#include "vm/vcpu.h"

#define VBAR 0xffff800080010800ULL
#define PC 0xffff800080012340ULL
#define EL1H 5U
#define DEVICE 0x9000000ULL
#define DEVICE_SIZE 0x1000ULL

#define EC(class) ((uint64_t)(class) << 26 | BIT(25))
#define ISV BIT(24)
#define WNR BIT(6)
#define S1PTW BIT(7)
#define TRANSLATION_L3 7U
#define PERMISSION_L3 15U

static struct vm vm;
static struct vcpu vcpu;
static struct trap_frame frame;

/* ---- a device that remembers ---- */

static struct {
    uint64_t offset, value;
    unsigned size, reads, writes;
    bool refuses;
} device;

static struct mmio_value device_read(struct vcpu *who, void *instance, uint64_t offset, unsigned size)
{
    assert_ptr_equal(who, &vcpu);
    assert_ptr_equal(instance, &device);
    device.offset = offset;
    device.size = size;
    device.reads++;
    return (struct mmio_value){device.value, !device.refuses};
}

static bool device_write(struct vcpu *who, void *instance, uint64_t offset, unsigned size, uint64_t value)
{
    assert_ptr_equal(who, &vcpu);
    assert_ptr_equal(instance, &device);
    device.offset = offset;
    device.size = size;
    device.value = value;
    device.writes++;
    return !device.refuses;
}

static const struct mmio_ops ops = {.read = device_read, .write = device_write};

static int set_up(void **state)
{
    (void)state;
    host_reset();
    features_collect(0);
    features_combine();
    features_guest_prepare(40);
    memset(&vm, 0, sizeof(vm));
    memset(&vcpu, 0, sizeof(vcpu));
    memset(&frame, 0, sizeof(frame));
    memset(&device, 0, sizeof(device));
    spinlock_init(&vm.lock, LOCK_RANK_VM);
    vm.state = VM_STOPPING;
    context_reset(&vcpu);
    vcpu.vm = &vm;
    vcpu.frame = &frame;
    frame.owner = (uint64_t)(uintptr_t)&vcpu;
    frame.elr = PC;
    frame.spsr = EL1H;
    host_sysreg_set_all(KEY_VBAR_EL1, VBAR);
    assert_int_equal(mmio_bus_add(&vm.mmio, ipa_make(DEVICE), DEVICE_SIZE, &ops, &device), STATUS_OK);
    return 0;
}

static void take(uint64_t esr)
{
    host_sysreg_set(0, KEY_ESR_EL2, esr);
    trap_guest_sync(&frame);
}

/* An access at an IPA, with the MMU on: FAR_EL2 is a virtual address with the same offset in its page. */
static uint64_t access_at(uint64_t ipa, uint64_t iss)
{
    host_sysreg_set(0, KEY_HPFAR_EL2, (ipa >> 12) << 4);
    host_sysreg_set(0, KEY_FAR_EL2, 0xffff000012345000ULL | (ipa & 0xfffU));
    return EC(0x24) | iss | TRANSLATION_L3;
}

static void check_refused(uint64_t iss)
{
    assert_int_equal(frame.elr, VBAR + 0x200);
    assert_int_equal(host_sysreg_get(0, KEY_ELR_EL1), PC);
    assert_int_equal(host_sysreg_get(0, KEY_ESR_EL1), EC(0x25) | iss);
    assert_int_equal(host_sysreg_get(0, KEY_FAR_EL1), host_sysreg_get(0, KEY_FAR_EL2));
}

static void test_device_accesses(void **unused)
{
    struct seeded random;

    (void)unused;
    seeded_start(&random, "trap: device");
    for (unsigned i = 0; i < 20000; i++) {
        unsigned size_log2 = (unsigned)seeded_below(&random, 4), rt = (unsigned)seeded_below(&random, 32);
        uint64_t size = 1ULL << size_log2, mask = size == 8 ? ~0ULL : (1ULL << 8 * size) - 1;
        uint64_t offset = seeded_below(&random, DEVICE_SIZE - size + 1);
        bool write = seeded_below(&random, 2) != 0U;
        struct trap_frame before;

        for (unsigned r = 0; r < 31; r++) {
            frame.x[r] = seeded_next(&random);
        }
        frame.elr = PC;
        frame.spsr = EL1H | BIT(21) | BIT(10);
        before = frame;
        device.value = seeded_next(&random);
        uint64_t bus = device.value;
        take(access_at(DEVICE + offset,
                       ISV | (uint64_t)size_log2 << 22 | (uint64_t)rt << 16 | BIT(15) | (write ? WNR : 0U)));
        assert_int_equal(device.offset, offset);
        assert_int_equal(device.size, size);
        assert_int_equal(frame.elr, PC + 4);
        assert_int_equal(frame.spsr, EL1H);
        if (write) {
            assert_int_equal(device.value, rt == 31 ? 0 : before.x[rt] & mask);
        } else if (rt != 31) {
            assert_int_equal(frame.x[rt], bus & mask);
            before.x[rt] = frame.x[rt];
        }
        assert_memory_equal(before.x, frame.x, sizeof(frame.x));
        assert_int_equal(frame.owner, before.owner);
    }
}

static void test_what_nobody_answers(void **unused)
{
    static const struct {
        uint64_t ipa, iss, fault, wanted;
    } cases[] = {
        {DEVICE - 1, ISV, TRANSLATION_L3, 0x10},                            /* the byte before */
        {DEVICE + DEVICE_SIZE, ISV | WNR, TRANSLATION_L3, WNR | 0x10},      /* the byte after */
        {DEVICE + DEVICE_SIZE - 1, ISV | 1ULL << 22, TRANSLATION_L3, 0x10}, /* half in */
        {DEVICE, 0, TRANSLATION_L3, 0x10},                                  /* LDP, SIMD, LDXR: no syndrome */
        {DEVICE, WNR, TRANSLATION_L3, WNR | 0x10},
        {DEVICE, BIT(8) | WNR, TRANSLATION_L3, WNR | 0x10}, /* cache maintenance */
        {DEVICE, ISV | S1PTW, TRANSLATION_L3, 0x17},        /* a stage 1 table in device memory */
        {DEVICE, ISV, PERMISSION_L3, 0x10},
        {DEVICE, ISV, 0x10, 0x10}, /* a real external abort */
        {0xffffffffff000ULL, ISV, TRANSLATION_L3 - 3, 0x10},
    };

    (void)unused;
    for (unsigned i = 0; i < ARRAY_SIZE(cases); i++) {
        set_up(NULL);
        take((access_at(cases[i].ipa, cases[i].iss) & ~7ULL) | cases[i].fault);
        assert_int_equal(device.reads + device.writes, 0);
        check_refused(cases[i].wanted);
    }
}

static void test_register_that_the_device_lacks(void **unused)
{
    (void)unused;
    device.refuses = true;
    frame.x[3] = 0x33;
    take(access_at(DEVICE + 8, ISV | 2ULL << 22 | 3ULL << 16));
    assert_int_equal(device.reads, 1);
    assert_int_equal(frame.x[3], 0x33);
    check_refused(0x10);
}

static void test_fetch_from_nowhere(void **unused)
{
    (void)unused;
    host_sysreg_set(0, KEY_FAR_EL2, 0x1000);
    take(EC(0x20) | TRANSLATION_L3);
    assert_int_equal(frame.elr, VBAR + 0x200);
    assert_int_equal(host_sysreg_get(0, KEY_ESR_EL1), EC(0x21) | 0x10);
    assert_int_equal(vm.request, VM_REQUEST_NONE);
    /* The vector itself is not in the VM's memory: nothing can run any more. */
    take(EC(0x20) | TRANSLATION_L3);
    assert_int_equal(vm.request, VM_REQUEST_CRASH);
}

/* ---- calls ---- */

static uint64_t call_handle(struct vcpu *who, struct trap_frame *registers)
{
    assert_ptr_equal(who, &vcpu);
    registers->x[1] = registers->x[2] + 1;
    return 0x1234;
}

static const struct call_row call = {0x86000042U, "test", call_handle};

static void test_calls(void **unused)
{
    (void)unused;
    for (uint64_t class = 0x16; class <= 0x17; class ++) {
        set_up(NULL);
        frame.x[0] = 0xffffffff00000000ULL | call.function; /* the function is W0 */
        frame.x[2] = 7;
        take(EC(class));
        assert_int_equal(frame.x[0], 0x1234);
        assert_int_equal(frame.x[1], 8);
        assert_int_equal(frame.elr, class == 0x16 ? PC : PC + 4); /* HVC returns past itself, a trapped SMC to itself */
        frame.x[0] = call.function + 1;
        take(EC(class));
        assert_int_equal(frame.x[0], ~0ULL);
        frame.x[0] = call.function;
        take(EC(class) | 1U); /* HVC #1 */
        assert_int_equal(frame.x[0], ~0ULL);
    }
}

/* ---- classes ---- */

static void test_classes_without_a_row_are_undefined(void **unused)
{
    static const unsigned served[] = {0x01, 0x16, 0x17, 0x18, 0x20, 0x24};

    (void)unused;
    for (unsigned class = 0; class < 64; class ++) {
        bool has_row = false;
        for (unsigned i = 0; i < ARRAY_SIZE(served); i++) {
            has_row |= class == served[i];
        }
        if (has_row) {
            continue;
        }
        set_up(NULL);
        take(EC(class));
        assert_int_equal(frame.elr, VBAR + 0x200);
        assert_int_equal(host_sysreg_get(0, KEY_ESR_EL1), EC(0));
        assert_int_equal(host_sysreg_get(0, KEY_ELR_EL1), PC);
    }
}

static void test_a32_instruction_whose_condition_fails(void **unused)
{
    static const unsigned classes[] = {0x01, 0x03, 0x04, 0x05, 0x06, 0x08, 0x0c};

    (void)unused;
    for (unsigned i = 0; i < ARRAY_SIZE(classes); i++) {
        set_up(NULL);
        frame.spsr = 0x10;
        frame.elr = 0x8000;
        take(EC(classes[i]) | BIT(24)); /* EQ, Z clear */
        assert_int_equal(frame.elr, 0x8004);
        assert_int_equal(frame.spsr, 0x10);
    }
}

static int set_up_group(void **state)
{
    trap_init();
    call_table_add(&call, 1);
    return set_up(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_device_accesses, set_up),
        cmocka_unit_test_setup(test_what_nobody_answers, set_up),
        cmocka_unit_test_setup(test_register_that_the_device_lacks, set_up),
        cmocka_unit_test_setup(test_fetch_from_nowhere, set_up),
        cmocka_unit_test_setup(test_calls, set_up),
        cmocka_unit_test_setup(test_classes_without_a_row_are_undefined, set_up),
        cmocka_unit_test_setup(test_a32_instruction_whose_condition_fails, set_up),
    };
    return cmocka_run_group_tests(tests, set_up_group, NULL);
}
