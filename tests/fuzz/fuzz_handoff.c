/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the check of struct handoff. The input is a list of changes, of 10 bytes each (where, how wide, the value), to a structure that
 * is right; the rest of its 17 KiB would only dilute it. An input of odd length is taken as the structure itself.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/handoff_check.h"

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

static void change(const uint8_t *data, size_t size)
{
    for (; size >= 10; data += 10, size -= 10) {
        size_t width = (size_t)1 << (data[1] >> 6);
        size_t where = (size_t)(data[0] | (data[1] & 0x3fU) << 8) % (sizeof(handoff) / width) * width;
        memcpy((uint8_t *)&handoff + where, data + 2, width);
    }
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
    make_good();
    size_t given = sizeof(handoff);
    if (size % 2 != 0) {
        given = size < given ? size : given;
        memcpy(&handoff, data, given);
    } else {
        change(data, size);
    }
    if (handoff_check(&handoff, given, &fault) == STATUS_OK) {
        expect_sound();
    } else if (strnlen(fault.text, sizeof(fault.text)) < 12) {
        abort();
    }
    return 0;
}
