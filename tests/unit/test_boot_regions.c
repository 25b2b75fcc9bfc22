/* SPDX-License-Identifier: Apache-2.0 */
/*
 * boot/boot_regions.c against a second model that knows nothing of boundaries: it asks for each page of a small window
 * what every descriptor says of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "boot_regions.h"
#include "seeded.h"
#include "uefi.h"

#define PAGES 96U
#define ROUNDS 20000U
#define MAX_DESCRIPTORS 24U
#define MAX_OWN 5U
#define MAX_STRIDE 64U
#define PAGE 4096ULL

struct page {
    uint32_t type; /* 0 = in no region */
    uint64_t attribute;
};

struct map {
    uint64_t bytes[MAX_DESCRIPTORS * MAX_STRIDE / 8U];
    size_t stride;
    size_t count;
    uint64_t base; /* of the window */
    struct boot_own own[MAX_OWN];
    size_t own_count;
};

static struct EFI_MEMORY_DESCRIPTOR *descriptor(struct map *map, size_t i)
{
    return (struct EFI_MEMORY_DESCRIPTOR *)(void *)((char *)map->bytes + i * map->stride);
}

static void add(struct map *map, uint32_t type, uint64_t start, uint64_t pages, uint64_t attribute)
{
    *descriptor(map, map->count++) = (struct EFI_MEMORY_DESCRIPTOR){
        .Type = type, .PhysicalStart = start, .NumberOfPages = pages, .Attribute = attribute};
}

static struct boot_map boot_map(const struct map *map)
{
    return (struct boot_map){.descriptors = map->bytes,
                             .size = map->count * map->stride,
                             .descriptor_size = map->stride,
                             .descriptor_version = 1};
}

static enum boot_regions_status translate(const struct map *map, struct handoff_region *out, size_t max, size_t *count)
{
    struct boot_map b = boot_map(map);

    return boot_regions_translate(&b, map->own, map->own_count, out, max, count);
}

/* The model's own table: what each EFI type is, and of two claims to a page the one further down wins. */
static const uint32_t careful[] = {HANDOFF_RAM_FREE,     HANDOFF_RAM_ACPI,     HANDOFF_RAM_RESERVED, HANDOFF_RAM_NVS,
                                   HANDOFF_RUNTIME_DATA, HANDOFF_RUNTIME_CODE, HANDOFF_RUNTIME_MMIO};

static uint32_t model_type(const struct EFI_MEMORY_DESCRIPTOR *d)
{
    static const uint32_t usual[] = {HANDOFF_RAM_RESERVED, HANDOFF_RAM_FREE,     HANDOFF_RAM_FREE,     HANDOFF_RAM_FREE,
                                     HANDOFF_RAM_FREE,     HANDOFF_RUNTIME_CODE, HANDOFF_RUNTIME_DATA, HANDOFF_RAM_FREE,
                                     HANDOFF_RAM_RESERVED, HANDOFF_RAM_ACPI,     HANDOFF_RAM_NVS};
    uint32_t type = d->Type < sizeof(usual) / sizeof(usual[0]) ? usual[d->Type] : HANDOFF_RAM_RESERVED;

    if (d->Type == EfiMemoryMappedIO || d->Type == EfiMemoryMappedIOPortSpace) {
        return (d->Attribute >> 63) != 0 ? HANDOFF_RUNTIME_MMIO : 0;
    }
    if (type == HANDOFF_RAM_FREE &&
        ((d->Attribute & 8U) == 0 || (d->Attribute & (0x8000U | 0x40000U)) != 0 || (d->Attribute >> 63) != 0)) {
        return HANDOFF_RAM_RESERVED;
    }
    return type;
}

static unsigned model_care(uint32_t type)
{
    for (unsigned i = 0; i < sizeof(careful) / sizeof(careful[0]); i++) {
        if (careful[i] == type) {
            return i + 1U;
        }
    }
    return 0;
}

static struct page model_page(struct map *map, uint64_t page)
{
    struct page result = {0};

    for (size_t i = 0; i < map->count; i++) {
        const struct EFI_MEMORY_DESCRIPTOR *d = descriptor(map, i);
        uint32_t type = model_type(d);
        uint64_t end = d->PhysicalStart + d->NumberOfPages * PAGE;
        bool whole = d->PhysicalStart <= page && end >= page + PAGE;
        bool touched = d->NumberOfPages != 0 && d->PhysicalStart < page + PAGE && end > page;

        if ((type == HANDOFF_RAM_FREE ? whole : touched) && model_care(type) > model_care(result.type)) {
            result = (struct page){.type = type, .attribute = d->Attribute};
        }
    }
    for (size_t i = 0; i < map->own_count; i++) {
        if (page >= map->own[i].base && page < map->own[i].base + map->own[i].size) {
            result.type = map->own[i].type;
            break;
        }
    }
    return result;
}

