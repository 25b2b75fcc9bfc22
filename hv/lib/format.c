/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The part of printf that EL2 uses (ISO C11, 7.21.6.1): lib/format.h says which. No state; called by the log, the panic, the monitor.
 * Anything else in a format is copied as it stands, so that a mistake shows in the text.
 */
#include "lib/format.h"

#include <stdbool.h>
#include <stdint.h>

struct output {
    char *to;
    size_t size;
    size_t length; /* of the whole text, what did not fit included */
};

struct directive {
    bool zero;
    bool left;
    bool prefix; /* # */
    bool has_precision;
    size_t width;
    size_t precision;
    unsigned longs; /* 0 int, 1 and 2 64 bits */
};

static void put(struct output *output, char c)
{
    if (output->length + 1 < output->size)
        output->to[output->length] = c;
    output->length++;
}

static void put_repeated(struct output *output, char c, size_t count)
{
    for (size_t i = 0; i < count; i++)
        put(output, c);
}

/* text with its sign, padded to the width: zeros go between sign and digits, spaces around all. */
static void put_padded(struct output *output, const struct directive *directive, const char *sign, const char *text,
                       size_t length)
{
    size_t signs = sign[0] == '\0' ? 0 : sign[1] == '\0' ? 1 : 2;
    size_t used = signs + length;
    size_t padding = directive->width > used ? directive->width - used : 0;
    if (!directive->left && !directive->zero)
        put_repeated(output, ' ', padding);
    for (size_t i = 0; i < signs; i++)
        put(output, sign[i]);
    if (!directive->left && directive->zero)
        put_repeated(output, '0', padding);
    for (size_t i = 0; i < length; i++)
        put(output, text[i]);
    if (directive->left)
        put_repeated(output, ' ', padding);
}

static void put_number(struct output *output, const struct directive *directive, const char *sign, uint64_t value,
                       unsigned base, char ten)
{
    char digits[20];
    size_t at = sizeof(digits);
    do {
        unsigned digit = (unsigned)(value % base);
        digits[--at] = (char)(digit < 10 ? '0' + digit : (unsigned)ten + digit - 10);
        value /= base;
    } while (value != 0);
    put_padded(output, directive, sign, &digits[at], sizeof(digits) - at);
}

static void put_text(struct output *output, struct directive *directive, const char *text)
{
    size_t length = 0;
    if (text == NULL)
        text = "(null)";
    while ((!directive->has_precision || length < directive->precision) && text[length] != '\0')
        length++;
    directive->zero = false;
    put_padded(output, directive, "", text, length);
}

static size_t read_count(const char **format)
{
    size_t count = 0;
    for (; **format >= '0' && **format <= '9'; (*format)++)
        count = count < 10000 ? count * 10 + (size_t)(**format - '0') : count;
    return count;
}

/* A width or precision: digits, or '*' and an int. A negative one is as if it were absent. */
static size_t read_number(const char **format, va_list *arguments)
{
    if (**format != '*')
        return read_count(format);
    (*format)++;
    int count = va_arg(*arguments, int);
    return count < 0 ? 0 : (size_t)count;
}

static struct directive read_directive(const char **format, va_list *arguments)
{
    struct directive directive = {0};
    for (; **format == '0' || **format == '-' || **format == '#'; (*format)++) {
        directive.zero = directive.zero || **format == '0';
        directive.left = directive.left || **format == '-';
        directive.prefix = directive.prefix || **format == '#';
    }
    directive.width = read_number(format, arguments);
    if (**format == '.') {
        (*format)++;
        directive.has_precision = true;
        directive.precision = read_number(format, arguments);
    }
    for (; **format == 'l' || **format == 'z'; (*format)++)
        directive.longs++;
    return directive;
}

static void put_signed(struct output *output, const struct directive *directive, int64_t value)
{
    uint64_t magnitude = value < 0 ? 0 - (uint64_t)value : (uint64_t)value;
    put_number(output, directive, value < 0 ? "-" : "", magnitude, 10, 'a');
}

/* # puts 0x, or 0X, before all but 0. */
static void put_hexadecimal(struct output *output, const struct directive *directive, uint64_t value, char ten)
{
    const char *prefix = ten == 'a' ? "0x" : "0X";
    put_number(output, directive, directive->prefix && value != 0 ? prefix : "", value, 16, ten);
}

static void put_directive(struct output *output, const char **format, va_list *arguments)
{
    const char *start = *format;
    struct directive directive = read_directive(format, arguments);
    bool wide = directive.longs != 0;
    switch (**format) {
    case 's':
        put_text(output, &directive, va_arg(*arguments, const char *));
        break;
    case 'c':
        directive.zero = false;
        put_padded(output, &directive, "", &(const char){(char)va_arg(*arguments, int)}, 1);
        break;
    case 'd':
        put_signed(output, &directive, wide ? va_arg(*arguments, int64_t) : va_arg(*arguments, int));
        break;
    case 'u':
        put_number(output, &directive, "", wide ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned), 10, 'a');
        break;
    case 'x':
        put_hexadecimal(output, &directive, wide ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned), 'a');
        break;
    case 'X':
        put_hexadecimal(output, &directive, wide ? va_arg(*arguments, uint64_t) : va_arg(*arguments, unsigned), 'A');
        break;
    case 'p':
        put_number(output, &directive, "0x", (uintptr_t)va_arg(*arguments, void *), 16, 'a');
        break;
    case '%':
        put(output, '%');
        break;
    default:
        put(output, '%');
        *format = start;
        return;
    }
    (*format)++;
}

size_t format_vtext(char *to, size_t size, const char *format, va_list arguments)
{
    struct output output = {to, size, 0};
    va_list list;
    va_copy(list, arguments); /* a parameter of type va_list has no address that is a va_list's */
    while (*format != '\0') {
        char c = *format++;
        if (c == '%')
            put_directive(&output, &format, &list);
        else
            put(&output, c);
    }
    va_end(list);
    if (size > 0)
        to[output.length < size ? output.length : size - 1] = '\0';
    return output.length;
}

size_t format_text(char *to, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    size_t length = format_vtext(to, size, format, arguments);
    va_end(arguments);
    return length;
}
