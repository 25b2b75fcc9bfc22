/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random ACPI tables in a piece of memory, right or with one fault, and what has to come of them: what boot/boot_acpi.c and
 * boot/boot_madt.c are held against, by their unit test and by their fuzz target.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model_choice.h"

/* One case. NULL when everything holds, else what does not. *read: the tables were taken. */
const char *madt_model_check(const struct model_choice *choice, bool *read);
