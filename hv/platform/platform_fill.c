/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checks that ACPI tables and the device tree have in common. Called by the parsers of platform/ while
 * platform_discover runs, on the boot CPU alone; owns no state.
 */
#include "platform/platform_fill.h"

#include <stdarg.h>
#include <stddef.h>

#include "lib/bits.h"
#include "lib/format.h"

void platform_fault_print(struct platform_fault *fault, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    (void)format_vtext(fault->text, sizeof(fault->text), format, arguments);
    va_end(arguments);
    for (size_t i = 0; i < sizeof(fault->text) && fault->text[i] != '\0'; i++) {
        if (fault->text[i] < ' ' || fault->text[i] > '~') {
            fault->text[i] = '?';
        }
    }
}

bool platform_range_valid(uint64_t base, uint64_t size, uint64_t alignment)
{
    return base != 0U && size != 0U && is_aligned(base, alignment) &&
           range_contains(0, PLATFORM_ADDRESS_END, base, size);
}

bool platform_intid_is_ppi(uint32_t intid)
{
    return (intid >= 16U && intid <= 31U) || (intid >= 1056U && intid <= 1119U);
}

bool platform_intid_is_spi(uint32_t intid)
{
    return (intid >= 32U && intid <= 1019U) || (intid >= 4096U && intid <= 5119U);
}

static bool ranges_overlap(const struct platform_range *a, const struct platform_range *b)
{
    return a->base < b->base + b->size && b->base < a->base + a->size;
}

static void leave_out(struct platform *out, uint64_t mpidr)
{
    if (out->cpus_left_out == 0U) {
        out->first_left_out = mpidr;
    }
    out->cpus_left_out++;
}

enum status platform_cpu_add(struct platform *out, const struct platform_cpu *cpu, const char *where,
                             struct platform_fault *fault)
{
    if (!cpu->enabled) {
        out->cpus_disabled++;
        return STATUS_OK;
    }
    for (uint32_t i = 0; i < out->cpu_count; i++) {
        if (out->cpus[i].mpidr == cpu->mpidr) {
            platform_fault_print(fault, "%s: MPIDR: found 0x%lx twice, expected it once", where, cpu->mpidr);
            return STATUS_EXISTS;
        }
    }
    if (out->cpu_count < PLATFORM_MAX_CPUS) {
        out->cpus[out->cpu_count++] = *cpu;
    } else if (cpu->mpidr == out->boot_mpidr) {
        leave_out(out, out->cpus[PLATFORM_MAX_CPUS - 1U].mpidr);
        out->cpus[PLATFORM_MAX_CPUS - 1U] = *cpu;
    } else {
        leave_out(out, cpu->mpidr);
    }
    return STATUS_OK;
}

enum status platform_redistributor_add(struct platform *out, uint64_t base, uint64_t size, const char *where,
                                       struct platform_fault *fault)
{
    struct platform_range range = {base, size};

    if (!platform_range_valid(base, size, PLATFORM_GIC_FRAME) || !is_aligned(size, PLATFORM_GIC_FRAME)) {
        platform_fault_print(fault, "%s: redistributors at 0x%lx of 0x%lx bytes, expected 64 KiB frames below 2^46",
                             where, base, size);
        return STATUS_RANGE;
    }
    for (uint32_t i = 0; i < out->redistributor_count; i++) {
        if (ranges_overlap(&range, &out->redistributors[i])) {
            platform_fault_print(fault, "%s: redistributors at 0x%lx overlap those at 0x%lx", where, base,
                                 out->redistributors[i].base);
            return STATUS_EXISTS;
        }
    }
    if (out->redistributor_count == PLATFORM_MAX_REDISTRIBUTORS) {
        platform_fault_print(fault, "%s: redistributors: found more than %u ranges", where,
                             PLATFORM_MAX_REDISTRIBUTORS);
        return STATUS_NO_MEMORY;
    }
    out->redistributors[out->redistributor_count++] = range;
    return STATUS_OK;
}

static enum status check_cpu(const struct platform *out, const struct platform_cpu *cpu, const char *where,
                             struct platform_fault *fault)
{
    if (!platform_intid_is_ppi(cpu->maintenance_intid)) {
        platform_fault_print(fault, "%s: CPU 0x%lx: VGIC maintenance interrupt: found %u, expected a PPI", where,
                             cpu->mpidr, cpu->maintenance_intid);
        return STATUS_RANGE;
    }
    if (out->redistributor_count == 0U && cpu->gicr_base == 0U) {
        platform_fault_print(fault, "%s: CPU 0x%lx: GICR base address: found 0 and no range of redistributors", where,
                             cpu->mpidr);
        return STATUS_NOT_FOUND;
    }
    return STATUS_OK;
}

enum status platform_gic_check(const struct platform *out, const char *where, struct platform_fault *fault)
{
    struct platform_range gicd = {out->gicd_base, PLATFORM_GIC_FRAME};

    if (out->cpu_count == 0U) {
        platform_fault_print(fault, "%s: CPUs: found none that is enabled", where);
        return STATUS_NOT_FOUND;
    }
    if (!platform_range_valid(gicd.base, gicd.size, PLATFORM_GIC_FRAME)) {
        platform_fault_print(fault, "%s: GICD: base address: found 0x%lx, expected a 64 KiB frame below 2^46", where,
                             gicd.base);
        return STATUS_RANGE;
    }
    for (uint32_t i = 0; i < out->redistributor_count; i++) {
        if (ranges_overlap(&gicd, &out->redistributors[i])) {
            platform_fault_print(fault, "%s: redistributors at 0x%lx overlap GICD at 0x%lx", where,
                                 out->redistributors[i].base, gicd.base);
            return STATUS_EXISTS;
        }
    }
    for (uint32_t i = 0; i < out->cpu_count; i++) {
        enum status status = check_cpu(out, &out->cpus[i], where, fault);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status check_timer(uint32_t intid, const char *timer, const char *where, struct platform_fault *fault)
{
    if (platform_intid_is_ppi(intid)) {
        return STATUS_OK;
    }
    platform_fault_print(fault, "%s: %s: found interrupt %u, expected a PPI", where, timer, intid);
    return STATUS_RANGE;
}

enum status platform_timer_check(const struct platform *out, const char *where, struct platform_fault *fault)
{
    enum status status = check_timer(out->timer_phys_intid, "non-secure EL1 timer", where, fault);

    if (status == STATUS_OK) {
        status = check_timer(out->timer_virt_intid, "virtual timer", where, fault);
    }
    if (status == STATUS_OK) {
        status = check_timer(out->timer_hyp_intid, "EL2 timer", where, fault);
    }
    if (status == STATUS_OK &&
        (out->timer_phys_intid == out->timer_virt_intid || out->timer_phys_intid == out->timer_hyp_intid ||
         out->timer_virt_intid == out->timer_hyp_intid)) {
        platform_fault_print(fault, "%s: timer interrupts: found %u (EL1), %u (virtual), %u (EL2), expected different",
                             where, out->timer_phys_intid, out->timer_virt_intid, out->timer_hyp_intid);
        status = STATUS_EXISTS;
    }
    return status;
}
