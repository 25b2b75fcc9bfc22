/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Watches over a running QEMU: ends it on signals and on the time-out, learns from QMP whether it came up and how the
 * machine ended, restores the terminal. All signals of interest arrive through a signalfd, so that no handler runs.
 * Called by tool_run.c; owns nothing beyond a call. QMP: QEMU's docs/interop/qmp-spec, events SHUTDOWN and
 * GUEST_PANICKED.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "tool_child.h"
#include "tool_run.h"
#include "tool_terminal.h"

#define GRACE_MS 3000 /* from SIGTERM to SIGKILL */
#define LINE_MAX_BYTES 4096U
#define QEMU_MAJOR 11 /* the first that traps WFE at EL1 and EL0 to EL2 */
#define QEMU_MINOR 1

struct watch {
    pid_t pid;
    int signals;
    int monitor;
    bool started;  /* QMP has greeted */
    bool panicked; /* the machine said that its software panicked */
    bool ended;
    int status; /* of waitpid */
    int signal; /* that asked us to end, 0 = none */
    bool timed_out;
    int64_t deadline; /* ms, of what comes next: time-out, then SIGKILL; -1 = never */
    bool terminated;  /* SIGTERM was sent */
    char line[LINE_MAX_BYTES];
    size_t length;
};

static int64_t now_ms(void)
{
    struct timespec now = {.tv_sec = 0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void terminate(struct watch *watch)
{
    if (watch->terminated)
        return;
    watch->terminated = true;
    watch->deadline = now_ms() + GRACE_MS;
    (void)kill(watch->pid, SIGTERM);
}

/* ---- QMP ---- */

static int number_after(const char *line, const char *name)
{
    const char *at = strstr(line, name);
    int number = -1;
    if (at != NULL && sscanf(at + strlen(name), "%*[\": ]%d", &number) != 1)
        number = -1;
    return number;
}

static void take_greeting(struct watch *watch, const char *line)
{
    static const char capabilities[] = "{\"execute\":\"qmp_capabilities\"}\n";
    const char *version = strstr(line, "\"qemu\"");
    int major = version == NULL ? -1 : number_after(version, "\"major");
    int minor = version == NULL ? -1 : number_after(version, "\"minor");
    watch->started = true;
    /* it may have ended already, which the loop finds out */
    (void)send(watch->monitor, capabilities, sizeof(capabilities) - 1U, MSG_NOSIGNAL);
    if (major >= 0 && (major < QEMU_MAJOR || (major == QEMU_MAJOR && minor < QEMU_MINOR)))
        warning_print("QEMU %d.%d does not trap WFE to the hypervisor; %d.%d does", major, minor, QEMU_MAJOR,
                      QEMU_MINOR);
}

static void take_line(struct watch *watch, const char *line)
{
    if (!watch->started && strstr(line, "\"QMP\"") != NULL)
        take_greeting(watch, line);
    else if (strstr(line, "\"GUEST_PANICKED\"") != NULL)
        watch->panicked = true;
}

/* A line that is longer than the buffer is none of ours and is dropped. */
static void read_monitor(struct watch *watch)
{
    char bytes[512];
    ssize_t count = recv(watch->monitor, bytes, sizeof(bytes), MSG_DONTWAIT);
    if (count == 0 || (count < 0 && errno != EAGAIN && errno != EINTR)) {
        close(watch->monitor);
        watch->monitor = -1;
    }
    for (ssize_t i = 0; i < count; i++) {
        if (bytes[i] == '\n') {
            watch->line[watch->length] = '\0';
            take_line(watch, watch->line);
            watch->length = 0;
        } else if (watch->length < LINE_MAX_BYTES - 1U) {
            watch->line[watch->length++] = bytes[i];
        }
    }
}

/* ---- signals ---- */

static void reap(struct watch *watch)
{
    pid_t pid = waitpid(watch->pid, &watch->status, WNOHANG);
    if (pid == watch->pid)
        watch->ended = true;
}

static void read_signals(struct watch *watch)
{
    struct signalfd_siginfo info;
    while (read(watch->signals, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo == SIGCHLD) {
            reap(watch);
        } else {
            if (watch->signal == 0)
                watch->signal = (int)info.ssi_signo;
            terminate(watch);
        }
    }
}

static void take_deadline(struct watch *watch)
{
    if (watch->deadline < 0 || now_ms() < watch->deadline)
        return;
    if (watch->terminated) {
        watch->deadline = -1;
        (void)kill(watch->pid, SIGKILL);
    } else {
        watch->timed_out = true;
        terminate(watch);
    }
}

static void watch_loop(struct watch *watch)
{
    while (!watch->ended) {
        struct pollfd fds[2] = {{.fd = watch->signals, .events = POLLIN}, {.fd = watch->monitor, .events = POLLIN}};
        int64_t left = watch->deadline < 0 ? -1 : watch->deadline - now_ms();
        int wait = left < 0 ? (watch->deadline < 0 ? -1 : 0) : left > 60000 ? 60000 : (int)left;
        (void)poll(fds, 2, wait);
        if (fds[1].revents != 0)
            read_monitor(watch);
        read_signals(watch);
        take_deadline(watch);
    }
    char next;
    while (watch->monitor >= 0 && recv(watch->monitor, &next, 1, MSG_PEEK | MSG_DONTWAIT) > 0)
        read_monitor(watch);
}

static int watch_result(const struct watch *watch)
{
    if (watch->signal != 0)
        return STATUS_SIGNAL + watch->signal;
    if (watch->timed_out)
        return STATUS_TIMEOUT;
    if (WIFSIGNALED(watch->status)) {
        error_print("QEMU was ended by signal %d", WTERMSIG(watch->status));
        return STATUS_FAILED;
    }
    if (!watch->started)
        return STATUS_FAILED;
    if (WEXITSTATUS(watch->status) == 0)
        return STATUS_GOOD;
    return watch->panicked ? STATUS_REFUSED : STATUS_FAILED;
}

static int open_signals(sigset_t *before)
{
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGCHLD);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGQUIT);
    (void)sigprocmask(SIG_BLOCK, &set, before);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}

int run_watch(const char *const *argv, int disk, int qmp, int monitor, uint32_t timeout)
{
    struct watch watch = {.monitor = monitor, .deadline = -1};
    struct child child = {.argv = argv, .fds = {disk, qmp, -1, -1}, .error_fd = -1};
    struct terminal terminal;
    sigset_t before;
    int result = STATUS_FAILED;
    watch.signals = open_signals(&before);
    terminal_save(&terminal);
    if (timeout != 0)
        watch.deadline = now_ms() + (int64_t)timeout * 1000;
    watch.pid = child_start(&child);
    int error = errno;
    close(qmp);
    if (watch.pid < 0) {
        error_print("%s could not be started: %s%s", argv[0], strerror(error),
                    error == ENOENT ? "; run make, or install the package qemu-system-arm" : "");
    } else {
        watch_loop(&watch);
        terminal_restore(&terminal);
        result = watch_result(&watch);
    }
    if (watch.monitor >= 0)
        close(watch.monitor);
    close(watch.signals);
    (void)sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}
