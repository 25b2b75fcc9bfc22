/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the measuring guest share. It is bare-metal code with the MMU off that runs wherever it is loaded (at a multiple of
 * 4 KiB), finds its devices in the device tree, and measures by the virtual counter: under QEMU's -icount shift=0 one executed
 * instruction is one nanosecond. Figures are collected first and printed at the end, so that printing costs none of them anything.
 */
#pragma once

#include "guest.h"

/* What one CPU's interrupt handler leaves, at TPIDR_EL0; layout known to bench_start.S. */
struct bench_cpu {
    volatile uint64_t taken; /* interrupts so far */
    volatile uint64_t time;  /* CNTVCT_EL0 as the vector's first instruction read it */
    uint64_t stack;
};

extern struct bench_cpu bench_cpus[2];
/* Exceptions while this is true are counted in bench_faults and skipped; any other ends the guest. */
extern volatile bool bench_probing;
extern volatile uint32_t bench_faults;

/* From bench_start.S: where PSCI starts the second CPU. */
void bench_secondary(void);
/* A call with up to three arguments; x0 afterwards, of which PSCI's answers use 32 bits. */
int32_t bench_hvc(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3);
int32_t bench_smc(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3);
/* Until the counter moves, to the instruction where it moves every 16 of them; before each measurement. */
void counter_align(void);

/* ---- bench_board.c ---- */

/* Fills the addresses and the conduit from the device tree. */
void board_find(uint64_t tree);
/* The word behind "bench=" on the command line, "" without one. */
const char *board_mode(void);
/* MPIDR affinity of CPU 1, or 0 where there is none. */
uint64_t board_second_cpu(void);
/* A range of RAM of that many bytes, aligned to 2 MiB, that nothing has touched; 0 where there is none. */
uint64_t board_untouched(uint64_t bytes);
/* By the conduit of the device tree, x0 afterwards. */
int32_t board_psci(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3);

/* ---- bench_main.c ---- */

/* One figure: counter ticks over that many rounds. */
void result_add(const char *name, uint64_t ticks, uint64_t rounds);
/* The operation is not there: why. */
void result_absent(const char *name, const char *why);

/* ---- the operations ---- */

void ops_measure(void);   /* bench_ops.c: what traps */
void irqs_measure(void);  /* bench_irqs.c: SGI to self, timer; one CPU */
void pairs_measure(void); /* bench_pairs.c: two CPUs */
void pairs_second(void);  /* and what its second CPU does */
/* bench_beside.c: another VM on the same CPU, and what that other VM does. */
void beside_timer(void);
void beside_switch(void);
void beside_spin(void);
void beside_tick(void);
/* bench_irqs.c: ticks from the due time to the handler, summed over rounds; sleeping in WFI or spinning. */
uint64_t timer_latency(uint32_t rounds, uint64_t microseconds, bool sleeping);
/* Virtual counter at which the next timer interrupt is due; it is off again when the handler has run. */
void timer_arm(uint64_t due);
