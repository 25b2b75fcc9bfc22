/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random sequences for the real-time clock beside a model that looks at the clock at every second, drawn from a generator (test_pl031.c) or
 * from the bytes of a fuzzer (fuzz_pl031.c). As dev_fakes.h: included by one file of a program.
 */
#pragma once

#include "dev/pl031.h"
#include "dev_fakes.h"
#include "seeded.h"

#define RTCDR 0x00U
#define RTCMR 0x04U
#define RTCLR 0x08U
#define RTCCR 0x0CU
#define RTCIMSC 0x10U
#define RTCRIS 0x14U
#define RTCMIS 0x18U
#define RTCICR 0x1CU

#define SECOND FAKE_FREQUENCY
#define EPOCH 1785000000 /* some day in 2026 */

/* The model compares once at every second and at every write, as the comparator of the hardware does. */
struct model {
    uint32_t offset, mr, imsc, ris;
    bool matched; /* the match that mr was written for has been, the next is 2^32 s away */
};

static uint32_t model_now(const struct model *model)
{
    return (uint32_t)(EPOCH + fake_count / FAKE_FREQUENCY) + model->offset;
}

static void model_compare(struct model *model)
{
    if (model_now(model) == model->mr && !model->matched) {
        model->ris = 1;
        model->matched = true;
    }
}

static void model_step(struct model *model, struct seeded *seeded)
{
    uint32_t near = (uint32_t)seeded_below(seeded, 6);

    switch (seeded_below(seeded, 6)) {
    case 0:
        model->mr = model_now(model) + near;
        model->matched = false;
        fake_write(RTCMR, model->mr);
        break;
    case 1:
        fake_write(RTCLR, model->mr - near);
        model->offset += model->mr - near - model_now(model);
        model->matched = false;
        break;
    case 2:
        model->imsc = near & 1U;
        fake_write(RTCIMSC, near);
        break;
    case 3:
        model->ris = 0;
        fake_write(RTCICR, 1);
        break;
    default:
        for (uint64_t i = seeded_below(seeded, 5); i > 0U; i--) {
            /* Never on a boundary itself, where the rounding of the EL2 timer may show. */
            fake_advance(SECOND - fake_count % SECOND + 8U + seeded_below(seeded, SECOND / 2U));
            model_compare(model);
        }
        break;
    }
    model_compare(model);
}

static void model_check(const struct model *model)
{
    assert_int_equal(fake_read(RTCDR), model_now(model));
    assert_int_equal(fake_read(RTCMR), model->mr);
    assert_int_equal(fake_read(RTCRIS), model->ris);
    assert_int_equal(fake_read(RTCMIS), model->ris & model->imsc);
    assert_int_equal(fake_spi[PL031_INTID], (model->ris & model->imsc) != 0U);
}
