/* SPDX-License-Identifier: Apache-2.0 */
/* Entropy from the machine's firmware (DEN 0098, TRNG firmware interface). Needs fw_init. No lock. */
#pragma once

#include <stddef.h>

#include "lib/status.h"

/*
 * Fills [out, out + bytes). STATUS_UNSUPPORTED: the firmware has no TRNG 1.x, or refuses; STATUS_TIMEOUT: it had no entropy
 * for long. After either, out is undefined.
 */
enum status fw_trng_read(void *out, size_t bytes);
