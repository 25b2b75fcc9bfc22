/* SPDX-License-Identifier: Apache-2.0 */
/* The firmware of the fake machine: what answers arch/smccc.h on the build machine. */
#pragma once

#include <stdint.h>

/* results is all NOT_SUPPORTED, 0, 0, 0 before the call. NULL: a firmware that knows no call. */
void host_smccc_set(void (*handler)(void *context, const uint64_t arguments[8], uint64_t results[4]), void *context);
