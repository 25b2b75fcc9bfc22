/* SPDX-License-Identifier: Apache-2.0 */
/* Setting the timers up: for main.c and smp.c alone. */
#pragma once

#include <stdint.h>

#include "ashlar/handoff.h"
#include "lib/status.h"
#include "platform/platform.h"

/* Boot CPU, after gic_init. STATUS_UNSUPPORTED: CNTFRQ_EL0 was never set by firmware. */
enum status timer_init(const struct platform *platform, const struct handoff *handoff);
/* Each CPU, after gic_cpu_init. */
void timer_cpu_init(const struct platform *platform);
/* Microseconds since the loader jumped to the hypervisor; 0 before timer_init. */
uint64_t timer_micros(void);
