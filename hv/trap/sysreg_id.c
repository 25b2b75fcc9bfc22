/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ID registers (HCR_EL2.TID3, TID1, TID2), and ACTLR_EL1 (TACR). Owns the rows, which are made at start-up.
 * What has no row is UNDEFINED to the guest: PMU, SPE, trace, LORegions, IMPLEMENTATION DEFINED registers.
 */
#include "trap/sysreg_id.h"

#include "arch/sysreg.h"
#include "cpu/features.h"
#include "lib/bits.h"
#include "vm/calls.h"
#include "vm/vcpu.h"

/* op0 3, op1 0, CRn 0, CRm 1 to 7: ID registers, and encodings reserved for more, which read as 0 (D18.3.1). */
#define ID_FIRST SYSREG_KEY(3, 0, 0, 1, 0)
#define ID_COUNT 56U

static struct sysreg_row id_rows[ID_COUNT];

static bool id_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    (void)vcpu;
    *value = features_guest_id(key);
    return true;
}

static bool revidr_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    (void)vcpu;
    *value = key == KEY_REVIDR_EL1 ? features_guest_revidr() : features_guest_aidr();
    return true;
}

static bool ctr_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    (void)vcpu;
    (void)key;
    *value = features_ctr();
    return true;
}

static bool csselr_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    (void)vcpu;
    (void)key;
    *value = sysreg_read(CSSELR_EL1);
    return true;
}

static bool csselr_write(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    (void)vcpu;
    (void)key;
    sysreg_write(CSSELR_EL1, value & 0xfU);
    return true;
}

static bool cache_id_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    (void)vcpu;
    *value = key == KEY_CLIDR_EL1 ? sysreg_read(CLIDR_EL1) : sysreg_read(CCSIDR_EL1);
    return true;
}

/* The upper half of the 64-bit format, for AArch32; UNDEFINED without FEAT_CCIDX. */
static bool ccsidr2_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    (void)vcpu;
    (void)key;
    if (!features_all(FEATURE_CCIDX)) {
        return false;
    }
    *value = sysreg_read(CCSIDR2_EL1);
    return true;
}

static bool actlr_read(struct vcpu *vcpu, uint32_t key, uint64_t *value)
{
    (void)vcpu;
    (void)key;
    *value = 0;
    return true;
}

static bool actlr_write(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    (void)vcpu;
    (void)key;
    (void)value;
    return true;
}

static const struct sysreg_row other_rows[] = {
    {KEY_REVIDR_EL1, "REVIDR_EL1", revidr_read, NULL},
    {KEY_AIDR_EL1, "AIDR_EL1", revidr_read, NULL},
    {KEY_CTR_EL0, "CTR_EL0", ctr_read, NULL},
    {KEY_CLIDR_EL1, "CLIDR_EL1", cache_id_read, NULL},
    {KEY_CCSIDR_EL1, "CCSIDR_EL1", cache_id_read, NULL},
    {KEY_CCSIDR2_EL1, "CCSIDR2_EL1", ccsidr2_read, NULL},
    {KEY_CSSELR_EL1, "CSSELR_EL1", csselr_read, csselr_write},
    {KEY_ACTLR_EL1, "ACTLR_EL1", actlr_read, actlr_write},
};

void sysreg_id_init(void)
{
    for (uint32_t i = 0; i < ID_COUNT; i++) {
        id_rows[i] = (struct sysreg_row){ID_FIRST + i, "ID", id_read, NULL};
    }
    sysreg_table_add(id_rows, ID_COUNT);
    sysreg_table_add(other_rows, ARRAY_SIZE(other_rows));
}
