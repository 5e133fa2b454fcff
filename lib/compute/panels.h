/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/panels.h: products of a few rows with packed weights. With one row, a product does no more than read its
 * weights, and oneDNN's kernels, which are made for many rows, do not read as fast as memory could give. These do,
 * where the processor has the instructions (AVX-512) and oneDNN has chosen the layout they know; everywhere else oneDNN
 * computes these products too.
 *
 * A panel is the weights of 64 outputs, side by side in memory: for f32 as [K, 64], for bf16 as [K / 2, 64, 2], for
 * int8 as [K / 4, 64, 4], as oneDNN's layouts BA16a64b, BA16a64b2a and BA16a64b4a have them.
 *
 * Letters: T rows, K inputs, N outputs.
 */
#ifndef GPT__COMPUTE_PANELS_H
#define GPT__COMPUTE_PANELS_H

#include "base/error.h"

#include <gpt/model.h>

/* Outputs of a panel. */
#define GPT__PANEL_WIDTH 64

/* The most rows that are computed together. */
#define GPT__PANEL_ROWS 4

/* Whether this processor can compute with panels of this type. */
int gpt__panels_supported(gpt_dtype type);

/*
 * sums [T, 64] = x [T, K] * panel, for T up to GPT__PANEL_ROWS. x is of the panel's type, its rows stride elements
 * apart, and K a multiple of 4. int8 takes x as numbers from 0 to 255, as compute/rows.h stores them.
 */
void gpt__panel_multiply(float *sums, gpt_dtype type, const void *panel, const void *x, int64_t stride, int64_t K,
                         int64_t T);

#endif
