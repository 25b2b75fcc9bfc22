/* SPDX-License-Identifier: Apache-2.0 */
/*
 * CPUs by mailbox (mechanism 10): finds how the firmware's table says that secondary CPUs are started, gives each a mailbox
 * page, starts it that way into the pen of its page (boot_pen.S), waits a bounded time, and rewrites the table. The last
 * thing that the loader does before it leaves the firmware: a CPU in its pen can't be given back. Owns the list of CPUs
 * and the pages, which stay for good.
 */
#include <libfdt.h>
#include <string.h>

#include "ashlar/mailbox_page.h"
#include "boot.h"
#include "boot_cpu.h"
#include "boot_fdt.h"
#include "boot_madt.h"

#define ARRIVE_MS 5000U
#define PSCI_CPU_ON 0xc4000003ULL /* DEN 0022, 5.1.4, SMC64 */
#define PSCI_ALREADY_ON (-4)

extern const uint8_t boot_pen_start[];
extern const uint8_t boot_pen_end[];

static struct boot_cpus cpus;
static uint64_t pages;

/* What the tables describe; ACPI goes first, as in the hypervisor. */
static struct {
    struct boot_acpi_table fadt, madt;
    bool acpi;
    bool fdt;
} tables;

/* ---- tables ---- */

static uint8_t *acpi_look(void *context, uint64_t pa, uint64_t size)
{
    const struct boot *boot = context;
    const struct handoff *h = boot->handoff;

    for (uint32_t i = 0; i < h->region_count; i++) {
        const struct handoff_region *region = &h->regions[i];

        if (region->type != HANDOFF_RUNTIME_MMIO && pa >= region->base && pa - region->base < region->size) {
            return size <= region->size - (pa - region->base) && cpu_identity_mapped(boot->exception_level, pa, false)
                       ? (uint8_t *)(uintptr_t)pa
                       : NULL;
        }
    }
    return NULL;
}

struct boot_acpi_memory boot_acpi_memory(struct boot *boot)
{
    return (struct boot_acpi_memory){.context = boot, .look = acpi_look};
}

static bool acpi_read(struct boot *boot, uint64_t mpidr)
{
    struct boot_acpi_memory memory = boot_acpi_memory(boot);
    struct boot_fault fault = {0};

    tables.acpi = boot_acpi_find(&memory, boot->handoff->rsdp, &tables.fadt, &tables.madt, &fault) &&
                  boot_madt_read(&tables.fadt, &tables.madt, mpidr, &cpus, &fault);
    if (!tables.acpi) {
        boot_line(boot, "CPUs: ACPI can't be used: %s: %s (0x%llx)", fault.table, fault.what, fault.found);
    }
    return tables.acpi;
}

static bool fdt_read(struct boot *boot, uint64_t mpidr)
{
    struct boot_fault fault = {0};

    tables.fdt = boot_fdt_read((const void *)(uintptr_t)boot->handoff->fdt, mpidr, &cpus, &fault);
    if (!tables.fdt) {
        boot_line(boot, "CPUs: the device tree can't be used: %s (0x%llx)", fault.what, fault.found);
    }
    return tables.fdt;
}

static bool cpus_read(struct boot *boot)
{
    uint64_t mpidr = cpu_read_mpidr_el1() & BOOT_CPUS_AFFINITY;

    return (boot->handoff->rsdp != 0 && acpi_read(boot, mpidr)) || (boot->handoff->fdt != 0 && fdt_read(boot, mpidr));
}

/* ---- mailboxes ---- */

static volatile uint32_t *word_of(uint64_t page, unsigned offset)
{
    return (volatile uint32_t *)(uintptr_t)(page + offset);
}

/*
 * Past this CPU's caches: what the CPU in the pen wrote with its MMU off (DDI 0487, B2.8 "Mismatched memory attributes": invalidate
 * before the load). The line was never written here since it was cleaned, so nothing is lost.
 */
static uint32_t word_read(uint64_t page, unsigned offset)
{
    cpu_clean_invalidate(page + offset, sizeof(uint32_t));
    return *word_of(page, offset);
}

static void word_write(uint64_t page, unsigned offset, uint32_t value)
{
    *word_of(page, offset) = value;
    cpu_clean_invalidate(page + offset, sizeof(uint32_t));
    cpu_send_event();
}

static void page_make(uint64_t page, const struct boot_cpu *cpu)
{
    memset((void *)(uintptr_t)page, 0, MAILBOX_SIZE);
    *word_of(page, MAILBOX_ID) = MAILBOX_FREE;
    *word_of(page, MAILBOX_NUMBER) = cpu->number;
    memcpy((void *)(uintptr_t)(page + MAILBOX_PEN), boot_pen_start, (size_t)(boot_pen_end - boot_pen_start));
    cpu_clean_invalidate(page, MAILBOX_SIZE);
}

/* One page per CPU, the boot CPU's included: a device tree has to name one for it, too. Nobody waits at that. */
static EFI_STATUS pages_make(struct boot *boot)
{
    EFI_STATUS status = boot->services->AllocatePages(AllocateAnyPages, EfiReservedMemoryType, cpus.count, &pages);

    if (status != EFI_SUCCESS) {
        boot_error(boot, "CPUs: no memory for %u mailboxes (%s): give the machine more memory", cpus.count,
                   boot_status_text(status));
        return status;
    }
    for (uint32_t i = 0; i < cpus.count; i++) {
        page_make(pages + i * EFI_PAGE_SIZE, &cpus.cpus[i]);
    }
    return EFI_SUCCESS;
}

/* ---- starting ---- */

/* The firmware's own word, in RAM that is not the loader's (Devicetree Specification 0.4, 3.8.1): written, cleaned, SEV. */
static bool spin_table_start(struct boot *boot, const struct boot_cpu *cpu, uint64_t page)
{
    if (acpi_look(boot, cpu->release, sizeof(uint64_t)) == NULL ||
        !cpu_identity_mapped(boot->exception_level, cpu->release, true)) {
        boot_line(boot, "CPUs: 0x%llx left out: its cpu-release-addr 0x%llx is not RAM", cpu->mpidr, cpu->release);
        return false;
    }
    *(volatile uint64_t *)(uintptr_t)cpu->release = page + MAILBOX_PEN;
    cpu_clean_invalidate(cpu->release, sizeof(uint64_t));
    cpu_send_event();
    return true;
}

static bool psci_start(struct boot *boot, const struct boot_cpu *cpu, uint64_t page)
{
    int64_t answer;

    /* An HVC from EL2 is taken by EL2 itself, which is us. */
    if (cpus.conduit != HANDOFF_CONDUIT_SMC) {
        boot_line(boot, "CPUs: 0x%llx left out: PSCI by HVC can't be called from EL2", cpu->mpidr);
        return false;
    }
    answer = (int32_t)cpu_smc(PSCI_CPU_ON, cpu->mpidr, page + MAILBOX_PEN, 0);
    if (answer == 0 || answer == PSCI_ALREADY_ON) {
        return answer == 0;
    }
    boot_line(boot, "CPUs: 0x%llx left out: PSCI CPU_ON answers -%llu", cpu->mpidr, (unsigned long long)-answer);
    return false;
}

/* The firmware's own mailbox; its CPU waits there if it is free. */
static bool parking_take(struct boot *boot, struct boot_cpu *cpu)
{
    if (cpu->release % MAILBOX_SIZE != 0 || acpi_look(boot, cpu->release, MAILBOX_SIZE) == NULL) {
        boot_line(boot, "CPUs: 0x%llx left out: its parked address 0x%llx is no page of RAM", cpu->mpidr, cpu->release);
        return false;
    }
    if (word_read(cpu->release, MAILBOX_ID) != MAILBOX_FREE) {
        boot_line(boot, "CPUs: 0x%llx left out: its mailbox is not free", cpu->mpidr);
        return false;
    }
    cpu->mailbox = cpu->release;
    cpu->arrived = true;
    return true;
}

/* True when the CPU was sent to its pen. */
static bool cpu_start(struct boot *boot, struct boot_cpu *cpu, uint64_t page)
{
    switch (cpu->protocol) {
    case HANDOFF_CPU_PSCI:
        return psci_start(boot, cpu, page);
    case HANDOFF_CPU_SPIN_TABLE:
        return spin_table_start(boot, cpu, page);
    case HANDOFF_CPU_PARKING:
        return parking_take(boot, cpu);
    default:
        boot_line(boot, "CPUs: 0x%llx left out: the firmware's table does not say how it is started", cpu->mpidr);
        return false;
    }
}

/* Until every one that was sent has arrived, or the time is over. */
static void arrivals_wait(void)
{
    uint64_t end = cpu_read_counter() + cpu_read_cntfrq_el0() / 1000U * ARRIVE_MS;
    bool missing = true;

    while (missing && cpu_read_counter() < end) {
        missing = false;
        for (uint32_t i = 0; i < cpus.count; i++) {
            struct boot_cpu *cpu = &cpus.cpus[i];

            if (cpu->mailbox != 0 && !cpu->arrived) {
                cpu->arrived = word_read(cpu->mailbox, MAILBOX_ARRIVED) != 0;
                missing = missing || !cpu->arrived;
            }
        }
        cpu_yield();
    }
}

/* Those that did not come, or came at another exception level: what they find, should they come after all, is a no. */
static void latecomers_cancel(struct boot *boot)
{
    for (uint32_t i = 0; i < cpus.count; i++) {
        struct boot_cpu *cpu = &cpus.cpus[i];

        if (cpu->mailbox == 0 || cpu->protocol == HANDOFF_CPU_PARKING ||
            word_read(cpu->mailbox, MAILBOX_ARRIVED) == 1) {
            continue;
        }
        boot_line(boot, "CPUs: 0x%llx left out: %s", cpu->mpidr,
                  word_read(cpu->mailbox, MAILBOX_ARRIVED) == 0 ? "it did not arrive" : "it did not arrive at EL2");
        word_write(cpu->mailbox, MAILBOX_CANCELLED, 1);
        cpu->cancelled = cpu->mailbox;
        cpu->mailbox = 0;
        cpu->arrived = false;
    }
}

static uint32_t cpus_start(struct boot *boot)
{
    uint32_t parked = 0;

    for (uint32_t i = 0; i < cpus.count; i++) {
        struct boot_cpu *cpu = &cpus.cpus[i];
        uint64_t page = pages + i * EFI_PAGE_SIZE;

        if (!cpu->boot && cpu_start(boot, cpu, page) && cpu->mailbox == 0) {
            cpu->mailbox = page;
        }
    }
    arrivals_wait();
    latecomers_cancel(boot);
    for (uint32_t i = 0; i < cpus.count; i++) {
        parked += cpus.cpus[i].mailbox != 0 ? 1U : 0U;
    }
    return parked;
}

/* ---- rewriting ---- */

static void acpi_rewrite(struct boot *boot)
{
    bool writable = cpu_identity_mapped(boot->exception_level, tables.fadt.pa, true) &&
                    cpu_identity_mapped(boot->exception_level, tables.fadt.pa + tables.fadt.size - 1U, true);

    for (uint64_t at = 0; at < tables.madt.size; at += EFI_PAGE_SIZE) {
        writable = writable && cpu_identity_mapped(boot->exception_level, tables.madt.pa + at, true);
    }
    if (!writable) {
        boot_line(boot, "CPUs: FADT and MADT are read-only and stay as they are");
    } else if (boot_madt_rewrite(&tables.fadt, &tables.madt, &cpus)) {
        cpu_clean_invalidate(tables.fadt.pa, tables.fadt.size);
        cpu_clean_invalidate(tables.madt.pa, tables.madt.size);
        boot_line(boot, "CPUs: MADT names the parking protocol, FADT no PSCI");
    }
}

/* The copy that goes to the hypervisor; the room was allocated with it. */
static EFI_STATUS fdt_rewrite(struct boot *boot)
{
    struct handoff *h = boot->handoff;
    struct boot_fault fault = {0};
    uint64_t copy = 0;
    uint32_t room = (uint32_t)h->fdt_size + BOOT_FDT_GROWTH;
    EFI_STATUS status = boot_memory_allocate(boot, EfiLoaderData, HANDOFF_RAM_HANDOFF, room, EFI_PAGE_SIZE, &copy);

    if (status != EFI_SUCCESS) {
        boot_error(boot, "CPUs: no memory for the device tree's %u bytes (%s): give the machine more memory", room,
                   boot_status_text(status));
        return status;
    }
    if (fdt_open_into((const void *)(uintptr_t)h->fdt, (void *)(uintptr_t)copy, (int)room) != 0 ||
        !boot_fdt_rewrite((void *)(uintptr_t)copy, &cpus, &fault) || fdt_pack((void *)(uintptr_t)copy) != 0) {
        boot_line(boot, "CPUs: the device tree stays as it is: %s", fault.what != NULL ? fault.what : "no room");
        return EFI_SUCCESS;
    }
    h->fdt = copy;
    h->fdt_size = fdt_totalsize((const void *)(uintptr_t)copy);
    boot_line(boot, "CPUs: the device tree names spin-table, no PSCI");
    return EFI_SUCCESS;
}

static EFI_STATUS tables_rewrite(struct boot *boot)
{
    for (uint32_t i = 0; i < cpus.count && tables.fdt; i++) {
        if (cpus.cpus[i].boot) {
            cpus.cpus[i].mailbox = pages + i * EFI_PAGE_SIZE;
        }
    }
    if (tables.acpi) {
        acpi_rewrite(boot);
    }
    return tables.fdt ? fdt_rewrite(boot) : EFI_SUCCESS;
}

/* ---- what the hypervisor is told ---- */

static void handoff_fill(struct handoff *h)
{
    h->conduit = cpus.conduit;
    h->cpu_count = cpus.count;
    for (uint32_t i = 0; i < cpus.count; i++) {
        const struct boot_cpu *cpu = &cpus.cpus[i];

        h->cpus[i] = (struct handoff_cpu){.mpidr = cpu->mpidr,
                                          .mailbox = cpu->boot           ? 0
                                                     : cpu->mailbox != 0 ? cpu->mailbox
                                                                         : cpu->cancelled,
                                          .number = cpu->number,
                                          .protocol = (uint16_t)cpu->protocol,
                                          .state = cpu->boot           ? HANDOFF_CPU_BOOT
                                                   : cpu->mailbox != 0 ? HANDOFF_CPU_PARKED
                                                                       : HANDOFF_CPU_LEFT_OUT};
    }
}

EFI_STATUS boot_park(struct boot *boot)
{
    static const char *const names[] = {"an unknown way", "PSCI", "spin-table", "the parking protocol"};
    uint32_t parked;
    EFI_STATUS status;

    if (!cpus_read(boot)) {
        boot_line(boot, "CPUs: no usable table lists them: this one runs alone");
        return EFI_SUCCESS;
    }
    status = pages_make(boot);
    if (status != EFI_SUCCESS) {
        return status;
    }
    parked = cpus_start(boot);
    boot_line(boot, "CPUs: %u of %u wait at mailboxes from 0x%llx, started by %s", parked, cpus.count - 1U, pages,
              names[cpus.cpus[cpus.count - 1U].protocol]);
    status = tables_rewrite(boot);
    handoff_fill(boot->handoff);
    return status;
}
