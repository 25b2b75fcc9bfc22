/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The monitor's commands that tell: as a table for people, or with -j as JSON (RFC 8259) whose keys are docs/monitor.md's. Owns what each
 * counter was when it was last looked at, for the rates.
 */
#include "cpu/prda.h"
#include "cpu/timer.h"
#include "lib/bits.h"
#include "lib/log_hooks.h"
#include "lib/string.h"
#include "mem/page_alloc.h"
#include "monitor/commands.h"
#include "sched/sched.h"
#include "vm/console_view.h"
#include "vm/vcpu.h"
#include "vm/vm_control.h"

#define NS_PER_MS 1000000ULL

typedef unsigned long long number;

/* A counter's rate since it was last asked for, or, the first time or after it began anew, since it began. */
struct rate {
    uint64_t count;
    uint64_t at;
};

static uint64_t rate_per_second(struct rate *rate, uint64_t count, uint64_t begun)
{
    uint64_t now = timer_count();
    if (count < rate->count || rate->at < begun) {
        *rate = (struct rate){0, begun};
    }
    uint64_t ms = timer_to_ns(now - rate->at) / NS_PER_MS;
    uint64_t found = ms == 0U ? 0U : (count - rate->count) * 1000U / ms;
    *rate = (struct rate){count, now};
    return found;
}

static const char *json_comma(bool more)
{
    return more ? "," : "";
}

/* ---- vms ---- */

void report_vms(const struct command_call *call)
{
    static struct rate rates[CONFIG_MAX_VMS];
    monitor_print(call->json ? "[\n" : "NAME                 STATE    VCPUS   MEMORY      UPTIME   EXITS/S\n");
    for (unsigned i = 0; i < vm_count(); i++) {
        struct vm_report report;
        const struct vm *vm = vm_get(i);
        vm_control_report(vm, &report);
        uint64_t ms = report.uptime_ns / NS_PER_MS;
        uint64_t begun = timer_count() - timer_from_ns(report.uptime_ns);
        uint64_t exits = rate_per_second(&rates[i], report.exits, begun);
        monitor_print(call->json ? "{\"name\":\"%s\",\"state\":\"%s\",\"vcpus\":%u,\"memory\":%llu,\"uptime_ms\":%llu,"
                                   "\"exits_per_second\":%llu}%s\n"
                                 : "%-20s %-8s %5u %7lluM %9llu s %9llu%s\n",
                      vm->config->name, vm_state_name(report.state), report.vcpus,
                      (number)(call->json ? report.memory : report.memory >> 20),
                      (number)(call->json ? ms : ms / 1000U), (number)exits,
                      call->json ? json_comma(i + 1U < vm_count()) : "");
    }
    monitor_print(call->json ? "]\n" : "");
}

/* ---- stats ---- */

static const struct {
    const char *name;
    uint64_t classes; /* one bit per ESR_EL2.EC */
} reasons[] = {
    {"wfx", BIT(0x01)},
    {"sysreg", BIT(0x18) | BIT(0x03) | BIT(0x04) | BIT(0x05) | BIT(0x06) | BIT(0x08) | BIT(0x0c)},
    {"hvc", BIT(0x12) | BIT(0x16)},
    {"smc", BIT(0x13) | BIT(0x17)},
    {"data_abort", BIT(0x24)},
    {"instruction_abort", BIT(0x20)},
};

static uint64_t exits_of(const struct vm_report *report, uint64_t classes)
{
    uint64_t sum = 0;
    for (unsigned class = 0; class < ARRAY_SIZE(report->exits_by_class); class ++) {
        sum += (classes >> class & 1U) != 0U ? report->exits_by_class[class] : 0U;
    }
    return sum;
}

static void print_exits(const struct vm_report *report, bool json)
{
    uint64_t rest = report->exits - report->interrupts;
    monitor_print(json ? "\"exits\":{\"all\":%llu,\"interrupt\":%llu" : "  exits %llu: interrupt %llu",
                  (number)report->exits, (number)report->interrupts);
    for (unsigned i = 0; i < ARRAY_SIZE(reasons); i++) {
        uint64_t count = exits_of(report, reasons[i].classes);
        rest -= count;
        if (json || count != 0U) {
            monitor_print(json ? ",\"%s\":%llu" : ", %s %llu", reasons[i].name, (number)count);
        }
    }
    monitor_print(json ? ",\"other\":%llu}" : ", other %llu\n", (number)rest);
}

static void print_stats(const struct vm *vm, bool json, const char *behind)
{
    struct vm_report report;
    vm_control_report(vm, &report);
    const uint64_t ticks[] = {report.run_ticks, report.ready_ticks, report.idle_ticks};
    number ms[ARRAY_SIZE(ticks)];
    for (unsigned i = 0; i < ARRAY_SIZE(ticks); i++) {
        ms[i] = timer_to_ns(ticks[i]) / NS_PER_MS;
    }
    monitor_print(json ? "{\"name\":\"%s\",\"state\":\"%s\",\"ended\":\"%s\",\"vcpus_on\":%u,\"vcpus\":%u,"
                       : "%s: %s%.0s, %u of %u vCPUs on",
                  vm->config->name, vm_state_name(report.state), vm_request_name(report.ended), report.vcpus_on,
                  report.vcpus);
    monitor_print(json ? "\"owned\":%llu,\"runs\":%llu,\"uptime_ms\":%llu," : ", %llu bytes, run %llu, up %llu ms\n",
                  (number)report.owned, (number)report.runs, (number)(report.uptime_ns / NS_PER_MS));
    print_exits(&report, json);
    monitor_print(json ? ",\"run_ms\":%llu,\"ready_ms\":%llu,\"idle_ms\":%llu}%s\n"
                       : "  time: ran %llu ms, ready %llu ms, idle %llu ms%s\n",
                  ms[0], ms[1], ms[2], behind);
    if (!json && report.ended != VM_REQUEST_NONE) {
        monitor_print("  its last run: %s\n", vm_request_name(report.ended));
    }
}

void report_stats(const struct command_call *call)
{
    monitor_print(call->json ? "[\n" : "");
    for (unsigned i = 0; i < vm_count(); i++) {
        if (call->vm == NULL || call->vm == vm_get(i)) {
            bool more = call->vm == NULL && i + 1U < vm_count();
            print_stats(vm_get(i), call->json, call->json ? json_comma(more) : "");
        }
    }
    monitor_print(call->json ? "]\n" : "");
}

/* ---- cpus ---- */

/* Counts of an instant that another CPU changes: a little off, never far. */
static uint64_t idle_ticks(const struct prda *prda, uint64_t now)
{
    const struct world *idle = prda->idle;
    uint64_t started = __atomic_load_n(&idle->started, __ATOMIC_RELAXED);
    bool is_idle = __atomic_load_n(&prda->current, __ATOMIC_RELAXED) == idle;
    return __atomic_load_n(&idle->run_ticks, __ATOMIC_RELAXED) + (is_idle && now > started ? now - started : 0U);
}

static struct {
    uint64_t idle;
    uint64_t at;
} last[PLATFORM_MAX_CPUS];

static unsigned load_percent(unsigned cpu, uint64_t now)
{
    uint64_t idle = idle_ticks(prda_of(cpu), now);
    uint64_t all = now - last[cpu].at;
    uint64_t spent = idle - last[cpu].idle < all ? idle - last[cpu].idle : all;
    last[cpu].idle = idle;
    last[cpu].at = now;
    return all == 0U ? 0U : (unsigned)((all - spent) * 100U / all);
}

void reports_begin(void)
{
    for (unsigned cpu = 0; cpu < prda_count(); cpu++) {
        (void)load_percent(cpu, timer_count());
    }
}

void report_cpus(const struct command_call *call)
{
    static struct rate rates[PLATFORM_MAX_CPUS];
    monitor_print(call->json ? "[\n" : "CPU  MPIDR       LOAD  INTERRUPTS/S\n");
    for (unsigned cpu = 0; cpu < prda_count(); cpu++) {
        const struct prda *prda = prda_of(cpu);
        bool more = cpu + 1U < prda_count();
        monitor_print(call->json ? "{\"cpu\":%u,\"mpidr\":%llu,\"online\":%s,\"load_percent\":%u,"
                                   "\"interrupts_per_second\":%llu}%s\n"
                                 : "%3u  %#-10llx%.0s %4u%% %13llu%s\n",
                      cpu, (number)prda->mpidr, prda->online ? "true" : "false", load_percent(cpu, timer_count()),
                      (number)rate_per_second(&rates[cpu], prda->irqs, 0), call->json ? json_comma(more) : "");
    }
    monitor_print(call->json ? "]\n" : "");
}

/* ---- mem ---- */

static void print_owner(const char *name, owner_t owner, bool json)
{
    uint64_t bytes = page_alloc_bytes(owner);
    monitor_print(json ? ",\n{\"owner\":\"%s\",\"bytes\":%llu}" : "%-20s %9llu KiB\n", name,
                  (number)(json ? bytes : bytes >> 10));
}

void report_memory(const struct command_call *call)
{
    uint64_t bytes = page_alloc_bytes(OWNER_FREE);
    monitor_print(call->json ? "[\n{\"owner\":\"free\",\"bytes\":%llu}" : "free                 %9llu KiB\n",
                  (number)(call->json ? bytes : bytes >> 10));
    print_owner("(tables)", OWNER_TABLES, call->json);
    print_owner("(cpus)", OWNER_CPU, call->json);
    print_owner("(hypervisor)", OWNER_HV, call->json);
    for (unsigned i = 0; i < vm_count(); i++) {
        print_owner(vm_get(i)->config->name, OWNER_VM(i), call->json);
    }
    monitor_print(call->json ? "\n]\n" : "");
}

/* ---- log ---- */

/* Lines are "[time] cpuN NAME: ..." or "[time] cpuN NAME/part: ...". */
static bool log_line_of(const struct log_line *line, const char *name)
{
    size_t size = strlen(name);
    const char *at = memchr(line->text, ']', line->size);
    const char *end = line->text + line->size;
    at = at != NULL && at + 2 < end ? memchr(at + 2, ' ', (size_t)(end - at) - 2U) : NULL;
    return at != NULL && (size_t)(end - at) > size + 2U && memcmp(at + 1, name, size) == 0 &&
           (at[1 + size] == ':' || at[1 + size] == '/');
}

void report_log(const struct command_call *call)
{
    struct log_line line;
    uint64_t position = 0;
    uint64_t end = log_position();
    while (position < end && log_read(&position, &line)) {
        if (line.level <= call->level && (call->vm == NULL || log_line_of(&line, call->vm->config->name))) {
            line.text[line.size - 2U] = '\n'; /* CR LF: the console puts its own */
            console_write(line.text, line.size - 1U);
        }
    }
}
