/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's firmware calls: every function in both forms, every error, and CPU_ON, CPU_OFF and AFFINITY_INFO in random sequences beside a
 * model of the power states (DEN 0022). Power itself (vm/vcpu.c) is a double that keeps a state per vCPU.
 */
#include "vpsci_fakes.h"

static const struct call_row *rows;
static unsigned row_count;

const struct call_row *call_table_slots[CALL_SLOTS];

void call_table_add(const struct call_row *table, unsigned count)
{
    rows = table;
    row_count = count;
    memset(call_table_slots, 0, sizeof(call_table_slots));
    for (unsigned i = 0; i < count; i++) {
        uint32_t slot = call_table_slot(table[i].function);
        while (call_table_slots[slot] != NULL) {
            slot = (slot + 1U) % CALL_SLOTS;
        }
        call_table_slots[slot] = &table[i];
    }
}

static int setup(void **state)
{
    (void)state;
    fake_start(&vpsci_class, 20);
    fake_vcpus[0].power = VCPU_ON;
    waits = 0;
    caller = &fake_vcpus[0];
    request = VM_REQUEST_NONE;
    random_there = true;
    power_on_failure = STATUS_OK;
    offers[1] = offers[2] = offers[3] = -1;
    mitigation_calls = 0;
    vpsci_init();
    return 0;
}

static struct trap_frame frame;

static int64_t call(uint32_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
    const struct call_row *row = call_table_find(function);
    int64_t result;

    memset(&frame, 0, sizeof(frame));
    frame.x[0] = function;
    frame.x[1] = x1;
    frame.x[2] = x2;
    frame.x[3] = x3;
    if (row == NULL) {
        return NOT_SUPPORTED;
    }
    result = (int64_t)row->handle(&fake_vcpus[0], &frame);
    assert_true(spinlock_none_held());
    return result;
}

static void test_versions(void **state)
{
    (void)state;
    assert_int_equal(call(0x84000000U, 0, 0, 0), 0x10001);
    assert_int_equal(call(0x80000000U, 0, 0, 0), 0x10002);
    assert_int_equal(call(0x84000050U, 0, 0, 0), 0x10000);
    assert_int_equal(call(0x84000006U, 0, 0, 0), 2);
}

/* No row twice, and none outside the owners that are ours. */
static void test_rows(void **state)
{
    (void)state;
    for (unsigned i = 0; i < row_count; i++) {
        assert_ptr_equal(call_table_find(rows[i].function), &rows[i]);
        assert_int_equal(rows[i].function >> 31, 1);
        assert_non_null(rows[i].name);
    }
}

static void test_features(void **state)
{
    static const uint32_t there[] = {0x84000000U, 0x84000001U, 0xC4000001U, 0x84000002U, 0x84000003U,
                                     0xC4000003U, 0x84000004U, 0xC4000004U, 0x84000006U, 0x84000008U,
                                     0x84000009U, 0x8400000AU, 0x84000012U, 0xC4000012U, 0x80000000U};
    static const uint32_t absent[] = {0x84000005U, 0xC4000005U, 0x84000007U, 0x8400000BU, 0x8400000CU,
                                      0x8400000DU, 0x8400000EU, 0xC400000EU, 0x8400000FU, 0x84000010U,
                                      0x84000013U, 0x84000014U, 0xC4000002U, 0xC4000008U, 0x84000053U,
                                      0x80000001U, 0x8600FF01U, 0,           0xFFFFFFFFU};

    (void)state;
    for (unsigned i = 0; i < sizeof(there) / sizeof(there[0]); i++) {
        assert_int_equal(call(FEATURES, there[i], 0, 0), SUCCESS);
    }
    for (unsigned i = 0; i < sizeof(absent) / sizeof(absent[0]); i++) {
        assert_int_equal(call(FEATURES, absent[i], 0, 0), NOT_SUPPORTED);
    }
}

