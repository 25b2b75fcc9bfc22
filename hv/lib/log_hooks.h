/* SPDX-License-Identifier: Apache-2.0 */
/* What the log asks of the folders to its right: set once, when they are ready. */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct log_hooks {
    void (*sink)(const char *line, size_t size); /* one whole line with CR LF; called under LOCK_RANK_LOG */
    uint64_t (*micros)(void);                    /* since the start */
    unsigned (*cpu)(void);
};

void log_set_hooks(const struct log_hooks *hooks);
