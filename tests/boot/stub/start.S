/* SPDX-License-Identifier: Apache-2.0 */
/* Entry of the stub payload: a stack of its own, then C. x0 is struct handoff. */
    .section .text.start, "ax"
    .globl start
start:
    bti     j
    adrp    x1, stack_top
    add     x1, x1, :lo12:stack_top
    mov     sp, x1
    bl      stub_main
1:  wfe
    b       1b

    .bss
    .balign 16
    .skip   16384
stack_top:
