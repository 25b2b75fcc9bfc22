/* SPDX-License-Identifier: Apache-2.0 */
/* hv/fw/: calls to a firmware that answers as DEN 0022, DEN 0028 and DEN 0098 say, or does not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "arch/host/host_smccc.h"
#include "fw/psci_firmware.h"
#include "fw/smccc_firmware.h"
#include "fw/trng_firmware.h"

static struct firmware {
    int32_t psci_version;
    bool has_smccc_version;
    int32_t smccc_version;
    int32_t trng_version;
    bool trng_broken;
    unsigned no_entropy; /* answers NO_ENTROPY that many times */
    uint64_t counter;    /* the next random byte */
    uint64_t last[8];
    unsigned calls;
} firmware;

static uint64_t next_bytes(unsigned count)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < count; i++) {
        value |= (firmware.counter++ & 0xffU) << (8U * i);
    }
    return value;
}

static void answer_rnd64(uint64_t bits, uint64_t results[4])
{
    if (bits == 0 || bits > 192 || bits % 8 != 0 || firmware.trng_broken) {
        results[0] = (uint64_t)-2;
        return;
    }
    if (firmware.no_entropy > 0) {
        firmware.no_entropy--;
        results[0] = (uint64_t)-3;
        return;
    }
    uint64_t words[3] = {0, 0, 0};
    for (unsigned done = 0; done < bits / 8; done += 8) {
        unsigned left = (unsigned)(bits / 8) - done;
        words[done / 8] = next_bytes(left < 8 ? left : 8);
    }
    results[0] = 0;
    results[3] = words[0]; /* the lowest bits */
    results[2] = words[1];
    results[1] = words[2];
}

static void answer(void *context, const uint64_t arguments[8], uint64_t results[4])
{
    (void)context;
    memcpy(firmware.last, arguments, sizeof(firmware.last));
    firmware.calls++;
    switch (arguments[0]) {
    case 0x84000000:
        results[0] = 0xdead000000000000ULL | (uint32_t)firmware.psci_version; /* only W0 counts */
        break;
    case 0x8400000a:
        results[0] = (arguments[1] == 0x80000000 && firmware.has_smccc_version) ? 0 : (uint64_t)-1;
        break;
    case 0x80000000:
        assert_true(firmware.has_smccc_version); /* else nobody may ask */
        results[0] = (uint64_t)(int64_t)firmware.smccc_version;
        break;
    case 0x80000001:
        results[0] = arguments[1] == SMCCC_FN_ARCH_WORKAROUND_3 ? 1 : (uint64_t)-1;
        break;
    case 0xc4000003:
        results[0] = arguments[1] == 0x100 ? 0 : 0xfffffffcU; /* a 32-bit -4: ALREADY_ON */
        break;
    case 0x84000050:
        results[0] = (uint64_t)(int64_t)firmware.trng_version;
        break;
    case 0x84000051:
        results[0] = arguments[1] == 0xc4000053 ? 0 : (uint64_t)-1;
        break;
    case 0xc4000053:
        answer_rnd64(arguments[1], results);
        break;
    default:
        break;
    }
}

static int set_up(void **state)
{
    (void)state;
    host_reset();
    firmware = (struct firmware){
        .psci_version = 0x10001, .has_smccc_version = true, .smccc_version = 0x10002, .trng_version = 0x10000};
    host_smccc_set(answer, NULL);
    assert_int_equal(fw_init(CONDUIT_SMC), STATUS_OK);
    return 0;
}

static void test_no_conduit(void **state)
{
    static const enum platform_conduit conduits[] = {CONDUIT_NONE, CONDUIT_HVC};
    uint8_t byte;
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(fw_init(conduits[i]), STATUS_UNSUPPORTED);
        assert_false(fw_available());
        assert_int_equal(fw_psci_version(), 0);
        assert_int_equal(fw_smccc_version(), 0x10000);
        assert_int_equal(fw_trng_read(&byte, 1), STATUS_UNSUPPORTED);
    }
    assert_int_equal(firmware.calls, 0);
}

