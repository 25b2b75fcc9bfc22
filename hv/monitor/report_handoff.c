/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's `handoff`: how the machine was taken over. The firmware's page tables, both copies, what was changed and
 * dropped and why, and how each CPU came (mechanisms 3 and 10). Owns a pointer to struct handoff, which stays mapped.
 */
#include "monitor/report_handoff.h"

#include <stdbool.h>
#include <stddef.h>

#include "arch/device_access.h"
#include "ashlar/mailbox_page.h"
#include "mem/stage1.h"
#include "monitor/commands.h"

#define KIB(pages) ((pages)*4U)

typedef unsigned long long number;

static const struct handoff *loader;

void report_handoff_begin(const struct handoff *handoff)
{
    loader = handoff;
}

static void report_space(const struct handoff_space *s)
{
    monitor_print("firmware   TTBR0_EL2 root at %#llx, %u bytes; TCR_EL2 %#llx: %u bits in %u levels; %u tables\n",
                  (number)s->root, s->root_size, (number)s->tcr, s->input_bits, s->levels, s->tables_seen);
    monitor_print("copy 1     at %#llx, %u pages (%u KiB): 48 bits in 4 levels, made while the firmware lived\n",
                  (number)s->first, s->first_pages, KIB(s->first_pages));
    monitor_print("copy 2     at %#llx, %u pages (%u KiB): made after ExitBootServices, the hypervisor's first\n",
                  (number)s->second, s->second_pages, KIB(s->second_pages));
    monitor_print("mapped     %u leaves: RAM %llu MiB read, write, execute; devices and others %llu MiB as they were\n",
                  s->leaves, (number)(s->ram >> 20), (number)(s->others >> 20));
    monitor_print(
        "changed    %u were read-only, %u execute-never, %u without access flag; %u split at the end of RAM\n",
        s->made_writable, s->made_executable, s->made_accessible, s->splits);
    monitor_print("dropped    %u leaves that are not one to one, %u table pointers outside RAM, %u tables left empty, "
                  "%u reserved descriptors\n",
                  s->dropped_alias, s->dropped_pointer, s->dropped_empty, s->dropped_invalid);
}

/* Whether a CPU that nobody waits for any more has come to its page after all (mapped when first asked for). */
static bool came_late(uint32_t index)
{
    static volatile uint8_t *pages[HANDOFF_MAX_CPUS];

    if (pages[index] == NULL && loader->cpus[index].mailbox != 0U) {
        pages[index] = stage1_map_device(pa_make(loader->cpus[index].mailbox), MAILBOX_SIZE);
    }
    return pages[index] != NULL && device_read32(pages[index] + MAILBOX_ARRIVED) != 0U;
}

static void report_cpu(uint32_t index)
{
    const struct handoff_cpu *cpu = &loader->cpus[index];
    static const char *const protocols[] = {"unknown", "PSCI", "spin-table", "parking protocol"};
    const char *protocol = protocols[cpu->protocol < 4U ? cpu->protocol : 0U];

    switch (cpu->state) {
    case HANDOFF_CPU_BOOT:
        monitor_print("CPU %#-10llx ran the loader\n", (number)cpu->mpidr);
        break;
    case HANDOFF_CPU_PARKED:
        monitor_print("CPU %#-10llx by %s to its mailbox at %#llx\n", (number)cpu->mpidr, protocol,
                      (number)cpu->mailbox);
        break;
    default:
        monitor_print("CPU %#-10llx left out: by %s it did not reach its mailbox in time%s\n", (number)cpu->mpidr,
                      protocol, came_late(index) ? "; it came late, and sleeps" : "");
    }
}

void report_handoff(const struct command_call *call)
{
    (void)call;
    report_space(&loader->space);
    monitor_print("PCI        %u functions, %u were bus masters, %u still are\n", loader->pci_functions,
                  loader->pci_masters, loader->pci_masters_left);
    for (uint32_t i = 0; i < loader->cpu_count; i++) {
        report_cpu(i);
    }
}
