/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of a configuration and of the command line: sizes, times, counts, lists of CPUs.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct cpu_range {
    uint32_t first;
    uint32_t last;
};

/* Decimal digits only; a value above the type's becomes the type's largest. False: not a number. */
bool value_parse_count(const char *text, uint32_t *count);
/* A number with K, M, G (1024) or nothing. Saturates as above. */
bool value_parse_size(const char *text, uint64_t *bytes);
/* A number with ms, s, m or h. Saturates as above. */
bool value_parse_time(const char *text, uint32_t *ms);
/* "0-3,6": fills at most max ranges and counts them all in *count. */
bool value_parse_cpus(const char *text, struct cpu_range *ranges, size_t max, size_t *count);

/* "512M": in the largest unit without a remainder. To be freed. */
char *value_show_size(uint64_t bytes);
