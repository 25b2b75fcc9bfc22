/* SPDX-License-Identifier: Apache-2.0 */
/*
 * System registers by their names in DDI 0487 and IHI 0069: sysreg_read(HCR_EL2), sysreg_write(HCR_EL2, value).
 * Encodings come from sysreg_list.h, so that no assembler need know a name. Context synchronisation is the caller's.
 */
#pragma once

#include <stdint.h>

#include "arch/sysreg_list.h"

/* One number for op0 (2 or 3), op1, CRn, CRm, op2: below 32,768, dense enough to index with. */
#define SYSREG_KEY(op0, op1, crn, crm, op2)                                                                            \
    ((((uint32_t)(op0)&1U) << 14) | ((uint32_t)(op1) << 11) | ((uint32_t)(crn) << 7) | ((uint32_t)(crm) << 3) |        \
     (uint32_t)(op2))
#define SYSREG_KEYS 32768U

enum sysreg_key {
#define SYSREG_ENUM(name, op0, op1, crn, crm, op2) KEY_##name = SYSREG_KEY(op0, op1, crn, crm, op2),
    SYSREG_LIST(SYSREG_ENUM)
#undef SYSREG_ENUM
};

#ifdef ASHLAR_HOST
/* The register file of the fake CPU that runs (arch/host/host_sysreg.c). */
uint64_t host_sysreg_read(uint32_t key);
void host_sysreg_write(uint32_t key, uint64_t value);
#define SYSREG_ACCESSORS(name, op0, op1, crn, crm, op2)                                                                \
    static inline uint64_t sysreg_read_##name(void)                                                                    \
    {                                                                                                                  \
        return host_sysreg_read(KEY_##name);                                                                           \
    }                                                                                                                  \
    static inline void sysreg_write_##name(uint64_t value)                                                             \
    {                                                                                                                  \
        host_sysreg_write(KEY_##name, value);                                                                          \
    }
#else
#define SYSREG_ACCESSORS(name, op0, op1, crn, crm, op2)                                                                \
    static inline uint64_t sysreg_read_##name(void)                                                                    \
    {                                                                                                                  \
        uint64_t value;                                                                                                \
        __asm__ volatile("mrs %0, S" #op0 "_" #op1 "_C" #crn "_C" #crm "_" #op2 : "=r"(value)::"memory");              \
        return value;                                                                                                  \
    }                                                                                                                  \
    static inline void sysreg_write_##name(uint64_t value)                                                             \
    {                                                                                                                  \
        __asm__ volatile("msr S" #op0 "_" #op1 "_C" #crn "_C" #crm "_" #op2 ", %0" ::"r"(value) : "memory");           \
    }
#endif

SYSREG_LIST(SYSREG_ACCESSORS)
#undef SYSREG_ACCESSORS

#define sysreg_read(name) sysreg_read_##name()
#define sysreg_write(name, value) sysreg_write_##name(value)
