/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making and unmaking VMs. Owns the array of them; each one's state is under its own lock.
 */
#include "vm/vm.h"

#include "lib/bits.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "vm/vcpu.h"

static struct vm vms[CONFIG_MAX_VMS];
static unsigned count;
static const struct handoff *files;

unsigned vm_count(void)
{
    return count;
}

struct vm *vm_get(unsigned index)
{
    assert(index < count);
    return &vms[index];
}

void vm_setup(const struct config *config, const struct handoff *handoff)
{
    files = handoff;
    count = config->vm_count;
    for (unsigned i = 0; i < count; i++) {
        vms[i].index = i;
        vms[i].config = &config->vms[i];
        vms[i].vcpu_count = config->vms[i].cpus;
        spinlock_init(&vms[i].lock, LOCK_RANK_VM);
        vm_log_init(&vms[i].log, config->vms[i].name);
    }
}

const struct handoff_module *vm_module(const struct vm *vm, enum handoff_module_kind kind)
{
    for (uint32_t i = 0; i < files->module_count; i++) {
        if (files->modules[i].vm == vm->index && files->modules[i].kind == (uint32_t)kind) {
            return &files->modules[i];
        }
    }
    return NULL;
}

static enum status map_memory(struct vm *vm)
{
    for (uint32_t i = 0; i < vm->memory.extent_count; i++) {
        const struct guest_extent *extent = &vm->memory.extents[i];
        enum status status = stage2_map(&vm->stage2, ipa_make(extent->ipa), pa_make(extent->pa), extent->size,
                                        STAGE2_R | STAGE2_W | STAGE2_X);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status create_vcpus(struct vm *vm)
{
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        enum status status = vcpu_world_create(vm, i);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status create_devices(struct vm *vm, unsigned *made)
{
    for (*made = 0; *made < device_class_count; (*made)++) {
        const struct device_class *class = device_classes[*made];
        enum status status = class->create != NULL ? class->create(vm) : STATUS_OK;
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static void destroy_devices(struct vm *vm, unsigned made)
{
    while (made-- > 0U) {
        if (device_classes[made]->destroy != NULL) {
            device_classes[made]->destroy(vm);
        }
    }
}

static void destroy_vcpus(struct vm *vm)
{
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        if (vm->vcpus[i] != NULL) {
            vcpu_world_destroy(vm->vcpus[i]);
        }
    }
}

/* What a VM had is given back whole, in every build: a page that stays behind is another VM's that never starts. */
static void check_account(const struct vm *vm)
{
    uint64_t left = page_alloc_bytes(OWNER_VM(vm->index));
    if (left != 0U) {
        panic("%s ended its run and still owns %llu bytes", vm->config->name, (unsigned long long)left);
    }
}

/* Undone in the reverse order; each step leaves nothing behind when it fails. */
enum status vm_create(struct vm *vm)
{
    owner_t owner = OWNER_VM(vm->index);
    unsigned devices = 0;
    vm->mmio.count = 0;
    vm->made = timer_count();
    memset(vm->last_vcpu, 0, sizeof(vm->last_vcpu));
    enum status status = guest_memory_create(&vm->memory, ipa_make(VM_RAM_BASE), vm->config->memory, owner);
    if (status != STATUS_OK) {
        return status;
    }
    status = stage2_create(&vm->stage2, owner);
    if (status == STATUS_OK) {
        status = map_memory(vm);
        if (status == STATUS_OK) {
            status = create_vcpus(vm);
        }
        if (status == STATUS_OK) {
            status = create_devices(vm, &devices);
        }
        if (status == STATUS_OK) {
            return STATUS_OK;
        }
        destroy_devices(vm, devices);
        destroy_vcpus(vm);
        stage2_destroy(&vm->stage2);
    }
    guest_memory_destroy(&vm->memory);
    check_account(vm);
    return status;
}

void vm_destroy(struct vm *vm)
{
    destroy_devices(vm, device_class_count);
    destroy_vcpus(vm);
    stage2_destroy(&vm->stage2);
    guest_memory_destroy(&vm->memory);
    check_account(vm);
}
