/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every encoding of op0 2 and 3, read and write, at EL0 and at EL1. What the board has (docs/guest-board.md) is in a table; every encoding that is
 * not there is UNDEFINED, whatever the processor below has of it: PMU, SPE, trace, AMU, MPAM, LOR, RAS records, SVE, SME, MTE, and
 * what is IMPLEMENTATION DEFINED (DDI 0487, D19; C5.3 for the encodings).
 *
 * scene_crosstalk runs in two VMs on one CPU: each writes a pattern of its own to every register that takes one, and then looks
 * for a while whether any register that it can read changes.
 */
#include "hostile.h"

#define MRS(key) (0xD5200000U | (key) << 5)
#define MSR(key) (0xD5000000U | (key) << 5)
#define MOVZ_X4(value) (0xD2800004U | (value) << 5)

/* As in the instruction: op0 15:14, op1 13:11, CRn 10:7, CRm 6:3, op2 2:0. */
#define KEY(op0, op1, crn, crm, op2)                                                                                   \
    ((uint32_t)(op0) << 14 | (uint32_t)(op1) << 11 | (uint32_t)(crn) << 7 | (uint32_t)(crm) << 3 | (uint32_t)(op2))
#define FIRST_KEY KEY(2, 0, 0, 0, 0)
#define LAST_KEY KEY(3, 7, 15, 15, 7)

enum {
    R = 1,    /* can be read at EL1 */
    W = 2,    /* can be written at EL1 */
    R0 = 4,   /* at EL0, with every trap to EL1 open */
    W0 = 8,   /* the same */
    MAY = 16, /* where the processor has it; else UNDEFINED */
    V = 32,   /* changes by itself */
    K = 64,   /* writing it would end the guest, or does something else than keep a value */
};

