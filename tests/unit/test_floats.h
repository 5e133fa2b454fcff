/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_floats.h: floats of 16 bits for files that tests write, rounded to the nearest, halfway cases to even. */
#ifndef TESTS_TEST_FLOATS_H
#define TESTS_TEST_FLOATS_H

#include "base/bytes.h"

#include <math.h>

static inline uint16_t float_to_bf16(float value)
{
    uint32_t bits = gpt__bits_from_float(value);
    return (uint16_t)((bits + 0x7FFF + (bits >> 16 & 1)) >> 16);
}

/* Of finite values up to 65504, which the largest f16 is. */
static inline uint16_t float_to_f16(float value)
{
    uint32_t bits = gpt__bits_from_float(value);
    uint32_t sign = bits >> 16 & 0x8000;
    float magnitude = fabsf(value);
    /* Below 2^-14 the values of f16 are multiples of 2^-24. */
    if (magnitude < 0x1p-14f)
        return (uint16_t)(sign | (uint32_t)lrintf(magnitude * 0x1p24f));
    /* f16 has exponents that are 112 less; a fraction that is rounded up to the next power carries into it. */
    bits = (bits & 0x7FFFFFFF) - (112u << 23);
    return (uint16_t)(sign | (bits + 0xFFF + (bits >> 13 & 1)) >> 13);
}

#endif
