/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts programs so that none outlives the command: the kernel kills a child whose parent is gone (PR_SET_PDEATHSIG).
 * Called by tool_image.c and tool_watch.c; owns no state.
 */
#include "tool_child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tool_error.h"

#define PROGRESS_MS 200
#define MESSAGE_MAX 400U

static void child_become(const struct child *child, pid_t parent, int report)
{
    sigset_t none;
    sigemptyset(&none);
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != parent)
        _exit(1);
    for (size_t i = 0; i < CHILD_FDS; i++) {
        if (child->fds[i] >= 0)
            (void)fcntl(child->fds[i], F_SETFD, 0);
    }
    if (child->error_fd >= 0 && (dup2(child->error_fd, 1) < 0 || dup2(child->error_fd, 2) < 0))
        _exit(1);
    for (const char *const *variable = child->environment; variable != NULL && *variable != NULL; variable++)
        (void)putenv((char *)(size_t)*variable);
    (void)sigprocmask(SIG_SETMASK, &none, NULL);
    execvp(child->argv[0], (char *const *)(size_t)child->argv);
    int error = errno;
    ssize_t written = write(report, &error, sizeof(error));
    (void)written;
    _exit(127);
}

/* The pipe ends without a byte when exec succeeded. */
pid_t child_start(const struct child *child)
{
    int report[2];
    int error = 0;
    pid_t parent = getpid();
    if (pipe2(report, O_CLOEXEC) != 0)
        return -1;
    pid_t pid = fork();
    if (pid == 0)
        child_become(child, parent, report[1]);
    if (pid < 0)
        error = errno;
    close(report[1]);
    ssize_t count = pid < 0 ? 0 : read(report[0], &error, sizeof(error));
    close(report[0]);
    if (count == (ssize_t)sizeof(error))
        (void)waitpid(pid, NULL, 0);
    errno = error;
    return error == 0 ? pid : -1;
}

static int child_wait(pid_t pid, void (*progress)(void *context), void *context)
{
    int status = 0;
    int pidfd = (int)syscall(SYS_pidfd_open, pid, 0);
    struct pollfd end = {.fd = pidfd, .events = POLLIN};
    while (pidfd >= 0 && poll(&end, 1, PROGRESS_MS) <= 0)
        progress(context);
    if (pidfd >= 0)
        close(pidfd);
    while (waitpid(pid, &status, 0) < 0) {
        if (errno != EINTR)
            return -1;
    }
    return status;
}

/* What the program said, in one line. */
static void print_failure(const char *name, int fd)
{
    char text[MESSAGE_MAX + 1U];
    ssize_t count = pread(fd, text, MESSAGE_MAX, 0);
    text[count < 0 ? 0 : count] = '\0';
    text[strcspn(text, "\n")] = '\0';
    error_print("%s failed%s%s", name, text[0] == '\0' ? "" : ": ", text);
}

bool child_run(struct child *child, const char *package, void (*progress)(void *context), void *context)
{
    const char *name = child->argv[0];
    child->error_fd = memfd_create("messages", MFD_CLOEXEC);
    pid_t pid = child_start(child);
    int status = -1;
    if (pid < 0 && errno == ENOENT)
        error_print("%s is not installed; it comes with the package %s", name, package);
    else if (pid < 0)
        error_print("%s could not be started: %s", name, strerror(errno));
    else {
        status = child_wait(pid, progress, context);
        if (status != 0)
            print_failure(name, child->error_fd);
    }
    if (child->error_fd >= 0)
        close(child->error_fd);
    return status == 0;
}
