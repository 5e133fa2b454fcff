/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/attention.c: the work is cut into items, a block of query rows of one head each, which threads take in turn.
 * An item multiplies its queries with the keys page by page, takes the softmax of each row, and multiplies with the
 * values. Pages that causality or a window hides from all rows of an item are never touched. The products are ours
 * where the processor has kernels for panels, else oneDNN's.
 */
#include "compute/attention.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "compute/cpu.h"
#include "compute/exp.h"
#include "compute/onednn.h"
#include "compute/panels.h"
#include "compute/parallel.h"
#include "compute/rows.h"

#include <stdatomic.h>
#include <string.h>

/* Query heads of one token that an item takes at most: where many share a key head, threads share them. */
#define BLOCK_HEADS 12

/* Query rows of an item: enough for an efficient product, few enough that causality saves work. */
#define BLOCK_ROWS 24

/*
 * Rows of queries that share keys. With one token in the span, these are query heads of a key head, side by side in
 * memory; otherwise tokens of one query head.
 */
typedef struct gpt__attention_item {
    int32_t span;
    int32_t head;  /* the first query head */
    int32_t first; /* the first token of the span */
    int32_t rows;
} gpt__attention_item;

gpt_dtype gpt__attention_cache_type(gpt_dtype dtype, int32_t K)
{
    int pairs = K % 2 == 0 && gpt__panels_supported(GPT_DTYPE_BF16);
    return dtype != GPT_DTYPE_F32 && pairs ? GPT_DTYPE_BF16 : GPT_DTYPE_F32;
}

/* Bytes of the keys, or of the values, of one head in a page. */
static size_t head_bytes(gpt_dtype type, int32_t K)
{
    return GPT__PAGE_TOKENS * (size_t)K * gpt__dtype_size(type);
}

size_t gpt__attention_page_bytes(gpt_dtype type, int32_t KV, int32_t K)
{
    /* A panel reads 64 values of a group at once, also where a head has fewer. */
    size_t behind = GPT__PANEL_WIDTH * (size_t)gpt__panel_group(type) * gpt__dtype_size(type);
    return 2 * (size_t)KV * head_bytes(type, K) + behind;
}

void gpt__attention_scratch_release(gpt__attention_scratch *scratch)
{
    gpt__release(scratch->memory);
    gpt__release(scratch->items);
    *scratch = (gpt__attention_scratch){0};
}

static int64_t round_up(int64_t value, int64_t step)
{
    return (value + step - 1) / step * step;
}

static gpt_status add_item(gpt__attention_scratch *scratch, gpt__attention_item item)
{
    GPT__TRY(gpt__reserve((void **)&scratch->items, &scratch->item_capacity, scratch->item_count + 1, sizeof item));
    scratch->items[scratch->item_count++] = item;
    return GPT_OK;
}

static gpt_status add_items(gpt__attention_scratch *scratch, const gpt__attention *attention, int32_t span, int64_t T)
{
    int32_t group = attention->H / attention->KV;
    if (T == 1) {
        for (int32_t head = 0; head < attention->H; head += group)
            for (int32_t i = 0; i < group; i += BLOCK_HEADS) {
                int32_t rows = group - i < BLOCK_HEADS ? group - i : BLOCK_HEADS;
                GPT__TRY(add_item(scratch, (gpt__attention_item){span, head + i, 0, rows}));
            }
        return GPT_OK;
    }
    /* The last block sees the most keys: with the long items first, threads end at about the same time. */
    for (int64_t first = (T - 1) / BLOCK_ROWS * BLOCK_ROWS; first >= 0; first -= BLOCK_ROWS)
        for (int32_t head = 0; head < attention->H; head++) {
            int64_t rows = T - first < BLOCK_ROWS ? T - first : BLOCK_ROWS;
            GPT__TRY(add_item(scratch, (gpt__attention_item){span, head, (int32_t)first, (int32_t)rows}));
        }
    return GPT_OK;
}

