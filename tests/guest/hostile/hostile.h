/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hostile guest: what its files share. Each boot runs one scene of the list in hostile.c and ends in a reset, a crash or SYSTEM_OFF; which
 * one is next is kept in the real-time clock, the only thing of a VM that outlives its reset.
 */
#pragma once

#include "guest.h"

/* ---- hostile.c ---- */

/* Seeded from the command line (seed=N), then per CPU and scene. */
uint64_t random_next(void);
/* 0 to bound - 1. */
uint64_t random_below(uint64_t bound);
/* Mostly what is interesting: ends of ranges, single bits, all ones, small numbers. */
uint64_t random_value(void);
/* An address that a guest has no business with, or that is a device's; sometimes RAM of its own that nobody needs. */
uint64_t random_address(void);
/* The end of its RAM, and RAM that nobody uses: SCRATCH_BYTES of it. */
uint64_t ram_end(void);
#define SCRATCH_BASE 0x42000000UL
#define SCRATCH_BYTES 0x100000UL
/* `name=NUMBER` of the command line, or otherwise. */
uint64_t option(const char *name, uint64_t otherwise);
/* How many rounds a scene makes of something: times what `scale=` says. */
uint64_t scaled(uint64_t count);
uint32_t hostile_cpus(void);
/* The UART as print() wants it, whatever was written to it. */
void uart_repair(void);
/* Something did not come out as it must: said on the console, and the guest never switches itself off. */
void wrong(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* How a scene may end. */
void reset_now(void) __attribute__((noreturn));

/* ---- hostile_run.c: single instructions ---- */

struct outcome {
    bool taken; /* a synchronous exception */
    uint64_t vector, esr, far;
};

#define RUN_REGISTERS 8U
#define RUN_INSTRUCTIONS 12U

/*
 * Runs instructions with x[0..7] in x0 to x7, at EL1 or at EL0, interrupts masked; what the registers were afterwards, also when an exception ended
 * it. They may use x0 to x17 and nothing else.
 */
struct outcome run_code(uint64_t x[RUN_REGISTERS], const uint32_t *code, unsigned count, bool el0);
struct outcome run_one(uint64_t x[RUN_REGISTERS], uint32_t instruction, bool el0);
/* For this CPU, once: exceptions go to hostile_run.c. */
void run_init(void);
/* Interrupts of both groups are taken for a moment. Each that came is disabled where it would come for ever. */
void take_interrupts(void);
/* Page tables for EL0 on top of mmu_enable: RUN_USER + address is RAM, and RUN_USER_DEVICE + address the first GiB, for EL0. */
#define RUN_USER 0x5000000000UL
#define RUN_USER_DEVICE 0x6000000000UL
void run_user_tables(void);
/* Interrupts that this CPU took so far. */
uint64_t interrupts_taken(void);

/* The next so many interrupts of this CPU are only acknowledged and ended, whatever keeps them coming. */
void interrupt_storm(uint64_t count);
/* Starts every other CPU at run, which may never return. False: one of them did not start. */
bool start_others(void (*run)(struct cpu *cpu));

/* ---- the scenes ---- */

void scene_memory(void);
void scene_devices(void);
void scene_registers(void);
/* Not one of those that follow each other: `only=` this in two VMs. Known to tests/qemu/crosstalk.t. */
#define CROSSTALK_SCENE 17U
void scene_crosstalk(void);
void scene_calls(void);
void scene_power(void);
void scene_tables(void);
void scene_vectors(void);
void scene_interrupts(void);
void scene_console(void);
void scene_resets(void);
void scene_random(void);
void scene_doomed(void);
void scene_off(void);
/* These end in a crash of the VM. */
void scene_crash_vectors(void);
void scene_crash_tables(void);
void scene_crash_start(void);
void scene_crash_off(void);

/* ---- pieces of them that random operations are made of ---- */

void access_random(void);
void register_random(void);
void call_random(void);
void power_random(void);
void interrupt_random(void);
void maintenance_random(void);
