/* SPDX-License-Identifier: Apache-2.0 */
/* compute/linear.c: packing, quantizing and applying layers. */
#include "compute/linear.h"

#include "base/memory.h"
#include "compute/cpu.h"

#include <math.h>

static gpt__product_kind kind_of(const gpt__linear *linear)
{
    /* The scales of int8 must be applied before anything else is, so its products give bare sums. */
    int bare = linear->dtype == GPT_DTYPE_INT8;
    int activate = linear->use == GPT__LINEAR_ACTIVATE && !bare;
    return (gpt__product_kind){
        .K = linear->K,
        .N = linear->N,
        .type = linear->dtype,
        .out = activate ? linear->dtype : GPT_DTYPE_F32,
        .has_bias = linear->bias != NULL && !bare,
        .accumulates = linear->use == GPT__LINEAR_ADD && !bare,
        .activation = activate ? linear->activation : GPT__IDENTITY,
    };
}

/* scales [N]: the largest weight of each output, over 127. Walks k outside, where rows lie along n, and inside else. */
static void find_scales(float *scales, const gpt__weights_view *weights, int64_t K, int64_t N)
{
#pragma omp parallel for schedule(static)
    for (int64_t first = 0; first < N; first += 64) {
        int64_t end = first + 64 < N ? first + 64 : N;
        for (int64_t n = first; n < end; n++)
            scales[n] = 0;
        for (int64_t k = 0; k < K; k++)
            for (int64_t n = first; n < end; n++) {
                float magnitude = fabsf(gpt__view_at(weights, k, n));
                /* A NaN stays: nothing is larger. The layer must then give NaN, and not pass over the weight. */
                scales[n] = magnitude > scales[n] || isnan(magnitude) ? magnitude : scales[n];
            }
        for (int64_t n = first; n < end; n++)
            scales[n] /= 127.0f;
    }
}

/* out [N, K] = weights / scales, rounded. */
static void quantize(int8_t *out, const float *scales, const gpt__weights_view *weights, int64_t K, int64_t N)
{
#pragma omp parallel for schedule(static)
    for (int64_t n = 0; n < N; n++) {
        float inverse = scales[n] > 0 ? 1.0f / scales[n] : 0.0f;
        int usable = isfinite(scales[n]) && isfinite(inverse);
        for (int64_t k = 0; k < K; k++)
            out[n * K + k] = usable ? (int8_t)lrintf(gpt__view_at(weights, k, n) * inverse) : 0;
    }
}

static gpt_status pack_int8(gpt__linear *linear, gpt__engine *engine, const gpt__weights_view *weights)
{
    linear->scales = gpt__allocate((size_t)linear->N, sizeof(float));
    int8_t *quantized = gpt__allocate_tensor((size_t)linear->N * (size_t)linear->K, 1);
    gpt_status status = linear->scales != NULL && quantized != NULL ? GPT_OK : GPT_E_MEMORY;
    if (status == GPT_OK) {
        find_scales(linear->scales, weights, linear->K, linear->N);
        quantize(quantized, linear->scales, weights, linear->K, linear->N);
        status = gpt__packed_new(&linear->packed, engine, linear->kind, quantized, GPT_DTYPE_INT8, 1, linear->K);
    }
    gpt__release(quantized);
    return status;
}

gpt_status gpt__linear_init(gpt__linear *linear, gpt__engine *engine, int64_t K, int64_t N, gpt_dtype dtype,
                            gpt__linear_use use, gpt__activation activation, const gpt__weights_view *weights,
                            float *bias)
{
    *linear = (gpt__linear){.K = K, .N = N, .dtype = dtype, .use = use, .activation = activation, .bias = bias};
    gpt__product_kind kind = kind_of(linear);
    gpt_status status = gpt__engine_add_kind(&linear->kind, engine, &kind);
    if (status == GPT_OK)
        status = dtype == GPT_DTYPE_INT8 ? pack_int8(linear, engine, weights)
                                         : gpt__packed_new(&linear->packed, engine, linear->kind, weights->data,
                                                           weights->type, weights->stride_k, weights->stride_n);
    if (status != GPT_OK)
        gpt__linear_release(linear);
    return status;
}

void gpt__linear_release(gpt__linear *linear)
{
    gpt__packed_free(linear->packed);
    gpt__release(linear->bias);
    gpt__release(linear->scales);
    *linear = (gpt__linear){0};
}

int64_t gpt__linear_bytes(const gpt__linear *linear)
{
    int64_t scales = linear->scales != NULL ? linear->N * (int64_t)sizeof(float) : 0;
    return gpt__packed_bytes(linear->packed) + scales;
}

int64_t gpt__linear_rows(int64_t T)
{
    int64_t rest = T % GPT__MOST_ROWS;
    return T - rest + (rest > 0 ? gpt__bucket_rows(rest) : 0);
}

