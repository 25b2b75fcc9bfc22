/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's device tree: read back with libfdt, compared with the board's contract, and given to dtc where it is installed, which must have
 * nothing to say about it. All devices are the real ones; what they would touch at run time is not linked to be called.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libfdt.h>

#include "dev/guest_tree.h"
#include "lib/random.h"
#include "vm/device.h"
#include "vm/guest_boot.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

#define ROOM 0x10000U

static struct vm vm;
static struct vcpu vcpus[CONFIG_MAX_VCPUS];
static uint64_t buffer[ROOM / 8U];
static const struct guest_boot plain = {.cmdline = "console=ttyAMA0 quiet"};

static void make_vm(uint32_t count, uint64_t memory)
{
    memset(&vm, 0, sizeof(vm));
    vm.vcpu_count = count;
    vm.memory.base = VM_RAM_BASE;
    vm.memory.size = memory;
    for (uint32_t i = 0; i < count; i++) {
        vcpus[i] = (struct vcpu){.vm = &vm, .index = i};
        vcpus[i].mpidr = 0x80000000ULL | (uint64_t)(i / 16U) << 8 | i % 16U;
        vm.vcpus[i] = &vcpus[i];
    }
}

static const void *build(const struct guest_boot *boot)
{
    memset(buffer, 0xA5, sizeof(buffer));
    assert_int_equal(vm_build_tree(&vm, boot, buffer, ROOM), STATUS_OK);
    assert_int_equal(fdt_check_full(buffer, fdt_totalsize(buffer)), 0);
    return buffer;
}

static int setup(void **state)
{
    static const uint8_t seed[48] = {1, 2, 3};

    (void)state;
    random_init(seed, sizeof(seed));
    make_vm(2, 0x20000000ULL);
    return 0;
}

static int node(const void *fdt, const char *path)
{
    int offset = fdt_path_offset(fdt, path);

    if (offset < 0) {
        fail_msg("%s: %s", path, fdt_strerror(offset));
    }
    return offset;
}

static uint32_t cell(const void *fdt, const char *path, const char *property, int index)
{
    int length;
    const uint8_t *value = fdt_getprop(fdt, node(fdt, path), property, &length);

    if (value == NULL || length < 4 * (index + 1)) {
        fail_msg("%s: no %s[%d]", path, property, index);
        return 0;
    }
    return fdt32_ld((const fdt32_t *)(const void *)(value + (ptrdiff_t)4 * index));
}

static uint64_t cell64(const void *fdt, const char *path, const char *property, int index)
{
    return (uint64_t)cell(fdt, path, property, index) << 32 | cell(fdt, path, property, index + 1);
}

static int property_length(const void *fdt, const char *path, const char *property)
{
    int length;

    return fdt_getprop(fdt, node(fdt, path), property, &length) == NULL ? -1 : length;
}

static void check_string(const void *fdt, const char *path, const char *property, const char *expected)
{
    int found = fdt_stringlist_search(fdt, node(fdt, path), property, expected);

    if (found < 0) {
        fail_msg("%s: %s lacks \"%s\"", path, property, expected);
    }
}

static void check_reg(const void *fdt, const char *path, int index, uint64_t base, uint64_t size)
{
    assert_true(cell64(fdt, path, "reg", 4 * index) == base);
    assert_true(cell64(fdt, path, "reg", 4 * index + 2) == size);
}

static void check_interrupt(const void *fdt, const char *path, int index, uint32_t type, uint32_t number)
{
    assert_int_equal(cell(fdt, path, "interrupts", 3 * index), type);
    assert_int_equal(cell(fdt, path, "interrupts", 3 * index + 1), number);
    assert_int_equal(cell(fdt, path, "interrupts", 3 * index + 2), 4);
}

