/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An SPI whose routing other vCPUs change while it is on its way to a new owner, again and again: the vCPU that moves it needs no more of its
 * EL2 stack than for one move. They act where a lock is released: this program has the ranks of locks for itself.
 */
#include "vgic_fakes.h"

#include "dev/vgic/vgic_state.h"

#define IROUTER(intid) (0x08006000ULL + 8U * (intid))
#define CHASED 40U
#define HOPS 5000U
#define STACK_LIMIT 4096U

static struct vgic_irq *chased;
static unsigned hops;
static uintptr_t lowest, highest;
static unsigned held;

void lock_rank_take(uint16_t rank)
{
    (void)rank;
    held++;
}

void lock_rank_leave(uint16_t rank)
{
    uintptr_t here = (uintptr_t)__builtin_frame_address(0);
    held--;
    lowest = here < lowest ? here : lowest;
    highest = here > highest ? here : highest;
    if (rank == LOCK_RANK_VGIC_VCPU && chased != NULL && hops != 0U && chased->owner == chased->target) {
        hops--;
        chased->target = (uint8_t)(1U - chased->target);
    }
}

bool spinlock_none_held(void)
{
    return held == 0U;
}

static void test_routing_that_changes_all_the_time(void **unused)
{
    (void)unused;
    fake_start(2, 4, true);
    fake_load(0, 0);
    chased = &((struct vgic *)fake_vm.device[DEVICE_VGIC])->spi[CHASED - VGIC_PRIVATE];
    lowest = UINTPTR_MAX;
    highest = 0;
    hops = HOPS;
    fake_write(IROUTER(CHASED), 8, 1);
    assert_int_equal(hops, 0);
    assert_int_equal(chased->owner, chased->target);
    assert_true(highest - lowest < STACK_LIMIT);
    chased = NULL;
    fake_put(0);
    fake_stop();
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_routing_that_changes_all_the_time)};
    return cmocka_run_group_tests_name("vgic_route", tests, NULL, NULL);
}
