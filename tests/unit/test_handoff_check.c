/* SPDX-License-Identifier: Apache-2.0 */
/* hv/platform/handoff_check.c: each rule of include/ashlar/handoff.h broken in turn, then random changes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "platform/handoff_check.h"
#include "platform_sound.h"
#include "seeded.h"

static struct handoff handoff;
static struct platform_fault fault;

static int set_up(void **state)
{
    static const struct handoff_region regions[] = {
        {.base = 0x09030000, .size = 0x1000, .type = HANDOFF_RUNTIME_MMIO},
        {.base = 0x40000000, .size = 0x200000, .type = HANDOFF_RAM_FREE},
        {.base = 0x40200000, .size = 0x200000, .type = HANDOFF_RAM_HV},
        {.base = 0x40400000, .size = 0x20000, .type = HANDOFF_RAM_HANDOFF},
        {.base = 0x40420000, .size = 0x100000, .type = HANDOFF_RAM_MODULE},
        {.base = 0x40520000, .size = 0x100000, .type = HANDOFF_RAM_MODULE},
        {.base = 0x40620000, .size = 0x8000, .type = HANDOFF_RAM_RESERVED},
        {.base = 0x50000000, .size = 0x10000000, .type = HANDOFF_RAM_POOL},
    };
    static const struct handoff_module modules[] = {
        {.vm = 0, .kind = HANDOFF_MODULE_KERNEL, .base = 0x40420000, .size = 0x1fe001}, /* over two regions */
        {.vm = 0, .kind = HANDOFF_MODULE_INITRD, .base = 0x4061f000, .size = 0x1000},
    };

    (void)state;
    memset(&handoff, 0, sizeof(handoff));
    memset(&fault, 0, sizeof(fault));
    handoff.magic = HANDOFF_MAGIC;
    handoff.version = HANDOFF_VERSION;
    handoff.size = sizeof(handoff);
    handoff.image_base = 0x40200000;
    handoff.image_size = 0x123456;
    handoff.config = 0x40400000;
    handoff.config_size = 1000;
    handoff.fdt = 0x40410000;
    handoff.fdt_size = 0x8000;
    handoff.seed_source = HANDOFF_SEED_EFI_RNG;
    handoff.seed_bytes = 64;
    handoff.region_count = sizeof(regions) / sizeof(regions[0]);
    memcpy(handoff.regions, regions, sizeof(regions));
    handoff.module_count = 2;
    memcpy(handoff.modules, modules, sizeof(modules));
    handoff.conduit = HANDOFF_CONDUIT_SMC;
    handoff.cpu_count = 4;
    handoff.cpus[0].state = HANDOFF_CPU_BOOT;
    for (uint32_t i = 1; i < 4; i++) {
        handoff.cpus[i] = (struct handoff_cpu){
            .mpidr = i, .mailbox = 0x40620000 + i * 0x1000, .number = i, .protocol = 1, .state = HANDOFF_CPU_PARKED};
    }
    return 0;
}

static void expect(const char *text)
{
    assert_int_equal(handoff_check(&handoff, sizeof(handoff), &fault), STATUS_INVALID);
    assert_string_equal(fault.text, text);
    (void)set_up(NULL);
}

static void test_good(void **state)
{
    (void)state;
    assert_int_equal(handoff_check(&handoff, sizeof(handoff), &fault), STATUS_OK);
    handoff.module_count = 0;
    handoff.fdt = 0;
    assert_int_equal(handoff_check(&handoff, sizeof(handoff), &fault), STATUS_OK);
}