static const struct row {
    uint32_t first, last; /* op2 of both may differ, the rest is the same but for CRm */
    uint32_t flags;
    const char *name;
} rows[] = {
    {KEY(3, 0, 0, 0, 0), KEY(3, 0, 0, 0, 0), R, "MIDR_EL1"},
    {KEY(3, 0, 0, 0, 5), KEY(3, 0, 0, 0, 6), R, "MPIDR_EL1, REVIDR_EL1"},
    {KEY(3, 0, 0, 1, 0), KEY(3, 0, 0, 7, 7), R, "ID_*_EL1"},
    {KEY(3, 0, 1, 0, 0), KEY(3, 0, 1, 0, 0), R | W | K, "SCTLR_EL1"},
    {KEY(3, 0, 1, 0, 1), KEY(3, 0, 1, 0, 1), R | W, "ACTLR_EL1"},
    {KEY(3, 0, 1, 0, 2), KEY(3, 0, 1, 0, 2), R | W, "CPACR_EL1"},
    {KEY(3, 0, 2, 0, 0), KEY(3, 0, 2, 0, 2), R | W, "TTBR0_EL1, TTBR1_EL1, TCR_EL1"},
    {KEY(3, 0, 2, 1, 0), KEY(3, 0, 2, 1, 3), R | W | MAY, "APIAKey, APIBKey"},
    {KEY(3, 0, 2, 2, 0), KEY(3, 0, 2, 2, 3), R | W | MAY, "APDAKey, APDBKey"},
    {KEY(3, 0, 2, 3, 0), KEY(3, 0, 2, 3, 1), R | W | MAY, "APGAKey"},
    {KEY(3, 0, 4, 0, 0), KEY(3, 0, 4, 0, 1), R | W | K, "SPSR_EL1, ELR_EL1"},
    {KEY(3, 0, 4, 1, 0), KEY(3, 0, 4, 1, 0), R | W, "SP_EL0"},
    {KEY(3, 0, 4, 2, 0), KEY(3, 0, 4, 2, 0), R | W | K, "SPSel"},
    {KEY(3, 0, 4, 2, 2), KEY(3, 0, 4, 2, 2), R, "CurrentEL"},
    {KEY(3, 0, 4, 2, 3), KEY(3, 0, 4, 2, 4), R | W | K | MAY, "PAN, UAO"},
    /* HCRX_EL2 has a trap for its writes only. A part of PSTATE: SPSR_EL2 has it while EL2 runs. */
    {KEY(3, 0, 4, 3, 0), KEY(3, 0, 4, 3, 0), R | W | K | MAY, "ALLINT"},
    {KEY(3, 0, 4, 6, 0), KEY(3, 0, 4, 6, 0), R | W, "ICC_PMR_EL1"},
    {KEY(3, 0, 5, 1, 0), KEY(3, 0, 5, 1, 1), R | W, "AFSR0_EL1, AFSR1_EL1"},
    {KEY(3, 0, 5, 2, 0), KEY(3, 0, 5, 2, 0), R | W | K, "ESR_EL1"},
    {KEY(3, 0, 6, 0, 0), KEY(3, 0, 6, 0, 0), R | W, "FAR_EL1"},
    {KEY(3, 0, 7, 4, 0), KEY(3, 0, 7, 4, 0), R | W, "PAR_EL1"},
    {KEY(3, 0, 10, 2, 0), KEY(3, 0, 10, 2, 0), R | W, "MAIR_EL1"},
    {KEY(3, 0, 10, 3, 0), KEY(3, 0, 10, 3, 0), R | W, "AMAIR_EL1"},
    {KEY(3, 0, 12, 0, 0), KEY(3, 0, 12, 0, 0), R | W | K, "VBAR_EL1"},
    {KEY(3, 0, 12, 1, 0), KEY(3, 0, 12, 1, 0), R | V, "ISR_EL1"},
    {KEY(3, 0, 12, 1, 1), KEY(3, 0, 12, 1, 1), R | W | MAY, "DISR_EL1"},
    {KEY(3, 0, 12, 8, 0), KEY(3, 0, 12, 8, 0), R | V, "ICC_IAR0_EL1"},
    {KEY(3, 0, 12, 8, 1), KEY(3, 0, 12, 8, 1), W, "ICC_EOIR0_EL1"},
    {KEY(3, 0, 12, 8, 2), KEY(3, 0, 12, 8, 2), R | V, "ICC_HPPIR0_EL1"},
    {KEY(3, 0, 12, 8, 3), KEY(3, 0, 12, 8, 4), R | W, "ICC_BPR0_EL1, ICC_AP0R0_EL1"},
    {KEY(3, 0, 12, 9, 0), KEY(3, 0, 12, 9, 0), R | W, "ICC_AP1R0_EL1"},
    {KEY(3, 0, 12, 9, 5), KEY(3, 0, 12, 9, 5), R | V | MAY, "ICC_NMIAR1_EL1"}, /* no list register is an NMI */
    {KEY(3, 0, 12, 11, 1), KEY(3, 0, 12, 11, 1), W, "ICC_DIR_EL1"},
    {KEY(3, 0, 12, 11, 3), KEY(3, 0, 12, 11, 3), R | V, "ICC_RPR_EL1"},
    {KEY(3, 0, 12, 11, 5), KEY(3, 0, 12, 11, 7), W, "ICC_SGI1R_EL1, ICC_ASGI1R_EL1, ICC_SGI0R_EL1"},
    {KEY(3, 0, 12, 12, 0), KEY(3, 0, 12, 12, 0), R | V, "ICC_IAR1_EL1"},
    {KEY(3, 0, 12, 12, 1), KEY(3, 0, 12, 12, 1), W, "ICC_EOIR1_EL1"},
    {KEY(3, 0, 12, 12, 2), KEY(3, 0, 12, 12, 2), R | V, "ICC_HPPIR1_EL1"},
    {KEY(3, 0, 12, 12, 3), KEY(3, 0, 12, 12, 7), R | W, "ICC_BPR1, CTLR, SRE, IGRPEN0, IGRPEN1_EL1"},
    {KEY(3, 0, 13, 0, 1), KEY(3, 0, 13, 0, 1), R | W, "CONTEXTIDR_EL1"},
    {KEY(3, 0, 13, 0, 4), KEY(3, 0, 13, 0, 4), R | W | K, "TPIDR_EL1"},
    {KEY(3, 0, 13, 0, 7), KEY(3, 0, 13, 0, 7), R | W | MAY, "SCXTNUM_EL1"},
    {KEY(3, 0, 14, 1, 0), KEY(3, 0, 14, 1, 0), R | W, "CNTKCTL_EL1"},
    {KEY(3, 1, 0, 0, 0), KEY(3, 1, 0, 0, 0), R | V, "CCSIDR_EL1"}, /* CSSELR_EL1 chooses which */
    {KEY(3, 1, 0, 0, 1), KEY(3, 1, 0, 0, 1), R, "CLIDR_EL1"},
    {KEY(3, 1, 0, 0, 2), KEY(3, 1, 0, 0, 2), R | V | MAY, "CCSIDR2_EL1"},
    {KEY(3, 1, 0, 0, 7), KEY(3, 1, 0, 0, 7), R, "AIDR_EL1"},
    {KEY(3, 2, 0, 0, 0), KEY(3, 2, 0, 0, 0), R | W, "CSSELR_EL1"},
    {KEY(3, 3, 0, 0, 1), KEY(3, 3, 0, 0, 1), R | R0, "CTR_EL0"},
    {KEY(3, 3, 0, 0, 7), KEY(3, 3, 0, 0, 7), R | R0, "DCZID_EL0"},
    {KEY(3, 3, 2, 4, 0), KEY(3, 3, 2, 4, 1), R | R0 | V | MAY, "RNDR, RNDRRS"},
    {KEY(3, 3, 4, 2, 0), KEY(3, 3, 4, 2, 1), R | W | R0 | W0 | K, "NZCV, DAIF"},
    {KEY(3, 3, 4, 2, 5), KEY(3, 3, 4, 2, 6), R | W | R0 | W0 | K | MAY, "DIT, SSBS"},
    {KEY(3, 3, 4, 2, 7), KEY(3, 3, 4, 2, 7), R | W | R0 | W0 | K | MAY, "TCO"},
    {KEY(3, 3, 4, 4, 0), KEY(3, 3, 4, 4, 1), R | W | R0 | W0, "FPCR, FPSR"},
    {KEY(3, 3, 13, 0, 2), KEY(3, 3, 13, 0, 2), R | W | R0 | W0, "TPIDR_EL0"},
    {KEY(3, 3, 13, 0, 3), KEY(3, 3, 13, 0, 3), R | W | R0, "TPIDRRO_EL0"},
    {KEY(3, 3, 13, 0, 7), KEY(3, 3, 13, 0, 7), R | W | R0 | W0 | MAY, "SCXTNUM_EL0"},
    {KEY(3, 3, 14, 0, 0), KEY(3, 3, 14, 0, 0), R | R0, "CNTFRQ_EL0"},
    {KEY(3, 3, 14, 0, 1), KEY(3, 3, 14, 0, 2), R | R0 | V, "CNTPCT_EL0, CNTVCT_EL0"},
    {KEY(3, 3, 14, 0, 5), KEY(3, 3, 14, 0, 6), R | R0 | V | MAY, "CNTPCTSS_EL0, CNTVCTSS_EL0"},
    {KEY(3, 3, 14, 2, 0), KEY(3, 3, 14, 2, 1), R | W | R0 | W0 | V | K, "CNTP_TVAL_EL0, CNTP_CTL_EL0"},
    {KEY(3, 3, 14, 2, 2), KEY(3, 3, 14, 2, 2), R | W | R0 | W0, "CNTP_CVAL_EL0"},
    {KEY(3, 3, 14, 3, 0), KEY(3, 3, 14, 3, 1), R | W | R0 | W0 | V | K, "CNTV_TVAL_EL0, CNTV_CTL_EL0"},
    {KEY(3, 3, 14, 3, 2), KEY(3, 3, 14, 3, 2), R | W | R0 | W0, "CNTV_CVAL_EL0"},
    {KEY(2, 0, 0, 0, 2), KEY(2, 0, 0, 0, 2), R | W, "OSDTRRX_EL1"},
    {KEY(2, 0, 0, 2, 0), KEY(2, 0, 0, 2, 0), R | W, "MDCCINT_EL1"},
    {KEY(2, 0, 0, 2, 2), KEY(2, 0, 0, 2, 2), R | W | K, "MDSCR_EL1"},
    {KEY(2, 0, 0, 3, 2), KEY(2, 0, 0, 3, 2), R | W, "OSDTRTX_EL1"},
    {KEY(2, 0, 0, 6, 2), KEY(2, 0, 0, 6, 2), R | W, "OSECCR_EL1"},
    {KEY(2, 0, 1, 0, 0), KEY(2, 0, 1, 0, 0), R, "MDRAR_EL1"},
    {KEY(2, 0, 1, 0, 4), KEY(2, 0, 1, 0, 4), W, "OSLAR_EL1"},
    {KEY(2, 0, 1, 1, 4), KEY(2, 0, 1, 1, 4), R, "OSLSR_EL1"},
    {KEY(2, 0, 1, 3, 4), KEY(2, 0, 1, 4, 4), R | W | MAY, "OSDLR_EL1, DBGPRCR_EL1"},
    {KEY(2, 0, 7, 8, 6), KEY(2, 0, 7, 9, 6), R | W | K, "DBGCLAIMSET_EL1, DBGCLAIMCLR_EL1"},
    {KEY(2, 0, 7, 14, 6), KEY(2, 0, 7, 14, 6), R | MAY, "DBGAUTHSTATUS_EL1"},
    {KEY(2, 3, 0, 1, 0), KEY(2, 3, 0, 1, 0), R | R0, "MDCCSR_EL0"},
    {KEY(2, 3, 0, 4, 0), KEY(2, 3, 0, 5, 0), R | W | R0 | W0, "DBGDTR_EL0, DBGDTRRX_EL0, DBGDTRTX_EL0"},
};

