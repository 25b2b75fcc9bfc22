/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A VM that is spoken to through the monitor (tests/qemu/monitor.t, vms.t). All its CPUs fill its memory with a pattern made from "seed=" of its boot
 * arguments, and look again and again whether that is whole; CPU 0 prints how many passes all have done, twice a second. "lines=N" prints N numbered lines
 * first; "quit=1" ends it then. Keys: 'f' prints numbered lines until the next key, 'q' the verdict and SYSTEM_OFF, any other one its code.
 */
#include "guest.h"

#define UART_FR (UART_BASE + 0x18U)
#define UART_DR UART_BASE
#define FR_RXFE (1U << 4)
#define PAGE 4096UL
#define BLOCK 0x200000UL
#define FIRST (RAM_BASE + 4UL * BLOCK) /* behind image and stacks */
#define STEP 0x9E3779B97F4A7C15UL
#define KEYS_EVERY 64U /* pages */

static uint64_t seed;
static uint64_t ram_end;
static volatile uint64_t wrong;
static volatile uint64_t stop;

static bool usable(uint64_t page)
{
    return page / BLOCK != guest_entry.x[0] / BLOCK; /* the device tree's block */
}

static uint64_t word(uint64_t address)
{
    return (address ^ seed) * STEP;
}

static void fill(uint64_t page)
{
    for (uint64_t at = page; at < page + PAGE; at += 8U) {
        *(volatile uint64_t *)at = word(at);
    }
}

static uint64_t check(uint64_t page)
{
    uint64_t bad = 0;
    for (uint64_t at = page; at < page + PAGE; at += 8U) {
        bad += *(volatile uint64_t *)at != word(at);
    }
    return bad;
}

static int key(void)
{
    return (read32(UART_FR) & FR_RXFE) != 0U ? -1 : (int)(read32(UART_DR) & 0xFFU);
}

static void flood(void)
{
    uint64_t line = 0;
    int pressed;
    while ((pressed = key()) < 0) {
        print("flood %08lu 0123456789 abcdefghijklmnopqrstuvwxyz\n", line++);
    }
    print("flood ends at %lu by %02x\n", line, (unsigned)pressed);
}

static void look_at_keys(void)
{
    int pressed = key();
    if (pressed == 'f') {
        flood();
    } else if (pressed == 'q') {
        stop = 1;
    } else if (pressed >= 0) {
        print("key %02x\n", (unsigned)pressed);
    }
}

/* Each CPU has every count-th page. value[0]: passes. */
static void go_through(struct cpu *cpu, uint64_t step, void (*page_do)(struct cpu *cpu, uint64_t page))
{
    uint64_t pages = 0;
    for (uint64_t page = FIRST + cpu->index * PAGE; page < ram_end && stop == 0U; page += step) {
        if (usable(page)) {
            page_do(cpu, page);
        }
        if (cpu->index == 0U && pages++ % KEYS_EVERY == 0U) {
            look_at_keys();
        }
    }
}

static void fill_one(struct cpu *cpu, uint64_t page)
{
    (void)cpu;
    fill(page);
}

static void check_one(struct cpu *cpu, uint64_t page)
{
    (void)cpu;
    uint64_t bad = check(page);
    if (bad != 0U) {
        (void)atomic_add(&wrong, bad);
    }
}

static uint64_t passes_of_all(void)
{
    uint64_t least = cpus[0].value[0];
    for (uint32_t i = 1; i < cpu_count(); i++) {
        least = cpus[i].value[0] < least ? cpus[i].value[0] : least;
    }
    return least;
}

static void work(struct cpu *cpu)
{
    uint64_t step = cpu_count() * PAGE;
    uint64_t said = 0;
    uint64_t next = 0;
    go_through(cpu, step, fill_one);
    while (stop == 0U) {
        go_through(cpu, step, check_one);
        cpu->value[0]++;
        if (cpu->index == 0U && passes_of_all() > said && counter() >= next) {
            said = passes_of_all();
            next = counter() + counter_frequency() / 2U;
            print("pass %lu, %lu wrong\n", said, wrong);
        }
    }
}

void guest_main(void)
{
    uint32_t size = 0;
    const uint8_t *reg = fdt_property(guest_entry.x[0], "/memory@40000000", "reg", &size);
    uint64_t lines = fdt_argument(guest_entry.x[0], "lines", 0);
    ram_end = RAM_BASE + (reg != NULL && size == 16U ? fdt_u64(reg + 8) : 0U);
    seed = fdt_argument(guest_entry.x[0], "seed", 1) * STEP;
    for (uint64_t i = 0; i < lines; i++) {
        print("line %06lu of the kept ones\n", i);
    }
    stop = fdt_argument(guest_entry.x[0], "quit", 0);
    print("# up, %lu of %lu MiB are filled\n", (ram_end - FIRST) >> 20, (ram_end - RAM_BASE) >> 20);
    mmu_enable();
    for (uint32_t i = 1; i < cpu_count(); i++) {
        (void)cpu_start(i, work);
    }
    work(&cpus[0]);
    for (uint32_t i = 1; i < cpu_count(); i++) {
        (void)cpu_wait_off(i);
    }
    ok(passes_of_all() > 0U || fdt_argument(guest_entry.x[0], "quit", 0) != 0U, "passes by each of %u CPUs",
       cpu_count());
    is(wrong, 0, "every word is as this VM left it");
}
