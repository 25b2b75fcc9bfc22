/* SPDX-License-Identifier: Apache-2.0 */
/* The cache instructions themselves, one line or everything (DDI 0487, D7.5.9 and C5.3). arch/cache.c makes ranges of them. */
#pragma once

#include <stdint.h>

#ifdef ASHLAR_HOST
#include "arch/host/host_model.h"

static inline void cache_insn_dc_cvau(uint64_t va)
{
    host_dc_cvau(va);
}
static inline void cache_insn_dc_civac(uint64_t va)
{
    host_dc_civac(va);
}
static inline void cache_insn_dc_zva(uint64_t va)
{
    host_dc_zva(va);
}
static inline void cache_insn_ic_ivau(uint64_t va)
{
    host_ic_ivau(va);
}
static inline void cache_insn_ic_ialluis(void)
{
    host_ic_ialluis();
}
#else
static inline void cache_insn_dc_cvau(uint64_t va)
{
    __asm__ volatile("dc cvau, %0" ::"r"(va) : "memory");
}
static inline void cache_insn_dc_civac(uint64_t va)
{
    __asm__ volatile("dc civac, %0" ::"r"(va) : "memory");
}
static inline void cache_insn_dc_zva(uint64_t va)
{
    __asm__ volatile("dc zva, %0" ::"r"(va) : "memory");
}
static inline void cache_insn_ic_ivau(uint64_t va)
{
    __asm__ volatile("ic ivau, %0" ::"r"(va) : "memory");
}
static inline void cache_insn_ic_ialluis(void)
{
    __asm__ volatile("ic ialluis" ::: "memory");
}
#endif
