/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format/blocks.c: decoding of quantized blocks. The layouts are those of ggml (ggml-common.h and ggml-quants.c of
 * llama.cpp); each value is computed with the same f32 operations in the same order as its reference does, so that the
 * bits are the same. Compilers must not fuse them, which configure asks for.
 *
 * A block is decoded in two steps: its numbers, which are spread over bytes in as many ways as there are types, go to a
 * byte each, and then runs of them are scaled. Both are short loops without branches, which compilers turn into vector
 * instructions.
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

/* out = by * (number - bias) - less: adding a least value is subtracting its negative, and a zero changes nothing. */
static inline void scale_run(float *restrict out, const unsigned char *restrict numbers, int count, int bias, float by,
                             float less)
{
    for (int i = 0; i < count; i++) {
        float product = by * (float)(numbers[i] - bias);
        out[i] = product - less;
    }
}

/* 32 x 4 bits: element i is the low half of byte i, element i + 16 the high half. */
static inline void unpack_16_bytes(unsigned char *restrict numbers, const unsigned char *restrict quants)
{
    for (int i = 0; i < 16; i++) {
        numbers[i] = quants[i] & 15;
        numbers[i + 16] = quants[i] >> 4;
    }
}

/* 32 fifth bits, the first of each byte the lowest. */
static inline void add_fifth_bits(unsigned char *restrict numbers, const unsigned char *restrict bits)
{
    static const unsigned char masks[8] = {1, 2, 4, 8, 16, 32, 64, 128};
    for (int byte = 0; byte < 4; byte++)
        for (int i = 0; i < 8; i++)
            numbers[byte * 8 + i] |= (bits[byte] & masks[i]) != 0 ? 16 : 0;
}

/* f16 scale, 32 x 4 bits; the numbers stand for -8 to 7. */
static void decode_q4_0(float *out, const unsigned char *block)
{
    unsigned char numbers[32];
    unpack_16_bytes(numbers, block + 2);
    scale_run(out, numbers, 32, 8, read_half(block), 0);
}

/* f16 scale, f16 least value, 32 x 4 bits. */
static void decode_q4_1(float *out, const unsigned char *block)
{
    unsigned char numbers[32];
    unpack_16_bytes(numbers, block + 4);
    scale_run(out, numbers, 32, 0, read_half(block), -read_half(block + 2));
}

/* f16 scale, 32 fifth bits, 32 x 4 bits; the numbers stand for -16 to 15. */
static void decode_q5_0(float *out, const unsigned char *block)
{
    unsigned char numbers[32];
    unpack_16_bytes(numbers, block + 6);
    add_fifth_bits(numbers, block + 2);
    scale_run(out, numbers, 32, 16, read_half(block), 0);
}

/* f16 scale, f16 least value, 32 fifth bits, 32 x 4 bits. */
static void decode_q5_1(float *out, const unsigned char *block)
{
    unsigned char numbers[32];
    unpack_16_bytes(numbers, block + 8);
    add_fifth_bits(numbers, block + 4);
    scale_run(out, numbers, 32, 0, read_half(block), -read_half(block + 2));
}

/* f16 scale, 32 signed bytes. */
static void decode_q8_0(float *out, const unsigned char *block)
{
    float scale = read_half(block);
    for (int i = 0; i < 32; i++)
        out[i] = scale * (float)(int8_t)block[2 + i];
}

/* 256 x 2 bits: each half in 32 bytes, of which the first 32 elements are the lowest bits, and so on. */
static inline void unpack_two_bits(unsigned char *restrict numbers, const unsigned char *restrict quants)
{
    for (int half = 0; half < 2; half++)
        for (int shift = 0; shift < 8; shift += 2)
            for (int i = 0; i < 32; i++)
                *numbers++ = quants[half * 32 + i] >> shift & 3;
}

