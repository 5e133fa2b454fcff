/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model/forward.c: one transformer for all families. It reads the configuration's flags and never asks for the family.
 *
 * Letters: T tokens of all spans, D width, H heads, KV key and value heads, K head size, V vocabulary, R tokens whose
 * outputs are wanted (and, of rotary positions, values of a head that turn). Matrices that products write have a few
 * more rows than T: see gpt__linear_rows.
 */
#include "model/forward.h"

#include "base/memory.h"
#include "compute/norm.h"
#include "compute/parallel.h"

#include <string.h>

gpt_status gpt__forward_init(gpt__forward *forward, const gpt_model *model, const gpt__kv_cache *cache,
                             const atomic_int *cancelled, gpt__profile *profile, int threads)
{
    *forward = (gpt__forward){.model = model, .cache = cache, .cancelled = cancelled, .linear.profile = profile};
    return gpt__worker_new(&forward->linear.worker, model->engine, threads);
}

void gpt__forward_release(gpt__forward *forward)
{
    gpt__worker_free(forward->linear.worker);
    gpt__linear_scratch_release(&forward->linear);
    gpt__attention_scratch_release(&forward->attention);
    gpt__release(forward->spans);
    gpt__release(forward->pages);
    gpt__release(forward->tokens);
    gpt__release(forward->outputs);
    gpt__rows_release(&forward->x);
    gpt__rows_release(&forward->qkv);
    gpt__rows_release(&forward->mixed);
    gpt__rows_release(&forward->input);
    gpt__rows_release(&forward->second_input);
    gpt__rows_release(&forward->turns);
    gpt__expert_scratch_release(&forward->experts);
    gpt__rows_release(&forward->inner);
    gpt__rows_release(&forward->hidden);
    gpt__rows_release(&forward->logits);
    *forward = (gpt__forward){0};
}

const float *gpt__forward_hidden(const gpt__forward *forward, int64_t row)
{
    return (const float *)forward->hidden.data + row * forward->hidden.width;
}

float *gpt__forward_logits(const gpt__forward *forward, int64_t row)
{
    return (float *)forward->logits.data + row * forward->logits.width;
}

float *gpt__forward_spare_logits(const gpt__forward *forward)
{
    return gpt__forward_logits(forward, forward->logits.T - 1);
}

static gpt_status resize_f32(gpt__rows *rows, int64_t T, int64_t width)
{
    return gpt__rows_resize(rows, GPT_DTYPE_F32, gpt__linear_rows(T), width);
}

/* What follows is work of this part. */
static void begin_part(gpt__forward *f, gpt_part part)
{
    gpt__profile_switch(f->linear.profile, part);
}

/* Lists the spans with the addresses of their pages, as attention wants them. Returns T through *total. */
static gpt_status list_spans(gpt__forward *f, const gpt__span *spans, size_t count, int64_t *total)
{
    size_t pages = 0;
    for (size_t i = 0; i < count; i++)
        pages += spans[i].cache->page_count;
    GPT__TRY(gpt__reserve((void **)&f->spans, &f->span_capacity, count, sizeof *f->spans));
    GPT__TRY(gpt__reserve((void **)&f->pages, &f->page_capacity, pages, sizeof *f->pages));

    *total = 0;
    unsigned char **next = f->pages;
    for (size_t i = 0; i < count; i++) {
        const gpt__kv_sequence *cache = spans[i].cache;
        f->spans[i] = (gpt__attention_span){next, cache->length, spans[i].T, *total};
        for (size_t p = 0; p < cache->page_count; p++)
            *next++ = cache->pages[p]->values;
        *total += spans[i].T;
    }
    return GPT_OK;
}

/* The first token of a span that the caller wants outputs for. */
static int64_t first_output(const gpt__span *span)
{
    return span->outputs == GPT__OUTPUTS_ALL ? 0 : span->outputs == GPT__OUTPUTS_LAST ? span->T - 1 : span->T;
}

