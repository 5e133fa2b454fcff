/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format/mxfp4.h: 4-bit floats of the OCP Microscaling Formats (MX) specification 1.0: 32 values of e2m1 share one
 * power of two, a byte of e8m0.
 */
#ifndef GPT__FORMAT_MXFP4_H
#define GPT__FORMAT_MXFP4_H

#include <stdint.h>

/* Values that share a scale. */
#define GPT__MXFP4_BLOCK 32

/* 2^(scale - 127), NaN for 255. */
float gpt__e8m0_to_f32(uint8_t scale);

/* The value of the low 4 bits: a sign, two exponent bits, one fraction bit. */
static inline float gpt__e2m1_to_f32(uint8_t bits)
{
    static const float magnitudes[8] = {0.0f, 0.5f, 1.0f, 1.5f, 2.0f, 3.0f, 4.0f, 6.0f};
    float magnitude = magnitudes[bits & 7];
    return bits & 8 ? -magnitude : magnitude;
}

/*
 * out [blocks, 32] as bf16, which holds each value exactly. Each block is 16 bytes, the first value of a pair in the
 * lower half of its byte, as Hugging Face's checkpoints of gpt-oss keep them; each has one scale.
 */
void gpt__mxfp4_to_bf16(uint16_t *out, const unsigned char *blocks, const unsigned char *scales, int64_t count);

#endif
