/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/attention.c: the work is cut into items, a block of query rows of one head each, which threads take in turn.
 * An item multiplies its queries with the keys page by page, takes the softmax of each row, and multiplies with the
 * values; the products are oneDNN's. Pages that causality hides from all rows of an item are never touched.
 */
#include "compute/attention.h"

#include "base/memory.h"
#include "compute/cpu.h"
#include "compute/exp.h"
#include "compute/onednn.h"
#include "compute/parallel.h"

#include <stdatomic.h>
#include <string.h>

/* Query heads of one token that an item takes at most: where many share a key head, threads share them. */
#define BLOCK_HEADS 16

/* Query rows of an item: enough for an efficient product, few enough that causality saves work. */
#define BLOCK_ROWS 32

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

size_t gpt__attention_page_floats(int32_t KV, int32_t K)
{
    return 2 * (size_t)KV * GPT__PAGE_TOKENS * (size_t)K;
}

void gpt__attention_scratch_release(gpt__attention_scratch *scratch)
{
    gpt__release(scratch->scores);
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

static gpt_status reserve_scores(gpt__attention_scratch *scratch, int threads, size_t floats_per_thread)
{
    scratch->floats_per_thread = floats_per_thread;
    size_t needed = (size_t)threads * floats_per_thread;
    if (needed <= scratch->capacity)
        return GPT_OK;
    /* Twice as much, so that a growing sequence seldom comes here. */
    float *scores = gpt__allocate_tensor(needed, 2 * sizeof(float));
    if (scores == NULL)
        return GPT_E_MEMORY;
    gpt__release(scratch->scores);
    scratch->scores = scores;
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
    return reserve_scores(scratch, threads, BLOCK_ROWS * (size_t)round_up(longest, GPT__PAGE_TOKENS));
}

/* Copies the key and value of one token, which are rows [KV, K], into its page. */
static void store_token(const gpt__attention *attention, float *page, int64_t place, const float *keys,
                        const float *values)
{
    int32_t K = attention->K;
    float *page_values = page + (size_t)attention->KV * GPT__PAGE_TOKENS * (size_t)K;
    for (int32_t head = 0; head < attention->KV; head++) {
        float *to = page + (size_t)head * GPT__PAGE_TOKENS * (size_t)K + place;
        for (int32_t i = 0; i < K; i++)
            to[(size_t)i * GPT__PAGE_TOKENS] = keys[head * K + i];
        memcpy(page_values + ((size_t)head * GPT__PAGE_TOKENS + (size_t)place) * (size_t)K, values + head * K,
               (size_t)K * sizeof(float));
    }
}

static void store_span(const gpt__attention *attention, const gpt__attention_span *span, const float *qkv)
{
    int64_t D = (int64_t)attention->H * attention->K;
    int64_t width = D + 2 * (int64_t)attention->KV * attention->K;
#pragma omp parallel for schedule(static) if (span->T > 8)
    for (int64_t t = 0; t < span->T; t++) {
        int64_t position = span->position + t;
        float *page = span->pages[position / GPT__PAGE_TOKENS] + attention->layer_offset;
        const float *keys = qkv + (span->row + t) * width + D;
        store_token(attention, page, position % GPT__PAGE_TOKENS, keys, keys + (int64_t)attention->KV * attention->K);
    }
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
    float most = sink != NULL ? *sink : scores[begin];
    for (int64_t i = begin; i < end; i++)
        most = scores[i] > most ? scores[i] : most;
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

static gpt_status compute_item(const gpt__attention *attention, const gpt__attention_span *span,
                               const gpt__attention_item *item, const float *qkv, float *out, float *scores)
{
    int64_t K = attention->K;
    int64_t D = attention->H * K;
    int64_t width = D + 2 * attention->KV * K;
    int64_t row = span->row + item->first;
    int64_t keys = span->position + (span->T == 1 ? 1 : item->first + item->rows);
    /* Pages that no row of the item sees are passed over. */
    int64_t begin = first_visible(attention, span->position + item->first) / GPT__PAGE_TOKENS * GPT__PAGE_TOKENS;
    int64_t stride = round_up(keys - begin, GPT__PAGE_TOKENS);
    /* Heads of one token are K apart, tokens of one head a whole row. */
    int64_t q_stride = span->T == 1 ? K : width;
    int64_t out_stride = span->T == 1 ? K : D;
    size_t head_offset = attention->layer_offset +
                         (size_t)(item->head / (attention->H / attention->KV)) * GPT__PAGE_TOKENS * (size_t)K;
    size_t values_offset = head_offset + (size_t)attention->KV * GPT__PAGE_TOKENS * (size_t)K;

    for (int64_t first = begin; first < keys; first += GPT__PAGE_TOKENS) {
        int64_t n = keys - first < GPT__PAGE_TOKENS ? keys - first : GPT__PAGE_TOKENS;
        const float *page = span->pages[first / GPT__PAGE_TOKENS];
        GPT__TRY(gpt__sgemm(item->rows, n, K, attention->scale, qkv + row * width + item->head * K, q_stride,
                            page + head_offset, GPT__PAGE_TOKENS, 0.0f, scores + first - begin, stride));
    }
    softmax_rows(attention, span, item, scores, stride, begin, keys);
    for (int64_t first = begin; first < keys; first += GPT__PAGE_TOKENS) {
        int64_t n = keys - first < GPT__PAGE_TOKENS ? keys - first : GPT__PAGE_TOKENS;
        const float *page = span->pages[first / GPT__PAGE_TOKENS];
        GPT__TRY(gpt__sgemm(item->rows, K, n, 1.0f, scores + first - begin, stride, page + values_offset, K,
                            first > begin ? 1.0f : 0.0f, out + row * D + item->head * K, out_stride));
    }
    return GPT_OK;
}

gpt_status gpt__attention_apply(gpt__attention_scratch *scratch, const gpt__attention *attention,
                                const gpt__attention_span *spans, size_t count, const float *qkv, float *out)
{
    for (size_t i = 0; i < count; i++)
        store_span(attention, &spans[i], qkv);

    /* A message of another thread would be lost, so the status alone comes back and the message is set here. */
    atomic_int failed = GPT_OK;
#pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < scratch->item_count; i++) {
        const gpt__attention_item *item = &scratch->items[i];
        float *scores = scratch->scores + scratch->floats_per_thread * (size_t)gpt__thread_number();
        gpt_status status = compute_item(attention, &spans[item->span], item, qkv, out, scores);
        if (status != GPT_OK)
            atomic_store(&failed, status);
    }
    if (failed != GPT_OK)
        return gpt__fail((gpt_status)failed, "attention over %zu sequences failed", count);
    return GPT_OK;
}
