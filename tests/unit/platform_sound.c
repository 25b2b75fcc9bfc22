/* SPDX-License-Identifier: Apache-2.0 */
/* See platform_sound.h. */
#include "platform_sound.h"

#include <stddef.h>
#include <string.h>

#define END 0x400000000000ULL

static bool inside(uint64_t base, uint64_t size)
{
    return base != 0 && size != 0 && base < END && size <= END - base;
}

static bool ppi(uint32_t intid)
{
    return intid / 16 == 1 || (intid >= 1056 && intid < 1120);
}

static bool spi(uint32_t intid)
{
    return (intid > 31 && intid < 1020) || (intid >= 4096 && intid < 5120);
}

static const char *cpus_unsound(const struct platform *platform)
{
    if (platform->cpu_count == 0 || platform->cpu_count > PLATFORM_MAX_CPUS) {
        return "cpu_count";
    }
    for (uint32_t i = 0; i < platform->cpu_count; i++) {
        const struct platform_cpu *cpu = &platform->cpus[i];
        if (!cpu->enabled || (cpu->mpidr & 0xffffff00ff000000ULL) != 0 || !ppi(cpu->maintenance_intid)) {
            return "cpu";
        }
        if (cpu->gicr_base != 0 && (!inside(cpu->gicr_base, 0x20000) || cpu->gicr_base % 0x10000 != 0)) {
            return "gicr_base";
        }
        if ((cpu->gicr_base == 0) != (platform->redistributor_count != 0)) {
            return "no redistributor, or two";
        }
        for (uint32_t k = 0; k < i; k++) {
            if (platform->cpus[k].mpidr == cpu->mpidr) {
                return "mpidr twice";
            }
        }
    }
    return NULL;
}

const char *platform_gic_unsound(const struct platform *platform)
{
    if (platform->gicd_base % 0x10000 != 0 || !inside(platform->gicd_base, 0x10000)) {
        return "gicd_base";
    }
    if (platform->redistributor_count > PLATFORM_MAX_REDISTRIBUTORS) {
        return "redistributor_count";
    }
    for (uint32_t i = 0; i < platform->redistributor_count; i++) {
        const struct platform_range *range = &platform->redistributors[i];
        if (!inside(range->base, range->size) || range->base % 0x10000 != 0 || range->size % 0x10000 != 0) {
            return "redistributor range";
        }
        if (platform->gicd_base >= range->base && platform->gicd_base < range->base + range->size) {
            return "redistributors over the distributor";
        }
        for (uint32_t k = 0; k < platform->redistributor_count; k++) {
            uint64_t other = platform->redistributors[k].base;
            if (k != i && other >= range->base && other < range->base + range->size) {
                return "redistributors overlap";
            }
        }
    }
    return cpus_unsound(platform);
}

const char *platform_timer_unsound(const struct platform *platform)
{
    uint32_t hyp = platform->timer_hyp_intid;
    uint32_t virt = platform->timer_virt_intid;
    uint32_t phys = platform->timer_phys_intid;

    if (!ppi(hyp) || !ppi(virt) || !ppi(phys)) {
        return "timer is no PPI";
    }
    return (hyp == virt || hyp == phys || virt == phys) ? "timers share an interrupt" : NULL;
}

const char *platform_console_unsound(const struct platform *platform)
{
    const struct platform_console *console = &platform->console;

    if (console->type == CONSOLE_NONE) {
        return console->base != 0 || console->intid != 0 ? "no console, but registers" : NULL;
    }
    if (!inside(console->base, 0x40) || (console->intid != 0 && !spi(console->intid))) {
        return "console's base or interrupt";
    }
    if (console->type == CONSOLE_NS16550) {
        bool width = console->access_size == 1 || console->access_size == 2 || console->access_size == 4;
        return !width || console->reg_shift > 4 || (1U << console->reg_shift) < console->access_size ? "16550" : NULL;
    }
    return (console->access_size != 2 && console->access_size != 4) || console->reg_shift != 0 ? "PL011" : NULL;
}

bool platform_fault_is_text(const struct platform_fault *fault, const char *prefix)
{
    size_t length = strnlen(fault->text, sizeof(fault->text));

    if (length == sizeof(fault->text) || length <= strlen(prefix) + 4 ||
        strncmp(fault->text, prefix, strlen(prefix)) != 0) {
        return false;
    }
    for (size_t i = 0; i < length; i++) {
        if (fault->text[i] < ' ' || fault->text[i] > '~') {
            return false;
        }
    }
    return true;
}
