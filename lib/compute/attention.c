/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/attention.c: the work is cut into items, a block of query rows of one head each, which threads take in turn.
 * An item multiplies its queries with the keys page by page, takes the exponentials of each row, multiplies them with
 * the values, and divides by the row's sum: softmax, with fewer divisions. Pages that causality or a window hides from
 * all rows of an item are never touched. The products are ours where the processor has kernels for panels, else
 * oneDNN's.
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

#include <math.h>
#include <stdatomic.h>
#include <string.h>

/* Query heads of one token that an item takes at most: where many share a key head, threads share them. */
#define BLOCK_HEADS 12

/* Items of single tokens that a thread takes at a time: it reads them one after the other. */
#define CHUNK_ITEMS 12

/* Query rows of an item: enough for an efficient product, few enough that causality saves work. */
#define BLOCK_ROWS 24

/* With up to so many rows, a product waits for memory. */
#define FEW_ROWS 6

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

/* Of single tokens there are many short items, and threads still get several shares each; else it is one by one. */
static int chunk_of(size_t items, int64_t most_tokens, int threads)
{
    if (most_tokens > 1)
        return 1;
    size_t chunk = items / (2 * (size_t)threads);
    return chunk < 1 ? 1 : chunk > CHUNK_ITEMS ? CHUNK_ITEMS : (int)chunk;
}