/* What a thread needs for one item: parts of the scratch memory. */
typedef struct workspace {
    float *scores;  /* [BLOCK_ROWS, stride] */
    void *weights;  /* [BLOCK_ROWS, stride] in the cache's type: the scores themselves for f32 */
    void *queries;  /* [BLOCK_ROWS, K] in the cache's type, scaled */
    float *columns; /* [BLOCK_ROWS, 64] of a product whose columns have no room for a whole panel */
} workspace;

/* Bytes of each part, for rows of up to so many scores. */
typedef struct workspace_sizes {
    size_t scores, weights, queries, columns;
} workspace_sizes;

static workspace_sizes sizes_of(const gpt__attention *attention, size_t stride)
{
    int is_f32 = attention->type == GPT_DTYPE_F32;
    return (workspace_sizes){
        .scores = BLOCK_ROWS * stride * sizeof(float),
        .weights = is_f32 ? 0 : BLOCK_ROWS * stride * sizeof(uint16_t),
        .queries = (size_t)round_up(BLOCK_ROWS * (int64_t)attention->K * (int64_t)sizeof(float), 64),
        .columns = BLOCK_ROWS * GPT__PANEL_WIDTH * sizeof(float),
    };
}

static size_t total_of(const workspace_sizes *sizes)
{
    return sizes->scores + sizes->weights + sizes->queries + sizes->columns;
}

static workspace workspace_at(const gpt__attention *attention, unsigned char *memory, size_t stride)
{
    workspace_sizes sizes = sizes_of(attention, stride);
    workspace w = {.scores = (float *)(void *)memory};
    w.weights = sizes.weights > 0 ? memory + sizes.scores : memory;
    w.queries = memory + sizes.scores + sizes.weights;
    w.columns = (float *)(void *)(memory + sizes.scores + sizes.weights + sizes.queries);
    return w;
}

static gpt_status reserve_memory(gpt__attention_scratch *scratch, int threads, size_t bytes_per_thread)
{
    scratch->bytes_per_thread = bytes_per_thread;
    size_t needed = (size_t)threads * bytes_per_thread;
    if (needed <= scratch->capacity)
        return GPT_OK;
    /* Twice as much, so that a growing sequence seldom comes here. */
    unsigned char *memory = gpt__allocate_tensor(needed, 2);
    if (memory == NULL)
        return GPT_E_MEMORY;
    gpt__release(scratch->memory);
    scratch->memory = memory;
    scratch->capacity = 2 * needed;
    return GPT_OK;
}

gpt_status gpt__attention_plan(gpt__attention_scratch *scratch, const gpt__attention *attention,
                               const gpt__attention_span *spans, size_t count, int threads)
{
    int64_t longest = 0;
    scratch->item_count = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t keys = spans[i].position + spans[i].T;
        longest = keys > longest ? keys : longest;
        GPT__TRY(add_items(scratch, attention, (int32_t)i, spans[i].T));
    }
    workspace_sizes sizes = sizes_of(attention, (size_t)round_up(longest, GPT__PAGE_TOKENS));
    return reserve_memory(scratch, threads, total_of(&sizes));
}

GPT__CPU_CLONES
static void store_scaled_bf16(uint16_t *restrict out, const float *restrict values, float scale, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = gpt__f32_to_bf16(values[i] * scale);
}

GPT__CPU_CLONES
static void store_scaled_f32(float *restrict out, const float *restrict values, float scale, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = values[i] * scale;
}

/* out [count, 2] = pairs of values of two tokens; of one token and zeros, where second is NULL. */
GPT__CPU_CLONES
static void store_pairs_bf16(uint16_t *restrict out, const float *restrict first, const float *restrict second,
                             int64_t count)
{
    if (second == NULL) {
        for (int64_t i = 0; i < count; i++) {
            out[2 * i] = gpt__f32_to_bf16(first[i]);
            out[2 * i + 1] = 0;
        }
        return;
    }
    for (int64_t i = 0; i < count; i++) {
        out[2 * i] = gpt__f32_to_bf16(first[i]);
        out[2 * i + 1] = gpt__f32_to_bf16(second[i]);
    }
}

