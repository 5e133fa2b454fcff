/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate/sampler.c: which token is chosen, and log-probabilities. A draw goes through the sums of parts of the
 * vocabulary (scan.h) and then through one part, in the order of ids. As the sums do not depend on whether all tokens
 * were summed up or candidates only, both ways draw the same token.
 */
#include "base/error.h"
#include "generate/candidates.h"
#include "generate/edits.h"
#include "generate/select.h"

#include <math.h>

static gpt_status nothing_weighs(void)
{
    return gpt__fail(GPT_E_INTERNAL, "no token is left to choose: none has a probability above 0");
}

static gpt_status draw_of_all(int32_t *token, const float *logits, int32_t V, gpt__scaling scaling, double uniform)
{
    gpt__parts parts;
    double rest;
    gpt__parts_of_all(&parts, logits, V, scaling);
    int32_t part = gpt__parts_draw(&rest, &parts, uniform);
    if (part < 0)
        return nothing_weighs();
    int32_t first = part * parts.width;
    int32_t end = V - first < parts.width ? V : first + parts.width;
    double sum = 0;
    for (int32_t i = first; i < end && sum <= rest; i++) {
        float weight = gpt__weight(logits[i], scaling);
        sum += weight;
        *token = weight > 0 ? i : *token;
    }
    return GPT_OK;
}

static gpt_status draw_of_some(int32_t *token, const gpt__candidates *c, int32_t V, double uniform)
{
    gpt__parts parts;
    double rest;
    gpt__parts_of_some(&parts, c->ids, c->weights, c->count, V);
    int32_t part = gpt__parts_draw(&rest, &parts, uniform);
    if (part < 0)
        return nothing_weighs();
    double sum = 0;
    for (int32_t i = 0; i < c->count && sum <= rest; i++) {
        if (c->ids[i] / parts.width < part)
            continue;
        if (c->ids[i] / parts.width > part)
            break;
        sum += c->weights[i];
        *token = c->weights[i] > 0 ? c->ids[i] : *token;
    }
    return GPT_OK;
}

gpt_status gpt__choose_token(int32_t *token, const float *logits, int32_t V, int sampling, double uniform)
{
    *token = -1;
    float largest = gpt__scan_largest(NULL, logits, V);
    GPT__TRY(gpt__check_largest(largest));
    if (sampling)
        return draw_of_all(token, logits, V, gpt__scaling_of(largest, 1), uniform);
    *token = gpt__scan_find(logits, V, largest);
    return GPT_OK;
}

gpt_status gpt__sample_token(int32_t *token, float *logits, int32_t V, const gpt__settings *settings,
                             const gpt__history *history, double uniform, gpt__sampler_scratch *scratch)
{
    float largest;
    *token = -1;
    GPT__TRY(gpt__edit_logits(&largest, logits, V, settings, history, scratch));
    if (!settings->sampling) {
        int32_t block = gpt__scan_find(scratch->tops, gpt__scan_blocks(V), largest);
        int32_t first = block * GPT__SCAN_BLOCK;
        *token = first + gpt__scan_find(logits + first, V - first, largest);
        return GPT_OK;
    }
    gpt__scaling scaling = gpt__scaling_of(largest, settings->temperature);
    if (!gpt__candidates_needed(settings, V))
        return draw_of_all(token, logits, V, scaling, uniform);
    gpt__candidates candidates;
    gpt__candidates_find(&candidates, logits, V, settings, scaling, scratch);
    return draw_of_some(token, &candidates, V, uniform);
}

/* The n most probable tokens, the most probable first. */
static void find_top(int32_t *tokens, float *logprobs, int n, const float *logits, int32_t V, gpt__scaling scaling,
                     double log_total, gpt__sampler_scratch *scratch)
{
    gpt__candidates c;
    gpt__candidates_gather(&c, logits, V, gpt__candidates_bound(n, V, scratch), scaling, scratch);
    int32_t count = c.count;
    for (int32_t i = 0; i < count; i++)
        c.keys[i] = gpt__key(gpt__rank_falling(logits[c.ids[i]]), (uint32_t)c.ids[i]);
    if (count > n) {
        uint64_t last = gpt__select(c.keys, (size_t)count, NULL, n);
        int32_t kept = 0;
        for (int32_t i = 0; i < count; i++)
            if (c.keys[i] <= last)
                c.keys[kept++] = c.keys[i];
        count = kept;
    }
    gpt__sort_keys(c.keys, (size_t)count);
    for (int i = 0; i < count; i++) {
        tokens[i] = (int32_t)gpt__key_index(c.keys[i]);
        logprobs[i] = (float)((double)logits[tokens[i]] - log_total);
    }
    /* Excluded tokens are not gathered; they come last. */
    for (int32_t id = 0, i = count; i < n; id++)
        if (logits[id] == -INFINITY) {
            tokens[i] = id;
            logprobs[i++] = -INFINITY;
        }
}

gpt_status gpt__token_logprobs(float *logprob, int32_t *top_tokens, float *top_logprobs, int n, const float *logits,
                               int32_t V, int32_t token, gpt__sampler_scratch *scratch)
{
    if (token < 0 || token >= V || n < 0 || n > V)
        return gpt__fail(GPT_E_INTERNAL, "log-probabilities of token %d and %d more, of a vocabulary of %d", (int)token,
                         n, (int)V);
    GPT__TRY(gpt__sampler_scratch_reserve(scratch, V));
    float largest = gpt__scan_largest(scratch->tops, logits, V);
    GPT__TRY(gpt__check_largest(largest));
    gpt__scaling scaling = gpt__scaling_of(largest, 1);
    gpt__parts parts;
    gpt__parts_of_all(&parts, logits, V, scaling);
    double log_total = largest + log(parts.total);
    *logprob = (float)((double)logits[token] - log_total);
    if (n > 0)
        find_top(top_tokens, top_logprobs, n, logits, V, scaling, log_total, scratch);
    return GPT_OK;
}
