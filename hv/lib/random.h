/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random numbers: an HMAC-DRBG with SHA-256 (NIST SP 800-90A, 10.1.2, by BearSSL) fed by whatever this machine has. One for the
 * whole hypervisor; takes LOCK_RANK_RANDOM.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Starts from a seed (the loader's; bytes may be 0) and from RNDR where this CPU has it. Called once by main.c before the rest;
 * a second call starts anew. seed stays the caller's, who should clear it.
 */
void random_init(const void *seed, size_t bytes);

/* Mixes more entropy in, for example the firmware's (fw/trng_firmware.h). bytes 0: nothing happens. */
void random_add(const void *data, size_t bytes);

/* True once some source gave anything: only then may random numbers be offered to a guest. */
bool random_available(void);

/* Fills [out, out + bytes). Without a source the bytes are the same at each start: ask random_available first. */
void random_bytes(void *out, size_t bytes);
