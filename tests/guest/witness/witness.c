/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The VM that must not notice what another one does: sleeps until its timer's next tenth of a second, and prints a counter, the time in ms since its
 * start, the longest time between two lines so far, and how many words of its memory were not as it left them. tests/qemu/hostile.t
 * looks at the lines' arrival, too. A key ends it. `spin` in its command line makes it compute instead of sleep. Wants 1 CPU.
 */
#include "guest.h"

#define UART_FR (UART_BASE + 0x18U)
#define UART_CR (UART_BASE + 0x30U)
#define FR_RXFE (1U << 4)
#define CR_ON 0x301U /* UARTEN, TXE, RXE */
#define PERIOD_US 100000U
#define PATTERN_BASE 0x41000000UL
#define PATTERN_WORDS 0x20000UL
#define PATTERN_PARTS 32U

static uint64_t start, longest, last, wrong;

static uint64_t ms_of(uint64_t counts)
{
    return counts * 1000U / counter_frequency();
}

static bool key_pressed(void)
{
    return (read32(UART_FR) & FR_RXFE) == 0U;
}

static void on_timer(struct cpu *cpu, uint32_t intid)
{
    (void)cpu;
    (void)intid;
    SYSREG_WRITE("CNTV_CTL_EL0", 0);
}

/* Until the virtual counter reaches due. */
static void wait_until(uint64_t due, bool spin)
{
    SYSREG_WRITE("CNTV_CVAL_EL0", due);
    while (counter() < due) {
        /* An interrupt of the last period may come late, as a spurious one (docs/guest-board.md): the handler has stopped the timer then. */
        SYSREG_WRITE("CNTV_CTL_EL0", 1);
        if (!spin) {
            wfi();
        }
        irq_enable();
        barrier_isb();
        irq_disable();
    }
}

static void beat(uint64_t number)
{
    uint64_t now = counter();
    uint64_t gap = now - last;
    longest = gap > longest ? gap : longest;
    last = now;
    print("w %lu %lu %lu %lu\n", number, ms_of(now - start), ms_of(longest), wrong);
}

/* Nobody else writes to its memory. */
static void pattern_fill(void)
{
    for (uint64_t i = 0; i < PATTERN_WORDS; i++) {
        write64(PATTERN_BASE + 8U * i, i * 0x9E3779B97F4A7C15UL);
    }
}

/* A part of it each time. */
static void pattern_look(uint64_t number)
{
    for (uint64_t i = number % PATTERN_PARTS; i < PATTERN_WORDS; i += PATTERN_PARTS) {
        wrong += read64(PATTERN_BASE + 8U * i) != i * 0x9E3779B97F4A7C15UL;
    }
}

static bool wants_spin(void)
{
    uint32_t bytes;
    const uint8_t *words = fdt_property(guest_entry.x[0], "/chosen", "bootargs", &bytes);
    return words != NULL && text_equal((const char *)words, "spin");
}

void guest_main(void)
{
    bool spin = wants_spin();
    pattern_fill();
    gic_init();
    gic_init_cpu();
    cpu_this()->interrupt = on_timer;
    gic_enable(TIMER_VIRTUAL_INTID);
    write32(UART_CR, CR_ON);
    start = counter();
    last = start;
    for (uint64_t number = 1; !key_pressed(); number++) {
        wait_until(start + counter_of_us(number * PERIOD_US), spin);
        pattern_look(number);
        beat(number);
    }
    is(wrong, 0, "witness: its memory is as it left it");
}
