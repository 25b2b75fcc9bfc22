/* SPDX-License-Identifier: Apache-2.0 */
/*
 * uint64_t hostile_nest(uint64_t count, uint64_t address, uint64_t *room): a load at address in vectors that load from there again, until count of
 * them were taken; VBAR_EL1 has to be hostile_nest_vectors. Uses no stack in between. The count that is left, 0.
 */
    .arch armv8-a
    .text
    .globl hostile_nest
hostile_nest:
    mov x9, x30
    mrs x10, SPSR_EL1
    mrs x11, ELR_EL1
    ldr w3, [x1]
    /* Only where nothing was taken. */
1:  msr SPSR_EL1, x10
    msr ELR_EL1, x11
    mov x30, x9
    ret

    .balign 0x800
    .globl hostile_nest_vectors
hostile_nest_vectors:
    .rept 16
    .balign 0x80
    subs x0, x0, #1
    b.eq 2f
    ldr w3, [x1]
    b .
2:  adr x3, 1b
    br x3
    .endr
