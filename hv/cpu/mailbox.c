/* SPDX-License-Identifier: Apache-2.0 */
/* See mailbox.h. Owns nothing: the pages are the loader's, reserved for good. */
#include "cpu/mailbox.h"

#include <stddef.h>

#include "arch/barrier.h"
#include "arch/cpu_wait.h"
#include "arch/device_access.h"
#include "ashlar/mailbox_page.h"
#include "mem/stage1.h"

/*
 * As Device, like the CPU at the other end sees it with its MMU off: no cache lies between (DDI 0487, B2.8). The page lies in a
 * reserved region, which is mapped nowhere else.
 */
enum status mailbox_open(const struct handoff_cpu *cpu, struct mailbox *mailbox)
{
    volatile uint8_t *base = stage1_map_device(pa_make(cpu->mailbox), MAILBOX_SIZE);

    if (base == NULL) {
        return STATUS_NO_MEMORY;
    }
    *mailbox =
        (struct mailbox){.base = base, .number = cpu->number, .ours = cpu->protocol != (uint16_t)HANDOFF_CPU_PARKING};
    return device_read32(base + MAILBOX_ID) == (uint32_t)MAILBOX_FREE ? STATUS_OK : STATUS_EXISTS;
}

/* Entry, then id: the CPU takes the entry as soon as it reads its id (parking protocol 1.0, 2.1). */
void mailbox_start(const struct mailbox *mailbox, uint64_t entry)
{
    device_write64(mailbox->base + MAILBOX_ENTRY, entry);
    barrier_dsb_sy();
    device_write32(mailbox->base + MAILBOX_ID, mailbox->number);
    cpu_wait_send_event();
}

void mailbox_cancel(const struct mailbox *mailbox)
{
    if (mailbox->ours) {
        device_write32(mailbox->base + MAILBOX_CANCELLED, 1);
    }
    device_write32(mailbox->base + MAILBOX_ID, (uint32_t)MAILBOX_FREE);
    cpu_wait_send_event();
}
