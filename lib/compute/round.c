/* SPDX-License-Identifier: Apache-2.0 */
/* compute/round.c: loops that compilers make vector code of. */
#include "compute/round.h"

#include "base/bytes.h"
#include "compute/cpu.h"

#include <math.h>
#include <string.h>

GPT__CPU_CLONES
static void round_to_bf16(uint16_t *restrict out, const float *restrict values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = gpt__f32_to_bf16(values[i]);
}

#if defined(__x86_64__) && defined(__GNUC__)
#include <immintrin.h>

/* The processor's own rounding, which takes subnormal numbers for zeros. Returns how many it did. */
__attribute__((target("avx512f,avx512bf16"))) static int64_t round_in_hardware(uint16_t *out, const float *values,
                                                                               int64_t count)
{
    int64_t i = 0;
    for (; i + 16 <= count; i += 16) {
        __m256bh rounded = _mm512_cvtneps_pbh(_mm512_loadu_ps(values + i));
        memcpy(out + i, &rounded, sizeof rounded);
    }
    return i;
}

static int has_rounding(void)
{
    __builtin_cpu_init();
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bf16");
}
#else
static int64_t round_in_hardware(uint16_t *out, const float *values, int64_t count)
{
    (void)out, (void)values, (void)count;
    return 0;
}

static int has_rounding(void)
{
    return 0;
}
#endif

void gpt__round_to_bf16(uint16_t *out, const float *values, int64_t count)
{
    int64_t done = has_rounding() ? round_in_hardware(out, values, count) : 0;
    round_to_bf16(out + done, values + done, count - done);
}

GPT__CPU_CLONES
static uint32_t largest_magnitude(const float *values, int64_t count)
{
    uint32_t most = 0;
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits = gpt__bits_from_float(values[i]) & 0x7FFFFFFF;
        most = bits > most ? bits : most;
    }
    return most;
}

uint32_t gpt__largest_magnitude(const float *values, int64_t count)
{
    return largest_magnitude(values, count);
}

float gpt__scale_for(float *inverse, uint32_t largest_magnitude, int most)
{
    float magnitude = gpt__float_from_bits(largest_magnitude);
    float scale = magnitude / (float)most;
    *inverse = 1.0f / scale;
    if (!(isfinite(magnitude) && isfinite(*inverse)))
        *inverse = 0;
    return scale;
}

GPT__CPU_CLONES
static int32_t round_to_int8(int8_t *restrict out, const float *restrict values, float inverse, int64_t count)
{
    int32_t sum = 0;
    for (int64_t i = 0; i < count; i++) {
        int32_t rounded = gpt__round_scaled(values[i], inverse);
        out[i] = (int8_t)rounded;
        sum += rounded;
    }
    return sum;
}

int32_t gpt__round_to_int8(int8_t *out, const float *values, float inverse, int64_t count)
{
    if (inverse > 0)
        return round_to_int8(out, values, inverse, count);
    memset(out, 0, (size_t)count);
    return 0;
}

GPT__CPU_CLONES
static void round_to_uint8(uint8_t *restrict out, const float *restrict values, float inverse, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = (uint8_t)(gpt__round_scaled(values[i], inverse) + GPT__UINT8_ZERO);
}

float gpt__round_to_uint8(uint8_t *out, const float *values, int64_t count)
{
    float inverse;
    float scale = gpt__scale_for(&inverse, largest_magnitude(values, count), 127);
    if (inverse > 0)
        round_to_uint8(out, values, inverse, count);
    else
        memset(out, GPT__UINT8_ZERO, (size_t)count);
    return scale;
}
