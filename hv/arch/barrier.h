/* SPDX-License-Identifier: Apache-2.0 */
/* Barriers (DDI 0487, B2.3 memory ordering, B2.3.12 DMB and DSB, ISB as context synchronisation). */
#pragma once

#ifdef ASHLAR_HOST
#include "arch/host/host_model.h"

static inline void barrier_dsb_ish(void)
{
    host_dsb(HOST_DSB_ISH);
}
static inline void barrier_dsb_ishst(void)
{
    host_dsb(HOST_DSB_ISHST);
}
static inline void barrier_dsb_nsh(void)
{
    host_dsb(HOST_DSB_NSH);
}
static inline void barrier_dsb_sy(void)
{
    host_dsb(HOST_DSB_SY);
}
static inline void barrier_dmb_ish(void)
{
    __atomic_thread_fence(__ATOMIC_SEQ_CST);
}
static inline void barrier_isb(void)
{
    host_isb();
}
#else
static inline void barrier_dsb_ish(void)
{
    __asm__ volatile("dsb ish" ::: "memory");
}
static inline void barrier_dsb_ishst(void)
{
    __asm__ volatile("dsb ishst" ::: "memory");
}
static inline void barrier_dsb_nsh(void)
{
    __asm__ volatile("dsb nsh" ::: "memory");
}
static inline void barrier_dsb_sy(void)
{
    __asm__ volatile("dsb sy" ::: "memory");
}
static inline void barrier_dmb_ish(void)
{
    __asm__ volatile("dmb ish" ::: "memory");
}
static inline void barrier_isb(void)
{
    __asm__ volatile("isb" ::: "memory");
}
#endif
