/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Saves and restores what QEMU changes and, when it is killed, leaves behind: raw mode, and O_NONBLOCK on descriptors
 * that the shell shares. Called by tool_watch.c; owns no state.
 */
#include "tool_terminal.h"

#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <unistd.h>

void terminal_save(struct terminal *terminal)
{
    terminal->is_terminal = tcgetattr(STDIN_FILENO, &terminal->settings) == 0;
    for (int fd = 0; fd < TERMINAL_FDS; fd++)
        terminal->flags[fd] = fcntl(fd, F_GETFL);
}

void terminal_restore(const struct terminal *terminal)
{
    /* what firmware and guests may leave: colours, a hidden cursor, no line wrap */
    static const char reset[] = "\033[0m\033[?25h\033[?7h";
    sigset_t background;
    sigset_t before;
    for (int fd = 0; fd < TERMINAL_FDS; fd++) {
        if (terminal->flags[fd] >= 0)
            (void)fcntl(fd, F_SETFL, terminal->flags[fd]);
    }
    if (!terminal->is_terminal)
        return;
    sigemptyset(&background);
    sigaddset(&background, SIGTTOU);
    (void)sigprocmask(SIG_BLOCK, &background, &before);
    (void)tcsetattr(STDIN_FILENO, TCSANOW, &terminal->settings);
    if (isatty(STDOUT_FILENO) == 1) {
        ssize_t written = write(STDOUT_FILENO, reset, sizeof(reset) - 1U);
        (void)written;
    }
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
}
