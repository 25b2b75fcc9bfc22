/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Makes boot disks. The file system is written by mtools, with times fixed by SOURCE_DATE_EPOCH and a serial number and
 * GUIDs that follow from the contents: the same input gives the same bytes. A temporary image has no name, so that
 * nothing can be left behind; one with a name is written beside its place and renamed, and the handlers here remove it
 * when a signal ends the command. Called by the commands `image` and `run`. Owns partial_path.
 */
#include "tool_image.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

#include "tool_child.h"
#include "tool_error.h"
#include "tool_gpt.h"

#define MEBIBYTE (1ULL << 20)
/* FAT32 has at least 65,525 clusters (Microsoft FAT specification 1.03, "FAT Type Determination"). */
#define SMALL_CLUSTER 1U
#define SMALL_LEAST (40ULL * MEBIBYTE)
#define LARGE_CLUSTER 8U
#define LARGE_LEAST (264ULL * MEBIBYTE)
#define LARGE_FROM (192ULL * MEBIBYTE) /* bytes of files from which the large cluster is taken */
#define FILE_MAX 0xffffffffULL         /* of FAT */
#define EXTRA_FILES 2U

/* One file on the volume. */
struct item {
    char *target;
    const uint8_t *bytes;
    uint64_t size;
    int fd; /* to copy from, or -1: bytes go through one without a name */
};

struct image {
    int fd;
    char *drive; /* mtools' -i argument */
    struct item items[EXTRA_FILES + 2U * (CONFIG_MAX_VMS + 1U)];
    size_t count;
    uint64_t content; /* bytes of all files */
    uint64_t bytes;   /* of the disk */
    unsigned int cluster;
    uint64_t seed[2];
    struct timespec start;
    bool shown;
};

static const char *const fixed_environment[] = {
    "SOURCE_DATE_EPOCH=1577836800", "TZ=UTC0", "LC_ALL=C", "MTOOLSRC=/dev/null", "MTOOLS_SKIP_CHECK=1", NULL};

/* Read by a signal handler. */
static char *volatile partial_path;

/* ---- contents ---- */

static void item_add(struct image *image, char *target, const uint8_t *bytes, uint64_t size, int fd)
{
    image->items[image->count++] = (struct item){.target = target, .bytes = bytes, .size = size, .fd = fd};
    image->content += size;
}

static void item_add_payload(struct image *image, uint32_t vm, const char *name, const struct payload *payload)
{
    if (payload->bytes != NULL)
        item_add(image,
                 vm == COMPILED_HANDOVER ? text_format("::/ashlar/handover/%s", name)
                                         : text_format("::/ashlar/vm%u/%s", vm, name),
                 payload->bytes, payload->size, payload->unpacked == NULL ? payload->fd : -1);
}

/* FNV-1a over 64-bit words with two starting points: tells contents apart, promises no more. */
static void hash_bytes(uint64_t seed[2], const uint8_t *bytes, uint64_t size)
{
    for (uint64_t at = 0; at < size; at += 8U) {
        uint64_t word = 0;
        memcpy(&word, bytes + at, size - at < 8U ? size - at : 8U);
        seed[0] = (seed[0] ^ word) * 0x100000001b3ULL;
        seed[1] = (seed[1] ^ word ^ seed[0] >> 32) * 0x9e3779b97f4a7c15ULL;
    }
}

static void choose_size(struct image *image)
{
    bool small = image->content < LARGE_FROM;
    uint64_t least = small ? SMALL_LEAST : LARGE_LEAST;
    image->cluster = small ? SMALL_CLUSTER : LARGE_CLUSTER;
    /* both FATs take 8 bytes for each cluster */
    uint64_t needed = image->content + image->content / (64U * image->cluster) + 4U * MEBIBYTE;
    needed = (needed + MEBIBYTE - 1U) / MEBIBYTE * MEBIBYTE;
    image->bytes = GPT_FIRST_BYTE + (needed < least ? least : needed) + GPT_END_BYTES;
}

static void image_collect(struct image *image, const struct compiled *compiled, const struct payload *efi)
{
    item_add(image, text_format("::/EFI/BOOT/BOOTAA64.EFI"), efi->bytes, efi->size, efi->fd);
    item_add(image, text_format("::/ashlar/config.dtb"), compiled->blob, compiled->blob_size, -1);
    for (uint32_t vm = 0; vm < compiled->config.vm_count; vm++) {
        item_add_payload(image, vm, "kernel", &compiled->kernels[vm]);
        item_add_payload(image, vm, "initrd", &compiled->initrds[vm]);
    }
    item_add_payload(image, COMPILED_HANDOVER, "kernel", &compiled->kernels[COMPILED_HANDOVER]);
    item_add_payload(image, COMPILED_HANDOVER, "initrd", &compiled->initrds[COMPILED_HANDOVER]);
    image->seed[0] = 0xcbf29ce484222325ULL;
    image->seed[1] = 0x6a09e667f3bcc908ULL;
    for (size_t i = 0; i < image->count; i++)
        hash_bytes(image->seed, image->items[i].bytes, image->items[i].size);
    choose_size(image);
}

static bool check_sizes(const struct image *image)
{
    for (size_t i = 0; i < image->count; i++) {
        if (image->items[i].size > FILE_MAX) {
            error_print("%s would have %llu bytes; a FAT file system holds files up to 4G", image->items[i].target + 2,
                        (unsigned long long)image->items[i].size);
            return false;
        }
    }
    return true;
}

/* ---- writing ---- */

static void image_progress(void *context)
{
    struct image *image = context;
    struct timespec now;
    struct stat status;
    if (isatty(STDERR_FILENO) != 1 || clock_gettime(CLOCK_MONOTONIC, &now) != 0 || fstat(image->fd, &status) != 0)
        return;
    if (now.tv_sec - image->start.tv_sec < 1 + (now.tv_nsec < image->start.tv_nsec))
        return;
    fprintf(stderr, "\r\033[Kashlar: writing the image: %llu of %llu MB",
            (unsigned long long)status.st_blocks * 512U / MEBIBYTE, (unsigned long long)(image->content / MEBIBYTE));
    image->shown = true;
}

static bool run_mtool(struct image *image, const char *const *argv, int source)
{
    struct child child = {.argv = argv, .environment = fixed_environment, .fds = {image->fd, source, -1, -1}};
    return child_run(&child, "mtools", image_progress, image);
}

static bool make_file_system(struct image *image)
{
    char *cluster = text_format("%u", image->cluster);
    char *sectors =
        text_format("%llu", (unsigned long long)((image->bytes - GPT_FIRST_BYTE - GPT_END_BYTES) / GPT_SECTOR));
    char *serial = text_format("%08x", (unsigned int)image->seed[0]);
    char *hidden = text_format("%llu", (unsigned long long)(GPT_FIRST_BYTE / GPT_SECTOR));
    const char *const argv[] = {"mformat", "-i", image->drive, "-F",   "-c", cluster, "-T", sectors,  "-h", "255",
                                "-s",      "63", "-H",         hidden, "-N", serial,  "-v", "ASHLAR", "::", NULL};
    bool good = run_mtool(image, argv, -1);
    free(hidden);
    free(serial);
    free(sectors);
    free(cluster);
    return good;
}

static bool make_folders(struct image *image, uint32_t vm_count)
{
    const char *argv[7U + CONFIG_MAX_VMS + 1U] = {"mmd",         "-i",        image->drive,        "::/EFI",
                                                  "::/EFI/BOOT", "::/ashlar", "::/ashlar/handover"};
    char *names[CONFIG_MAX_VMS] = {NULL};
    for (uint32_t vm = 0; vm < vm_count; vm++) {
        names[vm] = text_format("::/ashlar/vm%u", vm);
        argv[7U + vm] = names[vm];
    }
    bool good = run_mtool(image, argv, -1);
    for (uint32_t vm = 0; vm < vm_count; vm++)
        free(names[vm]);
    return good;
}

static int bytes_to_fd(const uint8_t *bytes, uint64_t size)
{
    int fd = memfd_create("file", MFD_CLOEXEC);
    while (fd >= 0 && size > 0) {
        ssize_t count = write(fd, bytes, size);
        if (count <= 0) {
            close(fd);
            return -1;
        }
        bytes += count;
        size -= (uint64_t)count;
    }
    return fd;
}

static bool copy_item(struct image *image, const struct item *item)
{
    int fd = item->fd >= 0 ? item->fd : bytes_to_fd(item->bytes, item->size);
    if (fd < 0) {
        error_print("%s could not be prepared: %s", item->target + 2, strerror(errno));
        return false;
    }
    char *source = text_format("/dev/fd/%d", fd);
    const char *const argv[] = {"mcopy", "-i", image->drive, source, item->target, NULL};
    bool good = run_mtool(image, argv, fd);
    free(source);
    if (fd != item->fd)
        close(fd);
    return good;
}

/* Space for what will be written; the rest of the file is a hole. */
static bool check_space(const struct image *image)
{
    struct statvfs file_system;
    uint64_t needed = image->content + image->content / (64U * image->cluster) + 8U * MEBIBYTE;
    if (fstatvfs(image->fd, &file_system) != 0)
        return true;
    uint64_t available = (uint64_t)file_system.f_bavail * file_system.f_frsize;
    if (available >= needed)
        return true;
    error_print("the image needs %llu MB, the file system has %llu MB left",
                (unsigned long long)(needed / MEBIBYTE + 1U), (unsigned long long)(available / MEBIBYTE));
    return false;
}

static bool write_disk(struct image *image, uint32_t vm_count)
{
    bool good = check_space(image);
    if (good && (ftruncate(image->fd, (off_t)image->bytes) != 0 || !gpt_write(image->fd, image->bytes, image->seed))) {
        error_print("the image could not be written: %s", strerror(errno));
        good = false;
    }
    good = good && make_file_system(image) && make_folders(image, vm_count);
    for (size_t i = 0; good && i < image->count; i++)
        good = copy_item(image, &image->items[i]);
    if (image->shown)
        fputs("\r\033[K", stderr);
    return good;
}

static bool image_write(int fd, const struct compiled *compiled, const char *efi_path)
{
    struct image image = {.fd = fd};
    struct payload efi;
    char *what = NULL;
    if (!payload_map(efi_path, &efi, &what)) {
        error_print("%s: %s", efi_path, what);
        free(what);
        return false;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &image.start);
    image.drive = text_format("/dev/fd/%d@@%llu", fd, (unsigned long long)GPT_FIRST_BYTE);
    image_collect(&image, compiled, &efi);
    bool good = check_sizes(&image) && write_disk(&image, compiled->config.vm_count);
    for (size_t i = 0; i < image.count; i++)
        free(image.items[i].target);
    free(image.drive);
    payload_free(&efi);
    return good;
}

/* ---- with a name, without a name ---- */

static void remove_partial(int signal_number)
{
    if (partial_path != NULL)
        (void)unlink(partial_path);
    (void)signal(signal_number, SIG_DFL);
    (void)raise(signal_number);
}

static void catch_signals(void (*handler)(int))
{
    static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
        struct sigaction old;
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN)
            (void)sigaction(signals[i], &action, NULL);
    }
}

static bool finish(int fd, const char *partial, const char *path)
{
    mode_t mask = umask(0);
    (void)umask(mask);
    if (fchmod(fd, 0666 & ~mask) != 0 || fsync(fd) != 0 || rename(partial, path) != 0) {
        error_print("%s: %s", path, strerror(errno));
        return false;
    }
    return true;
}

bool image_create(const char *path, const struct compiled *compiled, const char *efi)
{
    char *partial = text_format("%s.XXXXXX", path);
    catch_signals(remove_partial);
    int fd = mkostemp(partial, O_CLOEXEC);
    if (fd < 0) {
        error_print("%s can't be written beside: %s", path, strerror(errno));
        free(partial);
        return false;
    }
    partial_path = partial;
    bool good = image_write(fd, compiled, efi) && finish(fd, partial, path);
    if (!good)
        (void)unlink(partial);
    partial_path = NULL;
    catch_signals(SIG_DFL);
    close(fd);
    free(partial);
    return good;
}

static int open_temporary(void)
{
    const char *folder = getenv("TMPDIR");
    char *path = text_format("%s/ashlar.XXXXXX", folder == NULL || folder[0] == '\0' ? "/var/tmp" : folder);
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd < 0)
        error_print("%s: %s", path, strerror(errno));
    else
        (void)unlink(path);
    free(path);
    return fd;
}

int image_create_temporary(const struct compiled *compiled, const char *efi)
{
    int fd = open_temporary();
    if (fd >= 0 && !image_write(fd, compiled, efi)) {
        close(fd);
        fd = -1;
    }
    return fd;
}
