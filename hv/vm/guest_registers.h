/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The EL2 registers that decide what a guest may do without EL2 (DDI 0487, D19.2): HCR_EL2 and its companions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct vcpu;

/* Boot CPU, after features_combine: decides the values for every CPU. */
void guest_registers_prepare(void);
/* HCR_EL2 of a vCPU that starts. */
uint64_t guest_registers_hcr(void);
/* The vCPU comes to this CPU with its EL1 state, or leaves it. vttbr: of its VM. Interrupts masked. */
void guest_registers_load(struct vcpu *vcpu, uint64_t vttbr);
void guest_registers_put(struct vcpu *vcpu);
/* HCR_EL2.TWI of the loaded vCPU. */
void guest_registers_trap_wfi(struct vcpu *vcpu, bool trap);
