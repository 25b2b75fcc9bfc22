/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hv/lib/random.c against a second HMAC-DRBG, written here after NIST SP 800-90A (10.1.2), RFC 2104 and FIPS 180-4, and against a
 * published vector.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "arch/host/host_model.h"
#include "arch/rndr.h"
#include "arch/sysreg.h"
#include "lib/random.h"
#include "seeded.h"

/* ---- SHA-256: constants are worked out, not copied (FIPS 180-4, 4.2.2 and 5.3.3) ---- */

static uint32_t round_constants[64];
static uint32_t first_state[8];

/* The first 32 bits of the fractional part of the root of n: floor(n^(1/power) * 2^32) mod 2^32, by bisection. */
static uint32_t root_fraction(uint64_t n, unsigned power)
{
    uint64_t low = 0;
    uint64_t high = 1ULL << 38;

    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        unsigned __int128 square = (unsigned __int128)middle * middle;
        bool above;
        if (power == 2) {
            above = square > ((unsigned __int128)n << 64);
        } else {
            /* middle^3 > n * 2^96, without 192 bits: middle^2 > n * 2^96 / middle */
            above = square > ((unsigned __int128)n << 96) / middle;
        }
        if (above) {
            high = middle;
        } else {
            low = middle;
        }
    }
    return (uint32_t)low;
}

static void sha256_constants(void)
{
    unsigned count = 0;

    for (uint64_t n = 2; count < 64; n++) {
        bool prime = true;
        for (uint64_t d = 2; d * d <= n; d++) {
            prime = prime && n % d != 0;
        }
        if (!prime) {
            continue;
        }
        round_constants[count] = root_fraction(n, 3);
        if (count < 8) {
            first_state[count] = root_fraction(n, 2);
        }
        count++;
    }
}

static uint32_t rotate(uint32_t value, unsigned bits)
{
    return (value >> bits) | (value << (32 - bits));
}

static void sha256_block(uint32_t state[8], const uint8_t *block)
{
    uint32_t w[64];
    uint32_t v[8];

    for (unsigned t = 0; t < 16; t++) {
        w[t] = ((uint32_t)block[4 * t] << 24) | ((uint32_t)block[4 * t + 1] << 16) | ((uint32_t)block[4 * t + 2] << 8) |
               block[4 * t + 3];
    }
    for (unsigned t = 16; t < 64; t++) {
        uint32_t s0 = rotate(w[t - 15], 7) ^ rotate(w[t - 15], 18) ^ (w[t - 15] >> 3);
        uint32_t s1 = rotate(w[t - 2], 17) ^ rotate(w[t - 2], 19) ^ (w[t - 2] >> 10);
        w[t] = s1 + w[t - 7] + s0 + w[t - 16];
    }
    memcpy(v, state, sizeof(v));
    for (unsigned t = 0; t < 64; t++) {
        uint32_t sum1 = rotate(v[4], 6) ^ rotate(v[4], 11) ^ rotate(v[4], 25);
        uint32_t choose = (v[4] & v[5]) ^ (~v[4] & v[6]);
        uint32_t t1 = v[7] + sum1 + choose + round_constants[t] + w[t];
        uint32_t sum0 = rotate(v[0], 2) ^ rotate(v[0], 13) ^ rotate(v[0], 22);
        uint32_t majority = (v[0] & v[1]) ^ (v[0] & v[2]) ^ (v[1] & v[2]);
        memmove(v + 1, v, 7 * sizeof(v[0]));
        v[4] += t1;
        v[0] = t1 + sum0 + majority;
    }
    for (unsigned i = 0; i < 8; i++) {
        state[i] += v[i];
    }
}

