/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a VM's UART sent, kept for whoever looks at it later: a ring with one writer (the UART, under its device's lock) and one reader (the
 * console, under its own). The writer never waits; what the reader did not take in time is overwritten, and the reader sees how much.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CONSOLE_KEPT 65536U

struct console_ring {
    uint8_t *bytes;    /* CONSOLE_KEPT of them */
    uint64_t written;  /* bytes ever sent */
    uint64_t finished; /* of those, up to and with the last line feed */
    uint64_t shown;    /* reader: bytes that went out, or were given up */
    uint8_t age;       /* reader, all VMs shown: ticks that an unfinished line waits */
    uint8_t escape;    /* reader, all VMs shown: within an escape sequence */
    bool part;         /* reader, all VMs shown: a part of the present line stands there already */
    bool flow;         /* reader: it has caught up once, so that the UART may be asked to wait */
};

/*
 * Sequentially consistent with the look at who is to be told (console_output.c): either the writer sees the reader's wish, or the
 * reader sees the byte (DDI 0487, B2.3.11: STLR before LDAR).
 */
static inline void console_ring_put(struct console_ring *ring, uint8_t byte)
{
    uint64_t at = ring->written;
    __atomic_store_n(&ring->bytes[at % CONSOLE_KEPT], byte, __ATOMIC_RELAXED);
    if (byte == (uint8_t)'\n') {
        __atomic_store_n(&ring->finished, at + 1U, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&ring->written, at + 1U, __ATOMIC_SEQ_CST);
}

static inline uint64_t console_ring_waiting(const struct console_ring *ring)
{
    return __atomic_load_n(&ring->written, __ATOMIC_SEQ_CST) - ring->shown;
}

/* Reader: the oldest byte that is still there becomes the next; returns the number of those that were overwritten. */
uint64_t console_ring_catch_up(struct console_ring *ring);
/* Reader: up to size bytes from the next one on, which stays the next one. 0: none, or overwritten: catch up first. */
size_t console_ring_peek(const struct console_ring *ring, uint8_t *to, size_t size);
