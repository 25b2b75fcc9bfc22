/* SPDX-License-Identifier: Apache-2.0 */
/* The whole machine's end, by its firmware. */
#pragma once

enum machine_end { MACHINE_STAYS, MACHINE_POWER_OFF, MACHINE_RESET };

/* An administrator's wish, which the keeper fulfils when all VMs are off. Any context; keeper_notify after it. */
void machine_end(enum machine_end end);
enum machine_end machine_end_asked(void);

/* PSCI SYSTEM_OFF and SYSTEM_RESET; where firmware returns, the other CPUs are stopped and this one waits for ever, saying so. */
_Noreturn void machine_power_off(void);
_Noreturn void machine_reset(void);
