// SPDX-License-Identifier: Apache-2.0
// A bare-metal guest that says when it began: its first instruction reads the physical counter. It prints both counters and their
// frequency in hexadecimal and switches its machine off. Position independent; MMU off; PL011 where docs/guest-board.md has it.
    .arch armv8-a
    .section .text.start, "ax"
    .globl _start
_start:
    mrs     x19, CNTPCT_EL0
    mrs     x20, CNTVCT_EL0
    mrs     x21, CNTFRQ_EL0
    movz    x10, #0x0900, lsl #16       // UARTDR
    mov     w0, #0x301                  // UARTCR: UARTEN, TXE, RXE
    str     w0, [x10, #0x30]
    adr     x0, text
1:  ldrb    w1, [x0], #1
    cbz     w1, 2f
    str     w1, [x10]
    b       1b
2:  mov     x0, x19
    bl      number
    mov     x0, x20
    bl      number
    mov     x0, x21
    bl      number
    mov     w1, #'\n'
    str     w1, [x10]
    movz    w0, #0x0008                 // PSCI SYSTEM_OFF
    movk    w0, #0x8400, lsl #16
    hvc     #0
3:  wfi
    b       3b

// x0: the number; a space, then 16 digits.
number:
    mov     w1, #' '
    str     w1, [x10]
    mov     w2, #16
1:  ror     x0, x0, #60
    and     w1, w0, #15
    add     w3, w1, #'0'
    add     w4, w1, #'a' - 10
    cmp     w1, #10
    csel    w1, w3, w4, lo
    str     w1, [x10]
    subs    w2, w2, #1
    b.ne    1b
    ret
text:
    .asciz  "first:"
    .balign 8
