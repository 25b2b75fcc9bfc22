/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reads CPUs, PSCI, GICv3 and timer of a device tree (Devicetree Specification 0.4, 3.8; bindings "arm,cpus", "arm,psci",
 * "arm,gic-v3", "arm,arch_timer"). libfdt reads only; fdt_check_full comes first. Called by platform.c; owns no state.
 */
#include "platform/fdt_platform.h"

#include <libfdt.h>

#include "lib/bits.h"
#include "lib/log.h"
#include "platform/dt_node.h"
#include "platform/platform_fill.h"

#define FDT_ALIGNMENT 8U
#define CELL_ALIGNMENT 4U

static const char *node_name(const void *fdt, int node)
{
    const char *name = fdt_get_name(fdt, node, NULL);

    return name == NULL ? "?" : name;
}

/* The first enabled node of that kind, or below 0. */
static int find_compatible(const void *fdt, const char *compatible)
{
    int node = fdt_node_offset_by_compatible(fdt, -1, compatible);

    while (node >= 0 && !dt_node_is_enabled(fdt, node)) {
        node = fdt_node_offset_by_compatible(fdt, node, compatible);
    }
    return node;
}

static enum status read_psci(const void *fdt, struct platform *out, struct platform_fault *fault)
{
    static const struct {
        const char *compatible;
        uint32_t version; /* as PSCI_VERSION gives it */
    } versions[] = {{"arm,psci-1.0", 0x10000U}, {"arm,psci-0.2", 2U}};

    for (unsigned i = 0; i < ARRAY_SIZE(versions); i++) {
        int node = find_compatible(fdt, versions[i].compatible);
        if (node < 0) {
            continue;
        }
        const char *method = dt_string(fdt, node, "method");
        if (method != NULL && strcmp(method, "smc") == 0) {
            out->conduit = CONDUIT_SMC;
        } else if (method != NULL && strcmp(method, "hvc") == 0) {
            out->conduit = CONDUIT_HVC;
        } else {
            platform_fault_print(fault, "device tree: %s: method: found '%.16s', expected smc or hvc",
                                 node_name(fdt, node), method == NULL ? "" : method);
            return STATUS_INVALID;
        }
        out->psci_version = versions[i].version;
        return STATUS_OK;
    }
    out->conduit = CONDUIT_NONE;
    return STATUS_OK;
}

/* reg of a CPU: Aff3 in the first of two cells, Aff2 to Aff0 in the last (binding "arm,cpus"). */
static enum status read_cpu_mpidr(const void *fdt, int node, int cells, uint64_t *mpidr, struct platform_fault *fault)
{
    int length;
    const void *reg = fdt_getprop(fdt, node, "reg", &length);

    if (reg == NULL || length != cells * 4) {
        platform_fault_print(fault, "device tree: %s: reg: found %d bytes, expected %d", node_name(fdt, node),
                             reg == NULL ? 0 : length, cells * 4);
        return STATUS_INVALID;
    }
    *mpidr = cells == 2 ? fdt64_ld(reg) : fdt32_ld(reg);
    if ((*mpidr & ~PLATFORM_AFFINITY) != 0U) {
        platform_fault_print(fault, "device tree: %s: reg: found 0x%lx, expected affinity fields only",
                             node_name(fdt, node), *mpidr);
        return STATUS_RANGE;
    }
    return STATUS_OK;
}

static bool is_cpu(const void *fdt, int node)
{
    const char *type = dt_string(fdt, node, "device_type");

    if (type != NULL) {
        return strcmp(type, "cpu") == 0;
    }
    return strncmp(node_name(fdt, node), "cpu@", 4) == 0;
}

/*
 * A CPU that nobody knows how to start is of no use unless it is the one that runs already. A spin-table's CPU is "disabled" until it is
 * released (Devicetree Specification 0.4, 3.8.1). Whether it waits at a mailbox says the hand-over.
 */
