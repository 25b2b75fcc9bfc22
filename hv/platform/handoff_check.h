/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether struct handoff (include/ashlar/handoff.h) keeps its own rules. The loader is ours, but it fills the structure from
 * what firmware says; after this check the rest of hv/ relies on counts, order and bounds. Pure, no lock.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ashlar/handoff.h"
#include "lib/status.h"
#include "platform/platform.h"

/*
 * handoff: 8-byte aligned, size readable bytes (at least struct handoff is read only when size allows it).
 * Checks magic, version and size, counts, regions (known type, 4 KiB granular, not empty, sorted by base, not overlapping,
 * below 2^48), the image (inside HANDOFF_RAM_HV), configuration and device tree (inside memory), modules (known kind, not
 * empty, 4 KiB aligned, inside HANDOFF_RAM_MODULE, not overlapping), CPUs (mailboxes inside HANDOFF_RAM_RESERVED, no two alike), seed. STATUS_INVALID: *fault says which.
 */
enum status handoff_check(const struct handoff *handoff, size_t size, struct platform_fault *fault);

/*
 * True when every byte of [base, base + size) lies in a region that is memory (any type but HANDOFF_RUNTIME_MMIO);
 * the range may go on from one region into the next. Needs checked regions. size 0: false.
 */
bool handoff_range_is_memory(const struct handoff *handoff, uint64_t base, uint64_t size);
