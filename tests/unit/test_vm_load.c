/* SPDX-License-Identifier: Apache-2.0 */
/* hv/vm/vm_load.c: what lies in a VM's RAM before its first instruction, as an observer without caches sees it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "arch/phys.h"
#include "mem/page_alloc.h"
#include "seeded.h"
#include "vm/vm.h"

#define POOL 0x80000000ULL
#define POOL_SIZE (64ULL << 20)
#define KERNEL_PA 0x40000000ULL
#define INITRD_PA 0x48000000ULL
#define FILE_MAX (3ULL << 20)
#define RAM (8ULL << 20)

static struct config config;
static struct handoff handoff;

static int set_up(void **state)
{
    (void)state;
    host_reset();
    page_alloc_reset();
    host_phys_add(POOL, POOL_SIZE);
    host_phys_add(KERNEL_PA, FILE_MAX);
    host_phys_add(INITRD_PA, FILE_MAX);
    host_cache_enable();
    assert_int_equal(page_alloc_add(pa_make(POOL), POOL_SIZE), STATUS_OK);
    config.vm_count = 1;
    config.vms[0] = (struct vm_config){.name = "test", .cpus = 1, .memory = RAM, .flat = true};
    handoff.modules[0].kind = HANDOFF_MODULE_KERNEL;
    handoff.modules[0].base = KERNEL_PA;
    handoff.modules[1].kind = HANDOFF_MODULE_INITRD;
    handoff.modules[1].base = INITRD_PA;
    vm_setup(&config, &handoff);
    return 0;
}

static void file_fill(struct seeded *seeded, uint64_t pa)
{
    uint8_t *bytes = phys_to_pointer(pa);
    uint64_t word = seeded_next(seeded) | 1U;
    for (uint64_t i = 0; i < FILE_MAX; i++)
        bytes[i] = (uint8_t)((word >> (i % 57U)) | 1U);
}

static void load(struct vm *vm)
{
    uint64_t entry;
    uint64_t tree;
    vm->load = (struct vm_load){.phase = VM_LOAD_PLACE};
    while (vm->load.phase != VM_LOAD_TREE)
        assert_int_equal(vm_load_step(vm, &entry, &tree), STATUS_BUSY);
}

static void expect_file(uint8_t *model, const struct handoff_module *file, uint64_t offset)
{
    memcpy(model + offset, phys_to_pointer(file->base), file->size);
}

/* Files of any size at any place, on RAM that is full of dirty lines. */
static void test_files_and_zeroes(void **state)
{
    struct seeded seeded;
    struct vm *vm = vm_get(0);
    uint8_t *model = malloc(RAM);
    (void)state;
    seeded_start(&seeded, "vm_load");
    assert_non_null(model);
    assert_int_equal(guest_memory_create(&vm->memory, ipa_make(VM_RAM_BASE), RAM, OWNER_VM(0)), STATUS_OK);
    file_fill(&seeded, KERNEL_PA);
    file_fill(&seeded, INITRD_PA);
    for (unsigned round = 0; round < 4; round++) {
        handoff.module_count = 1U + round % 2U;
        handoff.modules[0].size = seeded_below(&seeded, 2U << 20) + 1;
        handoff.modules[1].size = round == 3 ? 0 : seeded_below(&seeded, 2U << 20) + 1;
        config.vms[0].kernel_offset = round % 3 == 0 ? 0x80000 : seeded_below(&seeded, 1U << 20);
        for (uint32_t i = 0; i < vm->memory.extent_count; i++)
            memset(phys_to_pointer(vm->memory.extents[i].pa), 0xdd, vm->memory.extents[i].size);
        load(vm);
        memset(model, 0, RAM);
        expect_file(model, &handoff.modules[0], vm->load.layout.kernel);
        if (handoff.module_count == 2)
            expect_file(model, &handoff.modules[1], vm->load.layout.initrd);
        for (uint64_t at = 0; at < RAM; at++) {
            const struct guest_extent *extent = &vm->memory.extents[0];
            while (VM_RAM_BASE + at - extent->ipa >= extent->size)
                extent++;
            uint8_t seen = host_cache_read_uncached(extent->pa + (VM_RAM_BASE + at - extent->ipa));
            if (seen != model[at])
                fail_msg("round %u: 0x%lx: 0x%x in place of 0x%x", round, at, seen, model[at]);
        }
    }
    free(model);
    guest_memory_destroy(&vm->memory);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(test_files_and_zeroes, set_up)};
    return cmocka_run_group_tests_name("vm_load", tests, NULL, NULL);
}
