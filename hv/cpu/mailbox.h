/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starting a physical CPU by its mailbox (include/ashlar/mailbox_page.h; mechanism 10): the only way that the hypervisor knows.
 * Boot CPU, while CPUs are brought up; no lock.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "ashlar/handoff.h"
#include "lib/status.h"

struct mailbox {
    volatile uint8_t *base; /* mapped as Device */
    uint32_t number;
    bool ours; /* the loader's pen waits there, not the firmware's */
};

/* Maps cpu's mailbox; cpu is HANDOFF_CPU_PARKED. STATUS_NO_MEMORY; STATUS_EXISTS when the mailbox is not free. */
enum status mailbox_open(const struct handoff_cpu *cpu, struct mailbox *mailbox);

/* Sends the CPU to entry, a physical address; what it will read there was cleaned to the point of coherency. */
void mailbox_start(const struct mailbox *mailbox, uint64_t entry);

/*
 * Takes the order back, for good. A CPU that has not looked yet sleeps in its pen; one that has may still come. A
 * firmware's own mailbox can only be freed again.
 */
void mailbox_cancel(const struct mailbox *mailbox);
