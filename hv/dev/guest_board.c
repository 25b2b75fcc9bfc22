/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The guest's board as a device tree (bindings as in docs/guest-board.md): the nodes that no device owns are written here, every other
 * one by its class's describe. Called by vm/ at each start of a VM. No state.
 */
#include <stddef.h>

#include <libfdt.h>

#include "dev/guest_tree.h"
#include "dev/pl011.h"
#include "lib/bits.h"
#include "lib/format.h"
#include "lib/random.h"
#include "vm/device.h"
#include "vm/guest_boot.h"
#include "vm/vcpu.h"
#include "vm/vm.h"

#define SEED_BYTES 64U

static void write_cells(struct guest_tree *tree, uint32_t address, uint32_t size)
{
    guest_tree_u32(tree, "#address-cells", address);
    guest_tree_u32(tree, "#size-cells", size);
}

static void write_seeds(struct guest_tree *tree)
{
    uint8_t seed[SEED_BYTES];
    uint64_t kaslr;

    if (!random_available()) {
        return;
    }
    random_bytes(seed, sizeof(seed));
    random_bytes(&kaslr, sizeof(kaslr));
    guest_tree_bytes(tree, "rng-seed", seed, sizeof(seed));
    guest_tree_u64(tree, "kaslr-seed", kaslr);
}

static void write_chosen(struct guest_tree *tree, const struct guest_boot *boot)
{
    guest_tree_begin(tree, "chosen");
    if (boot->cmdline != NULL && boot->cmdline[0] != '\0') {
        guest_tree_string(tree, "bootargs", boot->cmdline);
    }
    guest_tree_string(tree, "stdout-path", "/" PL011_NODE);
    if (boot->initrd_end > boot->initrd_start) {
        guest_tree_u64(tree, "linux,initrd-start", boot->initrd_start);
        guest_tree_u64(tree, "linux,initrd-end", boot->initrd_end);
    }
    write_seeds(tree);
    guest_tree_end(tree);
}

static void write_memory(struct guest_tree *tree, const struct vm *vm)
{
    const uint64_t reg[][2] = {{vm->memory.base, vm->memory.size}};
    char name[32];

    format_text(name, sizeof(name), "memory@%llx", (unsigned long long)vm->memory.base);
    guest_tree_begin(tree, name);
    guest_tree_string(tree, "device_type", "memory");
    guest_tree_reg(tree, reg, 1);
    guest_tree_end(tree);
}

/* reg is MPIDR_EL1's Aff2..Aff0: no VM has more vCPUs than those name. */
static void write_cpu(struct guest_tree *tree, const struct vcpu *vcpu)
{
    uint32_t affinity = (uint32_t)bits_get(vcpu->mpidr, 23, 0);
    char name[32];

    format_text(name, sizeof(name), "cpu@%x", affinity);
    guest_tree_begin(tree, name);
    guest_tree_string(tree, "device_type", "cpu");
    guest_tree_string(tree, "compatible", "arm,armv8");
    guest_tree_u32(tree, "reg", affinity);
    guest_tree_string(tree, "enable-method", "psci");
    guest_tree_end(tree);
}

static void write_cpus(struct guest_tree *tree, const struct vm *vm)
{
    guest_tree_begin(tree, "cpus");
    write_cells(tree, 1, 0);
    for (uint32_t i = 0; i < vm->vcpu_count; i++) {
        write_cpu(tree, vm->vcpus[i]);
    }
    guest_tree_end(tree);
}

static void write_clock(struct guest_tree *tree)
{
    guest_tree_begin(tree, "apb-pclk");
    guest_tree_string(tree, "compatible", "fixed-clock");
    guest_tree_u32(tree, "#clock-cells", 0);
    guest_tree_u32(tree, "clock-frequency", PL011_CLOCK);
    guest_tree_string(tree, "clock-output-names", "clk24mhz");
    guest_tree_u32(tree, "phandle", GUEST_TREE_PHANDLE_PCLK);
    guest_tree_end(tree);
}

/* "linux,dummy-virt" is what the kernel knows a virtual machine without a board by. */
static void write_root(struct guest_tree *tree)
{
    guest_tree_begin(tree, "");
    guest_tree_string(tree, "compatible", "linux,dummy-virt");
    guest_tree_string(tree, "model", "linux,dummy-virt");
    write_cells(tree, 2, 2);
    guest_tree_u32(tree, "interrupt-parent", GUEST_TREE_PHANDLE_GIC);
}

static enum status write_devices(struct guest_tree *tree, const struct vm *vm)
{
    for (unsigned i = 0; i < device_class_count; i++) {
        if (device_classes[i]->describe != NULL) {
            enum status status = device_classes[i]->describe(vm, tree);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return guest_tree_status(tree);
}

enum status vm_build_tree(const struct vm *vm, const struct guest_boot *boot, void *buffer, uint32_t size)
{
    struct guest_tree tree = {.fdt = buffer, .error = fdt_create(buffer, (int)size)};
    enum status status;

    if (tree.error == 0) {
        tree.error = fdt_finish_reservemap(tree.fdt);
    }
    write_root(&tree);
    write_chosen(&tree, boot);
    write_memory(&tree, vm);
    write_cpus(&tree, vm);
    write_clock(&tree);
    status = write_devices(&tree, vm);
    if (status != STATUS_OK) {
        return status;
    }
    guest_tree_end(&tree);
    if (tree.error == 0) {
        tree.error = fdt_finish(tree.fdt);
    }
    if (tree.error == 0) {
        /* Sequential writing leaves its strings at the end of the buffer, where the guest would find them behind the tree. */
        uint32_t used = fdt_totalsize(buffer);
        memset((uint8_t *)buffer + used, 0, size - used);
    }
    return guest_tree_status(&tree);
}
