/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Operations that a hypervisor traps, one after the other in a loop of two instructions of its own (SUBS and B.NE), which every figure
 * includes. A call sets x0 to x3, as callers do, and so has four instructions beside the HVC or SMC.
 */
#include "bench.h"

#define ROUNDS 1600UL
#define WARM_UP 16UL
#define TOUCH_PAGES 2048UL
#define TOUCH_BLOCKS 32UL
#define PAGE 0x1000UL
#define BLOCK 0x200000UL
/* In the range of the standard services, assigned to none (DEN 0028, 6.3). */
#define FUNCTION_UNKNOWN 0x840001FFUL

/* Ticks of the virtual counter for `rounds` times `body`; %1 and %2 are two values for it. x0 to x17 are free. */
#define LOOP(rounds, body, value1, value2)                                                                             \
    ({                                                                                                                 \
        register uint64_t loop_left __asm__("x19") = (rounds);                                                         \
        register uint64_t loop_value1 __asm__("x20") = (value1);                                                       \
        register uint64_t loop_value2 __asm__("x21") = (value2);                                                       \
        counter_align();                                                                                               \
        uint64_t loop_before = counter();                                                                              \
        __asm__ volatile("1: " body "\n\t"                                                                             \
                         "subs %0, %0, #1\n\t"                                                                         \
                         "b.ne 1b"                                                                                     \
                         : "+r"(loop_left), "+r"(loop_value1), "+r"(loop_value2)                                       \
                         :                                                                                             \
                         : "memory", "cc", "x0", "x1", "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11",   \
                           "x12", "x13", "x14", "x15", "x16", "x17");                                                  \
        counter() - loop_before;                                                                                       \
    })

/* The same once it is known that the operation does not fault. */
#define MEASURE(name, body, value1, value2)                                                                            \
    do {                                                                                                               \
        bench_faults = 0;                                                                                              \
        bench_probing = true;                                                                                          \
        (void)LOOP(1, body, value1, value2);                                                                           \
        bench_probing = false;                                                                                         \
        if (bench_faults != 0U) {                                                                                      \
            result_absent(name, "undefined");                                                                          \
        } else {                                                                                                       \
            (void)LOOP(WARM_UP, body, value1, value2);                                                                 \
            result_add(name, LOOP(ROUNDS, body, value1, value2), ROUNDS);                                              \
        }                                                                                                              \
    } while (0)

#define CALL(conduit)                                                                                                  \
    "mov x0, %1\n\t"                                                                                                   \
    "mov x1, %2\n\t"                                                                                                   \
    "mov x2, xzr\n\t"                                                                                                  \
    "mov x3, xzr\n\t" conduit " #0"

static void measure_calls(void)
{
    MEASURE("hvc_psci_version", CALL("hvc"), PSCI_VERSION, 0);
    MEASURE("hvc_psci_features", CALL("hvc"), PSCI_FEATURES, PSCI_CPU_ON);
    MEASURE("hvc_smccc_version", CALL("hvc"), SMCCC_VERSION, 0);
    MEASURE("hvc_unknown", CALL("hvc"), FUNCTION_UNKNOWN, 0);
    MEASURE("smc_psci_version", CALL("smc"), PSCI_VERSION, 0);
}

static void measure_registers(void)
{
    MEASURE("id_register_read", "mrs x0, ID_AA64ISAR0_EL1", 0, 0);
    MEASURE("oslsr_read", "mrs x0, OSLSR_EL1", 0, 0);
    MEASURE("cntp_ctl_write", "msr CNTP_CTL_EL0, xzr\n\tisb", 0, 0);
    MEASURE("cntvct_read", "mrs x0, CNTVCT_EL0", 0, 0);
    MEASURE("cntpct_read", "mrs x0, CNTPCT_EL0", 0, 0);
}

/* ISENABLER: an SPI that is enabled already and never comes. */
static void measure_devices(void)
{
    MEASURE("gicd_typer_read", "mov x0, %1\n\tldr w1, [x0]\n\tmov w2, w1", GICD_BASE + GICD_TYPER, 0);
    MEASURE("gicd_isenabler_write", "mov x0, %1\n\tmov w1, %w2\n\tstr w1, [x0]", GICD_BASE + GICD_ISENABLER + 4U,
            0x80000000U);
    MEASURE("gicr_typer_read", "mov x0, %1\n\tldr x1, [x0]\n\tmov x2, x1", GICR_BASE + GICR_TYPER, 0);
    MEASURE("uart_fr_read", "mov x0, %1\n\tldr w1, [x0]\n\tmov w2, w1", UART_BASE + 0x18U, 0);
}

static void measure_touch(void)
{
    uint64_t pages = board_untouched(TOUCH_PAGES * PAGE + TOUCH_BLOCKS * BLOCK + BLOCK);
    if (pages == 0U) {
        result_absent("touch_4k", "no room");
        result_absent("touch_2m", "no room");
        return;
    }
    uint64_t ticks = LOOP(TOUCH_PAGES, "str xzr, [%1]\n\tadd %1, %1, %2", pages, PAGE);
    result_add("touch_4k", ticks, TOUCH_PAGES);
    uint64_t blocks = (pages + TOUCH_PAGES * PAGE + BLOCK - 1U) & ~(BLOCK - 1U);
    ticks = LOOP(TOUCH_BLOCKS, "str xzr, [%1]\n\tadd %1, %1, %2", blocks, BLOCK);
    result_add("touch_2m", ticks, TOUCH_BLOCKS);
}

void ops_measure(void)
{
    MEASURE("empty_loop", "", 0, 0);
    measure_calls();
    measure_registers();
    measure_devices();
    measure_touch();
}
