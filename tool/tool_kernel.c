/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads kernels and initrds for the volume. An arm64 Image is taken as it is (its header: Linux,
 * Documentation/arm64/booting), gzip and EFI zboot are unpacked here so that the loader need not, what tool_recognise.c
 * knows by name is refused, and the rest is a flat binary. Called by tool_compile.c; owns no state.
 */
#include "tool_kernel.h"

#include <archive.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "ashlar/config.h"
#include "tool_error.h"
#include "tool_recognise.h"

#define UNPACKED_MAX (1ULL << 30)
#define UNPACK_STEP (1U << 20)

#define IMAGE_HEADER 64U
#define IMAGE_TEXT_OFFSET 8U
#define IMAGE_SIZE 16U
#define IMAGE_FLAGS 24U
#define IMAGE_FLAG_BE 1U
#define ZBOOT_HEADER 64U
#define ZBOOT_OFFSET 8U
#define ZBOOT_SIZE 12U
#define ZBOOT_TYPE 24U
#define ZBOOT_TYPE_MAX 32U
#define ZBOOT_SIZE_SUFFIX 4U

static bool refuse(char **what, char *text)
{
    *what = text;
    return false;
}

static bool map_file(int fd, struct payload *payload, char **what)
{
    struct stat status;
    if (fstat(fd, &status) != 0)
        return refuse(what, text_format("%s", strerror(errno)));
    if (S_ISDIR(status.st_mode))
        return refuse(what, text_format("a folder"));
    if (!S_ISREG(status.st_mode))
        return refuse(what, text_format("not a regular file"));
    if (status.st_size == 0)
        return refuse(what, text_format("an empty file"));
    void *mapping = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (mapping == MAP_FAILED)
        return refuse(what, text_format("not readable: %s", strerror(errno)));
    payload->mapping = mapping;
    payload->mapping_size = (size_t)status.st_size;
    payload->bytes = mapping;
    payload->size = payload->mapping_size;
    return true;
}

void payload_free(struct payload *payload)
{
    if (payload->mapping != NULL)
        munmap(payload->mapping, payload->mapping_size);
    free(payload->unpacked);
    if (payload->fd >= 0)
        close(payload->fd);
    *payload = PAYLOAD_NONE;
}

bool payload_map(const char *path, struct payload *payload, char **what)
{
    *payload = PAYLOAD_NONE;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0 && errno == ENOENT)
        return refuse(what, text_format("no such file"));
    if (fd < 0)
        return refuse(what, text_format("not readable: %s", strerror(errno)));
    if (!map_file(fd, payload, what)) {
        close(fd);
        return false;
    }
    payload->fd = fd;
    return true;
}

/* ---- unpacking ---- */

/* Only what libarchive has built in: a filter that would start another program is not wanted. */
static void add_filters(struct archive *archive)
{
    archive_read_support_filter_gzip(archive);
    archive_read_support_filter_bzip2(archive);
    archive_read_support_filter_lzma(archive);
    archive_read_support_filter_xz(archive);
    if (archive_read_support_filter_zstd(archive) != ARCHIVE_OK ||
        archive_read_support_filter_lz4(archive) != ARCHIVE_OK)
        archive_clear_error(archive);
    archive_read_support_format_raw(archive);
}

/* Reads all that the archive gives. NULL: damaged, or larger than UNPACKED_MAX. */
static uint8_t *read_all(struct archive *archive, size_t *size)
{
    uint8_t *bytes = NULL;
    size_t space = 0;
    *size = 0;
    for (;;) {
        if (space - *size < UNPACK_STEP) {
            uint8_t *larger = space > UNPACKED_MAX ? NULL : realloc(bytes, space * 2U + UNPACK_STEP);
            if (larger == NULL)
                break;
            bytes = larger;
            space = space * 2U + UNPACK_STEP;
        }
        la_ssize_t count = archive_read_data(archive, bytes + *size, space - *size);
        if (count == 0)
            return bytes;
        if (count < 0)
            break;
        *size += (size_t)count;
    }
    free(bytes);
    return NULL;
}

static uint8_t *unpack_bytes(const uint8_t *packed, size_t packed_size, size_t *size)
{
    struct archive *archive = archive_read_new();
    struct archive_entry *entry = NULL;
    uint8_t *bytes = NULL;
    if (archive == NULL)
        return NULL;
    add_filters(archive);
    if (archive_read_open_memory(archive, packed, packed_size) == ARCHIVE_OK &&
        archive_read_next_header(archive, &entry) == ARCHIVE_OK)
        bytes = read_all(archive, size);
    archive_read_free(archive);
    return bytes;
}

/* Replaces the payload's bytes by the unpacked ones. suffix: bytes after the packed ones that may have to be cut. */
static bool unpack_payload(struct payload *payload, const uint8_t *packed, size_t packed_size, size_t suffix)
{
    size_t size = 0;
    uint8_t *bytes = unpack_bytes(packed, packed_size, &size);
    if (bytes == NULL && packed_size > suffix)
        bytes = unpack_bytes(packed, packed_size - suffix, &size);
    if (bytes == NULL)
        return false;
    payload->unpacked = bytes;
    payload->bytes = bytes;
    payload->size = size;
    return true;
}

/* ---- kernels ---- */

static uint64_t get_le(const uint8_t *bytes, size_t count)
{
    uint64_t value = 0;
    while (count-- > 0)
        value = value << 8 | bytes[count];
    return value;
}

static bool is_image(const struct payload *payload)
{
    return payload->size >= IMAGE_HEADER && memcmp(payload->bytes + 56, "ARM\x64", 4) == 0;
}

/* An Image before Linux 3.17 has an image_size of 0 and lies at 0x80000; one that old has no flags either. */
static bool take_image(struct payload *payload, char **what)
{
    uint64_t offset = get_le(payload->bytes + IMAGE_TEXT_OFFSET, 8);
    uint64_t size = get_le(payload->bytes + IMAGE_SIZE, 8);
    if ((get_le(payload->bytes + IMAGE_FLAGS, 8) & IMAGE_FLAG_BE) != 0)
        return refuse(what, text_format("a big-endian arm64 kernel"));
    if (size == 0) {
        offset = CONFIG_FLAT_OFFSET;
        size = payload->size;
    }
    if (offset % 4096U != 0 || offset >= CONFIG_MEMORY_STEP || size > CONFIG_MEMORY_MAX)
        return refuse(what, text_format("a damaged arm64 Image"));
    payload->extent = offset + (size > payload->size ? size : payload->size);
    return true;
}

static bool take_inner(struct payload *payload, const char *packing, char **what)
{
    if (is_image(payload))
        return take_image(payload, what);
    const char *name = recognise(payload->bytes, payload->size);
    return refuse(what, text_format("%s with %s inside", packing, name == NULL ? "no arm64 Image" : name));
}

/* Linux, drivers/firmware/efi/libstub/zboot-header.S: "MZ", "zimg", payload's offset and size, compression's name. */
static bool take_zboot(struct payload *payload, char **what)
{
    const uint8_t *header = payload->bytes;
    uint64_t offset = get_le(header + ZBOOT_OFFSET, 4);
    uint64_t size = get_le(header + ZBOOT_SIZE, 4);
    if (offset < ZBOOT_HEADER || offset > payload->size || size > payload->size - offset || size == 0)
        return refuse(what, text_format("a damaged EFI zboot kernel"));
    if (!unpack_payload(payload, header + offset, size, ZBOOT_SIZE_SUFFIX)) {
        char *type =
            text_show((const char *)header + ZBOOT_TYPE, strnlen((const char *)header + ZBOOT_TYPE, ZBOOT_TYPE_MAX));
        bool refused = refuse(what, text_format("an EFI zboot kernel whose %s payload can't be unpacked", type));
        free(type);
        return refused;
    }
    return take_inner(payload, "an EFI zboot kernel", what);
}

static bool take_gzip(struct payload *payload, char **what)
{
    if (!unpack_payload(payload, payload->bytes, payload->size, 0))
        return refuse(what, text_format("a damaged gzip file"));
    return take_inner(payload, "a gzip file", what);
}

static bool take_kernel(struct payload *payload, char **what)
{
    const uint8_t *bytes = payload->bytes;
    if (is_image(payload))
        return take_image(payload, what);
    if (payload->size >= ZBOOT_HEADER && memcmp(bytes, "MZ", 2) == 0 && memcmp(bytes + 4, "zimg", 4) == 0)
        return take_zboot(payload, what);
    if (payload->size >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b)
        return take_gzip(payload, what);
    const char *name = recognise(bytes, payload->size);
    if (name != NULL)
        return refuse(what, text_format("%s", name));
    payload->flat = true;
    payload->extent = CONFIG_FLAT_OFFSET + payload->size;
    return true;
}

bool payload_load_kernel(const char *path, struct payload *payload, char **what)
{
    bool good = payload_map(path, payload, what) && take_kernel(payload, what);
    if (!good)
        payload_free(payload);
    return good;
}

bool payload_load_initrd(const char *path, struct payload *payload, char **what)
{
    if (!payload_map(path, payload, what))
        return false;
    if (!is_image(payload))
        return true;
    payload_free(payload);
    return refuse(what, text_format("an arm64 kernel"));
}
