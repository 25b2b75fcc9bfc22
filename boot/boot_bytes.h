/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian numbers at any alignment, and the sum that ACPI's checksums are made of (ACPI 6.5, 5.2.5.3 and 5.2.6). */
#pragma once

#include <stdint.h>

static inline uint32_t boot_bytes_le32(const uint8_t *b)
{
    return b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t boot_bytes_le64(const uint8_t *b)
{
    return boot_bytes_le32(b) | (uint64_t)boot_bytes_le32(b + 4) << 32;
}

static inline void boot_bytes_put32(uint8_t *b, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) {
        b[i] = (uint8_t)(value >> (8U * i));
    }
}

static inline void boot_bytes_put64(uint8_t *b, uint64_t value)
{
    boot_bytes_put32(b, (uint32_t)value);
    boot_bytes_put32(b + 4, (uint32_t)(value >> 32));
}

static inline uint8_t boot_bytes_sum(const uint8_t *b, uint64_t size)
{
    uint8_t sum = 0;

    for (uint64_t i = 0; i < size; i++) {
        sum = (uint8_t)(sum + b[i]);
    }
    return sum;
}
