/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/attention_item.c: an item goes through the keys of its span part by part: it multiplies the queries with the
 * keys, makes shares of the scores, multiplies these with the values, and adds that up (Dao et al., "FlashAttention",
 * 2022). Pages that causality or a window hides from all rows are never touched. The products are those of
 * compute/panels.h, or oneDNN's where the processor has no panels.
 *
 * Letters: K values of a head, D values of all query heads.
 */
#include "compute/attention_item.h"

#include "base/bytes.h"
#include "compute/cpu.h"
#include "compute/onednn.h"
#include "compute/round.h"
#include "compute/softmax.h"

#include <math.h>

/*
 * Keys of a part. Many cost less for each row. Parts begin at the same positions for all items, so that a token gets
 * the same sums alone and in a block.
 */
#define PART_TOKENS (4 * GPT__PAGE_TOKENS)

/* What a thread needs for an item: parts of its memory. */
typedef struct workspace {
    float *scores;    /* [ITEM_ROWS, PART_TOKENS] with one key head; for int8 keys int32_t, until they are scaled */
    uint16_t *shares; /* the same, rounded for products that take them as bf16 */
    float *columns;   /* [ITEM_ROWS, 64] of a product whose columns have no room for a whole panel */
    uint16_t *values; /* [PAGE_TOKENS / 2, K, 2]: values of int8 that were widened */
    void *queries;    /* [ITEM_ROWS, K] as products with keys take them */
} workspace;

#define SCORES (GPT__ITEM_ROWS * PART_TOKENS)
#define COLUMNS (GPT__ITEM_ROWS * GPT__PANEL_WIDTH)

size_t gpt__attention_item_bytes(const gpt__attention *attention)
{
    size_t queries = GPT__ITEM_ROWS * (size_t)attention->form.K * sizeof(float);
    return SCORES * (sizeof(float) + sizeof(uint16_t)) + COLUMNS * sizeof(float) +
           GPT__PAGE_TOKENS * (size_t)attention->form.K * sizeof(uint16_t) + (queries + 63) / 64 * 64;
}

static workspace workspace_in(const gpt__attention *attention, unsigned char *memory)
{
    workspace w = {.scores = (float *)(void *)memory};
    w.columns = w.scores + SCORES;
    w.shares = (uint16_t *)(void *)(w.columns + COLUMNS);
    w.values = w.shares + SCORES;
    w.queries = w.values + GPT__PAGE_TOKENS * (int64_t)attention->form.K;
    return w;
}

/* An item, with what is computed from it. */
typedef struct task {
    const gpt__attention *attention;
    const gpt__attention_span *span;
    const gpt__attention_item *item;
    workspace work;
    gpt__panel_form values; /* of products with values: those of int8 are widened to bf16 before, for many rows */
    float *out;         /* of the first row */
    int64_t out_stride; /* from row to row */
    float query_scales[GPT__ITEM_ROWS]; /* for int8 */
    gpt__softmax softmax[GPT__ITEM_ROWS];
} task;

/* Keys and values of one key head that are worked on together: whole pages, but at the end. */
typedef struct part {
    int32_t number;   /* of the key head in the item */
    int64_t position; /* of the first token, at the begin of a page */
    int64_t count;    /* of tokens */
    int adds;         /* to what parts before have given */
    const unsigned char *next; /* the keys of the part that follows, when memory is to be asked for them, or NULL */
} part;

static int is_single(const task *t)
{
    return t->span->T == 1;
}

static int32_t row_count(const task *t)
{
    return t->item->rows * t->item->key_heads;
}

GPT__CPU_CLONES
static void scale_to(float *restrict out, const float *restrict values, float scale, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = values[i] * scale;
}

static void scale_to_bf16(uint16_t *out, const float *values, float scale, int64_t count)
{
    enum { PIECE = 128 };
    float piece[PIECE];
    for (int64_t i = 0; i < count; i += PIECE) {
        int64_t length = count - i < PIECE ? count - i : PIECE;
        scale_to(piece, values + i, scale, length);
        gpt__round_to_bf16(out + i, piece, length);
    }
}

GPT__CPU_CLONES
static void scale_row(float *values, float factor, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        values[i] *= factor;
}

GPT__CPU_CLONES
static void multiply_by(float *restrict values, const float *restrict factors, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        values[i] *= factors[i];
}

/* scores = (whole numbers - offsets) * scale * scales, in place. */
GPT__CPU_CLONES
static void scale_scores(float *scores, const int32_t *offsets, float scale, const float *scales, int64_t count)
{
    const int32_t *whole = (const int32_t *)(const void *)scores;
    for (int64_t i = 0; i < count; i++)
        scores[i] = (float)(whole[i] - offsets[i]) * (scale * scales[i]);
}