/* Lists the tokens of the spans, and returns the number of rows that the caller wants outputs for in *outputs. */
static gpt_status list_rows(gpt__forward *f, const gpt__span *spans, size_t count, int64_t T, int64_t *outputs)
{
    GPT__TRY(gpt__reserve((void **)&f->tokens, &f->token_capacity, (size_t)T, sizeof *f->tokens));
    GPT__TRY(gpt__reserve((void **)&f->outputs, &f->output_capacity, (size_t)T, sizeof *f->outputs));
    *outputs = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t row = f->spans[i].row;
        for (int64_t t = 0; t < spans[i].T; t++)
            f->tokens[row + t] = (gpt__token){spans[i].ids[t], f->spans[i].position + t};
        for (int64_t t = first_output(&spans[i]); t < spans[i].T; t++)
            f->outputs[(*outputs)++] = row + t;
    }
    return GPT_OK;
}

/* x [T, D] = embeddings of the tokens, plus those of their positions where these are learned. */
static void embed(gpt__forward *f, int64_t T)
{
    const gpt__weights *weights = &f->model->weights;
    int64_t D = f->model->config.D;
#pragma omp parallel for schedule(static) if (T > 8)
    for (int64_t t = 0; t < T; t++) {
        float *x = (float *)f->x.data + t * D;
        gpt__weights_embedding(x, weights, D, f->tokens[t].id);
        if (weights->positions == NULL)
            continue;
        const float *position = weights->positions + f->tokens[t].position * D;
        for (int64_t i = 0; i < D; i++)
            x[i] += position[i];
    }
}

/* turns [T, R] of all tokens, which are the same in each layer. */
static gpt_status turn_positions(gpt__forward *f, int64_t T)
{
    const gpt__rotary *rotary = &f->model->config.rotary;
    if (f->model->config.positions != GPT__POSITIONS_ROTARY)
        return GPT_OK;
    GPT__TRY(gpt__rows_resize(&f->turns, GPT_DTYPE_F32, T, rotary->R));
#pragma omp parallel for schedule(static) if (T > 8)
    for (int64_t t = 0; t < T; t++)
        gpt__rotary_turns((float *)f->turns.data + t * rotary->R, rotary, f->tokens[t].position);
    return GPT_OK;
}

/* Turns queries and keys, which stand side by side in qkv. */
static void apply_rotary(gpt__forward *f, int64_t T)
{
    const gpt__config *c = &f->model->config;
    if (c->positions != GPT__POSITIONS_ROTARY)
        return;
#pragma omp parallel for schedule(static) if (T > 8)
    for (int64_t t = 0; t < T; t++)
        gpt__rotary_apply((float *)f->qkv.data + t * f->qkv.width, (const float *)f->turns.data + t * c->rotary.R,
                          c->H + c->KV, c->K, c->rotary.R);
}

static void norm_row(const gpt__forward *f, float *out, const float *x, const gpt__norm *norm)
{
    const gpt__config *c = &f->model->config;
    gpt__norm_row(out, x, c->norm, norm->weight, norm->bias, c->D, c->norm_epsilon);
}

/* out [T, width] = rows of floats, in the type of the next product. */
static gpt_status convert(gpt__forward *f, gpt__rows *out, const gpt__rows *from, int64_t T)
{
    int64_t width = from->width;
    begin_part(f, GPT_PART_ELEMENTWISE);
    GPT__TRY(gpt__rows_resize(out, f->model->dtype, gpt__linear_rows(T), width));
#pragma omp parallel for schedule(static) if (T > 8)
    for (int64_t t = 0; t < T; t++)
        gpt__rows_store(out, t, (const float *)from->data + t * width);
    gpt__rows_clear(out, T);
    return GPT_OK;
}

/* out [T, D] = norm of x, in the type of the next product, and as floats in mixed, which is free then. */
static gpt_status normalize(gpt__forward *f, gpt__rows *out, const gpt__norm *norm, int64_t T)
{
    int64_t D = f->model->config.D;
    begin_part(f, GPT_PART_ELEMENTWISE);
    GPT__TRY(gpt__rows_resize(out, f->model->dtype, gpt__linear_rows(T), D));
    GPT__TRY(resize_f32(&f->mixed, T, D));
#pragma omp parallel for schedule(static) if (T > 8)
    for (int64_t t = 0; t < T; t++) {
        float *row = (float *)f->mixed.data + t * D;
        norm_row(f, row, (const float *)f->x.data + t * D, norm);
        gpt__rows_store(out, t, row);
    }
    gpt__rows_clear(out, T);
    gpt__rows_clear(&f->mixed, T);
    return GPT_OK;
}

