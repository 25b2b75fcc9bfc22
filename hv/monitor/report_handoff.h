/* SPDX-License-Identifier: Apache-2.0 */
/* The monitor's `handoff` (monitor/report_handoff.c). */
#pragma once

#include "ashlar/handoff.h"

struct command_call;

/* Start-up, before the monitor: what will be told. */
void report_handoff_begin(const struct handoff *handoff);
void report_handoff(const struct command_call *call);
