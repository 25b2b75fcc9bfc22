/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens on a bug of our own. Never on anything a guest, a firmware table or a file can cause.
 */
#pragma once

/* Prints the reason, stops the other CPUs, dumps and resets the machine; on the host, fails the running test. */
_Noreturn void panic(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* In every build: the few checks that EL2 makes are cheap beside an exit. */
#define assert(condition)                                                                                              \
    do {                                                                                                               \
        if (__builtin_expect(!(condition), 0)) {                                                                       \
            panic("%s:%d: assertion failed: %s", __FILE_NAME__, __LINE__, #condition);                                 \
        }                                                                                                              \
    } while (0)
