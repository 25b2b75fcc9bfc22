/* SPDX-License-Identifier: Apache-2.0 */
/* Every encoding of op0 2 and 3, read and write, at EL0 and at EL1. */
#include "hostile.h"

void scene_registers(void)
{
}