static bool is_for_use(const void *fdt, int node, bool boot_cpu)
{
    const char *method = dt_string(fdt, node, "enable-method");
    const char *status = dt_string(fdt, node, "status");

    if (boot_cpu || method == NULL) {
        return boot_cpu && dt_node_is_enabled(fdt, node);
    }
    if (strcmp(method, "spin-table") == 0) {
        return dt_node_is_enabled(fdt, node) || (status != NULL && strcmp(status, "disabled") == 0);
    }
    return strcmp(method, "psci") == 0 && dt_node_is_enabled(fdt, node);
}

static enum status read_cpu(const void *fdt, int node, int cells, struct platform *out, struct platform_fault *fault)
{
    struct platform_cpu cpu = {0};
    enum status status = read_cpu_mpidr(fdt, node, cells, &cpu.mpidr, fault);

    if (status != STATUS_OK) {
        return status;
    }
    cpu.enabled = is_for_use(fdt, node, cpu.mpidr == out->boot_mpidr);
    return platform_cpu_add(out, &cpu, "device tree: /cpus", fault);
}

static enum status read_cpus(const void *fdt, struct platform *out, struct platform_fault *fault)
{
    int cpus = fdt_path_offset(fdt, "/cpus");
    int node;

    if (cpus < 0) {
        platform_fault_print(fault, "device tree: /cpus: found none");
        return STATUS_NOT_FOUND;
    }
    int cells = fdt_address_cells(fdt, cpus);
    if (cells != 1 && cells != 2) {
        platform_fault_print(fault, "device tree: /cpus: #address-cells: found %d, expected 1 or 2", cells);
        return STATUS_INVALID;
    }
    fdt_for_each_subnode(node, fdt, cpus)
    {
        enum status status = is_cpu(fdt, node) ? read_cpu(fdt, node, cells, out, fault) : STATUS_OK;
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status refuse_property(const void *fdt, int node, const char *property, enum status status,
                                   struct platform_fault *fault)
{
    platform_fault_print(fault, "device tree: %s: %s: absent, malformed or out of range", node_name(fdt, node),
                         property);
    return status;
}

/* reg: distributor, then the redistributor regions, then the memory-mapped CPU interfaces. */
static enum status read_gic_registers(const void *fdt, int node, struct platform *out, struct platform_fault *fault)
{
    uint64_t base;
    uint64_t size;
    uint64_t regions = 1;
    enum status status = dt_reg(fdt, node, 0, &base, &size);

    if (status != STATUS_OK) {
        return refuse_property(fdt, node, "reg (GICD)", status, fault);
    }
    if (size < PLATFORM_GIC_FRAME) {
        return refuse_property(fdt, node, "reg (GICD's size)", STATUS_RANGE, fault);
    }
    out->gicd_base = base;
    status = dt_number(fdt, node, "#redistributor-regions", &regions);
    if ((status != STATUS_OK && status != STATUS_NOT_FOUND) || regions == 0U || regions > PLATFORM_MAX_REDISTRIBUTORS) {
        return refuse_property(fdt, node, "#redistributor-regions", STATUS_RANGE, fault);
    }
    for (unsigned i = 1; i <= regions; i++) {
        status = dt_reg(fdt, node, i, &base, &size);
        if (status != STATUS_OK) {
            return refuse_property(fdt, node, "reg (GICR)", status, fault);
        }
        status = platform_redistributor_add(out, base, size, node_name(fdt, node), fault);
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

static enum status read_gic_stride(const void *fdt, int node, struct platform *out, struct platform_fault *fault)
{
    enum status status = dt_number(fdt, node, "redistributor-stride", &out->redistributor_stride);

    if (status == STATUS_NOT_FOUND) {
        out->redistributor_stride = 0;
        return STATUS_OK;
    }
    uint64_t stride = out->redistributor_stride;
    if (status != STATUS_OK || stride < 2U * PLATFORM_GIC_FRAME || !is_aligned(stride, PLATFORM_GIC_FRAME) ||
        stride > PLATFORM_ADDRESS_END) {
        return refuse_property(fdt, node, "redistributor-stride", STATUS_RANGE, fault);
    }
    return STATUS_OK;
}

static enum status read_gic(const void *fdt, int node, struct platform *out, struct platform_fault *fault)
{
    uint32_t maintenance;
    enum status status = read_gic_registers(fdt, node, out, fault);

    if (status == STATUS_OK) {
        status = read_gic_stride(fdt, node, out, fault);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = dt_interrupt(fdt, node, node, 0, &maintenance);
    if (status != STATUS_OK) {
        return refuse_property(fdt, node, "interrupts (VGIC maintenance)", status, fault);
    }
    for (uint32_t i = 0; i < out->cpu_count; i++) {
        out->cpus[i].maintenance_intid = maintenance;
    }
    return platform_gic_check(out, "device tree", fault);
}

/* Binding "arm,arch_timer": by name, else in this order: secure EL1, non-secure EL1, virtual, EL2. */
static enum status read_timer_interrupt(const void *fdt, int node, int gic, const char *name, unsigned place,
                                        uint32_t *intid)
{
    if (fdt_getprop(fdt, node, "interrupt-names", NULL) != NULL) {
        return dt_interrupt_named(fdt, node, gic, name, intid);
    }
    return dt_interrupt(fdt, node, gic, place, intid);
}

static enum status read_timer(const void *fdt, int gic, struct platform *out, struct platform_fault *fault)
{
    int node = find_compatible(fdt, "arm,armv8-timer");

    if (node < 0) {
        platform_fault_print(fault, "device tree: arm,armv8-timer: found none");
        return STATUS_NOT_FOUND;
    }
    enum status status = read_timer_interrupt(fdt, node, gic, "phys", 1, &out->timer_phys_intid);
    if (status == STATUS_OK) {
        status = read_timer_interrupt(fdt, node, gic, "virt", 2, &out->timer_virt_intid);
    }
    if (status == STATUS_OK) {
        status = read_timer_interrupt(fdt, node, gic, "hyp-phys", 3, &out->timer_hyp_intid);
    }
    if (status != STATUS_OK) {
        return refuse_property(fdt, node, "interrupts", status, fault);
    }
    return platform_timer_check(out, "device tree: timer", fault);
}

static enum status check_tree(const void *fdt, size_t size, struct platform_fault *fault)
{
    if (!is_aligned((uintptr_t)fdt, FDT_ALIGNMENT)) {
        platform_fault_print(fault, "device tree: address: not a multiple of %u", FDT_ALIGNMENT);
        return STATUS_INVALID;
    }
    /* 5.6: both blocks are aligned, which libfdt relies on and does not check. */
    if (size < sizeof(struct fdt_header) || !is_aligned(fdt_off_dt_struct(fdt), CELL_ALIGNMENT) ||
        !is_aligned(fdt_off_mem_rsvmap(fdt), FDT_ALIGNMENT)) {
        platform_fault_print(fault, "device tree: header: no room for it, or its blocks are not aligned");
        return STATUS_INVALID;
    }
    int error = fdt_check_full(fdt, size);
    if (error != 0) {
        platform_fault_print(fault, "device tree: libfdt error %d", -error);
        return STATUS_INVALID;
    }
    return STATUS_OK;
}

enum status fdt_platform_read(const void *fdt, size_t size, struct platform *out, struct platform_fault *fault)
{
    enum status status = check_tree(fdt, size, fault);
    int gic = status == STATUS_OK ? find_compatible(fdt, "arm,gic-v3") : -1;

    if (status == STATUS_OK && gic < 0) {
        platform_fault_print(fault, "device tree: arm,gic-v3: found none");
        status = STATUS_NOT_FOUND;
    }
    if (status == STATUS_OK) {
        status = read_psci(fdt, out, fault);
    }
    if (status == STATUS_OK) {
        status = read_cpus(fdt, out, fault);
    }
    if (status == STATUS_OK) {
        status = read_gic(fdt, gic, out, fault);
    }
    if (status == STATUS_OK) {
        status = read_timer(fdt, gic, out, fault);
    }
    if (status != STATUS_OK) {
        return status;
    }
    status = fdt_console_read(fdt, gic, out, fault);
    if (status == STATUS_UNSUPPORTED) {
        log_warning("platform", "no console: %s", fault->text);
        status = STATUS_OK;
    }
    return status;
}
