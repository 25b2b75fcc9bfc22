/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Choices out of a fuzzer's bytes, as few as each needs, and of a generator once they are used up, so that what waits for
 * another choice ends.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "model_choice.h"

struct model_bytes {
    const uint8_t *at;
    size_t left;
    uint64_t state;
};

static inline uint64_t model_bytes_below(void *context, uint64_t limit)
{
    struct model_bytes *bytes = context;
    uint64_t value = 0;

    if (bytes->left == 0) {
        bytes->state = bytes->state * 6364136223846793005ULL + 1442695040888963407ULL;
        return (bytes->state >> 11) % limit;
    }
    for (uint64_t top = limit - 1U; top != 0 && bytes->left != 0; top >>= 8, bytes->left--) {
        value = value << 8 | *bytes->at++;
    }
    return value % limit;
}

static inline struct model_choice model_bytes_choice(struct model_bytes *bytes, const uint8_t *data, size_t size)
{
    *bytes = (struct model_bytes){data, size, size};
    return (struct model_choice){model_bytes_below, bytes};
}