/* x = norm of x, where norms come after what they follow has been added. */
static void normalize_in_place(gpt__forward *f, const gpt__norm *norm, int64_t T)
{
    int64_t D = f->model->config.D;
    begin_part(f, GPT_PART_ELEMENTWISE);
#pragma omp parallel for schedule(static) if (T > 8)
    for (int64_t t = 0; t < T; t++)
        norm_row(f, (float *)f->x.data + t * D, (const float *)f->x.data + t * D, norm);
}

static gpt__attention attention_of(const gpt__forward *f, int32_t number)
{
    const gpt__config *c = &f->model->config;
    return (gpt__attention){
        .form = f->cache->form,
        .H = c->H,
        .scale = gpt__config_attention_scale(c, number),
        .window = c->is_local[number] ? c->window : 0,
        .sinks = f->model->weights.layers[number].sinks,
        .layer_offset = (size_t)number * gpt__page_layer_bytes(&f->cache->form),
    };
}

/* x += attention(input). */
static gpt_status attend(gpt__forward *f, const gpt__layer *layer, int32_t number, size_t spans, int64_t T)
{
    const gpt__config *c = &f->model->config;
    const gpt__attention attention = attention_of(f, number);
    GPT__TRY(resize_f32(&f->qkv, T, layer->qkv.N));
    begin_part(f, GPT_PART_LINEAR);
    GPT__TRY(gpt__linear_apply(&f->linear, &layer->qkv, &f->input, f->qkv.data, T));
    begin_part(f, GPT_PART_ELEMENTWISE);
    apply_rotary(f, T);
    GPT__TRY(resize_f32(&f->mixed, T, (int64_t)c->H * c->K));
    begin_part(f, GPT_PART_ATTENTION);
    GPT__TRY(gpt__attention_apply(&f->attention, &attention, f->spans, spans, f->qkv.data, f->mixed.data));
    GPT__TRY(convert(f, &f->input, &f->mixed, T));
    begin_part(f, GPT_PART_LINEAR);
    return gpt__linear_apply(&f->linear, &layer->attention_out, &f->input, f->x.data, T);
}

/* x += feed-forward(input). Experts also want the input as floats, which normalize has left in mixed. */
static gpt_status feed_forward(gpt__forward *f, const gpt__layer *layer, const gpt__rows *input, int64_t T)
{
    begin_part(f, GPT_PART_LINEAR);
    if (layer->experts.count > 0)
        return gpt__experts_apply(&f->experts, &f->linear, &f->model->config, &layer->experts, &f->mixed, input,
                                  f->x.data, T);
    GPT__TRY(gpt__linear_activate(&f->linear, &layer->up, input, &f->inner, T));
    begin_part(f, GPT_PART_LINEAR);
    return gpt__linear_apply(&f->linear, &layer->down, &f->inner, f->x.data, T);
}

static gpt_status run_serial(gpt__forward *f, const gpt__layer *layer, int32_t number, size_t spans, int64_t T)
{
    GPT__TRY(normalize(f, &f->input, &layer->norm_1, T));
    GPT__TRY(attend(f, layer, number, spans, T));
    GPT__TRY(normalize(f, &f->input, &layer->norm_2, T));
    return feed_forward(f, layer, &f->input, T);
}

static gpt_status run_parallel(gpt__forward *f, const gpt__layer *layer, int32_t number, size_t spans, int64_t T)
{
    GPT__TRY(normalize(f, &f->input, &layer->norm_1, T));
    GPT__TRY(normalize(f, &f->second_input, &layer->norm_2, T));
    GPT__TRY(attend(f, layer, number, spans, T));
    return feed_forward(f, layer, &f->second_input, T);
}

static gpt_status run_post_norm(gpt__forward *f, const gpt__layer *layer, int32_t number, size_t spans, int64_t T)
{
    GPT__TRY(convert(f, &f->input, &f->x, T));
    GPT__TRY(attend(f, layer, number, spans, T));
    normalize_in_place(f, &layer->norm_1, T);
    GPT__TRY(convert(f, &f->input, &f->x, T));
    GPT__TRY(feed_forward(f, layer, &f->input, T));
    normalize_in_place(f, &layer->norm_2, T);
    return GPT_OK;
}

