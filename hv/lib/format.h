/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text formatting: the part of printf that EL2 uses (%s %c %d %u %x %X %p %%, l ll z, width, precision of strings, 0, - and #).
 */
#pragma once

#include <stdarg.h>
#include <stddef.h>

/* As C's snprintf: at most size bytes with the NUL are written; returns the length the whole text has. */
size_t format_text(char *to, size_t size, const char *format, ...) __attribute__((format(printf, 3, 4)));
size_t format_vtext(char *to, size_t size, const char *format, va_list arguments) __attribute__((format(printf, 3, 0)));
