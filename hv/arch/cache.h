/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Cache maintenance by address range (DDI 0487, D7.5). Line sizes come from CTR_EL0; each range ends with DSB, and an
 * instruction-cache range with DSB, ISB.
 */
#pragma once

#include <stdint.h>

/* Clean over [pointer, pointer + size), then DSB SY: visible to observers that bypass caches. Invalidates, too (an erratum of Cortex-A53). */
void cache_clean_poc(const void *pointer, uint64_t size);
/* DC CIVAC over the range, then DSB SY. */
void cache_clean_invalidate_poc(void *pointer, uint64_t size);
/* DC CVAU, DSB ISH, IC IVAU, DSB ISH, ISB, leaving out what CTR_EL0.IDC and DIC make unnecessary. */
void cache_sync_instructions(const void *pointer, uint64_t size);
/* IC IALLUIS, DSB ISH, ISB */
void cache_invalidate_instructions_all(void);
/* Zeroes [pointer, pointer + size), page-aligned and a multiple of 4 KiB, by DC ZVA where DCZID_EL0 allows it. */
void cache_zero_pages(void *pointer, uint64_t size);
/* The same, and each line cleaned and invalidated behind the zeroing, then DSB SY: three instructions a line where a DC ZVA zeroes one. */
void cache_zero_pages_poc(void *pointer, uint64_t size);
