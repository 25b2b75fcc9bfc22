/* SPDX-License-Identifier: Apache-2.0 */
/* The VM's real-time clock, a PL031 at 0x0901_0000 with SPI INTID 34 (DDI 0224). */
#pragma once

#include <stdint.h>

struct device_class;

#define PL031_BASE 0x09010000ULL
#define PL031_SIZE 0x1000ULL
#define PL031_INTID 34U

extern const struct device_class pl031_class;
