/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The machine that the unit tests run on: fake CPUs with registers, TLBs and caches that behave as badly as DDI 0487 allows.
 *
 * A thread stands for the CPU that it selected (host_cpu_select, 0 at first). RAM is an arena (host_phys_add). A fault that a model
 * finds ends the program with a message and abort(), which cmocka reports as a failed test; host_expect_failure catches it.
 *
 * The TLB model (host_tlb.c): every CPU caches what a walk used. A CPU is in a guest from host_translate_ipa to its next barrier or TLBI. A broadcast invalidation removes entries only when DSB ISH or DSB SY
 * of the CPU that issued it completes; EL2 entries of that CPU itself only at its ISB. Walkers see a store to a descriptor that they
 * have looked at before only after a DSB. At every barrier and TLBI each CPU walks again what it walked before, as speculation may.
 * A descriptor in use that changes from one valid value to another, other than in permissions, fails the test.
 *
 * The cache model (host_cache.c): EL2's plain stores stay in the data cache until it is cleaned. See host_cache_*.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define HOST_CPUS 8U

enum host_dsb { HOST_DSB_ISHST, HOST_DSB_NSH, HOST_DSB_ISH, HOST_DSB_SY };

/* ---- instructions (arch/barrier.h, tlb.h, cache_insn.h) ---- */
void host_dsb(enum host_dsb kind);
void host_isb(void);
void host_tlbi_ipas2e1is(uint64_t ipa);
void host_tlbi_vmalle1is(void);
void host_tlbi_vmalle1(void);
void host_tlbi_vmalls12e1is(void);
void host_tlbi_alle1is(void);
void host_tlbi_vae2is(uint64_t va);
void host_tlbi_alle2is(void);
void host_dc_cvau(uint64_t va);
void host_dc_civac(uint64_t va);
void host_dc_zva(uint64_t va);
void host_ic_ivau(uint64_t va);
void host_ic_ialluis(void);

/* ---- the whole machine (host_model.c) ---- */

/* Forgets arenas, register values and hooks, TLBs, caches, held ranks; CPU 0 is selected. Call in each test's set-up. */
void host_reset(void);
/* A model's verdict: prints and aborts, or ends host_expect_failure. */
_Noreturn void host_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Runs function(context); true if it panicked, with the text in host_failure_text(). A model's verdict is not a panic. */
bool host_expect_panic(void (*function)(void *context), void *context);
/* True if a model failed the test. Ranks held are forgotten after both. Calls don't nest. */
bool host_expect_failure(void (*function)(void *context), void *context);
const char *host_failure_text(void);

/* ---- CPUs and registers (host_sysreg.c) ---- */

/* The calling thread stands for CPU n < HOST_CPUS from now on. */
void host_cpu_select(unsigned cpu);
unsigned host_cpu(void);
/*
 * What a read gives and a write does instead of reaching the register file, for all CPUs; NULL: the register file. Hooks read and
 * change the file itself with host_sysreg_get and _set. key: KEY_name of arch/sysreg.h.
 */
typedef uint64_t host_sysreg_reader(uint32_t key, void *context);
typedef void host_sysreg_writer(uint32_t key, uint64_t value, void *context);
void host_sysreg_hook(uint32_t key, host_sysreg_reader *reader, host_sysreg_writer *writer, void *context);
uint64_t host_sysreg_get(unsigned cpu, uint32_t key);
void host_sysreg_set(unsigned cpu, uint32_t key, uint64_t value);
/* The same value on every CPU. */
void host_sysreg_set_all(uint32_t key, uint64_t value);
/* Called in each cpu_wait_yield and cpu_wait_interrupt of the thread's CPU, NULL: sched_relax. */
void host_wait_hook(void (*hook)(void));
/* In a wait hook: the CPU waits for an interrupt (WFI), it does not spin. Asked once a call of the hook. */
bool host_waits_for_interrupt(void);
/* Called at the start of each spinlock_lock and spinlock_unlock: where a test lets another CPU go on. */
void host_lock_hook(void (*hook)(void));

/* ---- RAM (host_phys.c) ---- */

/* RAM at [base, base + size), zero, sparse: several GiB cost nothing until touched. Up to 16 arenas, not overlapping. */
void host_phys_add(uint64_t base, uint64_t size);
/* An object of the test program stands at base: what is in the hypervisor's image on the target. */
void host_phys_add_object(uint64_t base, uint64_t size, void *object);
bool host_phys_contains(uint64_t pa, uint64_t size);

/* ---- walks as the hardware does them, on the selected CPU (host_tlb.c) ---- */

struct host_translation {
    bool valid;
    uint64_t pa;
    unsigned level;
    bool read;
    bool write;
    bool execute;
    bool device;
};

/* A guest access with stage 1 off: VTTBR_EL2, VTCR_EL2. Fills TLBs; gives what a stale entry says while there is one. */
struct host_translation host_translate_ipa(uint64_t ipa);
/* An access of EL2: TTBR0_EL2, TCR_EL2, MAIR_EL2. */
struct host_translation host_translate_el2(uint64_t va);
/* The CPU will speculate no more with the addresses it used: as if it had been reset. */
void host_tlb_forget(unsigned cpu);

/* ---- caches (host_cache.c) ---- */

/* From now on each arena has a data cache that holds back stores; before, memory and caches agree. */
void host_cache_enable(void);
/* What an observer without caches (a guest with its MMU off) reads and writes. */
uint8_t host_cache_read_uncached(uint64_t pa);
void host_cache_write_uncached(uint64_t pa, uint8_t byte);
/* What the selected CPU's instruction fetch gets. */
uint8_t host_cache_fetch(uint64_t pa);
