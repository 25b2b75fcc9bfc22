/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ID registers: collected per CPU, combined over unlike cores, and cut down to what a guest may know. Owns the raw values of each
 * CPU, the combined ones and the guest's. Called by bring-up, by vm/context.c and by the rows of trap/sysreg_id.c.
 *
 * DDI 0487, D24.1.3 "Principles of the ID scheme for fields in ID registers": a field is unsigned (a larger value has all that a
 * smaller one has), signed (0b1111 is below 0: not there), or an enumeration without order. A field that the tables below don't
 * name is 0 in both views, so that what a future CPU adds is never shown by accident.
 *
 * What is hidden is what EL2 traps or what would need state that is not switched: HCRX_EL2 = 0 closes TCR2, SCTLR2, LS64, MOPS,
 * FPMR and GCS; fine-grained traps closed close S1PIE, S1POE, AIE, THE and SME's TPIDR2; CPTR_EL2 closes SVE, SME, AMU and trace;
 * MDCR_EL2 closes PMU, SPE, TRBE and TRF; HCR_EL2 closes MTE, LORegions and RAS records.
 */
#include "cpu/features.h"

#include "lib/bits.h"
#include "lib/panic.h"

#define IDS 64U /* CRm and op2 of op0 3, op1 0, CRn 0: the low six bits of a key */
#define ID_INDEX(key) ((key) & (IDS - 1U))

/* The registers that have fields in the table. */
#define ID_LIST(X)                                                                                                     \
    X(ID_PFR0_EL1)                                                                                                     \
    X(ID_PFR1_EL1)                                                                                                     \
    X(ID_DFR0_EL1)                                                                                                     \
    X(ID_MMFR0_EL1)                                                                                                    \
    X(ID_MMFR1_EL1)                                                                                                    \
    X(ID_MMFR2_EL1)                                                                                                    \
    X(ID_MMFR3_EL1)                                                                                                    \
    X(ID_ISAR0_EL1)                                                                                                    \
    X(ID_ISAR1_EL1)                                                                                                    \
    X(ID_ISAR2_EL1)                                                                                                    \
    X(ID_ISAR3_EL1)                                                                                                    \
    X(ID_ISAR4_EL1)                                                                                                    \
    X(ID_ISAR5_EL1)                                                                                                    \
    X(ID_MMFR4_EL1)                                                                                                    \
    X(ID_ISAR6_EL1)                                                                                                    \
    X(MVFR0_EL1)                                                                                                       \
    X(MVFR1_EL1)                                                                                                       \
    X(MVFR2_EL1)                                                                                                       \
    X(ID_PFR2_EL1)                                                                                                     \
    X(ID_MMFR5_EL1)                                                                                                    \
    X(ID_AA64PFR0_EL1)                                                                                                 \
    X(ID_AA64PFR1_EL1)                                                                                                 \
    X(ID_AA64DFR0_EL1)                                                                                                 \
    X(ID_AA64ISAR0_EL1)                                                                                                \
    X(ID_AA64ISAR1_EL1)                                                                                                \
    X(ID_AA64ISAR2_EL1)                                                                                                \
    X(ID_AA64ISAR3_EL1)                                                                                                \
    X(ID_AA64MMFR0_EL1)                                                                                                \
    X(ID_AA64MMFR1_EL1)                                                                                                \
    X(ID_AA64MMFR2_EL1)

struct cpu_ids {
    bool collected;
    uint64_t id[IDS];
    uint64_t midr, revidr, aidr, ctr, dczid;
};

/* How two CPUs' values of a field become one. */
enum combine {
    LEAST,  /* unsigned, the smaller */
    SIGNED, /* signed, the smaller: 0b1111 is -1 */
    MOST,   /* a hazard: the larger */
    EXACT,  /* no order: equal or 0 */
};

/* What a guest reads: the combined value up to a limit in the field's own order, or a fixed value. */
enum show { UP_TO, FIXED };

struct field {
    uint8_t id; /* ID_INDEX */
    uint8_t low;
    uint8_t combine; /* enum combine */
    uint8_t show;    /* enum show */
    uint8_t value;   /* UP_TO: the limit; FIXED: the value */
};