gpt_status gpt__attention_plan(gpt__attention_scratch *scratch, const gpt__attention *attention,
                               const gpt__attention_span *spans, size_t count, int threads)
{
    int64_t longest = 0, most_tokens = 0;
    scratch->item_count = 0;
    for (size_t i = 0; i < count; i++) {
        int64_t keys = spans[i].position + spans[i].T;
        longest = keys > longest ? keys : longest;
        most_tokens = spans[i].T > most_tokens ? spans[i].T : most_tokens;
        GPT__TRY(add_items(scratch, attention, (int32_t)i, spans[i].T));
    }
    scratch->chunk = chunk_of(scratch->item_count, most_tokens, threads);
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

/* Steps of a span: pairs of places, of which the first and the last may be half. */
static int64_t steps_of(const gpt__attention_span *span)
{
    return (span->T + span->position % 2 + 1) / 2;
}

static void store_one(const gpt__attention_scratch *scratch, const gpt__attention *attention,
                      const gpt__attention_span *span, const float *qkv, int64_t step)
{
    void *pairs = scratch->memory + scratch->bytes_per_thread * (size_t)gpt__thread_number();
    store_step(attention, span, qkv, step == 0 ? 0 : 2 * step - span->position % 2, pairs);
}

/* Spans of more tokens are shared by threads; of shorter ones each thread takes some. */
#define SHORT_SPAN 8

static void store_spans(const gpt__attention_scratch *scratch, const gpt__attention *attention,
                        const gpt__attention_span *spans, size_t count, const float *qkv)
{
#pragma omp parallel for schedule(static) if (count > 1)
    for (size_t i = 0; i < count; i++)
        for (int64_t step = 0; spans[i].T <= SHORT_SPAN && step < steps_of(&spans[i]); step++)
            store_one(scratch, attention, &spans[i], qkv, step);

    for (size_t i = 0; i < count; i++) {
        int64_t steps = spans[i].T > SHORT_SPAN ? steps_of(&spans[i]) : 0;
#pragma omp parallel for schedule(static) if (steps > 0)
        for (int64_t step = 0; step < steps; step++)
            store_one(scratch, attention, &spans[i], qkv, step);
    }
}

/* Scores are looked at in blocks of so many, of which rows hold whole ones. */
#define BLOCK_SCORES 16

/* The largest of the scores [begin, end), whole blocks. */
GPT__CPU_CLONES
static float largest(const float *scores, int64_t begin, int64_t end)
{
    float lanes[BLOCK_SCORES];
    for (int j = 0; j < BLOCK_SCORES; j++)
        lanes[j] = scores[begin + j];
    for (int64_t i = begin + BLOCK_SCORES; i < end; i += BLOCK_SCORES)
        for (int j = 0; j < BLOCK_SCORES; j++)
            lanes[j] = scores[i + j] > lanes[j] ? scores[i + j] : lanes[j];
    for (int half = BLOCK_SCORES / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++)
            lanes[j] = lanes[j + half] > lanes[j] ? lanes[j + half] : lanes[j];
    return lanes[0];
}

static inline __attribute__((always_inline)) float sum_of(const float *lanes)
{
    float half[BLOCK_SCORES / 2], total = 0;
    for (int j = 0; j < BLOCK_SCORES / 2; j++)
        half[j] = lanes[j] + lanes[j + BLOCK_SCORES / 2];
    for (int j = 0; j < BLOCK_SCORES / 2; j++)
        total += half[j];
    return total;
}

/* e^(score - most) for the scores [begin, end), whole blocks, in place; returns their sum. */
GPT__CPU_CLONES
static float exponentiate(float *scores, int64_t begin, int64_t end, float most)
{
    float lanes[BLOCK_SCORES] = {0};
    for (int64_t i = begin; i < end; i += BLOCK_SCORES)
        for (int j = 0; j < BLOCK_SCORES; j++) {
            scores[i + j] = gpt__exp_negative(scores[i + j] - most);
            lanes[j] += scores[i + j];
        }
    return sum_of(lanes);
}

/* Zeros for what lies outside [begin, end), up to count. */
static void hide(void *weights, size_t size, int64_t begin, int64_t end, int64_t count)
{
    memset(weights, 0, (size_t)begin * size);
    memset((char *)weights + (size_t)end * size, 0, (size_t)(count - end) * size);
}

/*
 * Scores of one row become weights: e^(score - the largest) for the visible keys [begin, end), 0 for the other ones up
 * to keys and the end of their block. Returns what their sum must be divided by to make a softmax of it: their own sum,
 * with that of the sink where there is one. (Weights of type f32 are the scores themselves.)
 */
static float weigh_row(gpt_dtype type, void *weights, float *scores, int64_t begin, int64_t end, int64_t keys,
                       const float *sink)
{
    int64_t from = begin / BLOCK_SCORES * BLOCK_SCORES, to = round_up(end, BLOCK_SCORES);
    for (int64_t i = from; i < begin; i++)
        scores[i] = -INFINITY;
    for (int64_t i = end; i < to; i++)
        scores[i] = -INFINITY;
    float most = largest(scores, from, to);
    most = sink != NULL && *sink > most ? *sink : most;
    float total = exponentiate(scores, from, to, most);
    if (type == GPT_DTYPE_BF16)
        store_scaled_bf16((uint16_t *)weights + from, scores + from, 1.0f, to - from);
    hide(weights, gpt__dtype_size(type), from, to, round_up(keys, BLOCK_SCORES));
    return sink != NULL ? total + gpt__exp_negative(*sink - most) : total;
}

/* The first position that the token at a position sees. */
static int64_t first_visible(const gpt__attention *attention, int64_t position)
{
    int64_t hidden = attention->window > 0 ? position + 1 - attention->window : 0;
    return hidden > 0 ? hidden : 0;
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
    size_t bytes = (size_t)(n * gpt__panel_group(p->type)) * gpt__dtype_size(p->type);
    const gpt__panel panel = {.type = p->type, .data = p->B + bytes, .step = p->step, .K = p->I};
    int64_t count = p->N - n < GPT__PANEL_WIDTH ? p->N - n : GPT__PANEL_WIDTH;
    if (has_room || count == GPT__PANEL_WIDTH) {
        gpt__panel_multiply(p->out + n, p->out_stride, p->adds, &panel, p->A, p->a_stride, p->M);
        return;
    }
    gpt__panel_multiply(p->columns, GPT__PANEL_WIDTH, 0, &panel, p->A, p->a_stride, p->M);
    for (int64_t m = 0; m < p->M; m++)
        for (int64_t i = 0; i < count; i++) {
            float *to = p->out + m * p->out_stride + n + i;
            *to = (p->adds ? *to : 0) + p->columns[m * GPT__PANEL_WIDTH + i];
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
    float totals[BLOCK_ROWS];
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

static void prefetch_bytes(const unsigned char *at, size_t bytes)
{
    for (size_t i = 0; i < bytes; i += 64)
        __builtin_prefetch(at + i, 0, 2);
}

/* Tokens of the page of a position that are looked at. */
static int64_t tokens_in_page(const task *t, int64_t position)
{
    return t->keys - position < GPT__PAGE_TOKENS ? t->keys - position : GPT__PAGE_TOKENS;
}

/*
 * Ask for the keys, or the values, of the item's head in the page of a position. With few rows a product waits for
 * memory, and the next of these lie where the processor does not guess them.
 */
static void prefetch_keys(const task *t, int64_t position)
{
    const gpt__attention *a = t->attention;
    const unsigned char *at = page_of(t, position, 0);
    size_t token = (size_t)gpt__panel_group(a->type) * gpt__dtype_size(a->type);
    size_t used = (size_t)round_up(tokens_in_page(t, position), GPT__PANEL_WIDTH) * token;
    for (size_t i = 0; i < head_bytes(a->type, a->K); i += GPT__PAGE_TOKENS * token)
        prefetch_bytes(at + i, used);
}

static void prefetch_values(const task *t, int64_t position)
{
    const gpt__attention *a = t->attention;
    size_t bytes = (size_t)(tokens_in_page(t, position) * a->K) * gpt__dtype_size(a->type);
    prefetch_bytes(page_of(t, position, 1), bytes);
}

static gpt_status multiply_keys(const task *t)
{
    const gpt__attention *a = t->attention;
    product p = {.type = a->type, .M = t->item->rows, .I = a->K, .A = t->work.queries, .a_stride = a->K,
                 .step = GPT__PAGE_TOKENS * gpt__panel_group(a->type), .out_stride = t->stride};
    for (int64_t first = t->begin; first < t->keys; first += GPT__PAGE_TOKENS) {
        p.N = t->keys - first < GPT__PAGE_TOKENS ? t->keys - first : GPT__PAGE_TOKENS;
        p.B = page_of(t, first, 0);
        if (p.M <= FEW_ROWS && first + GPT__PAGE_TOKENS < t->keys)
            prefetch_keys(t, first + GPT__PAGE_TOKENS);
        else if (p.M <= FEW_ROWS)
            prefetch_values(t, t->begin);
        p.out = t->work.scores + first - t->begin;
        GPT__TRY(multiply(&p, 1));
    }
    return GPT_OK;
}

/* Weights of all rows, with what each row of their products with the values must be divided by. */
static void weigh_rows(task *t)
{
    const gpt__attention *a = t->attention;
    for (int32_t r = 0; r < t->item->rows; r++) {
        int32_t head = t->span->T == 1 ? t->item->head + r : t->item->head;
        int64_t position = t->span->position + (t->span->T == 1 ? 0 : t->item->first + r);
        char *weights = (char *)t->work.weights + (size_t)(r * t->stride) * gpt__dtype_size(a->type);
        t->totals[r] = weigh_row(a->type, weights, t->work.scores + r * t->stride,
                                 first_visible(a, position) - t->begin, position + 1 - t->begin, t->keys - t->begin,
                                 a->sinks != NULL ? &a->sinks[head] : NULL);
    }
}

static void divide_rows(const task *t, float *out, int64_t stride)
{
    int64_t K = t->attention->K;
    for (int32_t r = 0; r < t->item->rows; r++) {
        float inverse = 1.0f / t->totals[r];
        for (int64_t i = 0; i < K; i++)
            out[r * stride + i] *= inverse;
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
        if (p.M <= FEW_ROWS && first + GPT__PAGE_TOKENS < t->keys)
            prefetch_values(t, first + GPT__PAGE_TOKENS);
        p.adds = first > t->begin;
        GPT__TRY(multiply(&p, 0));
    }
    divide_rows(t, p.out, p.out_stride);
    return GPT_OK;
}

static task task_of(const gpt__attention *attention, const gpt__attention_span *spans,
                    const gpt__attention_item *item)
{
    const gpt__attention_span *span = &spans[item->span];
    task t = {.attention = attention, .span = span, .item = item};
    t.keys = span->position + (span->T == 1 ? 1 : item->first + item->rows);
    t.begin = first_visible(attention, span->position + item->first) / GPT__PAGE_TOKENS * GPT__PAGE_TOKENS;
    t.stride = round_up(t.keys - t.begin, GPT__PAGE_TOKENS);
    return t;
}

/* Asks for the first keys of an item that comes next. */
static void prefetch_task(const gpt__attention *attention, const gpt__attention_span *spans,
                          const gpt__attention_item *item)
{
    if (item->rows > FEW_ROWS)
        return;
    task t = task_of(attention, spans, item);
    prefetch_keys(&t, t.begin);
}

static gpt_status compute(task *t, const float *qkv, float *out, unsigned char *memory)
{
    t->work = workspace_at(t->attention, memory, (size_t)t->stride);
    load_queries(t, qkv);
    GPT__TRY(multiply_keys(t));
    weigh_rows(t);
    return multiply_values(t, out);
}

gpt_status gpt__attention_apply(gpt__attention_scratch *scratch, const gpt__attention *attention,
                                const gpt__attention_span *spans, size_t count, const float *qkv, float *out)
{
    store_spans(scratch, attention, spans, count, qkv);

    /* A message of another thread would be lost, so the status alone comes back and the message is set here. */
    atomic_int failed = GPT_OK;
#pragma omp parallel for schedule(dynamic, scratch->chunk)
    for (size_t i = 0; i < scratch->item_count; i++) {
        unsigned char *memory = scratch->memory + scratch->bytes_per_thread * (size_t)gpt__thread_number();
        task t = task_of(attention, spans, &scratch->items[i]);
        if (i + 1 < scratch->item_count)
            prefetch_task(attention, spans, &scratch->items[i + 1]);
        gpt_status status = compute(&t, qkv, out, memory);
        if (status != GPT_OK)
            atomic_store(&failed, status);
    }
    if (failed != GPT_OK)
        return gpt__fail((gpt_status)failed, "attention over %zu sequences failed", count);
    return GPT_OK;
}
