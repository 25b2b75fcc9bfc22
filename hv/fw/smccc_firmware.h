/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Calls from EL2 to this machine's firmware by SMC (DEN 0028, SMC Calling Convention). Used at start-up, by CPU bring-up and
 * on the way down; no lock: the firmware serves all CPUs.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "lib/status.h"
#include "platform/platform.h"

/* DEN 0028, 7: function identifiers, and what x0 says. */
#define SMCCC_FN_VERSION 0x80000000U
#define SMCCC_FN_ARCH_FEATURES 0x80000001U
#define SMCCC_FN_ARCH_WORKAROUND_1 0x80008000U
#define SMCCC_FN_ARCH_WORKAROUND_2 0x80007fffU
#define SMCCC_FN_ARCH_WORKAROUND_3 0x80003fffU
#define SMCCC_RET_NOT_SUPPORTED (-1)

/* As SMCCC_VERSION gives them: major in bits 31:16, minor below. */
#define SMCCC_VERSION_1_0 0x10000U
#define SMCCC_VERSION_1_1 0x10001U

/*
 * Once, before any other function of fw/. STATUS_UNSUPPORTED, and every call answers NOT_SUPPORTED from then on: the machine
 * has no conduit, or asks for HVC, which from EL2 would come back to ourselves (DDI 0487, HVC).
 */
enum status fw_init(enum platform_conduit conduit);

/* False: fw_call never reaches a firmware. */
bool fw_available(void);

/* arguments[0] is the function identifier. Without a conduit results are NOT_SUPPORTED, 0, 0, 0. */
void fw_call(const uint64_t arguments[8], uint64_t results[4]);

/* One call with up to three arguments; x0 as the 32-bit signed number that most functions return. */
int32_t fw_call32(uint32_t function, uint64_t x1, uint64_t x2, uint64_t x3);

/* SMCCC_VERSION; SMCCC_VERSION_1_0 where the firmware does not have that function (DEN 0028, appendix B). */
uint32_t fw_smccc_version(void);

/* SMCCC_ARCH_FEATURES: below 0 = not there, else as the function's own description says; needs SMCCC 1.1, asks for it. */
int32_t fw_smccc_arch_features(uint32_t function);
