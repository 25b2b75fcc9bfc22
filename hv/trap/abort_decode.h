/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a data abort from a guest asks for (DDI 0487, D19.2.37: ISS encoding for an exception from a Data Abort). Pure.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/* A load or store of one general register, as the syndrome describes it. */
struct abort_access {
    bool valid;       /* ISV: without it there is nothing to emulate */
    bool write;       /* WnR, also set for cache maintenance */
    bool sign_extend; /* SSE */
    bool wide;        /* SF: the register is Xt, else Wt */
    uint8_t size;     /* bytes: 1, 2, 4, 8 */
    uint8_t rt;       /* SRT; 31 is the zero register */
};

struct abort_access abort_decode_access(uint64_t esr);

/* HPFAR_EL2 and FAR_EL2: the IPA. Only right where HPFAR_EL2 is valid: not on an external abort, and on permission faults only of a walk. */
uint64_t abort_decode_ipa(uint64_t hpfar, uint64_t far);

/* Fault status, bits 5:0. */
bool abort_is_translation(uint64_t esr);
bool abort_is_permission(uint64_t esr);
bool abort_is_access_flag(uint64_t esr);
bool abort_is_external(uint64_t esr);
/* S1PTW: the fault is on a stage-1 table walk. */
bool abort_on_walk(uint64_t esr);
/* Level, for statuses that have one. */
int abort_level(uint64_t esr);

/* What a load of size bytes leaves in the register. */
uint64_t abort_extend(const struct abort_access *access, uint64_t value);
