/* SPDX-License-Identifier: Apache-2.0 */
/* The random number instruction of the fake machine. Owns the reader that the test gave. */
#include <stddef.h>

#include "arch/rndr.h"

static bool (*rndr_reader)(void *context, uint64_t *value);
static void *rndr_context;

void host_rndr_set(bool (*reader)(void *context, uint64_t *value), void *context)
{
    rndr_reader = reader;
    rndr_context = context;
}

bool rndr_read(uint64_t *value)
{
    *value = 0;
    return rndr_reader != NULL && rndr_reader(rndr_context, value);
}
