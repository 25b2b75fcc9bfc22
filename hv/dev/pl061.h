/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM's GPIO controller, a PL061 at 0x0903_0000 with SPI INTID 39 (DDI 0190), and its power button on line 3.
 */
#pragma once

#include <stdint.h>

struct device_class;
struct vm;

#define PL061_BASE 0x09030000ULL
#define PL061_SIZE 0x1000ULL
#define PL061_INTID 39U

extern const struct device_class pl061_class;

/*
 * Presses the VM's power button and lets it go 100 ms later: a guest that listens shuts itself down. Any context without a lock of a
 * VM's devices or above; pressing it again meanwhile makes it longer.
 */
void pl061_press_power(struct vm *vm);
