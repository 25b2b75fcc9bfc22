/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three kinds of address as types that don't mix: physical, intermediate physical (a guest's), and virtual (EL2's).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PAGE_SHIFT 12U
#define PAGE_SIZE 4096ULL
#define BLOCK_2M 0x200000ULL
#define BLOCK_1G 0x40000000ULL

typedef struct {
    uint64_t pa;
} pa_t;

typedef struct {
    uint64_t ipa;
} ipa_t;

typedef struct {
    uint64_t va;
} va_t;

static inline pa_t pa_make(uint64_t pa)
{
    return (pa_t){pa};
}

static inline ipa_t ipa_make(uint64_t ipa)
{
    return (ipa_t){ipa};
}

static inline va_t va_make(uint64_t va)
{
    return (va_t){va};
}
