/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM's power button. vm/ stands left of dev/, so it reaches the device through a const struct that dev/ defines (declared left,
 * defined right).
 */
#pragma once

struct vm;

struct vm_power_button_ops {
    /* Presses it, and lets it go 100 ms later. The VM's devices exist; its lock may be held. */
    void (*press)(struct vm *vm);
};

/* dev/pl061.c */
extern const struct vm_power_button_ops vm_power_button;
