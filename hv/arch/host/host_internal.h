/* SPDX-License-Identifier: Apache-2.0 */
/* What the files of arch/host/ share among themselves. */
#pragma once

#include "arch/host/host_model.h"

void host_sysreg_reset(void);
void host_phys_reset(void);
void host_tlb_reset(void);
void host_cache_reset(void);

void host_tlb_dsb(enum host_dsb kind);
void host_tlb_isb(void);
/* DC ZVA wrote into the page at pa. */
void host_tlb_page_zeroed(uint64_t pa);
void host_cache_dsb(enum host_dsb kind);
void host_cache_isb(void);

/* The bytes of RAM at pa, NULL outside the arenas. */
uint8_t *host_phys_bytes(uint64_t pa);
/* True when pointer is in an arena; *pa is its physical address. */
bool host_phys_find(const void *pointer, uint64_t *pa);
/* Index of the arena of pa, its base and size; false outside. */
bool host_phys_arena(uint64_t pa, unsigned *index, uint64_t *base, uint64_t *size);
#define HOST_ARENAS 16U
