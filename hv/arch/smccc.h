/* SPDX-License-Identifier: Apache-2.0 */
/* The SMC instruction with the register use of SMCCC 1.2 (DEN 0028, 2.7): x0 to x7 in, x0 to x3 out. */
#pragma once

#include <stdint.h>

/* Everything that the call may change is taken as changed; x18 to x30 and SP are kept by the callee (DEN 0028, 2.6). */
void smccc_smc(const uint64_t arguments[8], uint64_t results[4]);
