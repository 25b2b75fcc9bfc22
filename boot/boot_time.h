/* SPDX-License-Identifier: Apache-2.0 */
/* EFI_TIME to Unix time. Pure. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "uefi.h"

/*
 * Seconds since 1970-01-01 00:00:00 UTC of a time that GetTime returned (UEFI 2.10, 8.3.1). False when a field is out
 * of its range or the time lies before 2020, where a clock without a battery starts: *seconds is then untouched.
 */
bool boot_time_unix(const struct EFI_TIME *time, int64_t *seconds);
