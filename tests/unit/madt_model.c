/* SPDX-License-Identifier: Apache-2.0 */
/* See madt_model.h. */
#include "madt_model.h"

#include <string.h>

#include "boot_acpi.h"
#include "boot_madt.h"

#define SIZE 32768U
#define MAX_GICC 140U

struct gicc {
    uint32_t offset; /* in memory */
    uint32_t number, flags, version;
    uint64_t parked, mpidr;
};

enum damage {
    DAMAGE_NONE,
    DAMAGE_CHECKSUM,
    DAMAGE_LENGTH_0,
    DAMAGE_TOO_LONG,
    DAMAGE_OVERLAP,
    DAMAGE_STRUCTURE_0,
    DAMAGE_STRUCTURE_LONG,
    DAMAGE_SHORT_GICC,
    DAMAGE_TWICE,
    DAMAGE_NO_BOOT_CPU,
    DAMAGE_OLD_FADT,
    DAMAGE_NOT_LISTED,
    DAMAGES
};

static struct scene {
    const struct model_choice *choice;
    uint64_t base;
    uint8_t memory[SIZE];
    uint8_t wanted[SIZE];
    uint32_t rsdp, xsdt, fadt, madt; /* offsets */
    uint32_t xsdt_size, fadt_size, madt_size;
    struct gicc giccs[MAX_GICC];
    uint32_t gicc_count;
    uint64_t boot_mpidr;
    enum damage damage;
    const char *damaged; /* the table that has to be named */
} scene;

static uint64_t below(uint64_t limit)
{
    return scene.choice->below(scene.choice->context, limit);
}

static void put(uint32_t at, unsigned bytes, uint64_t value)
{
    for (unsigned i = 0; i < bytes; i++, value /= 256) {
        scene.memory[at + i] = (uint8_t)(value % 256);
    }
}

/* Any bytes: a generator of its own, so that they cost a fuzzer one choice. */
static void noise(uint32_t at, uint32_t size)
{
    uint64_t state = below(1ULL << 32);

    for (uint32_t i = 0; i < size; i++) {
        state = state * 6364136223846793005ULL + 1442695040888963407ULL;
        scene.memory[at + i] = (uint8_t)(state >> 56);
    }
}

/* Makes `size` bytes add up to 0 by the byte at `place`. */
static void mend(uint8_t *bytes, uint32_t size, uint32_t place)
{
    unsigned others = 0;

    for (uint32_t i = 0; i < size; i++) {
        others += i == place ? 0 : bytes[i];
    }
    bytes[place] = (uint8_t)((256U - others % 256U) % 256U);
}

static void table_seal(uint32_t at, uint32_t size)
{
    mend(scene.memory + at, size, 9);
}

static void header(uint32_t at, const char *signature, uint32_t size)
{
    noise(at, 36);
    memcpy(scene.memory + at, signature, 4);
    put(at + 4, 4, size);
}

static bool mpidr_is_taken(uint64_t mpidr)
{
    for (uint32_t i = 0; i < scene.gicc_count; i++) {
        if (scene.giccs[i].mpidr % (1ULL << 40) == mpidr % (1ULL << 40)) {
            return true;
        }
    }
    return false;
}

static uint32_t gicc_make(uint32_t at)
{
    static const uint8_t sizes[] = {76, 80, 82};
    uint32_t size = sizes[below(3)];
    struct gicc *gicc = &scene.giccs[scene.gicc_count];

    *gicc = (struct gicc){.offset = at, .number = (uint32_t)below(300), .flags = (uint32_t)below(4) * 4U};
    gicc->flags |= below(5) == 0 ? 0 : 1U;
    gicc->version = below(3) == 0 ? 1 : (uint32_t)below(3);
    gicc->parked = below(3) == 0 ? 0 : (scene.gicc_count + 1U) << 12;
    do {
        gicc->mpidr = below(4) << 32 | below(200) << 8 | below(16);
    } while (mpidr_is_taken(gicc->mpidr));
    scene.gicc_count++;
    noise(at, size);
    put(at, 1, 0x0b);
    put(at + 1, 1, size);
    put(at + 4, 4, gicc->number);
    put(at + 12, 4, gicc->flags);
    put(at + 16, 4, gicc->version);
    put(at + 24, 8, gicc->parked);
    put(at + 68, 8, gicc->mpidr);
    return size;
}

static void fadt_make(uint32_t at)
{
    scene.fadt = at;
    scene.fadt_size = 132U + (uint32_t)below(120);
    noise(at, scene.fadt_size);
    header(at, "FACP", scene.fadt_size);
    put(at + 8, 1, 5U + below(2));
    put(at + 131, 1, 1U + below(3));
}

/* GICCs between structures of other kinds. */
static void madt_make(uint32_t at)
{
    uint32_t end = at + 44U;
    uint64_t wanted = below(12) == 0 ? 125U + below(12) : 1U + below(10);

    scene.madt = at;
    scene.gicc_count = 0;
    noise(at + 36, 8);
    while (scene.gicc_count < wanted) {
        if (below(4) == 0 && scene.gicc_count != 0) {
            uint32_t size = 2U + (uint32_t)below(30);

            noise(end, size);
            put(end, 1, 0x0cU + below(8));
            put(end + 1, 1, size);
            end += size;
        } else {
            end += gicc_make(end);
        }
    }
    if (scene.damage == DAMAGE_OVERLAP) { /* the FADT lies in a structure of another kind; all checksums are right */
        fadt_make(end + 2U);
        put(end, 1, 0x30);
        put(end + 1, 1, scene.fadt_size + 2U);
        end += scene.fadt_size + 2U;
        scene.damaged = "FADT";
    }
    scene.madt_size = end - at;
    header(at, "APIC", scene.madt_size);
}

static void xsdt_make(uint32_t at)
{
    uint32_t others = (uint32_t)below(4);
    uint32_t entry = at + 36;

    scene.xsdt = at;
    for (uint32_t i = 0; i < others; i++, entry += 8) {
        header(SIZE - 64U, "SSDT", 36);
        put(entry, 8, scene.base + SIZE - 64U);
    }
    put(entry, 8, scene.base + (below(2) == 0 ? scene.fadt : scene.madt));
    put(entry + 8, 8, scene.base + scene.fadt);
    put(entry + 16, 8, scene.base + scene.madt);
    scene.xsdt_size = entry + 24U - at;
    header(at, "XSDT", scene.xsdt_size);
}

static void rsdp_make(uint32_t at)
{
    scene.rsdp = at;
    noise(at, 36);
    memcpy(scene.memory + at, "RSD PTR ", 8);
    put(at + 15, 1, 2);
    put(at + 20, 4, 36);
    put(at + 24, 8, scene.base + scene.xsdt);
}

static void damage_structure(void)
{
    struct gicc *gicc = &scene.giccs[below(scene.gicc_count)];

    scene.damaged = "MADT";
    if (scene.damage == DAMAGE_STRUCTURE_0) {
        put(gicc->offset + 1, 1, below(2));
    } else if (scene.damage == DAMAGE_STRUCTURE_LONG) {
        gicc = &scene.giccs[scene.gicc_count - 1U];
        scene.madt_size = gicc->offset + 76U - scene.madt; /* the last one ends behind the table */
        put(scene.madt + 4, 4, scene.madt_size);
        put(gicc->offset + 1, 1, 77U + below(179));
    } else if (scene.damage == DAMAGE_SHORT_GICC) {
        put(gicc->offset + 1, 1, 2U + below(74));
    } else if (scene.gicc_count > 1) { /* DAMAGE_TWICE */
        put(scene.giccs[0].offset + 12, 4, 1);
        put(scene.giccs[1].offset + 12, 4, 1);
        put(scene.giccs[1].offset + 68, 8, scene.giccs[0].mpidr);
    } else {
        scene.damage = DAMAGE_NONE;
    }
}

/* Before the checksums are put in. */
static void damage_early(void)
{
    switch (scene.damage) {
    case DAMAGE_STRUCTURE_0:
    case DAMAGE_STRUCTURE_LONG:
    case DAMAGE_SHORT_GICC:
    case DAMAGE_TWICE:
        damage_structure();
        break;
    case DAMAGE_OLD_FADT:
        put(scene.fadt + 8, 1, below(5));
        scene.damaged = "FADT";
        break;
    case DAMAGE_NOT_LISTED:
        scene.damaged = below(2) == 0 ? "FADT" : "MADT";
        scene.memory[(scene.damaged[0] == 'F' ? scene.fadt : scene.madt) + below(4)] ^= 0x80;
        break;
    default:
        break;
    }
}

/* After them. */
static void damage_late(void)
{
    const uint32_t places[] = {scene.rsdp, scene.xsdt, scene.fadt, scene.madt};
    static const char *const names[] = {"RSDP", "XSDT", "FADT", "MADT"};
    uint64_t table = below(4);
    uint32_t length = places[table] + (table == 0 ? 20U : 4U);

    if (scene.damage == DAMAGE_CHECKSUM) {
        scene.memory[places[table] + (table == 0 ? 8U : 9U)] += (uint8_t)(1U + below(255));
    } else if (scene.damage == DAMAGE_LENGTH_0) {
        put(length, 4, below(36));
    } else if (scene.damage == DAMAGE_TOO_LONG) {
        put(length, 4, SIZE + 1U + below(0xffff0000U));
    } else {
        return;
    }
    scene.damaged = names[table];
}

static void scene_make(void)
{
    uint32_t at = (uint32_t)below(100);

    scene.damage = below(3) == 0 ? (enum damage)below(DAMAGES) : DAMAGE_NONE;
    scene.damaged = "";
    scene.base = below(2) == 0 ? 0x40000000 : 1ULL << 40;
    if (scene.damage != DAMAGE_OVERLAP) {
        fadt_make(at);
        at += scene.fadt_size + (uint32_t)below(20);
    }
    madt_make(at);
    xsdt_make(scene.madt + scene.madt_size + (uint32_t)below(20));
    rsdp_make(scene.xsdt + scene.xsdt_size + (uint32_t)below(20));
    scene.boot_mpidr = scene.giccs[below(scene.gicc_count)].mpidr;
    for (uint32_t i = 0; i < scene.gicc_count; i++) {
        if (scene.giccs[i].mpidr == scene.boot_mpidr) {
            scene.giccs[i].flags |= 1U;
            put(scene.giccs[i].offset + 12, 4, scene.giccs[i].flags);
        }
    }
    if (scene.damage == DAMAGE_NO_BOOT_CPU) {
        scene.boot_mpidr = 5ULL << 32;
        scene.damaged = "MADT";
    }
    damage_early();
    table_seal(scene.fadt, scene.fadt_size);
    table_seal(scene.madt, scene.madt_size);
    table_seal(scene.xsdt, scene.xsdt_size);
    mend(scene.memory + scene.rsdp, 20, 8);
    mend(scene.memory + scene.rsdp, 36, 32);
    damage_late();
}

static uint8_t *look(void *context, uint64_t pa, uint64_t size)
{
    (void)context;
    if (pa < scene.base || pa - scene.base > SIZE || size > SIZE - (pa - scene.base)) {
        return NULL;
    }
    return scene.memory + (pa - scene.base);
}

static uint32_t usable_count(void)
{
    uint32_t count = 0;

    for (uint32_t i = 0; i < scene.gicc_count; i++) {
        count += scene.giccs[i].flags & 1U;
    }
    return count;
}

/* What was read beside what was put in: in the order of the table, PSCI before parking. */
static const char *read_check(const struct boot_cpus *cpus)
{
    uint8_t flags = scene.memory[scene.fadt + 129];
    uint32_t usable = usable_count();
    uint32_t seen = 0;

    if (cpus->count != (usable < 128 ? usable : 128) || cpus->left_out != usable - cpus->count ||
        cpus->disabled != scene.gicc_count - usable) {
        return "how many CPUs there are";
    }
    if (cpus->conduit != ((flags & 1U) == 0 ? 0U : (flags & 2U) == 0 ? 1U : 2U)) {
        return "the conduit";
    }
    for (uint32_t i = 0; i < scene.gicc_count && seen < 127; i++) {
        const struct gicc *gicc = &scene.giccs[i];
        const struct boot_cpu *cpu = &cpus->cpus[seen];
        uint32_t protocol = (flags & 1U) != 0 ? 1U : gicc->version == 1 && gicc->parked != 0 ? 3U : 0;

        if ((gicc->flags & 1U) == 0) {
            continue;
        }
        seen++;
        if (cpu->mpidr != gicc->mpidr || cpu->number != gicc->number || cpu->protocol != protocol ||
            cpu->boot != (gicc->mpidr == scene.boot_mpidr) || (protocol == 3 && cpu->release != gicc->parked)) {
            return "what a CPU is";
        }
    }
    return NULL;
}

