/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the late CPU spends its time: x0 is its mailbox page, MMU off. From the moment in which it is sent for, sixteen seconds of
 * its counter; then back into the pen of that page. Copied into the page, so position independent.
 */
#include "ashlar/mailbox_page.h"

    .section .text.late, "xr"
    .balign 16
    .globl late_start
late_start:
0:  yield
    ldr     x1, [x0, #MAILBOX_RELEASE]
    ldr     x2, [x0, #MAILBOX_ENTRY]
    orr     x1, x1, x2
    cbz     x1, 0b
    mrs     x1, cntpct_el0
    mrs     x2, cntfrq_el0
    add     x1, x1, x2, lsl #4
1:  yield
    isb
    mrs     x2, cntpct_el0
    cmp     x2, x1
    b.lo    1b
    add     x0, x0, #MAILBOX_PEN
    br      x0
    .balign 16
    .globl late_end
late_end:
