/* SPDX-License-Identifier: Apache-2.0 */
/* compute/linear.c: packing, quantizing and applying layers. */
#include "compute/linear.h"

#include "base/memory.h"
#include "compute/cpu.h"
#include "compute/panels.h"
#include "compute/round.h"

#include <string.h>

static gpt__product_kind kind_of(const gpt__linear *linear)
{
    /* The scales of int8 must be applied before anything else is, so its products give bare sums. */
    int bare = linear->dtype == GPT_DTYPE_INT8;
    int activate = linear->use == GPT__LINEAR_ACTIVATE && !bare;
    /* oneDNN's relu would make 0 of NaN: activate_product has its own. */
    gpt__activation activation = activate && linear->activation != GPT__RELU ? linear->activation : GPT__IDENTITY;
    return (gpt__product_kind){
        .K = linear->K,
        .N = linear->N,
        .type = linear->dtype,
        .out = activate ? linear->dtype : GPT_DTYPE_F32,
        .has_bias = linear->bias != NULL && !bare,
        .accumulates = linear->use == GPT__LINEAR_ADD && !bare,
        .activation = activation,
    };
}

/* 128 times the sums of the weights is what products are too large by, as 128 is added to the activations. */
static void make_offsets(int32_t *sums, int64_t N)
{
    for (int64_t n = 0; n < N; n++)
        sums[n] *= GPT__UINT8_ZERO;
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
    if (linear->K > GPT__MOST_INT8_INPUTS)
        return gpt__fail(GPT_E_UNSUPPORTED, "int8: a layer has %lld inputs, expected at most %d, so that 32 bits hold "
                         "their sum", (long long)linear->K, GPT__MOST_INT8_INPUTS);
    linear->scales = gpt__allocate((size_t)linear->N, sizeof(float));
    linear->offsets = gpt__allocate((size_t)linear->N, sizeof(int32_t));
    int8_t *quantized = gpt__allocate((size_t)linear->N * (size_t)linear->K, 1);
    gpt_status status = GPT_E_MEMORY;
    if (linear->scales != NULL && linear->offsets != NULL && quantized != NULL)
        status = pack_quantized(linear, engine, weights, quantized);
    gpt__release(quantized);
    return status;
}

static int64_t panel_count(const gpt__linear *linear)
{
    return (linear->N + GPT__PANEL_WIDTH - 1) / GPT__PANEL_WIDTH;
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

static void count_product(gpt__linear_scratch *scratch, const gpt__linear *linear, int64_t T)
{
    gpt__profile_count(scratch->profile, T, linear->K, linear->N, gpt__linear_bytes(linear));
}

/* Room for [rows, N] sums, in scratch memory. */
static gpt_status reserve_sums(gpt__linear_scratch *scratch, const gpt__linear *linear, int64_t rows)
{
    size_t needed = (size_t)rows * (size_t)linear->N;
    if (needed <= scratch->sums_capacity)
        return GPT_OK;
    float *sums = gpt__allocate_tensor(needed, sizeof(float));
    if (sums == NULL)
        return GPT_E_MEMORY;
    gpt__release(scratch->sums);
    scratch->sums = sums;
    scratch->sums_capacity = needed;
    return GPT_OK;
}

/* Outputs that are finished together, in the first cache. */
#define BLOCK 256

/* out = (sums - offsets) * scale * scales. */
GPT__CPU_CLONES
static void scale_values(float *restrict out, const int32_t *restrict sums, const int32_t *restrict offsets,
                         float scale, const float *restrict scales, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = (float)(sums[i] - offsets[i]) * (scale * scales[i]);
}

GPT__CPU_CLONES
static void add_values(float *restrict out, const float *restrict values, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] += values[i];
}

/* As finish, for up to BLOCK outputs. */
static void finish_block(const gpt__linear *linear, float *out, void *sums, float scale, int64_t n, int64_t count)
{
    float room[BLOCK], *values = linear->scales != NULL ? room : sums;
    if (linear->scales != NULL)
        scale_values(values, sums, linear->offsets + n, scale, linear->scales + n, count);
    if (linear->bias != NULL)
        add_values(values, linear->bias + n, count);
    if (linear->use == GPT__LINEAR_ADD) {
        add_values(out, values, count);
        return;
    }
    if (linear->use == GPT__LINEAR_ACTIVATE)
        gpt__activate(values, count, linear->activation);
    memcpy(out, values, (size_t)count * sizeof *out);
}

