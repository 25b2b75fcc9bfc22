/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's stage 2: 4 KiB granule, 40-bit IPA space at least (concatenated root where that saves a level), blocks of 2 MiB and 1 GiB.
 * Each function takes the table's own lock (LOCK_RANK_STAGE2). Changes to live entries follow break-before-make in one function
 * (DDI 0487, D8.16.1) and end with the invalidation by IPA, then by VMID, that D8.14 asks for.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/spinlock.h"
#include "lib/status.h"
#include "mem/addr.h"
#include "mem/page_alloc.h"
#include "mem/pgtable.h"

struct stage2 {
    struct pgtable table;
    struct spinlock lock;
    owner_t owner;
    uint64_t vmid; /* generation in the bits above VMID's; mem/vmid.c */
};

/* Normal write-back memory, read, write, execute. */
#define STAGE2_R 1U
#define STAGE2_W 2U
#define STAGE2_X 4U

/* Decides VTCR_EL2 for all VMs from the machine's smallest PARange and VMID size, once; pa_bits as ID_AA64MMFR0_EL1 says them. */
enum status stage2_setup(unsigned pa_bits, unsigned vmid_bits);
uint64_t stage2_vtcr(void);
unsigned stage2_ipa_bits(void);

enum status stage2_create(struct stage2 *stage2, owner_t owner);
/* Frees every table. No vCPU runs on it any more; invalidates the VMID first. */
void stage2_destroy(struct stage2 *stage2);
/* ipa, pa, size 4 KiB aligned, rights of STAGE2_*. Allocates first, so that failure changes nothing. STATUS_EXISTS over a live entry. */
enum status stage2_map(struct stage2 *stage2, ipa_t ipa, pa_t pa, uint64_t size, unsigned rights);
enum status stage2_unmap(struct stage2 *stage2, ipa_t ipa, uint64_t size);
/* Changes the rights of what is mapped in the range; splits blocks at its ends. */
enum status stage2_protect(struct stage2 *stage2, ipa_t ipa, uint64_t size, unsigned rights);
enum status stage2_lookup(struct stage2 *stage2, ipa_t ipa, pa_t *pa, unsigned *rights);

/*
 * VTTBR_EL2 to load before a vCPU of this VM runs on this CPU: gives the VM a VMID of the present generation, after a
 * roll-over with all VMIDs invalidated (mem/vmid.c). Called with interrupts masked.
 */
uint64_t stage2_vttbr(struct stage2 *stage2);
