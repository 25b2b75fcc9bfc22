/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Another VM on the same CPU. Two roles: the VM that measures, and the other one, which spins (beside_spin) or wakes up every now and then
 * (beside_tick). The other one stops itself when it has not been interrupted for a while, or after its time.
 */
#include "bench.h"

#define ROUNDS 32U
#define TIMER_US 300U
#define TICK_US 200U
#define WINDOW_US 500U
#define WINDOWS 63U
#define QUIET_US 40000U
#define SPIN_LIFE_US 2000000U
#define TICK_LIFE_US 200000U
#define LOST_US 50U /* time away that only another VM explains */

/* The longest time between two reads of the counter until `end`, and when the last of more than LOST_US was. */
static uint64_t longest_gap(uint64_t end, uint64_t *lost)
{
    uint64_t longest = 0;
    uint64_t last = counter();
    uint64_t limit = counter_of_us(LOST_US);
    while (last < end) {
        uint64_t now = SYSREG_READ("CNTVCT_EL0");
        uint64_t gap = now - last;
        longest = gap > longest ? gap : longest;
        if (gap > limit && lost != NULL) {
            *lost = now;
        }
        last = now;
    }
    return longest;
}

/* From WFI to the handler while the other VM has the CPU. */
void beside_timer(void)
{
    uint64_t lost = 0;
    gic_enable(TIMER_VIRTUAL_INTID);
    (void)timer_latency(4, TIMER_US, true);
    uint64_t ticks = timer_latency(ROUNDS, TIMER_US, true);
    gic_disable(TIMER_VIRTUAL_INTID);
    (void)longest_gap(counter() + counter_of_us(20000U), &lost);
    if (lost == 0U) {
        bail_out("no other VM spins on this CPU");
    }
    result_add("timer_wfi_other_vm", ticks, ROUNDS);
}

static void sort(uint64_t *values, uint32_t count)
{
    for (uint32_t i = 1; i < count; i++) {
        uint64_t value = values[i];
        uint32_t at = i;
        for (; at > 0U && values[at - 1U] > value; at--) {
            values[at] = values[at - 1U];
        }
        values[at] = value;
    }
}

/*
 * The CPU goes to the other VM, which takes its timer's interrupt and sleeps again, and comes back: in each window the longest time
 * away is that, and the figure is the median, both ways together.
 */
void beside_switch(void)
{
    uint64_t gaps[WINDOWS];
    (void)longest_gap(counter() + counter_of_us(5000U), NULL);
    for (uint32_t i = 0; i < WINDOWS; i++) {
        counter_align();
        gaps[i] = longest_gap(counter() + counter_of_us(WINDOW_US), NULL);
    }
    sort(gaps, WINDOWS);
    if (gaps[WINDOWS / 2U] < counter_of_us(1) / 4U) {
        bail_out("no other VM wakes up on this CPU");
    }
    result_add("world_switch_both_ways", gaps[WINDOWS / 2U], 1);
}

void beside_spin(void)
{
    uint64_t end = counter() + counter_of_us(SPIN_LIFE_US);
    uint64_t lost = counter();
    while (counter() < end && counter() < lost + counter_of_us(QUIET_US)) {
        (void)longest_gap(counter() + counter_of_us(1000U), &lost);
    }
}

void beside_tick(void)
{
    uint64_t end = counter() + counter_of_us(TICK_LIFE_US);
    gic_enable(TIMER_VIRTUAL_INTID);
    while (counter() < end) {
        (void)timer_latency(1, TICK_US, true);
    }
}
