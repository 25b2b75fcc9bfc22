/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the loader that bench/boot.sh uses (build/bench/boot/ashlar.efi): boot/boot_main.c is compiled behind this header, so that it waits just before its last
 * steps until the counter is a multiple of ALIGN, to the instruction (-icount, a counter of 1 GHz). The firmware's disk is the host's and takes
 * a time of its own; behind this all that happens is the same in every run, the moments at which QEMU lets another CPU run among it.
 */
#pragma once

#include "boot.h"
#include "boot_cpu.h"

#define ALIGN (1ULL << 30)

static inline void bench_align(void)
{
    uint64_t target = (cpu_read_counter() | (ALIGN - 1U)) + 1U;

    /* Spins to within 256 counts, then runs through as many NOPs as are left. */
    __asm__ volatile("1: isb\n\t"
                     "mrs x9, CNTPCT_EL0\n\t"
                     "sub x9, %0, x9\n\t"
                     "cmp x9, #256\n\t"
                     "b.hi 1b\n\t"
                     "adr x10, 2f\n\t"
                     "sub x10, x10, x9, lsl #2\n\t"
                     "br x10\n\t"
                     ".rept 256\n\tnop\n\t.endr\n"
                     "2:"
                     :
                     : "r"(target)
                     : "x9", "x10", "cc", "memory");
}

#define boot_space_enter(boot) (boot_space_enter(boot), bench_align())
