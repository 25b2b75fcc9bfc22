/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The functions of <string.h> that libfdt and the compiler's own copies need (C11, 7.24). Bytes in 64-bit steps where
 * both sides are aligned: images of tens of MiB pass through memcpy.
 */
#include <stdint.h>
#include <string.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    if ((((uintptr_t)d | (uintptr_t)s) & 7U) == 0) {
        for (; size >= 8; size -= 8, d += 8, s += 8) {
            *(uint64_t *)(void *)d = *(const uint64_t *)(const void *)s;
        }
    }
    while (size-- > 0) {
        *d++ = *s++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t size)
{
    uint8_t *d = to;
    const uint8_t *s = from;

    if ((uintptr_t)d - (uintptr_t)s >= size) {
        return memcpy(to, from, size);
    }
    while (size-- > 0) {
        d[size] = s[size];
    }
    return to;
}

void *memset(void *to, int byte, size_t size)
{
    uint8_t *d = to;

    if (((uintptr_t)d & 7U) == 0) {
        for (; size >= 8; size -= 8, d += 8) {
            *(uint64_t *)(void *)d = 0x0101010101010101ULL * (uint8_t)byte;
        }
    }
    while (size-- > 0) {
        *d++ = (uint8_t)byte;
    }
    return to;
}

int memcmp(const void *a, const void *b, size_t size)
{
    const uint8_t *x = a;
    const uint8_t *y = b;

    for (; size > 0; size--, x++, y++) {
        if (*x != *y) {
            return *x - *y;
        }
    }
    return 0;
}

void *memchr(const void *from, int byte, size_t size)
{
    const uint8_t *s = from;

    for (; size > 0; size--, s++) {
        if (*s == (uint8_t)byte) {
            return (void *)(uintptr_t)s;
        }
    }
    return NULL;
}

size_t strlen(const char *string)
{
    size_t length = 0;

    while (string[length] != '\0') {
        length++;
    }
    return length;
}

size_t strnlen(const char *string, size_t limit)
{
    size_t length = 0;

    while (length < limit && string[length] != '\0') {
        length++;
    }
    return length;
}

char *strrchr(const char *string, int character)
{
    const char *found = NULL;

    for (;; string++) {
        if (*string == (char)character) {
            found = string;
        }
        if (*string == '\0') {
            return (char *)(uintptr_t)found;
        }
    }
}

int strncmp(const char *a, const char *b, size_t limit)
{
    for (; limit > 0; limit--, a++, b++) {
        if (*a != *b) {
            return (uint8_t)*a - (uint8_t)*b;
        }
        if (*a == '\0') {
            break;
        }
    }
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}
