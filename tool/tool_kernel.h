/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kernel and initrd files: recognised by their contents, unpacked where they are compressed.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define KERNEL_ALLOWED "an arm64 Image, Image.gz, EFI zboot kernel or flat binary"
#define KERNEL_HANDOVER "an arm64 Image, Image.gz or EFI zboot kernel"

/* A file as it goes to the volume. */
struct payload {
    const uint8_t *bytes;
    size_t size;
    int fd;        /* of the file itself, or -1: what to copy when nothing was unpacked */
    void *mapping; /* of that file, or NULL */
    size_t mapping_size;
    uint8_t *unpacked; /* what bytes points into when the file was compressed, or NULL */
    bool flat;         /* kernel: a flat binary rather than an arm64 Image */
    uint64_t extent;   /* kernel: bytes of RAM that it needs from the start of RAM on, its BSS included */
};

/* An empty one, which payload_free takes. */
#define PAYLOAD_NONE ((struct payload){.fd = -1})

/*
 * Loads a kernel or an initrd. True: *payload is filled. False: *what says in words what the file is or why it can't be
 * read (to be freed), and *payload is empty.
 */
bool payload_load_kernel(const char *path, struct payload *payload, char **what);
bool payload_load_initrd(const char *path, struct payload *payload, char **what);
void payload_free(struct payload *payload);

/* Maps a regular, non-empty file read-only. Errors as above. */
bool payload_map(const char *path, struct payload *payload, char **what);
