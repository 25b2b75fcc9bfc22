/* SPDX-License-Identifier: Apache-2.0 */
/* Text to the PL011 (DDI 0183, 3.3), polled, and the few functions of <string.h> that the compiler calls. */
#include <stdarg.h>

#include "guest.h"

#define UART_DR 0x00U
#define UART_FR 0x18U
#define FR_TXFF (1U << 5)

static void put(char character)
{
    while ((read32(UART_BASE + UART_FR) & FR_TXFF) != 0U) {
        __asm__ volatile("yield");
    }
    write32(UART_BASE + UART_DR, (uint8_t)character);
}

static void put_text(const char *text)
{
    for (; *text != '\0'; text++) {
        put(*text);
    }
}

static void put_number(uint64_t value, unsigned base, unsigned width, char fill)
{
    char digits[24];
    unsigned count = 0;
    do {
        digits[count++] = "0123456789abcdef"[value % base];
        value /= base;
    } while (value != 0U);
    while (width-- > count) {
        put(fill);
    }
    while (count > 0U) {
        put(digits[--count]);
    }
}

static void put_signed(int64_t value)
{
    if (value < 0) {
        put('-');
        value = -value;
    }
    put_number((uint64_t)value, 10, 0, ' ');
}

/* One conversion behind its '%'; returns where it ends. */
static const char *put_conversion(const char *at, va_list *values)
{
    char fill = *at == '0' ? '0' : ' ';
    unsigned width = 0;
    bool wide = false;
    while (*at >= '0' && *at <= '9') {
        width = width * 10U + (unsigned)(*at++ - '0');
    }
    while (*at == 'l') {
        wide = true;
        at++;
    }
    switch (*at) {
    case 's':
        put_text(va_arg(*values, const char *));
        break;
    case 'c':
        put((char)va_arg(*values, int));
        break;
    case 'd':
        put_signed(wide ? va_arg(*values, long) : va_arg(*values, int));
        break;
    case 'u':
        put_number(wide ? va_arg(*values, unsigned long) : va_arg(*values, unsigned), 10, width, fill);
        break;
    case 'x':
        put_number(wide ? va_arg(*values, unsigned long) : va_arg(*values, unsigned), 16, width, fill);
        break;
    default:
        put(*at);
        break;
    }
    return at + 1;
}

void print_values(const char *format, va_list *values);
void print_values(const char *format, va_list *values)
{
    while (*format != '\0') {
        if (*format == '%') {
            format = put_conversion(format + 1, values);
        } else {
            if (*format == '\n') {
                put('\r');
            }
            put(*format++);
        }
    }
}

void print(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    print_values(format, &values);
    va_end(values);
}

void *memset(void *to, int byte, unsigned long size)
{
    uint8_t *bytes = to;
    for (unsigned long i = 0; i < size; i++) {
        bytes[i] = (uint8_t)byte;
    }
    return to;
}

void *memcpy(void *restrict to, const void *restrict from, unsigned long size)
{
    uint8_t *target = to;
    const uint8_t *source = from;
    for (unsigned long i = 0; i < size; i++) {
        target[i] = source[i];
    }
    return to;
}

bool text_equal(const char *a, const char *b)
{
    while (*a != '\0' && *a == *b) {
        a++;
        b++;
    }
    return *a == *b;
}
