/* SPDX-License-Identifier: Apache-2.0 */
/* See seeded.h. */
#include "seeded.h"

#include <stdio.h>
#include <stdlib.h>

void seeded_start(struct seeded *seeded, const char *name)
{
    const char *text = getenv("ASHLAR_SEED");
    *seeded = (struct seeded){.state = text == NULL ? 0x9e3779b97f4a7c15ULL : strtoull(text, NULL, 0)};
    if (seeded->state == 0)
        seeded->state = 1;
    (void)fprintf(stderr, "# %s: ASHLAR_SEED=0x%lx\n", name, (unsigned long)seeded->state);
}

void seeded_from(struct seeded *seeded, const uint8_t *data, size_t size)
{
    *seeded = (struct seeded){.bytes = data, .left = size};
}

bool seeded_more(const struct seeded *seeded)
{
    return seeded->state != 0 || seeded->left > 0;
}

static uint64_t take(struct seeded *seeded, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes && seeded->left > 0; i++) {
        value |= (uint64_t)*seeded->bytes++ << (8U * i);
        seeded->left--;
    }
    return value;
}

uint64_t seeded_next(struct seeded *seeded)
{
    if (seeded->state == 0)
        return take(seeded, 8);
    seeded->state ^= seeded->state >> 12;
    seeded->state ^= seeded->state << 25;
    seeded->state ^= seeded->state >> 27;
    return seeded->state * 0x2545f4914f6cdd1dULL;
}

uint64_t seeded_below(struct seeded *seeded, uint64_t limit)
{
    unsigned bytes = 1;
    if (seeded->state != 0)
        return (seeded_next(seeded) >> 11) % limit;
    while (bytes < 8U && (limit - 1U) >> (8U * bytes) != 0)
        bytes++;
    return take(seeded, bytes) % limit;
}
