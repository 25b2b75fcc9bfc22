/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parses and prints values. Called for configurations and for options of the command line; owns no state. Numbers
 * saturate rather than fail, so that 2^64 is judged as what it is: a number that is too large.
 */
#include "tool_value.h"

#include <string.h>

#include "tool_error.h"

struct unit {
    const char *name;
    uint64_t factor;
};

static const struct unit size_units[] = {{"", 1}, {"K", 1ULL << 10}, {"M", 1ULL << 20}, {"G", 1ULL << 30}, {NULL, 0}};
static const struct unit time_units[] = {{"ms", 1}, {"s", 1000}, {"m", 60000}, {"h", 3600000}, {NULL, 0}};
static const struct unit no_units[] = {{"", 1}, {NULL, 0}};

/* Digits at *text; moves *text behind them. */
static bool parse_digits(const char **text, uint64_t *number)
{
    const char *at = *text;
    *number = 0;
    for (; *at >= '0' && *at <= '9'; at++) {
        uint64_t digit = (uint64_t)(*at - '0');
        *number = *number > (UINT64_MAX - digit) / 10U ? UINT64_MAX : *number * 10U + digit;
    }
    bool good = at != *text;
    *text = at;
    return good;
}

static bool parse_unit(const char *text, const struct unit *units, uint64_t max, uint64_t *number)
{
    if (!parse_digits(&text, number))
        return false;
    for (; units->name != NULL; units++) {
        if (strcmp(text, units->name) == 0) {
            *number = *number > max / units->factor ? max : *number * units->factor;
            return true;
        }
    }
    return false;
}

bool value_parse_count(const char *text, uint32_t *count)
{
    uint64_t number;
    bool good = parse_unit(text, no_units, UINT32_MAX, &number);
    *count = good ? (uint32_t)number : 0;
    return good;
}

bool value_parse_size(const char *text, uint64_t *bytes)
{
    return parse_unit(text, size_units, UINT64_MAX, bytes);
}

bool value_parse_time(const char *text, uint32_t *ms)
{
    uint64_t number;
    bool good = parse_unit(text, time_units, UINT32_MAX, &number);
    *ms = good ? (uint32_t)number : 0;
    return good;
}

static uint32_t saturate(uint64_t number)
{
    return number > UINT32_MAX ? UINT32_MAX : (uint32_t)number;
}

bool value_parse_cpus(const char *text, struct cpu_range *ranges, size_t max, size_t *count)
{
    *count = 0;
    for (;;) {
        uint64_t first;
        uint64_t last;
        if (!parse_digits(&text, &first))
            return false;
        last = first;
        if (*text == '-') {
            text++;
            if (!parse_digits(&text, &last))
                return false;
        }
        if (*count < max)
            ranges[*count] = (struct cpu_range){.first = saturate(first), .last = saturate(last)};
        (*count)++;
        if (*text == '\0')
            return true;
        if (*text++ != ',')
            return false;
        while (*text == ' ')
            text++;
    }
}

char *value_show_size(uint64_t bytes)
{
    static const char units[] = {'\0', 'K', 'M', 'G'};
    size_t unit = 0;
    while (unit + 1U < sizeof(units) && bytes != 0 && bytes % 1024U == 0) {
        bytes /= 1024U;
        unit++;
    }
    return text_format("%llu%.1s", (unsigned long long)bytes, &units[unit]);
}
