/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an exception pushes on the EL2 stack. The assembly (arch/aarch64/vectors.S) knows the offsets; they are
 * checked there.
 */
#pragma once

#include <stdint.h>

struct trap_frame {
    uint64_t x[31];
    uint64_t elr;   /* ELR_EL2 */
    uint64_t spsr;  /* SPSR_EL2 */
    uint64_t owner; /* of a frame at the top of a world's stack: the world, written once (sched/world.c) */
};

_Static_assert(sizeof(struct trap_frame) == 272, "vectors.S");
