/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The hostile guest: the list of scenes, and what they share. Command line: seed=N, scale=N, only=SCENE (runs that one and switches off).
 * The number of the next scene is in the real-time clock, in units of 4096 s, so that a reset or a crash goes on with the next; a
 * scene that found something wrong leaves FAILED there, and the VM never switches itself off.
 */
#include <stdarg.h>

#include "hostile.h"

#define RTC_DR RTC_BASE
#define RTC_LR (RTC_BASE + 8U)
#define RTC_UNIT 4096U
#define RTC_FIRST 0x10000U /* in units: the wall clock's is above 0x60000 */
#define FAILED 0x800U
#define ROUND 64U /* in the number of a boot: scenes below, rounds above */
#define UART_LCRH (UART_BASE + 0x2CU)
#define UART_CR (UART_BASE + 0x30U)
#define UART_IMSC (UART_BASE + 0x38U)

static const struct scene {
    const char *name;
    void (*play)(void);
    uint32_t rounds; /* boots that play it */
} scenes[] = {
    {"memory", scene_memory, 1},
    {"devices", scene_devices, 1},
    {"registers", scene_registers, 1},
    {"calls", scene_calls, 1},
    {"power", scene_power, 1},
    {"tables", scene_tables, 1},
    {"vectors", scene_vectors, 1},
    {"vectors in no memory", scene_crash_vectors, 1},
    {"interrupts", scene_interrupts, 1},
    {"tables in a device", scene_crash_tables, 1},
    {"console", scene_console, 1},
    {"a start at zeros", scene_crash_start, 1},
    {"doomed", scene_doomed, 1},
    {"all off", scene_crash_off, 1},
    {"random", scene_random, 1},
    {"off", scene_off, 1},
    [CROSSTALK_SCENE] = {"crosstalk", scene_crosstalk, 1},
};
#define SCENES ((uint32_t)(sizeof(scenes) / sizeof(scenes[0])))
#define LAST_SCENE (CROSSTALK_SCENE - 1U)

void print_values(const char *format, va_list *values);

static uint64_t random_state[MAX_CPUS];
static uint64_t scale;
static bool failed;

/* xorshift64* */
uint64_t random_next(void)
{
    uint64_t *state = &random_state[cpu_this()->index];
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    return *state * 0x2545F4914F6CDD1DUL;
}

uint64_t random_below(uint64_t bound)
{
    return (random_next() >> 16) % bound;
}

uint64_t random_value(void)
{
    uint64_t bit = 1UL << random_below(64);
    switch (random_below(8)) {
    case 0:
        return 0;
    case 1:
        return ~0UL;
    case 2:
        return bit;
    case 3:
        return bit - 1U;
    case 4:
        return ~bit;
    case 5:
        return random_below(256);
    case 6:
        return random_next() >> 32;
    default:
        return random_next();
    }
}

static uint64_t outside(uint64_t address)
{
    return address >= RAM_BASE && address < ram_end() ? SCRATCH_BASE + address % 4096U : address;
}

uint64_t random_address(void)
{
    static const uint64_t bases[] = {GICD_BASE, GICR_BASE,    UART_BASE,    RTC_BASE,
                                     GPIO_BASE, 0x09020000UL, 0x0A000000UL, 0x0C000000UL};
    uint64_t choice = random_below(16);
    if (choice < 8U) {
        return bases[choice] + random_below(choice < 2U ? 0x10000U * 4U : 0x1000U);
    }
    if (choice == 8U) {
        return ram_end() - 16U + random_below(32);
    }
    if (choice == 9U) {
        return random_below(RAM_BASE);
    }
    if (choice == 10U) {
        return RAM_BASE - 16U + random_below(16);
    }
    if (choice == 11U) {
        return 1UL << (36U + random_below(12));
    }
    return choice == 12U ? outside(random_value()) : SCRATCH_BASE + random_below(SCRATCH_BYTES - 4096U);
}

uint64_t ram_end(void)
{
    uint32_t bytes;
    const uint8_t *reg = fdt_property(guest_entry.x[0], "/memory@40000000", "reg", &bytes);
    return reg == NULL ? RAM_BASE + 0x4000000U : fdt_u64(reg) + fdt_u64(reg + 8);
}

