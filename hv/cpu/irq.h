/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Physical interrupts: who handles which INTID. EOImode is split (ICC_CTLR_EL1.EOImode = 1, IHI 0069 4.4): priority is dropped first,
 * then the handler runs, then the interrupt is deactivated unless the handler says that a guest will do that.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"

enum irq_done {
    IRQ_DEACTIVATE,  /* the usual */
    IRQ_KEEP_ACTIVE, /* handed to a guest by a hardware-linked list register, which deactivates it */
};

typedef enum irq_done (*irq_handler)(uint32_t intid, void *argument);

/* INTIDs 0..1019. Registered at start-up; a second handler for one INTID is STATUS_EXISTS. */
enum status irq_register(uint32_t intid, irq_handler handler, void *argument);

/* PPIs and SGIs: on the calling CPU. SPIs: routed to the boot CPU, level unless edge. */
void irq_enable(uint32_t intid, bool edge);
void irq_disable(uint32_t intid);
/* ICC_DIR_EL1 on this CPU: an interrupt that was kept active. */
void irq_deactivate(uint32_t intid);
/* GICR_ISACTIVER0 / ICACTIVER0 of this CPU, for PPIs whose active state moves with a vCPU. */
void irq_set_private_active(uint32_t intid, bool active);

/* SGIs that the hypervisor sends to its own CPUs. */
enum irq_sgi { IRQ_SGI_RESCHED = 0, IRQ_SGI_STOP = 1, IRQ_SGI_CALL = 2, IRQ_SGI_CONSOLE = 3 };
void irq_send_sgi(unsigned cpu, enum irq_sgi sgi);
