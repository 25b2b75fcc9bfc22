/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Panic: reason, registers and a symbolised backtrace on the console, the other CPUs stopped, the machine reset.
 * Owns the flag that says a panic is under way, so that a panic within a panic ends at once.
 */
#ifndef ASHLAR_HOST /* arch/host/host_panic.c: a panic fails the running test */
#include "cpu/panic_dump.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "arch/cpu_local.h"
#include "arch/cpu_wait.h"
#include "arch/sysreg.h"
#include "cpu/uart.h"
#include "lib/format.h"
#include "lib/log_hooks.h"
#include "lib/panic.h"

/* Made by mk/link-hv.sh: offsets of functions from image_start, ascending, and their names. */
extern const uint32_t symbol_count;
extern const uint32_t symbol_offsets[];
extern const char symbol_names[];
extern char image_start[];
extern char image_text_end[];

#define PVPANIC_PANICKED 1U
#define BACKTRACE_DEPTH 24U

static struct panic_hooks hooks;
static volatile uint8_t *pvpanic_register;
static bool under_way;

void panic_init(const struct handoff *handoff, const struct panic_hooks *new_hooks)
{
    hooks = *new_hooks;
    pvpanic_register = (volatile uint8_t *)(uintptr_t)handoff->pvpanic;
}

void panic_attach(volatile uint8_t *pvpanic)
{
    pvpanic_register = pvpanic;
}

static void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
static void say(const char *format, ...)
{
    char line[200];
    va_list arguments;
    va_start(arguments, format);
    size_t size = format_vtext(line, sizeof(line), format, arguments);
    va_end(arguments);
    uart_write_panic(line, size < sizeof(line) ? size : sizeof(line) - 1U);
    uart_write_panic("\r\n", 2);
}

static const char *symbol_of(uint64_t address, uint64_t *offset)
{
    uint64_t relative = address - (uint64_t)(uintptr_t)image_start;
    const char *name = symbol_names;
    const char *found = "?";
    *offset = 0;
    for (uint32_t i = 0; i < symbol_count && symbol_offsets[i] <= relative; i++) {
        found = name;
        *offset = relative - symbol_offsets[i];
        while (*name++ != '\0') {
        }
    }
    return found;
}

static bool is_code(uint64_t address)
{
    return address >= (uint64_t)(uintptr_t)image_start && address < (uint64_t)(uintptr_t)image_text_end;
}

static void say_place(unsigned depth, uint64_t address)
{
    uint64_t offset;
    const char *name = is_code(address) ? symbol_of(address, &offset) : NULL;
    if (name != NULL) {
        say("  #%-2u %016llx %s+%#llx", depth, (unsigned long long)address, name, (unsigned long long)offset);
    } else {
        say("  #%-2u %016llx", depth, (unsigned long long)address);
    }
}

/* Frame records (AAPCS64, 6.4.6): only within one stack, upwards, so that a broken chain ends. */
static void backtrace(uint64_t pc, uint64_t fp)
{
    say("backtrace (offsets from %016llx):", (unsigned long long)(uintptr_t)image_start);
    say_place(0, pc);
    uint64_t limit = (fp | 0x7fffU) - 15U;
    for (unsigned depth = 1; depth < BACKTRACE_DEPTH && fp != 0U && (fp & 7U) == 0U && fp < limit; depth++) {
        const uint64_t *record = (const uint64_t *)(uintptr_t)fp;
        if (!is_code(record[1])) {
            return;
        }
        say_place(depth, record[1] - 4U);
        if (record[0] <= fp) {
            return;
        }
        fp = record[0];
    }
}

static _Noreturn void finish(void)
{
    say("ashlar: the machine is reset");
    if (pvpanic_register != NULL) {
        *pvpanic_register = PVPANIC_PANICKED;
    }
    if (hooks.reset != NULL) {
        hooks.reset();
    }
    for (;;) {
        cpu_wait_interrupt();
    }
}

static void begin(void)
{
    if (__atomic_exchange_n(&under_way, true, __ATOMIC_ACQ_REL)) {
        uart_write_panic("\r\nashlar: panic within a panic\r\n", 32);
        finish();
    }
    if (hooks.stop_others != NULL) {
        hooks.stop_others();
    }
    uart_write_panic("\r\n", 2);
    log_dump_rest(uart_write_panic);
}

_Noreturn void panic_frame(const struct trap_frame *frame, uint64_t sp, const char *reason)
{
    uint64_t esr = sysreg_read(ESR_EL2);
    uint64_t far = sysreg_read(FAR_EL2);
    begin();
    say("\r\nashlar: panic: %s", reason);
    say("cpu%u  ESR_EL2 %016llx (EC %#llx)  FAR_EL2 %016llx  HPFAR_EL2 %016llx", cpu_local_index(),
        (unsigned long long)esr, (unsigned long long)(esr >> 26), (unsigned long long)far,
        (unsigned long long)sysreg_read(HPFAR_EL2));
    say("ELR_EL2 %016llx  SPSR_EL2 %016llx  SP %016llx", (unsigned long long)frame->elr,
        (unsigned long long)frame->spsr, (unsigned long long)sp);
    for (unsigned i = 0; i < 30U; i += 3U) {
        say("x%-2u %016llx  x%-2u %016llx  x%-2u %016llx", i, (unsigned long long)frame->x[i], i + 1U,
            (unsigned long long)frame->x[i + 1U], i + 2U, (unsigned long long)frame->x[i + 2U]);
    }
    say("x30 %016llx", (unsigned long long)frame->x[30]);
    backtrace(frame->elr, frame->x[29]);
    finish();
}

_Noreturn void panic(const char *format, ...)
{
    char reason[160];
    va_list arguments;
    va_start(arguments, format);
    (void)format_vtext(reason, sizeof(reason), format, arguments);
    va_end(arguments);
    begin();
    say("\r\nashlar: panic: %s", reason);
    say("cpu%u  HCR_EL2 %016llx  VTTBR_EL2 %016llx  SCTLR_EL2 %016llx", cpu_local_index(),
        (unsigned long long)sysreg_read(HCR_EL2), (unsigned long long)sysreg_read(VTTBR_EL2),
        (unsigned long long)sysreg_read(SCTLR_EL2));
    backtrace((uint64_t)(uintptr_t)__builtin_return_address(0), (uint64_t)(uintptr_t)__builtin_frame_address(0));
    finish();
}
#endif