static void test_call(void **state)
{
    const uint64_t arguments[8] = {0x84000050, 1, 2, 3, 4, 5, 6, ~0ULL};
    uint64_t results[4] = {9, 9, 9, 9};
    (void)state;
    fw_call(arguments, results);
    assert_memory_equal(firmware.last, arguments, sizeof(arguments));
    assert_int_equal(results[0], 0x10000);
    assert_int_equal(results[3], 0);
}

static void test_psci(void **state)
{
    (void)state;
    assert_true(fw_available());
    assert_int_equal(fw_psci_version(), 0x10001);
    assert_int_equal(fw_psci_system_off(), FW_PSCI_NOT_SUPPORTED); /* it came back */
    assert_int_equal(firmware.last[0], 0x84000008);
    assert_int_equal(fw_psci_system_reset(), FW_PSCI_NOT_SUPPORTED);
    assert_int_equal(firmware.last[0], 0x84000009);
    assert_string_equal(fw_psci_result_name(FW_PSCI_ALREADY_ON), "ALREADY_ON");
    assert_string_equal(fw_psci_result_name(FW_PSCI_INVALID_ADDRESS), "INVALID_ADDRESS");
    assert_string_equal(fw_psci_result_name(-77), "unknown");
    firmware.psci_version = -1;
    assert_int_equal(fw_psci_version(), 0);
}

static void test_smccc_version(void **state)
{
    (void)state;
    assert_int_equal(fw_smccc_version(), 0x10002);
    assert_int_equal(fw_smccc_arch_features(SMCCC_FN_ARCH_WORKAROUND_3), 1);
    assert_true(fw_smccc_arch_features(SMCCC_FN_ARCH_WORKAROUND_1) < 0);
    firmware.smccc_version = -1;
    assert_int_equal(fw_smccc_version(), 0x10000);
    firmware.smccc_version = 0x10002;
    firmware.has_smccc_version = false; /* then it is never called */
    assert_int_equal(fw_smccc_version(), 0x10000);
    assert_true(fw_smccc_arch_features(SMCCC_FN_ARCH_WORKAROUND_3) < 0);
    firmware.has_smccc_version = true;
    firmware.psci_version = 2; /* 0.2: no PSCI_FEATURES to ask */
    assert_int_equal(fw_smccc_version(), 0x10000);
}

static void test_trng(void **state)
{
    uint8_t bytes[101];
    (void)state;
    memset(bytes, 0xee, sizeof(bytes));
    firmware.no_entropy = 3;
    assert_int_equal(fw_trng_read(bytes, 100), STATUS_OK);
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(bytes[i], i);
    }
    assert_int_equal(bytes[100], 0xee);
    assert_int_equal(fw_trng_read(bytes, 0), STATUS_OK);

    firmware.no_entropy = ~0U;
    assert_int_equal(fw_trng_read(bytes, 8), STATUS_TIMEOUT);
    firmware.no_entropy = 0;
    firmware.trng_broken = true;
    assert_int_equal(fw_trng_read(bytes, 8), STATUS_UNSUPPORTED);
    firmware.trng_broken = false;
    static const int32_t versions[] = {-1, 0, 0xffff, 0x20000};
    for (unsigned i = 0; i < 4; i++) {
        firmware.trng_version = versions[i];
        assert_int_equal(fw_trng_read(bytes, 8), STATUS_UNSUPPORTED);
    }
    firmware.trng_version = 0x10000;
    firmware.smccc_version = 0x10000; /* too old to be asked */
    assert_int_equal(fw_trng_read(bytes, 8), STATUS_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_no_conduit, set_up), cmocka_unit_test_setup(test_call, set_up),
        cmocka_unit_test_setup(test_psci, set_up),       cmocka_unit_test_setup(test_smccc_version, set_up),
        cmocka_unit_test_setup(test_trng, set_up),
    };
    return cmocka_run_group_tests_name("firmware", tests, NULL, NULL);
}