#define PASS UP_TO, 15
#define SIGNED_PASS UP_TO, 7
#define HIDE FIXED, 0
#define F(reg, name, low, combine, ...)                                                                                \
    {                                                                                                                  \
        ID_INDEX(KEY_##reg), low, combine, __VA_ARGS__                                                                 \
    }

static const struct field fields[] = {
    F(ID_AA64PFR0_EL1, EL0, 0, LEAST, UP_TO, 2),
    F(ID_AA64PFR0_EL1, EL1, 4, LEAST, FIXED, 1), /* AArch64 only */
    F(ID_AA64PFR0_EL1, EL2, 8, LEAST, HIDE),
    F(ID_AA64PFR0_EL1, EL3, 12, LEAST, HIDE),
    F(ID_AA64PFR0_EL1, FP, 16, SIGNED, SIGNED_PASS),
    F(ID_AA64PFR0_EL1, AdvSIMD, 20, SIGNED, SIGNED_PASS),
    F(ID_AA64PFR0_EL1, GIC, 24, LEAST, FIXED, 1), /* the system register interface of GICv3 */
    F(ID_AA64PFR0_EL1, RAS, 28, LEAST, HIDE),
    F(ID_AA64PFR0_EL1, DIT, 48, LEAST, PASS),
    F(ID_AA64PFR0_EL1, CSV2, 56, LEAST, UP_TO, 3),
    F(ID_AA64PFR0_EL1, CSV3, 60, LEAST, PASS),

    F(ID_AA64PFR1_EL1, BT, 0, LEAST, PASS),
    F(ID_AA64PFR1_EL1, SSBS, 4, LEAST, PASS),
    F(ID_AA64PFR1_EL1, MTE, 8, LEAST, HIDE),

    F(ID_AA64DFR0_EL1, DebugVer, 0, LEAST, UP_TO, 8), /* later ones bring MDSELR_EL1 and need state of their own */
    F(ID_AA64DFR0_EL1, BRPs, 12, LEAST, PASS),
    F(ID_AA64DFR0_EL1, WRPs, 20, LEAST, PASS),
    F(ID_AA64DFR0_EL1, CTX_CMPs, 28, LEAST, PASS),
    F(ID_AA64DFR0_EL1, DoubleLock, 36, SIGNED, FIXED, 15), /* OSDLR_EL1 is RAZ/WI */

    F(ID_AA64ISAR0_EL1, AES, 4, LEAST, PASS),
    F(ID_AA64ISAR0_EL1, SHA1, 8, LEAST, PASS),
    F(ID_AA64ISAR0_EL1, SHA2, 12, LEAST, PASS),
    F(ID_AA64ISAR0_EL1, CRC32, 16, LEAST, PASS),
    F(ID_AA64ISAR0_EL1, Atomic, 20, LEAST, UP_TO, 2), /* 3 is LSE128, part of D128 */
    F(ID_AA64ISAR0_EL1, RDM, 28, LEAST, PASS),
    F(ID_AA64ISAR0_EL1, SHA3, 32, LEAST, PASS),
    F(ID_AA64ISAR0_EL1, SM3, 36, LEAST, PASS),
    F(ID_AA64ISAR0_EL1, SM4, 40, LEAST, PASS),
    F(ID_AA64ISAR0_EL1, DP, 44, LEAST, PASS),
    F(ID_AA64ISAR0_EL1, FHM, 48, LEAST, PASS),
    F(ID_AA64ISAR0_EL1, TS, 52, LEAST, PASS),
    F(ID_AA64ISAR0_EL1, TLB, 56, LEAST, PASS),
    F(ID_AA64ISAR0_EL1, RNDR, 60, LEAST, PASS),

    F(ID_AA64ISAR1_EL1, DPB, 0, LEAST, PASS),
    F(ID_AA64ISAR1_EL1, APA, 4, EXACT, PASS),
    F(ID_AA64ISAR1_EL1, API, 8, EXACT, PASS),
    F(ID_AA64ISAR1_EL1, JSCVT, 12, LEAST, PASS),
    F(ID_AA64ISAR1_EL1, FCMA, 16, LEAST, PASS),
    F(ID_AA64ISAR1_EL1, LRCPC, 20, LEAST, PASS),
    F(ID_AA64ISAR1_EL1, GPA, 24, EXACT, PASS),
    F(ID_AA64ISAR1_EL1, GPI, 28, EXACT, PASS),
    F(ID_AA64ISAR1_EL1, FRINTTS, 32, LEAST, PASS),
    F(ID_AA64ISAR1_EL1, SB, 36, LEAST, PASS),
    F(ID_AA64ISAR1_EL1, SPECRES, 40, LEAST, PASS),
    F(ID_AA64ISAR1_EL1, BF16, 44, LEAST, PASS),
    F(ID_AA64ISAR1_EL1, DGH, 48, LEAST, PASS),
    F(ID_AA64ISAR1_EL1, I8MM, 52, LEAST, PASS),
    F(ID_AA64ISAR1_EL1, XS, 56, LEAST, PASS),

    /* WFxT (0), MOPS (16), SYSREG_128 (32), SYSINSTR_128 (36), ATS1A (60) are not shown. */
    F(ID_AA64ISAR2_EL1, RPRES, 4, LEAST, PASS),
    F(ID_AA64ISAR2_EL1, GPA3, 8, EXACT, PASS),
    F(ID_AA64ISAR2_EL1, APA3, 12, EXACT, PASS),
    F(ID_AA64ISAR2_EL1, BC, 20, LEAST, PASS),
    F(ID_AA64ISAR2_EL1, PAC_frac, 24, LEAST, PASS),
    F(ID_AA64ISAR2_EL1, CLRBHB, 28, LEAST, PASS),
    F(ID_AA64ISAR2_EL1, PRFMSLC, 40, LEAST, PASS),
    F(ID_AA64ISAR2_EL1, RPRFM, 48, LEAST, PASS),
    F(ID_AA64ISAR2_EL1, CSSC, 52, LEAST, PASS),
    F(ID_AA64ISAR3_EL1, FAMINMAX, 4, LEAST, PASS),

    F(ID_AA64MMFR0_EL1, PARange, 0, LEAST, PASS), /* and the size of the guest's address space */
    F(ID_AA64MMFR0_EL1, ASIDBits, 4, LEAST, PASS),
    F(ID_AA64MMFR0_EL1, BigEnd, 8, LEAST, PASS),
    F(ID_AA64MMFR0_EL1, BigEndEL0, 16, LEAST, PASS),
    F(ID_AA64MMFR0_EL1, TGran16, 20, LEAST, UP_TO, 1), /* without 52-bit addresses (LPA2) */
    F(ID_AA64MMFR0_EL1, TGran64, 24, SIGNED, SIGNED_PASS),
    F(ID_AA64MMFR0_EL1, TGran4, 28, SIGNED, UP_TO, 0), /* without LPA2 */
    F(ID_AA64MMFR0_EL1, ExS, 44, LEAST, PASS),

    F(ID_AA64MMFR1_EL1, HAFDBS, 0, LEAST, UP_TO, 2), /* 3 and 4 need TCR2_EL1 */
    F(ID_AA64MMFR1_EL1, VMIDBits, 4, LEAST, HIDE),
    F(ID_AA64MMFR1_EL1, HPDS, 12, LEAST, UP_TO, 1), /* not the implementation defined bits of HPDS2 */
    F(ID_AA64MMFR1_EL1, LO, 16, LEAST, HIDE),
    F(ID_AA64MMFR1_EL1, PAN, 20, LEAST, PASS),
    F(ID_AA64MMFR1_EL1, SpecSEI, 24, MOST, PASS),
    F(ID_AA64MMFR1_EL1, ETS, 36, LEAST, PASS),
    F(ID_AA64MMFR1_EL1, AFP, 44, LEAST, PASS),
    F(ID_AA64MMFR1_EL1, nTLBPA, 48, LEAST, PASS),
    F(ID_AA64MMFR1_EL1, TIDCP1, 52, LEAST, PASS),
    F(ID_AA64MMFR1_EL1, ECBHB, 60, LEAST, PASS),

    F(ID_AA64MMFR2_EL1, CnP, 0, LEAST, PASS),
    F(ID_AA64MMFR2_EL1, UAO, 4, LEAST, PASS),
    F(ID_AA64MMFR2_EL1, LSM, 8, LEAST, PASS),
    F(ID_AA64MMFR2_EL1, VARange, 16, LEAST, UP_TO, 1),
    F(ID_AA64MMFR2_EL1, CCIDX, 20, EXACT, PASS),
    F(ID_AA64MMFR2_EL1, ST, 28, LEAST, PASS),
    F(ID_AA64MMFR2_EL1, AT, 32, LEAST, PASS),
    F(ID_AA64MMFR2_EL1, IDS, 36, LEAST, PASS),
    F(ID_AA64MMFR2_EL1, TTL, 48, LEAST, PASS), /* BBM (52) is hidden: its TLB conflict aborts could come to EL2 */
    F(ID_AA64MMFR2_EL1, E0PD, 60, LEAST, PASS),

    /* AArch32, for programs at EL0. */
    F(ID_PFR0_EL1, State0, 0, LEAST, PASS),
    F(ID_PFR0_EL1, State1, 4, LEAST, PASS),
    F(ID_PFR0_EL1, State2, 8, LEAST, PASS),
    F(ID_PFR0_EL1, State3, 12, LEAST, PASS),
    F(ID_PFR0_EL1, CSV2, 16, LEAST, PASS),
    F(ID_PFR0_EL1, DIT, 24, LEAST, PASS),
    F(ID_PFR1_EL1, GenTimer, 16, LEAST, PASS),
    F(ID_PFR1_EL1, GIC, 28, LEAST, FIXED, 1),
    F(ID_PFR2_EL1, CSV3, 0, LEAST, PASS),
    F(ID_PFR2_EL1, SSBS, 4, LEAST, PASS),
    F(ID_DFR0_EL1, CopDbg, 0, LEAST, UP_TO, 8),
    F(ID_DFR0_EL1, MMapDbg, 8, LEAST, HIDE),
    F(ID_MMFR4_EL1, SpecSEI, 0, MOST, PASS),
    F(ID_MMFR4_EL1, AC2, 4, LEAST, PASS),
    F(ID_MMFR4_EL1, CnP, 12, LEAST, PASS),
    F(ID_MMFR4_EL1, HPDS, 16, LEAST, PASS),
    F(ID_MMFR4_EL1, LSM, 20, LEAST, PASS),
    F(ID_MMFR5_EL1, ETS, 0, LEAST, PASS),
    F(ID_MMFR5_EL1, nTLBPA, 4, LEAST, PASS),
};

/* AArch32 registers whose eight fields are all unsigned capabilities and all of EL0's concern. */
static const uint8_t whole[] = {
    ID_INDEX(KEY_ID_MMFR0_EL1), ID_INDEX(KEY_ID_MMFR1_EL1), ID_INDEX(KEY_ID_MMFR2_EL1), ID_INDEX(KEY_ID_MMFR3_EL1),
    ID_INDEX(KEY_ID_ISAR0_EL1), ID_INDEX(KEY_ID_ISAR1_EL1), ID_INDEX(KEY_ID_ISAR2_EL1), ID_INDEX(KEY_ID_ISAR3_EL1),
    ID_INDEX(KEY_ID_ISAR4_EL1), ID_INDEX(KEY_ID_ISAR5_EL1), ID_INDEX(KEY_ID_ISAR6_EL1), ID_INDEX(KEY_MVFR0_EL1),
    ID_INDEX(KEY_MVFR1_EL1),    ID_INDEX(KEY_MVFR2_EL1),
};

/* ID_AA64ISAR1_EL1 and ISAR2: the fields of address and of generic authentication. */
#define ISAR1_PAUTH (BITS(11, 4) | BITS(31, 24))
#define ISAR2_PAUTH (BITS(15, 8) | BITS(27, 24))

static struct cpu_ids cpus[PLATFORM_MAX_CPUS];
static const struct cpu_ids *boot; /* the first that was collected */
static unsigned collected_end;     /* of features_combine: no CPU from this one on was collected */
static uint64_t combined[IDS];
static uint64_t guest[IDS];
static uint64_t combined_ctr;
static bool ctr_differs;
static bool dczid_differs;
uint32_t features_common;
static uint32_t any_features;

void features_collect(unsigned cpu)
{
    struct cpu_ids *ids;

    assert(cpu < PLATFORM_MAX_CPUS);
    ids = &cpus[cpu];
#define ID_READ(name) ids->id[ID_INDEX(KEY_##name)] = sysreg_read(name);
    ID_LIST(ID_READ)
#undef ID_READ
    ids->midr = sysreg_read(MIDR_EL1);
    ids->revidr = sysreg_read(REVIDR_EL1);
    ids->aidr = sysreg_read(AIDR_EL1);
    ids->ctr = sysreg_read(CTR_EL0);
    ids->dczid = sysreg_read(DCZID_EL0);
    ids->collected = true;
}

static int32_t signed_field(unsigned value)
{
    return value >= 8U ? (int32_t)value - 16 : (int32_t)value;
}

static unsigned field_combine(enum combine how, unsigned a, unsigned b)
{
    switch (how) {
    case LEAST:
        return a < b ? a : b;
    case SIGNED:
        return signed_field(a) < signed_field(b) ? a : b;
    case MOST:
        return a > b ? a : b;
    case EXACT:
        break;
    }
    return a == b ? a : 0U;
}

static unsigned field_show(const struct field *field, unsigned value)
{
    if (field->show == FIXED) {
        return field->value;
    }
    return field_combine(field->combine == SIGNED ? SIGNED : LEAST, value, field->value);
}

static unsigned field_get(uint64_t value, unsigned low)
{
    return (unsigned)bits_get(value, low + 3U, low);
}

static unsigned combined_get(uint32_t key, unsigned low)
{
    return field_get(combined[ID_INDEX(key)], low);
}

/* first: the CPU whose values the others are laid over. */
static void combine_field(const struct cpu_ids *first, unsigned id, unsigned low, enum combine how)
{
    unsigned value = field_get(first->id[id], low);

    for (unsigned cpu = 0; cpu < collected_end; cpu++) {
        if (cpus[cpu].collected) {
            value = field_combine(how, value, field_get(cpus[cpu].id[id], low));
        }
    }
    combined[id] = bits_set(combined[id], low + 3U, low, value);
}

static uint64_t field_least(uint64_t a, uint64_t b, unsigned high, unsigned low)
{
    uint64_t x = bits_get(a, high, low);
    uint64_t y = bits_get(b, high, low);
    return bits_set(0, high, low, x < y ? x : y);
}

static uint64_t field_most(uint64_t a, uint64_t b, unsigned high, unsigned low)
{
    uint64_t x = bits_get(a, high, low);
    uint64_t y = bits_get(b, high, low);
    return bits_set(0, high, low, x > y ? x : y);
}

/* CTR_EL0: smallest lines, largest granules, and maintenance that may be left out only where every CPU allows it. */
static uint64_t ctr_combine(uint64_t a, uint64_t b)
{
    uint64_t ctr = BIT(31);

    ctr |= field_least(a, b, 3, 0) | field_least(a, b, 19, 16); /* IminLine, DminLine */
    ctr |= field_least(a, b, 15, 14); /* L1Ip: VPIPT 0, VIPT 2, PIPT 3: the smaller asks for more */
    ctr |= field_most(a, b, 23, 20) | field_most(a, b, 27, 24); /* ERG, CWG */
    ctr |= a & b & (BIT(28) | BIT(29));                         /* IDC, DIC */
    return ctr;
}

/* ERG and CWG of 0 mean "not said": the largest there is (DDI 0487, CTR_EL0). TminLine goes with MTE. */
static uint64_t ctr_known(uint64_t ctr)
{
    if (bits_get(ctr, 23, 20) == 0U) {
        ctr = bits_set(ctr, 23, 20, 9);
    }
    if (bits_get(ctr, 27, 24) == 0U) {
        ctr = bits_set(ctr, 27, 24, 9);
    }
    return ctr & ~BITS(37, 32);
}

static void combine_ctr(const struct cpu_ids *first)
{
    uint64_t ctr = first->ctr;

    ctr_differs = false;
    dczid_differs = false;
    for (unsigned cpu = 0; cpu < PLATFORM_MAX_CPUS; cpu++) {
        if (!cpus[cpu].collected) {
            continue;
        }
        if (cpus[cpu].ctr != first->ctr) {
            ctr_differs = true;
            ctr = ctr_combine(ctr_known(ctr), ctr_known(cpus[cpu].ctr));
        }
        dczid_differs |= cpus[cpu].dczid != first->dczid;
    }
    combined_ctr = ctr;
}

/* Different algorithms can't be told apart by a guest that migrates: then there is no pointer authentication at all. */
static void combine_pauth(const struct cpu_ids *first)
{
    for (unsigned cpu = 0; cpu < PLATFORM_MAX_CPUS; cpu++) {
        const uint64_t *id = cpus[cpu].id;

        if (cpus[cpu].collected &&
            (((id[ID_INDEX(KEY_ID_AA64ISAR1_EL1)] ^ first->id[ID_INDEX(KEY_ID_AA64ISAR1_EL1)]) & ISAR1_PAUTH) != 0U ||
             ((id[ID_INDEX(KEY_ID_AA64ISAR2_EL1)] ^ first->id[ID_INDEX(KEY_ID_AA64ISAR2_EL1)]) & ISAR2_PAUTH) != 0U)) {
            combined[ID_INDEX(KEY_ID_AA64ISAR1_EL1)] &= ~ISAR1_PAUTH;
            combined[ID_INDEX(KEY_ID_AA64ISAR2_EL1)] &= ~ISAR2_PAUTH;
        }
    }
}

/* Context-aware breakpoints are the highest numbered, so where the number of breakpoints differs none is so on every CPU but the last. */
static void combine_breakpoints(const struct cpu_ids *first)
{
    const unsigned dfr0 = ID_INDEX(KEY_ID_AA64DFR0_EL1);

    for (unsigned cpu = 0; cpu < PLATFORM_MAX_CPUS; cpu++) {
        if (cpus[cpu].collected && field_get(cpus[cpu].id[dfr0], 12) != field_get(first->id[dfr0], 12)) {
            combined[dfr0] = bits_set(combined[dfr0], 31, 28, 0);
        }
    }
}

static bool id_field(const uint64_t *id, uint32_t key, unsigned low, unsigned least)
{
    return field_get(id[ID_INDEX(key)], low) >= least;
}

static uint32_t features_of(const uint64_t *id)
{
    bool pauth = (id[ID_INDEX(KEY_ID_AA64ISAR1_EL1)] & ISAR1_PAUTH) != 0U ||
                 (id[ID_INDEX(KEY_ID_AA64ISAR2_EL1)] & ISAR2_PAUTH & ~BITS(27, 24)) != 0U;
    uint32_t bits = (uint32_t)pauth << FEATURE_PAUTH;

    bits |= (uint32_t)id_field(id, KEY_ID_AA64PFR0_EL1, 56, 2) << FEATURE_SCXTNUM;
    bits |= (uint32_t)id_field(id, KEY_ID_AA64PFR0_EL1, 28, 1) << FEATURE_RAS;
    bits |= (uint32_t)id_field(id, KEY_ID_AA64MMFR1_EL1, 16, 1) << FEATURE_LOR;
    bits |= (uint32_t)id_field(id, KEY_ID_AA64PFR1_EL1, 8, 2) << FEATURE_MTE2;
    bits |= (uint32_t)id_field(id, KEY_ID_AA64PFR1_EL1, 8, 1) << FEATURE_MTE;
    bits |= (uint32_t)id_field(id, KEY_ID_AA64MMFR1_EL1, 20, 1) << FEATURE_PAN;
    bits |= (uint32_t)id_field(id, KEY_ID_AA64PFR1_EL1, 4, 1) << FEATURE_SSBS;
    bits |= (uint32_t)id_field(id, KEY_ID_AA64PFR0_EL1, 0, 2) << FEATURE_AARCH32_EL0;
    bits |= (uint32_t)id_field(id, KEY_ID_AA64MMFR2_EL1, 20, 1) << FEATURE_CCIDX;
    return bits;
}

static void combine_features(void)
{
    features_common = features_of(combined);
    any_features = features_common;
    for (unsigned cpu = 0; cpu < PLATFORM_MAX_CPUS; cpu++) {
        any_features |= cpus[cpu].collected ? features_of(cpus[cpu].id) : 0U;
    }
}

static const struct cpu_ids *first_collected(void)
{
    for (unsigned cpu = 0; cpu < PLATFORM_MAX_CPUS; cpu++) {
        if (cpus[cpu].collected) {
            return &cpus[cpu];
        }
    }
    panic("features: no CPU has told its ID registers");
}

void features_combine(void)
{
    const struct cpu_ids *first = first_collected();

    boot = first;
    collected_end = PLATFORM_MAX_CPUS;
    while (!cpus[collected_end - 1U].collected) {
        collected_end--;
    }
    for (unsigned id = 0; id < IDS; id++) {
        combined[id] = 0;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
        combine_field(first, fields[i].id, fields[i].low, (enum combine)fields[i].combine);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(whole) * 8U; i++) {
        combine_field(first, whole[i / 8U], (i % 8U) * 4U, LEAST);
    }
    combine_pauth(first);
    combine_breakpoints(first);
    combine_ctr(first);
    combine_features();
}

/* ID_AA64MMFR0_EL1.PARange to bits and back, rounding down. */
static const uint8_t pa_range_bits[] = {32, 36, 40, 42, 44, 48, 52, 56};

static unsigned pa_range_of(unsigned bits)
{
    unsigned range = 0;

    while (range + 1U < ARRAY_SIZE(pa_range_bits) && pa_range_bits[range + 1U] <= bits) {
        range++;
    }
    return range;
}

void features_guest_prepare(unsigned ipa_bits)
{
    const unsigned mmfr0 = ID_INDEX(KEY_ID_AA64MMFR0_EL1);
    unsigned ipa_range = pa_range_of(ipa_bits);

    for (unsigned id = 0; id < IDS; id++) {
        guest[id] = 0;
    }
    for (unsigned i = 0; i < ARRAY_SIZE(fields); i++) {
        const struct field *field = &fields[i];
        unsigned value = field_show(field, field_get(combined[field->id], field->low));
        guest[field->id] = bits_set(guest[field->id], field->low + 3U, field->low, value);
    }
    for (unsigned i = 0; i < ARRAY_SIZE(whole); i++) {
        guest[whole[i]] = combined[whole[i]];
    }
    if (field_get(guest[mmfr0], 0) > ipa_range) {
        guest[mmfr0] = bits_set(guest[mmfr0], 3, 0, ipa_range);
    }
    /* Without AArch32 these are UNKNOWN in hardware (DDI 0487, D19.2, each register); a guest gets zeros. */
    for (unsigned id = ID_INDEX(KEY_ID_PFR0_EL1); id < ID_INDEX(KEY_ID_AA64PFR0_EL1); id++) {
        guest[id] = features_all(FEATURE_AARCH32_EL0) ? guest[id] : 0U;
    }
}

uint64_t features_id(uint32_t key)
{
    return combined[ID_INDEX(key)];
}

uint64_t features_guest_id(uint32_t key)
{
    return guest[ID_INDEX(key)];
}

bool features_any(enum feature feature)
{
    return ((any_features >> feature) & 1U) != 0U;
}

unsigned features_pa_bits(void)
{
    unsigned range = combined_get(KEY_ID_AA64MMFR0_EL1, 0);
    unsigned bits = pa_range_bits[range < ARRAY_SIZE(pa_range_bits) ? range : ARRAY_SIZE(pa_range_bits) - 1U];

    return bits < 52U ? bits : 52U;
}

unsigned features_vmid_bits(void)
{
    return combined_get(KEY_ID_AA64MMFR1_EL1, 4) == 2U ? 16U : 8U;
}

uint64_t features_ctr(void)
{
    return combined_ctr;
}

bool features_ctr_differs(void)
{
    return ctr_differs;
}

bool features_dczid_differs(void)
{
    return dczid_differs;
}

uint64_t features_guest_midr(void)
{
    return boot->midr;
}

uint64_t features_guest_revidr(void)
{
    return boot->revidr;
}

uint64_t features_guest_aidr(void)
{
    return boot->aidr;
}
