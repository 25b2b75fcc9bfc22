/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Caches and TLBs as a guest handles them (DDI 0487, B2.7 and D8.15): code that changes, with what maintenance CTR_EL0 asks for; set/way operations,
 * which have to end; a translation that changes, seen by all CPUs. Wants 2 CPUs.
 */
#include "guest.h"

#define CTR_IDC (1UL << 28)
#define CTR_DIC (1UL << 29)
#define RET 0xD65F03C0U
#define MOVZ_W0 0x52800000U
#define SPARE 0x43000000UL /* of RAM, 64 MiB of it */
#define WINDOW 0x2000000000UL
#define MIB(n) ((uint64_t)(n) << 20)

extern uint64_t mmu_table[512];
static uint64_t window_table[512] __attribute__((aligned(4096)));
static uint32_t code[16] __attribute__((aligned(64)));
static volatile uint64_t turn;

/* Between changing an instruction and executing it (DDI 0487, B2.7.4.2), for one line. */
static void make_executable(const void *at)
{
    uint64_t ctr = SYSREG_READ("CTR_EL0");
    if ((ctr & CTR_IDC) == 0U) {
        __asm__ volatile("dc cvau, %0" ::"r"(at) : "memory");
    }
    __asm__ volatile("dsb ish" ::: "memory");
    if ((ctr & CTR_DIC) == 0U) {
        __asm__ volatile("ic ivau, %0\n\tdsb ish" ::"r"(at) : "memory");
    }
    barrier_isb();
}

static void write_code(uint32_t value)
{
    volatile uint32_t *at = code;
    at[0] = MOVZ_W0 | (value & 0xFFFFU) << 5;
    at[1] = RET;
    make_executable(code);
}

static uint32_t run_code(void)
{
    uint64_t (*function)(void) = (uint64_t(*)(void))(uint64_t)code;
    return (uint32_t)function();
}

static void check_own_code(void)
{
    uint32_t good = 0;
    for (uint32_t i = 0; i < 500U; i++) {
        write_code(i);
        good += run_code() == i;
    }
    is(good, 500, "code changed 500 times is what runs");
}

/* The CPU that executes needs a context synchronisation event of its own. */
static void run_others_code(struct cpu *cpu)
{
    for (uint64_t round = 1; round <= 200U; round++) {
        if (!WAIT_FOR(turn == 2U * round - 1U)) {
            return;
        }
        barrier_isb();
        cpu->value[0] += run_code() == round;
        barrier_dsb();
        turn = 2U * round;
    }
}

static void check_others_code(void)
{
    turn = 0;
    (void)cpu_start(1, run_others_code);
    for (uint64_t round = 1; round <= 200U; round++) {
        write_code((uint32_t)round);
        turn = 2U * round - 1U;
        if (!WAIT_FOR(turn == 2U * round)) {
            break;
        }
    }
    ok(cpu_wait_off(1), "another CPU executes what this one wrote");
    is(cpus[1].value[0], 200, "200 times the right code");
}

/* Every set and way of one level, by one of the three operations. */
static uint64_t walk_level(uint32_t level, uint32_t operation)
{
    SYSREG_WRITE("CSSELR_EL1", level << 1);
    barrier_isb();
    uint64_t ccsidr = SYSREG_READ("CCSIDR_EL1");
    uint32_t line = (uint32_t)(ccsidr & 7U) + 4U;
    bool wide = (SYSREG_READ("S3_0_C0_C7_2") >> 20 & 0xFU) != 0U; /* ID_AA64MMFR2_EL1.CCIDX */
    uint32_t ways = (uint32_t)(wide ? ccsidr >> 3 & 0x1FFFFFU : ccsidr >> 3 & 0x3FFU) + 1U;
    uint32_t sets = (uint32_t)(wide ? ccsidr >> 32 & 0xFFFFFFU : ccsidr >> 13 & 0x7FFFU) + 1U;
    uint32_t shift = ways == 1U ? 0U : (uint32_t)__builtin_clz(ways - 1U);
    uint64_t done = 0;
    for (uint32_t set = 0; set < sets; set++) {
        for (uint32_t way = 0; way < ways; way++) {
            uint64_t value = (uint64_t)way << shift | (uint64_t)set << line | (uint64_t)level << 1;
            if (operation == 0U) {
                __asm__ volatile("dc csw, %0" ::"r"(value) : "memory");
            } else if (operation == 1U) {
                __asm__ volatile("dc cisw, %0" ::"r"(value) : "memory");
            } else {
                __asm__ volatile("dc isw, %0" ::"r"(value) : "memory");
            }
            done++;
        }
    }
    return done;
}

