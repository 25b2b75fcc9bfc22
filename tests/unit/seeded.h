/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Seeded random numbers for property tests: xorshift64*. The seed is the environment's ASHLAR_SEED or a fixed one; a test prints it, so
 * that a failure can be repeated.
 */
#pragma once

#include <stdint.h>

struct seeded {
    uint64_t state;
};

/* Prints the seed; name is the test's. */
void seeded_start(struct seeded *seeded, const char *name);
uint64_t seeded_next(struct seeded *seeded);
/* 0 to limit - 1 */
uint64_t seeded_below(struct seeded *seeded, uint64_t limit);
