/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry, vectors and interrupt handler of the measuring guest. x18 belongs to the handler (the rest is compiled with -ffixed-x18), so
 * that its first instruction can read the counter. The handler saves what one written in C would have to.
 */
    .section .text.start, "ax"
    .globl _start
_start:
    mov x20, x0
    adrp x0, bss_start
    add x0, x0, :lo12:bss_start
    adrp x1, bss_end
    add x1, x1, :lo12:bss_end
1:  cmp x0, x1
    b.hs 2f
    stp xzr, xzr, [x0], #16
    b 1b
2:  adrp x0, bench_cpus
    add x0, x0, :lo12:bench_cpus
    bl cpu_set_up
    adrp x1, bench_stacks + 0x4000
    add x1, x1, :lo12:bench_stacks + 0x4000
    mov sp, x1
    mov x0, x20
    bl bench_main
3:  wfi
    b 3b

/* x0: struct bench_cpu */
cpu_set_up:
    msr TPIDR_EL0, x0
    adrp x1, bench_vectors
    add x1, x1, :lo12:bench_vectors
    msr VBAR_EL1, x1
    isb
    ret

/* PSCI CPU_ON leads here (DEN 0022, 6.4), the context in x0 being the struct bench_cpu. */
    .text
    .globl bench_secondary
bench_secondary:
    mrs x18, CNTVCT_EL0
    mov x19, x0
    bl cpu_set_up
    ldr x1, [x19, #16]
    mov sp, x1
    str x18, [x19, #8]
    ldr x2, [x19]
    add x2, x2, #1
    str x2, [x19]
    bl pairs_second
4:  wfi
    b 4b

/*
 * Until the counter has just moved, to the instruction: a loop of 17 instructions sees a counter that moves every 16 instructions move by
 * two exactly then. So a measurement does not depend on when it began; the fraction of a tick would show otherwise. On a counter that
 * moves faster there is nothing to do, on another it gives up.
 */
    .globl counter_align
counter_align:
    mov x3, #64
    isb
    mrs x0, CNTVCT_EL0
1:  .rept 10
    nop
    .endr
    mrs x1, CNTVCT_EL0
    sub x2, x1, x0
    mov x0, x1
    sub x3, x3, #1
    cbz x3, 2f
    cmp x2, #1
    b.ls 1b
2:  ret

    .globl bench_hvc
bench_hvc:
    hvc #0
    ret

    .globl bench_smc
bench_smc:
    smc #0
    ret

    .macro vector_stray number
    .balign 0x80
    mov x0, #\number
    b stray
    .endm

    .balign 0x800
bench_vectors:
    vector_stray 0
    vector_stray 1
    vector_stray 2
    vector_stray 3

    /* Synchronous, from EL1 with SP_EL1: a probe that found nothing, or a fault. */
    .balign 0x80
    stp x0, x1, [sp, #-16]!
    adrp x0, bench_probing
    ldrb w1, [x0, :lo12:bench_probing]
    cbz w1, stray_sync
    b skip

    /* An interrupt. */
    .balign 0x80
    mrs x18, CNTVCT_EL0
    stp x0, x1, [sp, #-80]!
    stp x2, x3, [sp, #16]
    stp x4, x5, [sp, #32]
    stp x6, x7, [sp, #48]
    stp x8, x9, [sp, #64]
    mrs x0, ICC_IAR1_EL1
    dsb sy
    cmp w0, #27
    b.ne 1f
    msr CNTV_CTL_EL0, xzr
    isb
1:  mrs x1, TPIDR_EL0
    ldr x2, [x1]
    str x18, [x1, #8]
    add x2, x2, #1
    str x2, [x1]
    msr ICC_EOIR1_EL1, x0
    ldp x8, x9, [sp, #64]
    ldp x6, x7, [sp, #48]
    ldp x4, x5, [sp, #32]
    ldp x2, x3, [sp, #16]
    ldp x0, x1, [sp], #80
    eret

    vector_stray 6
    vector_stray 7
    vector_stray 8
    vector_stray 9
    vector_stray 10
    vector_stray 11
    vector_stray 12
    vector_stray 13
    vector_stray 14
    vector_stray 15
    .balign 0x80

skip:
    adrp x0, bench_faults
    ldr w1, [x0, :lo12:bench_faults]
    add w1, w1, #1
    str w1, [x0, :lo12:bench_faults]
    mrs x0, ELR_EL1
    add x0, x0, #4
    msr ELR_EL1, x0
    ldp x0, x1, [sp], #16
    eret

stray_sync:
    mov x0, #4
stray:
    mrs x1, ESR_EL1
    mrs x2, ELR_EL1
    mrs x3, FAR_EL1
    b bench_stray