static void test_cpu_on(void **state)
{
    (void)state;
    assert_int_equal(call(CPU_ON | SMC64, 1, ENTRY, 0x1122334455667788ULL), SUCCESS);
    assert_int_equal(fake_vcpus[1].entry, ENTRY);
    assert_int_equal(fake_vcpus[1].entry_context, 0x1122334455667788ULL);
    assert_int_equal(call(CPU_ON, 0xFFFFFFFF00000102ULL, 0xFFFFFFFF00000000ULL | ENTRY, 0x1122334455667788ULL),
                     SUCCESS);
    assert_int_equal(fake_vcpus[18].entry, ENTRY);
    assert_int_equal(fake_vcpus[18].entry_context, 0x55667788U);
}

static void test_cpu_on_already_on(void **state)
{
    (void)state;
    fake_vcpus[3].power = VCPU_ON;
    assert_int_equal(call(CPU_ON | SMC64, 3, ENTRY, 0), ALREADY_ON);
    assert_int_equal(call(CPU_ON, 3, ENTRY, 0), ALREADY_ON);
    assert_int_equal(call(CPU_ON, 0, ENTRY, 0), ALREADY_ON);
}

static void test_cpu_on_errors(void **state)
{
    static const uint64_t no_target[] = {20,         0x104,      0x10000,     1ULL << 32,
                                         1ULL << 40, 1ULL << 63, 0x80000001U, 0x01000001U};

    (void)state;
    for (unsigned i = 0; i < sizeof(no_target) / sizeof(no_target[0]); i++) {
        assert_int_equal(call(CPU_ON | SMC64, no_target[i], ENTRY, 0), INVALID_PARAMETERS);
    }
    assert_int_equal(call(CPU_ON | SMC64, 1, ENTRY, 0), SUCCESS);
    assert_int_equal(call(CPU_ON | SMC64, 1, ENTRY, 0), ON_PENDING);
    power_on_failure = STATUS_RANGE;
    assert_int_equal(call(CPU_ON | SMC64, 2, 0, 0), INVALID_ADDRESS);
    power_on_failure = STATUS_NO_MEMORY;
    assert_int_equal(call(CPU_ON | SMC64, 2, ENTRY, 0), INTERNAL_FAILURE);
}

