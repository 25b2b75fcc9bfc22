/* SPDX-License-Identifier: Apache-2.0 */
/*
 * EFI_TIME to Unix time (UEFI 2.10, 8.3.1 GetTime). Pure; called by boot_firmware.c.
 *
 * "Localtime = UTC - TimeZone", so UTC is the fields plus TimeZone minutes, daylight saving included. An unspecified
 * time zone leaves open whether the clock is local time; it is taken as UTC, less the hour that EFI_TIME_IN_DAYLIGHT
 * says was added.
 */
#include "boot_time.h"

#define EARLIEST_YEAR 2020

static bool leap_year(int64_t year)
{
    return (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
}

static unsigned days_in_month(int64_t year, unsigned month)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return month == 2 && leap_year(year) ? 29U : days[month - 1U];
}

static bool fields_valid(const struct EFI_TIME *t)
{
    bool zone = t->TimeZone == EFI_UNSPECIFIED_TIMEZONE || (t->TimeZone >= -1440 && t->TimeZone <= 1440);

    return t->Year >= EARLIEST_YEAR && t->Year <= 9999 && t->Month >= 1 && t->Month <= 12 && t->Day >= 1 &&
           t->Day <= days_in_month(t->Year, t->Month) && t->Hour <= 23 && t->Minute <= 59 && t->Second <= 59 && zone;
}

/* Days from 1970-01-01 to the first of January of `year`. */
static int64_t days_to_year(int64_t year)
{
    int64_t before = year - 1;

    return (year - 1970) * 365 + (before / 4 - before / 100 + before / 400) - (1969 / 4 - 1969 / 100 + 1969 / 400);
}

bool boot_time_unix(const struct EFI_TIME *t, int64_t *seconds)
{
    int64_t days;
    int64_t value;

    if (!fields_valid(t)) {
        return false;
    }
    days = days_to_year(t->Year) + t->Day - 1;
    for (unsigned month = 1; month < t->Month; month++) {
        days += days_in_month(t->Year, month);
    }
    value = ((days * 24 + t->Hour) * 60 + t->Minute) * 60 + t->Second;
    if (t->TimeZone != EFI_UNSPECIFIED_TIMEZONE) {
        value += (int64_t)t->TimeZone * 60;
    } else if ((t->Daylight & EFI_TIME_IN_DAYLIGHT) != 0) {
        value -= 3600;
    }
    *seconds = value;
    return true;
}
