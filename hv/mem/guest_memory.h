/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The one door to guest memory (architecture, decision 6): single volatile reads, bounds against the VM's RAM, no raw pointer
 * outside. RAM is a list of extents, sorted by IPA, without gaps.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "lib/status.h"
#include "mem/addr.h"
#include "mem/page_alloc.h"

#define GUEST_MEMORY_MAX_EXTENTS 256U

struct guest_extent {
    uint64_t ipa;
    uint64_t pa;
    uint64_t size; /* bytes: 4 KiB << order */
    uint32_t order;
    uint32_t reserved;
};

struct guest_memory {
    uint64_t base; /* IPA of the first byte */
    uint64_t size; /* bytes */
    owner_t owner;
    uint32_t extent_count;
    struct guest_extent extents[GUEST_MEMORY_MAX_EXTENTS];
};

/* Takes size bytes (a multiple of 2 MiB) from the allocator in the largest blocks there are. Contents undefined: guest_memory_place. */
enum status guest_memory_create(struct guest_memory *memory, ipa_t base, uint64_t size, owner_t owner);
void guest_memory_destroy(struct guest_memory *memory);
/*
 * Before a vCPU runs: [offset, offset + size) of RAM becomes a copy of from, or zeroes (from NULL), and is cleaned and invalidated to the
 * point of coherency, since a vCPU starts with its MMU and caches off (DDI 0487, D7.5).
 */
void guest_memory_place(struct guest_memory *memory, uint64_t offset, const void *from, uint64_t size);
/* Cleans and invalidates [offset, offset + size) of RAM to the point of coherency. */
void guest_memory_make_coherent_range(struct guest_memory *memory, uint64_t offset, uint64_t size);

/* All of [ipa, ipa + size) must be RAM of this VM, else STATUS_RANGE and nothing is moved. */
enum status guest_read(const struct guest_memory *memory, ipa_t ipa, void *to, size_t size);
enum status guest_write(const struct guest_memory *memory, ipa_t ipa, const void *from, size_t size);
