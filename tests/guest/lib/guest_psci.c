/* SPDX-License-Identifier: Apache-2.0 */
/* Calls to the firmware: SMC Calling Convention (DEN 0028) with the conduit that the board names, HVC. */
#include "guest.h"

#define VENDOR_HYP_UID 0x8600FF01U

#define SMCCC_CALL(instruction)                                                                                        \
    __asm__ volatile("ldp x0, x1, [%0]\n\t"                                                                            \
                     "ldp x2, x3, [%0, #16]\n\t"                                                                       \
                     "ldp x4, x5, [%0, #32]\n\t"                                                                       \
                     "ldp x6, x7, [%0, #48]\n\t"                                                                       \
                     "ldp x8, x9, [%0, #64]\n\t"                                                                       \
                     "ldp x10, x11, [%0, #80]\n\t"                                                                     \
                     "ldp x12, x13, [%0, #96]\n\t"                                                                     \
                     "ldp x14, x15, [%0, #112]\n\t"                                                                    \
                     "ldp x16, x17, [%0, #128]\n\t" instruction "\n\t"                                                 \
                     "stp x0, x1, [%0]\n\t"                                                                            \
                     "stp x2, x3, [%0, #16]\n\t"                                                                       \
                     "stp x4, x5, [%0, #32]\n\t"                                                                       \
                     "stp x6, x7, [%0, #48]\n\t"                                                                       \
                     "stp x8, x9, [%0, #64]\n\t"                                                                       \
                     "stp x10, x11, [%0, #80]\n\t"                                                                     \
                     "stp x12, x13, [%0, #96]\n\t"                                                                     \
                     "stp x14, x15, [%0, #112]\n\t"                                                                    \
                     "stp x16, x17, [%0, #128]"                                                                        \
                     :                                                                                                 \
                     : "r"(at)                                                                                         \
                     : "memory", "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12",      \
                       "x13", "x14", "x15", "x16", "x17")

void smccc_hvc(struct smccc *registers)
{
    register uint64_t *at __asm__("x19") = registers->x;
    SMCCC_CALL("hvc #0");
}

void smccc_smc(struct smccc *registers)
{
    register uint64_t *at __asm__("x19") = registers->x;
    SMCCC_CALL("smc #0");
}

int64_t psci(uint32_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
    struct smccc call = {.x = {function, x1, x2, x3}};
    smccc_hvc(&call);
    /* A result of a 32-bit call has 32 bits. */
    return (function & (1U << 30)) != 0U ? (int64_t)call.x[0] : (int32_t)call.x[0];
}

bool guest_on_ashlar(void)
{
    return psci(VENDOR_HYP_UID, 0, 0, 0) != PSCI_NOT_SUPPORTED;
}
