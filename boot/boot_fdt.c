/* SPDX-License-Identifier: Apache-2.0 */
/* See boot_fdt.h. */
#include "boot_fdt.h"

#include <libfdt.h>
#include <string.h>

#include "ashlar/mailbox_page.h"

#define TREE "device tree"

static bool refuse(struct boot_fault *fault, const char *what, uint64_t found)
{
    *fault = (struct boot_fault){TREE, what, found};
    return false;
}

/* A property that is one string, with its NUL; NULL otherwise. */
static const char *text_get(const void *fdt, int node, const char *name)
{
    int length = 0;
    const char *text = fdt_getprop(fdt, node, name, &length);

    return text != NULL && length > 0 && memchr(text, '\0', (size_t)length) == text + length - 1 ? text : NULL;
}

static bool text_is(const void *fdt, int node, const char *name, const char *value)
{
    const char *text = text_get(fdt, node, name);

    return text != NULL && strcmp(text, value) == 0;
}

/* "okay", or nothing; "ok" is what old trees say. */
static bool is_enabled(const void *fdt, int node)
{
    return fdt_getprop(fdt, node, "status", NULL) == NULL || text_is(fdt, node, "status", "okay") ||
           text_is(fdt, node, "status", "ok");
}

static bool is_cpu(const void *fdt, int node)
{
    const char *name = fdt_get_name(fdt, node, NULL);

    if (fdt_getprop(fdt, node, "device_type", NULL) != NULL) {
        return text_is(fdt, node, "device_type", "cpu");
    }
    return name != NULL && strncmp(name, "cpu@", 4) == 0;
}

static int psci_find(const void *fdt)
{
    static const char *const names[] = {"arm,psci-1.0", "arm,psci-0.2"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int node = fdt_node_offset_by_compatible(fdt, -1, names[i]);

        if (node >= 0 && is_enabled(fdt, node)) {
            return node;
        }
    }
    return -1;
}

static bool conduit_read(const void *fdt, uint32_t *conduit, struct boot_fault *fault)
{
    int psci = psci_find(fdt);

    *conduit = HANDOFF_CONDUIT_NONE;
    if (psci < 0) {
        return true;
    }
    if (text_is(fdt, psci, "method", "smc")) {
        *conduit = HANDOFF_CONDUIT_SMC;
        return true;
    }
    *conduit = HANDOFF_CONDUIT_HVC;
    return text_is(fdt, psci, "method", "hvc") ||
           refuse(fault, "psci: method is neither smc nor hvc, node at", (uint64_t)psci);
}

/* Some trees give the address in one cell. */
static bool release_read(const void *fdt, int node, uint64_t *release)
{
    int length = 0;
    const void *value = fdt_getprop(fdt, node, "cpu-release-addr", &length);

    if (value == NULL || (length != 4 && length != 8)) {
        return false;
    }
    *release = length == 8 ? fdt64_ld(value) : fdt32_ld(value);
    return *release % 8U == 0 && *release != 0;
}

static void protocol_read(const void *fdt, int node, uint32_t conduit, struct boot_cpu *cpu)
{
    if (text_is(fdt, node, "enable-method", "psci") && conduit != HANDOFF_CONDUIT_NONE) {
        cpu->protocol = HANDOFF_CPU_PSCI;
    } else if (text_is(fdt, node, "enable-method", "spin-table") && release_read(fdt, node, &cpu->release)) {
        cpu->protocol = HANDOFF_CPU_SPIN_TABLE;
    }
}

/* reg: Aff3 in the first of two cells, Aff2 to Aff0 in the last (binding "arm,cpus"). */
static bool mpidr_read(const void *fdt, int node, int cells, uint64_t *mpidr, struct boot_fault *fault)
{
    int length = 0;
    const void *reg = fdt_getprop(fdt, node, "reg", &length);

    if (reg == NULL || length != cells * 4) {
        return refuse(fault, "cpu: reg has bytes", reg == NULL ? 0 : (uint64_t)length);
    }
    *mpidr = cells == 2 ? fdt64_ld(reg) : fdt32_ld(reg);
    return (*mpidr & ~BOOT_CPUS_AFFINITY) == 0 || refuse(fault, "cpu: reg is not an affinity", *mpidr);
}

static bool cpu_add(struct boot_cpus *cpus, const struct boot_cpu *cpu, struct boot_fault *fault)
{
    for (uint32_t i = 0; i < cpus->count; i++) {
        if (cpus->cpus[i].mpidr == cpu->mpidr) {
            return refuse(fault, "two CPUs of one reg", cpu->mpidr);
        }
    }
    if (cpus->count == HANDOFF_MAX_CPUS) {
        cpus->left_out++;
        if (cpu->boot) {
            cpus->cpus[HANDOFF_MAX_CPUS - 1U] = *cpu;
        }
        return true;
    }
    cpus->cpus[cpus->count] = *cpu;
    cpus->cpus[cpus->count].number = cpus->count;
    cpus->count++;
    return true;
}