static void sha256(const uint8_t *data, size_t size, uint8_t digest[32])
{
    uint32_t state[8];
    size_t padded = (size + 9 + 63) / 64 * 64;
    uint8_t *text = calloc(1, padded);

    assert_non_null(text);
    memcpy(state, first_state, sizeof(state));
    memcpy(text, data, size);
    text[size] = 0x80;
    for (unsigned i = 0; i < 8; i++) {
        text[padded - 1 - i] = (uint8_t)((uint64_t)size * 8 >> (8 * i));
    }
    for (size_t at = 0; at < padded; at += 64) {
        sha256_block(state, text + at);
    }
    free(text);
    for (unsigned i = 0; i < 32; i++) {
        digest[i] = (uint8_t)(state[i / 4] >> (24 - 8 * (i % 4)));
    }
}

/* The key is never longer than a block here. */
static void hmac(const uint8_t key[32], const uint8_t *data, size_t size, uint8_t mac[32])
{
    uint8_t *inner = calloc(1, 64 + size);
    uint8_t outer[96] = {0};

    assert_non_null(inner);
    for (unsigned i = 0; i < 64; i++) {
        uint8_t byte = i < 32 ? key[i] : 0;
        inner[i] = byte ^ 0x36;
        outer[i] = byte ^ 0x5c;
    }
    memcpy(inner + 64, data, size);
    sha256(inner, 64 + size, outer + 64);
    sha256(outer, sizeof(outer), mac);
    free(inner);
}

/* ---- SP 800-90A, 10.1.2 ---- */

struct model {
    uint8_t key[32];
    uint8_t v[32];
};

static void model_update(struct model *model, const uint8_t *data, size_t size)
{
    uint8_t *text = calloc(1, 33 + size);

    assert_non_null(text);
    for (unsigned round = 0; round < (size > 0 ? 2U : 1U); round++) {
        memcpy(text, model->v, 32);
        text[32] = (uint8_t)round;
        memcpy(text + 33, data, size);
        hmac(model->key, text, 33 + size, model->key);
        hmac(model->key, model->v, 32, model->v);
    }
    free(text);
}

static void model_start(struct model *model, const uint8_t *seed, size_t size)
{
    memset(model->key, 0, 32);
    memset(model->v, 1, 32);
    model_update(model, seed, size);
}

static void model_generate(struct model *model, uint8_t *out, size_t size)
{
    for (size_t at = 0; at < size; at += 32) {
        hmac(model->key, model->v, 32, model->v);
        memcpy(out + at, model->v, size - at < 32 ? size - at : 32);
    }
    model_update(model, (const uint8_t *)"", 0);
}

static void test_sha256(void **state)
{
    uint8_t digest[32];
    (void)state;
    /* FIPS 180-4's example: "abc" */
    static const uint8_t expected[32] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40,
                                         0xde, 0x5d, 0xae, 0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17,
                                         0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    sha256((const uint8_t *)"abc", 3, digest);
    assert_memory_equal(digest, expected, 32);
}

static void from_hex(const char *hex, uint8_t *out)
{
    for (size_t i = 0; hex[2 * i] != '\0'; i++) {
        char byte[3] = {hex[2 * i], hex[2 * i + 1], '\0'};
        out[i] = (uint8_t)strtoul(byte, NULL, 16);
    }
}

/* NIST's DRBGVS, HMAC_DRBG, SHA-256, no reseed, first vector: the second request's bytes are given. */
static void test_published(void **state)
{
    uint8_t seed[48];
    uint8_t expected[128];
    uint8_t out[128];
    (void)state;
    from_hex("ca851911349384bffe89de1cbdc46e6831e44d34a4fb935ee285dd14b71a7488659ba96c601dc69fc902940805ec0ca8", seed);
    from_hex("e528e9abf2dece54d47c7e75e5fe302149f817ea9fb4bee6f4199697d04d5b89d54fbb978a15b5c443c9ec21036d2460"
             "b6f73ebad0dc2aba6e624abf07745bc107694bb7547bb0995f70de25d6b29e2d3011bb19d27676c07162c8b5ccde0668"
             "961df86803482cb37ed6d5c0bb8d50cf1f50d476aa0458bdaba806f48be9dcb8",
             expected);
    random_init(seed, sizeof(seed));
    random_bytes(out, sizeof(out));
    random_bytes(out, sizeof(out));
    assert_memory_equal(out, expected, sizeof(out));
}

