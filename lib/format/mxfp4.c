/* SPDX-License-Identifier: Apache-2.0 */
/* format/mxfp4.c: the values of 4-bit floats. */
#include "format/mxfp4.h"

#include "base/bytes.h"

float gpt__e8m0_to_f32(uint8_t scale)
{
    /* The byte is an f32's exponent; below the smallest of these there is one more, a subnormal number. */
    if (scale == 0)
        return 0x1p-127f;
    return scale == 255 ? gpt__float_from_bits(0x7FC00000) : gpt__float_from_bits((uint32_t)scale << 23);
}

/* The 16 numbers that the block can hold, and then which it holds. */
static void block_to_bf16(uint16_t *out, const unsigned char *block, uint8_t scale)
{
    uint16_t values[16];
    float factor = gpt__e8m0_to_f32(scale);
    for (int i = 0; i < 16; i++)
        values[i] = gpt__f32_to_bf16(gpt__e2m1_to_f32((uint8_t)i) * factor);
    for (int i = 0; i < GPT__MXFP4_BLOCK / 2; i++) {
        *out++ = values[block[i] & 15];
        *out++ = values[block[i] >> 4];
    }
}

void gpt__mxfp4_to_bf16(uint16_t *out, const unsigned char *blocks, const unsigned char *scales, int64_t count)
{
#pragma omp parallel for schedule(static) if (count > 1024)
    for (int64_t b = 0; b < count; b++)
        block_to_bf16(out + b * GPT__MXFP4_BLOCK, blocks + b * (GPT__MXFP4_BLOCK / 2), scales[b]);
}
