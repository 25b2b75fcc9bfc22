/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware that a guest calls: PSCI 1.1 (DEN 0022), the Arm Architecture calls of SMCCC 1.2 (DEN 0028), TRNG 1.0 (DEN 0098), and
 * the UID of the Vendor Specific Hypervisor service. Called by trap/ through the table of vm/calls.h; the races of power states
 * are decided under the VM's lock by vm/vcpu.c, this file gives them their numbers.
 * No state.
 */
#include "dev/vpsci.h"

#include <stdbool.h>
#include <stddef.h>

#include "cpu/mitigations.h"
#include "dev/guest_tree.h"
#include "lib/bits.h"
#include "lib/random.h"
#include "vm/calls.h"
#include "vm/device.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

#define SMC64 BIT(30)

/* Function identifiers of the SMC32 forms. */
#define PSCI_VERSION 0x84000000U
#define PSCI_CPU_SUSPEND 0x84000001U
#define PSCI_CPU_OFF 0x84000002U
#define PSCI_CPU_ON 0x84000003U
#define PSCI_AFFINITY_INFO 0x84000004U
#define PSCI_MIGRATE_INFO_TYPE 0x84000006U
#define PSCI_SYSTEM_OFF 0x84000008U
#define PSCI_SYSTEM_RESET 0x84000009U
#define PSCI_FEATURES 0x8400000AU
#define PSCI_SYSTEM_RESET2 0x84000012U
#define PSCI_LAST 0x8400001FU

#define SMCCC_VERSION 0x80000000U
#define SMCCC_ARCH_FEATURES 0x80000001U
#define SMCCC_WORKAROUND_1 0x80008000U
#define SMCCC_WORKAROUND_2 0x80007FFFU
#define SMCCC_WORKAROUND_3 0x80003FFFU

#define TRNG_VERSION 0x84000050U
#define TRNG_FEATURES 0x84000051U
#define TRNG_GET_UUID 0x84000052U
#define TRNG_RND 0x84000053U
#define TRNG_LAST 0x8400005FU

#define VENDOR_HYP_UID 0x8600FF01U

/* DEN 0022, return error codes. */
#define PSCI_SUCCESS 0
#define PSCI_NOT_SUPPORTED (-1)
#define PSCI_INVALID_PARAMETERS (-2)
#define PSCI_ALREADY_ON (-4)
#define PSCI_ON_PENDING (-5)
#define PSCI_INTERNAL_FAILURE (-6)
#define PSCI_INVALID_ADDRESS (-9)

#define PSCI_STATE_ON 0
#define PSCI_STATE_OFF 1
#define PSCI_STATE_ON_PENDING 2

/* MIGRATE_INFO_TYPE: no Trusted OS, or one that does not need migration. */
#define PSCI_TOS_NOT_PRESENT_MP 2

/* CPU_SUSPEND's power_state in the original format (DEN 0022, CPU_SUSPEND). */
#define POWER_STATE_RESERVED (BITS(31, 26) | BITS(23, 17))
#define POWER_STATE_POWERDOWN BIT(16)

#define SMCCC_NOT_SUPPORTED (-1)

/* DEN 0098. NO_ENTROPY never comes: a seeded DRBG does not run dry. */
#define TRNG_SUCCESS 0
#define TRNG_NOT_SUPPORTED (-1)
#define TRNG_INVALID_PARAMETERS (-2)

static uint64_t result(int code)
{
    return (uint64_t)(int64_t)code;
}

static bool is_smc64(const struct trap_frame *frame)
{
    return (frame->x[0] & SMC64) != 0U;
}

/* Argument n: of an SMC32 call the upper half has no meaning (DEN 0028, SMC32 calls). */
static uint64_t argument(const struct trap_frame *frame, unsigned n)
{
    return is_smc64(frame) ? frame->x[n] : (uint32_t)frame->x[n];
}

static uint64_t psci_version(struct vcpu *vcpu, struct trap_frame *frame)
{
    (void)vcpu;
    (void)frame;
    return 0x00010001U;
}

static bool in_ram(const struct vm *vm, uint64_t address)
{
    return range_contains(vm->memory.base, vm->memory.size, address, 4) && is_aligned(address, 4);
}

/*
 * Every state is entered as a standby: the caller returns here when an interrupt waits. For a power-down state that is allowed (DEN
 * 0022, CPU_SUSPEND: a shallower state may be entered than was asked for), and no time is lost: all vCPU state stays in EL2 anyway.
 */
