/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command `run`: compiles a configuration or takes a disk image, builds QEMU's command line and hands over to
 * tool_watch.c. A compiled image and fresh firmware variables live in files without names. Owns nothing beyond a call.
 */
#include "tool_run.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool_compile.h"
#include "tool_image.h"
#include "tool_paths.h"
#include "tool_value.h"

#define FLASH_BYTES (64LL << 20) /* one bank of QEMU's virt board */

struct arguments {
    char **list;
    size_t count;
};

/* What the machine is made of. */
struct machine {
    const struct run_options *options;
    struct arguments arguments;
    char *qemu;
    char *code;          /* firmware */
    char *vars_template; /* or NULL */
    int disk;            /* compiled image, or -1 when options->source is the disk */
    int qmp;
};

/* ---- arguments ---- */

static void add(struct arguments *arguments, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct arguments *arguments, const char *format, ...)
{
    char *text = NULL;
    va_list values;
    va_start(values, format);
    int length = vasprintf(&text, format, values);
    va_end(values);
    char **list = realloc(arguments->list, (arguments->count + 2U) * sizeof(*list));
    if (length < 0 || list == NULL) {
        error_print("out of memory");
        exit(STATUS_FAILED);
    }
    arguments->list = list;
    list[arguments->count++] = text;
    list[arguments->count] = NULL;
}

static void arguments_free(struct arguments *arguments)
{
    for (size_t i = 0; i < arguments->count; i++)
        free(arguments->list[i]);
    free(arguments->list);
}

/* A comma in a value of QEMU's options is written twice. To be freed. */
static char *escape(const char *text)
{
    char *escaped = memory_get(strlen(text) * 2U + 1U);
    for (char *at = escaped; *text != '\0'; text++) {
        if (*text == ',')
            *at++ = ',';
        *at++ = *text;
    }
    return escaped;
}

static void add_machine(struct machine *machine)
{
    const struct run_options *options = machine->options;
    struct arguments *arguments = &machine->arguments;
    add(arguments, "%s", machine->qemu);
    add(arguments, "-M");
    add(arguments, "virt,virtualization=on,gic-version=3%s", options->acpi ? "" : ",acpi=off");
    add(arguments, "-cpu");
    add(arguments, "%s", options->cpu);
    add(arguments, "-smp");
    add(arguments, "%u", options->cpus);
    add(arguments, "-m");
    add(arguments, "%lluM", (unsigned long long)(options->memory >> 20));
    add(arguments, "-nodefaults");
    add(arguments, "-no-user-config");
    add(arguments, "-display");
    add(arguments, "none");
    add(arguments, "-boot");
    add(arguments, "menu=on,splash-time=0");
    add(arguments, "-device");
    add(arguments, "pvpanic-pci");
    add(arguments, "-action");
    add(arguments, "panic=exit-failure");
    add(arguments, "-device");
    add(arguments, "virtio-rng-pci,romfile=");
}

static void add_console(struct machine *machine)
{
    struct arguments *arguments = &machine->arguments;
    add(arguments, "-serial");
    add(arguments, "mon:stdio"); /* with the monitor behind Ctrl-A, and Ctrl-C for the guest */
    add(arguments, "-chardev");
    add(arguments, "socket,id=watch,fd=%d", machine->qmp);
    add(arguments, "-qmp");
    add(arguments, "chardev:watch");
}

static void add_disk(struct machine *machine)
{
    struct arguments *arguments = &machine->arguments;
    if (machine->disk >= 0) {
        add(arguments, "-add-fd");
        add(arguments, "fd=%d,set=1", machine->disk);
    }
    char *file = machine->disk >= 0 ? text_format("/dev/fdset/1") : escape(machine->options->source);
    bool keep = machine->disk >= 0 || machine->options->write;
    add(arguments, "-drive");
    add(arguments, "if=none,id=disk,format=raw,file.driver=file,file.filename=%s%s", file,
        machine->disk >= 0 ? ",auto-read-only=off"
        : keep             ? ""
                           : ",snapshot=on");
    add(arguments, "-device");
    add(arguments, "virtio-blk-pci,drive=disk,bootindex=0,romfile=");
    free(file);
}

static void add_firmware(struct machine *machine)
{
    struct arguments *arguments = &machine->arguments;
    const char *vars = machine->options->vars != NULL ? machine->options->vars : machine->vars_template;
    char *code = escape(machine->code);
    struct stat status;
    if (stat(machine->code, &status) == 0 && status.st_size == FLASH_BYTES) {
        add(arguments, "-drive");
        add(arguments, "if=pflash,unit=0,format=raw,readonly=on,file.driver=file,file.filename=%s", code);
    } else {
        add(arguments, "-bios");
        add(arguments, "%s", machine->code);
    }
    if (vars != NULL) {
        char *file = escape(vars);
        add(arguments, "-drive");
        add(arguments, "if=pflash,unit=1,format=raw,file.driver=file,file.filename=%s%s", file,
            machine->options->vars == NULL ? ",snapshot=on" : "");
        free(file);
    }
    free(code);
}

