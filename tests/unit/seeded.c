/* SPDX-License-Identifier: Apache-2.0 */
/* See seeded.h. */
#include "seeded.h"

#include <stdio.h>
#include <stdlib.h>

void seeded_start(struct seeded *seeded, const char *name)
{
    const char *text = getenv("ASHLAR_SEED");
    seeded->state = text == NULL ? 0x9e3779b97f4a7c15ULL : strtoull(text, NULL, 0);
    if (seeded->state == 0)
        seeded->state = 1;
    (void)fprintf(stderr, "# %s: ASHLAR_SEED=0x%lx\n", name, (unsigned long)seeded->state);
}

uint64_t seeded_next(struct seeded *seeded)
{
    seeded->state ^= seeded->state >> 12;
    seeded->state ^= seeded->state << 25;
    seeded->state ^= seeded->state >> 27;
    return seeded->state * 0x2545f4914f6cdd1dULL;
}

uint64_t seeded_below(struct seeded *seeded, uint64_t limit)
{
    return (seeded_next(seeded) >> 11) % limit;
}
