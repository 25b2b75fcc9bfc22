/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a physical address of RAM to a pointer and back. EL2 maps RAM at its own address (VA = PA, docs/architecture.md), so the
 * real one is a cast; on the build machine an arena stands for RAM (arch/host/host_phys.c).
 */
#pragma once

#include <stdint.h>

#ifdef ASHLAR_HOST
void *phys_to_pointer(uint64_t pa); /* fails the test when pa is outside the arena */
uint64_t pointer_to_phys(const void *pointer);
#else
static inline void *phys_to_pointer(uint64_t pa)
{
    return (void *)(uintptr_t)pa;
}

static inline uint64_t pointer_to_phys(const void *pointer)
{
    return (uint64_t)(uintptr_t)pointer;
}
#endif
