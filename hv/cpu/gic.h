/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine's GICv3 (IHI 0069): distributor, redistributors, CPU interfaces. Works with both security views: GICD_CTLR.DS = 1, and
 * the non-secure view of a machine with EL3.
 */
#pragma once

#include <stdint.h>

#include "lib/status.h"
#include "platform/platform.h"

/* Maps and sets up the distributor; boot CPU, once. On failure the reason was logged. */
enum status gic_init(const struct platform *platform);
/* The calling CPU's redistributor and CPU interface. */
enum status gic_cpu_init(void);

/* ICC_IAR1_EL1 until nothing is pending: runs each handler. Interrupts masked. */
void gic_handle_pending(void);
