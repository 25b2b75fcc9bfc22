/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TLB invalidation (DDI 0487, D8.14). These are the bare instructions: the caller puts DSB before and DSB, ISB after.
 * By-IPA and by-VMID forms work on the VMID in VTTBR_EL2, which the caller has loaded.
 */
#pragma once

#include <stdint.h>

#ifdef ASHLAR_HOST
#include "arch/host/host_model.h"

static inline void tlb_invalidate_ipa_is(uint64_t ipa)
{
    host_tlbi_ipas2e1is(ipa);
}
static inline void tlb_invalidate_stage1_is(void)
{
    host_tlbi_vmalle1is();
}
static inline void tlb_invalidate_stage1_local(void)
{
    host_tlbi_vmalle1();
}
static inline void tlb_invalidate_vmid_is(void)
{
    host_tlbi_vmalls12e1is();
}
static inline void tlb_invalidate_el1_all_is(void)
{
    host_tlbi_alle1is();
}
static inline void tlb_invalidate_el2_va_is(uint64_t va)
{
    host_tlbi_vae2is(va);
}
static inline void tlb_invalidate_el2_all_is(void)
{
    host_tlbi_alle2is();
}
#else
/* TLBI IPAS2E1IS: stage-2 entries for one IPA of the current VMID. */
static inline void tlb_invalidate_ipa_is(uint64_t ipa)
{
    __asm__ volatile("tlbi ipas2e1is, %0" ::"r"((ipa >> 12) & 0xfffffffffULL) : "memory");
}
/* TLBI VMALLE1IS: all stage-1 and combined entries of the current VMID. */
static inline void tlb_invalidate_stage1_is(void)
{
    __asm__ volatile("tlbi vmalle1is" ::: "memory");
}
/* TLBI VMALLE1: the same on this CPU alone. */
static inline void tlb_invalidate_stage1_local(void)
{
    __asm__ volatile("tlbi vmalle1" ::: "memory");
}
/* TLBI VMALLS12E1IS: stage 1 and 2 of the current VMID. */
static inline void tlb_invalidate_vmid_is(void)
{
    __asm__ volatile("tlbi vmalls12e1is" ::: "memory");
}
/* TLBI ALLE1IS: every VMID. */
static inline void tlb_invalidate_el1_all_is(void)
{
    __asm__ volatile("tlbi alle1is" ::: "memory");
}
/* TLBI VAE2IS */
static inline void tlb_invalidate_el2_va_is(uint64_t va)
{
    __asm__ volatile("tlbi vae2is, %0" ::"r"((va >> 12) & 0xfffffffffffULL) : "memory");
}
/* TLBI ALLE2IS */
static inline void tlb_invalidate_el2_all_is(void)
{
    __asm__ volatile("tlbi alle2is" ::: "memory");
}
#endif
