/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor: the administrator's prompt on the machine's console (docs/monitor.md). */
#pragma once

#include "lib/status.h"
#include "vm/config_check.h"

/* Boot CPU, after console_start: makes its thread, and brings into view what the configuration says. */
enum status monitor_start(const struct config *config);
