/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PSCI calls to the machine's firmware (DEN 0022, chapter 5). Called by whoever ends the machine; owns
 * no state.
 */
#include "fw/psci_firmware.h"

#include "fw/smccc_firmware.h"
#include "lib/bits.h"

/* DEN 0022, 5.1 */
#define PSCI_FN_VERSION 0x84000000U
#define PSCI_FN_SYSTEM_OFF 0x84000008U
#define PSCI_FN_SYSTEM_RESET 0x84000009U
#define PSCI_FN_FEATURES 0x8400000aU

uint32_t fw_psci_version(void)
{
    int32_t version = fw_call32(PSCI_FN_VERSION, 0, 0, 0);

    return version < 0 ? 0U : (uint32_t)version;
}

int32_t fw_psci_features(uint32_t function)
{
    return fw_call32(PSCI_FN_FEATURES, function, 0, 0);
}

int32_t fw_psci_system_off(void)
{
    return fw_call32(PSCI_FN_SYSTEM_OFF, 0, 0, 0);
}

int32_t fw_psci_system_reset(void)
{
    return fw_call32(PSCI_FN_SYSTEM_RESET, 0, 0, 0);
}

const char *fw_psci_result_name(int32_t result)
{
    static const struct {
        int32_t result;
        const char *name;
    } names[] = {
        {FW_PSCI_SUCCESS, "SUCCESS"},
        {FW_PSCI_NOT_SUPPORTED, "NOT_SUPPORTED"},
        {FW_PSCI_INVALID_PARAMETERS, "INVALID_PARAMETERS"},
        {FW_PSCI_DENIED, "DENIED"},
        {FW_PSCI_ALREADY_ON, "ALREADY_ON"},
        {FW_PSCI_ON_PENDING, "ON_PENDING"},
        {FW_PSCI_INTERNAL_FAILURE, "INTERNAL_FAILURE"},
        {FW_PSCI_INVALID_ADDRESS, "INVALID_ADDRESS"},
    };

    for (unsigned i = 0; i < ARRAY_SIZE(names); i++) {
        if (names[i].result == result) {
            return names[i].name;
        }
    }
    return "unknown";
}
