/* SPDX-License-Identifier: Apache-2.0 */
/* The physical devices of the fake machine: a list of models by address. Owns that list. */
#include "arch/host/host_device.h"

#include <stdio.h>
#include <stdlib.h>

#include "arch/device_access.h"

#define HOST_DEVICES 32U

static struct host_device devices[HOST_DEVICES];
static unsigned device_count;

void host_device_add(const struct host_device *device)
{
    if (device_count == HOST_DEVICES) {
        fprintf(stderr, "host_device: more than %u models\n", HOST_DEVICES);
        abort();
    }
    devices[device_count++] = *device;
}

void host_device_remove_all(void)
{
    device_count = 0;
}

static const struct host_device *find(const volatile void *address, unsigned size, uint64_t *offset)
{
    uintptr_t at = (uintptr_t)address;

    for (unsigned i = device_count; i-- > 0;) {
        uintptr_t base = (uintptr_t)devices[i].base;
        if (at >= base && at - base <= devices[i].size - size) {
            *offset = at - base;
            return &devices[i];
        }
    }
    fprintf(stderr, "host_device: no model at %p\n", (const void *)(uintptr_t)address);
    abort();
}

static void check_alignment(const volatile void *address, unsigned size)
{
    if ((uintptr_t)address % size != 0U) {
        fprintf(stderr, "host_device: unaligned access of %u bytes to a device at %p\n", size,
                (const void *)(uintptr_t)address);
        abort();
    }
}

uint64_t host_device_read(const volatile void *address, unsigned size)
{
    uint64_t offset;

    check_alignment(address, size);
    const struct host_device *device = find(address, size, &offset);
    return device->read(device->context, offset, size);
}

void host_device_write(volatile void *address, unsigned size, uint64_t value)
{
    uint64_t offset;

    check_alignment(address, size);
    const struct host_device *device = find(address, size, &offset);
    device->write(device->context, offset, size, value);
}
