/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What libfdt and BearSSL expect of <string.h> where there is no C library (hypervisor, loader). The functions are the
 * including program's own.
 */
#pragma once

#include <stddef.h>

void *memcpy(void *restrict to, const void *restrict from, size_t size);
void *memmove(void *to, const void *from, size_t size);
void *memset(void *to, int byte, size_t size);
int memcmp(const void *a, const void *b, size_t size);
void *memchr(const void *from, int byte, size_t size);
size_t strlen(const char *string);
size_t strnlen(const char *string, size_t limit);
char *strchr(const char *string, int character);
char *strrchr(const char *string, int character);
int strcmp(const char *a, const char *b);
int strncmp(const char *a, const char *b, size_t limit);
unsigned long strtoul(const char *string, char **end, int base);
