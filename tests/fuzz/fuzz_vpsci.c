/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the guest's firmware calls: the input is a program of calls by any vCPU that is on, with any function identifier and arguments,
 * through the real table of calls. Known of every call: which registers it may change (DEN 0028, 2.6), which error codes it has, what it
 * does to power states and to the VM. CPU_ON and AFFINITY_INFO are worked out a second time.
 * libFuzzer: -max_len=256
 */
#include "vpsci_fakes.h"

#include "fuzz_device.h"

#define VCPUS 20U
#define AFFINITY_BITS 0xFF00FFFFFFULL

static struct trap_frame frame;
static struct trap_frame before;
static enum vcpu_power power[VCPUS];

static void start_once(void)
{
    static bool started;

    if (!started) {
        vpsci_init();
        started = true;
    }
}

static uint64_t mpidr_of(unsigned n)
{
    return (uint64_t)(n / 16U) << 8 | n % 16U;
}

static uint64_t pick_argument(struct seeded *seeded)
{
    static const uint64_t values[] = {
        ENTRY,
        ENTRY + 2U,
        VM_RAM_BASE - 4U,
        VM_RAM_BASE + 0x10000000ULL - 4U,
        64,
        96,
        192,
        193,
        1ULL << 16,
        1ULL << 32,
        1ULL << 31,
        1ULL << 24,
        UINT64_MAX,
        1ULL << 39,
        0x80000000U,
        WORKAROUND1,
        WORKAROUND3,
        TRNG_RND,
        CPU_ON,
        CPU_ON | SMC64,
    };
    uint64_t choice = seeded_below(seeded, 64);

    if (choice < 20U) {
        return values[choice];
    }
    if (choice < 28U) {
        return seeded_next(seeded);
    }
    if (choice < 34U) {
        return seeded_below(seeded, 0x10000);
    }
    return choice < 40U ? seeded_below(seeded, 5) : mpidr_of((unsigned)seeded_below(seeded, VCPUS + 2U));
}

static uint32_t pick_function(struct seeded *seeded)
{
    static const uint32_t others[] = {WORKAROUND1, WORKAROUND3, WORKAROUND2, 0x80000000U, 0x80000001U, 0x8600FF01U};
    uint64_t choice = seeded_below(seeded, 32);
    uint32_t wide = (choice & 1U) != 0U ? SMC64 : 0U;

    if (choice < 8U) {
        return (uint32_t)(CPU_ON + choice / 4U) | wide;
    }
    if (choice < 20U) {
        return 0x84000000U + (uint32_t)seeded_below(seeded, 0x20) + wide;
    }
    if (choice < 24U) {
        return 0x84000050U + (uint32_t)seeded_below(seeded, 8) + wide;
    }
    return choice < 29U ? others[seeded_below(seeded, 6)] : (uint32_t)seeded_next(seeded);
}

static uint64_t argument(unsigned n)
{
    return (before.x[0] & SMC64) != 0U ? before.x[n] : (uint32_t)before.x[n];
}

static int64_t expect_cpu_on(void)
{
    for (unsigned n = 0; n < VCPUS; n++) {
        if (argument(1) == mpidr_of(n)) {
            enum vcpu_power old = power[n];
            power[n] = old == VCPU_OFF ? VCPU_ON_PENDING : old;
            return old == VCPU_OFF ? SUCCESS : old == VCPU_ON ? ALREADY_ON : ON_PENDING;
        }
    }
    return INVALID_PARAMETERS;
}

/* DEN 0022, AFFINITY_INFO: level n asks for the affinity fields n and above. */
static int64_t expect_affinity(void)
{
    static const uint64_t counts[4] = {AFFINITY_BITS, AFFINITY_BITS & ~0xFFULL, AFFINITY_BITS & ~0xFFFFULL,
                                       0xFFULL << 32};
    int64_t answer = INVALID_PARAMETERS;

    if ((argument(1) & ~AFFINITY_BITS) != 0U || argument(2) > 3U) {
        return answer;
    }
    for (unsigned n = 0; n < VCPUS; n++) {
        if (((mpidr_of(n) ^ argument(1)) & counts[argument(2)]) == 0U) {
            int64_t state = power[n] == VCPU_ON ? 0 : power[n] == VCPU_OFF ? 1 : 2;
            answer = state == 0 || answer == 0 ? 0 : state == 2 || answer == 2 ? 2 : 1;
        }
    }
    return answer;
}