static void test_affinity_info(void **state)
{
    (void)state;
    fake_vcpus[17].power = VCPU_ON_PENDING;
    assert_int_equal(call(AFFINITY | SMC64, 0, 0, 0), 0);
    assert_int_equal(call(AFFINITY | SMC64, 1, 0, 0), 1);
    assert_int_equal(call(AFFINITY, 0x101, 0, 0), 2);
    /* Lower fields do not count at a higher level. */
    assert_int_equal(call(AFFINITY | SMC64, 0xFF, 1, 0), 0);
    assert_int_equal(call(AFFINITY | SMC64, 0x1FF, 1, 0), 2);
    fake_vcpus[17].power = VCPU_OFF;
    assert_int_equal(call(AFFINITY | SMC64, 0x100, 1, 0), 1);
    fake_vcpus[0].power = VCPU_OFF;
    fake_vcpus[19].power = VCPU_ON;
    assert_int_equal(call(AFFINITY | SMC64, 0xABCD, 2, 0), 0);
    assert_int_equal(call(AFFINITY | SMC64, 0xABCDEF, 3, 0), 0);
    assert_int_equal(call(AFFINITY | SMC64, 0x200, 1, 0), INVALID_PARAMETERS);
    assert_int_equal(call(AFFINITY | SMC64, 1ULL << 32, 3, 0), INVALID_PARAMETERS);
    assert_int_equal(call(AFFINITY | SMC64, 20, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(call(AFFINITY | SMC64, 0, 4, 0), INVALID_PARAMETERS);
    assert_int_equal(call(AFFINITY | SMC64, 0, 1ULL << 32, 0), INVALID_PARAMETERS);
    assert_int_equal(call(AFFINITY | SMC64, 1ULL << 24, 0, 0), INVALID_PARAMETERS);
}

static void test_cpu_suspend(void **state)
{
    (void)state;
    assert_int_equal(call(CPU_SUSPEND, 0, 0, 0), SUCCESS);
    assert_int_equal(call(CPU_SUSPEND | SMC64, 0x03001234, 0, 0), SUCCESS);
    assert_int_equal(call(CPU_SUSPEND | SMC64, 0x01010000, ENTRY, 7), SUCCESS);
    assert_int_equal(waits, 3);
    assert_int_equal(call(CPU_SUSPEND | SMC64, 0x01010000, 0x1000, 0), INVALID_ADDRESS);
    assert_int_equal(call(CPU_SUSPEND | SMC64, 0x01010000, ENTRY + 2U, 0), INVALID_ADDRESS);
    assert_int_equal(call(CPU_SUSPEND | SMC64, 0x01010000, VM_RAM_BASE + fake_vm.memory.size - 2U, 0), INVALID_ADDRESS);
    assert_int_equal(call(CPU_SUSPEND, 0x00020000, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(call(CPU_SUSPEND, 0x04000000, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(call(CPU_SUSPEND, 0x80000000U, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(waits, 3);
}

static void test_system(void **state)
{
    (void)state;
    (void)call(0x84000008U, 0, 0, 0);
    assert_int_equal(request, VM_REQUEST_OFF);
    (void)call(0x84000009U, 0, 0, 0);
    assert_int_equal(request, VM_REQUEST_RESET);
    request = VM_REQUEST_NONE;
    assert_int_equal(call(RESET2, 1, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(call(RESET2 | SMC64, 0x80000000U, 0, 0), INVALID_PARAMETERS);
    assert_int_equal(request, VM_REQUEST_NONE);
    (void)call(RESET2 | SMC64, 0xFFFFFFFF00000000ULL, 1, 0);
    assert_int_equal(request, VM_REQUEST_RESET);
}

static int64_t arch_features(uint32_t function)
{
    return call(0x80000001U, function, 0, 0);
}

static void test_arch_features(void **state)
{
    (void)state;
    assert_int_equal(arch_features(0x80000000U), 0);
    assert_int_equal(arch_features(0x80000001U), 0);
    assert_int_equal(arch_features(0x80000002U), NOT_SUPPORTED);
    assert_int_equal(arch_features(0x84000000U), NOT_SUPPORTED);
}

static void test_workarounds(void **state)
{
    static const uint32_t functions[] = {0, WORKAROUND1, WORKAROUND2, WORKAROUND3};
    static const int32_t answers[] = {-1, 0, 1};
    (void)state;
    for (unsigned number = 1; number <= 3U; number++) {
        for (unsigned i = 0; i < 3U; i++) {
            offers[number] = answers[i];
            mitigation_calls = 0;
            assert_int_equal(arch_features(functions[number]), answers[i]);
            assert_int_equal(mitigation_calls, 0);
            assert_int_equal(call(functions[number], 1, 2, 3), answers[i] < 0 ? NOT_SUPPORTED : 0);
            assert_int_equal(mitigation_calls, answers[i] == 0 ? number : 0U);
            offers[number] = -1;
        }
    }
}

static void test_trng_sizes(void **state)
{
    (void)state;
    for (unsigned word = 32; word <= 64U; word += 32U) {
        uint32_t function = word == 64U ? TRNG_RND | SMC64 : TRNG_RND;
        assert_int_equal(call(function, 0, 0, 0), INVALID_PARAMETERS);
        assert_int_equal(call(function, 3U * word + 1U, 0, 0), INVALID_PARAMETERS);
        for (uint64_t bits = 1; bits <= 3U * word; bits++) {
            uint64_t left = bits;
            assert_int_equal(call(function, bits, 0, 0), SUCCESS);
            for (unsigned i = 3; i > 0U; i--) {
                uint64_t here = left < word ? left : word;
                uint64_t expected = here == 64U ? UINT64_MAX : (1ULL << here) - 1U;
                assert_true(frame.x[i] == expected);
                left -= here;
            }
        }
    }
    assert_int_equal(call(TRNG_RND, 0xFFFFFFFF00000020ULL, 0, 0), SUCCESS);
    assert_int_equal(call(TRNG_RND | SMC64, 0xFFFFFFFF00000020ULL, 0, 0), INVALID_PARAMETERS);
}

static void test_trng_discovery(void **state)
{
    (void)state;
    assert_int_equal(call(0x84000051U, TRNG_RND, 0, 0), SUCCESS);
    assert_int_equal(call(0x84000051U, TRNG_RND | SMC64, 0, 0), SUCCESS);
    assert_int_equal(call(0x84000051U, 0x84000052U, 0, 0), SUCCESS);
    assert_int_equal(call(0x84000051U, 0x84000054U, 0, 0), NOT_SUPPORTED);
    assert_int_equal(call(0x84000051U, CPU_ON, 0, 0), NOT_SUPPORTED);
    assert_int_equal(call(0x84000052U, 0, 0, 0), 0x880C196C);
    assert_int_equal(frame.x[3], 0x2F5C6145);
    random_there = false;
    for (uint32_t function = 0x84000050U; function <= 0x84000053U; function++) {
        assert_int_equal(call(function, TRNG_RND, 0, 0), NOT_SUPPORTED);
    }
    assert_int_equal(call(TRNG_RND | SMC64, 64, 0, 0), NOT_SUPPORTED);
}

/* 3f1cf7c5-ee52-4002-b019-7452ecff42c8, as Linux unpacks it: four words, low byte first. */
static void test_vendor_uid(void **state)
{
    (void)state;
    assert_int_equal(call(0x8600FF01U, 0, 0, 0), 0xC5F71C3F);
    assert_int_equal(frame.x[1], 0x024052EE);
    assert_int_equal(frame.x[2], 0x527419B0);
    assert_int_equal(frame.x[3], 0xC842FFEC);
}

static void random_step(struct seeded *seeded, enum vcpu_power model[20])
{
    static const int64_t on_result[] = {[VCPU_OFF] = SUCCESS, [VCPU_ON_PENDING] = ON_PENDING, [VCPU_ON] = ALREADY_ON};
    unsigned n = 1U + (unsigned)seeded_below(seeded, 19);
    uint64_t mpidr = (uint64_t)(n / 16U) << 8 | n % 16U;

    switch (seeded_below(seeded, 3)) {
    case 0:
        assert_int_equal(call(CPU_ON | (seeded_below(seeded, 2) != 0U ? SMC64 : 0U), mpidr, ENTRY, n),
                         on_result[model[n]]);
        model[n] = model[n] == VCPU_OFF ? VCPU_ON_PENDING : model[n];
        break;
    case 1:
        /* The vCPU itself moves on: it arrives, or it calls CPU_OFF. */
        if (model[n] == VCPU_ON_PENDING) {
            fake_vcpus[n].power = VCPU_ON;
            model[n] = VCPU_ON;
        } else if (model[n] == VCPU_ON) {
            frame.x[0] = CPU_OFF;
            (void)call_table_find(CPU_OFF)->handle(&fake_vcpus[n], &frame);
            model[n] = VCPU_OFF;
        }
        break;
    default:
        assert_int_equal(call(AFFINITY, mpidr, 0, 0), model[n] == VCPU_ON ? 0 : model[n] == VCPU_OFF ? 1 : 2);
        break;
    }
}

static void test_random(void **state)
{
    struct seeded seeded;
    enum vcpu_power model[20] = {VCPU_ON};

    (void)state;
    seeded_start(&seeded, "vpsci");
    for (unsigned i = 0; i < 100000U; i++) {
        random_step(&seeded, model);
        for (unsigned n = 0; n < 20U; n++) {
            assert_int_equal(fake_vcpus[n].power, model[n]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_versions, setup),
        cmocka_unit_test_setup(test_rows, setup),
        cmocka_unit_test_setup(test_features, setup),
        cmocka_unit_test_setup(test_cpu_on, setup),
        cmocka_unit_test_setup(test_cpu_on_already_on, setup),
        cmocka_unit_test_setup(test_cpu_on_errors, setup),
        cmocka_unit_test_setup(test_affinity_info, setup),
        cmocka_unit_test_setup(test_cpu_suspend, setup),
        cmocka_unit_test_setup(test_system, setup),
        cmocka_unit_test_setup(test_arch_features, setup),
        cmocka_unit_test_setup(test_workarounds, setup),
        cmocka_unit_test_setup(test_trng_sizes, setup),
        cmocka_unit_test_setup(test_trng_discovery, setup),
        cmocka_unit_test_setup(test_vendor_uid, setup),
        cmocka_unit_test_setup(test_random, setup),
    };

    return cmocka_run_group_tests_name("vpsci", tests, NULL, NULL);
}
