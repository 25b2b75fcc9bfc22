/* SPDX-License-Identifier: Apache-2.0 */
/* RAM of the fake machine: arenas of reserved, sparse address space at chosen physical addresses. */
#include <sys/mman.h>

#include "arch/host/host_internal.h"
#include "arch/phys.h"

struct arena {
    uint64_t base;
    uint64_t size;
    uint8_t *bytes;
    bool object; /* of the test program: not ours to unmap */
};

static struct arena arenas[HOST_ARENAS];
static unsigned arena_count;

void host_phys_reset(void)
{
    for (unsigned i = 0; i < arena_count; i++)
        if (!arenas[i].object)
            (void)munmap(arenas[i].bytes, arenas[i].size);
    arena_count = 0;
}

static void add(uint64_t base, uint64_t size, void *bytes, bool object)
{
    if (arena_count == HOST_ARENAS)
        host_fail("more than %u arenas", HOST_ARENAS);
    for (unsigned i = 0; i < arena_count; i++) {
        if (base < arenas[i].base + arenas[i].size && arenas[i].base < base + size)
            host_fail("arena 0x%lx overlaps 0x%lx", base, arenas[i].base);
    }
    if (!object)
        bytes = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (bytes == MAP_FAILED)
        host_fail("no address space for an arena of 0x%lx bytes", size);
    arenas[arena_count++] = (struct arena){base, size, bytes, object};
}

void host_phys_add(uint64_t base, uint64_t size)
{
    add(base, size, NULL, false);
}

void host_phys_add_object(uint64_t base, uint64_t size, void *object)
{
    add(base, size, object, true);
}

bool host_phys_arena(uint64_t pa, unsigned *index, uint64_t *base, uint64_t *size)
{
    for (unsigned i = 0; i < arena_count; i++) {
        if (pa >= arenas[i].base && pa - arenas[i].base < arenas[i].size) {
            *index = i;
            *base = arenas[i].base;
            *size = arenas[i].size;
            return true;
        }
    }
    return false;
}

bool host_phys_contains(uint64_t pa, uint64_t size)
{
    unsigned index;
    uint64_t base;
    uint64_t arena_size;
    return host_phys_arena(pa, &index, &base, &arena_size) && size <= arena_size - (pa - base);
}

uint8_t *host_phys_bytes(uint64_t pa)
{
    unsigned index;
    uint64_t base;
    uint64_t size;
    if (!host_phys_arena(pa, &index, &base, &size))
        return NULL;
    return arenas[index].bytes + (pa - base);
}

bool host_phys_find(const void *pointer, uint64_t *pa)
{
    uintptr_t at = (uintptr_t)pointer;
    for (unsigned i = 0; i < arena_count; i++) {
        uintptr_t start = (uintptr_t)arenas[i].bytes;
        if (at >= start && at - start < arenas[i].size) {
            *pa = arenas[i].base + (at - start);
            return true;
        }
    }
    return false;
}

void *phys_to_pointer(uint64_t pa)
{
    void *pointer = host_phys_bytes(pa);
    if (pointer == NULL)
        host_fail("physical address 0x%lx is not RAM", pa);
    return pointer;
}

uint64_t pointer_to_phys(const void *pointer)
{
    uint64_t pa;
    if (!host_phys_find(pointer, &pa))
        host_fail("%p does not point to RAM", pointer);
    return pa;
}
