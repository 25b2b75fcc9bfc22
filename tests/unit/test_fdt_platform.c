/* SPDX-License-Identifier: Apache-2.0 */
/* hv/platform/fdt_platform.c, fdt_console.c, dt_node.c: trees after real machines, faults by name, every byte changed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "fdt_builder.h"
#include "platform/fdt_platform.h"
#include "platform_sound.h"
#include "seeded.h"

static struct fdt_builder tree;
static struct platform platform;
static struct platform_fault fault;

/* In memory of exactly size bytes, so that ASan sees a read behind them. */
static enum status parse_bytes(const uint8_t *bytes, uint32_t size, uint64_t boot_mpidr)
{
    uint8_t *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, bytes, size);
    memset(&platform, 0, sizeof(platform));
    memset(&fault, 0, sizeof(fault));
    platform.boot_mpidr = boot_mpidr;
    enum status status = fdt_platform_read(copy, size, &platform, &fault);
    free(copy);
    return status;
}

static enum status parse(void)
{
    return parse_bytes(tree.bytes, tree.size, 0);
}

static void expect_fault(enum status expected, const char *text)
{
    assert_int_equal(parse(), expected);
    assert_string_equal(fault.text, text);
}

static void test_virt(void **state)
{
    (void)state;
    fdt_build_virt(&tree, 4);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(platform.cpu_count, 4);
    assert_int_equal(platform.cpus[3].mpidr, 3);
    assert_int_equal(platform.cpus[3].maintenance_intid, 25);
    assert_int_equal(platform.gicd_base, 0x8000000);
    assert_int_equal(platform.redistributor_count, 1);
    assert_int_equal(platform.redistributors[0].base, 0x80a0000);
    assert_int_equal(platform.redistributors[0].size, 0xf60000);
    assert_int_equal(platform.redistributor_stride, 0);
    assert_int_equal(platform.timer_phys_intid, 30);
    assert_int_equal(platform.timer_virt_intid, 27);
    assert_int_equal(platform.timer_hyp_intid, 26);
    assert_int_equal(platform.conduit, CONDUIT_SMC);
    assert_int_equal(platform.psci_version, 0x10000);
    assert_int_equal(platform.console.type, CONSOLE_PL011);
    assert_int_equal(platform.console.base, 0x9000000);
    assert_int_equal(platform.console.intid, 33);
    assert_int_equal(platform.console.access_size, 4);
    assert_null(platform_gic_unsound(&platform));
}

/* What a test changes in the board below. */
struct board {
    const char *psci;
    const char *method;
    const char *stdout_path;
    const char *uart;
    uint32_t uart_shift;
    uint32_t uart_width;
    uint32_t bus_address; /* what the child address 0x1000 0000 of the bus is in its parent */
    uint32_t regions;
    uint32_t stride;
    uint32_t cpu_cells;
    bool uart_elsewhere; /* its interrupt goes to another controller */
    bool no_ranges;
    bool no_timer;
    const char *timer_names;
};

static const struct board soc = {.psci = "arm,psci-0.2",
                                 .method = "hvc",
                                 .stdout_path = "serial2:1500000n8",
                                 .uart = "rockchip,uart|snps,dw-apb-uart",
                                 .uart_shift = 2,
                                 .uart_width = 4,
                                 .bus_address = 0xf0000000,
                                 .regions = 2,
                                 .stride = 0x40000,
                                 .cpu_cells = 2,
                                 .timer_names = "hyp-phys|virt|phys"};

static void build_cpu(const char *name, const struct board *board, uint32_t aff3, uint32_t affinity, const char *method,
                      const char *status)
{
    tree_node(&tree, name);
    tree_text(&tree, "device_type", "cpu");
    if (board->cpu_cells == 2) {
        TREE_CELLS(&tree, "reg", aff3, affinity);
    } else {
        TREE_CELLS(&tree, "reg", affinity);
    }
    if (method != NULL) {
        tree_text(&tree, "enable-method", method);
    }
    if (status != NULL) {
        tree_text(&tree, "status", status);
    }
    tree_close(&tree);
}

static void build_cpus(const struct board *board)
{
    tree_node(&tree, "cpus");
    TREE_CELLS(&tree, "#address-cells", board->cpu_cells);
    TREE_CELLS(&tree, "#size-cells", 0);
    build_cpu("cpu@0", board, 0, 0, NULL, NULL); /* the boot CPU need not be startable */
    build_cpu("cpu@100", board, 0, 0x100, "psci", "okay");
    build_cpu("cpu@200", board, 0, 0x200, "spin-table", NULL);
    build_cpu("cpu@300", board, 0, 0x300, "psci", "disabled");
    build_cpu("cpu@500", board, 0, 0x500, "acme,pen", "okay"); /* nobody knows how to start it */
    build_cpu("cpu@100000400", board, 1, 0x400, "psci", "ok");
    tree_node(&tree, "idle-states");
    tree_close(&tree);
    tree_close(&tree);
}

static void build_uart(const struct board *board)
{
    tree_node(&tree, "serial@a0000");
    tree_text(&tree, "compatible", board->uart);
    TREE_CELLS(&tree, "reg", 0xa0000, 0x100);
    TREE_CELLS(&tree, "reg-shift", board->uart_shift);
    TREE_CELLS(&tree, "reg-io-width", board->uart_width);
    if (board->uart_elsewhere) {
        TREE_CELLS(&tree, "interrupt-parent", 2);
        TREE_CELLS(&tree, "interrupts", 5);
    } else {
        /* first the other controller's one-cell interrupt in no place of ours, then the GIC's */
        TREE_CELLS(&tree, "interrupts-extended", 1, 0, 150, 4, 0, 2, 5);
    }
    tree_close(&tree);
}

/* A bus in a bus: 0xa0000 -> 0x1000a0000 - ... through two ranges. */
static void build_buses(const struct board *board)
{
    tree_node(&tree, "bus@f0000000");
    tree_text(&tree, "compatible", "simple-bus");
    TREE_CELLS(&tree, "#address-cells", 1);
    TREE_CELLS(&tree, "#size-cells", 1);
    if (!board->no_ranges) {
        TREE_CELLS(&tree, "ranges", 0, 0, 0x80000000, 0x1000, 0x10000000, 0, board->bus_address, 0x1000000);
    }
    tree_node(&tree, "bus@10000000");
    tree_text(&tree, "compatible", "simple-bus");
    TREE_CELLS(&tree, "#address-cells", 1);
    TREE_CELLS(&tree, "#size-cells", 1);
    TREE_CELLS(&tree, "ranges", 0, 0x10000000, 0x100000);
    build_uart(board);
    tree_close(&tree);
    tree_close(&tree);
}

static void build_gic(const struct board *board)
{
    tree_node(&tree, "interrupt-controller@fe600000");
    tree_text(&tree, "compatible", "arm,gic-v3");
    TREE_CELLS(&tree, "phandle", 1);
    TREE_CELLS(&tree, "#interrupt-cells", 4);
    tree_empty(&tree, "interrupt-controller");
    TREE_CELLS(&tree, "#address-cells", 0);
    TREE_CELLS(&tree, "interrupts", 1, 9, 4, 0);
    TREE_CELLS(&tree, "#redistributor-regions", board->regions);
    if (board->stride != 0) {
        TREE_CELLS(&tree, "redistributor-stride", 0, board->stride);
    }
    TREE_CELLS(&tree, "reg", 0, 0xfe600000, 0, 0x10000, 0, 0xfe680000, 0, 0x80000, 1, 0xfe680000, 0, 0x80000, 0,
               0xfe500000, 0, 0x2000);
    tree_close(&tree);
    tree_node(&tree, "pio");
    TREE_CELLS(&tree, "phandle", 2);
    TREE_CELLS(&tree, "#interrupt-cells", 1);
    tree_empty(&tree, "interrupt-controller");
    tree_close(&tree);
}

static void build_timer(const struct board *board)
{
    tree_node(&tree, "timer");
    tree_text(&tree, "compatible", "arm,armv8-timer");
    TREE_CELLS(&tree, "interrupts", 1, 10, 4, 0, 1, 11, 4, 0, 1, 14, 4, 0);
    if (board->timer_names != NULL) {
        tree_text(&tree, "interrupt-names", board->timer_names);
    }
    tree_close(&tree);
}

static void build(const struct board *board)
{
    tree_start(&tree);
    tree_node(&tree, "");
    TREE_CELLS(&tree, "#address-cells", 2);
    TREE_CELLS(&tree, "#size-cells", 2);
    TREE_CELLS(&tree, "interrupt-parent", 1);
    tree_node(&tree, "aliases");
    tree_text(&tree, "serial2", "/bus@f0000000/bus@10000000/serial@a0000");
    tree_text(&tree, "loop", "loop");
    tree_close(&tree);
    tree_node(&tree, "chosen");
    if (board->stdout_path != NULL) {
        tree_text(&tree, "stdout-path", board->stdout_path);
    }
    tree_close(&tree);
    build_cpus(board);
    if (board->psci != NULL) {
        tree_node(&tree, "psci");
        tree_text(&tree, "compatible", board->psci);
        tree_text(&tree, "method", board->method);
        tree_close(&tree);
    }
    build_gic(board);
    build_buses(board);
    if (!board->no_timer) {
        build_timer(board);
    }
    tree_close(&tree);
    tree_finish(&tree);
}

static void test_soc(void **state)
{
    (void)state;
    build(&soc);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(platform.cpu_count, 4);
    assert_int_equal(platform.cpus_disabled, 2);
    assert_int_equal(platform.cpus[1].mpidr, 0x100);
    assert_int_equal(platform.cpus[2].mpidr, 0x200); /* a spin-table CPU is for use, too */
    assert_int_equal(platform.cpus[3].mpidr, 0x100000400);
    assert_int_equal(platform.redistributor_count, 2);
    assert_int_equal(platform.redistributors[1].base, 0x1fe680000);
    assert_int_equal(platform.redistributor_stride, 0x40000);
    assert_int_equal(platform.timer_hyp_intid, 26);
    assert_int_equal(platform.timer_virt_intid, 27);
    assert_int_equal(platform.timer_phys_intid, 30);
    assert_int_equal(platform.conduit, CONDUIT_HVC);
    assert_int_equal(platform.psci_version, 2);
    assert_int_equal(platform.console.type, CONSOLE_NS16550);
    assert_int_equal(platform.console.base, 0xf00a0000);
    assert_int_equal(platform.console.intid, 32 + 150);
    assert_int_equal(platform.console.reg_shift, 2);
    assert_int_equal(platform.console.access_size, 4);
    assert_null(platform_gic_unsound(&platform));
    assert_null(platform_console_unsound(&platform));
}

static void test_cpus(void **state)
{
    struct board board = soc;
    (void)state;

    /* Run on another CPU: the one that nobody knows how to start is of no use then. */
    build(&board);
    assert_int_equal(parse_bytes(tree.bytes, tree.size, 0x200), STATUS_OK);
    assert_int_equal(platform.cpu_count, 3);
    board.cpu_cells = 1; /* then the last CPU's Aff3 is not told */
    build(&board);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(platform.cpus[3].mpidr, 0x400);
    board.cpu_cells = 3;
    build(&board);
    expect_fault(STATUS_INVALID, "device tree: /cpus: #address-cells: found 3, expected 1 or 2");

    fdt_build_virt(&tree, 130);
    assert_int_equal(parse_bytes(tree.bytes, tree.size, 129), STATUS_OK);
    assert_int_equal(platform.cpu_count, PLATFORM_MAX_CPUS);
    assert_int_equal(platform.cpus_left_out, 2);
    assert_int_equal(platform.cpus[PLATFORM_MAX_CPUS - 1].mpidr, 129);
    fdt_build_virt(&tree, 0);
    expect_fault(STATUS_NOT_FOUND, "device tree: CPUs: found none that is enabled");
}

static void test_psci(void **state)
{
    struct board board = soc;
    (void)state;

    board.method = "smc";
    build(&board);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(platform.conduit, CONDUIT_SMC);
    board.method = "sm\001c";
    build(&board);
    expect_fault(STATUS_INVALID, "device tree: psci: method: found 'sm?c', expected smc or hvc");
    board.method = "smc";
    board.psci = "arm,psci"; /* 0.1 has no fixed function identifiers */
    build(&board);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(platform.conduit, CONDUIT_NONE);
    board.psci = NULL;
    build(&board);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(platform.conduit, CONDUIT_NONE);
}

static void test_gic(void **state)
{
    struct board board = soc;
    (void)state;

    board.stride = 0;
    board.regions = 1;
    build(&board);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(platform.redistributor_count, 1);
    assert_int_equal(platform.redistributor_stride, 0);
    board.regions = 4;
    build(&board);
    expect_fault(STATUS_RANGE,
                 "interrupt-controller@fe600000: redistributors at 0xfe500000 of 0x2000 bytes, expected 64 KiB "
                 "frames below 2^46");
    static const uint32_t regions[] = {0, 17, 0xffffffff};
    for (unsigned i = 0; i < 3; i++) {
        board.regions = regions[i];
        build(&board);
        expect_fault(STATUS_RANGE,
                     "device tree: interrupt-controller@fe600000: #redistributor-regions: absent, malformed "
                     "or out of range");
    }
    board.regions = 5;
    build(&board);
    assert_int_equal(parse(), STATUS_RANGE);
    board = soc;
    static const uint32_t strides[] = {0x10000, 0x28000, 1};
    for (unsigned i = 0; i < 3; i++) {
        board.stride = strides[i];
        build(&board);
        expect_fault(STATUS_RANGE,
                     "device tree: interrupt-controller@fe600000: redistributor-stride: absent, malformed or "
                     "out of range");
    }
}

static void test_timer(void **state)
{
    struct board board = soc;
    (void)state;

    board.timer_names = NULL; /* in the binding's order three are too few */
    build(&board);
    expect_fault(STATUS_NOT_FOUND, "device tree: timer: interrupts: absent, malformed or out of range");
    board.timer_names = "hyp-phys|virt|sec-phys";
    build(&board);
    expect_fault(STATUS_NOT_FOUND, "device tree: timer: interrupts: absent, malformed or out of range");
    board.no_timer = true;
    build(&board);
    expect_fault(STATUS_NOT_FOUND, "device tree: arm,armv8-timer: found none");
}

static void expect_no_console(const struct board *board)
{
    build(board);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(platform.console.type, CONSOLE_NONE);
    assert_null(platform_console_unsound(&platform));
}

static void test_console(void **state)
{
    struct board board = soc;
    (void)state;

    board.stdout_path = "/bus@f0000000/bus@10000000/serial@a0000:115200";
    build(&board);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(platform.console.base, 0xf00a0000);
    board.uart_elsewhere = true; /* polled */
    build(&board);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(platform.console.base, 0xf00a0000);
    assert_int_equal(platform.console.intid, 0);

    static const char *const paths[] = {NULL,       "", ":", "serial7", "loop", "loop/x:1", "/nowhere", "/bus@f0000000",
                                        "serial2/x"};
    for (unsigned i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        board.stdout_path = paths[i];
        expect_no_console(&board);
    }
    board = soc;
    board.uart = "apple,s5l-uart";
    expect_no_console(&board);

    static const struct {
        const char *compatible;
        enum platform_console_type type;
    } kinds[] = {
        {"arm,pl011|arm,primecell", CONSOLE_PL011},
        {"arm,sbsa-uart", CONSOLE_SBSA_UART},
        {"ns16550", CONSOLE_NS16550},
        {"x,y|ns16550a", CONSOLE_NS16550},
        {"arm,sbsa-uart|arm,pl011", CONSOLE_SBSA_UART},
    };
    for (unsigned i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        board.uart = kinds[i].compatible;
        build(&board);
        assert_int_equal(parse(), STATUS_OK);
        assert_int_equal(platform.console.type, kinds[i].type);
        assert_null(platform_console_unsound(&platform));
    }
}

