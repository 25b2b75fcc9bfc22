/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The bootable disk: a GPT with an EFI system partition that holds ashlar.efi, the compiled configuration and the VMs'
 * files.
 */
#pragma once

#include <stdbool.h>

#include "tool_compile.h"

/* Writes it to path: beside, then renamed. False: a message was printed, path is as it was. */
bool image_create(const char *path, const struct compiled *compiled, const char *efi);

/* Writes it to a file without a name. Its descriptor (read and write, close-on-exec), or -1: a message was printed. */
int image_create_temporary(const struct compiled *compiled, const char *efi);
