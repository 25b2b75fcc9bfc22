/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's commands: the const table of them, and what their files share. The monitor's thread only. */
#pragma once

#include <stdbool.h>

#include "lib/log.h"
#include "monitor/command_line.h"

struct vm;

/* A line that was understood. */
struct command_call {
    struct vm *vm;        /* the operand, or NULL */
    const char *word;     /* the operand as it was typed, or NULL */
    bool json;            /* -j */
    bool force;           /* -f */
    enum log_level level; /* -l */
};

/* What stands behind a command's name. */
enum command_operand { OPERAND_NONE, OPERAND_MAYBE_VM, OPERAND_VM, OPERAND_VIEW };

struct command {
    const char *name;
    const char *operands; /* for people */
    const char *options;  /* letters out of "jfl" */
    enum command_operand operand;
    void (*run)(const struct command_call *call);
    const char *help;
};

/* Carries out a line; says what is wrong with it. */
void command_execute(const char *line);
/* panic is to be confirmed: the next line is the answer, command_answer's. */
bool command_asks(void);
void command_answer(const char *line);
/* As name_list: the names of the commands, and of the VMs. */
const char *command_name(unsigned index);
const char *command_vm_name(unsigned index);
/* NULL: no such command. */
const struct command *command_find(const char *name);

/* Formatted text on the console, 500 characters at most; LF ends a line. */
void monitor_print(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* reports.c */
/* From now on the load of the CPUs is counted. */
void reports_begin(void);
void report_vms(const struct command_call *call);
void report_stats(const struct command_call *call);
void report_cpus(const struct command_call *call);
void report_memory(const struct command_call *call);
void report_log(const struct command_call *call);
