// SPDX-License-Identifier: Apache-2.0
// First instructions at EL2: of the boot CPU (from the loader, include/ashlar/handoff.h), of every other CPU (from its mailbox, MMU off),
// and the switch to the hypervisor's own tables. Callers: boot/, the pen or the firmware through a mailbox, hv/main.c.

#include "arch/aarch64/offsets.h"

    .arch armv8-a

// HCR_EL2 while no guest runs: RW (EL1 is AArch64), TGE and E2H clear, physical interrupts routed to EL2.
// (DDI 0487, D19.2 HCR_EL2: RW bit 31, AMO 5, IMO 4, FMO 3.)
.macro set_host_hcr
    mov     x9, #(1 << 31)
    orr     x9, x9, #0x38
    msr     hcr_el2, x9
    isb
.endm

    .section .text.entry, "ax"
    .globl  hv_entry
    .type   hv_entry, %function
hv_entry:
    hint    #36                         // bti j
    msr     daifset, #15
    mov     x19, x0
    set_host_hcr

    // Relocate (System V ABI, "Relative Relocation Table"): an even word is the offset of a word to relocate, an odd one says by its bits
    // 1 to 63 which of the 63 words behind those done so far. What is relocated holds its offset from the image's first byte.
    adrp    x1, image_start
    add     x1, x1, :lo12:image_start
    adrp    x2, image_relr_start
    add     x2, x2, :lo12:image_relr_start
    adrp    x3, image_relr_end
    add     x3, x3, :lo12:image_relr_end
1:  cmp     x2, x3
    b.hs    5f
    ldr     x4, [x2], #8
    tbnz    x4, #0, 2f
    add     x5, x1, x4
    ldr     x6, [x5]
    add     x6, x6, x1
    str     x6, [x5], #8
    b       1b
2:  mov     x7, x5
3:  lsr     x4, x4, #1
    cbz     x4, 4f
    ldr     x6, [x7], #8
    tbz     x4, #0, 3b
    add     x6, x6, x1
    stur    x6, [x7, #-8]
    b       3b
4:  add     x5, x5, #(63 * 8)
    b       1b
5:
    adrp    x9, vectors
    add     x9, x9, :lo12:vectors
    msr     vbar_el2, x9
    adrp    x9, cpu_boot_prda
    add     x9, x9, :lo12:cpu_boot_prda
    msr     tpidr_el2, x9
    adrp    x10, boot_stack_top
    add     x10, x10, :lo12:boot_stack_top
    mov     sp, x10
    adrp    x10, boot_emergency_top
    add     x10, x10, :lo12:boot_emergency_top
    str     x10, [x9, #PRDA_EMERGENCY_SP]
    isb
    mov     x29, xzr
    mov     x30, xzr
    mov     x0, x19
    b       hv_main

// void cpu_switch_tables(ttbr, tcr, mair, sctlr): from one set of tables to another of a different shape. RAM is mapped at its own
// address in both, so the MMU may go off in between (DDI 0487, D8.2.1); nothing is loaded or stored meanwhile.
    .text
    .globl  cpu_switch_tables
    .type   cpu_switch_tables, %function
cpu_switch_tables:
    hint    #34                         // bti c
    dsb     sy
    mrs     x4, sctlr_el2
    bic     x4, x4, #1                  // M
    msr     sctlr_el2, x4
    isb
    msr     ttbr0_el2, x0
    msr     tcr_el2, x1
    msr     mair_el2, x2
    isb
    tlbi    alle2
    ic      iallu
    dsb     nsh
    isb
    msr     sctlr_el2, x3
    isb
    ret

// A secondary CPU, from its mailbox: MMU off, no argument. Which it is says its MPIDR_EL1; cpu_start_rows and the struct cpu_start that it
// names were cleaned to the point of coherency.
    .globl  cpu_secondary_entry
    .type   cpu_secondary_entry, %function
cpu_secondary_entry:
    hint    #36                         // bti j
    msr     daifset, #15
    mrs     x1, CurrentEL
    cmp     x1, #(2 << 2)
    b.ne    cpu_secondary_stuck
    mrs     x1, mpidr_el1
    and     x2, x1, #0xffffff           // Aff2 to Aff0
    and     x1, x1, #0xff00000000       // Aff3
    orr     x1, x1, x2
    adrp    x2, cpu_start_rows
    add     x2, x2, :lo12:cpu_start_rows
1:  ldp     x3, x19, [x2], #CPU_START_ROW
    cbz     x19, cpu_secondary_stuck    // nobody asked for this one
    cmp     x3, x1
    b.ne    1b
    set_host_hcr
    ldp     x0, x1, [x19, #CPU_START_TTBR]
    ldp     x2, x3, [x19, #CPU_START_MAIR]
    ldp     x4, x5, [x19, #CPU_START_SP]
    msr     ttbr0_el2, x0
    msr     tcr_el2, x1
    msr     mair_el2, x2
    adrp    x6, vectors
    add     x6, x6, :lo12:vectors
    msr     vbar_el2, x6
    msr     tpidr_el2, x5
    isb
    tlbi    alle2
    ic      iallu
    dsb     nsh
    isb
    msr     sctlr_el2, x3
    isb
    mov     sp, x4
    mov     x29, xzr
    mov     x30, xzr
    b       cpu_secondary_main
cpu_secondary_stuck:                    // at EL1 nothing can be done; the boot CPU names it as not arrived
    wfe
    b       cpu_secondary_stuck

// The boot CPU's first stack, and its emergency stack: 16 KiB in the upper half of an aligned 32 KiB, as every EL2 stack; hv.lds aligns them.
    .section .bss.boot_stack, "aw", %nobits
    .space  32768
boot_stack_top:
    .space  32768
boot_emergency_top:
