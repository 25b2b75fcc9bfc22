/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Drives a command by what it prints: `expect [-p] [-o LOG] [-t TIMES] SCRIPT COMMAND...`. The command runs on pipes, or with -p on a terminal of
 * its own. TIMES gets each line, behind the millisecond
 * at which its begin arrived and the milliseconds that a thread of the command's children or of expect has waited for a processor of this machine. SCRIPT has one step per line:
 *
 *   wait SECONDS TEXT   until TEXT was printed, behind what the last wait found
 *   send TEXT           to its standard input; \r \n \t \\ and \xHH
 *   signal NAME         INT, TERM, HUP, KILL or QUIT to the command
 *   pause SECONDS       for measuring, not for waiting
 *   run COMMAND         by the shell, with CHILD = the command's process; it has to succeed
 *   close               its standard input (pipes only)
 *   end SECONDS STATUS  until it ended, with that exit status (128 + N after signal N)
 *   raw / cooked        the terminal has that mode (with -p); waits up to 10 s for it
 *   # ...
 *
 * Exit status 0 when every step came true; else 1, the step that did not on standard error, and the command is ended. The tests
 * in tests/qemu/ use it. State: the one child.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#define OUTPUT_MAX (8U << 20)
#define MODE_MS 10000
#define GRACE_MS 5000

static struct {
    pid_t pid;
    int input;  /* to the child, -1 when closed */
    int output; /* from the child, -1 at its end */
    int log;
    FILE *times;
    bool in_line; /* the last byte was not the end of one */
    bool terminal;
    bool ended;
    int status;
    char *text; /* what it printed */
    size_t length;
    size_t found; /* where the next wait begins */
} child = {.input = -1, .output = -1, .log = -1};

static long now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * 1000L + now.tv_nsec / 1000000L;
}

/* ---- the child ---- */

static void child_reap(void)
{
    if (!child.ended && waitpid(child.pid, &child.status, WNOHANG) == child.pid)
        child.ended = true;
}

static void child_kill(void)
{
    if (child.ended)
        return;
    (void)kill(child.pid, SIGTERM);
    for (long end = now_ms() + GRACE_MS; !child.ended && now_ms() < end; child_reap())
        (void)poll(NULL, 0, 20);
    if (!child.ended)
        (void)kill(child.pid, SIGKILL);
}

static int fail(unsigned line, const char *what, const char *more)
{
    fprintf(stderr, "expect: line %u: %s%s\n", line, what, more);
    child_kill();
    return 1;
}

/* In the child: its three files, its own session on a terminal. */
static void child_become(char **argv, int in, int out)
{
    if (child.terminal) {
        (void)setsid();
        (void)ioctl(in, TIOCSCTTY, 0);
    }
    (void)dup2(in, 0);
    (void)dup2(out, 1);
    (void)dup2(out, 2);
    for (int fd = 3; fd < 64; fd++)
        (void)close(fd);
    /* A shell starts background jobs with these ignored. */
    (void)signal(SIGINT, SIG_DFL);
    (void)signal(SIGQUIT, SIG_DFL);
    (void)execvp(argv[0], argv);
    _exit(127);
}

/* Opens both ends; ends[0] and ends[1] are the child's. */
static bool open_files(int *ends)
{
    int to[2], from[2];
    if (child.terminal) {
        child.input = posix_openpt(O_RDWR | O_NOCTTY);
        if (child.input < 0 || grantpt(child.input) != 0 || unlockpt(child.input) != 0)
            return false;
        child.output = child.input;
        ends[0] = open(ptsname(child.input), O_RDWR | O_NOCTTY);
        ends[1] = ends[0];
        return ends[0] >= 0;
    }
    if (pipe(to) != 0 || pipe(from) != 0)
        return false;
    ends[0] = to[0];
    ends[1] = from[1];
    child.input = to[1];
    child.output = from[0];
    return true;
}

static bool child_start(char **argv)
{
    int ends[2];
    if (!open_files(ends))
        return false;
    child.pid = fork();
    if (child.pid == 0)
        child_become(argv, ends[0], ends[1]);
    /* A terminal's other end stays open, so that its mode can be read after the child's end. */
    if (!child.terminal) {
        (void)close(ends[0]);
        (void)close(ends[1]);
    }
    return child.pid > 0;
}

/* Threads of the command's children and what each has waited for a processor, in ns. */
#define THREADS_MAX 512
static struct {
    long id;
    unsigned long long waited;
} threads[THREADS_MAX];
static unsigned long long
    waited_ns; /* between every two lines: by the one that waited longest, at most the time between them */
static unsigned long long longest_ns;

static void thread_note(long id, unsigned long long waited)
{
    size_t i = 0;
    while (i < THREADS_MAX && threads[i].id != 0 && threads[i].id != id)
        i++;
    if (i == THREADS_MAX)
        return;
    if (threads[i].id == id && waited > threads[i].waited && waited - threads[i].waited > longest_ns)
        longest_ns = waited - threads[i].waited;
    threads[i].id = id;
    threads[i].waited = waited;
}

/* The second number of schedstat. */
static void process_look(long pid)
{
    char path[300];
    unsigned long long waited;
    (void)snprintf(path, sizeof(path), "/proc/%ld/task", pid);
    DIR *tasks = opendir(path);
    const struct dirent *task;
    while (tasks != NULL && (task = readdir(tasks)) != NULL) {
        (void)snprintf(path, sizeof(path), "/proc/%ld/task/%s/schedstat", pid, task->d_name);
        FILE *file = fopen(path, "re");
        if (file != NULL && fscanf(file, "%*u %llu", &waited) == 1)
            thread_note(atol(task->d_name), waited);
        if (file != NULL)
            (void)fclose(file);
    }
    if (tasks != NULL)
        (void)closedir(tasks);
}

/* The command's children, of `ashlar run` QEMU, and this process, which is to note when a line came. */
static long waited_ms(void)
{
    char path[64];
    long pid;
    longest_ns = 0;
    (void)snprintf(path, sizeof(path), "/proc/%ld/task/%ld/children", (long)child.pid, (long)child.pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fscanf(file, "%ld", &pid) == 1)
        process_look(pid);
    if (file != NULL)
        (void)fclose(file);
    process_look((long)getpid());
    static long before;
    unsigned long long passed = (unsigned long long)(now_ms() - before) * 1000000U;
    before = now_ms();
    waited_ns += longest_ns < passed ? longest_ns : passed;
    return (long)(waited_ns / 1000000U);
}

/* "MS WAITED LINE" each. */
static void note_times(const char *text, size_t size)
{
    for (size_t i = 0; i < size && child.times != NULL; i++) {
        if (!child.in_line)
            (void)fprintf(child.times, "%ld %ld ", now_ms(), waited_ms());
        (void)fputc(text[i], child.times);
        child.in_line = text[i] != '\n';
    }
}

/* Takes what there is, waiting at most so long. */
static void child_read(int wait_ms)
{
    struct pollfd fd = {.fd = child.output, .events = POLLIN};
    if (poll(&fd, 1, wait_ms) <= 0 || fd.revents == 0)
        return;
    if (child.length == OUTPUT_MAX) { /* only the newer half matters */
        memmove(child.text, child.text + OUTPUT_MAX / 2U, OUTPUT_MAX / 2U);
        child.length -= OUTPUT_MAX / 2U;
        child.found = child.found > OUTPUT_MAX / 2U ? child.found - OUTPUT_MAX / 2U : 0;
    }
    ssize_t count = read(child.output, child.text + child.length, OUTPUT_MAX - child.length);
    if (count <= 0) {
        child.output = -1;
        return;
    }
    if (child.log >= 0 && write(child.log, child.text + child.length, (size_t)count) != count)
        perror("expect: log");
    note_times(child.text + child.length, (size_t)count);
    child.length += (size_t)count;
}

/* ---- steps ---- */

static bool step_wait(const char *text, long ms)
{
    long end = now_ms() + ms;
    size_t size = strlen(text);
    for (;;) {
        char *at = memmem(child.text + child.found, child.length - child.found, text, size);
        if (at != NULL) {
            child.found = (size_t)(at - child.text) + size;
            return true;
        }
        if (child.output < 0 || now_ms() >= end)
            return false;
        child_read(200);
    }
}

static size_t unescape(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; from++) {
        unsigned byte = 0;
        if (*from != '\\') {
            *to++ = *from;
            continue;
        }
        from++;
        if (*from == 'x' && sscanf(from + 1, "%2x", &byte) == 1) {
            *to++ = (char)byte;
            from += 2;
        } else {
            *to++ = *from == 'r' ? '\r' : *from == 'n' ? '\n' : *from == 't' ? '\t' : *from;
        }
    }
    return (size_t)(to - text);
}

static bool step_signal(const char *name)
{
    static const struct {
        const char *name;
        int number;
    } signals[] = {{"INT", SIGINT}, {"TERM", SIGTERM}, {"HUP", SIGHUP}, {"KILL", SIGKILL}, {"QUIT", SIGQUIT}};
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        if (strcmp(name, signals[i].name) == 0)
            return kill(child.pid, signals[i].number) == 0;
    }
    return false;
}

