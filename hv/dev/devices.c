/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The devices of a virtual machine, in the order in which vm/ creates, resets, loads, puts and describes them. The interrupt controller
 * is first: the timers' load and put expect its list registers to be there and gone. No state.
 */
#include "dev/pl011.h"
#include "dev/pl031.h"
#include "dev/pl061.h"
#include "dev/vgic/vgic.h"
#include "dev/vpsci.h"
#include "dev/vtimer.h"
#include "lib/bits.h"
#include "vm/device.h"

const struct device_class *const device_classes[] = {
    &vgic_class, &vtimer_class, &vpsci_class, &pl011_class, &pl031_class, &pl061_class,
};

const unsigned device_class_count = ARRAY_SIZE(device_classes);

const struct device_class *const device_switched[DEVICE_SWITCHED] = {&vgic_class, &vtimer_class};