/* The key of one head and token, K floats, to place in keys [K, PAGE_TOKENS]. */
static void store_key_f32(float *keys, const float *values, int64_t place, int64_t K)
{
    for (int64_t i = 0; i < K; i++)
        keys[i * GPT__PAGE_TOKENS + place] = values[i];
}

/* The same, to keys [K / 2, PAGE_TOKENS, 2], by way of pairs [K]. */
static void store_key_bf16(uint16_t *keys, uint16_t *pairs, const float *values, int64_t place, int64_t K)
{
    store_scaled_bf16(pairs, values, 1.0f, K);
    for (int64_t i = 0; i < K; i += 2)
        memcpy(keys + (i / 2 * GPT__PAGE_TOKENS + place) * 2, pairs + i, 2 * sizeof *pairs);
}

/*
 * The value of a token at an odd place, to values [PAGE_TOKENS / 2, K, 2], where its neighbour is already. A token at
 * an even place is stored with zeros beside it, since a product that ends with it reads both.
 */
static void store_second_bf16(uint16_t *pairs, const float *values, int64_t K)
{
    for (int64_t i = 0; i < K; i++)
        pairs[2 * i + 1] = gpt__f32_to_bf16(values[i]);
}

/* Tokens of a span, from t on, whose keys and values are stored together: two only where they stand in one pair. */
typedef struct store {
    const gpt__attention *attention;
    unsigned char *page; /* this layer's part */
    int64_t place;       /* of the first token */
    const float *first;  /* keys [KV, K], then values [KV, K] */
    const float *second; /* of the next token, or NULL */
} store;

static void store_f32(const store *s, const float *token, int64_t place)
{
    int64_t K = s->attention->K;
    int32_t KV = s->attention->KV;
    size_t bytes = head_bytes(GPT_DTYPE_F32, s->attention->K);
    for (int32_t head = 0; head < KV; head++) {
        float *keys = (float *)(void *)(s->page + (size_t)head * bytes);
        float *values = (float *)(void *)(s->page + (size_t)(KV + head) * bytes);
        store_key_f32(keys, token + head * K, place, K);
        memcpy(values + place * K, token + (KV + head) * K, (size_t)K * sizeof(float));
    }
}

static void store_bf16(const store *s, uint16_t *pairs)
{
    int64_t K = s->attention->K;
    int32_t KV = s->attention->KV;
    size_t bytes = head_bytes(GPT_DTYPE_BF16, s->attention->K);
    for (int32_t head = 0; head < KV; head++) {
        uint16_t *keys = (uint16_t *)(void *)(s->page + (size_t)head * bytes);
        uint16_t *values = (uint16_t *)(void *)(s->page + (size_t)(KV + head) * bytes) + s->place / 2 * K * 2;
        const float *value = s->first + (KV + head) * K;
        store_key_bf16(keys, pairs, s->first + head * K, s->place, K);
        if (s->second != NULL)
            store_key_bf16(keys, pairs, s->second + head * K, s->place + 1, K);
        if (s->place % 2 == 0)
            store_pairs_bf16(values, value, s->second != NULL ? s->second + (KV + head) * K : NULL, K);
        else
            store_second_bf16(values, value, K);
    }
}

/* Stores the tokens of one pair of places, so that no two threads write parts of one pair. */
static void store_step(const gpt__attention *attention, const gpt__attention_span *span, const float *qkv, int64_t t,
                       uint16_t *pairs)
{
    int64_t D = (int64_t)attention->H * attention->K;
    int64_t width = D + 2 * (int64_t)attention->KV * attention->K;
    int64_t position = span->position + t;
    int together = position % 2 == 0 && t + 1 < span->T;
    const float *keys = qkv + (span->row + t) * width + D;
    store s = {attention, span->pages[position / GPT__PAGE_TOKENS] + attention->layer_offset,
               position % GPT__PAGE_TOKENS, keys, together ? keys + width : NULL};
    if (attention->type == GPT_DTYPE_BF16) {
        store_bf16(&s, pairs);
        return;
    }
    store_f32(&s, s.first, s.place);
    if (s.second != NULL)
        store_f32(&s, s.second, s.place + 1);
}

