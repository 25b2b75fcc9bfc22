/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A vCPU's generic timers (DDI 0487, "The Generic Timer in AArch64 state"): the virtual one is the hardware's, the physical one is emulated.
 */
#pragma once

#include <stdint.h>

#include "lib/status.h"

struct device_class;

#define VTIMER_VIRT_INTID 27U /* what the guest sees */
#define VTIMER_PHYS_INTID 30U

extern const struct device_class vtimer_class;

/*
 * Once, on the boot CPU: registers the handler of the machine's EL1 virtual timer interrupt (a PPI, platform's timer_virt_intid) and
 * the rows of CNTP_*_EL0. The status is irq_register's.
 */
enum status vtimer_init(uint32_t phys_intid);
/* Each CPU, before it loads a vCPU: the virtual timer off, its interrupt enabled. After vtimer_init and the CPU's own GIC set-up. */
void vtimer_cpu_init(void);