static struct page region_page(const struct handoff_region *regions, size_t count, uint64_t page)
{
    for (size_t i = 0; i < count; i++) {
        if (page >= regions[i].base && page - regions[i].base < regions[i].size) {
            return (struct page){.type = regions[i].type, .attribute = regions[i].efi_attribute};
        }
    }
    return (struct page){0};
}

static void assert_in_order(const struct handoff_region *regions, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(regions[i].base % PAGE, 0);
        assert_int_equal(regions[i].size % PAGE, 0);
        assert_true(regions[i].size != 0);
        assert_int_equal(regions[i].reserved, 0);
        if (i == 0) {
            continue;
        }
        assert_true(regions[i].base >= regions[i - 1].base + regions[i - 1].size);
        /* Merged: neighbours differ. */
        assert_false(regions[i].base == regions[i - 1].base + regions[i - 1].size &&
                     regions[i].type == regions[i - 1].type &&
                     regions[i].efi_attribute == regions[i - 1].efi_attribute);
    }
}

static uint32_t random_type(struct seeded *seeded)
{
    static const uint32_t odd[] = {16, 0x6fffffff, 0x70000000, 0x80000001, 0xffffffff};

    return seeded_below(seeded, 12) == 0 ? odd[seeded_below(seeded, 5)] : (uint32_t)seeded_below(seeded, 16);
}

static uint64_t random_attribute(struct seeded *seeded)
{
    static const uint64_t few[] = {0xf,   0xf, 0x8, 0x7, 0x4000f, 0x800f, 0x800000000000000fULL, 0x8000000000000001ULL,
                                   0x400f};

    return few[seeded_below(seeded, sizeof(few) / sizeof(few[0]))];
}

static void random_map(struct seeded *seeded, struct map *map)
{
    static const uint64_t bases[] = {0, 0x40000000, BOOT_REGIONS_PA_END - PAGES * PAGE};
    size_t wanted = seeded_below(seeded, MAX_DESCRIPTORS + 1U);
    uint64_t own_at = 0;

    memset(map, 0, sizeof(*map));
    map->stride = 40U + 8U * seeded_below(seeded, 4);
    map->base = bases[seeded_below(seeded, 3)];
    for (size_t i = 0; i < wanted; i++) {
        uint64_t first = seeded_below(seeded, PAGES);
        uint64_t length = seeded_below(seeded, PAGES - first);
        uint64_t skew = seeded_below(seeded, 6) == 0 ? seeded_below(seeded, PAGE) : 0;

        add(map, random_type(seeded), map->base + first * PAGE + skew, length, random_attribute(seeded));
    }
    for (size_t i = 0; i < seeded_below(seeded, MAX_OWN + 1U) && own_at + 20U < PAGES; i++) {
        uint64_t first = own_at + seeded_below(seeded, 10);
        uint64_t length = 1U + seeded_below(seeded, 9);

        map->own[map->own_count++] = (struct boot_own){.base = map->base + first * PAGE,
                                                       .size = length * PAGE,
                                                       .type = HANDOFF_RAM_POOL + (uint32_t)seeded_below(seeded, 4)};
        own_at = first + length;
    }
}

static void test_against_pages(void **state)
{
    static struct handoff_region regions[2U * PAGES];
    struct seeded seeded;
    struct map map;

    (void)state;
    seeded_start(&seeded, "boot_regions");
    for (unsigned round = 0; round < ROUNDS; round++) {
        size_t count = 0;
        uint64_t covered = 0;

        random_map(&seeded, &map);
        memset(regions, 0, sizeof(regions));
        assert_int_equal(translate(&map, regions, 2U * PAGES, &count), BOOT_REGIONS_OK);
        assert_in_order(regions, count);
        for (uint64_t i = 0; i < PAGES; i++) {
            struct page want = model_page(&map, map.base + i * PAGE);
            struct page have = region_page(regions, count, map.base + i * PAGE);

            assert_int_equal(have.type, want.type);
            assert_int_equal(have.attribute, want.attribute);
            covered += want.type != 0 ? PAGE : 0;
        }
        /* Nothing outside of the window. */
        for (size_t i = 0; i < count; i++) {
            covered -= regions[i].size;
        }
        assert_int_equal(covered, 0);
    }
}

static void test_merges_across_descriptors(void **state)
{
    struct map map = {.stride = 48};
    struct handoff_region regions[8];
    size_t count = 0;

    (void)state;
    add(&map, EfiConventionalMemory, 0x40200000, 0x100, 0xf);
    add(&map, EfiBootServicesData, 0x40100000, 0x100, 0xf);
    add(&map, EfiLoaderData, 0x40000000, 0x100, 0xf);
    assert_int_equal(translate(&map, regions, 8, &count), BOOT_REGIONS_OK);
    assert_int_equal(count, 1);
    assert_int_equal(regions[0].base, 0x40000000);
    assert_int_equal(regions[0].size, 0x300000);
    assert_int_equal(regions[0].type, HANDOFF_RAM_FREE);
    assert_int_equal(boot_regions_sum(regions, count, HANDOFF_RAM_FREE), 0x300000);
    assert_int_equal(boot_regions_sum(regions, count, HANDOFF_RAM_POOL), 0);
}

