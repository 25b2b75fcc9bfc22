/* SPDX-License-Identifier: Apache-2.0 */
/* What holds for every struct platform that a parser accepted, whatever it read: written after platform.h, not after the parsers. */
#pragma once

#include <stdbool.h>

#include "platform/platform.h"

/* NULL, or what is wrong. */
const char *platform_gic_unsound(const struct platform *platform);
const char *platform_timer_unsound(const struct platform *platform);
const char *platform_console_unsound(const struct platform *platform);

/* The text is one line that starts with prefix and says something. */
bool platform_fault_is_text(const struct platform_fault *fault, const char *prefix);
