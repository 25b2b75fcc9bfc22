/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers that consoles.c lists; everybody else uses platform/console_driver.h. */
#pragma once

#include "platform/console_driver.h"

extern const struct console_driver console_pl011;
extern const struct console_driver console_sbsa_uart;
extern const struct console_driver console_ns16550;
