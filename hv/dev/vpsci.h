/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware that a guest calls by HVC or SMC: PSCI 1.1 (DEN 0022), SMCCC 1.2 (DEN 0028), TRNG 1.0 (DEN 0098).
 */
#pragma once

#include <stdint.h>

struct device_class;

/* No state: its describe adds the psci node. */
extern const struct device_class vpsci_class;

/* ID registers of the machine that say which mitigations it does not need: of unlike CPUs the field-wise minimum. */
struct vpsci_machine {
    uint64_t id_aa64pfr0_el1;
    uint64_t id_aa64mmfr1_el1;
};

/* Once, after fw_init, before the first VM: asks the firmware for its workarounds, and adds the rows to the call table. */
void vpsci_init(const struct vpsci_machine *machine);
