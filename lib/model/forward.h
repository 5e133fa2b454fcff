/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model/forward.h: the forward pass. One call computes tokens of several sequences, each of which continues its own
 * cache; for all products but attention they are the rows of one matrix, without padding between sequences.
 */
#ifndef GPT__MODEL_FORWARD_H
#define GPT__MODEL_FORWARD_H

#include "model/experts.h"
#include "model/kv_cache.h"
#include "model/model.h"

/* For which tokens of a span the caller wants hidden states, and logits with them. */
typedef enum gpt__outputs {
    GPT__OUTPUTS_NONE,
    GPT__OUTPUTS_LAST,
    GPT__OUTPUTS_ALL
} gpt__outputs;

/* The next T tokens of a sequence. Its cache must be prepared for them. */
typedef struct gpt__span {
    gpt__kv_sequence *cache;
    const int32_t *ids; /* [T], each from 0 to V - 1 */
    int64_t T;
    gpt__outputs outputs;
} gpt__span;

/* A row of the matrices: a token, and its place in its sequence. */
typedef struct gpt__token {
    int32_t id;
    int64_t position;
} gpt__token;

/* Memory of one generator for forward passes. Begins as {0}, then gpt__forward_init. */
typedef struct gpt__forward {
    const gpt_model *model;
    const gpt__kv_cache *cache;
    const atomic_int *cancelled; /* looked at between layers */
    gpt__linear_scratch linear;
    gpt__attention_scratch attention;
    gpt__attention_span *spans;
    size_t span_capacity;
    unsigned char **pages; /* of all spans, one after another */
    size_t page_capacity;
    gpt__token *tokens; /* [T] of all spans, one after another */
    size_t token_capacity;
    int64_t *outputs; /* [R] rows that the caller wants outputs for, in the order of the spans */
    size_t output_capacity;
    gpt__rows x;     /* residual stream [T, D] */
    gpt__rows qkv;   /* [T, (H + 2 KV) K] */
    gpt__rows mixed; /* what attention gives [T, H K] */
    gpt__rows input; /* of the next product */
    gpt__rows second_input; /* of the feed-forward part, where that is made before attention is added */
    gpt__rows turns; /* [T, R] of rotary positions */
    gpt__expert_scratch experts;
    gpt__rows inner; /* between the feed-forward products */
    gpt__rows hidden; /* [R, D] */
    gpt__rows logits; /* [R, V] */
} gpt__forward;

/* threads is at least 1. model, cache, cancelled and profile must outlive the memory. */
gpt_status gpt__forward_init(gpt__forward *forward, const gpt_model *model, const gpt__kv_cache *cache,
                             const atomic_int *cancelled, gpt__profile *profile, int threads);
void gpt__forward_release(gpt__forward *forward);

/*
 * Computes the spans, and raises the lengths of their caches. With want_logits 0 only the hidden states come out.
 * GPT_E_CANCELLED when *cancelled is set meanwhile; after a failure the lengths are as before.
 */
gpt_status gpt__forward_run(gpt__forward *forward, const gpt__span *spans, size_t count, int want_logits);

/* Rows of the last run's outputs. */
const float *gpt__forward_hidden(const gpt__forward *forward, int64_t row);
float *gpt__forward_logits(const gpt__forward *forward, int64_t row);

/* [V] floats that the caller may use as it likes until the next run with logits. */
float *gpt__forward_spare_logits(const gpt__forward *forward);

#endif
