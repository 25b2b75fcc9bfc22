/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The PSCI of this machine's firmware (DEN 0022): the machine off. CPUs are started by the loader, and by their mailboxes (cpu/mailbox.h). The guests' PSCI is dev/vpsci.
 * Needs fw_init. No lock.
 */
#pragma once

#include <stdint.h>

#define PSCI_VERSION_1_0 0x10000U

/* DEN 0022, 5.2.2 */
enum fw_psci_result {
    FW_PSCI_SUCCESS = 0,
    FW_PSCI_NOT_SUPPORTED = -1,
    FW_PSCI_INVALID_PARAMETERS = -2,
    FW_PSCI_DENIED = -3,
    FW_PSCI_ALREADY_ON = -4,
    FW_PSCI_ON_PENDING = -5,
    FW_PSCI_INTERNAL_FAILURE = -6,
    FW_PSCI_INVALID_ADDRESS = -9,
};

/* PSCI_VERSION: major in bits 31:16, minor below; 0 when there is no PSCI. */
uint32_t fw_psci_version(void);

/* PSCI_FEATURES of a function: below 0 = not there. Needs PSCI 1.0, which the caller knows. */
int32_t fw_psci_features(uint32_t function);

/* SYSTEM_OFF and SYSTEM_RESET: they come back only when the firmware can't; the result is then what it said. */
int32_t fw_psci_system_off(void);
int32_t fw_psci_system_reset(void);

/* The name of a result for a log line; "unknown" for others. */
const char *fw_psci_result_name(int32_t result);
