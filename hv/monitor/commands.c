/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's commands that act, and the table of all. Owns nothing. */
#include "monitor/commands.h"

#include "lib/bits.h"
#include "lib/format.h"
#include "lib/string.h"
#include "version.h"
#include "vm/console_view.h"
#include "vm/vm.h"
#include "vm/vm_control.h"

#define TEXT_MAX 512U

void monitor_print(const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    size_t size = format_vtext(text, sizeof(text), format, arguments);
    va_end(arguments);
    console_write(text, size < sizeof(text) ? size : sizeof(text) - 1U);
}

const char *command_vm_name(unsigned index)
{
    return index < vm_count() ? vm_get(index)->config->name : NULL;
}

/* Says so if there is none of that name. */
static struct vm *find_vm(const char *name)
{
    for (unsigned i = 0; i < vm_count(); i++) {
        if (strcmp(vm_get(i)->config->name, name) == 0) {
            return vm_get(i);
        }
    }
    const char *nearest = name_nearest(command_vm_name, name);
    monitor_print("%s: no such VM%s%s%s\n", name, nearest != NULL ? "; did you mean " : "",
                  nearest != NULL ? nearest : "", nearest != NULL ? "?" : "");
    return NULL;
}

static void run_version(const struct command_line *line)
{
    (void)line;
    monitor_print("ashlar %s (%s)\n", ASHLAR_VERSION, ASHLAR_COMMIT);
}

static void run_console(const struct command_line *line)
{
    const char *name = line->words[1];
    if (strcmp(name, "all") == 0) {
        console_view_all();
        return;
    }
    if (strcmp(name, "monitor") == 0) {
        console_view_monitor();
        return;
    }
    struct vm *vm = find_vm(name);
    if (vm != NULL) {
        monitor_print("[console of %s; Ctrl-] comes back]\n", name);
        uint64_t lost = console_view_vm(vm);
        (void)lost;
    }
}

static void run_vms(const struct command_line *line)
{
    (void)line;
    for (unsigned i = 0; i < vm_count(); i++) {
        const struct vm *vm = vm_get(i);
        monitor_print("%-16s %-8s %2u vCPUs %6llu MiB\n", vm->config->name, vm_state_name(vm->state), vm->vcpu_count,
                      (unsigned long long)(vm->config->memory >> 20));
    }
}

static void run_help(const struct command_line *line);

static const struct command commands[] = {
    {"help", "", "this list", 0, 0, false, run_help},
    {"version", "", "Ashlar's version", 0, 0, false, run_version},
    {"vms", "", "the VMs", 0, 0, false, run_vms},
    {"console", "VM", "attach to a VM's console (also: all, monitor); Ctrl-] comes back", 1, 1, true, run_console},
};

static void run_help(const struct command_line *line)
{
    (void)line;
    for (unsigned i = 0; i < ARRAY_SIZE(commands); i++) {
        monitor_print("%-8s %-20s %s\n", commands[i].name, commands[i].operands, commands[i].help);
    }
}

const char *command_name(unsigned index)
{
    return index < ARRAY_SIZE(commands) ? commands[index].name : NULL;
}

const struct command *command_find(const char *name)
{
    for (unsigned i = 0; i < ARRAY_SIZE(commands); i++) {
        if (strcmp(commands[i].name, name) == 0) {
            return &commands[i];
        }
    }
    return NULL;
}

static void say_unknown(const char *name)
{
    const char *nearest = name_nearest(command_name, name);
    if (nearest != NULL) {
        monitor_print("%s: no such command; did you mean %s?\n", name, nearest);
    } else {
        monitor_print("%s: no such command; `help` lists them\n", name);
    }
}

void command_execute(const char *text)
{
    struct command_line line;
    command_line_split(&line, text);
    if (line.count == 0U) {
        return;
    }
    const struct command *command = command_find(line.words[0]);
    if (command == NULL) {
        say_unknown(line.words[0]);
    } else if (line.count - 1U < command->least || line.count - 1U > command->most) {
        monitor_print("usage: %s %s\n", command->name, command->operands);
    } else {
        command->run(&line);
    }
}
