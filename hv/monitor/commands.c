/* SPDX-License-Identifier: Apache-2.0 */
/* The table of the monitor's commands, how a line becomes a call, and the commands that act. Owns whether panic waits for its yes. */
#include "monitor/commands.h"

#include "lib/bits.h"
#include "lib/format.h"
#include "lib/panic.h"
#include "lib/string.h"
#include "monitor/report_handoff.h"
#include "version.h"
#include "vm/console_view.h"
#include "vm/machine.h"
#include "vm/vm.h"
#include "vm/vm_control.h"

#define TEXT_MAX 512U

static bool panic_asked;

void monitor_print(const char *format, ...)
{
    char text[TEXT_MAX];
    va_list arguments;
    va_start(arguments, format);
    size_t size = format_vtext(text, sizeof(text), format, arguments);
    va_end(arguments);
    console_write(text, size < sizeof(text) ? size : sizeof(text) - 1U);
}

/* ---- commands that act ---- */

static void run_version(const struct command_call *call)
{
    (void)call;
    monitor_print("ashlar %s (%s)\n", ASHLAR_VERSION, ASHLAR_COMMIT);
}

static void run_console(const struct command_call *call)
{
    if (call->vm != NULL) {
        uint64_t lost = console_lost(call->vm);
        monitor_print("[console of %s; Ctrl-] comes back]\n", call->word);
        if (lost != 0U) {
            monitor_print("[%llu older bytes were not kept]\n", (unsigned long long)lost);
        }
        console_view_vm(call->vm);
    } else if (call->word[0] == 'a') {
        console_view_all();
    } else {
        console_view_monitor();
    }
}

static void say_status(const struct command_call *call, enum status status)
{
    struct vm_report report;
    if (status != STATUS_OK) {
        vm_control_report(call->vm, &report);
        monitor_print("%s: not now: it is %s%s\n", call->word, vm_state_name(report.state),
                      report.stop_asked ? ", and asked to stop" : "");
    }
}

static void run_start(const struct command_call *call)
{
    say_status(call, vm_control_start(call->vm));
}

static void run_stop(const struct command_call *call)
{
    say_status(call, vm_control_stop(call->vm, call->force));
}

static void run_reset(const struct command_call *call)
{
    say_status(call, vm_control_reset(call->vm));
}

static void run_pause(const struct command_call *call)
{
    say_status(call, vm_control_pause(call->vm));
}

static void run_resume(const struct command_call *call)
{
    say_status(call, vm_control_resume(call->vm));
}

static void end_machine(const struct command_call *call, enum machine_end end)
{
    machine_end(end);
    for (unsigned i = 0; i < vm_count(); i++) {
        (void)vm_control_stop(vm_get(i), call->force);
    }
    keeper_notify();
}

static void run_poweroff(const struct command_call *call)
{
    end_machine(call, MACHINE_POWER_OFF);
}

static void run_reboot(const struct command_call *call)
{
    end_machine(call, MACHINE_RESET);
}

static void run_panic(const struct command_call *call)
{
    (void)call;
    panic_asked = true;
}

bool command_asks(void)
{
    return panic_asked;
}

void command_answer(const char *line)
{
    panic_asked = false;
    if (strcmp(line, "yes") == 0) {
        panic("asked for at the monitor");
    }
    monitor_print("no panic\n");
}

/* ---- the table ---- */

static void run_help(const struct command_call *call);

