/* SPDX-License-Identifier: Apache-2.0 */
/* generate/score.c: the model's numbers for a given text: logits, hidden states, log-probabilities. */
#include "base/memory.h"
#include "generate/generator.h"

#include <math.h>
#include <string.h>

/* Tokens that are computed together when all their logits are wanted: V floats each. */
#define LOGITS_ROWS 128

/* A text that is read without generating, piece by piece. */
typedef struct reading {
    gpt_generator *generator;
    const int32_t *ids;
    gpt__kv_sequence cache;
} reading;

/* Computes the next T tokens. */
static gpt_status read_piece(reading *r, int64_t T, gpt__outputs outputs, int want_logits)
{
    GPT__TRY(gpt__kv_sequence_prepare(&r->generator->cache, &r->cache, T));
    const gpt__span span = {&r->cache, r->ids + r->cache.length, T, outputs};
    return gpt__forward_run(&r->generator->forward, &span, 1, want_logits);
}

static int64_t piece_size(const gpt_generator *generator, int64_t left, int want_logits)
{
    int64_t most = generator->chunk;
    if (want_logits && most > LOGITS_ROWS)
        most = LOGITS_ROWS;
    return left < most ? left : most;
}

static gpt_status evaluate(reading *r, float *logits, float *hidden, int64_t count)
{
    const gpt__config *config = &r->generator->model->config;
    const gpt__forward *forward = &r->generator->forward;
    while (r->cache.length < count) {
        int64_t first = r->cache.length;
        int64_t T = piece_size(r->generator, count - first, logits != NULL);
        GPT__TRY(read_piece(r, T, GPT__OUTPUTS_ALL, logits != NULL));
        if (logits != NULL)
            memcpy(logits + first * config->V, gpt__forward_logits(forward, 0),
                   (size_t)(T * config->V) * sizeof *logits);
        if (hidden != NULL)
            memcpy(hidden + first * config->D, gpt__forward_hidden(forward, 0),
                   (size_t)(T * config->D) * sizeof *hidden);
    }
    return GPT_OK;
}

gpt_status gpt_generator_evaluate(float *logits, float *hidden, gpt_generator *generator, const int32_t *ids,
                                  size_t count)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__CHECK_ARGUMENT(ids != NULL && count > 0);
    /* Before the ids are read, as there may not be so many. */
    if (count > (size_t)generator->model->config.context)
        return gpt__fail(GPT_E_CONTEXT, "%zu tokens do not fit in the model's context of %d", count,
                         generator->model->config.context);
    GPT__TRY(gpt__generator_check_ids(generator, ids, count));
    GPT__TRY(gpt__generator_check_free(generator));
    reading r = {.generator = generator, .ids = ids};
    gpt__profile_begin(&generator->profile);
    gpt_status status = gpt__generator_check_cancelled(generator);
    if (status == GPT_OK)
        status = gpt__generator_prepare(generator);
    if (status == GPT_OK)
        status = evaluate(&r, logits, hidden, (int64_t)count);
    gpt__kv_sequence_release(&generator->cache, &r.cache);
    gpt__profile_end(&generator->profile);
    return gpt__generator_told(generator, status);
}

/* logprobs [count] of ids [count], from the one at place scored on. Those before are only read. */
static gpt_status score_window(reading *r, float *logprobs, int64_t count, int64_t scored)
{
    gpt_generator *generator = r->generator;
    int32_t V = generator->model->config.V;
    /* The logits after token t tell of token t + 1: those before token scored - 1 are of no use. */
    while (r->cache.length < count - 1) {
        int64_t first = r->cache.length;
        int useful = first >= scored - 1;
        int64_t T = piece_size(generator, (useful ? count : scored) - 1 - first, useful);
        GPT__TRY(read_piece(r, T, useful ? GPT__OUTPUTS_ALL : GPT__OUTPUTS_NONE, 1));
        gpt__profile_switch(&generator->profile, GPT_PART_SAMPLING);
        for (int64_t t = 0; useful && t < T; t++)
            GPT__TRY(gpt__token_logprobs(&logprobs[first + t + 1], NULL, NULL, 0,
                                         gpt__forward_logits(&generator->forward, t), V, r->ids[first + t + 1],
                                         &generator->sampler));
    }
    return GPT_OK;
}

/* Windows of the context length, each beginning half a context after the one before. */
static gpt_status score(gpt_generator *generator, float *logprobs, const int32_t *ids, size_t count)
{
    size_t context = (size_t)generator->model->config.context;
    size_t begin = 0;
    size_t scored = 1;
    if (context < 2 && count > 1)
        return gpt__fail(GPT_E_CONTEXT, "a context of %zu token has no room for a token and what comes before it",
                         context);
    while (scored < count) {
        size_t end = count - begin < context ? count : begin + context;
        reading r = {.generator = generator, .ids = ids + begin};
        gpt_status status = score_window(&r, logprobs + begin, (int64_t)(end - begin), (int64_t)(scored - begin));
        gpt__kv_sequence_release(&generator->cache, &r.cache);
        if (status != GPT_OK)
            return status;
        scored = end;
        begin = end - context / 2;
    }
    return GPT_OK;
}

gpt_status gpt_generator_score(float *logprobs, gpt_generator *generator, const int32_t *ids, size_t count)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__CHECK_ARGUMENT(logprobs != NULL);
    GPT__CHECK_ARGUMENT(ids != NULL && count > 0);
    GPT__TRY(gpt__generator_check_ids(generator, ids, count));
    GPT__TRY(gpt__generator_check_free(generator));
    logprobs[0] = NAN;
    gpt__profile_begin(&generator->profile);
    gpt_status status = gpt__generator_check_cancelled(generator);
    if (status == GPT_OK)
        status = gpt__generator_prepare(generator);
    if (status == GPT_OK)
        status = score(generator, logprobs, ids, count);
    gpt__profile_end(&generator->profile);
    return gpt__generator_told(generator, status);
}

gpt_status gpt_generator_process_logits(float *logits, gpt_generator *generator, const int32_t *ids, size_t count,
                                        size_t prompt_count)
{
    GPT__CHECK_ARGUMENT(logits != NULL);
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__CHECK_ARGUMENT(ids != NULL || count == 0);
    GPT__CHECK_ARGUMENT(prompt_count <= count);
    GPT__TRY(gpt__generator_check_ids(generator, ids, count));
    const gpt__history history = {ids, count, prompt_count};
    return gpt__process_logits(logits, generator->model->config.V, &generator->settings, &history,
                               &generator->sampler);
}
