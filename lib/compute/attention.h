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
#include "compute/attention_page.h"

/* What is the same for all spans of a layer. */
typedef struct gpt__attention {
    gpt__page_form form; /* of the pages: KV and K are there */
    int32_t H;
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

typedef struct gpt__attention_item gpt__attention_item;

/* Memory of one generator. Begins as {0}. */
typedef struct gpt__attention_scratch {
    unsigned char *memory; /* [threads, bytes_per_thread] */
    size_t capacity;
    size_t bytes_per_thread;
    gpt__attention_item *items;
    size_t item_count;
    size_t item_capacity;
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
