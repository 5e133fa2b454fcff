/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/attention.h: causal multi-head attention over keys and values that lie in pages (Vaswani et al., "Attention
 * Is All You Need", 2017; pages after Kwon et al., 2023).
 *
 * Letters: T tokens of a span, H query heads, KV key and value heads (H is a multiple of KV), K values of a head.
 */
#ifndef GPT__COMPUTE_ATTENTION_H
#define GPT__COMPUTE_ATTENTION_H

#include "base/error.h"

#include <gpt/model.h>

/* Tokens of a page. More make each product larger, and waste more at the end of each sequence. */
#define GPT__PAGE_TOKENS 128

/*
 * The type in which keys and values are kept for a model whose products are of dtype: bf16 halves what attention must
 * read, where the products are of no finer type and this processor has kernels for it; else f32.
 */
gpt_dtype gpt__attention_cache_type(gpt_dtype dtype, int32_t K);

/*
 * The bytes of a page that belong to one layer: keys [KV, K / g, GPT__PAGE_TOKENS, g], then values
 * [KV, GPT__PAGE_TOKENS / g, K, g], where g is gpt__panel_group of the type: both lie as the products with them read
 * them, queries with keys and weights with values. Behind them is room for reads past the end.
 */
size_t gpt__attention_page_bytes(gpt_dtype type, int32_t KV, int32_t K);

/* What is the same for all spans of a layer. */
typedef struct gpt__attention {
    gpt_dtype type; /* of keys and values: f32 or bf16 */
    int32_t H, KV, K;
    float scale;         /* of the scores */
    int64_t window;      /* a token sees itself and so many before it, less one; 0: all before it */
    const float *sinks;  /* [H] scores that take part in each head's softmax and have no value, or NULL */
    size_t layer_offset; /* bytes from a page's begin to this layer's part */
} gpt__attention;

/* Tokens of one sequence that are computed together. */
typedef struct gpt__attention_span {
    unsigned char *const *pages; /* of the sequence, with room for position + T tokens */
    int64_t position;    /* of the first token: so many come before it */
    int64_t T;
    int64_t row; /* of the first token, in qkv and out */
} gpt__attention_span;

/* Memory of one generator. Begins as {0}. */
typedef struct gpt__attention_scratch {
    unsigned char *memory; /* [threads, bytes_per_thread] */
    size_t capacity;
    size_t bytes_per_thread;
    struct gpt__attention_item *items;
    size_t item_count;
    size_t item_capacity;
    int chunk; /* items that a thread takes at a time */
} gpt__attention_scratch;

void gpt__attention_scratch_release(gpt__attention_scratch *scratch);

/* Lays out the work for these spans, which then is the same for each layer. threads is the most that will work. */
gpt_status gpt__attention_plan(gpt__attention_scratch *scratch, const gpt__attention *attention,
                               const gpt__attention_span *spans, size_t count, int threads);

/*
 * Stores the keys and values of all spans in their pages, and attends. qkv holds rows [H K queries, KV K keys, KV K
 * values]; out [rows, H K] receives for each token and head the mean of the values, weighted by the softmax of the
 * scores.
 */
gpt_status gpt__attention_apply(gpt__attention_scratch *scratch, const gpt__attention *attention,
                                const gpt__attention_span *spans, size_t count, const float *qkv, float *out);

#endif
