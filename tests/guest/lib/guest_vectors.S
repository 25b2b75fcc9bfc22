/* SPDX-License-Identifier: Apache-2.0 */
/* Exception vectors of a test guest (DDI 0487, D1.3.1): saves the general registers as struct frame, calls exception_entry. */
#define FRAME 288

    .macro vector number
    .balign 0x80
    sub sp, sp, #FRAME
    stp x0, x1, [sp]
    mov x0, #\number
    b exception_common
    .endm

    .text
    .balign 0x800
    .globl guest_vectors
guest_vectors:
    .irp number, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15
    vector \number
    .endr

    .balign 0x80
exception_common:
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    stp x10, x11, [sp, #80]
    stp x12, x13, [sp, #96]
    stp x14, x15, [sp, #112]
    stp x16, x17, [sp, #128]
    stp x18, x19, [sp, #144]
    stp x20, x21, [sp, #160]
    stp x22, x23, [sp, #176]
    stp x24, x25, [sp, #192]
    stp x26, x27, [sp, #208]
    stp x28, x29, [sp, #224]
    mrs x1, ELR_EL1
    mrs x2, SPSR_EL1
    mrs x3, ESR_EL1
    mrs x4, FAR_EL1
    stp x30, x1, [sp, #240]
    stp x2, x3, [sp, #256]
    str x4, [sp, #272]
    mov x1, sp
    bl exception_entry
    ldp x30, x1, [sp, #240]
    ldr x2, [sp, #256]
    msr ELR_EL1, x1
    msr SPSR_EL1, x2
    ldp x28, x29, [sp, #224]
    ldp x26, x27, [sp, #208]
    ldp x24, x25, [sp, #192]
    ldp x22, x23, [sp, #176]
    ldp x20, x21, [sp, #160]
    ldp x18, x19, [sp, #144]
    ldp x16, x17, [sp, #128]
    ldp x14, x15, [sp, #112]
    ldp x12, x13, [sp, #96]
    ldp x10, x11, [sp, #80]
    ldp x8, x9, [sp, #64]
    ldp x6, x7, [sp, #48]
    ldp x4, x5, [sp, #32]
    ldp x2, x3, [sp, #16]
    ldp x0, x1, [sp], #FRAME
    eret
