/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `ashlar`, the command on the host: words of the command line, help, and the commands themselves. Everything that a
 * command does is in the other files of this folder. The contract is docs/man/ashlar.1.
 */
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tool_compile.h"
#include "tool_error.h"
#include "tool_image.h"
#include "tool_paths.h"
#include "tool_run.h"
#include "tool_texts.h"
#include "tool_value.h"
#include "version.h"

#define CPUS_MAX 512U
#define MEMORY_LEAST (256ULL << 20)
#define MEMORY_LARGEST (1ULL << 44)
#define TIMEOUT_MAX 1000000U

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *help;
};

enum option_id {
    OPTION_HELP = 256,
    OPTION_FORCE,
    OPTION_HOST_MEMORY,
    OPTION_HOST_CPUS,
    OPTION_CPUS,
    OPTION_MEMORY,
    OPTION_CPU,
    OPTION_FIRMWARE,
    OPTION_ACPI,
    OPTION_VARS,
    OPTION_ICOUNT,
    OPTION_TIMEOUT,
    OPTION_QEMU,
    OPTION_QEMU_ARG,
    OPTION_WRITE,
};

static int usage_error(const char *command)
{
    fprintf(stderr, "try: ashlar %s --help\n", command);
    return STATUS_USAGE;
}

static int print_help(const char *text)
{
    fputs(text, stdout);
    return fflush(stdout) == 0 ? STATUS_GOOD : STATUS_FAILED;
}

/* What getopt found wrong; it has printed nothing, since its first character is ':'. */
static int option_error(const char *command, int result, char **argv)
{
    const char *option = argv[optind - 1];
    if (result == ':')
        error_print("%s: found '%s' without a value", command, option);
    else
        error_print("%s: found the unknown option '%s'", command, option);
    return usage_error(command);
}

/* Exactly one word beside the options. */
static bool one_operand(const char *command, const char *what, int argc, char **argv)
{
    if (argc - optind == 1)
        return true;
    if (argc == optind)
        error_print("%s: found nothing, allowed %s", command, what);
    else
        error_print("%s: found '%s' after '%s', allowed %s only", command, argv[optind + 1], argv[optind], what);
    return false;
}

static bool option_number(const char *name, const char *text, uint32_t least, uint32_t most, uint32_t *number)
{
    if (value_parse_count(text, number) && *number >= least && *number <= most)
        return true;
    error_print("%s: found '%s', allowed %u to %u", name, text, least, most);
    return false;
}

static bool option_size(const char *name, const char *text, uint64_t *bytes)
{
    if (value_parse_size(text, bytes) && *bytes >= MEMORY_LEAST && *bytes <= MEMORY_LARGEST && *bytes % (1U << 20) == 0)
        return true;
    error_print("%s: found '%s', allowed a size from 256M to 16384G in whole M or G", name, text);
    return false;
}

/* ---- init ---- */

static bool write_configuration(FILE *file)
{
    return fputs(text_init, file) >= 0 && fflush(file) == 0;
}

static int command_init(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, OPTION_HELP}, {NULL, 0, NULL, 0}};
    int result = getopt_long(argc, argv, ":h", options, NULL);
    if (result == OPTION_HELP || result == 'h')
        return print_help(help_init);
    if (result != -1)
        return option_error("init", result, argv);
    if (argc > optind && !one_operand("init", "one FILE", argc, argv))
        return usage_error("init");
    const char *path = argc > optind ? argv[optind] : "ashlar.yaml";
    if (strcmp(path, "-") == 0)
        return write_configuration(stdout) ? STATUS_GOOD : STATUS_FAILED;
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST) {
        error_print("%s exists already; name another file", path);
        return STATUS_USAGE;
    }
    FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
    bool good = file != NULL && write_configuration(file);
    int error = errno;
    if (file != NULL && fclose(file) != 0)
        good = false;
    if (!good) {
        error_print("%s: %s", path, strerror(error));
        return STATUS_FAILED;
    }
    printf("%s: written; set its kernel, then: ashlar run %s\n", path, path);
    return STATUS_GOOD;
}

/* ---- check ---- */

static int command_check(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, OPTION_HELP},
                                            {"host-memory", required_argument, NULL, OPTION_HOST_MEMORY},
                                            {"host-cpus", required_argument, NULL, OPTION_HOST_CPUS},
                                            {NULL, 0, NULL, 0}};
    struct host_limits limits = {.memory = 0};
    int result;
    while ((result = getopt_long(argc, argv, ":h", options, NULL)) != -1) {
        bool good = true;
        if (result == OPTION_HELP || result == 'h')
            return print_help(help_check);
        if (result == OPTION_HOST_MEMORY)
            good = option_size("--host-memory", optarg, &limits.memory);
        else if (result == OPTION_HOST_CPUS)
            good = option_number("--host-cpus", optarg, 1, CPUS_MAX, &limits.cpus);
        else
            return option_error("check", result, argv);
        if (!good)
            return usage_error("check");
    }
    if (!one_operand("check", "one CONFIG.yaml", argc, argv))
        return usage_error("check");
    struct compiled *compiled = config_compile(argv[optind], &limits);
    if (compiled == NULL)
        return STATUS_REFUSED;
    char *memory = value_show_size(compiled_memory(compiled));
    uint32_t vms = compiled->config.vm_count;
    uint32_t cpus = compiled_cpus(compiled);
    printf("%s: usable: %u VM%s, %u vCPU%s, %s of memory\n", argv[optind], vms, vms == 1 ? "" : "s", cpus,
           cpus == 1 ? "" : "s", memory);
    free(memory);
    compiled_free(compiled);
    return fflush(stdout) == 0 ? STATUS_GOOD : STATUS_FAILED;
}

/* ---- image ---- */

/* Is path a place for an image? */
static bool check_output(const char *path, bool force)
{
    struct stat status;
    if (stat(path, &status) != 0) {
        if (errno == ENOENT)
            return true;
        error_print("%s: %s", path, strerror(errno));
        return false;
    }
    if (S_ISBLK(status.st_mode))
        error_print("%s is a block device; make an image file, then write it with: dd if=FILE of=%s bs=4M conv=fsync",
                    path, path);
    else if (!S_ISREG(status.st_mode))
        error_print("%s is not a regular file", path);
    else if (!force)
        error_print("%s exists already; --force replaces it", path);
    else
        return true;
    return false;
}

static int make_image(const char *source, const char *output, bool force)
{
    static const struct host_limits no_limits = {.memory = 0};
    if (!check_output(output, force))
        return STATUS_USAGE;
    struct compiled *compiled = config_compile(source, &no_limits);
    if (compiled == NULL)
        return STATUS_REFUSED;
    char *efi = path_find_efi();
    bool good = efi != NULL && image_create(output, compiled, efi);
    free(efi);
    compiled_free(compiled);
    return good ? STATUS_GOOD : STATUS_FAILED;
}

static int command_image(int argc, char **argv)
{
    static const struct option options[] = {{"help", no_argument, NULL, OPTION_HELP},
                                            {"output", required_argument, NULL, 'o'},
                                            {"force", no_argument, NULL, OPTION_FORCE},
                                            {NULL, 0, NULL, 0}};
    const char *output = NULL;
    bool force = false;
    int result;
    while ((result = getopt_long(argc, argv, ":ho:", options, NULL)) != -1) {
        if (result == OPTION_HELP || result == 'h')
            return print_help(help_image);
        if (result == 'o')
            output = optarg;
        else if (result == OPTION_FORCE)
            force = true;
        else
            return option_error("image", result, argv);
    }
    if (!one_operand("image", "one CONFIG.yaml", argc, argv))
        return usage_error("image");
    if (output == NULL || output[0] == '\0') {
        error_print("image: found no -o DISK.img");
        return usage_error("image");
    }
    return make_image(argv[optind], output, force);
}

/* ---- run ---- */

static const struct option run_option_table[] = {
    {"help", no_argument, NULL, OPTION_HELP},
    {"cpus", required_argument, NULL, OPTION_CPUS},
    {"memory", required_argument, NULL, OPTION_MEMORY},
    {"cpu", required_argument, NULL, OPTION_CPU},
    {"firmware", required_argument, NULL, OPTION_FIRMWARE},
    {"acpi", required_argument, NULL, OPTION_ACPI},
    {"vars", required_argument, NULL, OPTION_VARS},
    {"icount", no_argument, NULL, OPTION_ICOUNT},
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"qemu", required_argument, NULL, OPTION_QEMU},
    {"qemu-arg", required_argument, NULL, OPTION_QEMU_ARG},
    {"write", no_argument, NULL, OPTION_WRITE},
    {NULL, 0, NULL, 0},
};

static bool option_switch(const char *name, const char *text, bool *on)
{
    *on = strcmp(text, "on") == 0;
    if (*on || strcmp(text, "off") == 0)
        return true;
    error_print("%s: found '%s', allowed on or off", name, text);
    return false;
}

static bool take_run_option(struct run_options *options, const char **arguments, int option)
{
    switch (option) {
    case OPTION_CPUS:
        return option_number("--cpus", optarg, 1, CPUS_MAX, &options->cpus);
    case OPTION_MEMORY:
        return option_size("--memory", optarg, &options->memory);
    case OPTION_ACPI:
        return option_switch("--acpi", optarg, &options->acpi);
    case OPTION_TIMEOUT:
        return option_number("--timeout", optarg, 1, TIMEOUT_MAX, &options->timeout);
    case OPTION_CPU:
        options->cpu = optarg;
        break;
    case OPTION_FIRMWARE:
        options->firmware = optarg;
        break;
    case OPTION_VARS:
        options->vars = optarg;
        break;
    case OPTION_ICOUNT:
        options->icount = true;
        break;
    case OPTION_QEMU:
        options->qemu = optarg;
        break;
    case OPTION_QEMU_ARG:
        arguments[options->qemu_argument_count++] = optarg;
        break;
    default:
        options->write = true;
        break;
    }
    return true;
}

static int parse_run(int argc, char **argv, struct run_options *options, const char **arguments)
{
    int result;
    while ((result = getopt_long(argc, argv, ":h", run_option_table, NULL)) != -1) {
        if (result == OPTION_HELP || result == 'h') {
            options->source = NULL;
            return print_help(help_run);
        }
        if (result == ':' || result == '?')
            return option_error("run", result, argv);
        if (!take_run_option(options, arguments, result))
            return usage_error("run");
    }
    if (!one_operand("run", "one CONFIG.yaml or DISK.img", argc, argv))
        return usage_error("run");
    options->source = argv[optind];
    return STATUS_GOOD;
}

static int command_run(int argc, char **argv)
{
    const char **arguments = memory_get((size_t)argc * sizeof(*arguments));
    struct run_options options = {
        .cpus = 4, .memory = 2ULL << 30, .cpu = "max", .firmware = "edk2", .acpi = true, .qemu_arguments = arguments};
    int status = parse_run(argc, argv, &options, arguments);
    if (status == STATUS_GOOD && options.source != NULL)
        status = run_machine(&options);
    free(arguments);
    return status;
}

/* ---- the command line ---- */

static const struct command commands[] = {
    {"init", command_init, help_init},
    {"check", command_check, help_check},
    {"image", command_image, help_image},
    {"run", command_run, help_run},
};

static const char *const command_names[] = {"init", "check", "image", "run", NULL};

static int unknown_command(const char *word)
{
    const char *nearest = text_nearest(word, command_names);
    error_print("found the unknown command '%s', allowed init, check, image, run%s%s", word,
                nearest == NULL ? "" : "; try ", nearest == NULL ? "" : nearest);
    fputs("try: ashlar --help\n", stderr);
    return STATUS_USAGE;
}

int main(int argc, char **argv)
{
    const char *word = argc < 2 ? "" : argv[1];
    if (argc < 2) {
        fputs(help_all, stderr);
        return STATUS_USAGE;
    }
    if (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "help") == 0)
        return print_help(help_all);
    if (strcmp(word, "--version") == 0) {
        printf("ashlar %s (%s)\n", ASHLAR_VERSION, ASHLAR_COMMIT);
        return fflush(stdout) == 0 ? STATUS_GOOD : STATUS_FAILED;
    }
    for (size_t i = 0; i < sizeof(commands) / sizeof(commands[0]); i++) {
        if (strcmp(word, commands[i].name) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    return unknown_command(word);
}
