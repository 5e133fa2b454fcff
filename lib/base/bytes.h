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

/* IEEE 754 half precision: 1 sign bit, 5 exponent bits, 10 fraction bits. */
static inline float gpt__f16_to_f32(uint16_t half)
{
    uint32_t sign = (uint32_t)(half & 0x8000) << 16;
    uint32_t exponent = half >> 10 & 0x1F;
    uint32_t fraction = half & 0x3FF;
    if (exponent == 0x1F)
        return gpt__float_from_bits(sign | 0x7F800000 | fraction << 13);
    if (exponent != 0)
        return gpt__float_from_bits(sign | (exponent + 112) << 23 | fraction << 13);
    /* A subnormal half is fraction * 2^-24, which f32 holds exactly. */
    float value = (float)fraction * 0x1p-24f;
    return sign ? -value : value;
}

#endif
