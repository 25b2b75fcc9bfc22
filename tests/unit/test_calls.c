/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of system registers and of calls against plain arrays. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "lib/bits.h"
#include "seeded.h"
#include "vm/calls.h"

#define REGISTERS 254U
#define CALLS 128U

static struct sysreg_row registers[REGISTERS + 1U];
static struct call_row calls[CALLS + 1U];

static const struct sysreg_row *linear_register(uint32_t key, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (registers[i].key == key) {
            return &registers[i];
        }
    }
    return NULL;
}

static const struct call_row *linear_call(uint32_t function, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        if (calls[i].function == function) {
            return &calls[i];
        }
    }
    return NULL;
}

static void add_register(void *row)
{
    sysreg_table_add(row, 1);
}

static void add_call(void *row)
{
    call_table_add(row, 1);
}

static void test_every_key_finds_its_row(void **unused)
{
    struct seeded random;

    (void)unused;
    seeded_start(&random, "calls: registers");
    for (unsigned i = 0; i < REGISTERS; i++) {
        do {
            registers[i].key = (uint32_t)seeded_below(&random, SYSREG_KEYS);
        } while (linear_register(registers[i].key, i) != NULL);
    }
    registers[0].key = 0;
    registers[1].key = SYSREG_KEYS - 1U;
    sysreg_table_add(registers, 100);
    assert_true(host_expect_panic(add_register, &registers[7]));
    sysreg_table_add(&registers[100], REGISTERS - 100U);
    for (uint32_t key = 0; key < SYSREG_KEYS; key++) {
        assert_ptr_equal(sysreg_table_find(key), linear_register(key, REGISTERS));
    }
    registers[REGISTERS].key = 12345;
    assert_true(host_expect_panic(add_register, &registers[REGISTERS]));
}

/* Functions as they are: few owners, numbers close together, some with the SMC64 bit alone different. */
static uint32_t any_function(struct seeded *random)
{
    static const uint32_t owners[] = {0x80000000U, 0x84000000U, 0x86000000U, 0xc4000000U, 0xc6000000U, 0U};
    uint32_t owner = owners[seeded_below(random, ARRAY_SIZE(owners))];

    return owner | (uint32_t)seeded_below(random, seeded_below(random, 2) != 0U ? 0x80U : 0x10000U);
}

static void test_every_function_finds_its_row(void **unused)
{
    struct seeded random;

    (void)unused;
    seeded_start(&random, "calls: functions");
    assert_null(call_table_find(0x84000000U));
    for (unsigned i = 0; i < CALLS; i++) {
        do {
            calls[i].function = any_function(&random);
        } while (linear_call(calls[i].function, i) != NULL);
    }
    call_table_add(calls, CALLS - 1U);
    assert_true(host_expect_panic(add_call, &calls[3]));
    call_table_add(&calls[CALLS - 1U], 1);
    calls[CALLS].function = 0x12345678U;
    assert_true(host_expect_panic(add_call, &calls[CALLS]));
    for (unsigned i = 0; i < 200000; i++) {
        uint32_t function = i < CALLS ? calls[i].function : any_function(&random);
        assert_ptr_equal(call_table_find(function), linear_call(function, CALLS));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_key_finds_its_row),
        cmocka_unit_test(test_every_function_finds_its_row),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
