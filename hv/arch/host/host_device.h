/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Models of physical devices for tests: what arch/device_access.h reaches on the build machine. An access that no model
 * claims ends the program.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct host_device {
    volatile void *base; /* any address that nothing else uses; never dereferenced */
    size_t size;
    uint64_t (*read)(void *context, uint64_t offset, unsigned size);
    void (*write)(void *context, uint64_t offset, unsigned size, uint64_t value);
    void *context;
};

/* Up to 32. Where two overlap, the later one answers. */
void host_device_add(const struct host_device *device);
void host_device_remove_all(void);
