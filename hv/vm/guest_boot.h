/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a direct boot tells the guest: its device tree. vm/ calls it at each start; dev/guest_board.c defines it (declared left,
 * defined right: the nodes come from the devices, and vm/ knows none of them).
 */
#pragma once

#include <stdint.h>

#include "lib/status.h"

struct vm;

struct guest_boot {
    uint64_t initrd_start; /* IPA of the first byte, and of the first byte after it; equal: there is none */
    uint64_t initrd_end;
    const char *cmdline; /* NULL or "": no bootargs */
};

/*
 * Writes the flattened device tree (version 17) of vm to buffer, 8-byte aligned, at most size bytes, with seeds fresh from the random
 * generator if that is available. STATUS_NO_MEMORY: it does not fit, buffer is undefined. The
 * tree is fdt_totalsize(buffer) bytes long, without free space in it.
 */
enum status vm_build_tree(const struct vm *vm, const struct guest_boot *boot, void *buffer, uint32_t size);
