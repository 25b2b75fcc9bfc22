/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a file is that is not a kernel for an arm64 virtual machine.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* A name with its article ("an x86 bzImage kernel"), or NULL when the bytes are nothing that is known. */
const char *recognise(const uint8_t *bytes, size_t size);
