/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pen: what a secondary CPU executes from its mailbox page (include/ashlar/mailbox_page.h) until it is wanted. It is copied
 * to MAILBOX_PEN of each page, and is position independent: the page is found from the program counter, since a
 * spin-table passes no argument. The CPU arrives at EL2 with its MMU off (DEN 0022, 6.4; Devicetree Specification 0.4,
 * 3.8.1; parking protocol 1.0, 2.2), so that each access here is to Device memory, in order, past the caches.
 *
 * It waits in WFE with the event stream on (DDI 0487, D12.2.5 "Event streams"), so that SEV, an interrupt or nothing at
 * all end the wait: CNTHCTL_EL2.EVNTEN. Each time bit 15 of the counter becomes 1, that is once in 65,536 ticks; with FEAT_ECV,
 * where the counter runs at 1 GHz, bit 23, once in 17 ms. The register is put back before the jump.
 */
#include "ashlar/mailbox_page.h"

#define EVENTS 0xf4       /* CNTHCTL_EL2: EVNTI 15, EVNTDIR 0, EVNTEN */
#define EVENTS_MASK 0xfc
#define EVENTS_SLOW 17    /* EVNTIS, FEAT_ECV: bits 23 to 8 of the counter instead of 15 to 0 */

    .section .text.boot_pen, "xr"
    .balign 16
    .globl boot_pen_start
boot_pen_start:
    msr     daifset, #15
    adr     x9, boot_pen_start
    and     x9, x9, #~0xfff
    mrs     x10, CurrentEL
    cmp     x10, #(2 << 2)
    b.ne    .Lwrong
    ldr     w10, [x9, #MAILBOX_NUMBER]
    mrs     x12, cnthctl_el2
    mov     x11, #EVENTS_MASK
    bic     x11, x12, x11
    mov     x13, #EVENTS
    orr     x11, x11, x13
    mrs     x13, id_aa64mmfr0_el1
    lsr     x13, x13, #60               // ECV
    cmp     x13, #0
    cset    x13, ne
    bfi     x11, x13, #EVENTS_SLOW, #1
    msr     cnthctl_el2, x11
    isb
    mov     w11, #1
    str     w11, [x9, #MAILBOX_ARRIVED]
    dsb     sy
    sev
.Lwait:
    ldr     w11, [x9, #MAILBOX_CANCELLED]
    cbnz    w11, .Lcancelled
    ldr     x13, [x9, #MAILBOX_RELEASE]
    cbnz    x13, .Lreleased
    ldr     w11, [x9, #MAILBOX_ID]
    cmp     w11, w10
    b.ne    .Lsleep
    dmb     sy                          // the entry was written before the id
    ldr     x13, [x9, #MAILBOX_ENTRY]
    cbz     x13, .Lsleep
    str     xzr, [x9, #MAILBOX_ENTRY]   // the acknowledgement
    mov     x0, x9
    b       .Lgo
.Lsleep:
    wfe
    b       .Lwait
.Lreleased:
    mov     x0, xzr
.Lgo:
    dsb     sy
    msr     cnthctl_el2, x12
    ic      iallu                       // what is run now was written after this CPU may have looked ahead
    dsb     sy
    isb
    mov     x1, xzr
    mov     x2, xzr
    mov     x3, xzr
    br      x13
.Lcancelled:
    msr     cnthctl_el2, x12
    isb
    b       .Loff
.Lwrong:
    mov     w11, #2
    str     w11, [x9, #MAILBOX_ARRIVED]
    dsb     sy
    sev
.Loff:
    wfi
    b       .Loff
    .balign 16
    .globl boot_pen_end
boot_pen_end:
