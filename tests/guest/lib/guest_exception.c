/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exceptions taken by a test guest: expected ones are recorded and skipped, interrupts go to the GIC's part, anything else ends
 * the guest with its registers printed. Called by guest_vectors.S.
 */
#include "guest.h"

#define SPSR_SS (1UL << 21)
#define SPSR_BTYPE (3UL << 10)

void exception_entry(uint64_t vector, struct frame *frame);

void expect_begin(void)
{
    struct expected *expected = &cpu_this()->expected;
    *expected = (struct expected){.armed = true};
    barrier_isb();
}

uint32_t expect_end(struct expected *seen)
{
    struct expected *expected = &cpu_this()->expected;
    barrier_dsb();
    barrier_isb();
    expected->armed = false;
    if (seen != NULL) {
        *seen = *expected;
    }
    return expected->count;
}

static void record(struct expected *expected, uint64_t vector, struct frame *frame)
{
    expected->vector = vector;
    expected->count++;
    expected->esr = frame->esr;
    expected->far = frame->far;
    expected->elr = frame->elr;
    expected->spsr = frame->spsr;
    frame->elr += 4;
    frame->spsr &= ~(SPSR_SS | SPSR_BTYPE);
}

static void take_interrupt(struct cpu *cpu)
{
    uint32_t intid = gic_acknowledge();
    if (intid >= 1020U) {
        return; /* it went away meanwhile */
    }
    if (intid < 64U) {
        cpu->counts[intid]++;
    }
    if (cpu->interrupt != NULL) {
        cpu->interrupt(cpu, intid);
    }
    gic_end(intid);
}

static void unexpected(uint64_t vector, const struct cpu *cpu, const struct frame *frame)
{
    static const char *const kinds[] = {"synchronous exception", "IRQ", "FIQ", "SError"};
    print("\n# CPU %u: %s (vector %lu) ESR %lx FAR %lx ELR %lx SPSR %lx\n", cpu->index, kinds[vector & 3U], vector,
          frame->esr, frame->far, frame->elr, frame->spsr);
    for (unsigned i = 0; i < 31U; i++) {
        print("# x%u %lx\n", i, frame->x[i]);
    }
    bail_out("an unexpected exception");
}

/* vector: 0..15 in the order of the table; 4..7 are those of EL1 itself with SP_EL1. */
void exception_entry(uint64_t vector, struct frame *frame)
{
    struct cpu *cpu = cpu_this();
    bool synchronous = (vector & 3U) == 0U;
    if (cpu->any != NULL) {
        cpu->any(cpu, vector, frame);
        return;
    }
    if (synchronous && cpu->sync != NULL && cpu->sync(cpu, frame)) {
        return;
    }
    if (synchronous && cpu->expected.armed) {
        record(&cpu->expected, vector, frame);
    } else if ((vector & 3U) == 1U && cpu->irq != NULL) {
        cpu->irq(cpu, frame);
    } else if ((vector & 3U) == 1U) {
        take_interrupt(cpu);
    } else {
        unexpected(vector, cpu, frame);
    }
}