/* How many of each there are is the processor's affair: DBGBVR<n>, DBGBCR<n>, DBGWVR<n>, DBGWCR<n>. */
static bool is_debug_point(uint32_t key)
{
    return key >> 7 == KEY(2, 0, 0, 0, 0) >> 7 && (key & 4U) != 0U;
}

static const struct row *row_of(uint32_t key)
{
    static const struct row point = {0, 0, R | W | MAY, "a break- or watchpoint"};
    for (unsigned i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        bool in_op2 = (rows[i].last & 7U) >= (rows[i].first & 7U) && (key & 7U) >= (rows[i].first & 7U) &&
                      (key & 7U) <= (rows[i].last & 7U);
        if (in_op2 && key >> 3 >= rows[i].first >> 3 && key >> 3 <= rows[i].last >> 3) {
            return &rows[i];
        }
    }
    return is_debug_point(key) ? &point : NULL;
}

/* ---- one encoding ---- */

struct attempt {
    bool reads, writes;
    uint64_t before, after; /* the value, and what it was after pattern was written; it is put back */
    uint64_t read_esr, write_esr;
};

static uint64_t safe_pattern(uint32_t key, uint64_t pattern)
{
    if (key == KEY(3, 0, 1, 0, 0)) {
        return pattern & ~1UL; /* SCTLR_EL1.M: there are no tables */
    }
    return key == KEY(3, 3, 4, 2, 1) ? pattern | 0x3C0U : pattern; /* DAIF */
}

