/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate/processors.c: the settings that change the logits of single tokens (bias, penalties, bans), and the whole
 * chain of them. Formulas are those of Hugging Face transformers (generation/logits_process.py); presence and frequency
 * penalty are those of OpenAI's API.
 */
#include "generate/processors.h"

#include "base/error.h"
#include "generate/candidates.h"
#include "generate/edits.h"

#include <float.h>
#include <math.h>
#include <string.h>

static int is_token(int32_t token, int32_t V)
{
    return token >= 0 && token < V;
}

/* Sets a logit; one that is excluded stays so, and one that is not does not become infinite. */
static void set_logit(float *logit, double value)
{
    if (*logit == -INFINITY)
        return;
    *logit = (float)(value > FLT_MAX ? FLT_MAX : value < -FLT_MAX ? -FLT_MAX : value);
}

static void add_bias(float *logits, int32_t V, const gpt__token_map *bias)
{
    for (size_t i = 0; i < bias->count; i++)
        if (is_token(bias->entries[i].token, V)) {
            float *logit = &logits[bias->entries[i].token];
            set_logit(logit, (double)*logit + bias->entries[i].value);
        }
}

static void ban(float *logits, int32_t V, const gpt__token_map *tokens)
{
    for (size_t i = 0; i < tokens->count; i++)
        if (is_token(tokens->entries[i].token, V))
            logits[tokens->entries[i].token] = -INFINITY;
}

/* Keskar et al., "CTRL", 2019. A token counts once, however often the history has it. */
static void penalize_repetition(float *logits, int32_t V, float penalty, const gpt__history *history, int32_t *counts)
{
    for (size_t i = 0; i < history->count; i++) {
        int32_t token = history->ids[i];
        if (!is_token(token, V) || counts[token]++ > 0)
            continue;
        double logit = logits[token];
        set_logit(&logits[token], logit < 0 ? logit * penalty : logit / penalty);
    }
    for (size_t i = 0; i < history->count; i++)
        if (is_token(history->ids[i], V))
            counts[history->ids[i]] = 0;
}

/* logit - count * frequency - (count > 0) * presence, for the tokens of the new text. */
static void penalize_presence(float *logits, int32_t V, const gpt__settings *settings, const gpt__history *history,
                              int32_t *counts)
{
    for (size_t i = history->prompt_count; i < history->count; i++)
        if (is_token(history->ids[i], V))
            counts[history->ids[i]]++;
    for (size_t i = history->prompt_count; i < history->count; i++) {
        int32_t token = history->ids[i];
        if (!is_token(token, V) || counts[token] == 0)
            continue;
        double penalty = (double)counts[token] * settings->frequency_penalty + settings->presence_penalty;
        set_logit(&logits[token], logits[token] - penalty);
        counts[token] = 0;
    }
}

/* Bans each token that has followed the last n - 1 tokens before. */
static void ban_repeated_ngrams(float *logits, int32_t V, int n, const gpt__history *history)
{
    size_t head = (size_t)n - 1;
    if (history->count <= head)
        return;
    const int32_t *last = history->ids + history->count - head;
    for (size_t i = 0; i + head < history->count; i++) {
        int32_t next = history->ids[i + head];
        if (is_token(next, V) && memcmp(history->ids + i, last, head * sizeof *last) == 0)
            logits[next] = -INFINITY;
    }
}

void gpt__limit_infinity(float *logits, int32_t V)
{
    for (int32_t i = 0; i < V; i++)
        if (logits[i] > FLT_MAX)
            logits[i] = FLT_MAX;
}

gpt_status gpt__edit_logits(float *largest, float *logits, int32_t V, const gpt__settings *settings,
                            const gpt__history *history, gpt__sampler_scratch *scratch)
{
    if (V < 1)
        return gpt__fail(GPT_E_INTERNAL, "no logits to choose a token from");
    GPT__TRY(gpt__sampler_scratch_reserve(scratch, V));
    add_bias(logits, V, &settings->bias);
    if (settings->repetition_penalty != 1)
        penalize_repetition(logits, V, settings->repetition_penalty, history, scratch->counts);
    if (settings->presence_penalty != 0 || settings->frequency_penalty != 0)
        penalize_presence(logits, V, settings, history, scratch->counts);
    if (settings->no_repeat_ngram > 0)
        ban_repeated_ngrams(logits, V, settings->no_repeat_ngram, history);
    ban(logits, V, &settings->banned);
    if (settings->min_new_tokens > 0 && history->count - history->prompt_count < (size_t)settings->min_new_tokens)
        ban(logits, V, &settings->stop_tokens);
    *largest = gpt__scan_largest(scratch->tops, logits, V);
    if (*largest > FLT_MAX) {
        gpt__limit_infinity(logits, V);
        *largest = gpt__scan_largest(scratch->tops, logits, V);
    }
    return gpt__check_largest(*largest);
}

gpt_status gpt__check_largest(float largest)
{
    if (isnan(largest))
        return gpt__fail(GPT_E_INTERNAL, "the logits hold NaN");
    if (largest == INFINITY)
        return gpt__fail(GPT_E_INTERNAL, "the logits hold infinity");
    if (largest == -INFINITY)
        return gpt__fail(GPT_E_INTERNAL, "no token is left to choose: the settings exclude all of them");
    return GPT_OK;
}

gpt_status gpt__process_logits(float *logits, int32_t V, const gpt__settings *settings, const gpt__history *history,
                               gpt__sampler_scratch *scratch)
{
    float largest;
    GPT__TRY(gpt__edit_logits(&largest, logits, V, settings, history, scratch));
    if (!settings->sampling)
        return GPT_OK;
    gpt__scaling scaling = gpt__scaling_of(largest, settings->temperature);
    if (!gpt__candidates_needed(settings, V)) {
        for (int32_t i = 0; i < V; i++)
            logits[i] /= scaling.temperature;
        return GPT_OK;
    }
    gpt__candidates c;
    gpt__candidates_find(&c, logits, V, settings, scaling, scratch);
    for (int32_t i = 0; i < c.count; i++)
        c.values[i] = logits[c.ids[i]] / scaling.temperature;
    for (int32_t i = 0; i < V; i++)
        logits[i] = -INFINITY;
    for (int32_t i = 0; i < c.count; i++)
        logits[c.ids[i]] = c.values[i];
    return GPT_OK;
}
