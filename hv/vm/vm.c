/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making, loading and unmaking VMs. Owns the array of them; each one's state is under its own lock.
 */
#include "vm/vm.h"

#include "arch/cache.h"
#include "arch/phys.h"
#include "cpu/timer.h"
#include "lib/bits.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "sched/sched.h"
#include "vm/guest_boot.h"
#include "vm/kernel_image.h"
#include "vm/vcpu.h"

#define TREE_BYTES 65536U
#define TREE_ORDER 4U
#define CHUNK BLOCK_2M

_Static_assert(TREE_BYTES == PAGE_SIZE << TREE_ORDER, "one allocation");

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
            vm->vcpus[i] = NULL;
        }
    }
}

/* Undone in the reverse order; each step leaves nothing behind when it fails. */
enum status vm_create(struct vm *vm)
{
    owner_t owner = OWNER_VM(vm->index);
    unsigned devices = 0;
    vm->mmio.count = 0;
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
    return status;
}

void vm_destroy(struct vm *vm)
{
    destroy_devices(vm, device_class_count);
    destroy_vcpus(vm);
    stage2_destroy(&vm->stage2);
    guest_memory_destroy(&vm->memory);
    uint64_t left = page_alloc_bytes(OWNER_VM(vm->index));
    if (left != 0U) {
        panic("%s ended its run and still owns %llu bytes", vm->config->name, (unsigned long long)left);
    }
}

/* In pieces, so that the thread serves interrupts in between. */
static void clear_memory(struct vm *vm)
{
    for (uint64_t at = 0; at < vm->memory.size; at += CHUNK) {
        guest_memory_clear(&vm->memory, at, CHUNK);
        sched_relax();
    }
}

static enum status copy_file(struct vm *vm, const struct handoff_module *file, uint64_t offset)
{
    for (uint64_t at = 0; at < file->size; at += CHUNK) {
        uint64_t size = file->size - at < CHUNK ? file->size - at : CHUNK;
        enum status status =
            guest_write(&vm->memory, ipa_make(VM_RAM_BASE + offset + at), phys_to_pointer(file->base + at), size);
        if (status != STATUS_OK) {
            return status;
        }
        sched_relax();
    }
    return STATUS_OK;
}

static enum status write_tree(struct vm *vm, const struct kernel_layout *layout, uint64_t initrd_size)
{
    pa_t pages;
    enum status status = page_alloc_zeroed(OWNER_HV, TREE_ORDER, &pages);
    if (status != STATUS_OK) {
        return status;
    }
    struct guest_boot boot = {.cmdline = vm->config->cmdline};
    if (initrd_size != 0U) {
        boot.initrd_start = VM_RAM_BASE + layout->initrd;
        boot.initrd_end = boot.initrd_start + initrd_size;
    }
    void *tree = phys_to_pointer(pages.pa);
    status = vm_build_tree(vm, &boot, tree, TREE_BYTES);
    if (status == STATUS_OK) {
        status = guest_write(&vm->memory, ipa_make(VM_RAM_BASE + layout->tree), tree, TREE_BYTES);
    }
    page_free(OWNER_HV, TREE_ORDER, pages);
    return status;
}

static void reset_devices(struct vm *vm)
{
    for (unsigned i = 0; i < device_class_count; i++) {
        if (device_classes[i]->reset != NULL) {
            device_classes[i]->reset(vm);
        }
    }
}

/* Tells in the log what is wrong with the VM's files; they were checked by `ashlar`, so this is a damaged volume. */
static enum status place_files(struct vm *vm, const struct handoff_module *kernel, uint64_t initrd_size,
                               struct kernel_layout *layout)
{
    const uint8_t *header = vm->config->flat ? NULL : phys_to_pointer(kernel->base);
    enum status status =
        kernel_image_place(header, kernel->size, vm->config->kernel_offset, initrd_size, vm->memory.size, layout);
    if (status != STATUS_OK) {
        log_error(vm->config->name, "kernel: %s",
                  status == STATUS_INVALID ? "no arm64 Image" : "it and its initrd do not fit the VM's memory");
    }
    return status;
}

enum status vm_load(struct vm *vm)
{
    const struct handoff_module *kernel = vm_module(vm, HANDOFF_MODULE_KERNEL);
    const struct handoff_module *initrd = vm_module(vm, HANDOFF_MODULE_INITRD);
    struct kernel_layout layout;
    if (kernel == NULL) {
        log_error(vm->config->name, "kernel: the loader brought none");
        return STATUS_NOT_FOUND;
    }
    uint64_t initrd_size = initrd != NULL ? initrd->size : 0U;
    enum status status = place_files(vm, kernel, initrd_size, &layout);
    if (status != STATUS_OK) {
        return status;
    }
    clear_memory(vm);
    status = copy_file(vm, kernel, layout.kernel);
    if (status == STATUS_OK && initrd != NULL) {
        status = copy_file(vm, initrd, layout.initrd);
    }
    vm->counter_offset = timer_count();
    if (status == STATUS_OK) {
        status = write_tree(vm, &layout, initrd_size);
    }
    if (status != STATUS_OK) {
        log_error(vm->config->name, "its device tree or a file could not be written to its memory");
        return status;
    }
    /* A guest starts with its MMU off and sees memory, not caches; and it must not see another's instructions. */
    guest_memory_make_coherent(&vm->memory);
    cache_invalidate_instructions_all();
    reset_devices(vm);
    for (unsigned i = 0; i < vm->vcpu_count; i++) {
        sched_unpark(&vm->vcpus[i]->world);
    }
    spinlock_lock(&vm->lock);
    vm->request = VM_REQUEST_NONE;
    vm->state = VM_RUNNING;
    spinlock_unlock(&vm->lock);
    return vcpu_power_on(vm->vcpus[0], VM_RAM_BASE + layout.entry, VM_RAM_BASE + layout.tree);
}

static const char *const request_words[] = {"", "reset", "crashed", "powered off"};

void vm_request(struct vm *vm, enum vm_request request, const char *reason)
{
    spinlock_lock(&vm->lock);
    bool first = vm->state == VM_RUNNING;
    if (first) {
        vm->state = VM_STOPPING;
    }
    if (vm->state == VM_STOPPING && request > vm->request) {
        vm->request = request;
    }
    spinlock_unlock(&vm->lock);
    if (first) {
        log_info(vm->config->name, "%s: %s", request_words[request], reason);
        for (unsigned i = 0; i < vm->vcpu_count; i++) {
            vcpu_kick(vm->vcpus[i], VCPU_WORK_STOP);
        }
        keeper_notify();
    }
}
