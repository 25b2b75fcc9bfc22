/* SPDX-License-Identifier: Apache-2.0 */
/* Fuzzes the reader of the machine's device tree. The header's total size is put right, since nothing else gets past libfdt. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/fdt_platform.h"
#include "tree_mutator.h"

static const char *const tree_names[] = {"ranges",
                                         "reg",
                                         "interrupts",
                                         "interrupts-extended",
                                         "interrupt-names",
                                         "interrupt-parent",
                                         "interrupt-controller",
                                         "#interrupt-cells",
                                         "#address-cells",
                                         "#size-cells",
                                         "phandle",
                                         "compatible",
                                         "status",
                                         "device_type",
                                         "enable-method",
                                         "method",
                                         "stdout-path",
                                         "linux,stdout-path",
                                         "reg-shift",
                                         "reg-io-width",
                                         "reg-offset",
                                         "redistributor-stride",
                                         "#redistributor-regions",
                                         NULL};
static const char *const tree_words[] = {"okay",       "disabled",
                                         "psci",       "spin-table",
                                         "cpu",        "hvc",
                                         "smc",        "arm,psci-1.0",
                                         "arm,gic-v3", "arm,armv8-timer",
                                         "arm,pl011",  "arm,sbsa-uart",
                                         "ns16550a",   "snps,dw-apb-uart",
                                         "serial0",    "serial0:115200n8",
                                         "phys",       "virt",
                                         "hyp-phys",   NULL};
static struct platform platform;
static struct platform_fault fault;

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    uint8_t *given = malloc(size == 0 ? 1 : size); /* aligned, and exactly as large */

    if (given == NULL) {
        return 0;
    }
    memcpy(given, data, size);
    if (size >= 8) {
        const uint8_t start[8] = {0xd0,         0x0d, 0xfe, 0xed, 0, (uint8_t)(size >> 16), (uint8_t)(size >> 8),
                                  (uint8_t)size};
        memcpy(given, start, sizeof(start));
    }
    memset(&platform, 0, sizeof(platform));
    memset(&fault, 0, sizeof(fault));
    enum status status = fdt_platform_read(given, size, &platform, &fault);
    if (status != STATUS_OK && strnlen(fault.text, sizeof(fault.text)) < 8) {
        abort();
    }
    if (status == STATUS_OK && (platform.cpu_count == 0 || platform.cpu_count > PLATFORM_MAX_CPUS ||
                                platform.redistributor_count > PLATFORM_MAX_REDISTRIBUTORS)) {
        abort();
    }
    free(given);
    return 0;
}
