/* SPDX-License-Identifier: Apache-2.0 */
/*
 * void boot_switch_tables(uint64_t ttbr, uint64_t tcr, uint64_t sctlr): from one set of translation tables of EL2 to
 * another of a different shape. What runs here is mapped at its own address in both, so the MMU goes off in between and no
 * TLB entry of the one meets the other (DDI 0487, D8.16.1, and D8.2.10 for the MMU off); nothing is loaded or stored
 * meanwhile. The caller cleaned these instructions and the tables to the point of coherency: with the MMU off, fetches
 * may bypass what only a data cache holds.
 */
    .section .text.boot_switch, "xr"
    .balign 64
    .globl boot_switch_tables
    .globl boot_switch_end
boot_switch_tables:
    dsb     sy
    mrs     x3, sctlr_el2
    bic     x3, x3, #1                  // M
    msr     sctlr_el2, x3
    isb
    msr     ttbr0_el2, x0
    msr     tcr_el2, x1
    isb
    tlbi    alle2
    ic      iallu
    dsb     nsh
    isb
    msr     sctlr_el2, x2
    isb
    ret
boot_switch_end:
