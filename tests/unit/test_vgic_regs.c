/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every register of the distributor and the redistributors against a table transcribed from IHI 0069 (12.8 to 12.11), which shares
 * nothing with the code's own table: offset, size, value after a reset, writable bits, access sizes; and that all else is RAZ/WI.
 */
#include "vgic_fakes.h"

#define GICD 0x08000000ULL
#define GICR 0x080A0000ULL
#define VCPUS 18U

enum kind {
    READ_ONLY, /* reset is the value for good */
    PLAIN,     /* what is written is read, in the writable bits */
    SET_CLEAR, /* a set register; its clear register is `other` bytes further on */
};

struct expected {
    const char *name;
    uint32_t offset;
    uint32_t stride;
    uint32_t count;
    uint32_t size; /* of one register */
    enum kind kind;
    uint64_t reset;
    uint64_t writable;
    uint32_t other;
    bool bytes; /* byte accesses allowed */
};

/* n = 1..8 for words of SPIs; GICD_<x>0 is RES0 with affinity routing. */
static const struct expected gicd[] = {
    {"GICD_CTLR", 0x0000, 4, 1, 4, PLAIN, 0x50, 0x3, 0, false},
    {"GICD_TYPER", 0x0004, 4, 1, 4, READ_ONLY, 0x00480008, 0, 0, false},
    {"GICD_IIDR", 0x0008, 4, 1, 4, READ_ONLY, 0x41000000, 0, 0, false},
    {"GICD_TYPER2", 0x000C, 4, 1, 4, READ_ONLY, 0, 0, 0, false},
    {"GICD_STATUSR", 0x0010, 4, 1, 4, READ_ONLY, 0, 0, 0, false},
    {"GICD_IGROUPR1..8", 0x0084, 4, 8, 4, PLAIN, 0, 0xffffffff, 0, false},
    {"GICD_ISENABLER1..8", 0x0104, 4, 8, 4, SET_CLEAR, 0, 0xffffffff, 0x80, false},
    {"GICD_ISPENDR1..8", 0x0204, 4, 8, 4, SET_CLEAR, 0, 0xffffffff, 0x80, false},
    {"GICD_ISACTIVER1..8", 0x0304, 4, 8, 4, SET_CLEAR, 0, 0xffffffff, 0x80, false},
    {"GICD_IPRIORITYR8..71", 0x0420, 4, 64, 4, PLAIN, 0, 0xf8f8f8f8, 0, true},
    {"GICD_ICFGR2..17", 0x0C08, 4, 16, 4, PLAIN, 0, 0xaaaaaaaa, 0, false},
    {"GICD_IROUTER32..287", 0x6100, 8, 256, 8, PLAIN, 0, 0xff80ffffffULL, 0, false},
    {"GICD_PIDR2", 0xFFE8, 4, 1, 4, READ_ONLY, 0x30, 0, 0, false},
    {"GICD_CIDR0", 0xFFF0, 4, 1, 4, READ_ONLY, 0x0D, 0, 0, false},
    {"GICD_CIDR1", 0xFFF4, 4, 1, 4, READ_ONLY, 0xF0, 0, 0, false},
    {"GICD_CIDR2", 0xFFF8, 4, 1, 4, READ_ONLY, 0x05, 0, 0, false},
    {"GICD_CIDR3", 0xFFFC, 4, 1, 4, READ_ONLY, 0xB1, 0, 0, false},
};

/* Of the redistributor whose vCPU is number REDISTRIBUTOR: Aff1 = 1, Aff0 = 1, the last of all. */
#define REDISTRIBUTOR 17U
static const struct expected gicr[] = {
    {"GICR_CTLR", 0x0000, 4, 1, 4, READ_ONLY, 0, 0, 0, false},
    {"GICR_IIDR", 0x0004, 4, 1, 4, READ_ONLY, 0x41000000, 0, 0, false},
    {"GICR_TYPER", 0x0008, 8, 1, 8, READ_ONLY, 0x0000010100001110ULL, 0, 0, false},
    {"GICR_STATUSR", 0x0010, 4, 1, 4, READ_ONLY, 0, 0, 0, false},
    {"GICR_PIDR2", 0xFFE8, 4, 1, 4, READ_ONLY, 0x30, 0, 0, false},
    {"GICR_CIDR0", 0xFFF0, 4, 1, 4, READ_ONLY, 0x0D, 0, 0, false},
    {"GICR_CIDR1", 0xFFF4, 4, 1, 4, READ_ONLY, 0xF0, 0, 0, false},
    {"GICR_CIDR2", 0xFFF8, 4, 1, 4, READ_ONLY, 0x05, 0, 0, false},
    {"GICR_CIDR3", 0xFFFC, 4, 1, 4, READ_ONLY, 0xB1, 0, 0, false},
    {"GICR_IGROUPR0", 0x10080, 4, 1, 4, PLAIN, 0, 0xffffffff, 0, false},
    {"GICR_ISENABLER0", 0x10100, 4, 1, 4, SET_CLEAR, 0, 0xffffffff, 0x80, false},
    {"GICR_ISPENDR0", 0x10200, 4, 1, 4, SET_CLEAR, 0, 0xffffffff, 0x80, false},
    {"GICR_ISACTIVER0", 0x10300, 4, 1, 4, SET_CLEAR, 0, 0xffffffff, 0x80, false},
    {"GICR_IPRIORITYR0..7", 0x10400, 4, 8, 4, PLAIN, 0, 0xf8f8f8f8, 0, true},
    {"GICR_ICFGR0", 0x10C00, 4, 1, 4, READ_ONLY, 0xaaaaaaaa, 0, 0, false},
    {"GICR_ICFGR1", 0x10C04, 4, 1, 4, READ_ONLY, 0, 0, 0, false},
};

static uint64_t base_of(const struct expected *table)
{
    return table == gicd ? GICD : GICR + REDISTRIBUTOR * 0x20000ULL;
}

static void expect_read(const struct expected *row, uint64_t address, unsigned size, uint64_t value)
{
    uint64_t read = fake_read(address, size);
    if (read != value) {
        fail_msg("%s at 0x%llx, %u bytes: read 0x%llx, expected 0x%llx", row->name, (unsigned long long)address, size,
                 (unsigned long long)read, (unsigned long long)value);
    }
}

static uint64_t all_ones(unsigned size)
{
    return size == 8U ? ~0ULL : (1ULL << (8U * size)) - 1U;
}

/* Whole, by halves or bytes where allowed, and every other size and alignment as RAZ/WI. */
static void check_sizes(const struct expected *row, uint64_t address, uint64_t value)
{
    for (unsigned size = 1; size <= 8U; size *= 2U) {
        for (unsigned at = 0; at < row->size; at++) {
            bool allowed = size == row->size || (size == 4U && row->size == 8U) || (size == 1U && row->bytes);
            bool whole = allowed && at % size == 0U;
            if ((address & 0xffffU) + at + size > 0x10000U) {
                continue; /* beyond the frame: not one register's access any more */
            }
            expect_read(row, address + at, size, whole ? (value >> (8U * at)) & all_ones(size) : 0U);
            if (!whole) {
                fake_write(address + at, size, row->kind == SET_CLEAR ? 0U : ~value);
                expect_read(row, address, row->size, value);
            }
        }
    }
}

static void check_plain(const struct expected *row, uint64_t address)
{
    uint64_t patterns[] = {~0ULL, 0x5a5a5a5a5a5a5a5aULL, 0xa5a5a5a5a5a5a5a5ULL, 0};
    for (unsigned i = 0; i < sizeof(patterns) / sizeof(patterns[0]); i++) {
        uint64_t value = (patterns[i] & row->writable) | row->reset;
        fake_write(address, row->size, patterns[i]);
        check_sizes(row, address, value);
    }
    if (row->size == 8U) {
        fake_write(address + 4U, 4, 0xffffffff);
        expect_read(row, address, 8, row->writable & 0xffffffff00000000ULL);
        fake_write(address, 4, 0xffffffff);
        fake_write(address + 4U, 4, 0);
        expect_read(row, address, 8, row->writable & 0xffffffffULL);
        fake_write(address, 8, 0);
    }
    if (row->bytes) {
        fake_write(address + 2U, 1, 0xff);
        expect_read(row, address, 4, row->writable & 0xff0000U);
        fake_write(address, 4, 0);
    }
}

static void check_set_clear(const struct expected *row, uint64_t address)
{
    uint64_t clear = address + row->other;
    fake_write(address, 4, 0x0f0f0f0f);
    fake_write(address, 4, 0x00ff0000);
    check_sizes(row, address, 0x0fff0f0f);
    check_sizes(row, clear, 0x0fff0f0f);
    fake_write(clear, 4, 0x0000000f);
    expect_read(row, address, 4, 0x0fff0f00);
    expect_read(row, clear, 4, 0x0fff0f00);
    fake_write(clear, 4, 0xffffffff);
    expect_read(row, address, 4, 0);
}

static void check_register(const struct expected *row, uint64_t address)
{
    expect_read(row, address, row->size, row->reset);
    check_sizes(row, address, row->reset);
    switch (row->kind) {
    case READ_ONLY:
        fake_write(address, row->size, ~0ULL);
        expect_read(row, address, row->size, row->reset);
        break;
    case PLAIN:
        check_plain(row, address);
        break;
    case SET_CLEAR:
        check_set_clear(row, address);
        break;
    }
}

/* CPU 0 runs vCPU 0, unless the interrupts of a redistributor are to be its own. */
static void check_table(const struct expected *table, unsigned count, unsigned vcpu)
{
    fake_start(VCPUS, 4, true);
    fake_load(0, vcpu);
    for (unsigned i = 0; i < count; i++) {
        for (uint32_t n = 0; n < table[i].count; n++) {
            check_register(&table[i], base_of(table) + table[i].offset + n * table[i].stride);
            fake_settle();
            host_cpu_select(0);
        }
    }
    fake_put(0);
    fake_stop();
}

static void test_distributor(void **state)
{
    (void)state;
    check_table(gicd, sizeof(gicd) / sizeof(gicd[0]), 0);
}

static void test_own_redistributor(void **state)
{
    (void)state;
    check_table(gicr, sizeof(gicr) / sizeof(gicr[0]), REDISTRIBUTOR);
}

static void test_redistributor_of_another(void **state)
{
    (void)state;
    check_table(gicr, sizeof(gicr) / sizeof(gicr[0]), 3);
}

static bool covered(const struct expected *table, unsigned count, uint32_t offset)
{
    for (unsigned i = 0; i < count; i++) {
        for (uint32_t n = 0; n < table[i].count; n++) {
            uint32_t at = table[i].offset + n * table[i].stride;
            if (offset - at < table[i].size ||
                (table[i].kind == SET_CLEAR && offset - at - table[i].other < table[i].size)) {
                return true;
            }
        }
    }
    return table == gicr && offset >= 0x14U && offset < 0x18U; /* GICR_WAKER has a test of its own */
}

/* Reserved, and what a GIC without LPIs, with affinity routing and one security state, does not have. */
static void check_reserved(const struct expected *table, unsigned count, uint32_t end)
{
    fake_start(VCPUS, 4, true);
    fake_load(0, 0);
    for (uint32_t offset = 0; offset < end; offset += 4U) {
        if (covered(table, count, offset)) {
            continue;
        }
        for (unsigned size = 1; size <= 4U; size *= 2U) {
            fake_write(base_of(table) + offset, size, ~0ULL);
            assert_int_equal(fake_read(base_of(table) + offset, size), 0);
        }
    }
    for (unsigned i = 0; i < count; i++) {
        expect_read(&table[i], base_of(table) + table[i].offset, table[i].size, table[i].reset);
    }
    fake_put(0);
    fake_stop();
}

static void test_reserved(void **state)
{
    (void)state;
    check_reserved(gicd, sizeof(gicd) / sizeof(gicd[0]), 0x10000);
    check_reserved(gicr, sizeof(gicr) / sizeof(gicr[0]), 0x20000);
}

