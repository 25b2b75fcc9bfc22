/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Finds out what machine this is: from ACPI, or else from the device tree. Called once by main.c on the boot CPU before
 * the hypervisor's own tables; owns no state, the caller keeps struct platform.
 */
#include "platform/platform.h"

#include "arch/phys.h"
#include "lib/log.h"
#include "platform/acpi.h"
#include "platform/fdt_platform.h"
#include "platform/handoff_check.h"
#include "platform/platform_fill.h"

/* One table by its signature, given to its reader. */
static enum status read_table(const struct acpi_root *root, const char *signature,
                              enum status (*read)(const void *table, uint32_t size, struct platform *out,
                                                  struct platform_fault *fault),
                              struct platform *out, struct platform_fault *fault)
{
    struct acpi_table table;
    enum status status = acpi_table_find(root, signature, &table, fault);

    return status == STATUS_OK ? read(table.bytes, table.size, out, fault) : status;
}

/* A machine without a console, or with one that we can't drive, still runs. */
static enum status read_console(const struct acpi_root *root, struct platform *out, struct platform_fault *fault)
{
    enum status status = read_table(root, "SPCR", acpi_spcr_read, out, fault);

    if (status == STATUS_NOT_FOUND || status == STATUS_UNSUPPORTED) {
        log_warning("platform", "no console: %s", fault->text);
        out->console = (struct platform_console){.type = CONSOLE_NONE};
        return STATUS_OK;
    }
    return status;
}

static enum status discover_acpi(const struct handoff *handoff, struct platform *out, struct platform_fault *fault)
{
    struct acpi_root root;
    enum status status = acpi_root_open(handoff, &root, fault);

    out->source = "ACPI";
    if (status == STATUS_OK) {
        status = read_table(&root, "APIC", acpi_madt_read, out, fault);
    }
    if (status == STATUS_OK) {
        status = read_table(&root, "GTDT", acpi_gtdt_read, out, fault);
    }
    if (status == STATUS_OK) {
        status = read_table(&root, "FACP", acpi_fadt_read, out, fault);
    }
    return status == STATUS_OK ? read_console(&root, out, fault) : status;
}

static enum status discover_fdt(const struct handoff *handoff, struct platform *out, struct platform_fault *fault)
{
    out->source = "device tree";
    if (!handoff_range_is_memory(handoff, handoff->fdt, handoff->fdt_size)) {
        platform_fault_print(fault, "device tree: address: found 0x%lx of 0x%lx bytes, expected memory", handoff->fdt,
                             handoff->fdt_size);
        return STATUS_INVALID;
    }
    return fdt_platform_read(phys_to_pointer(handoff->fdt), handoff->fdt_size, out, fault);
}

static enum status boot_cpu_first(struct platform *out, struct platform_fault *fault)
{
    for (uint32_t i = 0; i < out->cpu_count; i++) {
        if (out->cpus[i].mpidr == out->boot_mpidr) {
            struct platform_cpu boot = out->cpus[i];
            out->cpus[i] = out->cpus[0];
            out->cpus[0] = boot;
            return STATUS_OK;
        }
    }
    platform_fault_print(fault, "%s: CPUs: this CPU, MPIDR 0x%lx, is not among the %u that are enabled", out->source,
                         out->boot_mpidr, out->cpu_count);
    return STATUS_NOT_FOUND;
}

static void report(const struct platform *out)
{
    if (out->cpus_disabled > 0U) {
        log_info("platform", "%u CPUs are left out: not enabled by the firmware", out->cpus_disabled);
    }
    if (out->cpus_left_out > 0U) {
        log_warning("platform", "%u CPUs are left out, the first with MPIDR 0x%lx: more than %u", out->cpus_left_out,
                    out->first_left_out, PLATFORM_MAX_CPUS);
    }
}

/* The loader has rewritten the table that named it: how PSCI is called travels in the hand-over. */
static void take_conduit(const struct handoff *handoff, struct platform *out)
{
    static const enum platform_conduit conduits[] = {[HANDOFF_CONDUIT_NONE] = CONDUIT_NONE,
                                                     [HANDOFF_CONDUIT_SMC] = CONDUIT_SMC,
                                                     [HANDOFF_CONDUIT_HVC] = CONDUIT_HVC};

    if (handoff->cpu_count != 0U) {
        out->conduit = conduits[handoff->conduit];
    }
}

/* One source from an empty struct platform on. */
static enum status discover(const struct handoff *handoff, uint64_t boot_mpidr, struct platform *out,
                            struct platform_fault *fault,
                            enum status (*read)(const struct handoff *handoff, struct platform *out,
                                                struct platform_fault *fault))
{
    *out = (struct platform){.boot_mpidr = boot_mpidr & PLATFORM_AFFINITY};
    enum status status = read(handoff, out, fault);
    if (status == STATUS_OK) {
        status = boot_cpu_first(out, fault);
    }
    if (status == STATUS_OK) {
        take_conduit(handoff, out);
        report(out);
    }
    return status;
}

enum status platform_discover(const struct handoff *handoff, uint64_t boot_mpidr, struct platform *out,
                              struct platform_fault *fault)
{
    enum status status = STATUS_NOT_FOUND;

    platform_fault_print(fault, "the firmware gives neither ACPI tables nor a device tree");
    if (handoff->rsdp != 0U) {
        status = discover(handoff, boot_mpidr, out, fault, discover_acpi);
    }
    if (status != STATUS_OK && handoff->fdt != 0U) {
        if (handoff->rsdp != 0U) {
            log_warning("platform", "the device tree is used, since ACPI can't be: %s", fault->text);
        }
        status = discover(handoff, boot_mpidr, out, fault, discover_fdt);
    }
    return status;
}
