/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The measuring guest: what is measured is chosen by "bench=MODE" on the command line (bench/run.sh). One line of JSON per operation, after
 * one that says where this ran; the last line has their number. State: the figures.
 */
#include "bench.h"

#define RESULTS_MAX 64U

struct result {
    const char *name;
    const char *absent;
    uint64_t ticks;
    uint64_t rounds;
};

struct bench_cpu bench_cpus[2];
uint8_t bench_stacks[2][0x4000] __attribute__((aligned(16)));
volatile bool bench_probing;
volatile uint32_t bench_faults;
struct cpu cpus[MAX_CPUS];
static struct result results[RESULTS_MAX];
static uint32_t result_count;

void bench_main(uint64_t tree);
void bench_stray(uint64_t vector, uint64_t esr, uint64_t elr, uint64_t far) __attribute__((noreturn));

void result_add(const char *name, uint64_t ticks, uint64_t rounds)
{
    if (result_count < RESULTS_MAX) {
        results[result_count++] = (struct result){.name = name, .ticks = ticks, .rounds = rounds};
    }
}

void result_absent(const char *name, const char *why)
{
    if (result_count < RESULTS_MAX) {
        results[result_count++] = (struct result){.name = name, .absent = why};
    }
}

static void machine_off(void) __attribute__((noreturn));
static void machine_off(void)
{
    (void)board_psci(PSCI_SYSTEM_OFF, 0, 0, 0);
    for (;;) {
        wfi();
    }
}

void bail_out(const char *format, ...)
{
    print("\n{\"fault\":\"%s\"}\n", format);
    machine_off();
}

void bench_stray(uint64_t vector, uint64_t esr, uint64_t elr, uint64_t far)
{
    print("\n{\"fault\":\"an exception: vector %lu ESR 0x%lx ELR 0x%lx FAR 0x%lx\"}\n", vector, esr, elr, far);
    machine_off();
}

/* Hundredths of an instruction, rounded; an instruction is a nanosecond. */
static uint64_t hundredths(const struct result *result)
{
    uint64_t picoseconds_per_tick = 1000000000000U / counter_frequency();
    return (result->ticks * picoseconds_per_tick / result->rounds + 5U) / 10U;
}

static void print_results(void)
{
    for (uint32_t i = 0; i < result_count; i++) {
        const struct result *result = &results[i];
        if (result->absent != NULL) {
            print("{\"op\":\"%s\",\"absent\":\"%s\"}\n", result->name, result->absent);
        } else {
            uint64_t value = hundredths(result);
            print("{\"op\":\"%s\",\"instructions\":%lu.%02lu,\"rounds\":%lu}\n", result->name, value / 100U,
                  value % 100U, result->rounds);
        }
    }
    print("{\"end\":%u}\n", result_count);
}

static bool mode_is(const char *mode, const char *name)
{
    while (*name != '\0' && *name == *mode) {
        name++;
        mode++;
    }
    return *name == '\0' && (*mode == '\0' || *mode == ' ');
}

static void measure(const char *mode)
{
    if (mode_is(mode, "pairs")) {
        pairs_measure();
    } else if (mode_is(mode, "beside-timer")) {
        beside_timer();
    } else if (mode_is(mode, "beside-switch")) {
        beside_switch();
    } else if (mode_is(mode, "spin")) {
        beside_spin();
    } else if (mode_is(mode, "tick")) {
        beside_tick();
    } else {
        ops_measure();
        irqs_measure();
    }
}

void bench_main(uint64_t tree)
{
    board_find(tree);
    for (uint32_t i = 0; i < 2U; i++) {
        cpus[i].index = i;
        bench_cpus[i].stack = (uint64_t)(bench_stacks[i] + sizeof(bench_stacks[i]));
    }
    SYSREG_WRITE("TPIDR_EL1", &cpus[0]);
    gic_init();
    gic_init_cpu();
    measure(board_mode());
    if (result_count != 0U) {
        print("\n{\"guest\":\"bench\",\"hz\":%lu,\"midr\":\"0x%lx\"}\n", counter_frequency(), SYSREG_READ("MIDR_EL1"));
        print_results();
    }
    machine_off();
}
