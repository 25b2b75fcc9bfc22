/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables in which trap/ and dev/ meet: system registers that a guest's MRS and MSR trap on, and SMCCC calls.
 * Filled once at start-up, read-only afterwards.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "arch/frame.h"
#include "arch/sysreg.h"

#define SYSREG_MAX_ROWS 254U
#define CALL_SLOTS 256U

struct vcpu;

/*
 * One trapped register. read: sets *value; write: takes value. false or NULL: the guest gets an Undefined Instruction exception.
 * key is the register's SYSREG_KEY, so that one handler may serve several.
 */
struct sysreg_row {
    uint32_t key;
    const char *name;
    bool (*read)(struct vcpu *vcpu, uint32_t key, uint64_t *value);
    bool (*write)(struct vcpu *vcpu, uint32_t key, uint64_t value);
};

/* Adds rows, which stay where they are. A key that is there already, or more than 254 rows in all, is a panic (a bug of ours). */
void sysreg_table_add(const struct sysreg_row *rows, unsigned count);
/* Private to what follows: 0 where nobody serves the key, else n for row n; row 0 is NULL. */
extern uint8_t sysreg_table_index[SYSREG_KEYS];
extern const struct sysreg_row *sysreg_table_rows[SYSREG_MAX_ROWS + 1U];

/* NULL when nobody serves the key, which is below SYSREG_KEYS. */
static inline const struct sysreg_row *sysreg_table_find(uint32_t key)
{
    return sysreg_table_rows[sysreg_table_index[key]];
}

/*
 * One SMCCC function (DEN 0028). handle reads x1..x7 of the frame and returns what goes to x0; a function that returns more writes
 * x1..x3 itself. 32-bit calls: arguments were not truncated, the handler does.
 */
struct call_row {
    uint32_t function; /* the whole identifier, with the fast-call, SMC64 and owner bits */
    const char *name;
    uint64_t (*handle)(struct vcpu *vcpu, struct trap_frame *frame);
};

void call_table_add(const struct call_row *rows, unsigned count);
/* Private to call_table_find: at most half full. */
extern const struct call_row *call_table_slots[CALL_SLOTS];

/* Fibonacci hashing: identifiers differ in their low bits (number) and in bits 30:24 (width, owner), both spread to the top. */
static inline uint32_t call_table_slot(uint32_t function)
{
    return (function * 0x9e3779b1U) >> 24;
}

/* NULL when there is no such function. */
static inline const struct call_row *call_table_find(uint32_t function)
{
    uint32_t slot = call_table_slot(function);
    while (call_table_slots[slot] != NULL && call_table_slots[slot]->function != function) {
        slot = (slot + 1U) % CALL_SLOTS;
    }
    return call_table_slots[slot];
}
