/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From what a CPU is to what it needs: pure, no state. Called on each CPU by mitigations_apply.c.
 */
#include "cpu/mitigations.h"

#include <stddef.h>

#include "fw/smccc_firmware.h"
#include "lib/bits.h"

#define ARM 0x41
#define HISILICON 0x48
#define AMPERE 0xc0

/* What SMCCC_ARCH_FEATURES answers of a workaround (DEN 0028). */
#define OFFER_NEEDED 0
#define OFFER_NOT_NEEDED 1
#define OFFER_NOT_NEEDED_ANYWHERE (-2) /* of WORKAROUND_2 alone */

enum kind {
    OUT_OF_ORDER, /* affected by all three where no ID register says otherwise */
    IN_ORDER,     /* affected by none */
    FLUSHED, /* as OUT_OF_ORDER; its firmware's WORKAROUND_1 flushes the whole predictor, which is as good as WORKAROUND_3 */
};

struct core {
    const char *name;
    uint16_t part; /* MIDR_EL1.PartNum */
    uint8_t implementer;
    uint8_t kind;   /* enum kind */
    uint8_t rounds; /* of the loop against Spectre-BHB ("k" in the white paper); 0: none is known */
};

static const struct core cores[] = {
    {"Cortex-A34", 0xd02, ARM, IN_ORDER, 0},
    {"Cortex-A53", 0xd03, ARM, IN_ORDER, 0},
    {"Cortex-A35", 0xd04, ARM, IN_ORDER, 0},
    {"Cortex-A55", 0xd05, ARM, IN_ORDER, 0},
    {"Cortex-A57", 0xd07, ARM, FLUSHED, 8},
    {"Cortex-A72", 0xd08, ARM, FLUSHED, 8},
    {"Cortex-A73", 0xd09, ARM, FLUSHED, 0},
    {"Cortex-A75", 0xd0a, ARM, FLUSHED, 0},
    {"Cortex-A76", 0xd0b, ARM, OUT_OF_ORDER, 24},
    {"Neoverse N1", 0xd0c, ARM, OUT_OF_ORDER, 24},
    {"Cortex-A77", 0xd0d, ARM, OUT_OF_ORDER, 24},
    {"Cortex-A76AE", 0xd0e, ARM, OUT_OF_ORDER, 24},
    {"Neoverse V1", 0xd40, ARM, OUT_OF_ORDER, 32},
    {"Cortex-A78", 0xd41, ARM, OUT_OF_ORDER, 32},
    {"Cortex-A78AE", 0xd42, ARM, OUT_OF_ORDER, 32},
    {"Cortex-X1", 0xd44, ARM, OUT_OF_ORDER, 32},
    {"Cortex-A510", 0xd46, ARM, IN_ORDER, 0},
    {"Cortex-A710", 0xd47, ARM, OUT_OF_ORDER, 32},
    {"Cortex-X2", 0xd48, ARM, OUT_OF_ORDER, 32},
    {"Neoverse N2", 0xd49, ARM, OUT_OF_ORDER, 32},
    {"Cortex-A78C", 0xd4b, ARM, OUT_OF_ORDER, 32},
    {"Cortex-X1C", 0xd4c, ARM, OUT_OF_ORDER, 32},
    {"Cortex-A715", 0xd4d, ARM, OUT_OF_ORDER, 38},
    {"Cortex-X3", 0xd4e, ARM, OUT_OF_ORDER, 132},
    {"Neoverse V2", 0xd4f, ARM, OUT_OF_ORDER, 132},
    {"Cortex-A520", 0xd80, ARM, IN_ORDER, 0},
    {"Cortex-A720", 0xd81, ARM, OUT_OF_ORDER, 38},
    {"HiSilicon TSV110", 0xd01, HISILICON, OUT_OF_ORDER, 32},
    {"HiSilicon HIP09", 0xd02, HISILICON, OUT_OF_ORDER, 24},
    {"AmpereOne", 0xac3, AMPERE, OUT_OF_ORDER, 11},
};

static const struct core *core_find(uint64_t midr)
{
    for (unsigned i = 0; i < ARRAY_SIZE(cores); i++) {
        if (bits_get(midr, 31, 24) == cores[i].implementer && bits_get(midr, 15, 4) == cores[i].part) {
            return &cores[i];
        }
    }
    return NULL;
}

const char *mitigations_cpu_name(uint64_t midr)
{
    const struct core *core = core_find(midr);

    return core != NULL ? core->name : NULL;
}

static bool is_in_order(const struct core *core)
{
    return core != NULL && core->kind == IN_ORDER;
}

static bool is_flushed(const struct core *core)
{
    return core != NULL && core->kind == FLUSHED;
}

static void use_firmware(struct mitigations *choice, uint32_t function)
{
    choice->table = VECTORS_FIRMWARE;
    choice->argument = function;
}

