/* SPDX-License-Identifier: Apache-2.0 */
/* base/bytes.h: little-endian numbers in files, and 16-bit floats, whatever the machine's own byte order. */
#ifndef GPT__BASE_BYTES_H
#define GPT__BASE_BYTES_H

#include <stdint.h>
#include <string.h>

static inline uint16_t gpt__read_u16(const void *at)
{
    const unsigned char *b = at;
    return (uint16_t)(b[0] | b[1] << 8);
}

static inline uint32_t gpt__read_u32(const void *at)
{
    const unsigned char *b = at;
    return (uint32_t)b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
}

static inline uint64_t gpt__read_u64(const void *at)
{
    return (uint64_t)gpt__read_u32(at) | (uint64_t)gpt__read_u32((const unsigned char *)at + 4) << 32;
}

static inline float gpt__float_from_bits(uint32_t bits)
{
    float value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

static inline uint32_t gpt__bits_from_float(float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    return bits;
}

static inline float gpt__read_f32(const void *at)
{
    return gpt__float_from_bits(gpt__read_u32(at));
}

/* bf16 is the upper half of an f32. */
static inline float gpt__bf16_to_f32(uint16_t bits)
{
    return gpt__float_from_bits((uint32_t)bits << 16);
}

/* Rounds to nearest, ties to even, as the hardware does; NaN stays NaN. */
static inline uint16_t gpt__f32_to_bf16(float value)
{
    uint32_t bits = gpt__bits_from_float(value);
    if ((bits & 0x7FFFFFFF) > 0x7F800000)
        return (uint16_t)(bits >> 16 | 0x40);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/*
 * IEEE 754 half precision (1 sign bit, 5 exponent bits, 10 fraction bits), with masks in place of branches, which
 * vectors do not have. A subnormal half is fraction * 2^-24: the fraction in the low bits of 2^23, less 2^23, is the
 * fraction as a float.
 */
static inline float gpt__f16_to_f32(uint16_t half)
{
    const uint32_t rebase = 112u << 23; /* the difference of the exponents' biases */
    uint32_t magnitude = half & 0x7FFF;
    uint32_t is_subnormal = -(uint32_t)(magnitude < 0x400);
    uint32_t is_special = -(uint32_t)(magnitude >= 0x7C00); /* infinity or NaN: the highest exponent of both */
    uint32_t normal = (magnitude << 13) + rebase + (rebase & is_special);
    float subnormal = (gpt__float_from_bits(0x4B000000 | magnitude) - 0x1p23f) * 0x1p-24f;
    uint32_t bits = (gpt__bits_from_float(subnormal) & is_subnormal) | (normal & ~is_subnormal);
    return gpt__float_from_bits(bits | (uint32_t)(half & 0x8000) << 16);
}

#endif
