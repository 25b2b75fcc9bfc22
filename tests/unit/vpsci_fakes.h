/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What dev/vpsci.c calls of the folders around it, but the table of calls: power states that stay as they were set, mitigations and a
 * random generator that answer as the test says. As dev_fakes.h: included by one file of a program.
 */
#pragma once

#include "cpu/mitigations.h"
#include "dev/vpsci.h"
#include "dev_fakes.h"
#include "lib/random.h"

#define SUCCESS 0
#define NOT_SUPPORTED (-1)
#define INVALID_PARAMETERS (-2)
#define ALREADY_ON (-4)
#define ON_PENDING (-5)
#define INTERNAL_FAILURE (-6)
#define INVALID_ADDRESS (-9)

#define SMC64 0x40000000U
#define CPU_SUSPEND 0x84000001U
#define CPU_OFF 0x84000002U
#define CPU_ON 0x84000003U
#define AFFINITY 0x84000004U
#define FEATURES 0x8400000AU
#define RESET2 0x84000012U
#define WORKAROUND1 0x80008000U
#define WORKAROUND2 0x80007FFFU
#define WORKAROUND3 0x80003FFFU
#define TRNG_RND 0x84000053U
#define ENTRY (VM_RAM_BASE + 0x80000U)

static unsigned waits;
static enum vm_request request;
static int32_t offers[4];         /* of WORKAROUND_n */
static unsigned mitigation_calls; /* a decimal digit each */
static bool random_there;
static enum status power_on_failure;
static struct vcpu *caller; /* the vCPU that makes the call */

int32_t mitigations_guest_offer(unsigned number)
{
    assert_in_range(number, 1, 3);
    return offers[number];
}

void mitigations_guest_call(unsigned number)
{
    mitigation_calls = 10U * mitigation_calls + number;
}

bool random_available(void)
{
    return random_there;
}

/* All ones: what is missing shows. */
void random_bytes(void *out, size_t bytes)
{
    memset(out, 0xFF, bytes);
}

void vm_request(struct vm *vm, enum vm_request wanted, const char *reason)
{
    assert_ptr_equal(vm, &fake_vm);
    assert_non_null(reason);
    request = wanted;
}

void vcpu_wait(struct vcpu *vcpu)
{
    assert_ptr_equal(vcpu, caller);
    waits++;
}

enum vcpu_power vcpu_power_state(struct vcpu *vcpu)
{
    return vcpu->power;
}

void vcpu_power_off(struct vcpu *vcpu)
{
    vcpu->power = VCPU_OFF;
}

enum status vcpu_power_on(struct vcpu *vcpu, uint64_t entry, uint64_t context)
{
    if (power_on_failure != STATUS_OK) {
        return power_on_failure;
    }
    if (vcpu->power != VCPU_OFF) {
        return vcpu->power == VCPU_ON ? STATUS_EXISTS : STATUS_BUSY;
    }
    vcpu->power = VCPU_ON_PENDING;
    vcpu->entry = entry;
    vcpu->entry_context = context;
    return STATUS_OK;
}

struct vcpu *vcpu_of_mpidr(struct vm *vm, uint64_t affinity)
{
    assert_int_equal(affinity & ~0xFF00FFFFFFULL, 0);
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        if ((vm->vcpus[i]->mpidr & 0xFF00FFFFFFULL) == affinity) {
            return vm->vcpus[i];
        }
    }
    return NULL;
}
