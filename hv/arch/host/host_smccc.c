/* SPDX-License-Identifier: Apache-2.0 */
/* Calls to the firmware of the fake machine. Owns the handler that the test gave. */
#include "arch/host/host_smccc.h"

#include <stddef.h>

#include "arch/smccc.h"

static void (*smccc_handler)(void *context, const uint64_t arguments[8], uint64_t results[4]);
static void *smccc_context;

void host_smccc_set(void (*handler)(void *context, const uint64_t arguments[8], uint64_t results[4]), void *context)
{
    smccc_handler = handler;
    smccc_context = context;
}

void smccc_smc(const uint64_t arguments[8], uint64_t results[4])
{
    results[0] = (uint64_t)-1;
    results[1] = 0;
    results[2] = 0;
    results[3] = 0;
    if (smccc_handler != NULL) {
        smccc_handler(smccc_context, arguments, results);
    }
}