static void load_query(task *t, int32_t row, const float *query)
{
    int64_t K = t->attention->form.K, at = row * K;
    float scale = t->attention->scale;
    if (t->attention->form.keys == GPT__PANEL_INT8)
        t->query_scales[row] = scale * gpt__round_to_uint8((uint8_t *)t->work.queries + at, query, K);
    else if (t->attention->form.keys == GPT__PANEL_BF16)
        scale_to_bf16((uint16_t *)t->work.queries + at, query, scale, K);
    else
        scale_to((float *)t->work.queries + at, query, scale, K);
}

/* From so many rows on, widening once for all of them pays. */
#define MANY_ROWS 12

static gpt__panel_form form_of_values(const task *t)
{
    gpt__panel_form form = t->attention->form.values;
    return form == GPT__PANEL_INT8_BF16 && t->item->rows >= MANY_ROWS ? GPT__PANEL_BF16 : form;
}

static int takes_bf16(const task *t)
{
    return t->values == GPT__PANEL_BF16 || t->values == GPT__PANEL_INT8_BF16;
}

/* Heads of one token are K apart, tokens of one head a whole row. */
static void begin(task *t, const float *qkv, float *out)
{
    const gpt__attention *a = t->attention;
    t->values = form_of_values(t);
    int64_t K = a->form.K, D = a->H * K, width = D + 2 * (int64_t)a->form.KV * K;
    int64_t row = t->span->row + t->item->first, head = t->item->head * K;
    t->out = out + row * D + head;
    t->out_stride = is_single(t) ? K : D;
    for (int32_t r = 0; r < row_count(t); r++) {
        load_query(t, r, qkv + row * width + head + r * (is_single(t) ? K : width));
        const float *sink = a->sinks != NULL ? &a->sinks[t->item->head + (is_single(t) ? r : 0)] : NULL;
        t->softmax[r] = sink != NULL ? (gpt__softmax){*sink, 1} : (gpt__softmax){-INFINITY, 0};
    }
}

/* The position of a row's token. */
static int64_t position_of(const task *t, int32_t row)
{
    return t->span->position + (is_single(t) ? 0 : t->item->first + row);
}

/* The first position that the token at a position sees. */
static int64_t first_visible(const gpt__attention *attention, int64_t position)
{
    int64_t hidden = attention->window > 0 ? position + 1 - attention->window : 0;
    return hidden > 0 ? hidden : 0;
}

static int64_t clamp(int64_t value, int64_t most)
{
    return value < 0 ? 0 : value < most ? value : most;
}

/* What the page of a position has of the item's key head of that number. */
static gpt__page_head head_at(const task *t, int64_t position, int32_t number)
{
    const gpt__attention *a = t->attention;
    int32_t group = a->H / a->form.KV;
    return gpt__page_head_at(&a->form, t->span->pages[position / GPT__PAGE_TOKENS] + a->layer_offset,
                             t->item->head / group + number);
}

/* The first row of a part's head. */
static int32_t first_row(const task *t, const part *p)
{
    return p->number * t->item->rows;
}

/* What is read after the keys of a part's page, when memory is to be asked for it: the next keys, or the values. */
static const unsigned char *after_keys(const task *t, const part *p, int64_t at)
{
    if (!is_single(t))
        return NULL;
    if (at + GPT__PAGE_TOKENS < p->count)
        return head_at(t, p->position + at + GPT__PAGE_TOKENS, p->number).keys;
    return head_at(t, p->position, p->number).values;
}

/* The same for the values: the next ones, or the keys of the next part. */
static const unsigned char *after_values(const task *t, const part *p, int64_t at)
{
    if (!is_single(t) || at + GPT__PAGE_TOKENS >= p->count)
        return p->next;
    return head_at(t, p->position + at + GPT__PAGE_TOKENS, p->number).values;
}

/* A page of a part that is scored. */
typedef struct scored_page {
    gpt__page_head head;
    int64_t count; /* of keys */
    float *scores; /* with the first of them */
    const unsigned char *next; /* memory that is read after the keys, or NULL */
} scored_page;

/* Scores with the keys of a block of a page, which are count from the place first on. */
static gpt_status score_block(const task *t, const part *p, const scored_page *page, int64_t first, int64_t count)
{
    const gpt__page_form *form = &t->attention->form;
    float *scores = page->scores + first;
    int64_t key_bytes = form->K * (int64_t)gpt__panel_weight_size(form->keys), offset = first * key_bytes;
    const char *queries = (const char *)t->work.queries +
                          (size_t)(first_row(t, p) * form->K) * gpt__panel_input_size(form->keys);
    if (!gpt__panels_supported(form->keys))
        return gpt__sgemm(t->item->rows, count, form->K, 1.0f, (const float *)(const void *)queries, form->K,
                          (const float *)(const void *)(page->head.keys + offset), form->block, 0.0f, scores,
                          PART_TOKENS);
    gpt__panel panel = {.form = form->keys, .data = page->head.keys + offset,
                        .step = form->block * gpt__panel_group(form->keys), .K = form->K};
    if (page->next != NULL) {
        panel.next = page->next + offset;
        panel.next_bytes = form->block * key_bytes;
    }
    gpt__panel_multiply(scores, PART_TOKENS, 0, &panel, queries, form->K, t->item->rows);
    return GPT_OK;
}