/*
 * CPUs that wait at one address can't be told apart by it: all of them would go where the first is sent.
 */
static void shared_release_drop(struct boot_cpus *cpus)
{
    for (uint32_t i = 0; i < cpus->count; i++) {
        for (uint32_t j = 0; j < cpus->count; j++) {
            struct boot_cpu *a = &cpus->cpus[i];

            if (i != j && a->release != 0 && a->release == cpus->cpus[j].release) {
                a->protocol = HANDOFF_CPU_UNKNOWN;
            }
        }
    }
}

static bool cpus_read(const void *fdt, int parent, uint64_t boot_mpidr, struct boot_cpus *cpus,
                      struct boot_fault *fault)
{
    int cells = fdt_address_cells(fdt, parent);
    int node;

    if (cells != 1 && cells != 2) {
        return refuse(fault, "/cpus: #address-cells", (uint64_t)cells);
    }
    fdt_for_each_subnode(node, fdt, parent)
    {
        struct boot_cpu cpu = {0};

        if (!is_cpu(fdt, node)) {
            continue;
        }
        if (!mpidr_read(fdt, node, cells, &cpu.mpidr, fault)) {
            return false;
        }
        cpu.boot = cpu.mpidr == boot_mpidr;
        /* A spin-table's CPU is "disabled" until it was released (Devicetree Specification, 3.8.1). */
        protocol_read(fdt, node, cpus->conduit, &cpu);
        if (!is_enabled(fdt, node) &&
            !(cpu.protocol == HANDOFF_CPU_SPIN_TABLE && text_is(fdt, node, "status", "disabled"))) {
            cpus->disabled++;
        } else if (!cpu_add(cpus, &cpu, fault)) {
            return false;
        }
    }
    return true;
}

bool boot_fdt_read(const void *fdt, uint64_t boot_mpidr, struct boot_cpus *cpus, struct boot_fault *fault)
{
    int parent = fdt_path_offset(fdt, "/cpus");
    bool has_boot = false;

    *cpus = (struct boot_cpus){0};
    if (parent < 0) {
        return refuse(fault, "no /cpus, libfdt says", (uint64_t)-parent);
    }
    if (!conduit_read(fdt, &cpus->conduit, fault) || !cpus_read(fdt, parent, boot_mpidr, cpus, fault)) {
        return false;
    }
    shared_release_drop(cpus);
    for (uint32_t i = 0; i < cpus->count; i++) {
        has_boot = has_boot || cpus->cpus[i].boot;
    }
    return has_boot || refuse(fault, "no CPU that is the one that runs, MPIDR", boot_mpidr);
}

/* ---- rewriting ---- */

/* The node with this MPIDR: by value, since each change moves the nodes behind it. */
static int cpu_find(const void *fdt, uint64_t mpidr)
{
    struct boot_fault fault;
    int parent = fdt_path_offset(fdt, "/cpus");
    int cells = fdt_address_cells(fdt, parent);
    int node;

    fdt_for_each_subnode(node, fdt, parent)
    {
        uint64_t found = 0;

        if (is_cpu(fdt, node) && mpidr_read(fdt, node, cells, &found, &fault) && found == mpidr) {
            return node;
        }
    }
    return -FDT_ERR_NOTFOUND;
}

static int cpu_rewrite(void *fdt, const struct boot_cpu *cpu)
{
    int node = cpu_find(fdt, cpu->mpidr);
    int error;

    if (cpu->mailbox == 0) {
        error = node < 0 ? node : fdt_delprop(fdt, node, "enable-method");
        return error == -FDT_ERR_NOTFOUND ? 0 : error;
    }
    error = node < 0 ? node : fdt_setprop_string(fdt, node, "enable-method", "spin-table");
    return error != 0 ? error : fdt_setprop_u64(fdt, node, "cpu-release-addr", cpu->mailbox + MAILBOX_RELEASE);
}

static int psci_remove(void *fdt)
{
    static const char *const names[] = {"arm,psci-1.0", "arm,psci-0.2", "arm,psci"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        int node;

        while ((node = fdt_node_offset_by_compatible(fdt, -1, names[i])) >= 0) {
            int error = fdt_del_node(fdt, node);

            if (error != 0) {
                return error;
            }
        }
    }
    return 0;
}

bool boot_fdt_rewrite(void *fdt, const struct boot_cpus *cpus, struct boot_fault *fault)
{
    int error = 0;
    bool any = false;

    for (uint32_t i = 0; i < cpus->count; i++) {
        any = any || (cpus->cpus[i].mailbox != 0 && !cpus->cpus[i].boot);
    }
    if (!any) {
        return refuse(fault, "CPUs with a mailbox", 0);
    }
    for (uint32_t i = 0; i < cpus->count && error == 0; i++) {
        error = cpu_rewrite(fdt, &cpus->cpus[i]);
    }
    error = error == 0 ? psci_remove(fdt) : error;
    return error == 0 || refuse(fault, "it can't be changed, libfdt says", (uint64_t)-error);
}