void gpt__linear_scratch_release(gpt__linear_scratch *scratch)
{
    gpt__release(scratch->sums);
    *scratch = (gpt__linear_scratch){0};
}

/* The product of all rows, in pieces that oneDNN has code for. */
static gpt_status multiply(gpt__linear_scratch *scratch, const gpt__linear *linear, const void *x, void *out,
                           gpt_dtype out_type, int64_t T)
{
    const float *bias = linear->dtype == GPT_DTYPE_INT8 ? NULL : linear->bias;
    for (int64_t t = 0; t < T; t += GPT__MOST_ROWS) {
        int64_t rows = T - t < GPT__MOST_ROWS ? gpt__bucket_rows(T - t) : GPT__MOST_ROWS;
        const char *from = (const char *)x + (size_t)(t * linear->K) * gpt__dtype_size(linear->dtype);
        char *to = (char *)out + (size_t)(t * linear->N) * gpt__dtype_size(out_type);
        GPT__TRY(gpt__worker_product(scratch->worker, linear->kind, linear->packed, bias, from, to, rows));
        gpt__profile_count(scratch->profile, T - t < rows ? T - t : rows, linear->K, linear->N,
                           gpt__linear_bytes(linear));
    }
    return GPT_OK;
}

/* int8: the bare sums [T, N], in scratch memory. */
static gpt_status sum_products(float **out, gpt__linear_scratch *scratch, const gpt__linear *linear,
                               const gpt__rows *x, int64_t T)
{
    size_t needed = (size_t)gpt__linear_rows(T) * (size_t)linear->N;
    if (needed > scratch->sums_capacity) {
        float *sums = gpt__allocate_tensor(needed, sizeof(float));
        if (sums == NULL)
            return GPT_E_MEMORY;
        gpt__release(scratch->sums);
        scratch->sums = sums;
        scratch->sums_capacity = needed;
    }
    *out = scratch->sums;
    return multiply(scratch, linear, x->data, scratch->sums, GPT_DTYPE_F32, T);
}

/* out = sums * scale * scales; out may be sums. */
GPT__CPU_CLONES
static void scale_row(float *out, const float *sums, float scale, const float *scales, int64_t N)
{
    for (int64_t n = 0; n < N; n++)
        out[n] = sums[n] * (scale * scales[n]);
}

/* out += sums * scale * scales. */
GPT__CPU_CLONES
static void scale_and_add_row(float *restrict out, const float *restrict sums, float scale,
                              const float *restrict scales, int64_t N)
{
    for (int64_t n = 0; n < N; n++)
        out[n] += sums[n] * (scale * scales[n]);
}

GPT__CPU_CLONES
static void add_row(float *restrict out, const float *restrict values, int64_t N)
{
    for (int64_t n = 0; n < N; n++)
        out[n] += values[n];
}

/* One row of an int8 layer, from its bare sums to where it goes. */
static void finish_row(const gpt__linear *linear, float *out, const float *sums, float scale)
{
    if (linear->use == GPT__LINEAR_ADD)
        scale_and_add_row(out, sums, scale, linear->scales, linear->N);
    else
        scale_row(out, sums, scale, linear->scales, linear->N);
    if (linear->bias != NULL)
        add_row(out, linear->bias, linear->N);
}

gpt_status gpt__linear_apply(gpt__linear_scratch *scratch, const gpt__linear *linear, const gpt__rows *x, float *out,
                             int64_t T)
{
    if (linear->dtype != GPT_DTYPE_INT8)
        return multiply(scratch, linear, x->data, out, GPT_DTYPE_F32, T);
    float *sums;
    GPT__TRY(sum_products(&sums, scratch, linear, x, T));
#pragma omp parallel for schedule(static) if (T > 4)
    for (int64_t t = 0; t < T; t++)
        finish_row(linear, out + t * linear->N, sums + t * linear->N, x->scales[t]);
    return GPT_OK;
}

gpt_status gpt__linear_activate(gpt__linear_scratch *scratch, const gpt__linear *linear, const gpt__rows *x,
                                gpt__rows *out, int64_t T)
{
    GPT__TRY(gpt__rows_resize(out, linear->dtype, gpt__linear_rows(T), linear->N));
    if (linear->dtype != GPT_DTYPE_INT8)
        return multiply(scratch, linear, x->data, out->data, linear->dtype, T);
    float *sums;
    GPT__TRY(sum_products(&sums, scratch, linear, x, T));
    gpt__profile_switch(scratch->profile, GPT_PART_ELEMENTWISE);
#pragma omp parallel for schedule(static) if (T > 4)
    for (int64_t t = 0; t < T; t++) {
        float *row = sums + t * linear->N;
        finish_row(linear, row, row, x->scales[t]);
        gpt__activate(row, linear->N, linear->activation);
        gpt__rows_store(out, t, row);
    }
    gpt__rows_clear(out, T);
    return GPT_OK;
}
