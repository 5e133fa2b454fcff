/* SPDX-License-Identifier: Apache-2.0 */
/* compute/round.h: floats rounded to bf16, and to 8-bit whole numbers that share a scale. */
#ifndef GPT__COMPUTE_ROUND_H
#define GPT__COMPUTE_ROUND_H

#include <stdint.h>

/*
 * What is added to whole numbers from -127 to 127 so that they are stored as unsigned: oneDNN wants one factor of an
 * int8 product so, and if it is not, adds 128 itself and packs the weights by slow code.
 */
#define GPT__UINT8_ZERO 128

/* Of more products of the largest numbers, unsigned by signed, 32 bits do not hold the sum. */
#define GPT__MOST_INT8_INPUTS (INT32_MAX / (UINT8_MAX * INT8_MAX))

/* Rounds count floats to bf16. */
void gpt__round_to_bf16(uint16_t *out, const float *values, int64_t count);

/*
 * The largest |value|, as bits. Without their sign, floats order as whole numbers do, which vectorises where a maximum
 * of floats does not; infinities and NaN come out on top, and stay to be seen.
 */
uint32_t gpt__largest_magnitude(const float *values, int64_t count);

/*
 * The scale by which the largest |value| becomes most, and in *inverse what to multiply with. Values with an infinity
 * or NaN among them must stay visibly broken: their scale carries that on, and *inverse is 0, so that their numbers are
 * 0. Values so small that most can not be divided by them are 0 too.
 */
float gpt__scale_for(float *inverse, uint32_t largest_magnitude, int most);

/* out = values * inverse, to the nearest, ties to even; all 0 for an inverse of 0. Returns the sum of out. */
int32_t gpt__round_to_int8(int8_t *out, const float *values, float inverse, int64_t count);

/* The same with GPT__UINT8_ZERO added to each, the largest |value| scaled to 127. Returns the scale. */
float gpt__round_to_uint8(uint8_t *out, const float *values, int64_t count);

/* The nearest whole number to value * inverse: adding and taking away 1.5 * 2^23 rounds without a call. */
static inline int32_t gpt__round_scaled(float value, float inverse)
{
    const float rounder = 12582912.0f;
    return (int32_t)(value * inverse + rounder - rounder);
}

#endif
