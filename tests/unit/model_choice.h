/* SPDX-License-Identifier: Apache-2.0 */
/* Where a model's random choices come from: a seeded generator, or a fuzzer's bytes. No code. */
#pragma once

#include <stdint.h>

struct model_choice {
    uint64_t (*below)(void *context, uint64_t limit); /* 0 to limit - 1 */
    void *context;
};
