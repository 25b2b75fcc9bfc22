/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Split caches that are as incoherent as DDI 0487 allows (B2.4.4, D7.5). A program's stores are the arena's own bytes: the data cache.
 * Beside it lie what the point of coherency holds (observers without caches), what the point of unification holds, and what the
 * instruction caches hold. A clean takes the line as it is at the instruction and completes at the next DSB; an instruction
 * invalidation takes what the point of unification holds at the instruction, completes at DSB, and is seen after ISB.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "arch/host/host_internal.h"
#include "arch/sysreg.h"

#define LINE_MAX_BYTES 256U
#define ALL_MAX_BYTES (64ULL << 20) /* IC IALLUIS copies whole arenas */

struct copies {
    uint64_t base;
    uint64_t size;
    uint8_t *coherency;   /* at the point of coherency */
    uint8_t *unification; /* at the point of unification */
    uint8_t *instruction; /* in instruction caches */
    uint8_t *absent;      /* 1 for each 16 bytes that were invalidated from the data cache */
};

enum operation_kind { CLEAN_UNIFICATION, CLEAN_INVALIDATE, INSTRUCTION, INSTRUCTION_ALL };

struct operation {
    enum operation_kind kind;
    uint64_t pa;
    uint64_t size;
    uint8_t bytes[LINE_MAX_BYTES];
};

struct queue {
    struct operation *operations;
    size_t count;
    size_t room;
};

static bool enabled;
static struct copies copies[HOST_ARENAS];
static struct queue before_dsb[HOST_CPUS];
static struct queue before_isb[HOST_CPUS];

static void queue_add(struct queue *queue, const struct operation *operation)
{
    if (queue->count == queue->room) {
        queue->room = queue->room == 0 ? 64 : queue->room * 2;
        queue->operations = realloc(queue->operations, queue->room * sizeof(*queue->operations));
        if (queue->operations == NULL)
            abort();
    }
    queue->operations[queue->count++] = *operation;
}

static void queue_free(struct queue *queue)
{
    free(queue->operations);
    *queue = (struct queue){NULL, 0, 0};
}

void host_cache_reset(void)
{
    enabled = false;
    for (unsigned i = 0; i < HOST_ARENAS; i++) {
        struct copies *c = &copies[i];
        if (c->coherency != NULL) {
            (void)munmap(c->coherency, c->size);
            (void)munmap(c->unification, c->size);
            (void)munmap(c->instruction, c->size);
            (void)munmap(c->absent, c->size / 16U);
        }
        *c = (struct copies){0};
    }
    for (unsigned cpu = 0; cpu < HOST_CPUS; cpu++) {
        queue_free(&before_dsb[cpu]);
        queue_free(&before_isb[cpu]);
    }
}

static uint8_t *reserve(uint64_t size)
{
    void *bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED)
        host_fail("no address space for the cache model");
    return bytes;
}

/* Copies of an arena are made when it is first touched; they start as zero, as RAM does. */
static struct copies *copies_find(uint64_t pa)
{
    unsigned index;
    uint64_t base;
    uint64_t size;
    if (!enabled || !host_phys_arena(pa, &index, &base, &size))
        return NULL;
    struct copies *c = &copies[index];
    if (c->coherency == NULL)
        *c = (struct copies){base, size, reserve(size), reserve(size), reserve(size), reserve(size / 16U)};
    return c;
}

void host_cache_enable(void)
{
    enabled = true;
}

static bool ctr_bit(unsigned bit)
{
    return ((host_sysreg_get(host_cpu(), KEY_CTR_EL0) >> bit) & 1U) != 0;
}

/* With CTR_EL0.IDC the data cache is seen by instruction fetches without a clean. */
static const uint8_t *unified(const struct copies *c, uint64_t pa)
{
    return ctr_bit(28) ? host_phys_bytes(pa) : &c->unification[pa - c->base];
}

static void record(enum operation_kind kind, uint64_t va, unsigned line_shift)
{
    uint64_t pa;
    uint64_t line = 4ULL << ((host_sysreg_get(host_cpu(), KEY_CTR_EL0) >> line_shift) & 15U);
    if (!enabled || !host_phys_find((const void *)(uintptr_t)va, &pa))
        return;
    struct operation operation = {.kind = kind, .pa = pa & ~(line - 1U), .size = line};
    const struct copies *c = copies_find(operation.pa);
    if (c == NULL || line > LINE_MAX_BYTES)
        host_fail("cache maintenance outside RAM at 0x%lx, line %lu", pa, line);
    const uint8_t *from = kind == INSTRUCTION ? unified(c, operation.pa) : host_phys_bytes(operation.pa);
    memcpy(operation.bytes, from, line);
    queue_add(&before_dsb[host_cpu()], &operation);
}

