/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where the PRDAs are. Owns the list of them; written while CPUs are brought up, read-only afterwards.
 */
#include "cpu/prda.h"

#include "arch/cpu_local.h"
#include "arch/phys.h"
#include "lib/panic.h"
#include "mem/page_alloc.h"

__attribute__((aligned(4096))) struct prda cpu_boot_prda;

struct prda *prda_areas[PLATFORM_MAX_CPUS] = {&cpu_boot_prda};
static unsigned area_count = 1;

unsigned prda_count(void)
{
    return area_count;
}

enum status prda_create(unsigned cpu, struct prda **out)
{
    pa_t pa;
    enum status status = page_alloc_zeroed(OWNER_CPU, 0, &pa);
    if (status != STATUS_OK) {
        return status;
    }
    assert(cpu == area_count && cpu < PLATFORM_MAX_CPUS);
    prda_areas[cpu] = phys_to_pointer(pa.pa);
    prda_areas[cpu]->self = pa.pa;
    prda_areas[cpu]->cpu = cpu;
    area_count++;
    *out = prda_areas[cpu];
    return STATUS_OK;
}

#ifndef ASHLAR_HOST
#include "arch/sysreg.h"

/* By TPIDR_EL2, not by the constant address: the log and locks work before the hypervisor's own tables do. */
unsigned cpu_local_index(void)
{
    return ((const struct prda *)phys_to_pointer(sysreg_read(TPIDR_EL2)))->cpu;
}

uint64_t *cpu_local_held_ranks(void)
{
    return &((struct prda *)phys_to_pointer(sysreg_read(TPIDR_EL2)))->held_ranks;
}
#else
void host_prda_reset(void)
{
    area_count = 1;
    cpu_boot_prda = (struct prda){0};
}

struct prda *host_prda(void)
{
    return prda_areas[cpu_local_index() < area_count ? cpu_local_index() : 0];
}
#endif