/* 16 bytes of scale and minimum, 4 bits each; 256 x 2 bits; f16 scales of the scales and of the minimums. */
static void decode_q2_k(float *out, const unsigned char *block)
{
    unsigned char numbers[256];
    float scale = read_half(block + 80);
    float minimum = read_half(block + 82);
    unpack_two_bits(numbers, block + 16);
    for (int run = 0; run < 16; run++)
        scale_run(out + run * 16, numbers + run * 16, 16, 0, scale * (float)(block[run] & 15),
                  minimum * (float)(block[run] >> 4));
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
    unsigned char numbers[256];
    float scale = read_half(block + 108);
    unpack_two_bits(numbers, block + 32);
    for (int bit = 0; bit < 8; bit++)
        for (int i = 0; i < 32; i++)
            numbers[bit * 32 + i] |= (block[i] >> bit & 1) << 2;
    for (int run = 0; run < 16; run++)
        scale_run(out + run * 16, numbers + run * 16, 16, 4, scale * (float)q3_k_scale(block + 96, run), 0);
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

/* 256 x 4 bits: 32 bytes for 64 elements, the low halves first. */
static inline void unpack_128_bytes(unsigned char *restrict numbers, const unsigned char *restrict quants)
{
    for (int part = 0; part < 4; part++, numbers += 64, quants += 32)
        for (int i = 0; i < 32; i++) {
            numbers[i] = quants[i] & 15;
            numbers[i + 32] = quants[i] >> 4;
        }
}

/* f16 scale, f16 scale of the minimums, 12 bytes of both. */
static void scale_4_or_5_k(float *out, const unsigned char *block, const unsigned char *numbers)
{
    float scale = read_half(block);
    float minimum = read_half(block + 2);
    for (int run = 0; run < 8; run++) {
        int run_scale, run_minimum;
        q4_k_scale(&run_scale, &run_minimum, block + 4, run);
        scale_run(out + run * 32, numbers + run * 32, 32, 0, scale * (float)run_scale, minimum * (float)run_minimum);
    }
}

/* 16 bytes of scales, 256 x 4 bits. */
static void decode_q4_k(float *out, const unsigned char *block)
{
    unsigned char numbers[256];
    unpack_128_bytes(numbers, block + 16);
    scale_4_or_5_k(out, block, numbers);
}

/* 16 bytes of scales, 32 bytes of fifth bits, 256 x 4 bits. */
static void decode_q5_k(float *out, const unsigned char *block)
{
    unsigned char numbers[256];
    unpack_128_bytes(numbers, block + 48);
    for (int bit = 0; bit < 8; bit++)
        for (int i = 0; i < 32; i++)
            numbers[bit * 32 + i] |= (block[16 + i] >> bit & 1) << 4;
    scale_4_or_5_k(out, block, numbers);
}

/*
 * 128 bytes of low halves (64 bytes for 128 elements), 64 bytes of upper two bits, 16 signed scales, f16 scale; the
 * numbers stand for -32 to 31.
 */
static void decode_q6_k(float *out, const unsigned char *block)
{
    unsigned char numbers[256];
    float scale = read_half(block + 208);
    unpack_two_bits(numbers, block + 128);
    for (int half = 0; half < 2; half++)
        for (int i = 0; i < 64; i++) {
            unsigned char *low = numbers + half * 128 + i;
            low[0] = (unsigned char)(low[0] << 4 | (block[half * 64 + i] & 15));
            low[64] = (unsigned char)(low[64] << 4 | block[half * 64 + i] >> 4);
        }
    for (int run = 0; run < 16; run++)
        scale_run(out + run * 16, numbers + run * 16, 16, 32, scale * (float)(int8_t)block[192 + run], 0);
}

/* out = by * (what each number chooses from a table). */
static inline void scale_chosen(float *restrict out, const int8_t values[16], const unsigned char *quants, float by)
{
    for (int i = 0; i < 16; i++) {
        out[i] = by * (float)values[quants[i] & 15];
        out[i + 16] = by * (float)values[quants[i] >> 4];
    }
}

/* f16 scale, 32 x 4 bits that choose from a table. */
static void decode_iq4_nl(float *out, const unsigned char *block)
{
    scale_chosen(out, iq4_values, block + 2, read_half(block));
}

/* f16 scale; upper two bits and low halves of 8 six-bit scales; 8 times 16 bytes as in IQ4_NL. */
static void decode_iq4_xs(float *out, const unsigned char *block)
{
    float scale = read_half(block);
    unsigned high = gpt__read_u16(block + 2);
    for (int run = 0; run < 8; run++) {
        int low = block[4 + run / 2] >> run % 2 * 4 & 15;
        float run_scale = scale * (float)((low | (int)(high >> 2 * run & 3) << 4) - 32);
        scale_chosen(out + run * 32, iq4_values, block + 8 + run * 16, run_scale);
    }
}

/* A byte that is a power of two, 32 x e2m1. */
static void decode_mxfp4(float *out, const unsigned char *block)
{
    float values[16];
    float scale = gpt__e8m0_to_f32(block[0]);
    for (int i = 0; i < 16; i++)
        values[i] = scale * gpt__e2m1_to_f32((uint8_t)i);
    for (int i = 0; i < 16; i++) {
        out[i] = values[block[1 + i] & 15];
        out[i + 16] = values[block[1 + i] >> 4];
    }
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
