/* SPDX-License-Identifier: Apache-2.0 */
/* The list of console drivers. A new one is a file and a line here. Owns no state. */
#include "platform/console_driver.h"

#include <stddef.h>

#include "lib/bits.h"
#include "platform/console_list.h"

static const struct console_driver *const drivers[] = {
    &console_pl011,
    &console_sbsa_uart,
    &console_ns16550,
};

const struct console_driver *console_driver_find(enum platform_console_type type)
{
    for (unsigned i = 0; i < ARRAY_SIZE(drivers); i++) {
        if (drivers[i]->type == type) {
            return drivers[i];
        }
    }
    return NULL;
}
