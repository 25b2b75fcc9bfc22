/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command `run`: its options, QEMU's arguments, and watching over QEMU.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tool_error.h"

struct run_options {
    const char *source; /* a configuration or a disk image */
    uint32_t cpus;
    uint64_t memory; /* bytes */
    const char *cpu;
    const char *firmware; /* edk2, u-boot or a file */
    bool acpi;
    const char *vars; /* NULL: fresh ones */
    bool icount;
    uint32_t timeout; /* seconds, 0 = none */
    const char *qemu; /* NULL: the one that belongs to the command */
    const char *const *qemu_arguments;
    size_t qemu_argument_count;
    bool write;
};

/* Boots it and stays until QEMU has ended. */
int run_machine(const struct run_options *options);

/*
 * Starts argv (NULL-terminated) with the descriptors disk (-1: none) and qmp inherited, and watches it: signals, the
 * time-out, QMP events on monitor, which is our end of the socket whose other end is qmp. Takes qmp and closes it.
 */
int run_watch(const char *const *argv, int disk, int qmp, int monitor, uint32_t timeout);