static void test_own_splits(void **state)
{
    struct map map = {.stride = 40, .own_count = 1};
    struct handoff_region regions[8];
    size_t count = 0;

    (void)state;
    add(&map, EfiLoaderData, 0x40000000, 0x100, 0xf);
    map.own[0] = (struct boot_own){.base = 0x40010000, .size = 0x2000, .type = HANDOFF_RAM_MODULE};
    assert_int_equal(translate(&map, regions, 8, &count), BOOT_REGIONS_OK);
    assert_int_equal(count, 3);
    assert_int_equal(regions[1].type, HANDOFF_RAM_MODULE);
    assert_int_equal(regions[1].base, 0x40010000);
    assert_int_equal(regions[1].size, 0x2000);
    assert_int_equal(regions[1].efi_attribute, 0xf);
}

static void test_exactly_full(void **state)
{
    struct map map = {.stride = 40};
    struct handoff_region regions[4] = {{0}};
    size_t count = 77;

    (void)state;
    for (uint64_t i = 0; i < 4; i++) {
        add(&map, i % 2 == 0 ? EfiConventionalMemory : EfiRuntimeServicesData, 0x40000000 + i * PAGE, 1, 0xf);
    }
    assert_int_equal(translate(&map, regions, 3, &count), BOOT_REGIONS_TOO_MANY);
    assert_int_equal(count, 77);
    assert_int_equal(regions[3].size, 0);
    assert_int_equal(translate(&map, regions, 4, &count), BOOT_REGIONS_OK);
    assert_int_equal(count, 4);
}

static void test_empty(void **state)
{
    struct map map = {.stride = 40};
    struct handoff_region regions[1];
    size_t count = 77;

    (void)state;
    assert_int_equal(translate(&map, regions, 0, &count), BOOT_REGIONS_OK);
    assert_int_equal(count, 0);
}

static void test_refuses_impossible_maps(void **state)
{
    struct map map = {.stride = 40};
    struct handoff_region regions[4];
    struct boot_map b;
    size_t count = 0;

    (void)state;
    add(&map, EfiConventionalMemory, 0x40000000, 1, 0xf);
    for (size_t size = 0; size < 40; size++) {
        b = boot_map(&map);
        b.descriptor_size = size;
        assert_int_equal(boot_regions_translate(&b, NULL, 0, regions, 4, &count), BOOT_REGIONS_BAD_DESCRIPTOR_SIZE);
    }
    b.descriptor_size = 44;
    b.size = 44;
    assert_int_equal(boot_regions_translate(&b, NULL, 0, regions, 4, &count), BOOT_REGIONS_BAD_DESCRIPTOR_SIZE);
    b = boot_map(&map);
    b.size = 39;
    assert_int_equal(boot_regions_translate(&b, NULL, 0, regions, 4, &count), BOOT_REGIONS_BAD_DESCRIPTOR_SIZE);
    b = boot_map(&map);
    b.descriptor_version = 2;
    assert_int_equal(boot_regions_translate(&b, NULL, 0, regions, 4, &count), BOOT_REGIONS_BAD_VERSION);
}

static void test_refuses_impossible_ranges(void **state)
{
    static const struct {
        uint64_t start;
        uint64_t pages;
    } ranges[] = {
        {BOOT_REGIONS_PA_END, 0}, {BOOT_REGIONS_PA_END - PAGE, 2},
        {0, UINT64_MAX},          {PAGE, 1ULL << 40},
        {UINT64_MAX, 1},          {UINT64_MAX - PAGE + 1U, 1},
        {PAGE, UINT64_MAX >> 12}, {0x40000001, UINT64_MAX >> 11},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        struct map map = {.stride = 40};
        struct handoff_region regions[4];
        size_t count = 0;

        add(&map, EfiConventionalMemory, ranges[i].start, ranges[i].pages, 0xf);
        assert_int_equal(translate(&map, regions, 4, &count), BOOT_REGIONS_BAD_RANGE);
    }
}

static void test_status_texts(void **state)
{
    (void)state;
    for (int i = BOOT_REGIONS_OK; i <= BOOT_REGIONS_TOO_MANY; i++) {
        assert_string_not_equal(boot_regions_text((enum boot_regions_status)i), "unknown");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_against_pages),
        cmocka_unit_test(test_merges_across_descriptors),
        cmocka_unit_test(test_own_splits),
        cmocka_unit_test(test_exactly_full),
        cmocka_unit_test(test_empty),
        cmocka_unit_test(test_refuses_impossible_maps),
        cmocka_unit_test(test_refuses_impossible_ranges),
        cmocka_unit_test(test_status_texts),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
