/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a guest's files go in its RAM: an arm64 Image by its header (Linux, Documentation/arch/arm64/booting.rst), a flat binary where the
 * configuration says. Pure: sizes in, offsets out.
 */
#pragma once

#include <stdint.h>

#include "lib/status.h"

#define KERNEL_IMAGE_HEADER 64U

struct kernel_layout {
    uint64_t kernel; /* offset from the start of RAM */
    uint64_t entry;  /* offset */
    uint64_t initrd; /* offset; meaningless when there is none */
    uint64_t tree;   /* offset of 2 MiB for the device tree */
};

/*
 * header: the first KERNEL_IMAGE_HEADER bytes of the kernel, or NULL for a flat binary at flat_offset. ram, sizes: bytes.
 * STATUS_INVALID: no Image. STATUS_RANGE: does not fit the RAM.
 */
enum status kernel_image_place(const uint8_t *header, uint64_t kernel_size, uint64_t flat_offset, uint64_t initrd_size,
                               uint64_t ram, struct kernel_layout *out);
