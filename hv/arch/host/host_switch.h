/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands on the build machine for the assembly of worlds and CPUs (arch/aarch64/vectors.S, entry.S): a test names what is to happen
 * when code switches stacks; without that the switch returns at once, as if the world had been switched back to.
 */
#pragma once

#include <stdint.h>

extern void (*host_on_switch)(uint64_t *save, uint64_t load);
