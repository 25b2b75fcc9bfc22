/* SPDX-License-Identifier: Apache-2.0 */
/* CPUs of a test guest: the boot of the first, PSCI for the others, locks. State: cpus[], each written by its own CPU. */
#include "guest.h"

struct guest_entry guest_entry;
struct cpu cpus[MAX_CPUS];
uint8_t guest_stacks[MAX_CPUS][STACK_BYTES] __attribute__((aligned(16)));

void guest_boot(void);

void guest_boot(void)
{
    for (uint32_t i = 0; i < MAX_CPUS; i++) {
        cpus[i].index = i;
        cpus[i].stack = (uint64_t)(guest_stacks[i] + STACK_BYTES);
        cpus[i].mpidr = cpu_affinity(i);
    }
    print("# guest on %s, %u CPUs\n", guest_on_ashlar() ? "Ashlar" : "a bare machine", cpu_count());
    guest_main();
    finish();
}

uint32_t cpu_count(void)
{
    uint64_t tree = fdt_check(guest_entry.x[0]);
    return tree == 0U ? 1U : fdt_count(tree, "/cpus", "cpu@");
}

uint64_t cpu_affinity(uint32_t index)
{
    return (uint64_t)(index / 16U) << 8 | index % 16U;
}

/* The new CPU begins with its MMU and caches off. */
static void clean(const void *from, unsigned long size)
{
    for (uint64_t at = (uint64_t)from & ~63UL; at < (uint64_t)from + size; at += 64U) {
        __asm__ volatile("dc civac, %0" ::"r"(at) : "memory");
    }
    barrier_dsb();
}

int64_t cpu_start(uint32_t index, void (*run)(struct cpu *cpu))
{
    struct cpu *cpu = &cpus[index];
    cpu->run = run;
    cpu->started = 0;
    cpu->finished = 0;
    clean(cpu, sizeof(*cpu));
    return psci(PSCI_CPU_ON, cpu_affinity(index), (uint64_t)guest_secondary, (uint64_t)cpu);
}

void cpu_main(struct cpu *cpu)
{
    cpu->context = (uint64_t)cpu;
    cpu->started = 1;
    cpu->run(cpu);
    barrier_dsb();
    cpu->finished = 1;
    (void)psci(PSCI_CPU_OFF, 0, 0, 0);
    bail_out("CPU_OFF returned on CPU %u", cpu->index);
}

bool cpu_wait_off(uint32_t index)
{
    return WAIT_FOR(cpus[index].finished == 1U) && WAIT_FOR(psci(PSCI_AFFINITY_INFO, cpu_affinity(index), 0, 0) == 1);
}

void spin_lock(struct spinlock *lock)
{
    uint32_t seen, failed;
    __asm__ volatile("1: ldaxr %w0, [%2]\n\t"
                     "cbz %w0, 2f\n\t"
                     "yield\n\t"
                     "b 1b\n"
                     "2: stxr %w1, %w3, [%2]\n\t"
                     "cbnz %w1, 1b"
                     : "=&r"(seen), "=&r"(failed)
                     : "r"(&lock->held), "r"(1)
                     : "memory");
}

void spin_unlock(struct spinlock *lock)
{
    __asm__ volatile("stlr wzr, [%0]" ::"r"(&lock->held) : "memory");
}

uint64_t atomic_add(volatile uint64_t *to, uint64_t value)
{
    uint64_t result;
    uint32_t failed;
    __asm__ volatile("1: ldaxr %0, [%2]\n\t"
                     "add %0, %0, %3\n\t"
                     "stlxr %w1, %0, [%2]\n\t"
                     "cbnz %w1, 1b"
                     : "=&r"(result), "=&r"(failed)
                     : "r"(to), "r"(value)
                     : "memory");
    return result;
}
