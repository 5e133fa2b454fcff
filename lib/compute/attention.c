/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/attention.c: stores keys and values, and cuts the rest of the work into items, which threads take in turn: a
 * block of tokens of one head, or of a single token some heads.
 */
#include "compute/attention.h"

#include "base/memory.h"
#include "compute/attention_item.h"
#include "compute/parallel.h"

#include <stdatomic.h>

/* Query heads of one token that share a key head and are an item: where there are more, threads share them. */
#define BLOCK_HEADS 12

void gpt__attention_scratch_release(gpt__attention_scratch *scratch)
{
    gpt__release(scratch->memory);
    gpt__release(scratch->items);
    *scratch = (gpt__attention_scratch){0};
}

static int32_t smaller(int64_t a, int64_t b)
{
    return (int32_t)(a < b ? a : b);
}

static gpt_status add_item(gpt__attention_scratch *scratch, gpt__attention_item item)
{
    GPT__TRY(gpt__reserve((void **)&scratch->items, &scratch->item_capacity, scratch->item_count + 1, sizeof item));
    scratch->items[scratch->item_count++] = item;
    return GPT_OK;
}

/*
 * Key heads that an item of a single token takes. What follows in memory is read fastest, so it takes many, as long as
 * each thread gets two items or more.
 */
static int32_t heads_at_once(const gpt__attention *attention, int64_t singles, int threads)
{
    int32_t group = attention->H / attention->form.KV;
    int64_t share = attention->form.KV * singles / (2 * threads);
    int32_t most = group < GPT__ITEM_ROWS ? GPT__ITEM_ROWS / group : 1;
    return share < 1 ? 1 : smaller(share, most);
}

static gpt_status add_single(gpt__attention_scratch *scratch, const gpt__attention *attention, int32_t span,
                             int32_t heads)
{
    int32_t KV = attention->form.KV, group = attention->H / KV;
    gpt__attention_item item = {.span = span};
    if (group <= BLOCK_HEADS) {
        for (int32_t head = 0; head < KV; head += heads) {
            item.head = head * group;
            item.rows = group;
            item.key_heads = smaller(heads, KV - head);
            GPT__TRY(add_item(scratch, item));
        }
        return GPT_OK;
    }
    item.key_heads = 1;
    for (int32_t head = 0; head < attention->H; head += item.rows) {
        item.head = head;
        item.rows = smaller(BLOCK_HEADS, group - head % group);
        GPT__TRY(add_item(scratch, item));
    }
    return GPT_OK;
}

/* The last block sees the most keys: with the long items first, threads end at about the same time. */
static gpt_status add_blocks(gpt__attention_scratch *scratch, const gpt__attention *attention, int32_t span, int64_t T)
{
    for (int64_t first = (T - 1) / GPT__ITEM_ROWS * GPT__ITEM_ROWS; first >= 0; first -= GPT__ITEM_ROWS)
        for (int32_t head = 0; head < attention->H; head++)
            GPT__TRY(add_item(scratch, (gpt__attention_item){.span = span, .head = head, .first = (int32_t)first,
                                                             .rows = smaller(T - first, GPT__ITEM_ROWS),
                                                             .key_heads = 1}));
    return GPT_OK;
}

static gpt_status reserve_memory(gpt__attention_scratch *scratch, const gpt__attention *attention, int threads)
{
    scratch->bytes_per_thread = gpt__attention_item_bytes(attention);
    size_t needed = (size_t)threads * scratch->bytes_per_thread;
    if (needed <= scratch->capacity)
        return GPT_OK;
    unsigned char *memory = gpt__allocate_tensor(needed, 1);
    if (memory == NULL)
        return GPT_E_MEMORY;
    gpt__release(scratch->memory);
    scratch->memory = memory;
    scratch->capacity = needed;
    return GPT_OK;
}

gpt_status gpt__attention_plan(gpt__attention_scratch *scratch, const gpt__attention *attention,
                               const gpt__attention_span *spans, size_t count, int threads)
{
    int64_t singles = 0;
    for (size_t i = 0; i < count; i++)
        singles += spans[i].T == 1;
    int32_t heads = heads_at_once(attention, singles, threads);
    scratch->item_count = 0;
    for (size_t i = 0; i < count; i++)
        GPT__TRY(spans[i].T == 1 ? add_single(scratch, attention, (int32_t)i, heads)
                                 : add_blocks(scratch, attention, (int32_t)i, spans[i].T));
    return reserve_memory(scratch, attention, threads);
}

/* Stores the tokens of one pair of places, which bf16 keeps together; t is the first of the span. */
static void store_pair(const gpt__attention *attention, const gpt__attention_span *span, const float *qkv, int64_t t)
{
    int64_t D = (int64_t)attention->H * attention->form.K;
    int64_t width = D + 2 * (int64_t)attention->form.KV * attention->form.K;
    int64_t position = span->position + t;
    int together = position % 2 == 0 && t + 1 < span->T;
    const float *first = qkv + (span->row + t) * width + D;
    gpt__page_store(&attention->form, span->pages[position / GPT__PAGE_TOKENS] + attention->layer_offset,
                    position % GPT__PAGE_TOKENS, first, together ? first + width : NULL);
}

/* Steps of a span: pairs of places, of which the first and the last may be half. */
static int64_t steps_of(const gpt__attention_span *span)
{
    return (span->T + span->position % 2 + 1) / 2;
}

static void store_step(const gpt__attention *attention, const gpt__attention_span *span, const float *qkv,
                       int64_t step)
{
    store_pair(attention, span, qkv, step == 0 ? 0 : 2 * step - span->position % 2);
}

/* Spans of more tokens are shared by threads; of shorter ones each thread takes some. */
#define SHORT_SPAN 8

static void store_spans(const gpt__attention *attention, const gpt__attention_span *spans, size_t count,
                        const float *qkv)
{
#pragma omp parallel for schedule(static) if (count > 1)
    for (size_t i = 0; i < count; i++)
        for (int64_t step = 0; spans[i].T <= SHORT_SPAN && step < steps_of(&spans[i]); step++)
            store_step(attention, &spans[i], qkv, step);

    for (size_t i = 0; i < count; i++) {
        if (spans[i].T <= SHORT_SPAN)
            continue;
        int64_t steps = steps_of(&spans[i]);
#pragma omp parallel for schedule(static)
        for (int64_t step = 0; step < steps; step++)
            store_step(attention, &spans[i], qkv, step);
    }
}

gpt_status gpt__attention_apply(gpt__attention_scratch *scratch, const gpt__attention *attention,
                                const gpt__attention_span *spans, size_t count, const float *qkv, float *out)
{
    store_spans(attention, spans, count, qkv);

    /* A message of another thread would be lost, so the status alone comes back and the message is set here. */
    atomic_int failed = GPT_OK;
#pragma omp parallel for schedule(dynamic)
    for (size_t i = 0; i < scratch->item_count; i++) {
        unsigned char *memory = scratch->memory + scratch->bytes_per_thread * (size_t)gpt__thread_number();
        const gpt__attention_item *item = &scratch->items[i];
        gpt_status status = gpt__attention_item_compute(attention, &spans[item->span], item, qkv, out, memory);
        if (status != GPT_OK)
            atomic_store(&failed, status);
    }
    if (failed != GPT_OK)
        return gpt__fail((gpt_status)failed, "attention over %zu sequences failed", count);
    return GPT_OK;
}
