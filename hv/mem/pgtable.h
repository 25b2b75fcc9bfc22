/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walker that stage 1 and stage 2 share. (The mem part refines this file.)
 */
#pragma once

#include <stdint.h>

struct pgtable {
    uint64_t root;        /* physical address of the (first) top-level table */
    uint8_t start_level;  /* as in the manual: 0 to 3 */
    uint8_t root_tables;  /* concatenated tables at the top: 1 to 16 */
    uint8_t ia_bits;      /* input address size */
    uint8_t reserved[5];
};
