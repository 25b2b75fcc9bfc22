/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the check of struct handoff. The input is a program of changes to a structure that is right: which part (the fields in front, a region, a
 * module, a CPU, anything), which field, and a value, an offset in pages or another region's address. One whose first byte is odd is taken
 * as the structure itself.
 * libFuzzer: -max_len=1024
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/handoff_check.h"
#include "seeded.h"

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static struct handoff handoff;
static struct platform_fault fault;

static void make_good(void)
{
    static const struct handoff_region regions[] = {
        {.base = 0x40000000, .size = 0x200000, .type = HANDOFF_RAM_FREE},
        {.base = 0x40200000, .size = 0x200000, .type = HANDOFF_RAM_HV},
        {.base = 0x40400000, .size = 0x20000, .type = HANDOFF_RAM_HANDOFF},
        {.base = 0x40420000, .size = 0x100000, .type = HANDOFF_RAM_MODULE},
        {.base = 0x40520000, .size = 0x2000, .type = HANDOFF_RAM_RESERVED},
        {.base = 0x40522000, .size = 0x3000, .type = HANDOFF_RAM_TABLES},
    };

    memset(&handoff, 0, sizeof(handoff));
    handoff.magic = HANDOFF_MAGIC;
    handoff.version = HANDOFF_VERSION;
    handoff.size = sizeof(handoff);
    handoff.image_base = 0x40200000;
    handoff.image_size = 0x100000;
    handoff.config = 0x40400000;
    handoff.config_size = 0x1000;
    handoff.region_count = sizeof(regions) / sizeof(regions[0]);
    memcpy(handoff.regions, regions, sizeof(regions));
    handoff.module_count = 1;
    handoff.modules[0] = (struct handoff_module){.kind = HANDOFF_MODULE_KERNEL, .base = 0x40420000, .size = 0x10001};
    handoff.conduit = HANDOFF_CONDUIT_SMC;
    handoff.cpu_count = 3;
    for (uint32_t i = 0; i < handoff.cpu_count; i++) {
        handoff.cpus[i] =
            (struct handoff_cpu){.mpidr = i, .number = i, .protocol = HANDOFF_CPU_PSCI, .state = HANDOFF_CPU_BOOT};
        if (i != 0U) {
            handoff.cpus[i].state = HANDOFF_CPU_PARKED;
            handoff.cpus[i].mailbox = 0x40520000 + (i - 1U) * 0x1000ULL;
        }
    }
}

/* The part's first byte, and its size. */
static uint8_t *pick_part(struct seeded *seeded, size_t *size)
{
    switch (seeded_below(seeded, 8)) {
    case 0:
    case 1:
        *size = offsetof(struct handoff, cpus);
        return (uint8_t *)&handoff;
    case 2:
    case 3:
        *size = sizeof(handoff.regions[0]);
        return (uint8_t *)&handoff.regions[seeded_below(seeded, 8)];
    case 4:
        *size = sizeof(handoff.modules[0]);
        return (uint8_t *)&handoff.modules[seeded_below(seeded, 4)];
    case 5:
        *size = sizeof(handoff.cpus[0]);
        return (uint8_t *)&handoff.cpus[seeded_below(seeded, 4)];
    case 6:
        *size = offsetof(struct handoff, regions) - offsetof(struct handoff, region_count);
        return (uint8_t *)&handoff.region_count;
    default:
        *size = sizeof(handoff);
        return (uint8_t *)&handoff;
    }
}

static void change(struct seeded *seeded)
{
    size_t size;
    uint8_t *part = pick_part(seeded, &size);
    size_t width = (size_t)1 << seeded_below(seeded, 4);
    uint8_t *field = part + seeded_below(seeded, size / width) * width;
    uint64_t value = 0;

    memcpy(&value, field, width);
    switch (seeded_below(seeded, 4)) {
    case 0:
        value += (seeded_below(seeded, 256) - 128U) * 0x1000U;
        break;
    case 1:
        value = handoff.regions[seeded_below(seeded, 8)].base + seeded_below(seeded, 4) * 0x800U;
        break;
    case 2:
        value = seeded_below(seeded, 256);
        break;
    default:
        value = seeded_next(seeded);
        break;
    }
    memcpy(field, &value, width);
}

/* The rules once more, in another way: whoever relies on them must not be led outside. */
static void expect_sound(void)
{
    for (uint32_t i = 0; i < handoff.region_count; i++) {
        const struct handoff_region *region = &handoff.regions[i];
        uint64_t end = region->base + region->size;
        if (end <= region->base || end > 1ULL << 48 || (i > 0 && region->base < region[-1].base + region[-1].size)) {
            abort();
        }
    }
    for (uint32_t i = 0; i < handoff.module_count; i++) {
        const struct handoff_module *module = &handoff.modules[i];
        if (!handoff_range_is_memory(&handoff, module->base, module->size)) {
            abort();
        }
    }
    if (handoff.seed_bytes > HANDOFF_SEED_BYTES) {
        abort();
    }
    for (uint32_t i = 0; i < handoff.cpu_count; i++) {
        const struct handoff_cpu *cpu = &handoff.cpus[i];
        if (cpu->state == HANDOFF_CPU_PARKED && !handoff_range_is_memory(&handoff, cpu->mailbox, 0x1000)) {
            abort();
        }
    }
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc;
    (void)argv;
    /* The changes are to a structure that is taken, or they would all be refused alike. */
    make_good();
    if (handoff_check(&handoff, sizeof(handoff), &fault) != STATUS_OK) {
        abort();
    }
    return 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seeded seeded;
    size_t given = sizeof(handoff);

    make_good();
    seeded_from(&seeded, data, size);
    if (seeded_below(&seeded, 2) != 0U) {
        given = seeded.left < given ? seeded.left : given;
        memcpy(&handoff, seeded.bytes, given);
    }
    while (given == sizeof(handoff) && seeded_more(&seeded)) {
        change(&seeded);
    }
    if (handoff_check(&handoff, given, &fault) == STATUS_OK) {
        expect_sound();
    } else if (strnlen(fault.text, sizeof(fault.text)) < 12) {
        abort();
    }
    return 0;
}
