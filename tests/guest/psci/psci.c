/* SPDX-License-Identifier: Apache-2.0 */
/*
 * PSCI 1.1 (DEN 0022), SMCCC 1.2 (DEN 0028) and TRNG (DEN 0098): answers, error codes, races, and the state that a CPU comes with.
 * Wants at least 3 CPUs. SYSTEM_RESET is tests/guest/reset.
 */
#include "guest.h"

#define ROUNDS 20U
#define CPU_ON_32 0x84000003U
#define AFFINITY_INFO_32 0x84000004U
#define PSCI_MIGRATE 0x84000005U
#define SYSTEM_SUSPEND 0xC400000EU
#define TRNG_VERSION 0x84000050U
#define TRNG_FEATURES 0x84000051U
#define TRNG_GET_UUID 0x84000052U
#define TRNG_RND_32 0x84000053U
#define TRNG_RND_64 0xC4000053U
#define ARCH_SOC_ID 0x80000002U
#define TOS_NOT_PRESENT 2

static bool ashlar;
static uint32_t count;

static void is_call(int64_t found, int64_t expected, const char *what)
{
    if (!ok(found == expected, "%s: %ld", what, expected)) {
        print("# found %ld\n", found);
    }
}

static void check_features(void)
{
    static const uint32_t functions[] = {PSCI_VERSION,      PSCI_CPU_SUSPEND,   PSCI_CPU_OFF,           PSCI_CPU_ON,
                                         CPU_ON_32,         PSCI_AFFINITY_INFO, PSCI_MIGRATE_INFO_TYPE, PSCI_SYSTEM_OFF,
                                         PSCI_SYSTEM_RESET, PSCI_FEATURES};
    is_call(psci(PSCI_VERSION, 0, 0, 0), 0x10001, "PSCI_VERSION");
    for (unsigned i = 0; i < sizeof(functions) / sizeof(functions[0]); i++) {
        ok(psci(PSCI_FEATURES, functions[i], 0, 0) >= 0, "PSCI_FEATURES of %x", functions[i]);
    }
    is_call(psci(PSCI_FEATURES, 0x84001234U, 0, 0), PSCI_NOT_SUPPORTED, "PSCI_FEATURES of an unknown function");
    is_call(psci(PSCI_FEATURES, PSCI_MIGRATE, 0, 0), PSCI_NOT_SUPPORTED, "PSCI_FEATURES of MIGRATE");
    is_call(psci(PSCI_MIGRATE, 0, 0, 0), PSCI_NOT_SUPPORTED, "MIGRATE");
    is_call(psci(PSCI_MIGRATE_INFO_TYPE, 0, 0, 0), TOS_NOT_PRESENT, "MIGRATE_INFO_TYPE");
}

/* ---- the state at entry ---- */

/* Where a started CPU leaves what it came with. */
static volatile uint64_t came_with[8];
void probe_entry(void);
__asm__(".text\n"
        ".globl probe_entry\n"
        "probe_entry:\n"
        "    adrp x9, came_with\n"
        "    add x9, x9, :lo12:came_with\n"
        "    str x0, [x9]\n"
        "    mrs x10, CurrentEL\n"
        "    mrs x11, DAIF\n"
        "    stp x10, x11, [x9, #8]\n"
        "    mrs x10, SPSel\n"
        "    mrs x11, SCTLR_EL1\n"
        "    stp x10, x11, [x9, #24]\n"
        "    mrs x10, MPIDR_EL1\n"
        "    mov x11, #1\n"
        "    stp x10, x11, [x9, #40]\n"
        "    dsb sy\n"
        "    ldr w0, =0x84000002\n"
        "    hvc #0\n"
        "    b .\n");

static void check_entry(const char *what, uint32_t function, uint64_t context)
{
    came_with[6] = 0;
    is_call(psci(function, cpu_affinity(1), (uint64_t)probe_entry, context), 0, what);
    ok(WAIT_FOR(came_with[6] == 1U), "%s: it runs", what);
    is(came_with[0], context, "x0 is the context");
    is(came_with[1] >> 2, 1, "CurrentEL is EL1");
    is(came_with[2], 0x3C0, "D, A, I and F are masked");
    is(came_with[3] & 1U, 1, "SP_EL1");
    is(came_with[4] & 0x1005U, 0, "MMU and caches are off");
    is(came_with[5] & 0xFF00FFFFFFUL, cpu_affinity(1), "MPIDR_EL1");
    ok(WAIT_FOR(psci(PSCI_AFFINITY_INFO, cpu_affinity(1), 0, 0) == 1), "it went off");
}

