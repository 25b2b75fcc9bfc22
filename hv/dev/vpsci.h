/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware that a guest calls by HVC or SMC: PSCI 1.1 (DEN 0022), SMCCC 1.2 (DEN 0028), TRNG 1.0 (DEN 0098).
 */
#pragma once

struct device_class;

/* No state: its describe adds the psci node. */
extern const struct device_class vpsci_class;

/* Once, before the first VM: adds the rows to the call table. */
void vpsci_init(void);