static void add_extra(struct machine *machine)
{
    struct arguments *arguments = &machine->arguments;
    static const char *const icount[] = {
        "-icount", "shift=0,sleep=off", "-seed", "1", "-rtc", "base=2026-01-01T00:00:00,clock=vm"};
    for (size_t i = 0; machine->options->icount && i < sizeof(icount) / sizeof(icount[0]); i++)
        add(arguments, "%s", icount[i]);
    for (size_t i = 0; i < machine->options->qemu_argument_count; i++)
        add(arguments, "%s", machine->options->qemu_arguments[i]);
}

/* ---- firmware ---- */

static bool find_firmware(struct machine *machine)
{
    const char *name = machine->options->firmware;
    if (strcmp(name, "edk2") == 0) {
        machine->code = path_find_firmware("AAVMF_CODE.fd");
        machine->vars_template = path_try_firmware("AAVMF_VARS.fd");
    } else if (strcmp(name, "u-boot") == 0) {
        machine->code = path_find_firmware("u-boot.bin");
    } else if (access(name, R_OK) == 0) {
        machine->code = text_format("%s", name);
    } else {
        error_print("--firmware: found '%s' (%s), allowed edk2, u-boot or a file", name, strerror(errno));
    }
    return machine->code != NULL;
}

static bool copy_template(int target, const char *path)
{
    char bytes[65536];
    int source = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t count = source < 0 ? -1 : 1;
    while (count > 0) {
        count = read(source, bytes, sizeof(bytes));
        if (count > 0 && write(target, bytes, (size_t)count) != count)
            count = -1;
    }
    if (source >= 0)
        close(source);
    return count == 0;
}

/* Makes the file of --vars where it is absent: beside and renamed, so that half a file is never taken for one. */
static bool make_vars(const struct machine *machine)
{
    const char *path = machine->options->vars;
    if (path == NULL || access(path, F_OK) == 0)
        return true;
    char *partial = text_format("%s.XXXXXX", path);
    int fd = mkostemp(partial, O_CLOEXEC);
    bool good = fd >= 0 && (machine->vars_template == NULL || copy_template(fd, machine->vars_template)) &&
                ftruncate(fd, FLASH_BYTES) == 0 && rename(partial, path) == 0;
    if (!good) {
        error_print("%s: %s", path, strerror(errno));
        if (fd >= 0)
            (void)unlink(partial);
    }
    if (fd >= 0)
        close(fd);
    free(partial);
    return good;
}

/* ---- the disk ---- */

/* A disk image has a GUID partition table; everything else is read as a configuration. */
static bool is_disk(const char *path)
{
    char signature[8] = {0};
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return false;
    bool disk = pread(fd, signature, sizeof(signature), 512) == (ssize_t)sizeof(signature) &&
                memcmp(signature, "EFI PART", sizeof(signature)) == 0;
    close(fd);
    return disk;
}

static int prepare_disk(struct machine *machine)
{
    const struct run_options *options = machine->options;
    if (is_disk(options->source))
        return STATUS_GOOD;
    if (options->write) {
        error_print("--write keeps what is written to a DISK.img; %s is not one", options->source);
        return STATUS_USAGE;
    }
    struct host_limits limits = {.memory = options->memory, .cpus = options->cpus};
    struct compiled *compiled = config_compile(options->source, &limits);
    if (compiled == NULL)
        return STATUS_REFUSED;
    char *efi = path_find_efi();
    machine->disk = efi == NULL ? -1 : image_create_temporary(compiled, efi);
    free(efi);
    compiled_free(compiled);
    return machine->disk < 0 ? STATUS_FAILED : STATUS_GOOD;
}

static int start_machine(struct machine *machine)
{
    int sockets[2];
    if (!find_firmware(machine) || !make_vars(machine))
        return STATUS_FAILED;
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, sockets) != 0) {
        error_print("socketpair: %s", strerror(errno));
        return STATUS_FAILED;
    }
    machine->qemu = machine->options->qemu != NULL ? text_format("%s", machine->options->qemu) : path_find_qemu();
    machine->qmp = sockets[1];
    add_machine(machine);
    add_firmware(machine);
    add_disk(machine);
    add_console(machine);
    add_extra(machine);
    return run_watch((const char *const *)machine->arguments.list, machine->disk, sockets[1], sockets[0],
                     machine->options->timeout);
}

int run_machine(const struct run_options *options)
{
    struct machine machine = {.options = options, .disk = -1};
    int status = prepare_disk(&machine);
    if (status == STATUS_GOOD)
        status = start_machine(&machine);
    arguments_free(&machine.arguments);
    if (machine.disk >= 0)
        close(machine.disk);
    free(machine.vars_template);
    free(machine.code);
    free(machine.qemu);
    return status;
}
