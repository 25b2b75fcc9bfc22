/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads and stores to a physical device's registers. One instruction with one base register and no write-back each, so
 * that a hypervisor below us can emulate them, too (DDI 0487, ESR_ELx.ISV); the compiler neither merges nor reorders
 * them. Ordering against memory is the caller's (arch/barrier.h). On the build machine they reach a device's model.
 */
#pragma once

#include <stdint.h>

#ifdef ASHLAR_HOST
/* size: 1, 2, 4 or 8 bytes */
uint64_t host_device_read(const volatile void *address, unsigned size);
void host_device_write(volatile void *address, unsigned size, uint64_t value);
#define DEVICE_ACCESSORS(bits, type, load, store, width)                                                               \
    static inline type device_read##bits(const volatile void *address)                                                 \
    {                                                                                                                  \
        return (type)host_device_read(address, sizeof(type));                                                          \
    }                                                                                                                  \
    static inline void device_write##bits(volatile void *address, type value)                                          \
    {                                                                                                                  \
        host_device_write(address, sizeof(type), value);                                                               \
    }
#else
#define DEVICE_ACCESSORS(bits, type, load, store, width)                                                               \
    static inline type device_read##bits(const volatile void *address)                                                 \
    {                                                                                                                  \
        type value;                                                                                                    \
        __asm__ volatile(load " %" width "0, [%1]" : "=r"(value) : "r"(address) : "memory");                           \
        return value;                                                                                                  \
    }                                                                                                                  \
    static inline void device_write##bits(volatile void *address, type value)                                          \
    {                                                                                                                  \
        __asm__ volatile(store " %" width "0, [%1]" ::"r"(value), "r"(address) : "memory");                            \
    }
#endif

DEVICE_ACCESSORS(8, uint8_t, "ldrb", "strb", "w")
DEVICE_ACCESSORS(16, uint16_t, "ldrh", "strh", "w")
DEVICE_ACCESSORS(32, uint32_t, "ldr", "str", "w")
DEVICE_ACCESSORS(64, uint64_t, "ldr", "str", "x")
#undef DEVICE_ACCESSORS