static void store_span(const gpt__attention_scratch *scratch, const gpt__attention *attention,
                       const gpt__attention_span *span, const float *qkv)
{
    int64_t odd = span->position % 2;
    int64_t steps = (span->T + odd + 1) / 2;
#pragma omp parallel for schedule(static) if (span->T > 8)
    for (int64_t step = 0; step < steps; step++) {
        void *pairs = scratch->memory + scratch->bytes_per_thread * (size_t)gpt__thread_number();
        store_step(attention, span, qkv, step == 0 ? 0 : 2 * step - odd, pairs);
    }
}

/* The largest of count scores, at least one. */
static inline __attribute__((always_inline)) float largest(const float *scores, int64_t count)
{
    float lanes[16];
    for (int j = 0; j < 16; j++)
        lanes[j] = scores[0];
    int64_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (int j = 0; j < 16; j++)
            lanes[j] = scores[i + j] > lanes[j] ? scores[i + j] : lanes[j];
    for (; i < count; i++)
        lanes[0] = scores[i] > lanes[0] ? scores[i] : lanes[0];
    for (int j = 1; j < 16; j++)
        lanes[0] = lanes[j] > lanes[0] ? lanes[j] : lanes[0];
    return lanes[0];
}

/* e^(score - most) for count scores, in place; returns their sum. */
static inline __attribute__((always_inline)) float exponentiate(float *scores, int64_t count, float most)
{
    float lanes[16] = {0};
    int64_t i = 0;
    for (; i + 16 <= count; i += 16)
        for (int j = 0; j < 16; j++) {
            scores[i + j] = gpt__exp_negative(scores[i + j] - most);
            lanes[j] += scores[i + j];
        }
    for (; i < count; i++) {
        scores[i] = gpt__exp_negative(scores[i] - most);
        lanes[0] += scores[i];
    }
    float total = 0;
    for (int j = 0; j < 16; j++)
        total += lanes[j];
    return total;
}

/*
 * Scores of one row become weights: softmax over the visible keys [begin, end), with the sink's score among them where
 * there is one, and 0 for the other keys.
 */
GPT__CPU_CLONES
static void softmax_row(float *scores, int64_t begin, int64_t end, int64_t keys, const float *sink)
{
    float most = largest(scores + begin, end - begin);
    most = sink != NULL && *sink > most ? *sink : most;
    float total = exponentiate(scores + begin, end - begin, most);
    if (sink != NULL)
        total += gpt__exp_negative(*sink - most);
    float inverse = 1.0f / total;
    for (int64_t i = begin; i < end; i++)
        scores[i] *= inverse;
    for (int64_t i = 0; i < begin; i++)
        scores[i] = 0;
    for (int64_t i = end; i < keys; i++)
        scores[i] = 0;
}

/* The first position that the token at a position sees. */
static int64_t first_visible(const gpt__attention *attention, int64_t position)
{
    int64_t hidden = attention->window > 0 ? position + 1 - attention->window : 0;
    return hidden > 0 ? hidden : 0;
}

/* Softmax of all rows of an item, whose scores [rows, stride] begin at the key of position first. */
static void softmax_rows(const gpt__attention *attention, const gpt__attention_span *span,
                         const gpt__attention_item *item, float *scores, int64_t stride, int64_t first, int64_t keys)
{
    for (int32_t r = 0; r < item->rows; r++) {
        int32_t head = span->T == 1 ? item->head + r : item->head;
        int64_t position = span->position + (span->T == 1 ? 0 : item->first + r);
        softmax_row(scores + r * stride, first_visible(attention, position) - first, position + 1 - first, keys - first,
                    attention->sinks != NULL ? &attention->sinks[head] : NULL);
    }
}

/* out [M, N] = A [M, I] * B, for B of I inputs in one page, whose groups are step elements apart; I is whole groups. */
typedef struct product {
    gpt_dtype type;
    int64_t M, N, I;
    const void *A;
    int64_t a_stride;
    const unsigned char *B;
    int64_t step; /* from group to group of B, which is also how many outputs B has, times the group */
    int adds;     /* to what is in out */
    float *out;
    int64_t out_stride;
    float *columns; /* [M, 64] of scratch memory */
} product;