static uint64_t psci_cpu_suspend(struct vcpu *vcpu, struct trap_frame *frame)
{
    uint64_t power_state = (uint32_t)frame->x[1];

    if ((power_state & POWER_STATE_RESERVED) != 0U) {
        return result(PSCI_INVALID_PARAMETERS);
    }
    if ((power_state & POWER_STATE_POWERDOWN) != 0U && !in_ram(vcpu->vm, argument(frame, 2))) {
        return result(PSCI_INVALID_ADDRESS);
    }
    vcpu_wait(vcpu);
    return PSCI_SUCCESS;
}

static uint64_t psci_cpu_off(struct vcpu *vcpu, struct trap_frame *frame)
{
    (void)frame;
    vcpu_power_off(vcpu);
    /* Nobody reads it: the vCPU does not come back from here. */
    return PSCI_SUCCESS;
}

/* CPU_ON: everything but the affinity fields must be zero. SMC32 has no Aff3. */
static bool is_affinity(uint64_t value)
{
    return (value & ~(BITS(39, 32) | BITS(23, 0))) == 0U;
}

static uint64_t psci_cpu_on(struct vcpu *vcpu, struct trap_frame *frame)
{
    uint64_t affinity = argument(frame, 1);
    struct vcpu *target = is_affinity(affinity) ? vcpu_of_mpidr(vcpu->vm, affinity) : NULL;

    if (target == NULL) {
        return result(PSCI_INVALID_PARAMETERS);
    }
    switch (vcpu_power_on(target, argument(frame, 2), argument(frame, 3))) {
    case STATUS_OK:
        return PSCI_SUCCESS;
    case STATUS_EXISTS:
        return result(PSCI_ALREADY_ON);
    case STATUS_BUSY:
        return result(PSCI_ON_PENDING);
    case STATUS_RANGE:
        return result(PSCI_INVALID_ADDRESS);
    default:
        return result(PSCI_INTERNAL_FAILURE);
    }
}

/* The affinity fields of level and above. */
static uint64_t affinity_mask(uint64_t level)
{
    return level == 3U ? BITS(39, 32) : BITS(39, 32) | (BITS(23, 0) & ~(BIT(8U * level) - 1U));
}

/* AFFINITY_INFO: a group of CPUs is on when any of them is, and off when all are. */
static uint64_t psci_affinity_info(struct vcpu *vcpu, struct trap_frame *frame)
{
    struct vm *vm = vcpu->vm;
    uint64_t affinity = argument(frame, 1);
    uint64_t level = argument(frame, 2);
    bool found = false;
    bool pending = false;

    if (!is_affinity(affinity) || level > 3U) {
        return result(PSCI_INVALID_PARAMETERS);
    }
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        if (((vm->vcpus[i]->mpidr ^ affinity) & affinity_mask(level)) == 0U) {
            enum vcpu_power power = vcpu_power_state(vm->vcpus[i]);
            if (power == VCPU_ON) {
                return PSCI_STATE_ON;
            }
            pending = pending || power == VCPU_ON_PENDING;
            found = true;
        }
    }
    if (!found) {
        return result(PSCI_INVALID_PARAMETERS);
    }
    return pending ? PSCI_STATE_ON_PENDING : PSCI_STATE_OFF;
}

static uint64_t psci_migrate_info_type(struct vcpu *vcpu, struct trap_frame *frame)
{
    (void)vcpu;
    (void)frame;
    return PSCI_TOS_NOT_PRESENT_MP;
}

static uint64_t psci_system_off(struct vcpu *vcpu, struct trap_frame *frame)
{
    (void)frame;
    vm_request(vcpu->vm, VM_REQUEST_OFF, "PSCI SYSTEM_OFF");
    return PSCI_SUCCESS;
}

static uint64_t psci_system_reset(struct vcpu *vcpu, struct trap_frame *frame)
{
    (void)frame;
    vm_request(vcpu->vm, VM_REQUEST_RESET, "PSCI SYSTEM_RESET");
    return PSCI_SUCCESS;
}

/* SYSTEM_RESET2: of the architectural types there is SYSTEM_WARM_RESET = 0; vendor-specific ones (bit 31) there are none. */
static uint64_t psci_system_reset2(struct vcpu *vcpu, struct trap_frame *frame)
{
    if ((uint32_t)frame->x[1] != 0U) {
        return result(PSCI_INVALID_PARAMETERS);
    }
    vm_request(vcpu->vm, VM_REQUEST_RESET, "PSCI SYSTEM_RESET2");
    return PSCI_SUCCESS;
}

/* PSCI_FEATURES. CPU_SUSPEND's flags 0: original power_state format, no OS-initiated mode. */
static uint64_t psci_features(struct vcpu *vcpu, struct trap_frame *frame)
{
    uint32_t function = (uint32_t)frame->x[1];
    uint32_t form32 = function & ~(uint32_t)SMC64;
    bool known = function == SMCCC_VERSION || (form32 >= PSCI_VERSION && form32 <= PSCI_LAST);

    (void)vcpu;
    return known && call_table_find(function) != NULL ? PSCI_SUCCESS : result(PSCI_NOT_SUPPORTED);
}

static uint64_t smccc_version(struct vcpu *vcpu, struct trap_frame *frame)
{
    (void)vcpu;
    (void)frame;
    return 0x10002U;
}

/* DEN 0028, SMCCC_ARCH_FEATURES. */
static uint64_t smccc_arch_features(struct vcpu *vcpu, struct trap_frame *frame)
{
    (void)vcpu;
    switch ((uint32_t)frame->x[1]) {
    case SMCCC_VERSION:
    case SMCCC_ARCH_FEATURES:
        return 0;
    case SMCCC_WORKAROUND_1:
        return result(mitigations_guest_offer(1));
    case SMCCC_WORKAROUND_2:
        return result(mitigations_guest_offer(2));
    case SMCCC_WORKAROUND_3:
        return result(mitigations_guest_offer(3));
    default:
        return result(SMCCC_NOT_SUPPORTED);
    }
}

/* Where it is not required the call may still be made, and does nothing. The workarounds define no result. */
static uint64_t smccc_workaround(struct vcpu *vcpu, struct trap_frame *frame)
{
    uint32_t function = (uint32_t)frame->x[0];
    unsigned number = function == SMCCC_WORKAROUND_1 ? 1 : function == SMCCC_WORKAROUND_2 ? 2 : 3;
    int offer = mitigations_guest_offer(number);

    (void)vcpu;
    if (offer == 0) {
        mitigations_guest_call(number);
    }
    return result(offer < 0 ? SMCCC_NOT_SUPPORTED : 0);
}

static uint64_t trng_version(struct vcpu *vcpu, struct trap_frame *frame)
{
    (void)vcpu;
    (void)frame;
    return random_available() ? 0x10000U : result(TRNG_NOT_SUPPORTED);
}

static uint64_t trng_features(struct vcpu *vcpu, struct trap_frame *frame)
{
    uint32_t function = (uint32_t)frame->x[1];
    uint32_t form32 = function & ~(uint32_t)SMC64;
    bool known = form32 >= TRNG_VERSION && form32 <= TRNG_LAST && call_table_find(function) != NULL;

    (void)vcpu;
    return known && random_available() ? TRNG_SUCCESS : result(TRNG_NOT_SUPPORTED);
}

/* Both calls that give a UUID pack its 16 bytes in w0..w3, byte 0 lowest (DEN 0028, Call UID; DEN 0098, TRNG_GET_UUID). */
static uint64_t uuid_words(struct trap_frame *frame, const uint8_t uuid[16])
{
    uint32_t word[4];

    for (unsigned i = 0; i < 4U; i++) {
        const uint8_t *b = &uuid[4U * i];
        word[i] = b[0] | ((uint32_t)b[1] << 8) | ((uint32_t)b[2] << 16) | ((uint32_t)b[3] << 24);
    }
    frame->x[1] = word[1];
    frame->x[2] = word[2];
    frame->x[3] = word[3];
    return word[0];
}

/* Ashlar's TRNG back end: 6c190c88-c8b5-4895-aca5-35d745615c2f. */
static uint64_t trng_get_uuid(struct vcpu *vcpu, struct trap_frame *frame)
{
    static const uint8_t uuid[16] = {0x6c, 0x19, 0x0c, 0x88, 0xc8, 0xb5, 0x48, 0x95,
                                     0xac, 0xa5, 0x35, 0xd7, 0x45, 0x61, 0x5c, 0x2f};

    (void)vcpu;
    return random_available() ? uuid_words(frame, uuid) : result(TRNG_NOT_SUPPORTED);
}

static uint64_t low_bits(uint64_t value, uint64_t count)
{
    return count >= 64U ? value : value & (BIT(count) - 1U);
}

/*
 * The least significant bits are in the last register, x3 or w3; bits beyond those asked for are 0 (DEN 0098, TRNG_RND). word: 32 or 64
 * bits per register.
 */
static void trng_fill(struct trap_frame *frame, const uint64_t entropy[3], uint64_t bits, unsigned word)
{
    for (unsigned i = 0; i < 3U; i++) {
        uint64_t below = (uint64_t)i * word;
        uint64_t here = bits <= below ? 0U : bits - below;
        frame->x[3U - i] = low_bits(entropy[i], here < word ? here : word);
    }
}

static uint64_t trng_rnd(struct vcpu *vcpu, struct trap_frame *frame)
{
    unsigned word = is_smc64(frame) ? 64U : 32U;
    uint64_t bits = argument(frame, 1);
    uint64_t entropy[3];

    (void)vcpu;
    if (!random_available()) {
        return result(TRNG_NOT_SUPPORTED);
    }
    if (bits == 0U || bits > 3U * word) {
        return result(TRNG_INVALID_PARAMETERS);
    }
    random_bytes(entropy, sizeof(entropy));
    trng_fill(frame, entropy, bits, word);
    return TRNG_SUCCESS;
}

/* How a guest knows that it runs on Ashlar: 3f1cf7c5-ee52-4002-b019-7452ecff42c8 (docs/guest-board.md). */
static uint64_t vendor_hyp_uid(struct vcpu *vcpu, struct trap_frame *frame)
{
    static const uint8_t uuid[16] = {0x3f, 0x1c, 0xf7, 0xc5, 0xee, 0x52, 0x40, 0x02,
                                     0xb0, 0x19, 0x74, 0x52, 0xec, 0xff, 0x42, 0xc8};

    (void)vcpu;
    return uuid_words(frame, uuid);
}

static const struct call_row vpsci_rows[] = {
    {PSCI_VERSION, "PSCI_VERSION", psci_version},
    {PSCI_CPU_SUSPEND, "CPU_SUSPEND", psci_cpu_suspend},
    {PSCI_CPU_SUSPEND | (uint32_t)SMC64, "CPU_SUSPEND", psci_cpu_suspend},
    {PSCI_CPU_OFF, "CPU_OFF", psci_cpu_off},
    {PSCI_CPU_ON, "CPU_ON", psci_cpu_on},
    {PSCI_CPU_ON | (uint32_t)SMC64, "CPU_ON", psci_cpu_on},
    {PSCI_AFFINITY_INFO, "AFFINITY_INFO", psci_affinity_info},
    {PSCI_AFFINITY_INFO | (uint32_t)SMC64, "AFFINITY_INFO", psci_affinity_info},
    {PSCI_MIGRATE_INFO_TYPE, "MIGRATE_INFO_TYPE", psci_migrate_info_type},
    {PSCI_SYSTEM_OFF, "SYSTEM_OFF", psci_system_off},
    {PSCI_SYSTEM_RESET, "SYSTEM_RESET", psci_system_reset},
    {PSCI_FEATURES, "PSCI_FEATURES", psci_features},
    {PSCI_SYSTEM_RESET2, "SYSTEM_RESET2", psci_system_reset2},
    {PSCI_SYSTEM_RESET2 | (uint32_t)SMC64, "SYSTEM_RESET2", psci_system_reset2},
    {SMCCC_VERSION, "SMCCC_VERSION", smccc_version},
    {SMCCC_ARCH_FEATURES, "SMCCC_ARCH_FEATURES", smccc_arch_features},
    {SMCCC_WORKAROUND_1, "SMCCC_ARCH_WORKAROUND_1", smccc_workaround},
    {SMCCC_WORKAROUND_2, "SMCCC_ARCH_WORKAROUND_2", smccc_workaround},
    {SMCCC_WORKAROUND_3, "SMCCC_ARCH_WORKAROUND_3", smccc_workaround},
    {TRNG_VERSION, "TRNG_VERSION", trng_version},
    {TRNG_FEATURES, "TRNG_FEATURES", trng_features},
    {TRNG_GET_UUID, "TRNG_GET_UUID", trng_get_uuid},
    {TRNG_RND, "TRNG_RND32", trng_rnd},
    {TRNG_RND | (uint32_t)SMC64, "TRNG_RND64", trng_rnd},
    {VENDOR_HYP_UID, "VENDOR_HYP_CALL_UID", vendor_hyp_uid},
};

static enum status vpsci_describe(const struct vm *vm, struct guest_tree *tree)
{
    static const char compatible[] = "arm,psci-1.0\0arm,psci-0.2";

    (void)vm;
    guest_tree_begin(tree, "psci");
    guest_tree_bytes(tree, "compatible", compatible, sizeof(compatible));
    guest_tree_string(tree, "method", "hvc");
    guest_tree_end(tree);
    return guest_tree_status(tree);
}

const struct device_class vpsci_class = {
    .name = "vpsci",
    .describe = vpsci_describe,
};

void vpsci_init(void)
{
    call_table_add(vpsci_rows, ARRAY_SIZE(vpsci_rows));
}
