/* SPDX-License-Identifier: Apache-2.0 */
/*
 * void hostile_enter(uint64_t *x, uint64_t code, uint64_t *saved_sp): the callee-saved registers and x go to the stack, whose address is left in
 * *saved_sp; x0 to x7 are loaded, and code is called. It returns, or an exception leads to hostile_recover with that address in x8 and
 * x0 to x7 already in the array. hostile_enter_el0 is left by an exception only.
 */
    .arch armv8-a

.macro save_all
    sub sp, sp, #112
    stp x29, x30, [sp]
    stp x19, x20, [sp, #16]
    stp x21, x22, [sp, #32]
    stp x23, x24, [sp, #48]
    stp x25, x26, [sp, #64]
    stp x27, x28, [sp, #80]
    str x0, [sp, #96]
    mov x9, sp
    str x9, [x2]
    mov x9, x1
    ldp x2, x3, [x0, #16]
    ldp x4, x5, [x0, #32]
    ldp x6, x7, [x0, #48]
.endm

    .text
    .globl hostile_enter
hostile_enter:
    save_all
    ldp x0, x1, [x0]
    blr x9
    ldr x8, [sp, #96]
    stp x0, x1, [x8]
    stp x2, x3, [x8, #16]
    stp x4, x5, [x8, #32]
    stp x6, x7, [x8, #48]
    mov x8, sp

    .globl hostile_recover
hostile_recover:
    mov sp, x8
    ldp x29, x30, [sp]
    ldp x19, x20, [sp, #16]
    ldp x21, x22, [sp, #32]
    ldp x23, x24, [sp, #48]
    ldp x25, x26, [sp, #64]
    ldp x27, x28, [sp, #80]
    add sp, sp, #112
    ret

    .globl hostile_enter_el0
hostile_enter_el0:
    save_all
    msr ELR_EL1, x9
    mov x9, #0x3c0
    msr SPSR_EL1, x9
    ldp x0, x1, [x0]
    isb
    eret
