// SPDX-License-Identifier: Apache-2.0
// EL2's exception vectors (DDI 0487, D1.3.2), guest entry, and the switch of EL2 stacks.
//
// From a guest: the general registers, ELR and SPSR go to the top of the world's own EL2 stack, one C function runs, and the same frame is
// popped: guest entry is the exception return. SP_EL2 needs no test there: while a guest runs it stands at the stack's top.
// From EL2 itself: only errors come here (EL2 runs with interrupts masked and polls): a panic, after the test for overflow.

#include "arch/aarch64/offsets.h"

    .arch armv8-a

.macro save_frame
    stp     x0, x1, [sp, #-FRAME_SIZE]!
    stp     x2, x3, [sp, #FRAME_X(2)]
    stp     x4, x5, [sp, #FRAME_X(4)]
    stp     x6, x7, [sp, #FRAME_X(6)]
    stp     x8, x9, [sp, #FRAME_X(8)]
    stp     x10, x11, [sp, #FRAME_X(10)]
    stp     x12, x13, [sp, #FRAME_X(12)]
    stp     x14, x15, [sp, #FRAME_X(14)]
    stp     x16, x17, [sp, #FRAME_X(16)]
    stp     x18, x19, [sp, #FRAME_X(18)]
    stp     x20, x21, [sp, #FRAME_X(20)]
    stp     x22, x23, [sp, #FRAME_X(22)]
    stp     x24, x25, [sp, #FRAME_X(24)]
    stp     x26, x27, [sp, #FRAME_X(26)]
    stp     x28, x29, [sp, #FRAME_X(28)]
    mrs     x1, elr_el2
    mrs     x2, spsr_el2
    stp     x30, x1, [sp, #FRAME_LR]
    str     x2, [sp, #FRAME_SPSR]
.endm

// ELR, SPSR, x30 and x2 to x17. x0 and x1 are free until the end.
.macro restore_caller_saved
    ldp     x30, x1, [sp, #FRAME_LR]
    ldr     x2, [sp, #FRAME_SPSR]
    msr     elr_el2, x1
    msr     spsr_el2, x2
    ldp     x2, x3, [sp, #FRAME_X(2)]
    ldp     x4, x5, [sp, #FRAME_X(4)]
    ldp     x6, x7, [sp, #FRAME_X(6)]
    ldp     x8, x9, [sp, #FRAME_X(8)]
    ldp     x10, x11, [sp, #FRAME_X(10)]
    ldp     x12, x13, [sp, #FRAME_X(12)]
    ldp     x14, x15, [sp, #FRAME_X(14)]
    ldp     x16, x17, [sp, #FRAME_X(16)]
.endm

// What runs between the frame and the first branch that can be predicted wrongly, one macro for each table (cpu/mitigations.h chooses a CPU's
// table). The registers are the frame's by now. White paper "Spectre-BHB: Speculative Target Reuse Attacks" (Arm, 2022).
.macro mitigate_none
.endm

// 2 taken branches a round; PRDA_MITIGATION rounds push all that the guest did out of the branch history.
.macro mitigate_loop
    mrs     x0, tpidr_el2
    ldr     x0, [x0, #PRDA_MITIGATION]
1:  b       2f
2:  subs    x0, x0, #1
    b.ne    1b
    dsb     nsh
    isb
.endm

.macro mitigate_clrbhb
    hint    #22                         // CLRBHB
    isb
.endm

// PRDA_MITIGATION = SMCCC_ARCH_WORKAROUND_1 or _3, which change x0 to x3 at most (DEN 0028). The firmware's ERET synchronises the context.
.macro mitigate_firmware
    mrs     x0, tpidr_el2
    ldr     x0, [x0, #PRDA_MITIGATION]
    smc     #0
.endm

// SError is unmasked as soon as the frame is safe: one that the guest caused is taken between these labels; one taken later is ours
// (trap/trap_error.c). ESB ends the wait for what the guest has still under way, as a store that nobody answers (DDI 0487, error
// synchronization event); without FEAT_RAS it is a NOP, and an SError that comes late can't be told from ours.
.macro from_guest handler, mitigate
    save_frame
    \mitigate
    mov     x29, xzr
    mov     x0, sp
    b       \handler
.endm

// x0 is saved by the test itself; FRAME_SIZE is reserved first, so that SP is tested where the first push would go.
// With B = SP before the add: SP = B + x0, x0 = B, and back again. No other register and no memory is used.
.macro from_el2 kind
    sub     sp, sp, #FRAME_SIZE
    add     sp, sp, x0
    sub     x0, sp, x0
    tbz     x0, #STACK_SHIFT, 1f
    sub     x0, sp, x0
    sub     sp, sp, x0
    add     sp, sp, #FRAME_SIZE
    b       el2_\kind
1:  msr     tpidr_el0, x1               // a panic follows: the guest's registers may be used
    mov     x1, #\@
    b       el2_overflow
.endm

.macro vector_table mitigate
    .balign 2048
    .balign 0x80                        // current EL with SP_EL0: never used by EL2
    b       el2_sp0
    .balign 0x80
    b       el2_sp0
    .balign 0x80
    b       el2_sp0
    .balign 0x80
    b       el2_sp0
    .balign 0x80                        // current EL with SP_EL2
    from_el2 sync
    .balign 0x80
    from_el2 irq
    .balign 0x80
    from_el2 fiq
    .balign 0x80
    from_el2 serror
    .balign 0x80                        // lower EL, AArch64
    from_guest guest_sync, \mitigate
    .balign 0x80
    from_guest guest_irq, \mitigate
    .balign 0x80
    from_guest guest_fiq, \mitigate
    .balign 0x80
    from_guest guest_serror, \mitigate
    .balign 0x80                        // lower EL, AArch32
    from_guest guest_sync, \mitigate
    .balign 0x80
    from_guest guest_irq, \mitigate
    .balign 0x80
    from_guest guest_fiq, \mitigate
    .balign 0x80
    from_guest guest_serror, \mitigate
    .balign 0x80
.endm

// In the order of enum vectors_table (arch/vectors.h). A vector that outgrows its 128 bytes pushes the tables apart, and .org says so.
    .section .text.vectors, "ax"
    .balign 2048
    .globl  vectors
vectors:
    vector_table mitigate_none
    vector_table mitigate_loop
    vector_table mitigate_clrbhb
    vector_table mitigate_firmware
    .org    vectors + VECTORS_TABLE_COUNT * VECTORS_SIZE

    .globl  guest_serror_window_start, guest_serror_window_end
guest_irq:
guest_serror_window_start:
    msr     daifclr, #4
    hint    #16                         // ESB
    bl      trap_guest_irq
    b       guest_leave
guest_fiq:
    mov     x1, #2
    bl      trap_guest_fiq
guest_serror:
    bl      trap_guest_serror
    b       guest_leave
guest_sync:
    msr     daifclr, #4
    hint    #16
guest_serror_window_end:
    bl      trap_guest_sync

// The way back of every exit: work that the C code or another CPU left for this vCPU comes first (vm/vcpu.h, VCPU_WORK_*).
guest_leave:
    ldr     x0, [sp, #FRAME_OWNER]
    ldar    w1, [x0]                    // struct world begins with its work
    cbz     w1, guest_enter
    bl      vcpu_work

// Also where a vCPU's world first goes: sp = its frame.
    .globl  guest_enter
guest_enter:
    restore_caller_saved
    ldp     x18, x19, [sp, #FRAME_X(18)]
    ldp     x20, x21, [sp, #FRAME_X(20)]
    ldp     x22, x23, [sp, #FRAME_X(22)]
    ldp     x24, x25, [sp, #FRAME_X(24)]
    ldp     x26, x27, [sp, #FRAME_X(26)]
    ldp     x28, x29, [sp, #FRAME_X(28)]
    ldp     x0, x1, [sp], #FRAME_SIZE
    eret
    dsb     nsh                         // no straight-line speculation past ERET
    isb

.macro el2_exception kind, number
el2_\kind:
    save_frame
    add     x29, sp, #FRAME_X(29)       // a frame record by luck: x29, x30 lie side by side
    mov     x0, sp
    mov     x1, #\number
    bl      trap_from_el2
    b       el2_return
.endm

    el2_exception sync, 0
    el2_exception irq, 1
    el2_exception fiq, 2
    el2_exception serror, 3

// Only the SError of a guest that was taken in the window comes back here.
el2_return:
    restore_caller_saved
    ldr     x18, [sp, #FRAME_X(18)]
    ldr     x29, [sp, #FRAME_X(29)]
    ldp     x0, x1, [sp], #FRAME_SIZE
    eret
    dsb     nsh
    isb

el2_sp0:
    msr     spsel, #1
    msr     tpidr_el0, x1
    mov     x1, #16
    mov     x0, sp

// x0 = the stack pointer that overflowed, less FRAME_SIZE; TPIDR_EL0 = x1.
el2_overflow:
    msr     tpidrro_el0, x0
    mrs     x0, tpidr_el2
    ldr     x0, [x0, #PRDA_EMERGENCY_SP]
    mov     sp, x0
    save_frame
    mrs     x1, tpidr_el0
    str     x1, [sp, #FRAME_X(1)]
    mov     x29, xzr
    mov     x0, sp
    mrs     x1, tpidrro_el0
    b       trap_stack_overflow

    .text
// void world_switch_stacks(uint64_t *save, uint64_t load): the callee-saved registers stay on the old stack (AAPCS64).
    .globl  world_switch_stacks
    .type   world_switch_stacks, %function
world_switch_stacks:
    hint    #34                         // bti c
    stp     x29, x30, [sp, #-96]!
    stp     x19, x20, [sp, #16]
    stp     x21, x22, [sp, #32]
    stp     x23, x24, [sp, #48]
    stp     x25, x26, [sp, #64]
    stp     x27, x28, [sp, #80]
    mov     x9, sp
    str     x9, [x0]
    mov     sp, x1
    ldp     x19, x20, [sp, #16]
    ldp     x21, x22, [sp, #32]
    ldp     x23, x24, [sp, #48]
    ldp     x25, x26, [sp, #64]
    ldp     x27, x28, [sp, #80]
    ldp     x29, x30, [sp], #96
    ret

// Where a new world's first switch returns to: x19 = function, x20 = its argument. The function never returns.
    .globl  world_start
    .type   world_start, %function
world_start:
    mov     x29, xzr
    bl      sched_switched
    mov     x0, x20
    blr     x19
    brk     #1

// A vCPU's world: x19 = the vCPU, sp = its frame. As after an exit: look at its work, then enter.
    .globl  vcpu_start
    .type   vcpu_start, %function
vcpu_start:
    mov     x29, xzr
    bl      sched_switched
    mov     x0, x19
    bl      vcpu_work
    b       guest_enter

// _Noreturn void cpu_run_on_stack(uint64_t sp, void (*function)(void))
    .globl  cpu_run_on_stack
    .type   cpu_run_on_stack, %function
cpu_run_on_stack:
    hint    #34
    mov     sp, x0
    mov     x29, xzr
    mov     x30, xzr
    mov     x16, x1
    br      x16                         // BTYPE of BR X16 is that of a call: "bti c" lands it
