/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The composition root: calls the folders in the order of docs/architecture.md. Entered by arch/aarch64/entry.S on the boot CPU, on the
 * firmware's identity map, with a stack in the image.
 */
#include "main.h"

#include "arch/sysreg.h"
#include "ashlar/handoff.h"
#include "cpu/errata.h"
#include "cpu/features.h"
#include "cpu/gic.h"
#include "cpu/mitigations.h"
#include "cpu/panic_dump.h"
#include "cpu/prda.h"
#include "cpu/timer_hw.h"
#include "cpu/uart.h"
#include "dev/devices.h"
#include "fw/psci_firmware.h"
#include "fw/smccc_firmware.h"
#include "lib/log.h"
#include "lib/panic.h"
#include "monitor/monitor.h"
#include "monitor/report_handoff.h"
#include "platform/platform.h"
#include "sched/sched.h"
#include "sched/smp.h"
#include "start.h"
#include "trap/trap.h"
#include "version.h"
#include "vm/console_events.h"
#include "vm/console_view.h"
#include "vm/machine.h"
#include "vm/vcpu.h"

static struct platform platform;
static struct config config;

static void reset(void)
{
    (void)fw_psci_system_reset();
}

static const struct panic_hooks panic_hooks = {.stop_others = smp_stop_others, .reset = reset};

/* What every CPU does once its interrupts and timer work. */
static void cpu_ready(void)
{
    vcpu_cpu_init();
    devices_cpu_init();
    if (PRDA->cpu != 0U) {
        sched_cpu_start();
    }
}

static void start_cpus(const struct handoff *handoff)
{
    sched_init();
    start_must(smp_init_stop(), "smp");
    start_must(sched_cpu_create(0), "cpu");
    start_must(gic_cpu_init(), "gic");
    timer_cpu_init(&platform);
    PRDA->online = true;
    errata_detect();
    mitigations_cpu_init();
    unsigned running = smp_start(&platform, handoff);
    log_info("cpu", "%u of %u CPUs run", running, platform.cpu_count);
    features_combine();
    mitigations_combine();
    start_stage2();
}

void hv_main(const struct handoff *handoff)
{
    panic_init(handoff, &panic_hooks);
    start_console(handoff, &platform);
    log_info("ashlar", "%s (%s), image at %#llx, described by %s", ASHLAR_VERSION, ASHLAR_COMMIT,
             (unsigned long long)handoff->image_base, platform.source);
    if (fw_init(platform.conduit) != STATUS_OK) {
        log_warning("ashlar", "no PSCI that can be called by SMC: no way to switch the machine off");
    }
    start_memory(handoff);
    start_tables(handoff);
    start_must(timer_init(&platform, handoff), "timer");
    start_say_times(handoff);
    start_must(gic_init(&platform), "gic");
    features_collect(0);
    start_random(handoff);
    start_config(handoff, &config);
    start_cpus(handoff);
    trap_init();
    devices_init(&platform);
    smp_release(cpu_ready);
    cpu_ready();
    vm_setup(&config, handoff);
    uart_listen(console_input, console_room);
    start_must(console_start(&config), "console");
    report_handoff_begin(handoff);
    start_must(monitor_start(&config), "monitor");
    start_must(keeper_start(&config), "keeper");
    sched_cpu_start();
}