static uint64_t number_at(const char *text)
{
    uint64_t value = 0;
    for (; *text >= '0' && *text <= '9'; text++) {
        value = value * 10U + (uint64_t)(*text - '0');
    }
    return value;
}

uint64_t option(const char *name, uint64_t otherwise)
{
    uint32_t bytes;
    const char *at = (const char *)fdt_property(guest_entry.x[0], "/chosen", "bootargs", &bytes);
    while (at != NULL && *at != '\0') {
        const char *key = name;
        while (*key != '\0' && *at == *key) {
            at++;
            key++;
        }
        if (*key == '\0' && *at == '=') {
            return number_at(at + 1);
        }
        while (*at != '\0' && *at++ != ' ') {
        }
    }
    return otherwise;
}

uint64_t scaled(uint64_t count)
{
    return count * scale;
}

uint32_t hostile_cpus(void)
{
    uint32_t count = cpu_count();
    return count < MAX_CPUS ? count : MAX_CPUS;
}

void uart_repair(void)
{
    write32(UART_IMSC, 0);
    write32(UART_CR, 0x301);
    write32(UART_LCRH, 0x70);
}

void wrong(const char *format, ...)
{
    va_list values;
    failed = true;
    uart_repair();
    print("not ok - ");
    va_start(values, format);
    print_values(format, &values);
    va_end(values);
    print("\n");
}

/* ---- which scene is next ---- */

static uint32_t scene_next(void)
{
    uint32_t unit = read32(RTC_DR) / RTC_UNIT;
    return unit >= RTC_FIRST && unit <= RTC_FIRST + 2U * FAILED ? unit - RTC_FIRST : 0U;
}

static void scene_set_next(uint32_t number)
{
    write32(RTC_LR, (RTC_FIRST + number) * RTC_UNIT);
}

void reset_now(void)
{
    (void)psci(PSCI_SYSTEM_RESET, 0, 0, 0);
    bail_out("the reset returned");
}

static void give_up(uint32_t number)
{
    scene_set_next(number | FAILED);
    print("# failed: seed %lu, scene %u; the VM stays\n", option("seed", 1), number);
    for (;;) {
        wfi();
    }
}

static void seed(uint32_t number)
{
    for (uint32_t i = 0; i < MAX_CPUS; i++) {
        random_state[i] = (option("seed", 1) + 1U) * 0x9E3779B97F4A7C15UL + number * 0x10001UL + i * 0x1234567UL + 1U;
    }
}

/* A reset as soon as the guest runs. */
void scene_resets(void)
{
    reset_now();
}

static uint32_t number_after(uint32_t number)
{
    uint32_t rounds = scenes[number % ROUND].rounds;
    return number / ROUND + 1U < rounds ? number + ROUND : number % ROUND + 1U;
}

bool start_others(void (*run)(struct cpu *cpu))
{
    bool good = true;
    for (uint32_t i = 1; i < hostile_cpus(); i++) {
        cpus[i].run = run; /* the first of them may well start the others */
    }
    for (uint32_t i = 1; i < hostile_cpus(); i++) {
        int64_t status = psci(PSCI_CPU_ON, cpu_affinity(i), (uint64_t)guest_secondary, (uint64_t)&cpus[i]);
        good = good && (status == 0 || status == PSCI_ALREADY_ON || status == PSCI_ON_PENDING);
    }
    return good;
}

void guest_main(void)
{
    uint32_t only = (uint32_t)option("only", SCENES);
    uint32_t number = only < SCENES ? only : scene_next();
    if ((number & FAILED) != 0U) {
        give_up(number);
    }
    if (number % ROUND > LAST_SCENE && number != only) {
        print("# hostile: all %u scenes\n", SCENES);
        return;
    }
    scene_set_next(number_after(number));
    scale = option("scale", 1);
    seed(number);
    run_init();
    uint64_t begin = counter();
    const struct scene *scene = &scenes[number % ROUND];
    print("# scene %u: %s, seed %lu\n", number % ROUND, scene->name, option("seed", 1));
    scene->play();
    uart_repair();
    print("# scene %u: %lu ms, %lu interrupts\n", number, (counter() - begin) * 1000U / counter_frequency(),
          interrupts_taken());
    if (failed) {
        give_up(number);
    }
    scene_set_next(number_after(number));
    if (only < SCENES) {
        return;
    }
    reset_now();
}
