/* SPDX-License-Identifier: Apache-2.0 */
/* The end of Ashlar on a bug of its own: the hooks that panic needs from folders to the right, and the dump of a frame. */
#pragma once

#include <stdint.h>

#include "arch/frame.h"
#include "ashlar/handoff.h"

struct panic_hooks {
    void (*stop_others)(void);
    void (*reset)(void); /* returns only when the firmware can't */
};

void panic_init(const struct handoff *handoff, const struct panic_hooks *hooks);
/* After the switch to the hypervisor's own tables: where pvpanic's register is mapped now. */
void panic_attach(volatile uint8_t *pvpanic);

/* A panic with the registers of an exception taken at EL2. sp: the stack pointer when it was taken. */
_Noreturn void panic_frame(const struct trap_frame *frame, uint64_t sp, const char *reason);