/* The scales of a page come while its keys are multiplied. */
static void ask_scales(const gpt__page_form *form, const gpt__page_head *head)
{
    size_t bytes = form->head_bytes - form->key_bytes - form->value_bytes;
    for (size_t i = 0; i < bytes; i += 64)
        __builtin_prefetch((const char *)head->key_scales + i);
}

static gpt_status score_page(const task *t, const part *p, const scored_page *page)
{
    const gpt__page_form *form = &t->attention->form;
    ask_scales(form, &page->head);
    for (int64_t first = 0; first < page->count; first += form->block)
        GPT__TRY(score_block(t, p, page, first, clamp(page->count - first, form->block)));
    for (int32_t r = 0; form->keys == GPT__PANEL_INT8 && r < t->item->rows; r++)
        scale_scores(page->scores + r * PART_TOKENS, page->head.key_offsets, t->query_scales[first_row(t, p) + r],
                     page->head.key_scales, page->count);
    return GPT_OK;
}

static gpt_status score(const task *t, const part *p)
{
    for (int64_t at = 0; at < p->count; at += GPT__PAGE_TOKENS) {
        const scored_page page = {
            .head = head_at(t, p->position + at, p->number),
            .count = clamp(p->count - at, GPT__PAGE_TOKENS),
            .scores = t->work.scores + at,
            .next = after_keys(t, p, at),
        };
        GPT__TRY(score_page(t, p, &page));
    }
    return GPT_OK;
}

/* Multiplies the shares of visible keys [first, end) of a part with the scales of their values. */
static void scale_shares(const task *t, const part *p, float *shares, int64_t first, int64_t end)
{
    for (int64_t next; first < end; first = next) {
        int64_t place = first % GPT__PAGE_TOKENS;
        next = first - place + GPT__PAGE_TOKENS;
        multiply_by(shares + first, head_at(t, p->position + first, p->number).value_scales + place,
                    (next < end ? next : end) - first);
    }
}

/* Scores of one row become shares, as the product with the values takes them; what is in out keeps its weight. */
static void share_row(task *t, const part *p, int32_t r)
{
    float *scores = t->work.scores + r * PART_TOKENS;
    int32_t row = first_row(t, p) + r;
    int64_t position = position_of(t, r);
    int64_t first = clamp(first_visible(t->attention, position) - p->position, p->count);
    int64_t end = clamp(position + 1 - p->position, p->count);
    float factor = gpt__softmax_add(&t->softmax[row], scores, first, end, p->count);
    if (factor != 1.0f && p->adds)
        scale_row(t->out + row * t->out_stride, factor, t->attention->form.K);
    if (t->attention->form.keys == GPT__PANEL_INT8)
        scale_shares(t, p, scores, first, end);
    if (takes_bf16(t))
        gpt__round_to_bf16(t->work.shares + r * PART_TOKENS, scores, (p->count + 1) / 2 * 2);
}

/* A product of shares with values of one page, from one row of out on. */
typedef struct value_product {
    const void *shares;
    const unsigned char *values;
    int64_t count; /* of tokens */
    int adds;
    float *out;
    const unsigned char *next; /* memory that is read after the values, or NULL */
} value_product;

/* The columns from n on, at most 64. */
static void multiply_columns(const task *t, const value_product *p, int64_t n)
{
    const gpt__page_form *form = &t->attention->form;
    int64_t group = gpt__panel_group(t->values), rows = t->item->rows, count = form->K - n;
    gpt__panel panel = {.form = t->values, .data = p->values + (size_t)n * gpt__panel_column_size(t->values),
                        .step = form->K * group, .K = (p->count + group - 1) / group * group};
    if (p->next != NULL) {
        panel.next = p->next + (int64_t)form->value_bytes * n / form->K;
        panel.next_bytes = (int64_t)form->value_bytes * clamp(count, GPT__PANEL_WIDTH) / form->K;
    }
    if (count >= GPT__PANEL_WIDTH) {
        gpt__panel_multiply(p->out + n, t->out_stride, p->adds, &panel, p->shares, PART_TOKENS, rows);
        return;
    }
    /* A panel writes 64 columns, which would be those of other heads. */
    gpt__panel_multiply(t->work.columns, GPT__PANEL_WIDTH, 0, &panel, p->shares, PART_TOKENS, rows);
    for (int64_t r = 0; r < rows; r++)
        for (int64_t i = 0; i < count; i++) {
            float *to = p->out + r * t->out_stride + n + i;
            *to = (p->adds ? *to : 0) + t->work.columns[r * GPT__PANEL_WIDTH + i];
        }
}

