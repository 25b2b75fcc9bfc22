/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The string functions for the target (ISO C11, 7.24); on the build machine the C library's are linked. No state.
 * Built with -ffreestanding, so that the compiler makes no call of memcpy out of memcpy's own loop.
 */
#ifndef ASHLAR_HOST
#include "lib/string.h"

#include <stdbool.h>
#include <stdint.h>

/* May alias anything: copies are by words. */
typedef uint64_t __attribute__((may_alias)) word_t;

static bool aligned_alike(const void *a, const void *b)
{
    return ((uintptr_t)a & 7U) == ((uintptr_t)b & 7U);
}

/* Loads before stores: pairs of registers. */
static void copy_64(word_t *to, const word_t *from)
{
    word_t a = from[0], b = from[1], c = from[2], d = from[3], e = from[4], f = from[5], g = from[6], h = from[7];
    to[0] = a, to[1] = b, to[2] = c, to[3] = d, to[4] = e, to[5] = f, to[6] = g, to[7] = h;
}

static void copy_forward(unsigned char *to, const unsigned char *from, size_t size)
{
    if (aligned_alike(to, from)) {
        for (; size > 0 && ((uintptr_t)to & 7U) != 0; size--)
            *to++ = *from++;
        for (; size >= 64; size -= 64, to += 64, from += 64)
            copy_64((word_t *)(void *)to, (const word_t *)(const void *)from);
        for (; size >= 8; size -= 8, to += 8, from += 8)
            *(word_t *)(void *)to = *(const word_t *)(const void *)from;
    }
    for (; size > 0; size--)
        *to++ = *from++;
}

static void copy_backward(unsigned char *to, const unsigned char *from, size_t size)
{
    to += size;
    from += size;
    if (aligned_alike(to, from)) {
        for (; size > 0 && ((uintptr_t)to & 7U) != 0; size--)
            *--to = *--from;
        for (; size >= 8; size -= 8) {
            to -= 8;
            from -= 8;
            *(word_t *)(void *)to = *(const word_t *)(const void *)from;
        }
    }
    for (; size > 0; size--)
        *--to = *--from;
}

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    copy_forward(to, from, size);
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    if ((uintptr_t)to - (uintptr_t)from >= size)
        copy_forward(to, from, size);
    else
        copy_backward(to, from, size);
    return to;
}

static void set_64(word_t *at, word_t word)
{
    at[0] = at[1] = at[2] = at[3] = at[4] = at[5] = at[6] = at[7] = word;
}

void *memset(void *to, int byte, size_t size)
{
    unsigned char *at = to;
    uint64_t word = (unsigned char)byte * 0x0101010101010101ULL;
    for (; size > 0 && ((uintptr_t)at & 7U) != 0; size--)
        *at++ = (unsigned char)byte;
    for (; size >= 64; size -= 64, at += 64)
        set_64((word_t *)(void *)at, word);
    for (; size >= 8; size -= 8, at += 8)
        *(word_t *)(void *)at = word;
    for (; size > 0; size--)
        *at++ = (unsigned char)byte;
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const unsigned char *left = a;
    const unsigned char *right = b;
    for (size_t i = 0; i < size; i++) {
        if (left[i] != right[i])
            return left[i] < right[i] ? -1 : 1;
    }
    return 0;
}

void *memchr(const void *from, int byte, size_t size)
{
    const unsigned char *at = from;
    for (size_t i = 0; i < size; i++) {
        if (at[i] == (unsigned char)byte)
            return (void *)(uintptr_t)&at[i];
    }
    return NULL;
}

size_t strlen(const char *text)
{
    size_t length = 0;
    while (text[length] != '\0')
        length++;
    return length;
}

size_t strnlen(const char *text, size_t size)
{
    size_t length = 0;
    while (length < size && text[length] != '\0')
        length++;
    return length;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char left = (unsigned char)a[i];
        unsigned char right = (unsigned char)b[i];
        if (left != right)
            return left < right ? -1 : 1;
        if (left == '\0')
            break;
    }
    return 0;
}

char *strchr(const char *text, int byte)
{
    return memchr(text, byte, strlen(text) + 1);
}

char *strrchr(const char *text, int byte)
{
    for (size_t i = strlen(text) + 1; i > 0; i--) {
        if (text[i - 1] == (char)byte)
            return (char *)(uintptr_t)&text[i - 1];
    }
    return NULL;
}
#endif