static struct attempt try_register(uint32_t key, uint64_t pattern, bool el0)
{
    const uint32_t code[] = {MRS(key) | 2U, MOVZ_X4(1U), MSR(key) | 1U, MOVZ_X4(2U), MRS(key) | 3U, MSR(key) | 2U};
    uint64_t x[RUN_REGISTERS] = {0, safe_pattern(key, pattern)};
    struct attempt attempt = {0};
    struct outcome outcome = run_code(x, code, sizeof(code) / sizeof(code[0]), el0);
    attempt.reads = !outcome.taken || x[4] != 0U;
    attempt.writes = !outcome.taken || x[4] == 2U;
    attempt.before = x[2];
    attempt.after = x[3];
    attempt.read_esr = attempt.write_esr = outcome.esr;
    if (!attempt.reads) {
        uint64_t again[RUN_REGISTERS] = {0, safe_pattern(key, pattern)};
        outcome = run_one(again, MSR(key) | 1U, el0);
        attempt.writes = !outcome.taken;
        attempt.write_esr = outcome.esr;
    }
    return attempt;
}

/* ---- the sweep ---- */

static uint32_t shown;

static void unlike(uint32_t key, const char *what, bool found, uint64_t esr)
{
    if (shown++ < 100U) {
        const struct row *row = row_of(key);
        wrong("S%u_%u_C%u_C%u_%u (%s): %s%s, ESR %lx", key >> 14, key >> 11 & 7U, key >> 7 & 15U, key >> 3 & 15U,
              key & 7U, row == NULL ? "not of the board" : row->name, what, found ? " works" : " is refused", esr);
    }
}

