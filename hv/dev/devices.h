/* SPDX-License-Identifier: Apache-2.0 */
/* Setting up what all VMs' devices share: for main.c alone. */
#pragma once

#include "platform/platform.h"

/* Boot CPU, once, before the first VM. */
void devices_init(const struct platform *platform);
/* Each CPU, before it runs a vCPU; after devices_init. */
void devices_cpu_init(void);
