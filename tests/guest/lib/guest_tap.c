/* SPDX-License-Identifier: Apache-2.0 */
/* Lines of the Test Anything Protocol, and the end of a guest. State: the number of lines so far; boot CPU only. */
#include <stdarg.h>

#include "guest.h"

void print_values(const char *format, va_list *values);

static unsigned tap_count;

static void tap_line(bool good, const char *format, va_list *values)
{
    tap_count++;
    print("%s %u - ", good ? "ok" : "not ok", tap_count);
    print_values(format, values);
}

bool ok(bool good, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    tap_line(good, format, &values);
    va_end(values);
    print("\n");
    return good;
}

bool is(uint64_t found, uint64_t expected, const char *format, ...)
{
    bool good = found == expected;
    va_list values;
    va_start(values, format);
    tap_line(good, format, &values);
    va_end(values);
    print("\n");
    if (!good) {
        print("# found 0x%lx, expected 0x%lx\n", found, expected);
    }
    return good;
}

void skip(const char *reason, const char *format, ...)
{
    va_list values;
    va_start(values, format);
    tap_line(true, format, &values);
    va_end(values);
    print(" # SKIP %s\n", reason);
}

static void off(void) __attribute__((noreturn));
static void off(void)
{
    (void)psci(PSCI_SYSTEM_OFF, 0, 0, 0);
    print("Bail out! SYSTEM_OFF returned\n");
    for (;;) {
        wfi();
    }
}

void tap_plan(void)
{
    print("1..%u\n", tap_count);
    tap_count = 0;
}

void finish(void)
{
    tap_plan();
    off();
}

void bail_out(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    print("Bail out! ");
    print_values(format, &values);
    va_end(values);
    print("\n");
    off();
}
