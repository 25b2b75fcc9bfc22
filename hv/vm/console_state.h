/* SPDX-License-Identifier: Apache-2.0 */
/* What vm/console_output.c and vm/console_input.c share: who is in view, under LOCK_RANK_CONSOLE. For those two only. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "arch/spinlock.h"
#include "ashlar/config.h"
#include "vm/vm.h"

enum console_view { VIEW_MONITOR, VIEW_ALL, VIEW_VM };

struct console_state {
    struct spinlock lock;
    enum console_view view;
    enum console_view base;    /* where Ctrl-] and the end of a VM lead to: VIEW_MONITOR or VIEW_ALL */
    struct vm *watched;        /* VIEW_VM: whose; else NULL */
    bool live[CONFIG_MAX_VMS]; /* the VM's UART may be called */
    bool leave;                /* the watched VM has ended: to base once its output was shown */
    uint32_t telling;          /* CPUs that tell a VM's UART about room, outside of the lock */
    bool key_pressed;
    struct world *monitor;
};

extern struct console_state console_state;

/* console_output.c */
/* The view changes. Locked. */
void console_change_view(enum console_view view, struct vm *vm);
/* Sends what waits, but not for ever: any context that may take LOCK_RANK_CONSOLE. */
void console_pump(void);
/* Any context. */
void console_wake_monitor(void);

/* console_input.c */
/* Nobody is within the UART of a VM. Locked. */
bool console_input_idle(void);
/* Bytes that wait for the watched VM are dropped. Locked. */
void console_input_drop(void);
