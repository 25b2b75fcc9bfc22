/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The least that an exit can cost: a flat binary that QEMU enters at EL2, which leaves for the measuring guest (carried behind it) at EL1
 * and whose vectors do nothing but return. Traps HVC and identification registers (HCR_EL2.TID3); interrupts and devices are the guest's.
 */
#define HCR_RW (1 << 31)
#define HCR_TID3 (1 << 18)
#define CNTHCTL_EL1PCTEN 1
#define CNTHCTL_EL1PCEN 2
#define ICC_SRE_ENABLE 0xf
#define SCTLR_RES1 0x30d00800
#define SPSR_EL1H_MASKED 0x3c5
#define EC_HVC64 0x16

    .section .text.start, "ax"
    .globl _start
_start:
    adrp x1, stub_vectors
    add x1, x1, :lo12:stub_vectors
    msr VBAR_EL2, x1
    adrp x1, stub_stack + 0x1000
    add x1, x1, :lo12:stub_stack + 0x1000
    mov sp, x1
    ldr x1, =HCR_RW | HCR_TID3
    msr HCR_EL2, x1
    mov x1, #CNTHCTL_EL1PCTEN | CNTHCTL_EL1PCEN
    msr CNTHCTL_EL2, x1
    msr CNTVOFF_EL2, xzr
    mov x1, #ICC_SRE_ENABLE
    msr ICC_SRE_EL2, x1
    mrs x1, MIDR_EL1
    msr VPIDR_EL2, x1
    mrs x1, MPIDR_EL1
    msr VMPIDR_EL2, x1
    mov x1, #0x33ff
    msr CPTR_EL2, x1
    mrs x1, MDCR_EL2
    and x1, x1, #0x1f
    msr MDCR_EL2, x1
    ldr x1, =SCTLR_RES1
    msr SCTLR_EL1, x1
    mov x1, #SPSR_EL1H_MASKED
    msr SPSR_EL2, x1
    adrp x1, guest
    msr ELR_EL2, x1
    isb
    eret

    .macro vector
    .balign 0x80
    b .
    .endm

    .balign 0x800
stub_vectors:
    .rept 8
    vector
    .endr

    /* Synchronous, from EL1: a call returns, a trapped instruction is skipped. */
    .balign 0x80
    stp x0, x1, [sp, #-16]!
    mrs x1, ESR_EL2
    lsr x1, x1, #26
    cmp x1, #EC_HVC64
    b.ne 1f
    ldp x0, x1, [sp], #16
    eret
1:  mrs x1, ELR_EL2
    add x1, x1, #4
    msr ELR_EL2, x1
    ldp x0, x1, [sp], #16
    eret

    .rept 7
    vector
    .endr
    .balign 0x80
    .ltorg

    .balign 16
stub_stack:
    .space 0x1000

    .balign 4096
guest:
    .incbin BENCH_GUEST