/* Interrupt n's bit, byte or register is where the manual says, and nobody else's. */
static void test_which_interrupt(void **state)
{
    (void)state;
    fake_start(VCPUS, 4, true);
    fake_load(0, 0);
    for (uint32_t n = 32; n < 288U; n++) {
        fake_write(GICD + 0x100U + 4U * (n / 32U), 4, 1ULL << (n % 32U));
        fake_write(GICD + 0x400U + n, 1, 0xA8);
        fake_write(GICD + 0xC00U + 4U * (n / 16U), 4, 2ULL << (2U * (n % 16U)));
        fake_write(GICD + 0x6000U + 8U * n, 8, 3);
        vgic_set_spi(&fake_vm, n, true);
        for (uint32_t m = 32; m < 288U; m++) {
            bool same = m == n;
            assert_int_equal(fake_read(GICD + 0x100U + 4U * (m / 32U), 4) >> (m % 32U) & 1U, same);
            assert_int_equal(fake_read(GICD + 0x400U + m, 1), same ? 0xA8 : 0);
            assert_int_equal(fake_read(GICD + 0xC00U + 4U * (m / 16U), 4) >> (2U * (m % 16U)) & 3U, same ? 2 : 0);
            assert_int_equal(fake_read(GICD + 0x6000U + 8U * m, 8), same ? 3 : 0);
            if (m % 32U == 0U) {
                uint64_t bit = n / 32U == m / 32U ? 1ULL << (n % 32U) : 0U;
                assert_int_equal(fake_read(GICD + 0x200U + 4U * (m / 32U), 4), bit);
            }
        }
        vgic_set_spi(&fake_vm, n, false);
        fake_write(GICD + 0x180U + 4U * (n / 32U), 4, 1ULL << (n % 32U));
        fake_write(GICD + 0x280U + 4U * (n / 32U), 4, 1ULL << (n % 32U));
        fake_write(GICD + 0x400U + n, 1, 0);
        fake_write(GICD + 0xC00U + 4U * (n / 16U), 4, 0);
        fake_write(GICD + 0x6000U + 8U * n, 8, 0);
        assert_int_equal(fake_read(GICD + 0x200U + 4U * (n / 32U), 4), 0);
    }
    fake_put(0);
    fake_stop();
}

/* One redistributor's interrupts are not another's, and each knows its vCPU. */
static void test_redistributors(void **state)
{
    (void)state;
    fake_start(VCPUS, 4, true);
    fake_load(0, 0);
    for (uint64_t n = 0; n < VCPUS; n++) {
        uint64_t base = GICR + n * 0x20000U;
        uint64_t affinity = (n / 16U) << 8 | n % 16U;
        assert_int_equal(fake_read(base + 8U, 8), affinity << 32 | n << 8 | (n == VCPUS - 1U ? 0x10U : 0U));
        assert_int_equal(fake_read(base + 8U, 4), n << 8 | (n == VCPUS - 1U ? 0x10U : 0U));
        assert_int_equal(fake_read(base + 12U, 4), affinity);
        fake_write(base + 0x10100U, 4, 1ULL << n);
        fake_write(base + 0x10400U, 1, 8U * n);
    }
    for (uint64_t n = 0; n < VCPUS; n++) {
        uint64_t base = GICR + n * 0x20000U;
        assert_int_equal(fake_read(base + 0x10100U, 4), 1ULL << n);
        assert_int_equal(fake_read(base + 0x10400U, 4), 8U * n);
        assert_int_equal(fake_read(base + 0x14U, 4), 6);
        fake_write(base + 0x14U, 4, 0xfffffffd);
        assert_int_equal(fake_read(base + 0x14U, 4), 0);
        fake_write(base + 0x14U, 4, 2);
        assert_int_equal(fake_read(base + 0x14U, 4), 6);
    }
    fake_put(0);
    vgic_class.reset(&fake_vm);
    fake_load(0, 0);
    assert_int_equal(fake_read(GICR + 0x10100U, 4), 0);
    assert_int_equal(fake_read(GICR + 0x10400U + 0x20000U, 4), 0);
    fake_put(0);
    fake_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_distributor),
        cmocka_unit_test(test_own_redistributor),
        cmocka_unit_test(test_redistributor_of_another),
        cmocka_unit_test(test_reserved),
        cmocka_unit_test(test_which_interrupt),
        cmocka_unit_test(test_redistributors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
