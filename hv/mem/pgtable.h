/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Translation tables of the VMSAv8-64 format with a 4 KiB granule (DDI 0487, D8.2 and D8.3): the walker that stage 1 and stage 2 share.
 * Levels are the manual's: 0 to 3, pages at 3, blocks of 2 MiB at 2 and of 1 GiB at 1.
 *
 * Each change first counts and takes the tables that it can need, so that the change itself can't fail. A live descriptor is written
 * in one function, which does break-before-make (D8.16.1). The caller holds the table's lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"
#include "mem/addr.h"

struct pgtable;

/* What differs between regimes. Const objects in stage1.c and stage2.c. */
struct pgtable_ops {
    /* A zeroed page for a table, and its way back. */
    enum status (*table_alloc)(struct pgtable *table, pa_t *out);
    void (*table_free)(struct pgtable *table, pa_t pa);
    /*
     * Forgets every TLB entry for [ia, ia + size), on all CPUs. stride: no entry in the range translated less than this many bytes;
     * 0: a table is to give way to a block, so that entries of any size may be cached. The stores are complete
     * before the call (DSB); the invalidation is complete at its return, but for the ISB that this CPU itself needs in EL2's regime.
     */
    void (*invalidate)(struct pgtable *table, uint64_t ia, uint64_t size, uint64_t stride);
    uint64_t permission_mask; /* bits that may change in a live descriptor without break-before-make */
    bool split_and_join; /* live blocks may be replaced by tables and tables by blocks: a walker can meet the gap */
    bool keep_top;       /* tables that the root leads to are never taken away */
};

struct pgtable {
    const struct pgtable_ops *ops;
    uint64_t root;       /* physical address of the (first) top-level table */
    uint8_t start_level; /* as in the manual: 0 to 3 */
    uint8_t root_tables; /* concatenated tables at the top: 1 to 16 */
    uint8_t ia_bits;     /* input address size */
    uint8_t reserved[5];
};

/* What one address leads to. */
struct pgtable_leaf {
    uint64_t oa;         /* of the address asked for */
    uint64_t descriptor; /* whole */
    unsigned level;
};

/*
 * Ranges are 4 KiB aligned (else STATUS_INVALID) and inside ia_bits (else STATUS_RANGE). Every failure leaves the tables as they were.
 * attributes: the descriptor without valid and type bits and address.
 */

/* STATUS_EXISTS where anything in the range is mapped. Uses the largest blocks that ia, oa and size allow. */
enum status pgtable_map(struct pgtable *table, uint64_t ia, uint64_t oa, uint64_t size, uint64_t attributes);
/* What is not mapped is skipped. STATUS_UNSUPPORTED if a block would have to be split and ops forbid it. */
enum status pgtable_unmap(struct pgtable *table, uint64_t ia, uint64_t size);
/* Gives what is mapped in the range the permission bits of permissions; the rest is skipped. STATUS_UNSUPPORTED as above. */
enum status pgtable_protect(struct pgtable *table, uint64_t ia, uint64_t size, uint64_t permissions);
/* STATUS_NOT_FOUND where nothing is mapped. */
enum status pgtable_lookup(const struct pgtable *table, uint64_t ia, struct pgtable_leaf *out);
/* Makes the table at the end of each of the root's invalid entries in [ia, ia + size): for roots that are copied (ops->keep_top). */
enum status pgtable_fill_top(struct pgtable *table, uint64_t ia, uint64_t size);
/* Frees every table below the root, but not the root. No walker uses them any more. */
void pgtable_free_tables(struct pgtable *table);
