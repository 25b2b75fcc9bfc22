/* SPDX-License-Identifier: Apache-2.0 */
/* The steps of start-up. Owns nothing. */
#include "start.h"

#include "arch/cpu_local.h"
#include "arch/phys.h"
#include "arch/sysreg.h"
#include "cpu/errata.h"
#include "cpu/features.h"
#include "cpu/mitigations.h"
#include "cpu/panic_dump.h"
#include "cpu/prda.h"
#include "cpu/timer.h"
#include "cpu/timer_hw.h"
#include "cpu/uart.h"
#include "fw/psci_firmware.h"
#include "fw/trng_firmware.h"
#include "lib/bits.h"
#include "lib/log.h"
#include "lib/log_hooks.h"
#include "lib/panic.h"
#include "lib/random.h"
#include "lib/string.h"
#include "mem/page_alloc.h"
#include "mem/stage1.h"
#include "mem/stage2.h"
#include "platform/handoff_check.h"
#include "sched/smp.h"
#include "vm/guest_registers.h"

#define MPIDR_AFFINITY 0xff00ffffffULL

extern char image_start[];
extern char image_text_end[];
extern char image_rodata_end[];
extern char image_end[];

void cpu_switch_tables(uint64_t ttbr, uint64_t tcr, uint64_t mair, uint64_t sctlr);

void start_must(enum status status, const char *what)
{
    if (status != STATUS_OK) {
        panic("start-up: %s failed (status %d)", what, (int)status);
    }
}

static unsigned log_cpu(void)
{
    return cpu_local_index();
}

void start_console(const struct handoff *handoff, struct platform *platform)
{
    static const struct log_hooks hooks = {.sink = uart_write, .micros = timer_micros, .cpu = log_cpu};
    struct platform_fault fault;
    cpu_boot_prda.self = pointer_to_phys(&cpu_boot_prda);
    cpu_boot_prda.mpidr = sysreg_read(MPIDR_EL1) & MPIDR_AFFINITY;
    if (handoff_check(handoff, sizeof(*handoff), &fault) != STATUS_OK) {
        panic("hand-over: %s", fault.text);
    }
    enum status status = platform_discover(handoff, cpu_boot_prda.mpidr, platform, &fault);
    if (status != STATUS_OK) {
        panic("this machine can't be used: %s", fault.text);
    }
    if (uart_init(&platform->console) == STATUS_OK) {
        log_set_hooks(&hooks);
    }
}

static void give(const struct handoff *handoff, uint32_t type)
{
    for (uint32_t i = 0; i < handoff->region_count; i++) {
        const struct handoff_region *region = &handoff->regions[i];
        if (region->type == type && page_alloc_add(pa_make(region->base), region->size) != STATUS_OK) {
            log_warning("memory", "%#llx, %llu KiB: left out", (unsigned long long)region->base,
                        (unsigned long long)(region->size >> 10));
        }
    }
}

/*
 * The loader's page tables: nothing walks them any more. Its code and data were free memory to the firmware, and went with that.
 */
static void give_tables(const struct handoff *handoff)
{
    uint64_t before = page_alloc_bytes(OWNER_FREE);
    uint64_t bytes = 0;
    uint64_t books = 0; /* the allocator's own, a page of each range (page_alloc_add) */
    for (uint32_t i = 0; i < handoff->region_count; i++) {
        bool is_table = handoff->regions[i].type == HANDOFF_RAM_TABLES;
        bytes += is_table ? handoff->regions[i].size : 0U;
        books += is_table ? align_up(handoff->regions[i].size / PAGE_SIZE * 2U, PAGE_SIZE) : 0U;
    }
    give(handoff, HANDOFF_RAM_TABLES);
    if (page_alloc_bytes(OWNER_FREE) - before != bytes - books) {
        log_error("memory", "the loader's page tables were not given back whole");
    }
    log_info("memory", "the loader's page tables are given back: %llu KiB", (unsigned long long)(bytes >> 10));
}

void start_memory(const struct handoff *handoff)
{
    give(handoff, HANDOFF_RAM_POOL);
}

static void map_image(void)
{
    const struct {
        char *start, *end;
        enum stage1_attr attr;
    } parts[] = {{image_start, image_text_end, STAGE1_RX},
                 {image_text_end, image_rodata_end, STAGE1_RO},
                 {image_rodata_end, image_end, STAGE1_RW}};
    for (unsigned i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
        uint64_t base = pointer_to_phys(parts[i].start);
        start_must(stage1_map(va_make(base), pa_make(base), (uint64_t)(parts[i].end - parts[i].start), parts[i].attr),
                   "mapping the hypervisor's image");
    }
}

static void map_ram(const struct handoff *handoff)
{
    for (uint32_t i = 0; i < handoff->region_count; i++) {
        const struct handoff_region *region = &handoff->regions[i];
        uint32_t type = region->type;
        bool writable = type == HANDOFF_RAM_FREE || type == HANDOFF_RAM_POOL || type == HANDOFF_RAM_TABLES;
        if (writable || type == HANDOFF_RAM_HANDOFF || type == HANDOFF_RAM_MODULE || type == HANDOFF_RAM_ACPI) {
            start_must(stage1_map(va_make(region->base), pa_make(region->base), region->size,
                                  writable ? STAGE1_RW : STAGE1_RO),
                       "mapping RAM");
        }
    }
}

void start_tables(const struct handoff *handoff)
{
    pa_t root;
    start_must(stage1_init(), "stage 1");
    map_image();
    map_ram(handoff);
    start_must(stage1_cpu_root(0, pa_make(cpu_boot_prda.self), PAGE_SIZE, &root), "the boot CPU's tables");
    cpu_registers_init();
    cpu_switch_tables(root.pa, stage1_tcr(), stage1_mair(), stage1_sctlr());
    if (uart_attach() != STATUS_OK) {
        log_set_hooks(&(struct log_hooks){.micros = timer_micros});
    }
    if (handoff->pvpanic != 0U) {
        panic_attach(stage1_map_device(pa_make(handoff->pvpanic), 1));
    }
    give(handoff, HANDOFF_RAM_FREE);
    give_tables(handoff);
    log_info("memory", "%llu MiB free", (unsigned long long)(page_alloc_bytes(OWNER_FREE) >> 20));
}

void start_say_times(const struct handoff *handoff)
{
    log_info("timer", "%llu Hz; counter %llu when the loader began, %llu when it jumped here",
             (unsigned long long)timer_frequency(), (unsigned long long)handoff->entry_counter,
             (unsigned long long)handoff->jump_counter);
}

void start_random(const struct handoff *handoff)
{
    static const char *const sources[] = {"none", "EFI_RNG_PROTOCOL", "the device tree's seeds"};
    uint8_t entropy[64];
    random_init(handoff->seed, handoff->seed_bytes);
    if (fw_trng_read(entropy, sizeof(entropy)) == STATUS_OK) {
        random_add(entropy, sizeof(entropy));
        memset(entropy, 0, sizeof(entropy));
        log_info("random", "the firmware's TRNG was mixed in");
    }
    log_info("random", "seed: %s; %s", handoff->seed_source < 3U ? sources[handoff->seed_source] : "?",
             random_available() ? "generator ready" : "no entropy: guests get no seed and no TRNG");
}

static void say_errata(void)
{
    const struct erratum_row *row;
    for (unsigned i = 0; (row = errata_applied(i)) != NULL; i++) {
        log_info("cpu", "erratum %s: %s", row->name, row->workaround);
    }
}

void start_stage2(void)
{
    say_errata();
    start_must(stage2_setup(features_pa_bits(), features_vmid_bits()), "stage 2");
    features_guest_prepare(stage2_ipa_bits());
    guest_registers_prepare();
}

static void say_fault(void *context, const struct config_fault *fault)
{
    (void)context;
    log_error("config", "vm %d, %s: found %s, allowed %s", fault->vm, fault->property, fault->found, fault->allowed);
}

void start_config(const struct handoff *handoff, struct config *config)
{
    const void *blob = phys_to_pointer(handoff->config);
    if (!config_check(blob, handoff->config_size, config, say_fault, NULL)) {
        panic("the compiled configuration is not usable: make it anew with this version's `ashlar`");
    }
    mitigations_enable(config->mitigations == CONFIG_MITIGATIONS_AUTO);
}