static bool step_end(long ms, int expected)
{
    long end = now_ms() + ms;
    for (child_reap(); !child.ended && now_ms() < end; child_reap()) {
        if (child.output >= 0)
            child_read(50);
        else
            (void)poll(NULL, 0, 50);
    }
    for (size_t before = child.length + 1U; child.output >= 0 && before != child.length;) {
        before = child.length;
        child_read(50);
    }
    if (!child.ended) {
        fprintf(stderr, "expect: it did not end\n");
        return false;
    }
    int status = WIFSIGNALED(child.status) ? 128 + WTERMSIG(child.status) : WEXITSTATUS(child.status);
    if (status != expected)
        fprintf(stderr, "expect: exit status %d\n", status);
    return status == expected;
}

static bool step_mode(bool raw)
{
    struct termios mode;
    long end = now_ms() + MODE_MS;
    do {
        if (child.output >= 0)
            child_read(20);
        if (tcgetattr(child.input, &mode) == 0 && ((mode.c_lflag & (tcflag_t)(ICANON | ECHO)) == 0) == raw)
            return true;
    } while (now_ms() < end);
    return false;
}

static void step_pause(long ms)
{
    for (long end = now_ms() + ms; now_ms() < end;) {
        if (child.output >= 0)
            child_read(50);
        else
            (void)poll(NULL, 0, 50);
    }
}

static bool step_run(const char *command)
{
    char number[32];
    (void)snprintf(number, sizeof(number), "%ld", (long)child.pid);
    (void)setenv("CHILD", number, 1);
    return system(command) == 0; // NOLINT(bugprone-command-processor): a test's own script
}

static bool step_send(char *text)
{
    size_t size = unescape(text);
    return child.input >= 0 && write(child.input, text, size) == (ssize_t)size;
}

/* One line of the script; its words are "VERB REST". */
static bool step(char *line)
{
    char *rest = line + strcspn(line, " ");
    if (*rest != '\0')
        *rest++ = '\0';
    char *more = rest;
    long ms = (long)(strtod(rest, &more) * 1000.0);
    while (*more == ' ')
        more++;
    if (strcmp(line, "wait") == 0)
        return step_wait(more, ms);
    if (strcmp(line, "send") == 0)
        return step_send(rest);
    if (strcmp(line, "signal") == 0)
        return step_signal(rest);
    if (strcmp(line, "end") == 0)
        return step_end(ms, atoi(more));
    if (strcmp(line, "run") == 0)
        return step_run(rest);
    if (strcmp(line, "raw") == 0 || strcmp(line, "cooked") == 0)
        return step_mode(line[0] == 'r');
    if (strcmp(line, "pause") == 0) {
        step_pause(ms);
        return true;
    }
    if (strcmp(line, "close") == 0) {
        bool good = close(child.input) == 0;
        child.input = -1;
        return good;
    }
    return false;
}

static int run_script(FILE *script)
{
    static char line[4096], shown[4096];
    for (unsigned number = 1; fgets(line, sizeof(line), script) != NULL; number++) {
        line[strcspn(line, "\n")] = '\0';
        (void)snprintf(shown, sizeof(shown), "%s", line);
        if (line[0] != '#' && line[0] != '\0' && !step(line))
            return fail(number, "failed: ", shown);
    }
    return 0;
}

int main(int argc, char **argv)
{
    int option;
    const char *log = NULL;
    const char *times = NULL;
    while ((option = getopt(argc, argv, "+po:t:")) != -1) {
        if (option == 'p')
            child.terminal = true;
        else if (option == 'o')
            log = optarg;
        else if (option == 't')
            times = optarg;
        else
            return 2;
    }
    if (argc - optind < 2)
        return fprintf(stderr, "usage: expect [-p] [-o LOG] [-t TIMES] SCRIPT COMMAND...\n"), 2;
    FILE *script = fopen(argv[optind], "re");
    child.log = log == NULL ? -1 : open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    child.times = times == NULL ? NULL : fopen(times, "we");
    child.text = malloc(OUTPUT_MAX + 1U);
    (void)signal(SIGPIPE, SIG_IGN);
    if (script == NULL || child.text == NULL || !child_start(argv + optind + 1)) {
        perror("expect");
        return 2;
    }
    int status = run_script(script);
    child_kill();
    (void)fclose(script);
    if (child.times != NULL)
        (void)fclose(child.times);
    return status;
}
