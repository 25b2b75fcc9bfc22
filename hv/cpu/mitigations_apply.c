/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mitigations in force: what each CPU has chosen, and what guests are answered. Owns both; a CPU writes its own slot at bring-up, the boot
 * CPU combines them before the first guest, and nothing changes afterwards. `mitigations: off` leaves every CPU on the plain vectors.
 */
#include "arch/barrier.h"
#include "arch/sysreg.h"
#include "cpu/mitigations.h"
#include "cpu/prda.h"
#include "fw/smccc_firmware.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/log.h"
#include "lib/panic.h"

#define SSBS_MSR 2U /* ID_AA64PFR1_EL1.SSBS: MSR and MRS reach PSTATE.SSBS */
#define PSTATE_SSBS BIT(12)
#define SCTLR_DSSBS BIT(44)
#define TURN_ON 1U /* WORKAROUND_2's argument */

struct slot {
    uint64_t midr;
    struct mitigations choice;
};

static struct slot slots[PLATFORM_MAX_CPUS];
static bool enabled;
static int32_t offers[4]; /* [n] for WORKAROUND_n; [0] is not used */

void mitigations_enable(bool enable)
{
    enabled = enable;
}

static struct mitigation_facts read_facts(void)
{
    struct mitigation_facts facts = {.midr = sysreg_read(MIDR_EL1),
                                     .id_aa64pfr0 = sysreg_read(ID_AA64PFR0_EL1),
                                     .id_aa64pfr1 = sysreg_read(ID_AA64PFR1_EL1),
                                     .id_aa64mmfr1 = sysreg_read(ID_AA64MMFR1_EL1),
                                     .id_aa64isar2 = sysreg_read(ID_AA64ISAR2_EL1)};
    facts.firmware_offers[1] = fw_smccc_arch_features(SMCCC_FN_ARCH_WORKAROUND_1);
    facts.firmware_offers[2] = fw_smccc_arch_features(SMCCC_FN_ARCH_WORKAROUND_2);
    facts.firmware_offers[3] = fw_smccc_arch_features(SMCCC_FN_ARCH_WORKAROUND_3);
    return facts;
}

/*
 * SCTLR_EL2.DSSBS is what PSTATE.SSBS becomes at every exception to EL2 (DDI 0487, D1.3.3): 1 lets loads overtake stores. Until the first
 * exception PSTATE has what firmware left; MSR SSBS changes that where it exists, and the ISB makes it hold for what comes after.
 */
static void apply_variant_4(const struct mitigation_facts *facts, const struct mitigation *variant_4)
{
    uint64_t ssbs = bits_get(facts->id_aa64pfr1, 7, 4);
    uint64_t sctlr = sysreg_read(SCTLR_EL2) & ~SCTLR_DSSBS;

    if (ssbs != 0U) {
        sysreg_write(SCTLR_EL2, enabled ? sctlr : sctlr | SCTLR_DSSBS);
        if (ssbs >= SSBS_MSR) {
            sysreg_write(SSBS, enabled ? 0U : PSTATE_SSBS);
        }
        barrier_isb();
    } else if (enabled && variant_4->state == MITIGATION_APPLIED) {
        (void)fw_call32(SMCCC_FN_ARCH_WORKAROUND_2, TURN_ON, 0, 0);
    }
}

void mitigations_cpu_init(void)
{
    struct prda *prda = PRDA;
    struct mitigation_facts facts = read_facts();
    struct slot *slot = &slots[prda->cpu];

    slot->midr = facts.midr;
    slot->choice = mitigations_choose(&facts);
    apply_variant_4(&facts, &slot->choice.variant_4);
    /* The PRDA's word is read by this CPU alone, by the vectors that VBAR_EL2 then names: program order is enough. */
    prda->mitigation = slot->choice.argument;
    sysreg_write(VBAR_EL2, vectors_address(enabled ? slot->choice.table : VECTORS_PLAIN));
    barrier_isb();
}

static const char *say(char *text, size_t size, const struct mitigation *mitigation)
{
    static const char *const states[] = {"not needed (", "", "MISSING ("};

    (void)format_text(text, size, "%s%s%s", states[mitigation->state], mitigation->reason,
                      mitigation->state == MITIGATION_APPLIED ? "" : ")");
    return text;
}

static void say_choice(const struct slot *slot)
{
    const struct mitigations *choice = &slot->choice;
    const char *known = mitigations_cpu_name(slot->midr);
    char name[32];
    char rounds[16] = "";
    char text[3][80];
    bool missing = choice->variant_2.state == MITIGATION_MISSING || choice->bhb.state == MITIGATION_MISSING ||
                   choice->variant_4.state == MITIGATION_MISSING;

    (void)format_text(name, sizeof(name), "CPU with MIDR_EL1 %#llx", (unsigned long long)slot->midr);
    if (choice->table == VECTORS_LOOP) {
        (void)format_text(rounds, sizeof(rounds), "loop of %u ", choice->argument);
    }
    log_print(missing ? LOG_WARNING : LOG_INFO, "cpu", "%s r%llup%llu: Spectre-BHB: %s%s; variant 2: %s; variant 4: %s",
              known != NULL ? known : name, (unsigned long long)bits_get(slot->midr, 23, 20),
              (unsigned long long)bits_get(slot->midr, 3, 0), rounds, say(text[0], sizeof(text[0]), &choice->bhb),
              say(text[1], sizeof(text[1]), &choice->variant_2), say(text[2], sizeof(text[2]), &choice->variant_4));
}

/* CPUs of one model whose firmware says the same everywhere are said once. */
static bool said_before(unsigned cpu)
{
    for (unsigned i = 0; i < cpu; i++) {
        if (prda_of(i)->online && slots[i].midr == slots[cpu].midr &&
            slots[i].choice.variant_2.reason == slots[cpu].choice.variant_2.reason &&
            slots[i].choice.bhb.reason == slots[cpu].choice.bhb.reason &&
            slots[i].choice.variant_4.reason == slots[cpu].choice.variant_4.reason) {
            return true;
        }
    }
    return false;
}

/* The state as guests may rely on it. Off: a guest still gets what the firmware does, and nothing that only EL2's vectors would. */
static enum mitigation_state guest_state(const struct mitigations *choice, unsigned number)
{
    const struct mitigation *mitigation = number == 1U ? &choice->variant_2 : &choice->bhb;

    if (mitigation->state == MITIGATION_APPLIED && !enabled && choice->table != VECTORS_FIRMWARE) {
        return MITIGATION_MISSING;
    }
    return mitigation->state;
}

/*
 * WORKAROUND_2 is never more than "not needed": the firmware's is turned on for good. Where there is SSBS a guest uses that; one that does not
 * know it keeps the 0 that it started with.
 */
static enum mitigation_state guest_state_4(const struct mitigations *choice)
{
    bool applied = enabled && choice->variant_4.state == MITIGATION_APPLIED;

    return applied || choice->variant_4.state == MITIGATION_NOT_NEEDED ? MITIGATION_NOT_NEEDED : MITIGATION_MISSING;
}

static int32_t offer_of(enum mitigation_state state)
{
    static const int32_t answers[] = {[MITIGATION_NOT_NEEDED] = 1, [MITIGATION_APPLIED] = 0, [MITIGATION_MISSING] = -1};

    return answers[state];
}

static enum mitigation_state greater(enum mitigation_state a, enum mitigation_state b)
{
    return a > b ? a : b;
}

void mitigations_combine(void)
{
    enum mitigation_state all[4] = {0};

    if (!enabled) {
        log_info("cpu", "mitigations are off: nothing is done against Spectre, whatever the CPUs need");
    }
    for (unsigned cpu = 0; cpu < prda_count(); cpu++) {
        if (!prda_of(cpu)->online) {
            continue;
        }
        if (enabled && !said_before(cpu)) {
            say_choice(&slots[cpu]);
        }
        all[1] = greater(all[1], guest_state(&slots[cpu].choice, 1));
        all[2] = greater(all[2], guest_state_4(&slots[cpu].choice));
        all[3] = greater(all[3], guest_state(&slots[cpu].choice, 3));
    }
    for (unsigned number = 1; number <= 3U; number++) {
        offers[number] = offer_of(all[number]);
    }
}

int32_t mitigations_guest_offer(unsigned number)
{
    assert(number >= 1U && number <= 3U);
    return offers[number];
}

void mitigations_guest_call(unsigned number)
{
    const struct mitigations *choice = &slots[PRDA->cpu].choice;

    if (!enabled && number != 2U && choice->table == VECTORS_FIRMWARE) {
        (void)fw_call32(choice->argument, 0, 0, 0);
    }
}
