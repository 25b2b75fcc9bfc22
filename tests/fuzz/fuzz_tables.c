/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes the copying of page tables (boot/boot_tables.c): the input's bytes are
 * the choices by which the unit test's model makes its case, right or with a fault, so that every input gets in; what has to come of
 * it says the model.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "model_bytes.h"
#include "tables_model.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct model model;
    struct model_bytes bytes;
    struct model_choice choice = model_bytes_choice(&bytes, data, size);
    uint32_t pages = 0;

    model_random(&model, &choice);
    if (model_check(&model, &choice, &pages) != NULL) {
        abort();
    }
    return 0;
}
