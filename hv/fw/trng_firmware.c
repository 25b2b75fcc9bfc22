/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The firmware's true random number generator (DEN 0098): a source for lib/random. Called by main.c at start-up; owns no
 * state.
 */
#include "fw/trng_firmware.h"

#include <stdbool.h>
#include <stdint.h>

#include "arch/cpu_wait.h"
#include "fw/smccc_firmware.h"
#include "lib/string.h"

/* DEN 0098, 2.3 to 2.6 */
#define TRNG_FN_VERSION 0x84000050U
#define TRNG_FN_FEATURES 0x84000051U
#define TRNG_FN_RND64 0xc4000053U
#define TRNG_NO_ENTROPY (-3)

#define RND64_BYTES 24U /* 192 bits in x1 to x3, the most that one call gives */
#define RND64_TRIES 1000U

/* 2.2: found by TRNG_VERSION, which needs SMCCC 1.1. */
static bool trng_present(void)
{
    if (fw_smccc_version() < SMCCC_VERSION_1_1) {
        return false;
    }
    int32_t version = fw_call32(TRNG_FN_VERSION, 0, 0, 0);
    return version > 0 && (version >> 16) == 1 && fw_call32(TRNG_FN_FEATURES, TRNG_FN_RND64, 0, 0) >= 0;
}

/* bytes: 1 to RND64_BYTES. The least significant bits are in x3. */
static enum status read_part(uint8_t *out, size_t bytes)
{
    uint64_t arguments[8] = {TRNG_FN_RND64, bytes * 8U};
    uint64_t results[4];

    for (unsigned i = 0; i < RND64_TRIES; i++) {
        fw_call(arguments, results);
        if (results[0] == 0U) {
            uint64_t words[3] = {results[3], results[2], results[1]};
            memcpy(out, words, bytes);
            return STATUS_OK;
        }
        if ((int32_t)(uint32_t)results[0] != TRNG_NO_ENTROPY) {
            return STATUS_UNSUPPORTED;
        }
        cpu_wait_yield();
    }
    return STATUS_TIMEOUT;
}

enum status fw_trng_read(void *out, size_t bytes)
{
    uint8_t *at = out;

    if (!trng_present()) {
        return STATUS_UNSUPPORTED;
    }
    while (bytes > 0U) {
        size_t part = bytes < RND64_BYTES ? bytes : RND64_BYTES;
        enum status status = read_part(at, part);
        if (status != STATUS_OK) {
            return status;
        }
        at += part;
        bytes -= part;
    }
    return STATUS_OK;
}
