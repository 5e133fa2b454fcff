/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/linear.h: a layer y = x W + b, with W [K, N] packed once, in f32, bf16 or int8.
 *
 * int8 is symmetric: each output has one scale for its weights, each row of x one scale of its own, and the sums of the
 * products of whole numbers are exact (as in Dettmers et al., "LLM.int8()", 2022, without the outliers' path).
 */
#ifndef GPT__COMPUTE_LINEAR_H
#define GPT__COMPUTE_LINEAR_H

#include "base/bytes.h"
#include "compute/onednn.h"
#include "compute/profile.h"
#include "compute/quantize.h"
#include "compute/rows.h"

/* What becomes of the result. It is fixed when the layer is made, since oneDNN compiles it into the product. */
typedef enum gpt__linear_use {
    GPT__LINEAR_STORE,   /* stored as f32 */
    GPT__LINEAR_ADD,     /* added to f32 values: the residual stream */
    GPT__LINEAR_ACTIVATE /* passed through an activation, and kept in the type that the next product takes */
} gpt__linear_use;

/* Begins as {0}. Immutable once made. */
typedef struct gpt__linear {
    int64_t K, N;
    gpt_dtype dtype;
    gpt__linear_use use;
    gpt__activation activation;
    int kind;
    gpt__packed *packed;
    float *bias;      /* [N], or NULL */
    float *scales;    /* [N], for int8 */
    int32_t *offsets; /* [N], for int8: how much too large the sums are, as activations are stored with 128 added */
} gpt__linear;

/* Element (k, n) as f32. */
static inline float gpt__view_at(const gpt__weights_view *view, int64_t k, int64_t n)
{
    int64_t at = k * view->stride_k + n * view->stride_n;
    return view->type == GPT_DTYPE_F32 ? ((const float *)view->data)[at]
                                       : gpt__bf16_to_f32(((const uint16_t *)view->data)[at]);
}

/*
 * Packs a layer. bias [N] or NULL is taken over: the layer frees it, also when this fails. activation is looked at for
 * GPT__LINEAR_ACTIVATE only.
 */
gpt_status gpt__linear_init(gpt__linear *linear, gpt__engine *engine, int64_t K, int64_t N, gpt_dtype dtype,
                            gpt__linear_use use, gpt__activation activation, const gpt__weights_view *weights,
                            float *bias);
void gpt__linear_release(gpt__linear *linear);

/* Bytes of the packed weights and their scales; the bias is not counted. */
int64_t gpt__linear_bytes(const gpt__linear *linear);

/*
 * The rows that buffers of T rows must have: products work on a few numbers of rows, and T is rounded up to the next.
 */
int64_t gpt__linear_rows(int64_t T);

/*
 * Memory of one generator for applying layers. Begins as {0}, then worker and profile are set.
 */
typedef struct gpt__linear_scratch {
    gpt__worker *worker;
    gpt__profile *profile; /* of the generator */
    float *sums; /* [T, N], of int8 int32_t, before scales are applied and values converted */
    size_t sums_capacity;
} gpt__linear_scratch;

void gpt__linear_scratch_release(gpt__linear_scratch *scratch);

/*
 * Applies a layer that stores or adds its result, as its use says. x [T, K] and out [T, N] have room for
 * gpt__linear_rows(T) rows.
 */
gpt_status gpt__linear_apply(gpt__linear_scratch *scratch, const gpt__linear *linear, const gpt__rows *x, float *out,
                             int64_t T);

/* Applies a layer that activates; out is resized. */
gpt_status gpt__linear_activate(gpt__linear_scratch *scratch, const gpt__linear *linear, const gpt__rows *x,
                                gpt__rows *out, int64_t T);

#endif
