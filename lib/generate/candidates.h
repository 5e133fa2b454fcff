/* SPDX-License-Identifier: Apache-2.0 */
/* generate/candidates.h: the tokens that top-k, top-p and their kin leave to be drawn. */
#ifndef GPT__GENERATE_CANDIDATES_H
#define GPT__GENERATE_CANDIDATES_H

#include "generate/processors.h"
#include "generate/scan.h"

/* Tokens in rising order of their ids. The arrays are those of a scratch. */
typedef struct gpt__candidates {
    int32_t *ids;   /* [count] */
    float *values;  /* [count] logits, scaled */
    float *weights; /* [count] e^value */
    int32_t count;
    double total; /* the weight of all, and of tokens that were so improbable that they were never gathered */
    uint64_t *keys;
} gpt__candidates;

/* Makes room for V tokens. */
gpt_status gpt__sampler_scratch_reserve(gpt__sampler_scratch *scratch, int32_t V);

/* Whether any of the settings from top-k to eta takes tokens out; when none does, all tokens are candidates. */
int gpt__candidates_needed(const gpt__settings *settings, int32_t V);

/*
 * Applies the settings from top-k to eta to logits [V], whose largest, in all and of each block (scratch->tops), has
 * been found. At least one token is left.
 */
void gpt__candidates_find(gpt__candidates *candidates, const float *logits, int32_t V, const gpt__settings *settings,
                          gpt__scaling scaling, gpt__sampler_scratch *scratch);

/*
 * Gathers tokens of at least this logit, and not -INFINITY, with their values and weights. Blocks whose top is lower
 * are passed over.
 */
void gpt__candidates_gather(gpt__candidates *candidates, const float *logits, int32_t V, float least,
                            gpt__scaling scaling, gpt__sampler_scratch *scratch);

/* A logit that k of V logits reach, and few more; -INFINITY when there are too few blocks to tell. */
float gpt__candidates_bound(int32_t k, int32_t V, gpt__sampler_scratch *scratch);

/* Keeps the k most probable candidates, and those as probable as the last of them. */
void gpt__candidates_keep_top(gpt__candidates *candidates, int32_t k);

#endif
