/* SPDX-License-Identifier: Apache-2.0 */
/* The board as the device tree describes it (Devicetree Specification 0.4). State: addresses, conduit, command line, all set once. */
#include "bench.h"

#define BLOCK 0x200000UL

unsigned long bench_uart, bench_gicd, bench_gicr;

static uint64_t board_tree;
static bool board_by_smc;
extern char _start[], image_end[];

/* Range `number` of a reg property with two cells each for address and size, as the root of every board of this kind has them. */
static uint64_t reg_at(const uint8_t *reg, uint32_t bytes, uint32_t number, uint64_t *size)
{
    if (reg == NULL || bytes < 16U * (number + 1U)) {
        return 0;
    }
    if (size != NULL) {
        *size = fdt_u64(reg + 16U * number + 8U);
    }
    return fdt_u64(reg + 16U * number);
}

static uint64_t device_at(const char *compatible, uint32_t number)
{
    uint32_t bytes = 0;
    const uint8_t *reg = fdt_compatible(board_tree, compatible, "reg", &bytes);
    return reg_at(reg, bytes, number, NULL);
}

void board_find(uint64_t tree)
{
    uint32_t size = 0;
    board_tree = fdt_check(tree);
    if (board_tree == 0U) {
        return;
    }
    bench_uart = device_at("arm,pl011", 0);
    if (bench_uart == 0U) {
        bench_uart = device_at("arm,sbsa-uart", 0);
    }
    bench_gicd = device_at("arm,gic-v3", 0);
    bench_gicr = device_at("arm,gic-v3", 1);
    const uint8_t *method = fdt_property(board_tree, "/psci", "method", &size);
    board_by_smc = method != NULL && text_equal((const char *)method, "smc");
}

const char *board_mode(void)
{
    uint32_t size = 0;
    const uint8_t *line = fdt_property(board_tree, "/chosen", "bootargs", &size);
    const char *at = (const char *)line;
    for (; line != NULL && *at != '\0'; at++) {
        if (at[0] == 'b' && at[1] == 'e' && at[2] == 'n' && at[3] == 'c' && at[4] == 'h' && at[5] == '=') {
            return at + 6;
        }
    }
    return "";
}

uint64_t board_second_cpu(void)
{
    uint32_t bytes = 0;
    const uint8_t *reg = fdt_property(board_tree, "/cpus/cpu@1", "reg", &bytes);
    if (reg == NULL) {
        return 0;
    }
    return bytes == 8U ? fdt_u64(reg) : fdt_u32(reg);
}

uint64_t board_untouched(uint64_t bytes)
{
    uint64_t size = 0;
    uint32_t count = 0;
    const uint8_t *reg = fdt_property(board_tree, "/memory@", "reg", &count);
    uint64_t base = reg_at(reg, count, 0, &size);
    uint64_t tree_end = board_tree + fdt_size(board_tree);
    uint64_t from = ((uint64_t)image_end + BLOCK - 1U) & ~(BLOCK - 1U);
    if (from < tree_end && board_tree < from + bytes) {
        from = (tree_end + BLOCK - 1U) & ~(BLOCK - 1U);
    }
    return from >= base && from + bytes <= base + size ? from : 0U;
}

int32_t board_psci(uint64_t function, uint64_t x1, uint64_t x2, uint64_t x3)
{
    return board_by_smc ? bench_smc(function, x1, x2, x3) : bench_hvc(function, x1, x2, x3);
}