/* The columns from n on, at most 64. With fewer, or where the row's end has no room, by way of the scratch memory. */
static void multiply_panel(const product *p, int64_t n, int has_room)
{
    int64_t group = gpt__panel_group(p->type);
    size_t size = gpt__dtype_size(p->type);
    const gpt__panel panel = {p->type, p->B + (size_t)(n * group) * size, p->step, p->I};
    int64_t count = p->N - n < GPT__PANEL_WIDTH ? p->N - n : GPT__PANEL_WIDTH;
    int direct = has_room || count == GPT__PANEL_WIDTH;
    for (int64_t m = 0; m < p->M; m += GPT__PANEL_ROWS) {
        int64_t rows = p->M - m < GPT__PANEL_ROWS ? p->M - m : GPT__PANEL_ROWS;
        const unsigned char *a = (const unsigned char *)p->A + (size_t)(m * p->a_stride) * size;
        float *to = p->out + m * p->out_stride + n;
        if (direct) {
            gpt__panel_multiply(to, p->out_stride, p->adds, &panel, a, p->a_stride, rows);
            continue;
        }
        gpt__panel_multiply(p->columns, GPT__PANEL_WIDTH, 0, &panel, a, p->a_stride, rows);
        for (int64_t r = 0; r < rows; r++)
            for (int64_t i = 0; i < count; i++)
                to[r * p->out_stride + i] = (p->adds ? to[r * p->out_stride + i] : 0) +
                                            p->columns[r * GPT__PANEL_WIDTH + i];
    }
}

/* has_room says that rows of out may be written up to whole panels. */
static gpt_status multiply(const product *p, int has_room)
{
    if (!gpt__panels_supported(p->type))
        return gpt__sgemm(p->M, p->N, p->I, 1.0f, p->A, p->a_stride, (const float *)(const void *)p->B, p->step,
                          p->adds ? 1.0f : 0.0f, p->out, p->out_stride);
    for (int64_t n = 0; n < p->N; n += GPT__PANEL_WIDTH)
        multiply_panel(p, n, has_room);
    return GPT_OK;
}

/* One item, with what is computed from it. */
typedef struct task {
    const gpt__attention *attention;
    const gpt__attention_span *span;
    const gpt__attention_item *item;
    workspace work;
    int64_t begin;  /* the first key that is looked at, at the begin of a page */
    int64_t keys;   /* behind the last one */
    int64_t stride; /* of scores */
} task;

/* Heads of one token are K apart, tokens of one head a whole row of so many values. */
static int64_t row_stride(const task *t, int64_t width)
{
    return t->span->T == 1 ? t->attention->K : width;
}

static void load_queries(const task *t, const float *qkv)
{
    const gpt__attention *a = t->attention;
    int64_t K = a->K;
    int64_t width = (a->H + 2 * (int64_t)a->KV) * K;
    const float *from = qkv + (t->span->row + t->item->first) * width + t->item->head * K;
    int64_t stride = row_stride(t, width);
    for (int32_t r = 0; r < t->item->rows; r++) {
        if (a->type == GPT_DTYPE_F32)
            store_scaled_f32((float *)t->work.queries + r * K, from + r * stride, a->scale, K);
        else
            store_scaled_bf16((uint16_t *)t->work.queries + r * K, from + r * stride, a->scale, K);
    }
}

/* The keys of the item's head in the page of a position; the values are KV heads behind. */
static const unsigned char *page_of(const task *t, int64_t position, int values)
{
    const gpt__attention *a = t->attention;
    int32_t head = t->item->head / (a->H / a->KV) + (values ? a->KV : 0);
    return t->span->pages[position / GPT__PAGE_TOKENS] + a->layer_offset + (size_t)head * head_bytes(a->type, a->K);
}

