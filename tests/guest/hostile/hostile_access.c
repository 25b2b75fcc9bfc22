/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Accesses to where no memory is and to devices, by every kind of instruction: with the MMU off, through Device memory, through Normal memory (which
 * lets unaligned and exclusive accesses get past stage 1), and at EL0. What must come is checked where the architecture leaves one
 * answer: an abort outside of everything, and no register of the guest's changed by it.
 */
#include "hostile.h"

#define HOLE 0x0B000000UL
#define X0(instruction) ((instruction) | 1U << 5) /* Rt x0, Rn x1 */

/* Rn = x1 in each; loads into x0 (and x2), stores from them. */
static const uint32_t plain[] = {
    X0(0x39400000U), X0(0x79400000U), X0(0xB9400000U), X0(0xF9400000U), /* LDRB LDRH LDR LDR */
    X0(0x39000000U), X0(0x79000000U), X0(0xB9000000U), X0(0xF9000000U), /* STRB STRH STR STR */
    X0(0x39800000U), X0(0x39C00000U), X0(0x79800000U), X0(0xB9800000U), /* LDRSB x, LDRSB w, LDRSH, LDRSW */
};

static const uint32_t odd[] = {
    X0(0xA9400800U), X0(0xA9000800U), X0(0x29400800U), X0(0x29000800U),
    X0(0x69400800U),                                                    /* LDP, STP, LDPSW */
    X0(0xF8408400U), X0(0xF8408C00U), X0(0xF8008400U), X0(0xB8004C00U), /* write-back */
    X0(0x3DC00000U), X0(0x3D800000U), X0(0xFD400000U), X0(0xFD000000U),
    X0(0xBD400000U),                                                    /* LDR and STR of Q, D, S */
    X0(0xAD400400U), X0(0xAD000400U), X0(0x4C407000U), X0(0x4C007000U), /* LDP, STP, LD1, ST1 of Q */
    X0(0x4C400000U), X0(0x4C000000U), X0(0x4D40C000U),                  /* LD4, ST4, LD1R */
    X0(0xC85F7C00U), X0(0x885FFC00U), X0(0x085F7C00U), X0(0xC8037C00U),
    X0(0x8803FC00U),                                                    /* LDXR, LDAXR, STXR, STLXR */
    X0(0xC87F0800U), X0(0xC8230800U),                                   /* LDXP, STXP */
    X0(0xC8DFFC00U), X0(0x88DFFC00U), X0(0xC89FFC00U), X0(0xF8BFC000U), /* LDAR, STLR, LDAPR */
    X0(0xF8200002U), X0(0xF8E08002U), X0(0x38200002U), X0(0xC8E0FC02U),
    X0(0x48207C82U),                                                    /* LDADD, SWPAL, LDADDB, CASAL, CASP */
    X0(0xF83FD000U), X0(0xF83F9000U), X0(0xF8200400U), X0(0xF9800000U), /* LD64B, ST64B, LDRAA, PRFM */
    0xD50B7421U,     0xD5087621U,     0xD50B7A21U,     0xD50B7B21U,
    0xD50B7E21U, /* DC ZVA IVAC CVAC CVAU CIVAC */
    0xD50B7C21U,     0xD50B7D21U,     0xD50B7461U,     0xD50B7481U,
    0xD50B7521U, /* DC CVAP CVADP GVA GZVA, IC IVAU */
    0xD5087801U,     0xD5087821U,     0xD5087841U,     0xD5087861U,
    0xD5087901U,                                                    /* AT */
    0xD9200820U,     0xD9600020U,     0x19000420U,     0x1D000420U, /* STG, LDG, CPYFP, CPYP */
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static uint64_t taken;

static void access(uint32_t instruction, uint64_t address, bool el0)
{
    uint64_t x[RUN_REGISTERS] = {random_next(), address, random_next(), 0, address, 16, 0, 0};
    taken += run_one(x, instruction, el0).taken;
}

static uint32_t random_instruction(void)
{
    uint64_t choice = random_below(COUNT(plain) + COUNT(odd));
    return choice < COUNT(plain) ? plain[choice] : odd[choice - COUNT(plain)];
}

void access_random(void)
{
    access(random_instruction(), random_address(), random_below(4) == 0U);
}

/* ---- outside of everything ---- */

/* Each access there is one external abort with the address in FAR, and x0 stays. */
static void check_hole(uint64_t address, uint32_t instruction, bool el0)
{
    uint64_t x[RUN_REGISTERS] = {0x5A5A5A5A5A5A5A5AUL, address};
    struct outcome outcome = run_one(x, instruction, el0);
    uint32_t ec = el0 ? EC_DATA_ABORT - 1U : EC_DATA_ABORT;
    if (!outcome.taken || esr_ec(outcome.esr) != ec || esr_dfsc(outcome.esr) != DFSC_EXTERNAL ||
        outcome.far != address || x[0] != 0x5A5A5A5A5A5A5A5AUL) {
        wrong("%08x at %lx, EL%u: taken %u, ESR %lx FAR %lx x0 %lx", instruction, address, el0 ? 0U : 1U, outcome.taken,
              outcome.esr, outcome.far, x[0]);
    }
}

void scene_memory(void)
{
    uint64_t end = ram_end();
    const uint64_t holes[] = {0,   HOLE,         0x08010000UL,   0x09001000UL, RAM_BASE - 8U,
                              end, 0x7F80000000, 0x7FFFFFFFF8UL, end + 0x1000, 0x3EFFFFF8UL};
    for (unsigned i = 0; i < COUNT(holes); i++) {
        for (unsigned k = 0; k < COUNT(plain); k++) {
            check_hole(holes[i], plain[k], false);
            check_hole(holes[i], plain[k], true);
        }
    }
    for (uint64_t i = 0; i < scaled(2000); i++) {
        uint64_t x[RUN_REGISTERS] = {random_next(), random_value()};
        /* Not where the guest itself is. */
        if (x[1] < RAM_BASE || x[1] >= end) {
            (void)run_one(x, plain[random_below(COUNT(plain))], (random_next() & 1U) != 0U);
        }
    }
}

/* ---- devices ---- */

static const struct {
    uint64_t base, size;
} devices[] = {
    {GICD_BASE, 0x10000}, {GICR_BASE, 0x40000}, {UART_BASE, 0x1000}, {RTC_BASE, 0x1000}, {GPIO_BASE, 0x1000},
};

static uint64_t device_address(void)
{
    uint64_t i = random_below(COUNT(devices));
    uint64_t offset = random_below(devices[i].size);
    /* Half of them where the registers are. */
    if ((random_next() & 1U) != 0U) {
        offset = random_below(0x120) & ~3UL;
    }
    return devices[i].base + offset;
}

static void odd_accesses(uint64_t rounds, uint64_t at)
{
    for (uint64_t i = 0; i < rounds; i++) {
        access(random_instruction(), at + device_address(), false);
        if (i % 64U == 0U) {
            take_interrupts();
        }
    }
}

/* Instructions fetched from a device: an abort, never code. */
static void fetches(uint64_t at)
{
    for (unsigned i = 0; i < COUNT(devices); i++) {
        uint64_t x[RUN_REGISTERS] = {0, at + devices[i].base};
        struct outcome outcome = run_one(x, 0xD61F0020U, false); /* BR x1 */
        if (!outcome.taken || (esr_ec(outcome.esr) & 0x3EU) != 0x20U) {
            wrong("a fetch from %lx: taken %u, ESR %lx", at + devices[i].base, outcome.taken, outcome.esr);
        }
        (void)run_one(x, 0xD61F0020U, true);
        x[1]++;
        (void)run_one(x, 0xD61F0020U, false);
    }
}

/* Every register of every device, every size, with every kind of value. */
static void wild_writes(uint64_t rounds)
{
    static const uint32_t stores[] = {X0(0x39000000U), X0(0x79000000U), X0(0xB9000000U), X0(0xF9000000U)};
    for (unsigned i = 0; i < COUNT(devices); i++) {
        for (uint64_t offset = 0; offset < devices[i].size; offset += 4U) {
            uint64_t x[RUN_REGISTERS] = {random_value(), devices[i].base + offset};
            (void)run_one(x, stores[2], false);
            if (offset % 256U == 0U) {
                take_interrupts();
            }
        }
    }
    for (uint64_t i = 0; i < rounds; i++) {
        uint64_t x[RUN_REGISTERS] = {random_value(), device_address() & ~7UL};
        (void)run_one(x, stores[random_below(4)], false);
        if (i % 16U == 0U) {
            take_interrupts();
        }
    }
}

void scene_devices(void)
{
    gic_init();
    gic_init_cpu();
    fetches(0);
    odd_accesses(scaled(1000), 0);
    wild_writes(scaled(1000));
    mmu_enable();
    run_user_tables();
    fetches(0);
    fetches(MMU_ALIAS);
    odd_accesses(scaled(1000), 0);
    odd_accesses(scaled(2000), MMU_ALIAS);
    for (uint64_t i = 0; i < scaled(1000); i++) {
        access(random_instruction(), RUN_USER_DEVICE + device_address(), true);
    }
    for (uint64_t i = 0; i < scaled(1000); i++) {
        access(random_instruction(), random_address(), false);
    }
    wild_writes(scaled(1000));
    uart_repair();
    print("# %lu exceptions\n", taken);
}