/* Lengths that bring libfdt's sum of offset and length past INT_MAX: refused, without an overflow that is undefined. */
static void test_property_length(void **state)
{
    (void)state;
    fdt_build_virt(&tree, 1);
    assert_int_equal(tree.bytes[67], 3); /* FDT_PROP: the first of the root */
    for (uint32_t i = 0; i < 256U; i++) {
        uint32_t length = i % 2U == 0U ? 0x7fffffffU - i : UINT32_MAX - i;
        for (unsigned byte = 0; byte < 4U; byte++) {
            tree.bytes[68U + byte] = (uint8_t)(length >> (24U - 8U * byte));
        }
        assert_int_equal(parse(), STATUS_INVALID);
    }
}

static void test_console_refused(void **state)
{
    static const char access_text[] = "device tree: stdout-path: reg-shift or reg-io-width: malformed or out of range";
    struct board board = soc;
    (void)state;

    board.no_ranges = true;
    build(&board);
    expect_fault(STATUS_INVALID, "device tree: stdout-path: reg or reg-offset: absent or malformed");
    board = soc;
    board.bus_address = 0xfffffffc; /* its end is outside 32 bits, which is no fault of a 64-bit address */
    build(&board);
    assert_int_equal(parse(), STATUS_OK);
    assert_int_equal(platform.console.base, 0x10009fffc);
    board.bus_address = 0xfffffffe;
    build(&board);
    expect_fault(STATUS_RANGE, "device tree: stdout-path: reg: found 0x10009fffe of 0x100 bytes");
    board = soc;
    board.uart_width = 3;
    build(&board);
    expect_fault(STATUS_RANGE, access_text);
    board.uart_width = 8;
    build(&board);
    expect_fault(STATUS_INVALID, access_text);
    board.uart_width = 4;
    board.uart_shift = 1; /* two registers in one access */
    build(&board);
    expect_fault(STATUS_RANGE, access_text);
    board.uart_shift = 5;
    build(&board);
    expect_fault(STATUS_INVALID, access_text);
    board.uart = "arm,pl011";
    board.uart_shift = 0;
    board.uart_width = 1;
    build(&board);
    expect_fault(STATUS_RANGE, access_text);
}

static void judge(enum status status)
{
    if (status != STATUS_OK) {
        assert_true(platform_fault_is_text(&fault, ""));
        return;
    }
    assert_null(platform_gic_unsound(&platform));
    assert_null(platform_timer_unsound(&platform));
    assert_null(platform_console_unsound(&platform));
}

static void mutate_bytes(void)
{
    static const uint8_t changes[] = {0x01, 0xff};
    static struct fdt_builder good;

    good = tree;
    for (uint32_t size = 0; size < good.size; size++) {
        judge(parse_bytes(good.bytes, size, 0));
        assert_string_not_equal(fault.text, ""); /* a tree that was cut is refused */
    }
    for (uint32_t at = 0; at < good.size; at++) {
        for (unsigned i = 0; i < sizeof(changes); i++) {
            tree.bytes[at] = good.bytes[at] ^ changes[i];
            judge(parse());
        }
        tree.bytes[at] = good.bytes[at];
    }
}

static void test_mutations(void **state)
{
    (void)state;
    fdt_build_virt(&tree, 2);
    mutate_bytes();
    build(&soc);
    mutate_bytes();
}

static void test_random(void **state)
{
    struct seeded seeded;
    (void)state;
    seeded_start(&seeded, "test_fdt_platform");
    for (unsigned round = 0; round < 2000; round++) {
        build(&soc);
        for (unsigned change = 0; change < 3; change++) {
            uint32_t where = (uint32_t)seeded_below(&seeded, tree.size / 4) * 4;
            uint32_t value = (uint32_t)seeded_below(&seeded, 20);
            tree.bytes[where + 3] = (uint8_t)value;
        }
        judge(parse());
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_virt),
        cmocka_unit_test(test_soc),
        cmocka_unit_test(test_cpus),
        cmocka_unit_test(test_psci),
        cmocka_unit_test(test_gic),
        cmocka_unit_test(test_timer),
        cmocka_unit_test(test_property_length),
        cmocka_unit_test(test_console),
        cmocka_unit_test(test_console_refused),
        cmocka_unit_test(test_mutations),
        cmocka_unit_test(test_random),
    };
    return cmocka_run_group_tests_name("fdt_platform", tests, NULL, NULL);
}
