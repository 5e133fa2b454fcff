/* SPDX-License-Identifier: Apache-2.0 */
/* generate/processors.h: what the settings do to logits before a token is chosen, and how it is chosen. */
#ifndef GPT__GENERATE_PROCESSORS_H
#define GPT__GENERATE_PROCESSORS_H

#include "generate/settings.h"

/* The tokens of a sequence so far: the prompt, then the new ones. */
typedef struct gpt__history {
    const int32_t *ids; /* [count] */
    size_t count;
    size_t prompt_count;
} gpt__history;

/*
 * Memory that processors and sampler use over and over, so that a token costs no allocation after the first. Begins as
 * {0}; grows to the largest vocabulary it is used for.
 */
typedef struct gpt__sampler_scratch {
    void *memory;
    int32_t capacity; /* the vocabulary there is room for */
    int32_t *counts;  /* [capacity] all 0 between calls */
    int32_t *ids;     /* [capacity] of candidates */
    float *values;    /* [capacity] their logits, scaled */
    float *weights;   /* [capacity] e to the power of those */
    uint64_t *keys;   /* [capacity] for selecting */
    float *tops;      /* [capacity / GPT__SCAN_BLOCK, rounded up] the largest logit of each block of the vocabulary */
} gpt__sampler_scratch;

void gpt__sampler_scratch_release(gpt__sampler_scratch *scratch);

/*
 * Applies the settings, in the order that gpt/generator.h states, to logits [V] in place; the hook is not called.
 * Excluded tokens become -INFINITY. With sampling off the last group (temperature to eta) is left out. GPT_E_INTERNAL
 * when no token is left or logits hold NaN.
 */
gpt_status gpt__process_logits(float *logits, int32_t V, const gpt__settings *settings, const gpt__history *history,
                               gpt__sampler_scratch *scratch);

/*
 * Chooses a token from processed logits [V]: the largest (the smallest id among equals) with sampling off, else one
 * drawn with its probability softmax(logits), for uniform in [0, 1). GPT_E_INTERNAL when no token is left or logits
 * hold NaN or infinity.
 */
gpt_status gpt__choose_token(int32_t *token, const float *logits, int32_t V, int sampling, double uniform);

/*
 * Processes and chooses in one go, with the same outcome as the two functions above, but only candidates that can
 * matter are looked at. logits [V] may be changed.
 */
gpt_status gpt__sample_token(int32_t *token, float *logits, int32_t V, const gpt__settings *settings,
                             const gpt__history *history, double uniform, gpt__sampler_scratch *scratch);

/*
 * The log-probabilities, ln softmax(logits [V]), of token and of the n most probable tokens (sorted, the smaller id
 * first among equals); n is at most V. GPT_E_INTERNAL when logits hold NaN or infinity, or nothing but -INFINITY.
 */
gpt_status gpt__token_logprobs(float *logprob, int32_t *top_tokens, float *top_logprobs, int n, const float *logits,
                               int32_t V, int32_t token, gpt__sampler_scratch *scratch);

#endif
