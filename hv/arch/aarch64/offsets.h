/* SPDX-License-Identifier: Apache-2.0 */
/* What assembly knows of C structures; _Static_assert in cpu/prda.h, sched/world.h and cpu/smp.h holds C to it. No code. */
#pragma once

#define FRAME_X(n) (8 * (n))
#define FRAME_LR 240
#define FRAME_ELR 248
#define FRAME_SPSR 256
#define FRAME_OWNER 264
#define FRAME_SIZE 272

#define PRDA_EMERGENCY_SP 0
#define PRDA_MITIGATION 8

#define CPU_START_TTBR 0  /* and TCR */
#define CPU_START_MAIR 16 /* and SCTLR */
#define CPU_START_SP 32   /* and the PRDA's address */
#define CPU_START_ROW 16  /* bytes of a row: MPIDR, address */

#define STACK_SHIFT 14 /* a stack is 16 KiB, at the upper half of 32 KiB: this bit of SP is set while it is valid */

#define VECTORS_SIZE 2048 /* a table of exception vectors */
#define VECTORS_TABLE_COUNT 4