/* Gives mailboxes to some, and writes to scene.wanted what the tables have to be then. */
static bool mailboxes_give(struct boot_cpus *cpus)
{
    bool any = false;

    memcpy(scene.wanted, scene.memory, SIZE);
    for (uint32_t i = 0; i < cpus->count; i++) {
        if (cpus->cpus[i].boot || below(4) == 0) {
            continue;
        }
        any = true;
        cpus->cpus[i].mailbox = 0x7f00000000ULL + (i + 1U) * 4096ULL;
        for (uint32_t j = 0; j < scene.gicc_count; j++) {
            uint8_t *gicc = scene.wanted + scene.giccs[j].offset;

            if (scene.giccs[j].mpidr == cpus->cpus[i].mpidr) {
                memcpy(gicc + 16, "\1\0\0\0", 4);
                for (unsigned byte = 0; byte < 8; byte++) {
                    gicc[24 + byte] = (uint8_t)(cpus->cpus[i].mailbox >> (8U * byte));
                }
            }
        }
    }
    if (any) {
        scene.wanted[scene.fadt + 129] &= 0xfc;
        mend(scene.wanted + scene.fadt, scene.fadt_size, 9);
        mend(scene.wanted + scene.madt, scene.madt_size, 9);
    }
    return any;
}

/* Our own output as input: the CPUs that have a mailbox use the parking protocol, at that address. */
static const char *again_check(const struct boot_acpi_memory *memory, const struct boot_cpus *before)
{
    struct boot_acpi_table fadt;
    struct boot_acpi_table madt;
    struct boot_fault fault;
    static struct boot_cpus after;

    if (!boot_acpi_find(memory, scene.base + scene.rsdp, &fadt, &madt, &fault) ||
        !boot_madt_read(&fadt, &madt, scene.boot_mpidr, &after, &fault) || after.conduit != HANDOFF_CONDUIT_NONE ||
        after.count != before->count) {
        return "the rewritten tables are refused";
    }
    for (uint32_t i = 0; i < after.count; i++) {
        uint64_t mailbox = before->cpus[i].mailbox;

        if (mailbox != 0 && (after.cpus[i].protocol != HANDOFF_CPU_PARKING || after.cpus[i].release != mailbox)) {
            return "a CPU's mailbox is not what the table names";
        }
    }
    return NULL;
}

const char *madt_model_check(const struct model_choice *choice, bool *read)
{
    const struct boot_acpi_memory memory = {.look = look};
    struct boot_acpi_table fadt;
    struct boot_acpi_table madt;
    struct boot_fault fault = {0};
    static struct boot_cpus cpus;
    const char *wrong;

    scene.choice = choice;
    scene_make();
    *read = boot_acpi_find(&memory, scene.base + scene.rsdp, &fadt, &madt, &fault) &&
            boot_madt_read(&fadt, &madt, scene.boot_mpidr, &cpus, &fault);
    if (!*read) {
        return scene.damage == DAMAGE_NONE                   ? "sound tables are refused"
               : strcmp(fault.table, scene.damaged) != 0     ? "another table is named"
               : fault.what == NULL || fault.what[0] == '\0' ? "no reason is given"
                                                             : NULL;
    }
    if (scene.damage != DAMAGE_NONE) {
        return "damaged tables are taken";
    }
    wrong = read_check(&cpus);
    if (wrong != NULL) {
        return wrong;
    }
    bool any = mailboxes_give(&cpus);
    if (boot_madt_rewrite(&fadt, &madt, &cpus) != any) {
        return "whether there was something to rewrite";
    }
    if (memcmp(scene.memory, scene.wanted, SIZE) != 0) {
        return "the rewritten tables";
    }
    return any ? again_check(&memory, &cpus) : NULL;
}
