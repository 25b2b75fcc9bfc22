/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the UART. The input is a program: its first byte chooses between the steps of tests/unit/pl011_random.h, after each of which the
 * model knows every flag and interrupt, and wild ones, after which flags, interrupt and line must agree with each other.
 * libFuzzer: -max_len=256
 */
#include "pl011_random.h"

#include "fuzz_device.h"

static void wild_step(struct seeded *seeded)
{
    switch (seeded_below(seeded, 9)) {
    case 0:
        (void)vm_uart.receive(&fake_vm, (uint8_t)seeded_below(seeded, 256));
        break;
    case 1:
        fake_advance(seeded_below(seeded, 100U * FAKE_MS));
        break;
    case 2:
        if (seeded_below(seeded, 8) == 0U) {
            pl011_class.reset(&fake_vm);
        }
        break;
    case 3:
    case 4:
    case 5:
        fake_write(4U * (uint32_t)seeded_below(seeded, 19), (uint32_t)seeded_below(seeded, 0x10000));
        break;
    case 6:
        transmit_room = seeded_below(seeded, 2) != 0U;
        if (transmit_room) {
            vm_uart.transmit_room(&fake_vm);
        }
        break;
    default:
        wild_access(seeded, &fake_vm.mmio.regions[1], &fake_vcpus[0]);
        break;
    }
}

static void wild_check(void)
{
    uint32_t flags = fake_read(PL011_FR);
    uint32_t raw = fake_read(PL011_RIS);

    assert_int_equal(raw & ~0x7FFU, 0);
    assert_int_equal(fake_read(PL011_MIS), raw & fake_read(PL011_IMSC));
    assert_int_equal(fake_spi[PL011_INTID], fake_read(PL011_MIS) != 0U);
    assert_true(((flags & PL011_FR_TXFE) != 0U) != ((flags & PL011_FR_TXFF) != 0U));
    assert_int_not_equal(flags & (PL011_FR_RXFE | PL011_FR_RXFF), PL011_FR_RXFE | PL011_FR_RXFF);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct seeded seeded;
    bool wild;

    seeded_from(&seeded, data, size);
    wild = seeded_below(&seeded, 2) != 0U;
    sent_count = 0;
    room_signals = 0;
    fake_restart(&pl011_class, 1);
    pl011_class.reset(&fake_vm);
    model_reset();
    while (seeded_more(&seeded)) {
        if (wild) {
            wild_step(&seeded);
            wild_check();
        } else {
            random_step(&seeded);
            random_compare();
        }
    }
    fake_stop(&pl011_class);
    return 0;
}
