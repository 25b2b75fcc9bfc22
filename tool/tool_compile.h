/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From a configuration in YAML to the compiled one of include/ashlar/config.h, with every fault named.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tool_kernel.h"
#include "vm/config_check.h"

/* Memory of the machine that Ashlar itself, firmware and page tables take; VMs get the rest. */
#define HOST_RESERVE (64ULL << 20)

/* The machine that the configuration is for; 0 = not known. */
struct host_limits {
    uint64_t memory; /* bytes */
    uint32_t cpus;
};

#define COMPILED_HANDOVER CONFIG_MAX_VMS

struct compiled {
    struct config config;
    void *blob;
    size_t blob_size;
    /* The last of each is host.handover's. bytes NULL: none. */
    struct payload kernels[CONFIG_MAX_VMS + 1U];
    struct payload initrds[CONFIG_MAX_VMS + 1U];
};

/*
 * Compiles the file at path. NULL: refused, every fault is on standard error. Otherwise to be freed by compiled_free.
 */
struct compiled *config_compile(const char *path, const struct host_limits *limits);
void compiled_free(struct compiled *compiled);

/* Memory and vCPUs of all VMs together. */
uint64_t compiled_memory(const struct compiled *compiled);
uint32_t compiled_cpus(const struct compiled *compiled);