/* Branch targets trained by the guest. WORKAROUND_3 does all that WORKAROUND_1 does (DEN 0028, SMCCC_ARCH_WORKAROUND_3). */
static struct mitigation choose_variant_2(const struct mitigation_facts *facts, const struct core *core,
                                          struct mitigations *choice)
{
    if (bits_get(facts->id_aa64pfr0, 59, 56) != 0U) {
        return (struct mitigation){MITIGATION_NOT_NEEDED, "CSV2"};
    }
    if (is_in_order(core)) {
        return (struct mitigation){MITIGATION_NOT_NEEDED, "not affected"};
    }
    if (facts->firmware_offers[3] == OFFER_NEEDED) {
        use_firmware(choice, SMCCC_FN_ARCH_WORKAROUND_3);
        return (struct mitigation){MITIGATION_APPLIED, "firmware's WORKAROUND_3 (no CSV2)"};
    }
    if (facts->firmware_offers[1] == OFFER_NEEDED) {
        use_firmware(choice, SMCCC_FN_ARCH_WORKAROUND_1);
        return (struct mitigation){MITIGATION_APPLIED, "firmware's WORKAROUND_1 (no CSV2)"};
    }
    if (facts->firmware_offers[1] == OFFER_NOT_NEEDED) {
        return (struct mitigation){MITIGATION_NOT_NEEDED, "not affected, says the firmware"};
    }
    return (struct mitigation){MITIGATION_MISSING, "no CSV2, no firmware call"};
}

/* What ends the guest's branch history, where the firmware is not called anyway. */
static struct mitigation choose_clearing(const struct mitigation_facts *facts, const struct core *core,
                                         struct mitigations *choice)
{
    if (bits_get(facts->id_aa64isar2, 31, 28) != 0U) {
        choice->table = VECTORS_CLRBHB;
        return (struct mitigation){MITIGATION_APPLIED, "CLRBHB (no ECBHB)"};
    }
    if (core != NULL && core->rounds != 0U) {
        choice->table = VECTORS_LOOP;
        choice->argument = core->rounds;
        return (struct mitigation){MITIGATION_APPLIED, "(no ECBHB, no CLRBHB)"};
    }
    if (facts->firmware_offers[3] == OFFER_NEEDED) {
        use_firmware(choice, SMCCC_FN_ARCH_WORKAROUND_3);
        return (struct mitigation){MITIGATION_APPLIED, "firmware's WORKAROUND_3 (no ECBHB, no CLRBHB, no loop)"};
    }
    if (is_flushed(core) && facts->firmware_offers[1] == OFFER_NEEDED) {
        use_firmware(choice, SMCCC_FN_ARCH_WORKAROUND_1);
        return (struct mitigation){MITIGATION_APPLIED, "firmware's WORKAROUND_1 (no ECBHB, no CLRBHB, no loop)"};
    }
    if (facts->firmware_offers[3] == OFFER_NOT_NEEDED) {
        return (struct mitigation){MITIGATION_NOT_NEEDED, "not affected, says the firmware"};
    }
    return (struct mitigation){MITIGATION_MISSING, "no ECBHB, no CLRBHB, no loop, no firmware call"};
}

/*
 * The branch history that the guest leaves behind. CSV2 = 3 (FEAT_CSV2_3) and ECBHB: the CPU keeps it apart itself. The flush
 * that the firmware of Cortex-A57, A72, A73 and A75 does for variant 2 is the white paper's advice for this one, too, whichever of
 * its two names it is called by.
 */
static struct mitigation choose_bhb(const struct mitigation_facts *facts, const struct core *core,
                                    struct mitigations *choice)
{
    if (bits_get(facts->id_aa64mmfr1, 63, 60) != 0U) {
        return (struct mitigation){MITIGATION_NOT_NEEDED, "ECBHB"};
    }
    if (bits_get(facts->id_aa64pfr0, 59, 56) >= 3U) {
        return (struct mitigation){MITIGATION_NOT_NEEDED, "CSV2_3"};
    }
    if (is_in_order(core)) {
        return (struct mitigation){MITIGATION_NOT_NEEDED, "not affected"};
    }
    if (choice->table != VECTORS_FIRMWARE) {
        return choose_clearing(facts, core, choice);
    }
    if (choice->argument == SMCCC_FN_ARCH_WORKAROUND_1 && !is_flushed(core)) {
        return (struct mitigation){MITIGATION_MISSING, "WORKAROUND_1 is not known to reach this CPU's branch history"};
    }
    return (struct mitigation){MITIGATION_APPLIED, "by the same call"};
}

/*
 * Loads that overtake older stores to the same address. Where there is PSTATE.SSBS, EL2 runs with 0 and a guest chooses for itself.
 * Otherwise the firmware has it off for good, or turns it off when it is asked to.
 */
static struct mitigation choose_variant_4(const struct mitigation_facts *facts, const struct core *core)
{
    int32_t offer = facts->firmware_offers[2];

    if (bits_get(facts->id_aa64pfr1, 7, 4) != 0U) {
        return (struct mitigation){MITIGATION_APPLIED, "SSBS = 0 in EL2"};
    }
    if (is_in_order(core) || offer == OFFER_NOT_NEEDED_ANYWHERE) {
        return (struct mitigation){MITIGATION_NOT_NEEDED, "not affected"};
    }
    if (offer == OFFER_NOT_NEEDED) {
        return (struct mitigation){MITIGATION_NOT_NEEDED, "nothing left to do, says the firmware"};
    }
    if (offer == OFFER_NEEDED) {
        return (struct mitigation){MITIGATION_APPLIED, "firmware's WORKAROUND_2 (no SSBS)"};
    }
    return (struct mitigation){MITIGATION_MISSING, "no SSBS, no firmware call"};
}

struct mitigations mitigations_choose(const struct mitigation_facts *facts)
{
    const struct core *core = core_find(facts->midr);
    struct mitigations choice = {.table = VECTORS_PLAIN};

    choice.variant_2 = choose_variant_2(facts, core, &choice);
    choice.bhb = choose_bhb(facts, core, &choice);
    choice.variant_4 = choose_variant_4(facts, core);
    return choice;
}
