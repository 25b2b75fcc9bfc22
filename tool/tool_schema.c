/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The table of keys. Constant data only. The contract is docs/man/ashlar.yaml.5; ranges are judged by
 * hv/vm/config_check.c, which EL2 runs too, and not repeated here but in words.
 */
#include "tool_schema.h"

#include "tool_kernel.h"

static const char *const words_console[] = {"monitor", "all", "auto", NULL};
static const char *const words_idle[] = {"poweroff", "monitor", NULL};
static const char *const words_mitigations[] = {"auto", "off", NULL};
static const char *const words_reset[] = {"restart", "stop", NULL};
static const char *const words_crash[] = {"restart", "stop", "hold", NULL};

const struct key host_keys[HOST_KEYS] = {
    {.name = "console",
     .property = "console",
     .fallback = "auto",
     .safe = "auto",
     .words = words_console,
     .allowed = "monitor, all, auto or the name of a VM"},
    {.name = "when_idle",
     .property = "when-idle",
     .fallback = "poweroff",
     .safe = "poweroff",
     .words = words_idle,
     .allowed = "poweroff or monitor"},
    {.name = "mitigations",
     .property = "mitigations",
     .fallback = "auto",
     .safe = "auto",
     .words = words_mitigations,
     .allowed = "auto or off"},
};

const struct key vm_keys[VM_KEYS] = {
    {.name = "name",
     .property = "name",
     .required = true,
     .allowed = "1 to 63 letters, digits and '-', not monitor, all or auto"},
    {.name = "cpus",
     .property = "cpus",
     .kind = VALUE_COUNT,
     .fallback = "1",
     .safe = "1",
     .least = "1",
     .allowed = "1 to 64"},
    {.name = "memory",
     .property = "memory",
     .kind = VALUE_SIZE,
     .required = true,
     .safe = "512G",
     .least = "512M",
     .allowed = "a multiple of 2M"},
    {.name = "kernel", .property = "kernel", .kind = VALUE_KERNEL, .required = true, .allowed = KERNEL_ALLOWED},
    {.name = "initrd", .property = "initrd", .kind = VALUE_INITRD, .allowed = "an initrd file"},
    {.name = "cmdline",
     .property = "cmdline",
     .may_be_empty = true,
     .fallback = "",
     .safe = "",
     .allowed = "up to 2047 bytes without control characters"},
    {.name = "autostart",
     .property = "autostart",
     .kind = VALUE_FLAG,
     .fallback = "true",
     .safe = "true",
     .allowed = "true or false"},
    {.name = "on_reset",
     .property = "on-reset",
     .fallback = "restart",
     .safe = "restart",
     .words = words_reset,
     .allowed = "restart or stop"},
    {.name = "on_crash",
     .property = "on-crash",
     .fallback = "stop",
     .safe = "stop",
     .words = words_crash,
     .allowed = "restart, stop or hold"},
    {.name = "stop_timeout",
     .property = "stop-timeout-ms",
     .kind = VALUE_TIME,
     .fallback = "30s",
     .safe = "30s",
     .least = "30s",
     .allowed = "a time from 1ms to 24h"},
    {.name = "weight",
     .property = "weight",
     .kind = VALUE_COUNT,
     .fallback = "100",
     .safe = "100",
     .least = "1",
     .allowed = "1 to 10000"},
    {.name = "affinity", .property = "affinity", .kind = VALUE_CPUS, .allowed = "a list of CPUs such as 0-3,6"},
    {.name = "cap",
     .property = "cap",
     .kind = VALUE_COUNT,
     .fallback = "0",
     .safe = "0",
     .least = "0",
     .allowed = "0 to 6400"},
};

const struct key handover_keys[HANDOVER_KEYS] = {
    {.name = "kernel", .property = "kernel", .kind = VALUE_KERNEL, .required = true, .allowed = KERNEL_HANDOVER},
    {.name = "initrd", .property = "initrd", .kind = VALUE_INITRD, .allowed = "an initrd file"},
    {.name = "cmdline",
     .property = "cmdline",
     .may_be_empty = true,
     .fallback = "",
     .safe = "",
     .allowed = "up to 2047 bytes without control characters"},
};

const char *const host_key_names[HOST_KEYS + 2U] = {"console", "when_idle", "mitigations", "handover", NULL};

const char *const handover_key_names[HANDOVER_KEYS + 1U] = {"kernel", "initrd", "cmdline", NULL};

const char *const vm_key_names[VM_KEYS + 1U] = {"name",    "cpus",      "memory",   "kernel",   "initrd",
                                                "cmdline", "autostart", "on_reset", "on_crash", "stop_timeout",
                                                "weight",  "affinity",  "cap",      NULL};
