/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fake CPUs: which one a thread stands for, its system registers, its held lock ranks. Registers hold what was last written unless a
 * test hooks them. host_reset gives them plain values of an Armv8.0 CPU with 64-byte cache lines.
 */
#include <string.h>

#include "arch/cpu_local.h"
#include "arch/host/host_internal.h"
#include "arch/sysreg.h"

struct hook {
    host_sysreg_reader *reader;
    host_sysreg_writer *writer;
    void *context;
};

static uint64_t registers[HOST_CPUS][SYSREG_KEYS];
static struct hook hooks[SYSREG_KEYS];
static uint64_t held_ranks[HOST_CPUS];
static _Thread_local unsigned selected;
static void (*lock_hook)(void);

/* What reads as other than zero after a reset. */
static const struct {
    uint32_t key;
    uint64_t value;
} reset_values[] = {
    {KEY_MIDR_EL1, 0x410fd083},         /* Cortex-A72 r0p3 */
    {KEY_CTR_EL0, 0x84448004},          /* 64-byte lines, IDC = DIC = 0 */
    {KEY_DCZID_EL0, 4},                 /* 64 bytes, allowed */
    {KEY_ID_AA64PFR0_EL1, 0x01000022},  /* EL0, EL1: both states; GIC system registers */
    {KEY_ID_AA64MMFR0_EL1, 0x00001124}, /* PARange 44 bits, 16-bit ASIDs, 4 KiB granule */
    {KEY_CNTFRQ_EL0, 62500000},
};

void host_sysreg_reset(void)
{
    memset(registers, 0, sizeof(registers));
    memset(hooks, 0, sizeof(hooks));
    memset(held_ranks, 0, sizeof(held_ranks));
    selected = 0;
    lock_hook = NULL;
    for (size_t i = 0; i < sizeof(reset_values) / sizeof(reset_values[0]); i++)
        host_sysreg_set_all(reset_values[i].key, reset_values[i].value);
    for (unsigned cpu = 0; cpu < HOST_CPUS; cpu++)
        registers[cpu][KEY_MPIDR_EL1] = 0x80000000ULL | cpu;
}

/* Before any host_reset the registers have their values, too. */
__attribute__((constructor)) static void host_sysreg_start(void)
{
    host_sysreg_reset();
}

void host_cpu_select(unsigned cpu)
{
    if (cpu >= HOST_CPUS)
        host_fail("there is no CPU %u", cpu);
    selected = cpu;
}

unsigned host_cpu(void)
{
    return selected;
}

unsigned cpu_local_index(void)
{
    return selected;
}

void host_lock_hook(void (*hook)(void))
{
    lock_hook = hook;
}

uint64_t *cpu_local_held_ranks(void)
{
    if (lock_hook != NULL)
        lock_hook();
    return &held_ranks[selected];
}

void host_sysreg_hook(uint32_t key, host_sysreg_reader *reader, host_sysreg_writer *writer, void *context)
{
    hooks[key] = (struct hook){reader, writer, context};
}

uint64_t host_sysreg_get(unsigned cpu, uint32_t key)
{
    return registers[cpu][key];
}

void host_sysreg_set(unsigned cpu, uint32_t key, uint64_t value)
{
    registers[cpu][key] = value;
}

void host_sysreg_set_all(uint32_t key, uint64_t value)
{
    for (unsigned cpu = 0; cpu < HOST_CPUS; cpu++)
        registers[cpu][key] = value;
}

uint64_t host_sysreg_read(uint32_t key)
{
    if (hooks[key].reader != NULL)
        return hooks[key].reader(key, hooks[key].context);
    return registers[selected][key];
}

void host_sysreg_write(uint32_t key, uint64_t value)
{
    if (hooks[key].writer != NULL)
        hooks[key].writer(key, value, hooks[key].context);
    else
        registers[selected][key] = value;
}