static void check_set_way(void)
{
    static const char *const names[] = {"DC CSW", "DC CISW", "DC ISW"};
    static volatile uint64_t data[512];
    uint64_t clidr = SYSREG_READ("CLIDR_EL1");
    for (uint32_t i = 0; i < 512U; i++) {
        data[i] = i * 0x1234567UL;
    }
    for (uint32_t operation = 0; operation < 3U; operation++) {
        uint64_t done = 0;
        /* Another CPU's cache would keep its data, this one's are clean by now: what is invalidated is what was cleaned. */
        for (uint32_t level = 0; level < 7U && (clidr >> 3U * level & 7U) >= 2U; level++) {
            done += walk_level(level, operation);
        }
        barrier_dsb();
        ok(done > 0U, "%s over all %lu sets and ways comes to its end", names[operation], done);
    }
    uint32_t good = 0;
    for (uint32_t i = 0; i < 512U; i++) {
        good += data[i] == i * 0x1234567UL;
    }
    is(good, 512, "and no data is lost");
}

static void check_by_address(void)
{
    struct expected seen;
    uint64_t at = SPARE;
    write64(at, 0x1122334455667788UL);
    uint32_t count = EXPECT(&seen, __asm__ volatile("dc cvac, %0\n\tdc cvau, %0\n\tdc civac, %0\n\tdsb sy" ::"r"(at)
                                                    : "memory"));
    is(count, 0, "DC CVAC, CVAU and CIVAC of RAM");
    count = EXPECT(&seen, __asm__ volatile("dc ivac, %0\n\tdsb sy" ::"r"(at) : "memory"));
    is(count, 0, "DC IVAC of RAM");
    is(read64(at), 0x1122334455667788UL, "RAM keeps what was cleaned");
    count = EXPECT(&seen, __asm__ volatile("ic iallu\n\tic ialluis\n\tdsb sy\n\tisb" ::: "memory"));
    is(count, 0, "IC IALLU and IALLUIS");
    uint64_t dczid = SYSREG_READ("DCZID_EL0");
    if ((dczid & 0x10U) == 0U) {
        count = EXPECT(&seen, __asm__ volatile("dc zva, %0" ::"r"(at) : "memory"));
        ok(count == 0U && read64(at) == 0U, "DC ZVA zeroes a block");
    }
    count = EXPECT(&seen, __asm__ volatile("dc civac, %0\n\tdsb sy" ::"r"(0x0B000000UL) : "memory"));
    ok(count <= 1U, "DC CIVAC of a hole ends (%u exceptions)", count);
}

/* ---- a translation that changes ---- */

static void map_window(uint64_t physical)
{
    volatile uint64_t *entry = window_table;
    entry[0] = 0;
    __asm__ volatile("dsb ishst\n\ttlbi vae1is, %0\n\tdsb ish" ::"r"(WINDOW >> 12) : "memory");
    entry[0] = physical == 0U ? 0U : (physical | 1U | 1U << 2 | 3U << 8 | 1U << 10);
    __asm__ volatile("dsb ishst\n\tisb" ::: "memory");
}

static void read_window(struct cpu *cpu)
{
    for (uint64_t round = 1; round <= 200U; round++) {
        if (!WAIT_FOR(turn == 2U * round - 1U)) {
            return;
        }
        barrier_isb();
        cpu->value[1] += read64(WINDOW) == 100U + round % 2U;
        barrier_dsb();
        turn = 2U * round;
    }
}

static void check_window(void)
{
    uint64_t good = 0;
    mmu_table[WINDOW >> 30] = (uint64_t)window_table | 3U;
    write64(SPARE, 100);
    write64(SPARE + MIB(2), 101);
    barrier_dsb();
    turn = 0;
    (void)cpu_start(1, read_window);
    for (uint64_t round = 1; round <= 200U; round++) {
        map_window(SPARE + MIB(2) * (round % 2U));
        good += read64(WINDOW) == 100U + round % 2U;
        turn = 2U * round - 1U;
        if (!WAIT_FOR(turn == 2U * round)) {
            break;
        }
    }
    is(good, 200, "a page that changes 200 times: this CPU sees each");
    ok(cpu_wait_off(1), "another CPU looks, too");
    is(cpus[1].value[1], 200, "and sees each");
    map_window(0);
    struct expected seen;
    uint32_t count = EXPECT(&seen, (void)read64(WINDOW));
    ok(count == 1U && esr_ec(seen.esr) == EC_DATA_ABORT && (seen.esr & 0x3CU) == 4U,
       "unmapped, it is a translation fault");
}

void guest_main(void)
{
    print("# CTR_EL0 %lx CLIDR_EL1 %lx DCZID_EL0 %lx\n", SYSREG_READ("CTR_EL0"), SYSREG_READ("CLIDR_EL1"),
          SYSREG_READ("DCZID_EL0"));
    mmu_enable();
    check_own_code();
    check_others_code();
    check_by_address();
    check_set_way();
    check_window();
}
