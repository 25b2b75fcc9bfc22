/* SPDX-License-Identifier: Apache-2.0 */
/* void smccc_smc(const uint64_t arguments[8], uint64_t results[4]): see arch/smccc.h. */

    .section .text.smccc_smc, "ax", %progbits
    .balign 4
    .globl smccc_smc
    .type smccc_smc, %function
smccc_smc:
    bti     c
    stp     x29, x30, [sp, #-32]!
    mov     x29, sp
    str     x1, [sp, #16]
    mov     x8, x0
    ldp     x0, x1, [x8]
    ldp     x2, x3, [x8, #16]
    ldp     x4, x5, [x8, #32]
    ldp     x6, x7, [x8, #48]
    smc     #0
    ldr     x8, [sp, #16]
    stp     x0, x1, [x8]
    stp     x2, x3, [x8, #16]
    ldp     x29, x30, [sp], #32
    ret
    .size smccc_smc, . - smccc_smc
