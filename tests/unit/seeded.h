/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where property tests and fuzz targets take their choices from: a seeded generator (xorshift64*), or the bytes of a fuzzer's input, so
 * that both walk the same steps. The seed is the environment's ASHLAR_SEED or a fixed one; a test prints it, so that a failure can be
 * repeated.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct seeded {
    uint64_t state;       /* of the generator; 0: choices come from bytes */
    const uint8_t *bytes; /* what is left of the input */
    size_t left;
};

/* Prints the seed; name is the test's. */
void seeded_start(struct seeded *seeded, const char *name);
/* Choices come from size bytes at data, lowest byte first and no more of them than a choice needs; behind their end each is 0. */
void seeded_from(struct seeded *seeded, const uint8_t *data, size_t size);
/* From an input: false when it is used up. A generator never is. */
bool seeded_more(const struct seeded *seeded);
uint64_t seeded_next(struct seeded *seeded);
/* 0 to limit - 1 */
uint64_t seeded_below(struct seeded *seeded, uint64_t limit);