/*
 * From bare sums [count] of the outputs from n on, f32 or of int8 int32_t, which are lost, to out: scaled by the row's
 * scale, with the bias, and stored, added or activated as the layer's use says. out of int8 may be sums, unless it is
 * added to.
 */
static void finish(const gpt__linear *linear, float *out, void *sums, float scale, int64_t n, int64_t count)
{
    for (int64_t i = 0; i < count; i += BLOCK)
        finish_block(linear, out + i, (float *)sums + i, scale, n + i, count - i < BLOCK ? count - i : BLOCK);
}

/*
 * Up to so many rows are computed panel by panel. With more, oneDNN is as fast or faster (GPT-2 124M, 2 threads of a
 * Zen 5, oneDNN 2.6.3: a quarter slower for 32 rows, as fast for 96).
 */
#define PANEL_ROWS 64

/* Reading the weights once more takes about as long as so many rows more. */
#define ROWS_OF_A_PASS 16

/* Rows that are multiplied at once. */
typedef struct piece {
    int64_t rows;
    int64_t filled; /* with rows that nobody wants, up to a number that oneDNN has code for */
    int by_panels;
} piece;

/* With more threads than panels, oneDNN divides the work better. */
static int has_panels(const gpt__linear_scratch *scratch, const gpt__linear *linear)
{
    return gpt__packed_panel(linear->packed, 0) != NULL && panel_count(linear) >= gpt__worker_threads(scratch->worker);
}

/*
 * The next of so many rows that are left. Panels take any number of rows, so that, where there are panels, oneDNN gets
 * a number that it has code for, and the rest comes after it, unless little is to be filled up.
 */
static piece next_piece(const gpt__linear_scratch *scratch, const gpt__linear *linear, int64_t left)
{
    int panels = has_panels(scratch, linear);
    if (panels && left <= PANEL_ROWS)
        return (piece){left, left, 1};
    if (left >= GPT__MOST_ROWS)
        return (piece){GPT__MOST_ROWS, GPT__MOST_ROWS, 0};
    int64_t above = gpt__bucket_rows(left), below = gpt__bucket_below(left);
    return panels && above - left > ROWS_OF_A_PASS ? (piece){below, below, 0} : (piece){left, above, 0};
}

/* out [T, N], of which 64 columns from panel p. */
static void apply_panel(const gpt__linear *linear, const gpt__rows *x, float *out, int64_t T, int64_t p)
{
    gpt__panel_form form = gpt__panel_form_of(linear->dtype);
    const gpt__panel panel = {.form = form, .data = gpt__packed_panel(linear->packed, p),
                              .step = GPT__PANEL_WIDTH * gpt__panel_group(form), .K = linear->K};
    int64_t n = p * GPT__PANEL_WIDTH;
    int64_t count = linear->N - n < GPT__PANEL_WIDTH ? linear->N - n : GPT__PANEL_WIDTH;
    _Alignas(64) float sums[PANEL_ROWS * GPT__PANEL_WIDTH]; /* of int8 int32_t */
    gpt__panel_stream(sums, &panel, x->data, linear->K, T);
    for (int64_t t = 0; t < T; t++)
        finish(linear, out + t * linear->N + n, sums + t * GPT__PANEL_WIDTH,
               linear->scales != NULL ? x->scales[t] : 1, n, count);
}

/* out [T, N] of a few rows: each panel's sums go straight to where they belong. */
static void apply_panels(const gpt__linear *linear, const gpt__rows *x, float *out, int64_t T)
{
    int64_t panels = panel_count(linear);
#pragma omp parallel for schedule(static)
    for (int64_t p = 0; p < panels; p++)
        apply_panel(linear, x, out, T, p);
}

/* The product of a piece, by oneDNN; out is of the layer's use, or the sums of int8. */
static gpt_status multiply(gpt__linear_scratch *scratch, const gpt__linear *linear, const void *x, void *out,
                           const piece *p)
{
    const float *bias = linear->dtype == GPT_DTYPE_INT8 ? NULL : linear->bias;
    GPT__TRY(gpt__worker_product(scratch->worker, linear->kind, linear->packed, bias, x, out, p->filled));
    count_product(scratch, linear, p->rows);
    return GPT_OK;
}

