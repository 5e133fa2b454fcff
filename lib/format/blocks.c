/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format/blocks.c: decoding of quantized blocks. The layouts are those of ggml (ggml-common.h and ggml-quants.c of
 * llama.cpp); each value is computed with the same f32 operations in the same order as its reference does, so that the
 * bits are the same. Compilers must not fuse them, which configure asks for.
 *
 * Two shapes recur. In blocks of 32, byte i of the quants holds element i in its low half and element i + 16 in its
 * high half. Blocks of 256 (the "K" types) are runs of 16 or 32 elements with a small whole-number scale each; their
 * f16 scale applies to all of them.
 */
#include "format/blocks.h"

#include "base/bytes.h"
#include "format/mxfp4.h"

#include <string.h>

/* The 16 values that IQ4_NL and IQ4_XS choose from. */
static const int8_t iq4_values[16] = {-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113};

static inline float read_half(const unsigned char *at)
{
    return gpt__f16_to_f32(gpt__read_u16(at));
}

/* The 4-bit number of element i of 32: see above. */
static inline int nibble(const unsigned char *quants, int i)
{
    return i < 16 ? quants[i] & 15 : quants[i - 16] >> 4;
}

/* Element i's bit of 32. */
static inline int bit(const unsigned char *bits, int i)
{
    return bits[i / 8] >> i % 8 & 1;
}

/* f16 scale, 32 x 4 bits; the numbers stand for -8 to 7. */
static void decode_q4_0(float *out, const unsigned char *block)
{
    float scale = read_half(block);
    for (int i = 0; i < 32; i++)
        out[i] = scale * (float)(nibble(block + 2, i) - 8);
}

/* f16 scale, f16 least value, 32 x 4 bits. */
static void decode_q4_1(float *out, const unsigned char *block)
{
    float scale = read_half(block);
    float least = read_half(block + 2);
    for (int i = 0; i < 32; i++)
        out[i] = scale * (float)nibble(block + 4, i) + least;
}

/* f16 scale, 32 fifth bits, 32 x 4 bits; the numbers stand for -16 to 15. */
static void decode_q5_0(float *out, const unsigned char *block)
{
    float scale = read_half(block);
    for (int i = 0; i < 32; i++)
        out[i] = scale * (float)((nibble(block + 6, i) | bit(block + 2, i) << 4) - 16);
}

/* f16 scale, f16 least value, 32 fifth bits, 32 x 4 bits. */
static void decode_q5_1(float *out, const unsigned char *block)
{
    float scale = read_half(block);
    float least = read_half(block + 2);
    for (int i = 0; i < 32; i++)
        out[i] = scale * (float)(nibble(block + 8, i) | bit(block + 4, i) << 4) + least;
}

/* f16 scale, 32 signed bytes. */
static void decode_q8_0(float *out, const unsigned char *block)
{
    float scale = read_half(block);
    for (int i = 0; i < 32; i++)
        out[i] = scale * (float)(int8_t)block[2 + i];
}

/*
 * Types with 2-bit parts keep 128 elements in 32 bytes: element i of such a half is bits 2 (i / 32) and
 * up of byte i % 32.
 */
static inline int two_bits(const unsigned char *quants, int i)
{
    return quants[i / 128 * 32 + i % 32] >> i % 128 / 32 * 2 & 3;
}

/* 16 bytes of scale and minimum, 4 bits each; 256 x 2 bits; f16 scales of the scales and of the minimums. */
static void decode_q2_k(float *out, const unsigned char *block)
{
    float scale = read_half(block + 80);
    float minimum = read_half(block + 82);
    for (int run = 0; run < 16; run++) {
        float run_scale = scale * (float)(block[run] & 15);
        float run_minimum = minimum * (float)(block[run] >> 4);
        for (int i = run * 16; i < run * 16 + 16; i++)
            out[i] = run_scale * (float)two_bits(block + 16, i) - run_minimum;
    }
}

/* Number `run` of the 16 six-bit scales of Q3_K: 8 bytes with the low halves, 4 bytes with two bits of each. */
static int q3_k_scale(const unsigned char *scales, int run)
{
    int low = scales[run % 8] >> run / 8 * 4 & 15;
    int high = scales[8 + run % 4] >> run / 4 * 2 & 3;
    return (low | high << 4) - 32;
}

/* 32 bytes of third bits, which count as -4 where they are not set; 256 x 2 bits; 12 bytes of scales; f16 scale. */
static void decode_q3_k(float *out, const unsigned char *block)
{
    float scale = read_half(block + 108);
    for (int run = 0; run < 16; run++) {
        float run_scale = scale * (float)q3_k_scale(block + 96, run);
        for (int i = run * 16; i < run * 16 + 16; i++) {
            int third = block[i % 32] >> i / 32 & 1;
            out[i] = run_scale * (float)(two_bits(block + 32, i) - (third ? 0 : 4));
        }
    }
}

/*
 * Six-bit scale and minimum of run 0 to 7 of Q4_K and Q5_K, packed in 12 bytes: the first four of each whole, and the
 * others' low halves in the last four bytes and their upper two bits above the first ones.
 */
