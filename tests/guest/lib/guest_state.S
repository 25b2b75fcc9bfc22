/* SPDX-License-Identifier: Apache-2.0 */
/*
 * All registers that belong to whoever runs: filled from a seed and compared with it. Register n of the set gets seed + n * STEP, so
 * that no two registers of any two CPUs are alike. Uses x0 to x7 only.
 */
    .arch armv8-a+fp+simd
    .set STEP, 0x0101

    /* x0: the next value */
    .macro fill_vector n
    fmov d\n, x0
    add x0, x0, #1
    mov v\n\().d[1], x0
    add x0, x0, #STEP
    .endm

    /* x0: the next value, x1: counts differences */
    .macro check_vector n
    fmov x2, d\n
    eor x3, x2, x0
    add x0, x0, #1
    mov x2, v\n\().d[1]
    eor x4, x2, x0
    orr x3, x3, x4
    cmp x3, #0
    cinc x1, x1, ne
    add x0, x0, #STEP
    .endm

    .macro fill_system register
    msr \register, x0
    add x0, x0, #STEP
    .endm

    .macro check_system register
    mrs x2, \register
    cmp x2, x0
    cinc x1, x1, ne
    add x0, x0, #STEP
    .endm

    .text
/* void state_fill(uint64_t seed): V0..V31, FPSR, FPCR, thread registers. */
    .globl state_fill
state_fill:
    ubfx x5, x0, #0, #5 /* FPSR: the cumulative exception flags */
    ubfx x6, x0, #5, #2 /* FPCR: the rounding mode */
    lsl x6, x6, #22
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    fill_vector \n
    .endr
    msr FPSR, x5
    msr FPCR, x6
    fill_system TPIDR_EL0
    fill_system TPIDRRO_EL0
    fill_system SP_EL0
    and x2, x0, #0xffffffff
    msr CONTEXTIDR_EL1, x2
    isb
    ret

/* uint64_t state_check(uint64_t seed): how many differ. */
    .globl state_check
state_check:
    mov x1, #0
    ubfx x5, x0, #0, #5
    ubfx x6, x0, #5, #2
    lsl x6, x6, #22
    .irp n, 0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17,18,19,20,21,22,23,24,25,26,27,28,29,30,31
    check_vector \n
    .endr
    mrs x2, FPSR
    cmp x2, x5
    cinc x1, x1, ne
    mrs x2, FPCR
    cmp x2, x6
    cinc x1, x1, ne
    check_system TPIDR_EL0
    check_system TPIDRRO_EL0
    check_system SP_EL0
    and x3, x0, #0xffffffff
    mrs x2, CONTEXTIDR_EL1
    cmp x2, x3
    cinc x1, x1, ne
    mov x0, x1
    ret

/* The five keys of pointer authentication, by their encodings: APIAKey, APIBKey, APDAKey, APDBKey, APGAKey, low and high. */
    .globl keys_fill
keys_fill:
    fill_system S3_0_C2_C1_0
    fill_system S3_0_C2_C1_1
    fill_system S3_0_C2_C1_2
    fill_system S3_0_C2_C1_3
    fill_system S3_0_C2_C2_0
    fill_system S3_0_C2_C2_1
    fill_system S3_0_C2_C2_2
    fill_system S3_0_C2_C2_3
    fill_system S3_0_C2_C3_0
    fill_system S3_0_C2_C3_1
    isb
    ret

    .globl keys_check
keys_check:
    mov x1, #0
    check_system S3_0_C2_C1_0
    check_system S3_0_C2_C1_1
    check_system S3_0_C2_C1_2
    check_system S3_0_C2_C1_3
    check_system S3_0_C2_C2_0
    check_system S3_0_C2_C2_1
    check_system S3_0_C2_C2_2
    check_system S3_0_C2_C2_3
    check_system S3_0_C2_C3_0
    check_system S3_0_C2_C3_1
    mov x0, x1
    ret