/* FEAT_IDST: reads of the space of ID registers are reported with EC 0x18. */
static bool is_id_space(uint32_t key)
{
    uint32_t op1 = key >> 11 & 7U;
    return key >> 14 == 3U && (op1 == 0U || op1 == 1U || op1 == 3U) && (key >> 7 & 15U) == 0U && (key & 0x40U) == 0U;
}

/* One way of one register: must work, may work, must not. */
static void check_way(uint32_t key, const char *what, bool works, bool listed, bool may, uint64_t esr,
                      uint32_t other_ec)
{
    uint32_t ec = esr_ec(esr);
    bool undefined = !works && (ec == EC_UNKNOWN || ec == other_ec);
    if (listed ? !(works || (may && undefined)) : !undefined) {
        unlike(key, what, works, esr);
    }
}

/* EL0: an exception to EL1 is of EC 0x18 where EL1 has a trap for it (or FEAT_IDST), else EC 0. */
#define EC_SYSREG 0x18U

static void sweep(bool el0, bool open)
{
    uint32_t readable = 0;
    uint32_t writable = 0;
    for (uint32_t key = FIRST_KEY; key <= LAST_KEY; key++) {
        const struct row *row = row_of(key);
        uint32_t flags = row == NULL ? 0U : row->flags;
        struct attempt attempt = try_register(key, random_value(), el0);
        bool may = (flags & MAY) != 0U || (el0 && !open);
        readable += attempt.reads;
        writable += attempt.writes;
        check_way(key, el0 ? "read at EL0" : "read", attempt.reads, (flags & (el0 ? R0 : R)) != 0U, may,
                  attempt.read_esr, el0 || is_id_space(key) ? EC_SYSREG : EC_UNKNOWN);
        check_way(key, el0 ? "write at EL0" : "write", attempt.writes, (flags & (el0 ? W0 : W)) != 0U, may,
                  attempt.write_esr, el0 ? EC_SYSREG : EC_UNKNOWN);
    }
    print("# EL%u%s: %u readable, %u writable\n", el0 ? 0U : 1U, open ? ", open" : "", readable, writable);
}

