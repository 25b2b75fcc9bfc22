/* SPDX-License-Identifier: Apache-2.0 */
/* Time by the virtual counter (DDI 0487, D11). */
#include "guest.h"

uint64_t counter(void)
{
    barrier_isb();
    return SYSREG_READ("CNTVCT_EL0");
}

uint64_t counter_frequency(void)
{
    return SYSREG_READ("CNTFRQ_EL0");
}

uint64_t counter_of_us(uint64_t microseconds)
{
    return microseconds * counter_frequency() / 1000000U;
}

void delay_us(uint64_t microseconds)
{
    uint64_t end = counter() + counter_of_us(microseconds);
    while (counter() < end) {
        __asm__ volatile("yield");
    }
}
