/* SPDX-License-Identifier: Apache-2.0 */
/* The debug registers of a vCPU (DDI 0487, D2, D19.3). */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

/* Start-up hook of trap/: the rows. */
void sysreg_debug_init(void);

/*
 * The guest, at EL0, touched the debug communications channel with its own MDSCR_EL1.TDCC set: hardware without a hypervisor would have
 * trapped to EL1 (EC 0x18, the same ISS). Hardware TDCC is 0, so the access came to EL2 instead. key: of a register with op0 = 2.
 */
bool sysreg_debug_denied(const struct vcpu *vcpu, uint32_t key);
