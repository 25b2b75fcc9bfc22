/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of an emulated device as vm/ sees it. dev/devices.c lists the classes; vm/ walks that list in order, and backwards
 * to destroy. A member may be NULL.
 */
#pragma once

#include <stdint.h>

#include "lib/status.h"

struct vm;
struct vcpu;
struct guest_tree;

struct device_class {
    const char *name;
    /* Allocates the VM's instance (pages of OWNER_VM) and puts its registers on the bus. vCPUs exist, none runs. */
    enum status (*create)(struct vm *vm);
    void (*destroy)(struct vm *vm);
    /* To the state after power-on; every vCPU is off and not loaded. */
    void (*reset)(struct vm *vm);
    /* This vCPU is about to be powered on: its part to the reset state. */
    void (*vcpu_reset)(struct vcpu *vcpu);
    /* The vCPU comes to, or leaves, this physical CPU: move state to and from hardware registers. Interrupts masked. Both or none (device_switched). */
    void (*vcpu_load)(struct vcpu *vcpu);
    void (*vcpu_put)(struct vcpu *vcpu);
    /* Adds its nodes to the guest's device tree. */
    enum status (*describe)(const struct vm *vm, struct guest_tree *tree);
};

extern const struct device_class *const device_classes[];
extern const unsigned device_class_count;
/* Of these, in the same order, those that have vcpu_load and vcpu_put: walked at every switch. */
#define DEVICE_SWITCHED 2U
extern const struct device_class *const device_switched[DEVICE_SWITCHED];

/* Which slot of struct vm's device[] and struct vcpu's device[] is whose: fixed, so that a device finds its own without a search. */
enum device_slot {
    DEVICE_VGIC,
    DEVICE_VTIMER,
    DEVICE_PL011,
    DEVICE_PL031,
    DEVICE_PL061,
    DEVICE_SLOTS = 16,
};
