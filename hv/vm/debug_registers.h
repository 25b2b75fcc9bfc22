/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Break- and watchpoints in the hardware (DDI 0487, D2). A guest's accesses trap (MDCR_EL2.TDA), so the values in memory are the truth;
 * the hardware has them while the vCPU is loaded and debug exceptions are enabled in it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vcpu_debug;

enum debug_bank { DEBUG_BVR, DEBUG_BCR, DEBUG_WVR, DEBUG_WCR, DEBUG_BANKS };

/* Each CPU at bring-up: the OS lock opened, nothing enabled, whatever firmware or an external debugger left. */
void debug_registers_init(void);

/* MDSCR_EL1 enables step, break- or watchpoints and the guest's OS lock is open: else the hardware need not know the values. */
bool debug_registers_in_use(const struct vcpu_debug *debug);

/*
 * The vCPU comes to this CPU, or its MDSCR_EL1 or OS lock has changed. Where nothing is in use only MDSCR_EL1 is written, as 0: then what
 * another vCPU left in break- and watchpoints does nothing. Of MDSCR_EL1 only SS, KDE and MDE reach the hardware: TDCC (bit 12) stays 0
 * so that an EL0 read of the DCC comes to EL2 (mechanism 1), and TDA or HDE would hand the CPU to an external debugger.
 */
void debug_registers_load(const struct vcpu_debug *debug);

/* One register has changed in memory and debug_registers_in_use. Beyond what this CPU has: nothing. */
void debug_register_load(const struct vcpu_debug *debug, enum debug_bank bank, unsigned index);
