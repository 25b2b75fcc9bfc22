/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checks struct handoff against the rules written in include/ashlar/handoff.h. Called once by main.c before anything else
 * reads the structure, and by platform/ for the bounds of tables; owns no state.
 */
#include "platform/handoff_check.h"

#include "lib/bits.h"
#include "platform/platform_fill.h"

#define HANDOFF_PAGE 4096ULL
/* DDI 0487, D8.1.9: the largest physical address without FEAT_LPA. */
#define HANDOFF_ADDRESS_END (1ULL << 48)

static enum status refuse(struct platform_fault *fault, const char *field, uint64_t found)
{
    platform_fault_print(fault, "handoff: %s: found 0x%lx", field, found);
    return STATUS_INVALID;
}

static enum status refuse_item(struct platform_fault *fault, const char *array, uint32_t index, const char *what)
{
    platform_fault_print(fault, "handoff: %s %u: %s", array, index, what);
    return STATUS_INVALID;
}

static enum status check_header(const struct handoff *handoff, size_t size, struct platform_fault *fault)
{
    if (size < sizeof(struct handoff)) {
        return refuse(fault, "bytes given", size);
    }
    if (handoff->magic != HANDOFF_MAGIC) {
        return refuse(fault, "magic", handoff->magic);
    }
    if (handoff->version != HANDOFF_VERSION) {
        return refuse(fault, "version", handoff->version);
    }
    if (handoff->size != sizeof(struct handoff)) {
        return refuse(fault, "size", handoff->size);
    }
    if (handoff->region_count == 0U || handoff->region_count > HANDOFF_MAX_REGIONS) {
        return refuse(fault, "region_count", handoff->region_count);
    }
    if (handoff->module_count > HANDOFF_MAX_MODULES) {
        return refuse(fault, "module_count", handoff->module_count);
    }
    if (handoff->seed_source > HANDOFF_SEED_FDT) {
        return refuse(fault, "seed_source", handoff->seed_source);
    }
    if (handoff->seed_bytes > HANDOFF_SEED_BYTES) {
        return refuse(fault, "seed_bytes", handoff->seed_bytes);
    }
    if (handoff->cpu_count > HANDOFF_MAX_CPUS) {
        return refuse(fault, "cpu_count", handoff->cpu_count);
    }
    if (handoff->conduit > HANDOFF_CONDUIT_HVC) {
        return refuse(fault, "conduit", handoff->conduit);
    }
    return STATUS_OK;
}

static enum status check_region(const struct handoff *handoff, uint32_t index, struct platform_fault *fault)
{
    const struct handoff_region *region = &handoff->regions[index];

    if (region->type < HANDOFF_RAM_FREE || region->type > HANDOFF_RAM_TABLES) {
        return refuse_item(fault, "region", index, "type is none of enum handoff_region_type");
    }
    if (region->size == 0U || !is_aligned(region->base | region->size, HANDOFF_PAGE)) {
        return refuse_item(fault, "region", index, "not a multiple of 4 KiB, or empty");
    }
    if (!range_contains(0, HANDOFF_ADDRESS_END, region->base, region->size)) {
        return refuse_item(fault, "region", index, "ends above 2^48");
    }
    if (index > 0U && region->base - region[-1].base < region[-1].size) {
        return refuse_item(fault, "region", index, "overlaps the one before");
    }
    if (index > 0U && region->base < region[-1].base) {
        return refuse_item(fault, "region", index, "starts before the one before");
    }
    return STATUS_OK;
}

/* How many bytes from base on lie in one region of that type; type 0: of any memory type. */
static uint64_t bytes_in_region(const struct handoff *handoff, uint64_t base, uint32_t type)
{
    for (uint32_t i = 0; i < handoff->region_count; i++) {
        const struct handoff_region *region = &handoff->regions[i];
        bool matches = (type == 0U) ? region->type != HANDOFF_RUNTIME_MMIO : region->type == type;
        if (matches && base >= region->base && base - region->base < region->size) {
            return region->size - (base - region->base);
        }
    }
    return 0;
}

static bool range_is_type(const struct handoff *handoff, uint64_t base, uint64_t size, uint32_t type)
{
    uint64_t left = size;
    uint64_t at = base;

    while (left > 0U) {
        uint64_t here = bytes_in_region(handoff, at, type);
        if (here == 0U) {
            return false;
        }
        if (here >= left) {
            return true;
        }
        at += here;
        left -= here;
    }
    return false;
}

