/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the virtual GIC. The input is a program: its first byte chooses, the others are the steps.
 *
 * Steps of tests/unit/vgic_random.h keep to what IHI 0069 defines, and after each the list registers of every CPU must offer what the ideal
 * GIC offers. Wild steps do anything a guest can do: any offset, width and value in every frame, any ICC register that traps, ends and
 * deactivations of what was never acknowledged. Nothing is known of the result then, but the list registers obey the
 * architecture's rules, no lock and no page is left, and maintenance interrupts come to an end.
 * libFuzzer: -max_len=256
 */
#include <stddef.h>
#include <stdint.h>

#include "vgic_random.h"

#include "fuzz_device.h"

#define LIST_REGISTERS 4U

static void wild_any(void)
{
    wild_access(&random_state, &fake_vm.mmio.regions[pick(fake_vm.mmio.count)], vcpu_current());
}

/* As above, at the registers that have one bit, byte or doubleword per interrupt: any other hits one too seldom. */
static void wild_register(void)
{
    static const uint32_t starts[] = {0x80,  0x100, 0x180, 0x200, 0x280, 0x300, 0x380,
                                      0x400, 0x500, 0xC00, 0xC80, 0x0,   0x6000};
    uint32_t start = starts[pick(sizeof(starts) / sizeof(starts[0]))];
    unsigned target = pick(MODEL_VCPUS + 1U);
    uint64_t base = target == MODEL_VCPUS ? GICD : redistributor(target) + (pick(8) != 0U ? SGI_FRAME : 0U);
    uint64_t value = pick(2) != 0U ? UINT32_MAX : 1ULL << pick(32);
    uint64_t offset = start + (start == 0x6000U ? 8U * pick(MODEL_INTIDS) : 4U * pick(32));
    const struct mmio_region *region = fake_region(base + offset, 4);

    (void)region->ops->write(vcpu_current(), region->device, base + offset - region->base, 4, value);
}

static void wild_system_register(void)
{
    const struct sysreg_row *row = &fake_rows[pick(fake_row_count)];
    uint64_t value = seeded_next(&random_state);

    if (row->write != NULL && pick(4) != 0U) {
        (void)row->write(vcpu_current(), row->key, value);
    } else if (row->read != NULL) {
        (void)row->read(vcpu_current(), row->key, &value);
    }
}

/* Of the group that runs: with the other one the result is UNPREDICTABLE (IHI 0069, ICC_EOIR0_EL1). */
static void wild_end(uint32_t intid)
{
    uint32_t group0 = (uint32_t)host_sysreg_read(KEY_ICH_AP0R0_EL2);
    uint32_t group1 = (uint32_t)host_sysreg_read(KEY_ICH_AP1R0_EL2);

    if ((group0 | group1) != 0U) {
        bool first = group1 == 0U || (group0 != 0U && __builtin_ctz(group0) <= __builtin_ctz(group1));
        cpuif_end(first ? 0 : 1, intid);
    }
}

/* The hardware's part of a guest: what its ICC registers do without a trap. */
static void wild_interface(void)
{
    uint32_t intid = pick(8) == 0U ? pick(1024) : pick_intid();

    switch (pick(6)) {
    case 0:
        (void)cpuif_acknowledge(pick(2));
        break;
    case 1:
        wild_end(intid);
        break;
    case 2:
        if (cpuif_deactivate(intid)) {
            fake_msr(KEY_ICC_DIR_EL1, intid);
        }
        break;
    case 3:
        cpuif_set_mask(pick(256));
        break;
    case 4:
        cpuif_set_groups(pick(2) != 0U, pick(2) != 0U);
        break;
    default:
        cpuif_set_end_mode(pick(2) != 0U);
        break;
    }
}

static void wild_line(void)
{
    bool level = pick(2) != 0U;

    if (pick(2) != 0U) {
        vgic_set_spi(&fake_vm, pick_spi(), level);
    } else {
        vgic_set_ppi(&fake_vcpus[pick(MODEL_VCPUS)], pick(2) != 0U ? 20U : 30U, level);
    }
}

static void wild_step(void)
{
    static void (*const steps[])(void) = {
        wild_any,       wild_any,       wild_register, wild_register, wild_system_register,
        wild_interface, wild_interface, wild_line};
    unsigned choice = pick(10);
    unsigned vcpu = pick_loaded();

    if (choice >= 8U || vcpu == MODEL_VCPUS) {
        (choice == 8U ? step_timer : step_schedule)();
    } else {
        steps[choice]();
        assert_true(spinlock_none_held());
    }
    fake_settle();
    if (fire_timers()) {
        fake_settle();
    }
    for (unsigned cpu = 0; cpu < MODEL_CPUS; cpu++) {
        cpuif_check(cpu);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bool wild;

    seeded_from(&random_state, data, size);
    wild = pick(2) != 0U;
    uses_active_registers = !wild && pick(2) != 0U;
    fake_restart(MODEL_VCPUS, LIST_REGISTERS, true);
    random_start();
    while (seeded_more(&random_state)) {
        if (wild) {
            wild_step();
        } else {
            step();
        }
    }
    for (unsigned vcpu = 0; vcpu < MODEL_VCPUS; vcpu++) {
        if (guests[vcpu].loaded) {
            put_guest(vcpu);
        }
    }
    fake_stop();
    return 0;
}
