/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two tables in which trap/ and dev/ meet. A system register is found by one load from a byte array indexed with its key, an
 * SMCCC function by a hash with linear probing that is at most half full. Owns both; filled at start-up by one CPU, read by all.
 */
#include "vm/calls.h"

#include "lib/panic.h"

#define MAX_CALL_ROWS (CALL_SLOTS / 2U)

uint8_t sysreg_table_index[SYSREG_KEYS];
const struct sysreg_row *sysreg_table_rows[SYSREG_MAX_ROWS + 1U];
static unsigned sysreg_count;

const struct call_row *call_table_slots[CALL_SLOTS];
static unsigned call_count;

static void sysreg_add(const struct sysreg_row *row)
{
    assert(row->key < SYSREG_KEYS);
    assert(sysreg_table_index[row->key] == 0U);
    assert(sysreg_count < SYSREG_MAX_ROWS);
    sysreg_count++;
    sysreg_table_rows[sysreg_count] = row;
    sysreg_table_index[row->key] = (uint8_t)sysreg_count;
}

void sysreg_table_add(const struct sysreg_row *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        sysreg_add(&rows[i]);
    }
}

static void call_add(const struct call_row *row)
{
    unsigned slot = call_table_slot(row->function);

    assert(call_count < MAX_CALL_ROWS);
    while (call_table_slots[slot] != NULL) {
        assert(call_table_slots[slot]->function != row->function);
        slot = (slot + 1U) % CALL_SLOTS;
    }
    call_table_slots[slot] = row;
    call_count++;
}

void call_table_add(const struct call_row *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        call_add(&rows[i]);
    }
}
