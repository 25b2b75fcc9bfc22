/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Other programs that the command starts and waits for.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define CHILD_FDS 4U

struct child {
    const char *const *argv;
    const char *const *environment; /* "NAME=VALUE", added to our own; NULL: nothing */
    int fds[CHILD_FDS];             /* descriptors that it inherits under their own numbers, beside 0 to 2; -1: none */
    int error_fd;                   /* its standard output and error, or -1 for ours */
};

/*
 * Starts a program, found by PATH unless argv[0] has a slash. It is killed when this process dies. The signal mask is
 * emptied for it. -1: it could not be started, errno says why (ENOENT: not installed).
 */
pid_t child_start(const struct child *child);

/*
 * Runs a helper program to its end; progress() is called several times a second. False: a message was printed.
 * package: where it comes from, for the message when it is not installed.
 */
bool child_run(struct child *child, const char *package, void (*progress)(void *context), void *context);
