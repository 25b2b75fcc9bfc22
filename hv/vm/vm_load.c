/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loading a VM: RAM filled with its files and zeroes, device tree written, devices reset. Called by the keeper in pieces of
 * at most 2 MiB, so that one VM's gibibytes hold nobody up. State: struct vm_load of each VM, the keeper's alone.
 */
#include "arch/cache.h"
#include "arch/phys.h"
#include "lib/bits.h"
#include "lib/log.h"
#include "vm/guest_boot.h"
#include "vm/vm.h"

#define TREE_BYTES 65536U
#define TREE_ORDER 4U
#define PIECE BLOCK_2M

_Static_assert(TREE_BYTES == PAGE_SIZE << TREE_ORDER, "one allocation");

static uint64_t initrd_size(const struct vm *vm)
{
    const struct handoff_module *initrd = vm_module(vm, HANDOFF_MODULE_INITRD);
    return initrd != NULL ? initrd->size : 0U;
}

/* Tells in the log what is wrong with the VM's files; they were checked by `ashlar`, so this is a damaged volume. */
static enum status place(struct vm *vm)
{
    const struct handoff_module *kernel = vm_module(vm, HANDOFF_MODULE_KERNEL);
    if (kernel == NULL) {
        log_error(vm->config->name, "kernel: the loader brought none");
        return STATUS_NOT_FOUND;
    }
    const uint8_t *header = vm->config->flat ? NULL : phys_to_pointer(kernel->base);
    enum status status = kernel_image_place(header, kernel->size, vm->config->kernel_offset, initrd_size(vm),
                                            vm->memory.size, &vm->load.layout);
    if (status != STATUS_OK) {
        log_error(vm->config->name, "kernel: %s",
                  status == STATUS_INVALID ? "no arm64 Image" : "it and its initrd do not fit the VM's memory");
    }
    return status;
}

/* A stretch of RAM as it is to be: bytes of a file, or zeroes (from NULL). */
struct stretch {
    const uint8_t *from;
    uint64_t size;
};

/* What is to lie at `at`, up to `end` at most. Files do not overlap (kernel_image_place). */
static struct stretch stretch_at(const struct vm *vm, uint64_t at, uint64_t end)
{
    const struct {
        enum handoff_module_kind kind;
        uint64_t start;
    } files[] = {{HANDOFF_MODULE_KERNEL, vm->load.layout.kernel}, {HANDOFF_MODULE_INITRD, vm->load.layout.initrd}};
    struct stretch stretch = {NULL, end - at};
    for (unsigned i = 0; i < ARRAY_SIZE(files); i++) {
        const struct handoff_module *file = vm_module(vm, files[i].kind);
        uint64_t start = files[i].start;
        if (file == NULL) {
            continue;
        }
        if (at >= start && at - start < file->size) {
            uint64_t left = file->size - (at - start);
            return (struct stretch){(const uint8_t *)phys_to_pointer(file->base) + (at - start),
                                    left < end - at ? left : end - at};
        }
        if (start > at && start - at < stretch.size && file->size != 0U) {
            stretch.size = start - at;
        }
    }
    return stretch;
}

/* Each line of RAM is written once and cleaned once. */
static void fill(struct vm *vm)
{
    uint64_t at = vm->load.at;
    uint64_t end = vm->memory.size - at < PIECE ? vm->memory.size : at + PIECE;
    while (at < end) {
        struct stretch stretch = stretch_at(vm, at, end);
        guest_memory_place(&vm->memory, at, stretch.from, stretch.size);
        at += stretch.size;
    }
}

static enum status write_tree(struct vm *vm)
{
    pa_t pages;
    enum status status = page_alloc_zeroed(OWNER_HV, TREE_ORDER, &pages);
    if (status != STATUS_OK) {
        return status;
    }
    struct guest_boot boot = {.cmdline = vm->config->cmdline};
    if (initrd_size(vm) != 0U) {
        boot.initrd_start = VM_RAM_BASE + vm->load.layout.initrd;
        boot.initrd_end = boot.initrd_start + initrd_size(vm);
    }
    void *tree = phys_to_pointer(pages.pa);
    status = vm_build_tree(vm, &boot, tree, TREE_BYTES);
    if (status == STATUS_OK) {
        guest_memory_place(&vm->memory, vm->load.layout.tree, tree, TREE_BYTES);
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

static enum status do_piece(struct vm *vm, uint64_t *total)
{
    *total = vm->memory.size;
    switch (vm->load.phase) {
    case VM_LOAD_PLACE:
        *total = 0;
        return place(vm);
    case VM_LOAD_FILL:
        fill(vm);
        return STATUS_OK;
    case VM_LOAD_TREE:
        *total = 0;
        return write_tree(vm);
    default:
        *total = 0;
        return STATUS_OK;
    }
}

enum status vm_load_step(struct vm *vm, uint64_t *entry, uint64_t *tree)
{
    struct vm_load *load = &vm->load;
    uint64_t total;
    enum status status = do_piece(vm, &total);
    if (status != STATUS_OK) {
        if (load->phase != VM_LOAD_PLACE) {
            log_error(vm->config->name, "its device tree could not be made");
        }
        return status;
    }
    load->at += PIECE;
    if (load->at >= total) {
        load->at = 0;
        load->phase++;
    }
    if (load->phase != VM_LOAD_FINISH) {
        return STATUS_BUSY;
    }
    /* It must not see another's instructions. */
    cache_invalidate_instructions_all();
    reset_devices(vm);
    *entry = VM_RAM_BASE + load->layout.entry;
    *tree = VM_RAM_BASE + load->layout.tree;
    return STATUS_OK;
}