static gpt_status run_layer(gpt__forward *f, int32_t number, size_t spans, int64_t T)
{
    const gpt__layer *layer = &f->model->weights.layers[number];
    gpt__residual residual = f->model->config.residual;
    if (residual == GPT__RESIDUAL_POST_NORM)
        return run_post_norm(f, layer, number, spans, T);
    if (residual == GPT__RESIDUAL_PARALLEL)
        return run_parallel(f, layer, number, spans, T);
    return run_serial(f, layer, number, spans, T);
}

static gpt_status check_cancelled(const gpt__forward *f)
{
    if (atomic_load_explicit(f->cancelled, memory_order_relaxed))
        return gpt__fail(GPT_E_CANCELLED, "the generator was cancelled");
    return GPT_OK;
}

static gpt_status run_layers(gpt__forward *f, size_t spans, int64_t T)
{
    const gpt__attention attention = attention_of(f, 0);
    int threads = gpt__worker_threads(f->linear.worker);
    GPT__TRY(gpt__attention_plan(&f->attention, &attention, f->spans, spans, threads));
    for (int32_t i = 0; i < f->model->config.L; i++) {
        GPT__TRY(check_cancelled(f));
        GPT__TRY(run_layer(f, i, spans, T));
    }
    return check_cancelled(f);
}

/* hidden [R, D] = the last norm of the wanted rows of x; with post-norm, these rows as they are. */
static void norm_outputs(gpt__forward *f, int64_t R)
{
    const gpt__config *c = &f->model->config;
    int64_t D = c->D;
#pragma omp parallel for schedule(static) if (R > 8)
    for (int64_t r = 0; r < R; r++) {
        float *to = (float *)f->hidden.data + r * D;
        const float *x = (const float *)f->x.data + f->outputs[r] * D;
        if (c->residual == GPT__RESIDUAL_POST_NORM)
            memcpy(to, x, (size_t)D * sizeof *to);
        else
            norm_row(f, to, x, &f->model->weights.final_norm);
    }
}

/* hidden and logits of the wanted rows. */
static gpt_status compute_outputs(gpt__forward *f, int64_t R, int want_logits)
{
    int64_t D = f->model->config.D;
    if (R == 0)
        return GPT_OK;
    begin_part(f, GPT_PART_ELEMENTWISE);
    GPT__TRY(resize_f32(&f->hidden, R, D));
    norm_outputs(f, R);
    if (!want_logits)
        return GPT_OK;
    GPT__TRY(convert(f, &f->input, &f->hidden, R));
    GPT__TRY(gpt__rows_resize(&f->logits, GPT_DTYPE_F32, gpt__linear_rows(R) + 1, f->model->config.V));
    begin_part(f, GPT_PART_OUTPUT);
    return gpt__linear_apply(&f->linear, &f->model->weights.output, &f->input, f->logits.data, R);
}

static gpt_status run(gpt__forward *f, const gpt__span *spans, size_t count, int want_logits)
{
    int64_t T, R;
    GPT__TRY(list_spans(f, spans, count, &T));
    GPT__TRY(list_rows(f, spans, count, T, &R));
    GPT__TRY(turn_positions(f, T));
    GPT__TRY(resize_f32(&f->x, T, f->model->config.D));
    embed(f, T);
    /* Rows that only fill the products up take part in them, and must hold numbers. */
    gpt__rows_clear(&f->x, T);
    GPT__TRY(run_layers(f, count, T));
    return compute_outputs(f, R, want_logits);
}

gpt_status gpt__forward_run(gpt__forward *forward, const gpt__span *spans, size_t count, int want_logits)
{
    /* oneDNN and our own loops take the thread count of the calling thread; it gets its own back afterwards. */
    gpt__thread_settings before = gpt__threads_begin(gpt__worker_threads(forward->linear.worker));
    gpt_status status = run(forward, spans, count, want_logits);
    begin_part(forward, GPT_PART_REST);
    gpt__threads_end(before);
    for (size_t i = 0; status == GPT_OK && i < count; i++)
        spans[i].cache->length += spans[i].T;
    return status;
}