static gpt_status apply_piece(gpt__linear_scratch *scratch, const gpt__linear *linear, const gpt__rows *x, float *out,
                              const piece *p)
{
    if (p->by_panels) {
        apply_panels(linear, x, out, p->rows);
        count_product(scratch, linear, p->rows);
        return GPT_OK;
    }
    if (linear->dtype != GPT_DTYPE_INT8)
        return multiply(scratch, linear, x->data, out, p);
    GPT__TRY(reserve_sums(scratch, linear, p->filled));
    GPT__TRY(multiply(scratch, linear, x->data, scratch->sums, p));
#pragma omp parallel for schedule(static) if (p->rows > 4)
    for (int64_t t = 0; t < p->rows; t++)
        finish(linear, out + t * linear->N, scratch->sums + t * linear->N, x->scales[t], 0, linear->N);
    return GPT_OK;
}

gpt_status gpt__linear_apply(gpt__linear_scratch *scratch, const gpt__linear *linear, const gpt__rows *x, float *out,
                             int64_t T)
{
    for (int64_t t = 0; t < T;) {
        const piece p = next_piece(scratch, linear, T - t);
        const gpt__rows from = gpt__rows_from(x, t);
        GPT__TRY(apply_piece(scratch, linear, &from, out + t * linear->N, &p));
        t += p.rows;
    }
    return GPT_OK;
}

/* By panels: the sums are activated already when they are stored. */
static gpt_status activate_panels(gpt__linear_scratch *scratch, const gpt__linear *linear, const gpt__rows *x,
                                  gpt__rows *out, int64_t T)
{
    GPT__TRY(reserve_sums(scratch, linear, T));
    apply_panels(linear, x, scratch->sums, T);
    count_product(scratch, linear, T);
#pragma omp parallel for schedule(static) if (T > 4)
    for (int64_t t = 0; t < T; t++)
        gpt__rows_store(out, t, scratch->sums + t * linear->N);
    return GPT_OK;
}

static gpt_status activate_int8(gpt__linear_scratch *scratch, const gpt__linear *linear, const gpt__rows *x,
                                gpt__rows *out, const piece *p)
{
    GPT__TRY(reserve_sums(scratch, linear, p->filled));
    GPT__TRY(multiply(scratch, linear, x->data, scratch->sums, p));
    gpt__profile_switch(scratch->profile, GPT_PART_ELEMENTWISE);
#pragma omp parallel for schedule(static) if (p->rows > 4)
    for (int64_t t = 0; t < p->rows; t++) {
        float *row = scratch->sums + t * linear->N;
        finish(linear, row, row, x->scales[t], 0, linear->N);
        gpt__rows_store(out, t, row);
    }
    gpt__profile_switch(scratch->profile, GPT_PART_LINEAR);
    return GPT_OK;
}

/* Of f32 and bf16. */
static gpt_status activate_product(gpt__linear_scratch *scratch, const gpt__linear *linear, const gpt__rows *x,
                                   gpt__rows *out, const piece *p)
{
    GPT__TRY(multiply(scratch, linear, x->data, out->data, p));
    if (linear->activation != GPT__RELU)
        return GPT_OK;
    int64_t N = linear->N;
#pragma omp parallel for schedule(static) if (p->rows > 4)
    for (int64_t t = 0; t < p->rows; t++)
        if (linear->dtype == GPT_DTYPE_BF16)
            gpt__relu_bf16((uint16_t *)out->data + t * N, N);
        else
            gpt__activate((float *)out->data + t * N, N, GPT__RELU);
    return GPT_OK;
}

gpt_status gpt__linear_activate(gpt__linear_scratch *scratch, const gpt__linear *linear, const gpt__rows *x,
                                gpt__rows *out, int64_t T)
{
    GPT__TRY(gpt__rows_resize(out, linear->dtype, gpt__linear_rows(T), linear->N));
    for (int64_t t = 0; t < T;) {
        const piece p = next_piece(scratch, linear, T - t);
        const gpt__rows from = gpt__rows_from(x, t);
        gpt__rows to = gpt__rows_from(out, t);
        if (p.by_panels)
            GPT__TRY(activate_panels(scratch, linear, &from, &to, p.rows));
        else if (linear->dtype == GPT_DTYPE_INT8)
            GPT__TRY(activate_int8(scratch, linear, &from, &to, &p));
        else
            GPT__TRY(activate_product(scratch, linear, &from, &to, &p));
        t += p.rows;
    }
    gpt__rows_clear(out, T);
    return GPT_OK;
}
