/* SPDX-License-Identifier: Apache-2.0 */
/* The whole machine's end, by its firmware. */
#pragma once

/* PSCI SYSTEM_OFF and SYSTEM_RESET; where firmware returns, the other CPUs are stopped and this one waits for ever, saying so. */
_Noreturn void machine_power_off(void);
_Noreturn void machine_reset(void);