/* ---- errors ---- */

static void wait_for_context(struct cpu *cpu)
{
    (void)WAIT_FOR(cpu->value[0] == 1U);
}

static void check_errors(void)
{
    uint64_t entry = (uint64_t)probe_entry;
    is_call(psci(PSCI_CPU_ON, 0, entry, 0), PSCI_ALREADY_ON, "CPU_ON of the caller");
    is_call(psci(PSCI_CPU_ON, cpu_affinity(count), entry, 0), PSCI_INVALID_PARAMETERS,
            "CPU_ON of a CPU that is not there");
    is_call(psci(PSCI_CPU_ON, 0xFF00FFFFFFUL, entry, 0), PSCI_INVALID_PARAMETERS, "CPU_ON of the last affinity");
    is_call(psci(PSCI_AFFINITY_INFO, cpu_affinity(count), 0, 0), PSCI_INVALID_PARAMETERS, "AFFINITY_INFO of no CPU");
    is_call(psci(PSCI_AFFINITY_INFO, 0, 0, 0), 0, "AFFINITY_INFO of the caller");
    is_call(psci(AFFINITY_INFO_32, 0, 0, 0), 0, "AFFINITY_INFO of the caller, 32-bit");
    is_call(psci(PSCI_AFFINITY_INFO, cpu_affinity(1), 0, 0), 1, "AFFINITY_INFO of a CPU that is off");
    cpus[1].value[0] = 0;
    is_call(cpu_start(1, wait_for_context), 0, "CPU_ON");
    ok(WAIT_FOR(cpus[1].started == 1U), "the CPU starts");
    is_call(psci(PSCI_CPU_ON, cpu_affinity(1), entry, 0), PSCI_ALREADY_ON, "CPU_ON of a CPU that runs");
    is_call(psci(PSCI_AFFINITY_INFO, cpu_affinity(1), 0, 0), 0, "AFFINITY_INFO of a CPU that runs");
    cpus[1].value[0] = 1;
    ok(cpu_wait_off(1), "CPU_OFF");
    if (!ashlar) {
        skip("bare", "errors that QEMU's own PSCI does not know");
        return;
    }
    is_call(psci(PSCI_CPU_ON, cpu_affinity(1), 0x1000, 0), PSCI_INVALID_ADDRESS, "CPU_ON at an address outside RAM");
    is_call(psci(PSCI_CPU_ON, cpu_affinity(1), entry + 2U, 0), PSCI_INVALID_ADDRESS,
            "CPU_ON at an address between instructions");
    is_call(psci(PSCI_CPU_ON, cpu_affinity(1), ~0UL, 0), PSCI_INVALID_ADDRESS, "CPU_ON at the last address");
    is_call(psci(PSCI_CPU_ON, 1UL << 31, entry, 0), PSCI_INVALID_PARAMETERS, "CPU_ON with a reserved bit of MPIDR");
    is_call(psci(PSCI_CPU_ON, 1UL << 63, entry, 0), PSCI_INVALID_PARAMETERS, "CPU_ON with the last bit of MPIDR");
    is_call(psci(PSCI_AFFINITY_INFO, cpu_affinity(1), 0, 0), 1, "and the CPU stays off");
    is_call(psci(PSCI_AFFINITY_INFO, 0, 4, 0), PSCI_INVALID_PARAMETERS, "AFFINITY_INFO of level 4");
    is_call(psci(PSCI_AFFINITY_INFO, 0, 1, 0), 0, "AFFINITY_INFO of level 1: on while one CPU is");
    is_call(psci(PSCI_FEATURES, PSCI_SYSTEM_RESET2, 0, 0), 0, "PSCI_FEATURES of SYSTEM_RESET2");
    is_call(psci(PSCI_FEATURES, SMCCC_VERSION, 0, 0), 0, "PSCI_FEATURES of SMCCC_VERSION");
    is_call(psci(PSCI_SYSTEM_RESET2, 5, 0, 0), PSCI_INVALID_PARAMETERS, "SYSTEM_RESET2 of an unknown type");
    is_call(psci(PSCI_CPU_SUSPEND, 1UL << 31, 0, 0), PSCI_INVALID_PARAMETERS, "CPU_SUSPEND with reserved bits");
}

/* ---- rounds and races ---- */

static void return_at_once(struct cpu *cpu)
{
    cpu->value[1]++;
}

static void check_rounds(void)
{
    uint32_t good = 0;
    for (uint32_t round = 0; round < ROUNDS; round++) {
        for (uint32_t i = 1; i < count; i++) {
            good += cpu_start(i, return_at_once) == 0;
        }
        for (uint32_t i = 1; i < count; i++) {
            good += cpu_wait_off(i);
        }
    }
    is(good, 2U * ROUNDS * (count - 1U), "%u rounds of CPU_ON and CPU_OFF on %u CPUs", ROUNDS, count - 1U);
    for (uint32_t i = 1; i < count; i++) {
        is(cpus[i].value[1], ROUNDS, "CPU %u came %u times", i, ROUNDS);
    }
}

/* CPUs 0 and 2 start CPU 1 at once: one of them succeeds. */
static volatile uint64_t race;
static volatile int64_t race_answer;

static volatile uint64_t race_over;

static void wait_for_the_end(struct cpu *cpu)
{
    cpu->value[1]++;
    uint64_t round = cpu->value[1];
    (void)WAIT_FOR(race_over >= round);
}

static void race_partner(struct cpu *cpu)
{
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        if (!WAIT_FOR(race == 2U * round - 1U)) {
            return;
        }
        race_answer = psci(PSCI_CPU_ON, cpu_affinity(1), (uint64_t)guest_secondary, (uint64_t)&cpus[1]);
        barrier_dsb();
        race = 2U * round;
    }
    cpu->value[2] = 1;
}

static bool is_loser(int64_t answer)
{
    return answer == PSCI_ALREADY_ON || answer == PSCI_ON_PENDING;
}

static void check_race(void)
{
    uint32_t good = 0;
    uint32_t pending = 0;
    race = 0;
    race_over = 0;
    cpus[1].run = wait_for_the_end;
    cpus[1].value[1] = 0;
    (void)cpu_start(2, race_partner);
    for (uint64_t round = 1; round <= ROUNDS; round++) {
        cpus[1].finished = 0;
        barrier_dsb();
        race = 2U * round - 1U;
        int64_t mine = psci(PSCI_CPU_ON, cpu_affinity(1), (uint64_t)guest_secondary, (uint64_t)&cpus[1]);
        (void)WAIT_FOR(race == 2U * round);
        int64_t other = race_answer;
        race_over = round;
        good += ((mine == 0 && is_loser(other)) || (other == 0 && is_loser(mine))) && cpu_wait_off(1);
        if (mine == 0 && other == 0) {
            print("# round %lu: both succeeded\n", round);
        }
        pending += mine == PSCI_ON_PENDING || other == PSCI_ON_PENDING;
    }
    is(good, ROUNDS, "two CPUs start a third at once: one of them succeeds (%u times ON_PENDING)", pending);
    ok(cpu_wait_off(2) && cpus[1].value[1] == ROUNDS, "and it came each time");
}

/* ---- CPU_SUSPEND ---- */

static void check_suspend(void)
{
    gic_init();
    gic_init_cpu();
    gic_enable(TIMER_VIRTUAL_INTID);
    SYSREG_WRITE("CNTV_TVAL_EL0", counter_of_us(20000));
    SYSREG_WRITE("CNTV_CTL_EL0", 1);
    is_call(psci(PSCI_CPU_SUSPEND, 0, 0, 0), 0, "CPU_SUSPEND to standby");
    ok(WAIT_FOR((SYSREG_READ("CNTV_CTL_EL0") & 4U) != 0U), "the timer's deadline passes");
    is_call(psci(PSCI_CPU_SUSPEND, 0, 0, 0), 0, "CPU_SUSPEND with an interrupt waiting returns at once");
    SYSREG_WRITE("CNTV_CTL_EL0", 0);
}

/* ---- SMCCC and TRNG ---- */

/* What the CPU needs is for tests/qemu/mitigations.t to say; here, that what is offered is there. */
static void check_workaround(unsigned number)
{
    static const uint32_t functions[] = {0, 0x80008000U, 0x80007FFFU, 0x80003FFFU};
    int64_t offer = psci(SMCCC_ARCH_FEATURES, functions[number], 0, 0);
    print("# WORKAROUND_%u %ld\n", number, offer);
    ok(offer >= -1 && offer <= 1, "ARCH_FEATURES of WORKAROUND_%u", number);
    is_call(psci(functions[number], 0, 0, 0), offer < 0 ? PSCI_NOT_SUPPORTED : 0, "a call of it");
}

static void check_smccc(void)
{
    is_call(psci(SMCCC_VERSION, 0, 0, 0), 0x10002, "SMCCC_VERSION");
    is_call(psci(SMCCC_ARCH_FEATURES, SMCCC_VERSION, 0, 0), 0, "ARCH_FEATURES of SMCCC_VERSION");
    is_call(psci(SMCCC_ARCH_FEATURES, SMCCC_ARCH_FEATURES, 0, 0), 0, "ARCH_FEATURES of itself");
    is_call(psci(SMCCC_ARCH_FEATURES, 0x80001111U, 0, 0), PSCI_NOT_SUPPORTED, "ARCH_FEATURES of an unknown function");
    is_call(psci(SMCCC_ARCH_FEATURES, ARCH_SOC_ID, 0, 0), PSCI_NOT_SUPPORTED, "ARCH_FEATURES of SOC_ID");
    for (unsigned i = 1; i <= 3U; i++) {
        check_workaround(i);
    }
}

static int64_t trng(uint32_t function, uint64_t bits, struct smccc *call)
{
    *call = (struct smccc){.x = {function, bits, ~0UL, ~0UL}};
    smccc_hvc(call);
    return (function & 1U << 30) != 0U ? (int64_t)call->x[0] : (int32_t)call->x[0];
}

static void check_trng(void)
{
    struct smccc call, again;
    int64_t version = psci(TRNG_VERSION, 0, 0, 0);
    if (!ok(version >= 0x10000, "TRNG_VERSION is at least 1.0 (%lx)", (uint64_t)version)) {
        return;
    }
    is_call(psci(TRNG_FEATURES, TRNG_RND_64, 0, 0), 0, "TRNG_FEATURES of RND64");
    is_call(psci(TRNG_FEATURES, 0x8400005FU, 0, 0), PSCI_NOT_SUPPORTED, "TRNG_FEATURES of an unknown function");
    ok(trng(TRNG_GET_UUID, 0, &call) != -1 && ((call.x[0] | call.x[1] | call.x[2] | call.x[3]) & 0xFFFFFFFFU) != 0U,
       "TRNG_GET_UUID");
    is_call(trng(TRNG_RND_64, 192, &call), 0, "TRNG_RND64 of 192 bits");
    is_call(trng(TRNG_RND_64, 192, &again), 0, "TRNG_RND64 again");
    ok(call.x[1] != again.x[1] && call.x[2] != again.x[2] && call.x[3] != again.x[3], "gives something else");
    is_call(trng(TRNG_RND_64, 9, &call), 0, "TRNG_RND64 of 9 bits");
    ok(call.x[1] == 0U && call.x[2] == 0U && call.x[3] < 512U, "gives no more");
    is_call(trng(TRNG_RND_32, 96, &call), 0, "TRNG_RND32 of 96 bits");
    ok(((call.x[1] | call.x[2] | call.x[3]) >> 32) == 0U && call.x[1] != call.x[2], "in three words");
    is_call(trng(TRNG_RND_64, 0, &call), -2, "TRNG_RND64 of 0 bits: INVALID_PARAMETERS");
    is_call(trng(TRNG_RND_64, 193, &call), -2, "TRNG_RND64 of 193 bits");
    is_call(trng(TRNG_RND_32, 97, &call), -2, "TRNG_RND32 of 97 bits");
}

void guest_main(void)
{
    ashlar = guest_on_ashlar();
    count = cpu_count();
    check_features();
    check_entry("CPU_ON", PSCI_CPU_ON, 0x123456789ABCDEF0UL);
    check_entry("CPU_ON, 32-bit", CPU_ON_32, 0x89ABCDEFUL);
    check_errors();
    check_rounds();
    check_suspend();
    if (ashlar) {
        check_race();
        check_smccc();
        check_trng();
    } else {
        skip("bare", "races of CPU_ON (QEMU's own PSCI lets both succeed), SMCCC and TRNG");
    }
}