/* docs/guest-board.md, line by line. */
static void test_board(void **state)
{
    const void *fdt = build(&plain);

    (void)state;
    check_string(fdt, "/", "compatible", "linux,dummy-virt");
    check_reg(fdt, "/memory@40000000", 0, 0x40000000, 0x20000000);
    check_string(fdt, "/intc@8000000", "compatible", "arm,gic-v3");
    check_reg(fdt, "/intc@8000000", 0, 0x08000000, 0x10000);
    check_reg(fdt, "/intc@8000000", 1, 0x080A0000, 0x40000);
    assert_int_equal(cell(fdt, "/", "interrupt-parent", 0), cell(fdt, "/intc@8000000", "phandle", 0));
    check_string(fdt, "/pl011@9000000", "compatible", "arm,pl011");
    check_reg(fdt, "/pl011@9000000", 0, 0x09000000, 0x1000);
    check_interrupt(fdt, "/pl011@9000000", 0, 0, 1);
    check_string(fdt, "/pl031@9010000", "compatible", "arm,pl031");
    check_reg(fdt, "/pl031@9010000", 0, 0x09010000, 0x1000);
    check_interrupt(fdt, "/pl031@9010000", 0, 0, 2);
    check_string(fdt, "/pl061@9030000", "compatible", "arm,pl061");
    check_reg(fdt, "/pl061@9030000", 0, 0x09030000, 0x1000);
    check_interrupt(fdt, "/pl061@9030000", 0, 0, 7);
}

static void test_timer_and_psci(void **state)
{
    const void *fdt = build(&plain);

    (void)state;
    check_string(fdt, "/timer", "compatible", "arm,armv8-timer");
    check_interrupt(fdt, "/timer", 0, 1, 13);
    check_interrupt(fdt, "/timer", 1, 1, 14);
    check_interrupt(fdt, "/timer", 2, 1, 11);
    check_interrupt(fdt, "/timer", 3, 1, 10);
    assert_int_equal(property_length(fdt, "/timer", "always-on"), 0);
    check_string(fdt, "/psci", "compatible", "arm,psci-1.0");
    check_string(fdt, "/psci", "compatible", "arm,psci-0.2");
    check_string(fdt, "/psci", "method", "hvc");
}

static void test_power_button(void **state)
{
    const void *fdt = build(&plain);

    (void)state;
    check_string(fdt, "/gpio-keys", "compatible", "gpio-keys");
    assert_int_equal(cell(fdt, "/gpio-keys/poweroff", "linux,code", 0), 116);
    assert_int_equal(cell(fdt, "/gpio-keys/poweroff", "gpios", 0), cell(fdt, "/pl061@9030000", "phandle", 0));
    assert_int_equal(cell(fdt, "/gpio-keys/poweroff", "gpios", 1), 3);
    assert_int_equal(cell(fdt, "/gpio-keys/poweroff", "gpios", 2), 0);
    assert_int_equal(cell(fdt, "/pl011@9000000", "clocks", 0), cell(fdt, "/apb-pclk", "phandle", 0));
}

static void test_chosen(void **state)
{
    const struct guest_boot boot = {.initrd_start = 0x148000000ULL, .initrd_end = 0x148123456ULL, .cmdline = "a b"};
    const void *fdt = build(&boot);

    (void)state;
    check_string(fdt, "/chosen", "bootargs", "a b");
    check_string(fdt, "/chosen", "stdout-path", "/pl011@9000000");
    assert_true(cell64(fdt, "/chosen", "linux,initrd-start", 0) == boot.initrd_start);
    assert_true(cell64(fdt, "/chosen", "linux,initrd-end", 0) == boot.initrd_end);
    fdt = build(&(const struct guest_boot){.cmdline = ""});
    assert_int_equal(property_length(fdt, "/chosen", "bootargs"), -1);
    assert_int_equal(property_length(fdt, "/chosen", "linux,initrd-start"), -1);
    fdt = build(&(const struct guest_boot){.cmdline = NULL});
    assert_int_equal(property_length(fdt, "/chosen", "bootargs"), -1);
}

static void test_seeds_are_fresh(void **state)
{
    uint8_t first[64];
    uint64_t kaslr;
    const void *fdt = build(&plain);

    (void)state;
    assert_int_equal(property_length(fdt, "/chosen", "rng-seed"), 64);
    assert_int_equal(property_length(fdt, "/chosen", "kaslr-seed"), 8);
    memcpy(first, fdt_getprop(fdt, node(fdt, "/chosen"), "rng-seed", NULL), sizeof(first));
    kaslr = cell64(fdt, "/chosen", "kaslr-seed", 0);
    fdt = build(&plain);
    assert_memory_not_equal(first, fdt_getprop(fdt, node(fdt, "/chosen"), "rng-seed", NULL), sizeof(first));
    assert_true(cell64(fdt, "/chosen", "kaslr-seed", 0) != kaslr);
}

static void test_no_seed_without_entropy(void **state)
{
    const void *fdt;

    (void)state;
    random_init(NULL, 0);
    if (random_available()) {
        skip();
    }
    fdt = build(&plain);
    assert_int_equal(property_length(fdt, "/chosen", "rng-seed"), -1);
    assert_int_equal(property_length(fdt, "/chosen", "kaslr-seed"), -1);
}

static void test_cpus(void **state)
{
    const void *fdt;
    int cpu;
    unsigned seen = 0;

    (void)state;
    make_vm(CONFIG_MAX_VCPUS, 0x40000000ULL);
    fdt = build(&plain);
    fdt_for_each_subnode(cpu, fdt, node(fdt, "/cpus"))
    {
        char expected[32];
        uint32_t mpidr = (seen / 16U) << 8 | seen % 16U;
        (void)snprintf(expected, sizeof(expected), "cpu@%x", mpidr);
        assert_string_equal(fdt_get_name(fdt, cpu, NULL), expected);
        assert_int_equal(fdt32_ld(fdt_getprop(fdt, cpu, "reg", NULL)), mpidr);
        assert_string_equal(fdt_getprop(fdt, cpu, "enable-method", NULL), "psci");
        seen++;
    }
    assert_int_equal(seen, CONFIG_MAX_VCPUS);
    check_reg(fdt, "/intc@8000000", 1, 0x080A0000, CONFIG_MAX_VCPUS * 0x20000ULL);
}

/* Whatever the room is, nothing is written beyond it, and too little is said. */
static void test_too_small(void **state)
{
    uint32_t needed = fdt_totalsize(build(&plain));

    (void)state;
    for (uint32_t size = 0; size < needed; size += 4U) {
        memset(buffer, 0xA5, sizeof(buffer));
        assert_int_equal(vm_build_tree(&vm, &plain, buffer, size), STATUS_NO_MEMORY);
        for (uint32_t i = size; i < size + 64U; i++) {
            assert_int_equal(((const uint8_t *)buffer)[i], 0xA5);
        }
    }
    assert_int_equal(vm_build_tree(&vm, &plain, buffer, needed + 64U), STATUS_OK);
}

/* dtc's checks, as a kernel developer runs them: no warning for one vCPU or for 64. */
static void test_dtc_is_silent(void **state)
{
    static const uint32_t counts[] = {1, 2, 17, CONFIG_MAX_VCPUS};

    (void)state;
    if (system("command -v dtc >/dev/null") != 0) {
        skip();
    }
    for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
        char path[] = "/tmp/ashlar-tree-XXXXXX";
        char command[128];
        int file = mkstemp(path);
        make_vm(counts[i], 0x40000000ULL);
        assert_true(file >= 0);
        assert_int_equal(write(file, build(&plain), fdt_totalsize(buffer)), fdt_totalsize(buffer));
        (void)close(file);
        /* dtc writes warnings to standard error, and succeeds. */
        (void)snprintf(command, sizeof(command),
                       "test -z \"$(dtc -I dtb -O dts -o /dev/null %s 2>&1 | tee /dev/stderr)\"", path);
        int silent = system(command);
        (void)unlink(path);
        assert_int_equal(silent, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_board, setup),
        cmocka_unit_test_setup(test_timer_and_psci, setup),
        cmocka_unit_test_setup(test_power_button, setup),
        cmocka_unit_test_setup(test_chosen, setup),
        cmocka_unit_test_setup(test_seeds_are_fresh, setup),
        cmocka_unit_test_setup(test_no_seed_without_entropy, setup),
        cmocka_unit_test_setup(test_cpus, setup),
        cmocka_unit_test_setup(test_too_small, setup),
        cmocka_unit_test_setup(test_dtc_is_silent, setup),
    };

    return cmocka_run_group_tests_name("guest_tree", tests, NULL, NULL);
}
