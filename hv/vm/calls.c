/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two tables in which trap/ and dev/ meet. A system register is found by one load from a byte array indexed with its key, an
 * SMCCC function by a hash with linear probing that is at most half full. Owns both; filled at start-up by one CPU, read by all.
 */
#include "vm/calls.h"

#include <stddef.h>

#include "lib/panic.h"

#define MAX_SYSREG_ROWS 254U
#define CALL_SLOTS 256U
#define MAX_CALL_ROWS (CALL_SLOTS / 2U)

static uint8_t sysreg_index[SYSREG_KEYS]; /* 0: nobody serves the key; n: sysreg_rows[n] */
static const struct sysreg_row *sysreg_rows[MAX_SYSREG_ROWS + 1U];
static unsigned sysreg_count;

static const struct call_row *call_slots[CALL_SLOTS];
static unsigned call_count;

static void sysreg_add(const struct sysreg_row *row)
{
    assert(row->key < SYSREG_KEYS);
    assert(sysreg_index[row->key] == 0U);
    assert(sysreg_count < MAX_SYSREG_ROWS);
    sysreg_count++;
    sysreg_rows[sysreg_count] = row;
    sysreg_index[row->key] = (uint8_t)sysreg_count;
}

void sysreg_table_add(const struct sysreg_row *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        sysreg_add(&rows[i]);
    }
}

const struct sysreg_row *sysreg_table_find(uint32_t key)
{
    return sysreg_rows[sysreg_index[key % SYSREG_KEYS]]; /* row 0 is NULL */
}

/* Fibonacci hashing: identifiers differ in their low bits (number) and in bits 30:24 (width, owner), both spread to the top. */
static unsigned call_hash(uint32_t function)
{
    return (function * 0x9e3779b1U) >> 24;
}

static void call_add(const struct call_row *row)
{
    unsigned slot = call_hash(row->function);

    assert(call_count < MAX_CALL_ROWS);
    while (call_slots[slot] != NULL) {
        assert(call_slots[slot]->function != row->function);
        slot = (slot + 1U) % CALL_SLOTS;
    }
    call_slots[slot] = row;
    call_count++;
}

void call_table_add(const struct call_row *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        call_add(&rows[i]);
    }
}

const struct call_row *call_table_find(uint32_t function)
{
    unsigned slot = call_hash(function);

    while (call_slots[slot] != NULL && call_slots[slot]->function != function) {
        slot = (slot + 1U) % CALL_SLOTS;
    }
    return call_slots[slot];
}
