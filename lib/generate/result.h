/* SPDX-License-Identifier: Apache-2.0 */
/* generate/result.h: what generation in one call gives back. */
#ifndef GPT__GENERATE_RESULT_H
#define GPT__GENERATE_RESULT_H

#include "base/buffer.h"

#include <gpt/generator.h>

/* One continuation of one prompt. */
typedef struct gpt__output {
    gpt__buffer text;
    int32_t *ids;    /* [count] */
    float *logprobs; /* [count] */
    size_t count;
    size_t ids_capacity;
    size_t logprobs_capacity;
    size_t prompt_count;
    float score; /* of a beam search, else NaN */
    gpt_finish finish;
} gpt__output;

struct gpt_result {
    gpt__output *outputs;
    size_t count;
    int has_logprobs;
};

/* A result with so many empty outputs. */
gpt_status gpt__result_new(gpt_result **out, size_t count, int has_logprobs);

void gpt__output_release(gpt__output *output);

/* Appends a token and its text to an output. */
gpt_status gpt__output_add(gpt__output *output, int32_t token, float logprob, const char *text, size_t length);

#endif
