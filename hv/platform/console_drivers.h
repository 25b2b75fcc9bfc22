/* SPDX-License-Identifier: Apache-2.0 */
/* The drivers that consoles.c lists; everybody else uses platform/console.h. */
#pragma once

#include "platform/console.h"

extern const struct console_driver console_pl011;
extern const struct console_driver console_sbsa_uart;
extern const struct console_driver console_ns16550;
