/* SPDX-License-Identifier: Apache-2.0 */
/* HVC and SMC with random arguments, and CPU_ON, CPU_OFF, AFFINITY_INFO and CPU_SUSPEND from all CPUs against each other (DEN 0022, DEN 0028). */
#include "hostile.h"

#define SMC64 0x40000000U

/* What would end the scene, or the CPU. */
static bool ends(uint32_t function)
{
    uint32_t form = function & ~SMC64;
    return form == PSCI_CPU_OFF || form == PSCI_SYSTEM_OFF || form == PSCI_SYSTEM_RESET ||
           form == (PSCI_SYSTEM_RESET2 & ~SMC64) || form == (PSCI_CPU_ON & ~SMC64) ||
           form == (PSCI_CPU_SUSPEND & ~SMC64);
}

static uint32_t random_function(void)
{
    static const uint32_t bases[] = {0x84000000U, 0x80000000U, 0x84000050U, 0x8600FF00U, 0xBF00FF00U, 0x80007F00U};
    uint64_t choice = random_below(8);
    if (choice < sizeof(bases) / sizeof(bases[0])) {
        return (bases[choice] + (uint32_t)random_below(0x30)) | ((random_next() & 1U) != 0U ? SMC64 : 0U);
    }
    return choice == 6U ? (uint32_t)random_value() : 0x80000000U | (uint32_t)random_next();
}

static void call(uint32_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
    struct smccc call = {.x = {function | random_next() << 32, x1, x2, x3}};
    for (uint64_t i = 4; i < 18U; i++) {
        call.x[i] = i * 0x0101010101010101UL + x1;
    }
    if ((random_next() & 1U) != 0U) {
        smccc_hvc(&call);
    } else {
        smccc_smc(&call);
    }
    for (uint64_t i = 4; i < 18U; i++) {
        if (call.x[i] != i * 0x0101010101010101UL + x1) {
            wrong("call %08x(%lx, %lx, %lx): x%lu is %lx", function, x1, x2, x3, i, call.x[i]);
            return;
        }
    }
}

void call_random(void)
{
    uint32_t function = random_function();
    if (!ends(function)) {
        call(function, random_value(), random_value(), random_value());
    }
}

static void immediates(void)
{
    for (uint64_t i = 0; i < scaled(500); i++) {
        uint64_t x[RUN_REGISTERS] = {random_function(), random_value(), random_value(), random_value(), 4, 5, 6, 7};
        uint32_t immediate = 1U + (uint32_t)random_below(0xFFFF);
        bool el0 = (random_next() & 1U) != 0U;
        (void)run_one(x, ((random_next() & 1U) != 0U ? 0xD4000002U : 0xD4000003U) | immediate << 5, el0);
        if (!el0 && x[4] != 4U) {
            wrong("HVC or SMC #%u: x4 is %lx", immediate, x[4]);
        }
    }
}

void scene_calls(void)
{
    for (uint64_t i = 0; i < scaled(5000); i++) {
        call_random();
    }
    immediates();
    /* CPU_ON of nonsense: no such CPU, or no such address. */
    for (uint64_t i = 0; i < scaled(2000); i++) {
        uint64_t affinity = random_value();
        uint64_t entry = random_value();
        bool nowhere = entry < RAM_BASE || entry >= ram_end() || entry % 4U != 0U;
        int64_t status = psci(PSCI_CPU_ON, affinity, nowhere ? entry : 2U, random_value());
        if (status != PSCI_INVALID_PARAMETERS && status != PSCI_INVALID_ADDRESS && status != PSCI_ALREADY_ON) {
            wrong("CPU_ON %lx at %lx: %ld", affinity, entry, status);
        }
    }
}

/* ---- power ---- */

static volatile uint64_t power_calls;

static void check_on(uint64_t affinity, int64_t status)
{
    bool good = status == 0 || status == PSCI_ALREADY_ON || status == PSCI_ON_PENDING ||
                status == PSCI_INVALID_ADDRESS || status == PSCI_INVALID_PARAMETERS;
    if (!good) {
        wrong("CPU_ON %lx: %ld", affinity, status);
    }
}

/* CPUs that were started run whatever the scene has set. */
void power_random(void)
{
    uint64_t target = random_below(hostile_cpus());
    switch (random_below(8)) {
    case 0:
    case 1:
    case 2:
        check_on(target,
                 psci(PSCI_CPU_ON, cpu_affinity((uint32_t)target), (uint64_t)guest_secondary, (uint64_t)&cpus[target]));
        break;
    case 3:
        check_on(target, psci(PSCI_CPU_ON, cpu_affinity((uint32_t)target), 0x09000000UL + random_below(64), 0));
        break;
    case 4:
        (void)psci(PSCI_AFFINITY_INFO, cpu_affinity((uint32_t)target), random_below(4), 0);
        break;
    case 5:
        (void)psci(PSCI_AFFINITY_INFO, random_value(), random_value(), 0);
        break;
    case 6:
        /* It returns at once or when an interrupt waits: one does. */
        SYSREG_WRITE("ICC_SGI1R_EL1", 1UL << cpu_this()->index | random_below(16) << 24);
        barrier_isb();
        break;
    default:
        (void)psci(PSCI_CPU_SUSPEND, 0x04000000UL | random_next(), random_value(), 0); /* reserved bits: refused */
        break;
    }
    (void)atomic_add(&power_calls, 1);
}

/* Comes again and again: each time some calls, then off. */
static void power_storm(struct cpu *cpu)
{
    (void)cpu;
    run_init();
    for (uint64_t i = random_below(64); i > 0U; i--) {
        power_random();
    }
}

void scene_power(void)
{
    uint64_t rounds = scaled(10000);
    for (uint32_t i = 1; i < hostile_cpus(); i++) {
        cpus[i].run = power_storm;
    }
    barrier_dsb();
    for (uint64_t i = 0; i < rounds; i++) {
        power_random();
    }
    print("# %lu calls of all CPUs\n", power_calls);
}
