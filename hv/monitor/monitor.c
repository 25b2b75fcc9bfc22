/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's thread: keys to the line editor, lines to the commands, the prompt line to the console; and what the console leaves to a
 * thread (console_serve). Owns the line.
 */
#include "monitor/monitor.h"

#include "lib/string.h"
#include "monitor/commands.h"
#include "monitor/line_edit.h"
#include "sched/sched.h"
#include "vm/console_view.h"
#include "vm/vm.h"

#define PROMPT "ashlar> "
#define PROMPT_PANIC "really panic? yes or no: "

static struct world thread;
static struct line_edit edit;

static void show_line(void)
{
    char bytes[CONSOLE_FOOTER_MAX];
    size_t size = line_edit_render(&edit, command_asks() ? PROMPT_PANIC : PROMPT, bytes, sizeof(bytes));
    console_set_footer(bytes, size);
}

/* The line stays where it is, with what is said behind it. */
static void leave_line(const char *text)
{
    show_line();
    console_keep_footer();
    console_write(text, strlen(text));
}

static void list_names(name_list names, const char *word, size_t size)
{
    const char *name;
    leave_line("\n");
    for (unsigned i = 0; (name = names(i)) != NULL; i++) {
        if (strncmp(name, word, size) == 0) {
            monitor_print("%s  ", name);
        }
    }
    monitor_print("\n");
}

/* The names that can stand where the cursor is: commands first, then what the command takes. */
static name_list names_at(unsigned word)
{
    struct command_line line;
    if (word == 0U) {
        return command_name;
    }
    command_line_split(&line, edit.text);
    const struct command *command = line.count != 0U ? command_find(line.words[0]) : NULL;
    return command != NULL && command->operand != OPERAND_NONE ? command_vm_name : NULL;
}

static void complete(void)
{
    const char *rest = "";
    size_t rest_size;
    unsigned start = edit.cursor;
    while (start > 0U && edit.text[start - 1U] != ' ') {
        start--;
    }
    unsigned before = 0;
    while (before < start && edit.text[before] == ' ') {
        before++;
    }
    name_list names = names_at(before < start ? 1U : 0U);
    if (names == NULL) {
        return;
    }
    const char *word = edit.text + start;
    size_t size = edit.cursor - start;
    unsigned count = name_complete(names, word, size, &rest, &rest_size);
    if (count > 1U && rest_size == 0U) {
        list_names(names, word, size);
        return;
    }
    line_edit_insert(&edit, rest, rest_size);
    if (count == 1U) {
        line_edit_insert(&edit, " ", 1);
    }
}

static void take_line(void)
{
    bool answer = command_asks();
    leave_line("\n");
    if (answer) {
        command_answer(edit.text);
    } else {
        command_execute(edit.text);
    }
    line_edit_next(&edit, !answer);
}

static void take_key(uint8_t key)
{
    switch (line_edit_key(&edit, key)) {
    case LINE_EDIT_DONE:
        take_line();
        break;
    case LINE_EDIT_CANCEL:
        leave_line("^C\n");
        line_edit_next(&edit, false);
        break;
    case LINE_EDIT_CLEAR:
        console_write("\x1b[H\x1b[2J", 7);
        break;
    case LINE_EDIT_COMPLETE:
        complete();
        break;
    default:
        break;
    }
}

static void run(void *argument)
{
    (void)argument;
    for (;;) {
        int key;
        while ((key = console_read_key()) >= 0) {
            take_key((uint8_t)key);
        }
        show_line();
        if (console_serve()) {
            sched_relax();
        } else {
            sched_block();
        }
    }
}

static void first_view(const struct config *config)
{
    if (config->console == CONFIG_CONSOLE_ALL) {
        console_view_all();
    } else if (config->console >= 0) {
        console_view_vm(vm_get((unsigned)config->console));
    }
}

enum status monitor_start(const struct config *config)
{
    enum status status = world_create_thread(&thread, "monitor", run, NULL);
    if (status == STATUS_OK) {
        thread.cpu = 0;
        reports_begin();
        first_view(config);
        status = console_set_monitor(&thread);
    }
    return status;
}