bool handoff_range_is_memory(const struct handoff *handoff, uint64_t base, uint64_t size)
{
    return range_is_type(handoff, base, size, 0);
}

static bool modules_overlap(const struct handoff_module *a, const struct handoff_module *b)
{
    return a->base < b->base + b->size && b->base < a->base + a->size;
}

static enum status check_module(const struct handoff *handoff, uint32_t index, struct platform_fault *fault)
{
    const struct handoff_module *module = &handoff->modules[index];

    if (module->kind != HANDOFF_MODULE_KERNEL && module->kind != HANDOFF_MODULE_INITRD) {
        return refuse_item(fault, "module", index, "kind is none of enum handoff_module_kind");
    }
    if (!is_aligned(module->base, HANDOFF_PAGE)) {
        return refuse_item(fault, "module", index, "base is not a multiple of 4 KiB");
    }
    if (!range_is_type(handoff, module->base, module->size, HANDOFF_RAM_MODULE)) {
        return refuse_item(fault, "module", index, "empty, or not inside regions of type HANDOFF_RAM_MODULE");
    }
    for (uint32_t i = 0; i < index; i++) {
        if (modules_overlap(module, &handoff->modules[i])) {
            return refuse_item(fault, "module", index, "overlaps an earlier one");
        }
        if (module->vm == handoff->modules[i].vm && module->kind == handoff->modules[i].kind) {
            return refuse_item(fault, "module", index, "the VM has one of this kind already");
        }
    }
    return STATUS_OK;
}

static enum status check_cpu(const struct handoff *handoff, uint32_t index, struct platform_fault *fault)
{
    const struct handoff_cpu *cpu = &handoff->cpus[index];

    if (cpu->state < HANDOFF_CPU_BOOT || cpu->state > HANDOFF_CPU_LEFT_OUT) {
        return refuse_item(fault, "CPU", index, "state is none of enum handoff_cpu_state");
    }
    if (cpu->state == HANDOFF_CPU_BOOT || (cpu->state == HANDOFF_CPU_LEFT_OUT && cpu->mailbox == 0U)) {
        return STATUS_OK;
    }
    if (!is_aligned(cpu->mailbox, HANDOFF_PAGE) ||
        (!range_is_type(handoff, cpu->mailbox, HANDOFF_PAGE, HANDOFF_RAM_RESERVED) &&
         !range_is_type(handoff, cpu->mailbox, HANDOFF_PAGE, HANDOFF_RAM_NVS))) {
        return refuse_item(fault, "CPU", index, "the mailbox is no page of a reserved region");
    }
    for (uint32_t i = 0; i < index; i++) {
        if (handoff->cpus[i].mpidr == cpu->mpidr || handoff->cpus[i].mailbox == cpu->mailbox) {
            return refuse_item(fault, "CPU", index, "MPIDR or mailbox is an earlier one's");
        }
    }
    return STATUS_OK;
}

static enum status check_places(const struct handoff *handoff, struct platform_fault *fault)
{
    if (!is_aligned(handoff->image_base, 0x200000U) ||
        !range_is_type(handoff, handoff->image_base, handoff->image_size, HANDOFF_RAM_HV)) {
        return refuse(fault, "image_base", handoff->image_base);
    }
    if (!is_aligned(handoff->config, 8) ||
        !range_is_type(handoff, handoff->config, handoff->config_size, HANDOFF_RAM_HANDOFF)) {
        return refuse(fault, "config", handoff->config);
    }
    if (handoff->fdt != 0U && !handoff_range_is_memory(handoff, handoff->fdt, handoff->fdt_size)) {
        return refuse(fault, "fdt", handoff->fdt);
    }
    if (handoff->efi_map_size != 0U && !handoff_range_is_memory(handoff, handoff->efi_map, handoff->efi_map_size)) {
        return refuse(fault, "efi_map", handoff->efi_map);
    }
    return STATUS_OK;
}

enum status handoff_check(const struct handoff *handoff, size_t size, struct platform_fault *fault)
{
    enum status status = check_header(handoff, size, fault);

    for (uint32_t i = 0; status == STATUS_OK && i < handoff->region_count; i++) {
        status = check_region(handoff, i, fault);
    }
    for (uint32_t i = 0; status == STATUS_OK && i < handoff->module_count; i++) {
        status = check_module(handoff, i, fault);
    }
    for (uint32_t i = 0; status == STATUS_OK && i < handoff->cpu_count; i++) {
        status = check_cpu(handoff, i, fault);
    }
    return status == STATUS_OK ? check_places(handoff, fault) : status;
}
