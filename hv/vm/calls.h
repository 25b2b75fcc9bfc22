/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tables in which trap/ and dev/ meet: system registers that a guest's MRS and MSR trap on, and SMCCC calls.
 * Filled once at start-up, read-only afterwards.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/frame.h"
#include "arch/sysreg.h"

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
/* NULL when nobody serves the key. */
const struct sysreg_row *sysreg_table_find(uint32_t key);

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
const struct call_row *call_table_find(uint32_t function);
