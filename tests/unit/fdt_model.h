/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random device trees with CPUs of every kind, and what has to come of them: what boot/boot_fdt.c is held against, by its
 * unit test and by its fuzz target.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "model_choice.h"

/* One case. NULL when everything holds, else what does not. *read: the tree was taken. */
const char *fdt_model_check(const struct model_choice *choice, bool *read);
