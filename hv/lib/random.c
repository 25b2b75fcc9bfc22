/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hypervisor's random generator: BearSSL's HMAC-DRBG with SHA-256 (NIST SP 800-90A, 10.1.2). Owns its state, under its lock.
 * Called by main.c at start-up and by whoever hands out seeds (device trees, TRNG calls of guests).
 */
#include "lib/random.h"

#include <bearssl.h>

#include "arch/rndr.h"
#include "arch/spinlock.h"
#include "arch/sysreg.h"
#include "lib/bits.h"

#define RNDR_NUMBERS 8U      /* 512 bits: entropy input and nonce (SP 800-90A, 10.1, table 2) with room to spare */
#define RNDR_TRIES 16U       /* per number */
#define REQUEST_MAX 0x10000U /* SP 800-90A, table 2: 2^19 bits per request */

static struct spinlock random_lock = SPINLOCK_INIT(LOCK_RANK_RANDOM);
static br_hmac_drbg_context drbg;
static bool drbg_started;
static bool drbg_seeded;

/* With random_lock held. */
static void mix(const void *data, size_t bytes)
{
    if (!drbg_started) {
        br_hmac_drbg_init(&drbg, &br_sha256_vtable, data, bytes);
        drbg_started = true;
    } else if (bytes > 0U) {
        br_hmac_drbg_update(&drbg, data, bytes);
    }
    drbg_seeded = drbg_seeded || bytes > 0U;
}

static bool read_rndr(uint64_t *number)
{
    for (unsigned i = 0; i < RNDR_TRIES; i++) {
        if (rndr_read(number)) {
            return true;
        }
    }
    return false;
}

/* How many of the numbers came. */
static unsigned collect_rndr(uint64_t numbers[RNDR_NUMBERS])
{
    unsigned count = 0;

    if (bits_get(sysreg_read(ID_AA64ISAR0_EL1), 63, 60) == 0U) {
        return 0;
    }
    while (count < RNDR_NUMBERS && read_rndr(&numbers[count])) {
        count++;
    }
    return count;
}

void random_init(const void *seed, size_t bytes)
{
    uint64_t numbers[RNDR_NUMBERS];
    unsigned count = collect_rndr(numbers);

    spinlock_lock(&random_lock);
    drbg_started = false;
    drbg_seeded = false;
    mix(seed, bytes);
    mix(numbers, count * sizeof(numbers[0]));
    spinlock_unlock(&random_lock);
}

void random_add(const void *data, size_t bytes)
{
    spinlock_lock(&random_lock);
    mix(data, bytes);
    spinlock_unlock(&random_lock);
}

bool random_available(void)
{
    spinlock_lock(&random_lock);
    bool seeded = drbg_seeded;
    spinlock_unlock(&random_lock);
    return seeded;
}

void random_bytes(void *out, size_t bytes)
{
    uint8_t *at = out;

    spinlock_lock(&random_lock);
    mix(NULL, 0);
    while (bytes > 0U) {
        size_t part = bytes < REQUEST_MAX ? bytes : REQUEST_MAX;
        br_hmac_drbg_generate(&drbg, at, part);
        at += part;
        bytes -= part;
    }
    spinlock_unlock(&random_lock);
}