static void test_header(void **state)
{
    (void)state;
    for (size_t size = 0; size < sizeof(handoff); size += 8) {
        void *copy = malloc(size == 0 ? 1 : size); /* what is not there is not read */
        assert_non_null(copy);
        memcpy(copy, &handoff, size);
        assert_int_equal(handoff_check(copy, size, &fault), STATUS_INVALID);
        free(copy);
    }
    assert_non_null(strstr(fault.text, "handoff: bytes given: found 0x"));
    handoff.magic++;
    expect("handoff: magic: found 0x46464f4852414c42");
    handoff.version = HANDOFF_VERSION + 1U;
    expect("handoff: version: found 0x4");
    handoff.size = 8;
    expect("handoff: size: found 0x8");
    handoff.region_count = 0;
    expect("handoff: region_count: found 0x0");
    handoff.region_count = HANDOFF_MAX_REGIONS + 1;
    expect("handoff: region_count: found 0x201");
    handoff.module_count = HANDOFF_MAX_MODULES + 1;
    expect("handoff: module_count: found 0x81");
    handoff.seed_source = 3;
    expect("handoff: seed_source: found 0x3");
    handoff.seed_bytes = 65;
    expect("handoff: seed_bytes: found 0x41");
    handoff.cpu_count = HANDOFF_MAX_CPUS + 1;
    expect("handoff: cpu_count: found 0x81");
    handoff.conduit = 3;
    expect("handoff: conduit: found 0x3");
}

static void test_regions(void **state)
{
    (void)state;
    handoff.regions[1].type = 0;
    expect("handoff: region 1: type is none of enum handoff_region_type");
    handoff.regions[1].type = 13;
    expect("handoff: region 1: type is none of enum handoff_region_type");
    handoff.regions[7].size = 0;
    expect("handoff: region 7: not a multiple of 4 KiB, or empty");
    handoff.regions[7].size = 0x1800;
    expect("handoff: region 7: not a multiple of 4 KiB, or empty");
    handoff.regions[0].base = 0x09030800;
    expect("handoff: region 0: not a multiple of 4 KiB, or empty");
    handoff.regions[7].base = 1ULL << 48;
    expect("handoff: region 7: ends above 2^48");
    handoff.regions[7].base = 0xfffffffffffff000;
    handoff.regions[7].size = 0x2000;
    expect("handoff: region 7: ends above 2^48");
    handoff.regions[2].base = 0x401ff000;
    expect("handoff: region 2: overlaps the one before");
    handoff.regions[2].base = 0x40000000;
    expect("handoff: region 2: overlaps the one before");
    handoff.regions[2].base = 0x3ff00000;
    expect("handoff: region 2: starts before the one before");
}

static void test_modules(void **state)
{
    (void)state;
    handoff.modules[1].kind = 3;
    expect("handoff: module 1: kind is none of enum handoff_module_kind");
    handoff.modules[1].base += 8;
    expect("handoff: module 1: base is not a multiple of 4 KiB");
    handoff.modules[1].size = 0;
    expect("handoff: module 1: empty, or not inside regions of type HANDOFF_RAM_MODULE");
    handoff.modules[1].size = 0x1001;
    expect("handoff: module 1: empty, or not inside regions of type HANDOFF_RAM_MODULE");
    handoff.modules[1].size = ~0ULL;
    expect("handoff: module 1: empty, or not inside regions of type HANDOFF_RAM_MODULE");
    handoff.modules[0].size += 0x1000;
    expect("handoff: module 1: overlaps an earlier one");
    handoff.modules[1].kind = HANDOFF_MODULE_KERNEL;
    expect("handoff: module 1: the VM has one of this kind already");
}

static void test_places(void **state)
{
    (void)state;
    handoff.image_base = 0x40300000;
    expect("handoff: image_base: found 0x40300000");
    handoff.image_size = 0x200001;
    expect("handoff: image_base: found 0x40200000");
    handoff.config = 0x40200000;
    expect("handoff: config: found 0x40200000");
    handoff.config += 4;
    expect("handoff: config: found 0x40400004");
    handoff.config_size = 0;
    expect("handoff: config: found 0x40400000");
    handoff.fdt = 0x9030000;
    handoff.fdt_size = 0x1000;
    expect("handoff: fdt: found 0x9030000");
    handoff.fdt_size = ~0ULL;
    expect("handoff: fdt: found 0x40410000");
    handoff.efi_map = 0x1000;
    handoff.efi_map_size = 48;
    expect("handoff: efi_map: found 0x1000");
}