static int set_up(void **state)
{
    (void)state;
    host_reset();
    host_rndr_set(NULL, NULL);
    sha256_constants();
    return 0;
}

static void test_model(void **state)
{
    static uint8_t expected[0x20400];
    static uint8_t out[0x20400];
    struct seeded seeded;
    struct model model;
    uint8_t data[200];
    (void)state;

    seeded_start(&seeded, "test_random");
    for (unsigned i = 0; i < sizeof(data); i++) {
        data[i] = (uint8_t)seeded_next(&seeded);
    }
    random_init(data, 64);
    model_start(&model, data, 64);
    for (unsigned round = 0; round < 200; round++) {
        size_t size = seeded_below(&seeded, 200);
        if (seeded_below(&seeded, 4) == 0) {
            random_add(data, size);
            if (size > 0) {
                model_update(&model, data, size);
            }
            continue;
        }
        memset(out, 0, 201);
        random_bytes(out, size);
        if (size > 0) {
            model_generate(&model, expected, size);
        }
        assert_memory_equal(out, expected, size);
        assert_int_equal(out[size], 0);
    }
    /* A request longer than SP 800-90A allows is several. */
    random_bytes(out, sizeof(out));
    model_generate(&model, expected, 0x10000);
    model_generate(&model, expected + 0x10000, 0x10000);
    model_generate(&model, expected + 0x20000, 0x400);
    assert_memory_equal(out, expected, sizeof(out));
}

static void test_available(void **state)
{
    uint8_t first[32];
    uint8_t second[32];
    (void)state;

    random_init(NULL, 0);
    assert_false(random_available());
    random_bytes(first, 32); /* works, and is known to be worth nothing */
    random_add(first, 0);
    assert_false(random_available());
    random_init(NULL, 0);
    random_bytes(second, 32);
    assert_memory_equal(first, second, 32);
    random_add("x", 1);
    assert_true(random_available());
    random_bytes(second, 32);
    assert_memory_not_equal(first, second, 32);
    random_init("seed", 4);
    assert_true(random_available());
}

struct source {
    unsigned calls;
    unsigned every; /* one read in so many gives a number */
    uint64_t number;
};

static bool read_source(void *context, uint64_t *value)
{
    struct source *source = context;

    if (++source->calls % source->every != 0) {
        return false;
    }
    *value = source->number++;
    return true;
}

static void test_rndr(void **state)
{
    struct source source = {.every = 3, .number = 7};
    struct model model;
    uint8_t out[32];
    uint8_t expected[32];
    uint64_t numbers[8];
    (void)state;

    host_rndr_set(read_source, &source);
    random_init(NULL, 0);
    assert_int_equal(source.calls, 0); /* the register does not say that RNDR is there */
    assert_false(random_available());

    host_sysreg_set_all(KEY_ID_AA64ISAR0_EL1, 1ULL << 60);
    random_init("seed", 4);
    for (unsigned i = 0; i < 8; i++) {
        numbers[i] = 7 + i;
    }
    model_start(&model, (const uint8_t *)"seed", 4);
    model_update(&model, (const uint8_t *)numbers, sizeof(numbers));
    random_bytes(out, 32);
    model_generate(&model, expected, 32);
    assert_memory_equal(out, expected, 32);

    source.every = 1000; /* never in time */
    source.calls = 0;
    random_init(NULL, 0);
    assert_true(source.calls > 0 && source.calls < 1000);
    assert_false(random_available());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_sha256, set_up), cmocka_unit_test_setup(test_published, set_up),
        cmocka_unit_test_setup(test_model, set_up),  cmocka_unit_test_setup(test_available, set_up),
        cmocka_unit_test_setup(test_rndr, set_up),
    };
    return cmocka_run_group_tests_name("random", tests, NULL, NULL);
}
