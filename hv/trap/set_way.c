/* SPDX-License-Identifier: Apache-2.0 */
/* Set/way maintenance as the cleaning of a VM's memory. Owns context.set_way_offset of each vCPU and HCR_EL2.TVM. Called by trap_sysreg.c. */
#include "trap/set_way.h"

#include <stddef.h>

#include "arch/sysreg.h"
#include "lib/bits.h"
#include "mem/guest_memory.h"
#include "vm/calls.h"
#include "vm/vcpu.h"

#define KEY_DC_ISW SYSREG_KEY(1, 0, 7, 6, 2)
#define KEY_DC_CSW SYSREG_KEY(1, 0, 7, 10, 2)
#define KEY_DC_CISW SYSREG_KEY(1, 0, 7, 14, 2)

#define HCR_TVM BIT(26)
#define SCTLR_M BIT(0)
#define SCTLR_C BIT(2)

#define STEP_BYTES 0x80000ULL /* 8,192 lines of 64 bytes between two chances to interrupt */

static bool caches_on(uint64_t sctlr)
{
    return (sctlr & (SCTLR_M | SCTLR_C)) == (SCTLR_M | SCTLR_C);
}

/* True when the last piece was done. */
static bool clean_piece(struct vcpu *vcpu)
{
    struct guest_memory *memory = &vcpu->vm->memory;
    uint64_t offset = vcpu->context.set_way_offset;
    uint64_t left = memory->size - offset;
    uint64_t size = left < STEP_BYTES ? left : STEP_BYTES;

    guest_memory_make_coherent_range(memory, offset, size);
    vcpu->context.set_way_offset = size == left ? 0U : offset + size;
    return size == left;
}

static bool step_instruction(struct vcpu *vcpu)
{
    uint64_t hcr = sysreg_read(HCR_EL2);

    if ((hcr & HCR_TVM) != 0U) {
        return true;
    }
    if (!clean_piece(vcpu)) {
        return false;
    }
    sysreg_write(HCR_EL2, hcr | HCR_TVM);
    return true;
}

bool set_way_step(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    switch (key) {
    case KEY_DC_ISW:
    case KEY_DC_CSW:
    case KEY_DC_CISW:
        return step_instruction(vcpu);
    case KEY_SCTLR_EL1:
        return caches_on(value) == caches_on(sysreg_read(SCTLR_EL1)) || clean_piece(vcpu);
    default:
        return true;
    }
}

static bool instruction_write(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    (void)vcpu;
    (void)key;
    (void)value;
    return true;
}

/* The write that brings caches on was cleaned for by set_way_step: nothing is left to watch for. */
static void sctlr_write(uint64_t value)
{
    if (caches_on(value) && !caches_on(sysreg_read(SCTLR_EL1))) {
        sysreg_write(HCR_EL2, sysreg_read(HCR_EL2) & ~HCR_TVM);
    }
    sysreg_write(SCTLR_EL1, value);
}

/* The others of HCR_EL2.TVM: to the hardware, which is the guest's while its vCPU is loaded. */
static bool register_write(struct vcpu *vcpu, uint32_t key, uint64_t value)
{
    (void)vcpu;
    switch (key) {
#define WRITE(name)                                                                                                    \
    case KEY_##name:                                                                                                   \
        sysreg_write(name, value);                                                                                     \
        return true;
        WRITE(TTBR0_EL1)
        WRITE(TTBR1_EL1)
        WRITE(TCR_EL1)
        WRITE(ESR_EL1)
        WRITE(FAR_EL1)
        WRITE(AFSR0_EL1)
        WRITE(AFSR1_EL1)
        WRITE(MAIR_EL1)
        WRITE(AMAIR_EL1)
        WRITE(CONTEXTIDR_EL1)
#undef WRITE
    case KEY_SCTLR_EL1:
        sctlr_write(value);
        return true;
    default:
        return false;
    }
}

static const struct sysreg_row rows[] = {
    {KEY_DC_ISW, "DC ISW", NULL, instruction_write},    {KEY_DC_CSW, "DC CSW", NULL, instruction_write},
    {KEY_DC_CISW, "DC CISW", NULL, instruction_write},  {KEY_SCTLR_EL1, "SCTLR_EL1", NULL, register_write},
    {KEY_TTBR0_EL1, "TTBR0_EL1", NULL, register_write}, {KEY_TTBR1_EL1, "TTBR1_EL1", NULL, register_write},
    {KEY_TCR_EL1, "TCR_EL1", NULL, register_write},     {KEY_ESR_EL1, "ESR_EL1", NULL, register_write},
    {KEY_FAR_EL1, "FAR_EL1", NULL, register_write},     {KEY_AFSR0_EL1, "AFSR0_EL1", NULL, register_write},
    {KEY_AFSR1_EL1, "AFSR1_EL1", NULL, register_write}, {KEY_MAIR_EL1, "MAIR_EL1", NULL, register_write},
    {KEY_AMAIR_EL1, "AMAIR_EL1", NULL, register_write}, {KEY_CONTEXTIDR_EL1, "CONTEXTIDR_EL1", NULL, register_write},
};

void set_way_init(void)
{
    sysreg_table_add(rows, ARRAY_SIZE(rows));
}
