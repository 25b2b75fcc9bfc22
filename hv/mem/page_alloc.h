/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical pages of RAM: a buddy allocator that knows who owns each page and keeps an account per owner.
 * Any context; takes LOCK_RANK_PAGES.
 */
#pragma once

#include <stdint.h>

#include "lib/status.h"
#include "mem/addr.h"

/* Orders 0 (4 KiB) to 18 (1 GiB). */
#define PAGE_ORDERS 19U
#define PAGE_MAX_RANGES 128U

/* Who a page belongs to. OWNER_VM(n) is VM n's: its RAM, its tables, its vCPUs. */
typedef struct {
    uint16_t id;
} owner_t;

#define OWNER_FREE ((owner_t){0})
#define OWNER_TABLES ((owner_t){1}) /* EL2's own translation tables */
#define OWNER_CPU ((owner_t){2})    /* per-CPU areas and stacks */
#define OWNER_HV ((owner_t){3})     /* everything else of the hypervisor's */
#define OWNER_VM(index) ((owner_t){(uint16_t)(16U + (index))})
#define OWNERS 64U

/*
 * Gives [base, base + size) to the allocator; both 4 KiB aligned. Its bookkeeping (two bytes per page) is taken from the end of the
 * range itself. STATUS_EXISTS if it overlaps an earlier one, STATUS_NO_MEMORY beyond PAGE_MAX_RANGES.
 */
enum status page_alloc_add(pa_t base, uint64_t size);

/* 4 KiB << order bytes, aligned to their size, contents undefined. STATUS_NO_MEMORY leaves nothing behind. */
enum status page_alloc(owner_t owner, unsigned order, pa_t *out);
/* The same, zeroed. */
enum status page_alloc_zeroed(owner_t owner, unsigned order, pa_t *out);
/* What page_alloc gave, with the same owner and order; anything else (double free, other owner) is a panic. */
void page_free(owner_t owner, unsigned order, pa_t pa);

/* Bytes that an owner holds now; OWNER_FREE: bytes free. */
uint64_t page_alloc_bytes(owner_t owner);

/* Forgets every range, as at start-up. For tests: the pages that were given out are not asked for. */
void page_alloc_reset(void);