static const struct command commands[] = {
    {"help", "", "", OPERAND_NONE, run_help, "this list"},
    {"version", "", "", OPERAND_NONE, run_version, "Ashlar's version"},
    {"vms", "[-j]", "j", OPERAND_NONE, report_vms, "each VM's state, vCPUs, memory, time up, exits"},
    {"cpus", "[-j]", "j", OPERAND_NONE, report_cpus, "each CPU's load"},
    {"mem", "[-j]", "j", OPERAND_NONE, report_memory, "memory by owner"},
    {"handoff", "", "", OPERAND_NONE, report_handoff, "how the machine was taken over: page tables, CPUs"},
    {"log", "[-l LEVEL] [VM]", "l", OPERAND_MAYBE_VM, report_log, "what was logged: error, warning, info, debug"},
    {"stats", "[-j] [VM]", "j", OPERAND_MAYBE_VM, report_stats, "exits by reason, interrupts, time"},
    {"console", "VM|all|monitor", "", OPERAND_VIEW, run_console, "a VM's console; Ctrl-] comes back"},
    {"start", "VM", "", OPERAND_VM, run_start, "start a VM that is off"},
    {"stop", "[-f] VM", "f", OPERAND_VM, run_stop, "power button, power off after stop_timeout; -f: at once"},
    {"reset", "VM", "", OPERAND_VM, run_reset, "power off and on"},
    {"pause", "VM", "", OPERAND_VM, run_pause, "stand still"},
    {"resume", "VM", "", OPERAND_VM, run_resume, "go on"},
    {"poweroff", "[-f]", "f", OPERAND_NONE, run_poweroff, "stop all VMs, then the machine"},
    {"reboot", "[-f]", "f", OPERAND_NONE, run_reboot, "stop all VMs, then reset the machine"},
    {"panic", "", "", OPERAND_NONE, run_panic, "stop with a dump, to try it out"},
};

static void run_help(const struct command_call *call)
{
    (void)call;
    for (unsigned i = 0; i < ARRAY_SIZE(commands); i++) {
        monitor_print("  %-8s %-16s %s\n", commands[i].name, commands[i].operands, commands[i].help);
    }
}

const char *command_name(unsigned index)
{
    return index < ARRAY_SIZE(commands) ? commands[index].name : NULL;
}

const char *command_vm_name(unsigned index)
{
    return index < vm_count() ? vm_get(index)->config->name : NULL;
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

/* ---- from a line to a call ---- */

static const char *level_name(unsigned index)
{
    static const char *const levels[] = {"error", "warning", "info", "debug"};
    return index < ARRAY_SIZE(levels) ? levels[index] : NULL;
}

static void say_unknown(const char *what, const char *word, name_list names)
{
    const char *nearest = name_nearest(names, word);
    monitor_print(nearest != NULL ? "%s: no such %s; did you mean %s?\n" : "%s: no such %s\n", word, what, nearest);
}

static bool read_operand(const struct command *command, const char *word, struct command_call *call)
{
    unsigned index = name_index(command_vm_name, word);
    bool view = command->operand == OPERAND_VIEW && (strcmp(word, "all") == 0 || strcmp(word, "monitor") == 0);
    call->word = word;
    if (view) {
        return true;
    }
    if (index == NAME_NONE) {
        say_unknown("VM", word, command_vm_name);
        return false;
    }
    call->vm = vm_get(index);
    return true;
}

static bool read_level(const char *word, struct command_call *call)
{
    unsigned index = word != NULL ? name_index(level_name, word) : NAME_NONE;
    if (word != NULL && index == NAME_NONE) {
        say_unknown("level", word, level_name);
        return false;
    }
    call->level = word != NULL ? (enum log_level)index : LOG_INFO;
    return true;
}

static void call_command(const struct command *command, struct command_line *line)
{
    struct command_call call = {.vm = NULL};
    call.json = command_line_take(line, "-j", NULL);
    call.force = command_line_take(line, "-f", NULL);
    const char *level = NULL;
    bool leveled = command_line_take(line, "-l", &level);
    bool fits = (!call.json || strchr(command->options, 'j') != NULL) &&
                (!call.force || strchr(command->options, 'f') != NULL) &&
                (!leveled || (level != NULL && strchr(command->options, 'l') != NULL));
    unsigned operands = line->count - 1U;
    bool needs = command->operand == OPERAND_VM || command->operand == OPERAND_VIEW;
    if (!fits || operands > (command->operand == OPERAND_NONE ? 0U : 1U) || (needs && operands == 0U)) {
        monitor_print("usage: %s%s%s\n", command->name, command->operands[0] != '\0' ? " " : "", command->operands);
        return;
    }
    if (read_level(level, &call) && (operands == 0U || read_operand(command, line->words[1], &call))) {
        command->run(&call);
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
    if (command != NULL) {
        call_command(command, &line);
    } else {
        say_unknown("command", line.words[0], command_name);
    }
}
