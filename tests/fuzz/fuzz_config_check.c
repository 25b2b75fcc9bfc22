/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the validator of the compiled configuration: any bytes, as EL2 may find them in config.dtb, and trees that are nearly right.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "tree_mutator.h"
#include "vm/config_check.h"

static const char *const tree_names[] = {
    "name",        "cpus",    "memory",    "kernel",    "kernel-size", "kernel-offset",   "initrd",
    "initrd-size", "cmdline", "autostart", "on-reset",  "on-crash",    "stop-timeout-ms", "weight",
    "affinity",    "cap",     "console",   "when-idle", "mitigations", "compatible",      NULL};
static const char *const tree_words[] = {
    "restart",         "stop", "hold", "auto", "off", "all", "monitor", "poweroff", "a", "b-2", "\\ashlar\\kernel", "",
    CONFIG_COMPATIBLE, NULL};
static struct config config;

static void count(void *context, const struct config_fault *fault)
{
    unsigned int *faults = context;
    if (fault->property == NULL || fault->found == NULL || fault->allowed == NULL)
        abort();
    if (++*faults > CONFIG_MAX_FAULTS)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned int faults = 0;
    void *blob = malloc(size == 0 ? 1 : size); /* aligned, and exactly as large */
    if (blob == NULL)
        return 0;
    memcpy(blob, data, size);
    bool good = config_check(blob, size, &config, count, &faults);
    if (good != (faults == 0) || (good && (config.vm_count == 0 || config.vm_count > CONFIG_MAX_VMS)))
        abort();
    free(blob);
    return 0;
}
