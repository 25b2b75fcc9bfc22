/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's commands: the const table of them, and what their files share. The monitor's thread only. */
#pragma once

#include <stdbool.h>

#include "monitor/command_line.h"

struct vm;

struct command {
    const char *name;
    const char *operands;
    const char *help;
    unsigned least; /* operands without options */
    unsigned most;
    bool vm; /* operands are names of VMs */
    void (*run)(const struct command_line *line);
};

/* Carries out a line; says what is wrong with it. */
void command_execute(const char *line);
/* As name_list: the names of the commands, and of the VMs. */
const char *command_name(unsigned index);
const char *command_vm_name(unsigned index);
/* NULL: no such command. */
const struct command *command_find(const char *name);

/* Formatted text on the console, 500 characters at most; LF ends a line. */
void monitor_print(const char *format, ...) __attribute__((format(printf, 1, 2)));
