/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The way from EL2 to the firmware: SMC with the registers of DEN 0028, and the discovery of what it serves (appendix B).
 * Owns whether there is a way, set once by fw_init.
 */
#include "fw/smccc_firmware.h"

#include "arch/smccc.h"
#include "fw/psci_firmware.h"

static bool conduit_is_smc;

enum status fw_init(enum platform_conduit conduit)
{
    conduit_is_smc = conduit == CONDUIT_SMC;
    return conduit_is_smc ? STATUS_OK : STATUS_UNSUPPORTED;
}

bool fw_available(void)
{
    return conduit_is_smc;
}

void fw_call(const uint64_t arguments[8], uint64_t results[4])
{
    if (conduit_is_smc) {
        smccc_smc(arguments, results);
        return;
    }
    results[0] = (uint64_t)SMCCC_RET_NOT_SUPPORTED;
    results[1] = 0;
    results[2] = 0;
    results[3] = 0;
}

int32_t fw_call32(uint32_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
    uint64_t arguments[8] = {function, x1, x2, x3};
    uint64_t results[4];

    fw_call(arguments, results);
    return (int32_t)(uint32_t)results[0];
}

/* Appendix B: SMCCC_VERSION may be called only where PSCI 1.0 or later says, by PSCI_FEATURES, that it is there. */
uint32_t fw_smccc_version(void)
{
    if (fw_psci_version() < PSCI_VERSION_1_0 || fw_psci_features(SMCCC_FN_VERSION) < 0) {
        return SMCCC_VERSION_1_0;
    }
    int32_t version = fw_call32(SMCCC_FN_VERSION, 0, 0, 0);
    return version < (int32_t)SMCCC_VERSION_1_0 ? SMCCC_VERSION_1_0 : (uint32_t)version;
}

int32_t fw_smccc_arch_features(uint32_t function)
{
    if (fw_smccc_version() < SMCCC_VERSION_1_1) {
        return SMCCC_RET_NOT_SUPPORTED;
    }
    return fw_call32(SMCCC_FN_ARCH_FEATURES, function, 0, 0);
}