static bool gives_more(uint32_t function)
{
    return function == 0x8600FF01U || function == 0x84000052U || (function & ~SMC64) == TRNG_RND;
}

static void check_registers(uint32_t function)
{
    unsigned first = gives_more(function) ? 4U : 1U;

    for (unsigned i = first; i < 31U; i++) {
        assert_true(frame.x[i] == before.x[i]);
    }
    assert_true(frame.elr == before.elr && frame.spsr == before.spsr);
}

static void check_result(uint32_t function, int64_t result)
{
    uint32_t form32 = function & ~SMC64;

    if (form32 == CPU_ON) {
        assert_int_equal(result, expect_cpu_on());
    } else if (form32 == AFFINITY) {
        assert_int_equal(result, expect_affinity());
    } else if (form32 == TRNG_RND) {
        uint64_t most = (function & SMC64) != 0U ? 192U : 96U;
        assert_int_equal(result, argument(1) == 0U || argument(1) > most ? -2 : SUCCESS);
    } else if (form32 == FEATURES || form32 == 0x84000051U) {
        assert_true(result == SUCCESS || result == NOT_SUPPORTED);
    }
    if (request != VM_REQUEST_NONE) {
        assert_true(form32 == 0x84000008U || form32 == 0x84000009U || form32 == RESET2);
        assert_int_equal(request, form32 == 0x84000008U ? VM_REQUEST_OFF : VM_REQUEST_RESET);
    }
}

static void call(uint32_t function)
{
    const struct call_row *row = call_table_find(function);

    frame.x[0] = (frame.x[0] & ~0xFFFFFFFFULL) | function;
    before = frame;
    waits = 0;
    mitigation_calls = 0;
    request = VM_REQUEST_NONE;
    if (row == NULL) {
        return;
    }
    assert_int_equal(row->function, function);
    frame.x[0] = row->handle(caller, &frame);
    assert_true(spinlock_none_held());
    power[caller->index] = function == CPU_OFF ? VCPU_OFF : power[caller->index];
    check_registers(function);
    check_result(function, (int64_t)frame.x[0]);
    assert_true(mitigation_calls == 0U || function == WORKAROUND1 || function == WORKAROUND2 ||
                function == WORKAROUND3);
    assert_true(waits == 0U || (function & ~SMC64) == CPU_SUSPEND);
}

static void step(struct seeded *seeded)
{
    unsigned n = (unsigned)seeded_below(seeded, VCPUS);

    caller = &fake_vcpus[n];
    if (power[n] != VCPU_ON) {
        /* The vCPU that was switched on arrives, by itself. */
        power[n] = power[n] == VCPU_ON_PENDING ? VCPU_ON : VCPU_OFF;
        caller->power = power[n];
        caller = &fake_vcpus[0];
    }
    if (power[caller->index] != VCPU_ON) {
        return;
    }
    for (unsigned i = 0; i < 4U; i++) {
        frame.x[i] = pick_argument(seeded);
    }
    call(pick_function(seeded));
    for (unsigned i = 0; i < VCPUS; i++) {
        assert_int_equal(fake_vcpus[i].power, power[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seeded seeded;

    start_once();
    seeded_from(&seeded, data, size);
    fake_restart(&vpsci_class, VCPUS);
    memset(power, 0, sizeof(power));
    fake_vcpus[0].power = VCPU_ON;
    power[0] = VCPU_ON;
    random_there = true;
    for (unsigned i = 1; i < 4U; i++) {
        offers[i] = (int32_t)seeded_below(&seeded, 3) - 1;
    }
    for (unsigned i = 0; i < 31U; i++) {
        frame.x[i] = 0x0101010101010101ULL * i;
    }
    while (seeded_more(&seeded)) {
        step(&seeded);
    }
    return 0;
}
