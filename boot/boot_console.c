/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Prints to the firmware's console: EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL (UEFI 2.10, 12.4), UCS-2, lines end with CR LF.
 * State: none beyond a call. Called by every file of the loader while boot services live.
 */
#include <stdarg.h>

#include "boot.h"

#define CHUNK 80U

struct writer {
    struct EFI_SIMPLE_TEXT_OUTPUT_PROTOCOL *console;
    unsigned used;
    CHAR16 chunk[CHUNK + 1U];
};

static void writer_flush(struct writer *w)
{
    w->chunk[w->used] = 0;
    w->used = 0;
    w->console->OutputString(w->console, w->chunk);
}

static void writer_put(struct writer *w, char c)
{
    if (w->used == CHUNK) {
        writer_flush(w);
    }
    w->chunk[w->used++] = (CHAR16)(unsigned char)c;
}

static void writer_text(struct writer *w, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '\n') {
            writer_put(w, '\r');
        }
        writer_put(w, *text);
    }
}

static void writer_number(struct writer *w, uint64_t value, unsigned radix, unsigned width)
{
    char digits[20];
    unsigned count = 0;

    do {
        digits[count++] = "0123456789abcdef"[value % radix];
        value /= radix;
    } while (value != 0);
    for (unsigned i = count; i < width; i++) {
        writer_put(w, '0');
    }
    while (count > 0) {
        writer_put(w, digits[--count]);
    }
}

/* One conversion, from behind the '%'; returns what follows it. */
static const char *writer_convert(struct writer *w, const char *format, va_list *arguments)
{
    unsigned width = 0;
    bool wide = false;

    for (; *format >= '0' && *format <= '9'; format++) {
        width = width * 10U + (unsigned)(*format - '0');
    }
    for (; *format == 'l'; format++) {
        wide = true;
    }
    switch (*format) {
    case 's':
        writer_text(w, va_arg(*arguments, const char *));
        break;
    case 'c':
        writer_put(w, (char)va_arg(*arguments, int));
        break;
    case 'u':
    case 'x':
        writer_number(w, wide ? va_arg(*arguments, unsigned long long) : va_arg(*arguments, unsigned),
                      *format == 'u' ? 10 : 16, width);
        break;
    default:
        writer_put(w, '%');
        return *format == '%' ? format + 1 : format;
    }
    return format + 1;
}

static void writer_format(struct writer *w, const char *format, va_list *arguments)
{
    while (*format != '\0') {
        if (*format == '%') {
            format = writer_convert(w, format + 1, arguments);
        } else {
            char text[2] = {*format++, '\0'};

            writer_text(w, text);
        }
    }
}

static void print_all(struct boot *boot, const char *before, const char *format, const char *after, va_list *arguments)
{
    struct writer w = {.console = boot->system->ConOut};

    /* UEFI 2.10, 4.3: NULL where the machine has no console at all. */
    if (w.console == NULL) {
        return;
    }
    writer_text(&w, before);
    writer_format(&w, format, arguments);
    writer_text(&w, after);
    writer_flush(&w);
}

void boot_print(struct boot *boot, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_all(boot, "", format, "", &arguments);
    va_end(arguments);
}

/* Each stage is one line with its time since the loader began, where there is a clock. */
void boot_line(struct boot *boot, const char *format, ...)
{
    uint64_t micros = boot->clock != NULL ? boot->clock(boot) : 0;
    va_list arguments;

    va_start(arguments, format);
    print_all(boot, "ashlar: ", format, boot->clock != NULL ? "" : "\n", &arguments);
    va_end(arguments);
    if (boot->clock != NULL) {
        boot_print(boot, " [%llu.%06u s]\n", (unsigned long long)(micros / 1000000U), (unsigned)(micros % 1000000U));
    }
}

void boot_error(struct boot *boot, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    print_all(boot, "ashlar: error: ", format, "\n", &arguments);
    va_end(arguments);
}

const char *boot_status_text(EFI_STATUS status)
{
    static const char *const text[] = {
        [1] = "EFI_LOAD_ERROR",
        [2] = "EFI_INVALID_PARAMETER",
        [3] = "EFI_UNSUPPORTED",
        [4] = "EFI_BAD_BUFFER_SIZE",
        [5] = "EFI_BUFFER_TOO_SMALL",
        [6] = "EFI_NOT_READY",
        [7] = "EFI_DEVICE_ERROR",
        [8] = "EFI_WRITE_PROTECTED",
        [9] = "EFI_OUT_OF_RESOURCES",
        [10] = "EFI_VOLUME_CORRUPTED",
        [11] = "EFI_VOLUME_FULL",
        [12] = "EFI_NO_MEDIA",
        [13] = "EFI_MEDIA_CHANGED",
        [14] = "EFI_NOT_FOUND",
        [15] = "EFI_ACCESS_DENIED",
        [16] = "EFI_NO_RESPONSE",
        [18] = "EFI_TIMEOUT",
        [21] = "EFI_ABORTED",
        [25] = "EFI_INCOMPATIBLE_VERSION",
        [26] = "EFI_SECURITY_VIOLATION",
        [27] = "EFI_CRC_ERROR",
    };
    uint64_t code = status & ~EFI_ERROR_BIT;

    if (status == EFI_SUCCESS) {
        return "EFI_SUCCESS";
    }
    if ((status & EFI_ERROR_BIT) == 0 || code >= sizeof(text) / sizeof(text[0]) || text[code] == NULL) {
        return "an unknown EFI_STATUS";
    }
    return text[code];
}