void host_dc_cvau(uint64_t va)
{
    record(CLEAN_UNIFICATION, va, 16);
}

void host_dc_civac(uint64_t va)
{
    record(CLEAN_INVALIDATE, va, 16);
}

void host_ic_ivau(uint64_t va)
{
    record(INSTRUCTION, va, 0);
}

void host_dc_zva(uint64_t va)
{
    uint64_t pa;
    uint64_t block = 4ULL << (host_sysreg_get(host_cpu(), KEY_DCZID_EL0) & 15U);
    if ((host_sysreg_get(host_cpu(), KEY_DCZID_EL0) & 16U) != 0)
        host_fail("DC ZVA with DCZID_EL0.DZP = 1: prohibited");
    memset((void *)(uintptr_t)(va & ~(block - 1U)), 0, block);
    if (host_phys_find((const void *)(uintptr_t)va, &pa))
        host_tlb_page_zeroed(pa);
}

void host_ic_ialluis(void)
{
    struct operation operation = {.kind = INSTRUCTION_ALL};
    if (enabled)
        queue_add(&before_dsb[host_cpu()], &operation);
}

static void apply_instruction_all(void)
{
    for (unsigned i = 0; i < HOST_ARENAS; i++) {
        const struct copies *c = &copies[i];
        if (c->coherency == NULL)
            continue;
        if (c->size > ALL_MAX_BYTES)
            host_fail("IC IALLUIS over an arena of more than 64 MiB");
        memcpy(c->instruction, unified(c, c->base), c->size);
    }
}

static void apply(const struct operation *operation)
{
    if (operation->kind == INSTRUCTION_ALL) {
        apply_instruction_all();
        return;
    }
    const struct copies *c = copies_find(operation->pa);
    uint64_t offset = operation->pa - c->base;
    if (operation->kind == INSTRUCTION) {
        memcpy(&c->instruction[offset], operation->bytes, operation->size);
        return;
    }
    memcpy(&c->unification[offset], operation->bytes, operation->size);
    if (operation->kind == CLEAN_INVALIDATE) {
        memcpy(&c->coherency[offset], operation->bytes, operation->size);
        memset(&c->absent[offset / 16U], 1, operation->size / 16U);
    }
}

void host_cache_dsb(enum host_dsb kind)
{
    struct queue *queue = &before_dsb[host_cpu()];
    if (kind == HOST_DSB_ISHST || kind == HOST_DSB_NSH)
        return; /* not for maintenance that other observers are to see */
    for (size_t i = 0; i < queue->count; i++) {
        if (queue->operations[i].kind == INSTRUCTION || queue->operations[i].kind == INSTRUCTION_ALL)
            queue_add(&before_isb[host_cpu()], &queue->operations[i]);
        else
            apply(&queue->operations[i]);
    }
    queue->count = 0;
}

void host_cache_isb(void)
{
    struct queue *queue = &before_isb[host_cpu()];
    for (size_t i = 0; i < queue->count; i++)
        apply(&queue->operations[i]);
    queue->count = 0;
}

static struct copies *copies_get(uint64_t pa)
{
    struct copies *c = copies_find(pa);
    if (c == NULL)
        host_fail("0x%lx is not RAM of the cache model", pa);
    return c;
}

uint8_t host_cache_read_uncached(uint64_t pa)
{
    const struct copies *c = copies_get(pa);
    return c->coherency[pa - c->base];
}

void host_cache_write_uncached(uint64_t pa, uint8_t byte)
{
    struct copies *c = copies_get(pa);
    c->coherency[pa - c->base] = byte;
    if (c->absent[(pa - c->base) / 16U] != 0) {
        c->unification[pa - c->base] = byte;
        *host_phys_bytes(pa) = byte;
    }
}

uint8_t host_cache_fetch(uint64_t pa)
{
    const struct copies *c = copies_get(pa);
    return ctr_bit(29) ? *unified(c, pa) : c->instruction[pa - c->base];
}
