/* SPDX-License-Identifier: Apache-2.0 */
/* Placing a kernel, its initrd and its device tree in RAM. Pure. */
#include "vm/kernel_image.h"

#include <stddef.h>

#include "lib/bits.h"
#include "mem/addr.h"

#define IMAGE_MAGIC 0x644d5241ULL /* "ARM\x64" at byte 56 */
#define IMAGE_OFFSET_OLD 0x80000ULL
#define TREE_SIZE BLOCK_2M
/* All sums below stay far from wrapping when each part is below this. */
#define PART_MAX (1ULL << 40)

static uint64_t read_le(const uint8_t *at, unsigned bytes)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < bytes; i++) {
        value |= (uint64_t)at[i] << (8U * i);
    }
    return value;
}

/* text_offset at 8, image_size at 16 (0 in kernels before 3.17, which want offset 0x80000), magic at 56. */
static enum status image_extent(const uint8_t *header, uint64_t file_size, uint64_t *offset, uint64_t *size)
{
    if (file_size < KERNEL_IMAGE_HEADER || read_le(header + 56, 4) != IMAGE_MAGIC) {
        return STATUS_INVALID;
    }
    uint64_t image_size = read_le(header + 16, 8);
    *offset = image_size == 0U ? IMAGE_OFFSET_OLD : read_le(header + 8, 8);
    *size = image_size > file_size ? image_size : file_size;
    return *offset < PART_MAX && *size < PART_MAX ? STATUS_OK : STATUS_RANGE;
}

enum status kernel_image_place(const uint8_t *header, uint64_t kernel_size, uint64_t flat_offset, uint64_t initrd_size,
                               uint64_t ram, struct kernel_layout *out)
{
    uint64_t offset = flat_offset;
    uint64_t size = kernel_size;
    if (header != NULL) {
        enum status status = image_extent(header, kernel_size, &offset, &size);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (offset >= PART_MAX || size >= PART_MAX || initrd_size >= PART_MAX || ram < TREE_SIZE) {
        return STATUS_RANGE;
    }
    out->kernel = offset;
    out->entry = offset;
    out->initrd = align_up(offset + size, BLOCK_2M);
    /* Behind all else: a flat binary's own data may follow its file. */
    out->tree = ram - TREE_SIZE;
    uint64_t end = initrd_size != 0U ? out->initrd + initrd_size : offset + size;
    return end <= out->tree ? STATUS_OK : STATUS_RANGE;
}