static void test_cpus(void **state)
{
    (void)state;
    handoff.cpus[1].state = 0;
    expect("handoff: CPU 1: state is none of enum handoff_cpu_state");
    handoff.cpus[3].state = 4;
    expect("handoff: CPU 3: state is none of enum handoff_cpu_state");
    handoff.cpus[2].mailbox += 8;
    expect("handoff: CPU 2: the mailbox is no page of a reserved region");
    handoff.cpus[2].mailbox = 0x40000000;
    expect("handoff: CPU 2: the mailbox is no page of a reserved region");
    handoff.cpus[2].mailbox = handoff.cpus[1].mailbox;
    expect("handoff: CPU 2: MPIDR or mailbox is an earlier one's");
    handoff.cpus[3].mpidr = 0;
    expect("handoff: CPU 3: MPIDR or mailbox is an earlier one's");
    handoff.cpus[2].state = HANDOFF_CPU_LEFT_OUT;
    handoff.cpus[2].mailbox = 0;
    assert_int_equal(handoff_check(&handoff, sizeof(handoff), &fault), STATUS_OK);
    (void)set_up(NULL);
}

static void test_is_memory(void **state)
{
    (void)state;
    assert_true(handoff_range_is_memory(&handoff, 0x40000000, 0x628000));
    assert_false(handoff_range_is_memory(&handoff, 0x40000000, 0x628001));
    assert_false(handoff_range_is_memory(&handoff, 0x3fffffff, 2));
    assert_false(handoff_range_is_memory(&handoff, 0x40000000, 0));
    assert_false(handoff_range_is_memory(&handoff, 0x9030000, 1));
    assert_false(handoff_range_is_memory(&handoff, 0x40000000, ~0ULL));
    assert_false(handoff_range_is_memory(&handoff, ~0ULL, 1));
    assert_true(handoff_range_is_memory(&handoff, 0x5fffffff, 1));
    assert_false(handoff_range_is_memory(&handoff, 0x60000000, 1));
}

/* Written after handoff.h: each byte of a module belongs to a region of its type. */
static void expect_sound(void)
{
    for (uint32_t i = 1; i < handoff.region_count; i++) {
        assert_true(handoff.regions[i].base >= handoff.regions[i - 1].base + handoff.regions[i - 1].size);
    }
    for (uint32_t i = 0; i < handoff.module_count; i++) {
        const struct handoff_module *module = &handoff.modules[i];
        uint64_t covered = 0;
        for (uint32_t k = 0; k < handoff.region_count; k++) {
            const struct handoff_region *region = &handoff.regions[k];
            uint64_t start = region->base > module->base ? region->base : module->base;
            uint64_t region_end = region->base + region->size;
            uint64_t end = region_end < module->base + module->size ? region_end : module->base + module->size;
            covered += region->type == HANDOFF_RAM_MODULE && start < end ? end - start : 0;
        }
        assert_int_equal(covered, module->size);
    }
}

static void test_random(void **state)
{
    struct seeded seeded;
    (void)state;
    seeded_start(&seeded, "test_handoff_check");
    for (unsigned round = 0; round < 50000; round++) {
        (void)set_up(NULL);
        for (unsigned change = 0; change < 2; change++) {
            size_t region =
                offsetof(struct handoff, regions) + seeded_below(&seeded, 7 * sizeof(struct handoff_region));
            size_t module =
                offsetof(struct handoff, modules) + seeded_below(&seeded, 2 * sizeof(struct handoff_module));
            size_t header = seeded_below(&seeded, offsetof(struct handoff, regions));
            const size_t places[] = {region, module, header};
            ((uint8_t *)&handoff)[places[seeded_below(&seeded, 3)]] ^= (uint8_t)(1U << seeded_below(&seeded, 8));
        }
        if (handoff_check(&handoff, sizeof(handoff), &fault) == STATUS_OK) {
            expect_sound();
        } else {
            assert_true(platform_fault_is_text(&fault, "handoff: "));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_good, set_up),      cmocka_unit_test_setup(test_header, set_up),
        cmocka_unit_test_setup(test_regions, set_up),   cmocka_unit_test_setup(test_modules, set_up),
        cmocka_unit_test_setup(test_places, set_up),    cmocka_unit_test_setup(test_cpus, set_up),
        cmocka_unit_test_setup(test_is_memory, set_up), cmocka_unit_test_setup(test_random, set_up),
    };
    return cmocka_run_group_tests_name("handoff_check", tests, NULL, NULL);
}
