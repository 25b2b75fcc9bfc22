/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Break- and watchpoints in the hardware (DDI 0487, D2). A guest's accesses trap (MDCR_EL2.TDA), so the values in memory are the truth;
 * the hardware has them while the vCPU is loaded and uses any.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vcpu_debug;

enum debug_bank { DEBUG_BVR, DEBUG_BCR, DEBUG_WVR, DEBUG_WCR };

unsigned debug_breakpoints(void); /* ID_AA64DFR0_EL1.BRPs + 1 of this CPU */
unsigned debug_watchpoints(void);

void debug_register_write(enum debug_bank bank, unsigned index, uint64_t value);

/*
 * All of them and MDSCR_EL1: TDCC, bit 12, stays 0 in the hardware, so that an EL0 read of the DCC comes to EL2. Where nothing is in use,
 * MDSCR_EL1 alone is cleared: then break- and watchpoints do nothing.
 */
void debug_registers_load(const struct vcpu_debug *debug);