static gpt_status multiply_keys(const task *t)
{
    const gpt__attention *a = t->attention;
    product p = {.type = a->type, .M = t->item->rows, .I = a->K, .A = t->work.queries, .a_stride = a->K,
                 .step = GPT__PAGE_TOKENS * gpt__panel_group(a->type), .out_stride = t->stride};
    for (int64_t first = t->begin; first < t->keys; first += GPT__PAGE_TOKENS) {
        p.N = t->keys - first < GPT__PAGE_TOKENS ? t->keys - first : GPT__PAGE_TOKENS;
        p.B = page_of(t, first, 0);
        p.out = t->work.scores + first - t->begin;
        GPT__TRY(multiply(&p, 1));
    }
    return GPT_OK;
}

/* Weights in the cache's type; an odd last token makes a pair with a weight of 0. */
static void convert_weights(const task *t)
{
    int64_t count = t->keys - t->begin;
    if (t->attention->type == GPT_DTYPE_F32)
        return;
    for (int32_t r = 0; r < t->item->rows; r++) {
        uint16_t *row = (uint16_t *)t->work.weights + r * t->stride;
        store_scaled_bf16(row, t->work.scores + r * t->stride, 1.0f, count);
        if (count % 2 != 0)
            row[count] = 0;
    }
}

static gpt_status multiply_values(const task *t, float *out)
{
    const gpt__attention *a = t->attention;
    int64_t D = (int64_t)a->H * a->K;
    int64_t group = gpt__panel_group(a->type);
    product p = {.type = a->type, .M = t->item->rows, .N = a->K, .a_stride = t->stride, .step = a->K * group,
                 .out = out + (t->span->row + t->item->first) * D + t->item->head * (int64_t)a->K,
                 .out_stride = row_stride(t, D), .columns = t->work.columns};
    for (int64_t first = t->begin; first < t->keys; first += GPT__PAGE_TOKENS) {
        int64_t n = t->keys - first < GPT__PAGE_TOKENS ? t->keys - first : GPT__PAGE_TOKENS;
        p.I = round_up(n, group);
        p.A = (const char *)t->work.weights + (size_t)(first - t->begin) * gpt__dtype_size(a->type);
        p.B = page_of(t, first, 1);
        p.adds = first > t->begin;
        GPT__TRY(multiply(&p, 0));
    }
    return GPT_OK;
}

static gpt_status compute_item(const gpt__attention *attention, const gpt__attention_span *span,
                               const gpt__attention_item *item, const float *qkv, float *out, unsigned char *memory)
{
    task t = {.attention = attention, .span = span, .item = item};
    t.keys = span->position + (span->T == 1 ? 1 : item->first + item->rows);
    t.begin = first_visible(attention, span->position + item->first) / GPT__PAGE_TOKENS * GPT__PAGE_TOKENS;
    t.stride = round_up(t.keys - t.begin, GPT__PAGE_TOKENS);
    t.work = workspace_at(attention, memory, (size_t)t.stride);
    load_queries(&t, qkv);
    GPT__TRY(multiply_keys(&t));
    softmax_rows(attention, span, item, t.work.scores, t.stride, t.begin, t.keys);
    convert_weights(&t);
    return multiply_values(&t, out);
}

gpt_status gpt__attention_apply(gpt__attention_scratch *scratch, const gpt__attention *attention,
                                const gpt__attention_span *spans, size_t count, const float *qkv, float *out)
{
    for (size_t i = 0; i < count; i++)
        store_span(scratch, attention, &spans[i], qkv);

    /* A message of another thread would be lost, so the status alone comes back and the message is set here. */
    atomic_int failed = GPT_OK;
#pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < scratch->item_count; i++) {
        const gpt__attention_item *item = &scratch->items[i];
        unsigned char *memory = scratch->memory + scratch->bytes_per_thread * (size_t)gpt__thread_number();
        gpt_status status = compute_item(attention, &spans[item->span], item, qkv, out, memory);
        if (status != GPT_OK)
            atomic_store(&failed, status);
    }
    if (failed != GPT_OK)
        return gpt__fail((gpt_status)failed, "attention over %zu sequences failed", count);
    return GPT_OK;
}
