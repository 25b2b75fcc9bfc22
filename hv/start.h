/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps of start-up that main.c strings together: each says in the log what it found, and panics with plain words on a machine that
 * can't be used. Boot CPU, in this order.
 */
#pragma once

#include "ashlar/handoff.h"
#include "lib/status.h"
#include "platform/platform.h"
#include "vm/config_check.h"

void start_must(enum status status, const char *what);
/* The hand-over is checked, the machine discovered, the log goes to its console. */
void start_console(const struct handoff *handoff, struct platform *platform);
/* The page allocator has the pool. */
void start_memory(const struct handoff *handoff);
/* EL2 runs on its own tables; the allocator has all free RAM. */
void start_tables(const struct handoff *handoff);
/* When the loader began and when it jumped here: what bench/boot.sh counts from. */
void start_say_times(const struct handoff *handoff);
void start_random(const struct handoff *handoff);
/* Before any other CPU starts: what the configuration says of CPUs (mitigations) is known when each decides for itself. */
void start_config(const struct handoff *handoff, struct config *config);
/* After features_combine: what all guests share. */
void start_stage2(void);
