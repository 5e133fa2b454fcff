/* SPDX-License-Identifier: Apache-2.0 */
/* compute/linear.c: packing, quantizing and applying layers. */
#include "compute/linear.h"

#include "base/memory.h"
#include "compute/cpu.h"

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

/* 128 times the sums of the weights is what products are too large by, as 128 is added to the activations. */
static void make_offsets(float *sums, int64_t N)
{
    for (int64_t n = 0; n < N; n++)
        sums[n] *= (float)GPT__ROWS_INT8_ZERO;
}

static gpt_status pack_quantized(gpt__linear *linear, gpt__engine *engine, const gpt__weights_view *weights,
                                 int8_t *quantized)
{
    int most, across = weights->stride_n < weights->stride_k;
    int64_t K = linear->K, N = linear->N;
    GPT__TRY(gpt__quantize_most(&most));
    gpt__quantize(quantized, linear->scales, linear->offsets, weights, K, N, most);
    make_offsets(linear->offsets, N);
    return gpt__packed_new(&linear->packed, engine, linear->kind, quantized, GPT_DTYPE_INT8, across ? N : 1,
                           across ? 1 : K);
}

static gpt_status pack_int8(gpt__linear *linear, gpt__engine *engine, const gpt__weights_view *weights)
{
    linear->scales = gpt__allocate((size_t)linear->N, sizeof(float));
    linear->offsets = gpt__allocate((size_t)linear->N, sizeof(float));
    int8_t *quantized = gpt__allocate((size_t)linear->N * (size_t)linear->K, 1);
    gpt_status status = GPT_E_MEMORY;
    if (linear->scales != NULL && linear->offsets != NULL && quantized != NULL)
        status = pack_quantized(linear, engine, weights, quantized);
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
    gpt__release(linear->offsets);
    *linear = (gpt__linear){0};
}

int64_t gpt__linear_bytes(const gpt__linear *linear)
{
    int64_t scales = linear->scales != NULL ? linear->N * 2 * (int64_t)sizeof(float) : 0;
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

/* out = (sums - offsets) * scale * scales; out may be sums. */
GPT__CPU_CLONES
static void scale_row(float *out, const float *sums, const float *offsets, float scale, const float *scales, int64_t N)
{
    for (int64_t n = 0; n < N; n++)
        out[n] = (sums[n] - offsets[n]) * (scale * scales[n]);
}

/* out += (sums - offsets) * scale * scales. */
GPT__CPU_CLONES
static void scale_and_add_row(float *restrict out, const float *restrict sums, const float *restrict offsets,
                              float scale, const float *restrict scales, int64_t N)
{
    for (int64_t n = 0; n < N; n++)
        out[n] += (sums[n] - offsets[n]) * (scale * scales[n]);
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
        scale_and_add_row(out, sums, linear->offsets, scale, linear->scales, linear->N);
    else
        scale_row(out, sums, linear->offsets, scale, linear->scales, linear->N);
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
    gpt__profile_switch(scratch->profile, GPT_PART_LINEAR);
    return GPT_OK;
}
