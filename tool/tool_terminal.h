/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The terminal as it was before QEMU changed it.
 */
#pragma once

#include <stdbool.h>
#include <termios.h>

#define TERMINAL_FDS 3

struct terminal {
    bool is_terminal;
    struct termios settings;
    int flags[TERMINAL_FDS]; /* of standard input, output and error; -1: closed */
};

void terminal_save(struct terminal *terminal);
/* As often as wanted; also from the background. */
void terminal_restore(const struct terminal *terminal);