static gpt_status multiply_page(const task *t, const value_product *p)
{
    const gpt__page_form *form = &t->attention->form;
    if (!gpt__panels_supported(t->values))
        return gpt__sgemm(t->item->rows, form->K, p->count, 1.0f, p->shares, PART_TOKENS,
                          (const float *)(const void *)p->values, form->K, p->adds ? 1.0f : 0.0f, p->out,
                          t->out_stride);
    for (int64_t n = 0; n < form->K; n += GPT__PANEL_WIDTH)
        multiply_columns(t, p, n);
    return GPT_OK;
}

/* out [count] = whole numbers of two tokens side by side, as bf16, which holds them exactly: half of an f32. */
GPT__CPU_CLONES
static void widen_pairs(uint32_t *restrict out, const int8_t *restrict first, const int8_t *restrict second,
                        int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = gpt__bits_from_float(first[i]) >> 16 | (gpt__bits_from_float(second[i]) & 0xFFFF0000);
}

/* The values of count tokens of a page, as the products take them. */
static const unsigned char *prepare_values(const task *t, const gpt__page_head *head, int64_t count)
{
    const int8_t *values = (const int8_t *)head->values;
    int64_t K = t->attention->form.K;
    if (t->values == t->attention->form.values)
        return head->values;
    for (int64_t i = 0; i < count; i += 2)
        widen_pairs((uint32_t *)(void *)(t->work.values + i * K), values + i * K, values + (i + 1) * K, K);
    return (const unsigned char *)t->work.values;
}

/* out += shares * values. */
static gpt_status add_values(const task *t, const part *p)
{
    for (int64_t at = 0; at < p->count; at += GPT__PAGE_TOKENS) {
        const gpt__page_head head = head_at(t, p->position + at, p->number);
        int64_t count = clamp(p->count - at, GPT__PAGE_TOKENS);
        const value_product product = {
            .shares = takes_bf16(t) ? (const void *)(t->work.shares + at) : t->work.scores + at,
            .values = prepare_values(t, &head, count),
            .count = count,
            .adds = p->adds || at > 0,
            .out = t->out + first_row(t, p) * t->out_stride,
            .next = after_values(t, p, at),
        };
        GPT__TRY(multiply_page(t, &product));
    }
    return GPT_OK;
}

/*
 * The keys behind a part, which ends before the key end. Single tokens wait for memory, so that it is asked for what
 * comes next while they work on something.
 */
static const unsigned char *next_keys(const task *t, const part *p, int64_t end)
{
    if (!is_single(t))
        return NULL;
    if (p->number + 1 < t->item->key_heads)
        return head_at(t, p->position, p->number + 1).keys;
    return p->position + p->count < end ? head_at(t, p->position + p->count, 0).keys : NULL;
}

/* The keys from a part's position on, up to end, for one key head of the item's after the other. */
static gpt_status attend(task *t, part *p, int64_t end)
{
    p->count = clamp(end - p->position, PART_TOKENS - p->position % PART_TOKENS);
    for (p->number = 0; p->number < t->item->key_heads; p->number++) {
        p->next = next_keys(t, p, end);
        GPT__TRY(score(t, p));
        for (int32_t r = 0; r < t->item->rows; r++)
            share_row(t, p, r);
        GPT__TRY(add_values(t, p));
    }
    return GPT_OK;
}

gpt_status gpt__attention_item_compute(const gpt__attention *attention, const gpt__attention_span *span,
                                       const gpt__attention_item *item, const float *qkv, float *out,
                                       unsigned char *memory)
{
    task t = {.attention = attention, .span = span, .item = item, .work = workspace_in(attention, memory)};
    begin(&t, qkv, out);
    int64_t end = span->position + (is_single(&t) ? 1 : item->first + item->rows);
    int64_t first = first_visible(attention, position_of(&t, 0)) / GPT__PAGE_TOKENS * GPT__PAGE_TOKENS;
    for (part p = {.position = first}; p.position < end; p.position += p.count) {
        p.adds = p.position > first;
        GPT__TRY(attend(&t, &p, end));
    }
    for (int32_t r = 0; r < row_count(&t); r++)
        scale_row(t.out + r * t.out_stride, 1.0f / t.softmax[r].total, attention->form.K);
    return GPT_OK;
}