/* SCTLR_EL1: UMA, DZE, UCT, nTWI, nTWE, UCI; CNTKCTL_EL1: everything of the counters and timers. */
static void open_el0(void)
{
    SYSREG_WRITE("SCTLR_EL1",
                 SYSREG_READ("SCTLR_EL1") | 1UL << 9 | 1UL << 14 | 1UL << 15 | 1UL << 16 | 1UL << 18 | 1UL << 26);
    SYSREG_WRITE("CNTKCTL_EL1", 0x303U);
    barrier_isb();
}

/* Of random operations: nothing that would keep this CPU from going on. */
void register_random(void)
{
    uint32_t key = FIRST_KEY + (uint32_t)random_below(LAST_KEY - FIRST_KEY + 1U);
    if ((random_next() & 1U) != 0U) {
        key = rows[random_below(sizeof(rows) / sizeof(rows[0]))].first;
    }
    (void)try_register(key, random_value(), random_below(4) == 0U);
}

void scene_registers(void)
{
    SYSREG_WRITE("CPACR_EL1", 3UL << 16 | 3UL << 20 | 3UL << 24); /* ZEN, FPEN, SMEN: EL1 has no trap of its own */
    barrier_isb();
    sweep(false, false);
    sweep(true, false);
    open_el0();
    sweep(true, true);
}

/* ---- between two VMs ---- */

#define KEPT_MAX 512U
#define SECONDS 4U

static struct {
    uint32_t key;
    bool written; /* pattern, each time it was looked at */
    uint64_t value;
} kept[KEPT_MAX];
static uint32_t kept_count;

static uint64_t read_register(uint32_t key)
{
    uint64_t x[RUN_REGISTERS] = {0};
    (void)run_one(x, MRS(key), false);
    return x[0];
}

static void write_register(uint32_t key, uint64_t value)
{
    uint64_t x[RUN_REGISTERS] = {value};
    (void)run_one(x, MSR(key), false);
}

static void keep(uint32_t key, const struct attempt *attempt)
{
    const struct row *row = row_of(key);
    uint32_t flags = row == NULL ? 0U : row->flags;
    if (!attempt->reads || (flags & V) != 0U || kept_count == KEPT_MAX) {
        return;
    }
    kept[kept_count].key = key;
    kept[kept_count].written = attempt->writes && (flags & K) == 0U;
    /* At once: the other VM is at the same. */
    kept[kept_count].value = kept[kept_count].written ? attempt->after : attempt->before;
    kept_count++;
}

/* No exception comes from here on but the hypervisor's own: what UNDEFINED leaves in ESR, ELR and SPSR_EL1 stays, too. */
void scene_crosstalk(void)
{
    uint64_t pattern = random_next();
    uint32_t passes = 0;
    uint64_t away = 0;
    for (uint32_t key = FIRST_KEY; key <= LAST_KEY; key++) {
        struct attempt attempt = try_register(key, pattern, false);
        keep(key, &attempt);
    }
    for (uint32_t i = 0; i < kept_count; i++) {
        if (kept[i].written) {
            write_register(kept[i].key, pattern);
        } else {
            kept[i].value = read_register(kept[i].key);
        }
    }
    uint64_t begin = counter();
    uint64_t last = begin;
    while (counter() - begin < SECONDS * counter_frequency()) {
        for (uint32_t i = 0; i < kept_count; i++) {
            uint64_t value = read_register(kept[i].key);
            if (value != kept[i].value) {
                print("# was %lx, is %lx\n", kept[i].value, value);
                unlike(kept[i].key, "what another VM does changes it: read", true, 0);
                kept[i].value = kept[i].written ? kept[i].value : value;
            }
            if (kept[i].written) {
                write_register(kept[i].key, pattern);
            }
            uint64_t now = counter();
            away += now - last > counter_of_us(1000);
            last = now;
        }
        passes++;
    }
    print("# %u registers, %u passes, %lu times away for more than 1 ms\n", kept_count, passes, away);
    if (away < 10U) {
        wrong("the other VM hardly ran: away %lu times", away);
    }
}
