/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian numbers at any address, as firmware tables and file headers hold them. Pure; bounds are the caller's. */
#pragma once

#include <stdint.h>

static inline uint16_t bytes_le16(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | ((uint32_t)bytes[1] << 8));
}

static inline uint32_t bytes_le32(const uint8_t *bytes)
{
    return bytes_le16(bytes) | ((uint32_t)bytes_le16(bytes + 2) << 16);
}

static inline uint64_t bytes_le64(const uint8_t *bytes)
{
    return bytes_le32(bytes) | ((uint64_t)bytes_le32(bytes + 4) << 32);
}
