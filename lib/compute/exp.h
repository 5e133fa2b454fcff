/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/exp.h: e^x for x up to 0, as softmax needs it, without branches or calls, so that loops over it become vector
 * instructions.
 *
 * The method is the usual one for elementary functions (Cody and Waite, "Software Manual for the Elementary Functions",
 * 1980): x = n ln 2 + r with a whole n and |r| <= ln 2 / 2, so that e^x = 2^n e^r, with ln 2 in two parts so that r
 * keeps its digits. e^r is 1 + r + r^2 q(r); q, of degree 4, was fitted for the least largest relative error (3.1e-9).
 * The result is less than 1 unit in the last place off; that was measured over all floats in the range.
 */
#ifndef GPT__COMPUTE_EXP_H
#define GPT__COMPUTE_EXP_H

#include "base/bytes.h"

/* e^x for x <= 0 and for NaN. Below 2^-125, about e^-86.6, it is 0: no subnormal numbers come out. */
static inline float gpt__exp_negative(float x)
{
    /* Adding 1.5 * 2^23 leaves the nearest whole number in the low bits. */
    const float rounder = 0x1.8p23f;
    float shifted = x * 0x1.715476p0f + rounder;
    float n = shifted - rounder;
    float r = (x - n * 0x1.62e4p-1f) - n * 0x1.7f7d1cp-20f;
    float q = 0x1.6a2434p-10f;
    q = q * r + 0x1.1239e2p-7f;
    q = q * r + 0x1.5558f2p-5f;
    q = q * r + 0x1.555492p-3f;
    q = q * r + 0x1.fffffcp-2f;
    float e = 1.0f + (r + r * r * q);
    float power = gpt__float_from_bits((gpt__bits_from_float(shifted) + 127) << 23);
    /* A mask, as a choice between two values may become a branch. NaN compares as not below. */
    uint32_t keep = -(uint32_t) !(x < -86.6f);
    return gpt__float_from_bits(gpt__bits_from_float(e * power) & keep);
}

#endif
