/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The page by which a secondary CPU is started: a mailbox of the ACPI parking protocol (Multi-processor Startup for ARM
 * Platforms 1.0, section 2) in its lower half, the loader's pen in its upper, which the protocol keeps for the firmware.
 * One page per CPU, of EfiReservedMemoryType: never given back, so that a CPU that arrives late still finds its pen.
 *
 * To start a CPU: entry, then (ordered) id, then SEV, or an SGI. The CPU clears entry and jumps to it at the exception
 * level and with the MMU as it arrived: off. A page that is not ours holds the lower half only.
 *
 * The CPU in the pen reads and writes with its MMU off, past all caches (DDI 0487, D8.2.10). Whoever writes maps the page
 * as Device, or cleans what it wrote to the point of coherency. What different sides write lies 256 bytes apart, so that
 * no cache line holds words of two of them; the assembly knows these offsets, too.
 */
#pragma once

#define MAILBOX_SIZE 0x1000
#define MAILBOX_ID 0x000    /* u32: MAILBOX_FREE, or the CPU's number (ACPI 6.5, GICC: CPU Interface Number) */
#define MAILBOX_ENTRY 0x008 /* u64: where to jump; 0 once that was done */
#define MAILBOX_FREE 0xffffffff

#define MAILBOX_RELEASE 0x800   /* u64: the same page as a spin-table's cpu-release-addr: 0, or where to jump */
#define MAILBOX_NUMBER 0x900    /* u32: what id is compared with; written before the CPU starts */
#define MAILBOX_ARRIVED 0xa00   /* u32: 0; 1 once the CPU waits at EL2, 2 once it sleeps at another exception level */
#define MAILBOX_CANCELLED 0xb00 /* u32: 0; anything else sends the CPU to sleep for good */
#define MAILBOX_PEN 0xc00       /* the pen's code: what the CPU executes first */
