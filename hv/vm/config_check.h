/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The compiled configuration (include/ashlar/config.h), read and judged: one validator for the host's command and for EL2.
 * It owns no state. tool/ calls it on what it has just compiled, EL2 once at start-up on a blob that it does not trust.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ashlar/config.h"

#define CONFIG_MAX_PATH 127U        /* characters of a path on the volume */
#define CONFIG_MAX_FAULTS 64U       /* a reader gives up after this many */
#define CONFIG_FDT_ROOM 0x200000ULL /* bytes of a VM's memory kept for its device tree */
#define CONFIG_AFFINITY_WORDS ((CONFIG_MAX_CPU + 1U) / 64U)
#define CONFIG_VM_HOST (-1)     /* in struct config_fault: not about a VM */
#define CONFIG_VM_HANDOVER (-2) /* about host.handover */

enum config_idle { CONFIG_IDLE_POWEROFF, CONFIG_IDLE_MONITOR };
enum config_mitigations { CONFIG_MITIGATIONS_AUTO, CONFIG_MITIGATIONS_OFF };
enum config_reset { CONFIG_RESET_RESTART, CONFIG_RESET_STOP };
enum config_crash { CONFIG_CRASH_RESTART, CONFIG_CRASH_STOP, CONFIG_CRASH_HOLD };

/* host.console: a VM's index, or one of these. */
#define CONFIG_CONSOLE_MONITOR (-1)
#define CONFIG_CONSOLE_ALL (-2)

struct vm_config {
    char name[CONFIG_MAX_NAME + 1U];
    uint32_t cpus;                     /* 1 to CONFIG_MAX_VCPUS */
    uint64_t memory;                   /* bytes, a multiple of CONFIG_MEMORY_STEP */
    char kernel[CONFIG_MAX_PATH + 1U]; /* path on the volume */
    uint64_t kernel_size;              /* bytes of the file */
    uint64_t kernel_offset;            /* from the start of RAM; 0 unless flat */
    char initrd[CONFIG_MAX_PATH + 1U]; /* "" unless has_initrd */
    uint64_t initrd_size;              /* bytes of the file; 0 unless has_initrd */
    bool has_initrd;
    bool flat;
    bool autostart;
    bool has_affinity; /* false: every bit of affinity is set */
    char cmdline[CONFIG_MAX_CMDLINE + 1U];
    enum config_reset on_reset;
    enum config_crash on_crash;
    uint32_t stop_timeout_ms;
    uint32_t weight;                          /* 1 to 10000 */
    uint32_t cap;                             /* percent of one CPU, 0 = none */
    uint64_t affinity[CONFIG_AFFINITY_WORDS]; /* bit n of word w: CPU 64 * w + n */
};

struct config {
    int32_t console; /* VM index or CONFIG_CONSOLE_*; auto is already resolved */
    enum config_idle when_idle;
    enum config_mitigations mitigations;
    bool has_handover;         /* the loader starts a Linux kernel instead of the hypervisor */
    struct vm_config handover; /* kernel, initrd and cmdline of it; the rest is 0 */
    uint32_t vm_count;         /* 1 to CONFIG_MAX_VMS; 0 only with a handover */
    struct vm_config vms[CONFIG_MAX_VMS];
};

/* One thing that is wrong. All strings are printable ASCII and live for the call of the callback only. */
struct config_fault {
    int32_t vm;           /* VM index, CONFIG_VM_HOST or CONFIG_VM_HANDOVER */
    const char *property; /* its name in the blob, or the name of a node */
    const char *found;
    const char *allowed;
    const char *hint; /* the nearest allowed value, or NULL */
};

/*
 * Checks size bytes at blob (any content; 8-byte aligned, as libfdt wants it) and fills *config.
 * Calls report(context, fault) for each fault, at most CONFIG_MAX_FAULTS times. True: no fault, *config is complete.
 * False: *config must not be used. Reads nothing outside [blob, blob + size), allocates nothing, takes no lock; the
 * time is bounded by size (at most CONFIG_MAX_BLOB).
 */
bool config_check(const void *blob, size_t size, struct config *config,
                  void (*report)(void *context, const struct config_fault *fault), void *context);
