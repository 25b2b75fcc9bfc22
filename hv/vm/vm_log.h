/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VM causes to be logged: ten lines in any second, so that a guest can't bury what the others or the hypervisor say. What is beyond
 * is counted, and the count is one of the ten.
 */
#pragma once

#include <stdint.h>

#include "arch/spinlock.h"
#include "cpu/timer.h"
#include "lib/log.h"

#define VM_LOG_LINES 10U /* in any second */

struct vm;

struct vm_log {
    struct spinlock lock;
    const char *name;          /* of the VM */
    uint64_t at[VM_LOG_LINES]; /* counts of the last lines, a ring; 0: none yet */
    uint32_t next;             /* the oldest of them */
    uint32_t left_out;         /* since the last line; while there are some, the next line is their count */
    struct timer summary;      /* armed while left_out is not 0 */
};

/* Start-up, once. */
void vm_log_init(struct vm_log *log, const char *name);
/* Any context, no lock of LOCK_RANK_TIMER or above held. As log_print. */
void vm_log_print(struct vm_log *log, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
