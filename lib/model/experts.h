/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model/experts.h: a feed-forward part of many experts, of which a router chooses a few for each token (Shazeer et al.,
 * "Outrageously Large Neural Networks", 2017). Only chosen experts are computed, each for all its tokens at once.
 */
#ifndef GPT__MODEL_EXPERTS_H
#define GPT__MODEL_EXPERTS_H

#include "model/weights.h"

/* Memory of one generator. Begins as {0}. Letters: T tokens, E experts, k experts of a token, n tokens of an expert. */
typedef struct gpt__expert_scratch {
    gpt__rows scores;  /* [T, E] of the router */
    int32_t *chosen;   /* [T, k] experts */
    float *shares;     /* [T, k] of an expert in its token's sum */
    int32_t *order;    /* [T k] places in chosen, sorted by expert */
    int64_t *begins;   /* [E + 1] of each expert's part of order */
    size_t chosen_capacity, share_capacity, order_capacity, begin_capacity;
    gpt__rows input;   /* [n, D] */
    gpt__rows gated;   /* [n, 2 inner] */
    gpt__rows inner;   /* [n, inner] */
    gpt__rows result;  /* [n, D] */
} gpt__expert_scratch;

void gpt__expert_scratch_release(gpt__expert_scratch *scratch);

/*
 * x [T, D] += the shares of each token's experts. normed [T, D] is what the router reads, as f32; input the same rows
 * in the type of the products.
 */
gpt_status gpt__experts_apply(gpt__expert_scratch *scratch, gpt__linear_scratch *linear, const gpt__config *config,
                              const gpt__experts *experts, const gpt__rows *normed, const gpt__rows *input, float *x,
                              int64_t T);

#endif
