/* SPDX-License-Identifier: Apache-2.0 */
/* compute/quantize.h: weights [K, N] made into 8-bit whole numbers with a scale for each output. */
#ifndef GPT__COMPUTE_QUANTIZE_H
#define GPT__COMPUTE_QUANTIZE_H

#include "base/file.h"

#include <gpt/model.h>

/* Where the weights of a new layer are: element (k, n) at index k * stride_k + n * stride_n. */
typedef struct gpt__weights_view {
    const void *data;
    gpt_dtype type; /* GPT_DTYPE_F32 or GPT_DTYPE_BF16 */
    int64_t stride_k, stride_n;
    const gpt__file *file; /* that data is mapped from, whose pages are dropped as they are read; or NULL */
} gpt__weights_view;

/*
 * The largest weight that oneDNN multiplies exactly here: 127, or 63 where it adds two products in 16 bits, as it does
 * on x86 processors without VNNI instructions, and would cut larger sums off.
 */
gpt_status gpt__quantize_most(int *most);

/*
 * out = weights / scales, rounded, so that the largest weight of each output becomes most; sums [N] are those of the
 * whole numbers of each output. out has the order of the view: [N, K] when stride_n is the larger stride, else [K, N].
 */
void gpt__quantize(int8_t *out, float *scales, int32_t *sums, const gpt__weights_view *weights, int64_t K, int64_t N,
                   int most);

#endif
