/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fuzzes finding, reading and rewriting of FADT and MADT (boot/boot_acpi.c, boot/boot_madt.c): the input's bytes are
 * the choices by which the unit test's model makes its case, right or with a fault, so that every input gets in; what has to come of
 * it says the model.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include "madt_model.h"
#include "model_bytes.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct model_bytes bytes;
    struct model_choice choice = model_bytes_choice(&bytes, data, size);
    bool read = false;

    if (madt_model_check(&choice, &read) != NULL) {
        abort();
    }
    return 0;
}
