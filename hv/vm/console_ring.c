/* SPDX-License-Identifier: Apache-2.0 */
/* The reader's side of a VM's kept output. Pure but for the atomic accesses; called by vm/console_output.c under its lock. */
#include "vm/console_ring.h"

uint64_t console_ring_catch_up(struct console_ring *ring)
{
    uint64_t waiting = console_ring_waiting(ring);
    if (waiting <= CONSOLE_KEPT) {
        return 0;
    }
    ring->shown += waiting - CONSOLE_KEPT;
    return waiting - CONSOLE_KEPT;
}

size_t console_ring_peek(const struct console_ring *ring, uint8_t *to, size_t size)
{
    uint64_t waiting = console_ring_waiting(ring);
    size_t count = waiting < size ? (size_t)waiting : size;
    for (size_t i = 0; i < count; i++) {
        to[i] = __atomic_load_n(&ring->bytes[(ring->shown + i) % CONSOLE_KEPT], __ATOMIC_RELAXED);
    }
    /* Overwritten meanwhile: what was read is a mixture. The loads above come before this look at written. */
    __atomic_thread_fence(__ATOMIC_ACQUIRE);
    return console_ring_waiting(ring) <= CONSOLE_KEPT ? count : 0U;
}
