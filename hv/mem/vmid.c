/* SPDX-License-Identifier: Apache-2.0 */
/*
 * State: the generation, which VMIDs of it are taken, and per CPU the VMID that runs (active) or ran when the last generation ended and
 * may run still (reserved). Called by stage2.c at each world switch.
 *
 * The race to be right about: CPU A begins a generation while CPU B goes on with an old VMID. A takes B's active VMID away (exchange with
 * 0) and keeps it reserved, so that nobody else gets the number that B still fills its TLB under. B either sees its active VMID
 * gone and takes the lock, or made its exchange first, and then A reserves what B chose.
 */
#include "mem/vmid.h"

#include <stdbool.h>

#include "arch/barrier.h"
#include "arch/cache.h"
#include "arch/cpu_local.h"
#include "arch/spinlock.h"
#include "arch/sysreg.h"
#include "arch/tlb.h"
#include "lib/bits.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "platform/platform.h"

#define VMID_NONE 0ULL /* as an active value; VMID 0 is never given out */
#define CTR_L1IP(ctr) bits_get((ctr), 15, 14)
#define CTR_L1IP_VIPT 2U

/* A line each: the switch path writes its own only. */
struct vmid_cpu {
    _Alignas(64) uint64_t active;
    uint64_t reserved;
};

static struct vmid_cpu cpus[PLATFORM_MAX_CPUS];
static uint64_t taken[BIT(VMID_BITS) / 64U];
static uint64_t generation;
static uint32_t vmid_count;
static uint32_t next_vmid; /* where to look for a free one */
static struct spinlock lock = SPINLOCK_INIT(LOCK_RANK_VMID);

static uint64_t generation_of(uint64_t value)
{
    return value >> VMID_BITS;
}

static uint32_t number_of(uint64_t value)
{
    return (uint32_t)(value & (BIT(VMID_BITS) - 1U));
}

static uint64_t value_make(uint32_t number)
{
    return generation << VMID_BITS | number;
}

static bool number_take(uint32_t number)
{
    uint64_t bit = BIT(number % 64U);
    bool was_free = (taken[number / 64U] & bit) == 0;
    taken[number / 64U] |= bit;
    return was_free;
}

void vmid_setup(unsigned bits)
{
    assert(bits == 8 || bits == 16);
    memset(cpus, 0, sizeof(cpus));
    memset(taken, 0, sizeof(taken));
    generation = 1;
    vmid_count = 1U << bits;
    next_vmid = 1;
}

/*
 * All numbers but those that a CPU may be using are free again. TLB entries of the old generation go, on every CPU; and with an
 * instruction cache that is tagged by VMID or ASID its lines, too (CTR_EL0.L1Ip below VIPT).
 */
static void generation_begin(void)
{
    __atomic_store_n(&generation, generation + 1U, __ATOMIC_RELAXED);
    memset(taken, 0, sizeof(taken));
    for (unsigned i = 0; i < PLATFORM_MAX_CPUS; i++) {
        uint64_t value = __atomic_exchange_n(&cpus[i].active, VMID_NONE, __ATOMIC_SEQ_CST);
        if (value == VMID_NONE) /* not run since the generation before: what it had then may still run */
            value = cpus[i].reserved;
        cpus[i].reserved = value;
        (void)number_take(number_of(value));
    }
    next_vmid = 1;
    barrier_dsb_ishst();
    tlb_invalidate_el1_all_is();
    barrier_dsb_ish();
    if (CTR_L1IP(sysreg_read(CTR_EL0)) < CTR_L1IP_VIPT)
        cache_invalidate_instructions_all();
    barrier_isb();
}

/* Carries a reserved VMID over into this generation, for each CPU that it is reserved on. */
static bool reserved_renew(uint64_t old, uint64_t new)
{
    bool found = false;
    for (unsigned i = 0; i < PLATFORM_MAX_CPUS; i++) {
        if (cpus[i].reserved == old) {
            cpus[i].reserved = new;
            found = true;
        }
    }
    return found;
}

/* The first number from next_vmid on that is free; 0: none. */
static uint32_t number_find(void)
{
    while (next_vmid < vmid_count) {
        uint32_t number = next_vmid++;
        if (number_take(number))
            return number;
    }
    return 0;
}

static uint64_t value_choose(uint64_t old)
{
    if (old != 0) {
        uint64_t same = value_make(number_of(old));
        if (reserved_renew(old, same) || number_take(number_of(old)))
            return same;
    }
    uint32_t number = number_find();
    if (number == 0) {
        generation_begin();
        number = number_find();
        assert(number != 0); /* there are more numbers than CPUs */
    }
    return value_make(number);
}

static uint64_t activate_slowly(uint64_t *slot, struct vmid_cpu *cpu)
{
    spinlock_lock(&lock);
    uint64_t value = *slot;
    if (generation_of(value) != generation) {
        value = value_choose(value);
        __atomic_store_n(slot, value, __ATOMIC_RELAXED);
    }
    __atomic_store_n(&cpu->active, value, __ATOMIC_RELAXED);
    /*
     * The slot's value before the first walk under it: one who changes the tables stores a descriptor, DSB, reads the slot. Either it
     * reads this VMID and invalidates it, or this CPU's walks see its descriptor.
     */
    barrier_dsb_ish();
    spinlock_unlock(&lock);
    return value;
}

uint16_t vmid_activate(uint64_t *slot)
{
    struct vmid_cpu *cpu = &cpus[cpu_local_index()];
    uint64_t value = __atomic_load_n(slot, __ATOMIC_RELAXED);
    uint64_t active = __atomic_load_n(&cpu->active, __ATOMIC_RELAXED);
    bool current = active != VMID_NONE && generation_of(value) == __atomic_load_n(&generation, __ATOMIC_RELAXED);
    if (current && active == value)
        return (uint16_t)number_of(value);
    if (!current ||
        !__atomic_compare_exchange_n(&cpu->active, &active, value, false, __ATOMIC_SEQ_CST, __ATOMIC_RELAXED))
        value = activate_slowly(slot, cpu);
    return (uint16_t)number_of(value);
}
