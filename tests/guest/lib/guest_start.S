/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entry of a test guest. The boot CPU comes with the state of a direct boot (docs/guest-board.md), which is kept for the guest to
 * look at before anything is changed; the others come from PSCI CPU_ON with their struct cpu in x0 (DEN 0022, 6.4).
 */
    .section .text.start, "ax"
    .globl _start
_start:
    mov x20, x0
    mov x21, x1
    mov x22, x2
    mov x23, x3
    mrs x24, CurrentEL
    mrs x25, DAIF
    mrs x26, SPSel
    mrs x27, SCTLR_EL1
    adrp x0, bss_start
    add x0, x0, :lo12:bss_start
    adrp x1, bss_end
    add x1, x1, :lo12:bss_end
1:  cmp x0, x1
    b.hs 2f
    stp xzr, xzr, [x0], #16
    b 1b
2:  adrp x0, guest_entry
    add x0, x0, :lo12:guest_entry
    stp x20, x21, [x0]
    stp x22, x23, [x0, #16]
    stp x24, x25, [x0, #32]
    stp x26, x27, [x0, #48]
    adrp x0, cpus
    add x0, x0, :lo12:cpus
    adrp x1, guest_stacks + 0x8000
    add x1, x1, :lo12:guest_stacks + 0x8000
    mov sp, x1
    msr TPIDR_EL1, x0
    adrp x1, guest_vectors
    add x1, x1, :lo12:guest_vectors
    msr VBAR_EL1, x1
    isb
    bl guest_boot
3:  wfi
    b 3b

/* x0: struct cpu, whose first word is the stack pointer and whose second tells whether the MMU is to be turned on. */
    .text
    .globl guest_secondary
guest_secondary:
    mov x19, x0
    msr TPIDR_EL1, x0
    adrp x1, guest_vectors
    add x1, x1, :lo12:guest_vectors
    msr VBAR_EL1, x1
    ldr x2, [x19]
    mov sp, x2
    isb
    ldr x3, [x19, #8]
    cbz x3, 1f
    bl mmu_enable_here
1:  mov x0, x19
    bl cpu_main
2:  wfi
    b 2b

/* Turns the MMU on with the tables of guest_mmu.c; uses no stack. 39-bit addresses, 4 KiB granule (DDI 0487, D8.2). */
    .globl mmu_enable_here
mmu_enable_here:
    ldr x9, =0x44ff04 /* Attr0 Device-nGnRE, Attr1 Normal write-back, Attr2 Normal non-cacheable */
    msr MAIR_EL1, x9
    ldr x9, =0x200803519 /* T0SZ 25, walks inner-shareable write-back, EPD1, 40-bit physical addresses */
    msr TCR_EL1, x9
    adrp x9, mmu_table
    add x9, x9, :lo12:mmu_table
    msr TTBR0_EL1, x9
    isb
    tlbi VMALLE1
    dsb nsh
    isb
    mrs x9, SCTLR_EL1
    mov x10, #0x1005 /* I, C, M */
    orr x9, x9, x10
    bic x9, x9, #2 /* A */
    msr SCTLR_EL1, x9
    isb
    ret
