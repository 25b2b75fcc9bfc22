/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an administrator asks of a VM, and what he is told about it (the monitor). Requests return at once, from any thread or
 * interrupt, on any CPU, with no lock of a VM's or above held; the keeper does the rest (vm/keeper.c).
 *
 *   state      start     stop           stop -f   reset     pause     resume
 *   off        starting  NOT_FOUND      NOT_FOUND NOT_FOUND NOT_FOUND NOT_FOUND
 *   starting   EXISTS    stopping       stopping  BUSY      starts paused (EXISTS: asked already) takes that back, else EXISTS
 *   running    EXISTS    button pressed stopping  stopping  pausing   EXISTS
 *   pausing    EXISTS    as running     stopping  stopping  EXISTS    running
 *   paused     EXISTS    as running     stopping  stopping  EXISTS    running
 *   held       EXISTS    stopping       stopping  stopping  INVALID   INVALID
 *   stopping   BUSY      stays off      stays off BUSY      BUSY      BUSY
 *
 * stop presses the power button (a paused VM is resumed first) and after stop_timeout takes the power away; meanwhile start and pause are
 * BUSY, stop is OK, reset takes the stop back, and however else the run ends, the VM stays off. A crash that is being held
 * (on_crash: hold) counts as held. A guest's own SYSTEM_OFF or SYSTEM_RESET does not overrule what was asked for here.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"
#include "vm/vm.h"

/* STATUS_OK: it will happen. Otherwise nothing changes: the table above says what a status means. */
enum status vm_control_start(struct vm *vm);
enum status vm_control_stop(struct vm *vm, bool force);
enum status vm_control_reset(struct vm *vm);
enum status vm_control_pause(struct vm *vm);
enum status vm_control_resume(struct vm *vm);

struct vm_report {
    enum vm_state state;
    bool stop_asked;       /* the power button was pressed, stop_timeout runs */
    enum vm_request ended; /* why its last run ended; VM_REQUEST_NONE: it never did */
    uint32_t vcpus;        /* as configured */
    uint32_t vcpus_on;     /* PSCI state ON or ON_PENDING */
    uint64_t memory;       /* bytes of RAM, as configured */
    uint64_t owned;        /* bytes that the allocator has on its account: RAM, tables, stacks, devices */
    uint64_t runs;         /* starts and restarts since the machine's */
    uint64_t uptime_ns;    /* since this run began, pauses included; 0 when it is off or starting */
    /*
     * Counter ticks of all its vCPUs together, since the vCPUs were made: on a CPU, waiting for one, and neither (asleep, off, paused). A
     * vCPU that is alone on its CPU executes WFI there: that counts as run.
     */
    uint64_t run_ticks, ready_ticks, idle_ticks;
    /* Exits of all its vCPUs since they were made: all, by interrupts, and the synchronous ones by ESR_EL2.EC. */
    uint64_t exits;
    uint64_t interrupts;
    uint64_t exits_by_class[64];
};

/* A consistent picture of one moment but for the ticks. */
void vm_control_report(const struct vm *vm, struct vm_report *report);

/* For people: "off", "starting", ...; and "" (never ended), "reset by its guest", "crashed", ... */
const char *vm_state_name(enum vm_state state);
const char *vm_request_name(enum vm_request request);