static void q4_k_scale(int *scale, int *minimum, const unsigned char *packed, int run)
{
    if (run < 4) {
        *scale = packed[run] & 63;
        *minimum = packed[run + 4] & 63;
    } else {
        *scale = (packed[run + 4] & 15) | packed[run - 4] >> 6 << 4;
        *minimum = packed[run + 4] >> 4 | packed[run] >> 6 << 4;
    }
}

/* f16 scale, f16 scale of the minimums, 12 bytes of both; in Q5_K 32 bytes of fifth bits; 256 x 4 bits. */
static void decode_4_or_5_k(float *out, const unsigned char *block, const unsigned char *fifth,
                            const unsigned char *quants)
{
    float scale = read_half(block);
    float minimum = read_half(block + 2);
    for (int run = 0; run < 8; run++) {
        int run_scale, run_minimum;
        q4_k_scale(&run_scale, &run_minimum, block + 4, run);
        float by = scale * (float)run_scale;
        float less = minimum * (float)run_minimum;
        for (int i = 0; i < 32; i++) {
            int number = quants[run / 2 * 32 + i] >> run % 2 * 4 & 15;
            if (fifth != NULL)
                number |= (fifth[i] >> run & 1) << 4;
            out[run * 32 + i] = by * (float)number - less;
        }
    }
}

static void decode_q4_k(float *out, const unsigned char *block)
{
    decode_4_or_5_k(out, block, NULL, block + 16);
}

static void decode_q5_k(float *out, const unsigned char *block)
{
    decode_4_or_5_k(out, block, block + 16, block + 48);
}

/*
 * 128 bytes of low halves (64 bytes for 128 elements), 64 bytes of upper two bits, 16 signed scales, f16 scale; the
 * numbers stand for -32 to 31.
 */
static void decode_q6_k(float *out, const unsigned char *block)
{
    float scale = read_half(block + 208);
    for (int run = 0; run < 16; run++) {
        float run_scale = scale * (float)(int8_t)block[192 + run];
        for (int i = run * 16; i < run * 16 + 16; i++) {
            int low = block[i / 128 * 64 + i % 64] >> i % 128 / 64 * 4 & 15;
            out[i] = run_scale * (float)((low | two_bits(block + 128, i) << 4) - 32);
        }
    }
}

/* f16 scale, 32 x 4 bits that choose from a table. */
static void decode_iq4_nl(float *out, const unsigned char *block)
{
    float scale = read_half(block);
    for (int i = 0; i < 32; i++)
        out[i] = scale * (float)iq4_values[nibble(block + 2, i)];
}

/* f16 scale; upper two bits and low halves of 8 six-bit scales; 8 times 16 bytes as in IQ4_NL. */
static void decode_iq4_xs(float *out, const unsigned char *block)
{
    float scale = read_half(block);
    unsigned high = gpt__read_u16(block + 2);
    for (int run = 0; run < 8; run++) {
        int low = block[4 + run / 2] >> run % 2 * 4 & 15;
        float run_scale = scale * (float)((low | (int)(high >> 2 * run & 3) << 4) - 32);
        for (int i = 0; i < 32; i++)
            out[run * 32 + i] = run_scale * (float)iq4_values[nibble(block + 8 + run * 16, i)];
    }
}

/* A byte that is a power of two, 32 x e2m1. */
static void decode_mxfp4(float *out, const unsigned char *block)
{
    float scale = gpt__e8m0_to_f32(block[0]);
    for (int i = 0; i < 32; i++)
        out[i] = scale * gpt__e2m1_to_f32((uint8_t)nibble(block + 1, i));
}

static const gpt__block_type types[] = {
    {"Q4_0", 32, 18, decode_q4_0},    {"Q4_1", 32, 20, decode_q4_1},     {"Q5_0", 32, 22, decode_q5_0},
    {"Q5_1", 32, 24, decode_q5_1},    {"Q8_0", 32, 34, decode_q8_0},     {"Q2_K", 256, 84, decode_q2_k},
    {"Q3_K", 256, 110, decode_q3_k},  {"Q4_K", 256, 144, decode_q4_k},   {"Q5_K", 256, 176, decode_q5_k},
    {"Q6_K", 256, 210, decode_q6_k},  {"IQ4_NL", 32, 18, decode_iq4_nl}, {"IQ4_XS", 256, 136, decode_iq4_xs},
    {"MXFP4", 32, 17, decode_mxfp4},
};

const gpt__block_type *gpt__block_type_find(const char *name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].name, name) == 0)
            return &types[i];
    return NULL;
}

void gpt__blocks_to_f32(float *out, const gpt__block_type *type, const unsigned char *data, int64_t first,
                        int64_t count)
{
    float part[GPT__MOST_BLOCK_ELEMENTS];
    const unsigned char *block = data + first / type->elements * type->bytes;
    int64_t skipped = first % type->elements;
    for (; count > 0; block += type->bytes) {
        int64_t taken = type->elements - skipped < count ? type->elements - skipped : count;
        if (taken == type->elements) {
            type->decode(out, block);
        } else {
            type->decode(part, block);
            memcpy(out, part + skipped, (size_t)taken * sizeof *out);
        }
        out += taken;
        count -= taken;
        skipped = 0;
    }
}
