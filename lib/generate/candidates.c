/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate/candidates.c: the settings that take improbable tokens out. Only tokens that the first of them may leave are
 * gathered, a few hundred of the vocabulary as a rule; the settings then work on those. The formulas are those of
 * Hugging Face transformers (generation/logits_process.py), where each setting takes the probabilities anew from what
 * the settings before it have left.
 */
#include "generate/candidates.h"

#include "base/memory.h"
#include "generate/select.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Thresholds that only gather are lowered by this share, so that rounding loses nothing that a setting would keep. */
#define MARGIN 1e-5

static int has_top_k(const gpt__settings *settings, int32_t V)
{
    return settings->top_k > 0 && settings->top_k < V;
}

int gpt__candidates_needed(const gpt__settings *settings, int32_t V)
{
    return has_top_k(settings, V) || settings->top_p < 1 || settings->min_p > 0 || settings->typical_p < 1 ||
           settings->epsilon_cutoff > 0 || settings->eta_cutoff > 0;
}

gpt_status gpt__sampler_scratch_reserve(gpt__sampler_scratch *scratch, int32_t V)
{
    if (V <= scratch->capacity)
        return GPT_OK;
    size_t room = (size_t)V;
    size_t blocks = (size_t)gpt__scan_blocks(V);
    size_t each = sizeof *scratch->keys + sizeof *scratch->counts + sizeof *scratch->ids + 2 * sizeof(float);
    /* The keys come first, as they need the widest alignment. */
    void *memory = gpt__allocate_tensor(room + blocks, each);
    if (memory == NULL)
        return GPT_E_MEMORY;
    gpt__sampler_scratch_release(scratch);
    scratch->memory = memory;
    scratch->capacity = V;
    scratch->keys = memory;
    scratch->counts = (int32_t *)(scratch->keys + room);
    scratch->ids = scratch->counts + room;
    scratch->values = (float *)(scratch->ids + room);
    scratch->weights = scratch->values + room;
    scratch->tops = scratch->weights + room;
    memset(scratch->counts, 0, room * sizeof *scratch->counts);
    return GPT_OK;
}

void gpt__sampler_scratch_release(gpt__sampler_scratch *scratch)
{
    gpt__release(scratch->memory);
    *scratch = (gpt__sampler_scratch){0};
}

/*
 * Gathering.
 */

/* Appends tokens [first, end) of at least this logit. A token that is not is overwritten by the next: no branch. */
static int32_t append(int32_t *ids, float *values, int32_t count, const float *logits, int32_t first, int32_t end,
                      float least)
{
    for (int32_t i = first; i < end; i++) {
        ids[count] = i;
        values[count] = logits[i];
        count += logits[i] >= least;
    }
    return count;
}

void gpt__candidates_gather(gpt__candidates *candidates, const float *logits, int32_t V, float least,
                            gpt__scaling scaling, gpt__sampler_scratch *scratch)
{
    least = least > -FLT_MAX ? least : -FLT_MAX;
    int32_t count = 0;
    int32_t blocks = gpt__scan_blocks(V);
    for (int32_t block = 0; block < blocks; block++) {
        int32_t first = block * GPT__SCAN_BLOCK;
        int32_t end = V - first < GPT__SCAN_BLOCK ? V : first + GPT__SCAN_BLOCK;
        if (scratch->tops[block] >= least)
            count = append(scratch->ids, scratch->values, count, logits, first, end, least);
    }
    gpt__scale_and_weigh(scratch->values, scratch->weights, count, scaling);
    *candidates = (gpt__candidates){.ids = scratch->ids, .values = scratch->values, .weights = scratch->weights,
                                    .count = count, .keys = scratch->keys};
}

/* The logit at which the scaled logit is value, or a little less. */
static float logit_of(double value, gpt__scaling scaling)
{
    double largest = (double)scaling.top * scaling.temperature;
    double shift = value * scaling.temperature;
    double logit = largest + shift - MARGIN * (fabs(largest) + fabs(shift));
    return logit > -FLT_MAX ? (float)logit : -FLT_MAX;
}

float gpt__candidates_bound(int32_t k, int32_t V, gpt__sampler_scratch *scratch)
{
    int32_t blocks = gpt__scan_blocks(V);
    if (k > blocks)
        return -INFINITY;
    /* Each of the k blocks with the highest tops has a token that reaches the k-th of those tops. */
    for (int32_t block = 0; block < blocks; block++)
        scratch->keys[block] = gpt__key(gpt__rank_falling(scratch->tops[block]), (uint32_t)block);
    return scratch->tops[gpt__key_index(gpt__select(scratch->keys, (size_t)blocks, NULL, k))];
}

/* The total that tokens which are not gathered count in. */
static double total_of_all(const float *logits, int32_t V, gpt__scaling scaling)
{
    gpt__parts parts;
    gpt__parts_of_all(&parts, logits, V, scaling);
    return parts.total;
}

static void sum_up(gpt__candidates *c)
{
    c->total = 0;
    for (int32_t i = 0; i < c->count; i++)
        c->total += c->weights[i];
}

/*
 * Gathers at least the tokens that top-p leaves. Tokens that weigh less than (1 - top_p) total / V can not stay, as not
 * even all of them have 1 - top_p between them. But most often far fewer tokens have top_p: higher thresholds are tried
 * first.
 */
static void gather_top_p(gpt__candidates *c, const float *logits, int32_t V, float top_p, gpt__scaling scaling,
                         gpt__sampler_scratch *scratch)
{
    double total = total_of_all(logits, V, scaling);
    double safe = log((1.0 - top_p) * total / V * (1 - MARGIN));
    for (double share = 0.25; share <= 1; share += 0.25) {
        gpt__candidates_gather(c, logits, V, logit_of(share * safe, scaling), scaling, scratch);
        sum_up(c);
        if (c->total >= top_p * total * (1 + MARGIN))
            break;
    }
    c->total = total;
}

/* Gathers what the first setting that is on may leave, or all. */
static void gather_first(gpt__candidates *c, const float *logits, int32_t V, const gpt__settings *settings,
                         gpt__scaling scaling, gpt__sampler_scratch *scratch)
{
    if (has_top_k(settings, V)) {
        float bound = gpt__candidates_bound(settings->top_k, V, scratch);
        double least = bound > -FLT_MAX ? bound - MARGIN * fabs(bound) : -FLT_MAX;
        gpt__candidates_gather(c, logits, V, (float)least, scaling, scratch);
        sum_up(c);
    } else if (settings->top_p < 1) {
        gather_top_p(c, logits, V, settings->top_p, scaling, scratch);
    } else if (settings->min_p <= 0 && settings->typical_p >= 1 && settings->epsilon_cutoff > 0) {
        double total = total_of_all(logits, V, scaling);
        double least = fmin(log(settings->epsilon_cutoff * total), 0);
        gpt__candidates_gather(c, logits, V, logit_of(least, scaling), scaling, scratch);
        c->total = total;
    } else {
        double least = settings->min_p > 0 ? log(settings->min_p) : -INFINITY;
        gpt__candidates_gather(c, logits, V, logit_of(least, scaling), scaling, scratch);
        sum_up(c);
    }
}

/*
 * The settings.
 */

/* Moves candidate i to place *kept, and counts it when it stays: what does not stay is overwritten by the next. */
static inline void move(gpt__candidates *c, int32_t *kept, int32_t i, int stays)
{
    c->ids[*kept] = c->ids[i];
    c->values[*kept] = c->values[i];
    c->weights[*kept] = c->weights[i];
    *kept += stays;
}

static void end_moving(gpt__candidates *c, int32_t kept)
{
    c->count = kept;
    sum_up(c);
}

static void rank_by_value(gpt__candidates *c)
{
    for (int32_t i = 0; i < c->count; i++)
        c->keys[i] = gpt__key(gpt__rank_falling(c->values[i]), (uint32_t)i);
}

void gpt__candidates_keep_top(gpt__candidates *candidates, int32_t k)
{
    gpt__candidates *c = candidates;
    if (c->count <= k)
        return;
    rank_by_value(c);
    float least = c->values[gpt__key_index(gpt__select(c->keys, (size_t)c->count, NULL, k))];
    int32_t kept = 0;
    for (int32_t i = 0; i < c->count; i++)
        move(c, &kept, i, c->values[i] >= least);
    end_moving(c, kept);
}

/*
 * From the most probable on, keeps tokens until they together reach top_p: a token stays as long as those before it do
 * not reach it, which is to say that it and those after it have more than 1 - top_p. Among equals the smaller ids stay.
 */
static void apply_top_p(gpt__candidates *c, float top_p)
{
    rank_by_value(c);
    int32_t last = (int32_t)gpt__key_index(gpt__select(c->keys, (size_t)c->count, c->weights, top_p * c->total));
    float least = c->values[last];
    int32_t kept = 0;
    for (int32_t i = 0; i < c->count; i++)
        move(c, &kept, i, c->values[i] > least || (c->values[i] == least && i <= last));
    end_moving(c, kept);
}

/* The most probable token has the largest weight, so that shares of weights are shares of probabilities. */
static void apply_min_p(gpt__candidates *c, float min_p)
{
    float most = 0;
    for (int32_t i = 0; i < c->count; i++)
        most = c->weights[i] > most ? c->weights[i] : most;
    int32_t kept = 0;
    for (int32_t i = 0; i < c->count; i++)
        move(c, &kept, i, c->weights[i] >= min_p * most);
    end_moving(c, kept);
}

/*
 * The mean of the values under their own probabilities. A token's surprise is ln total - value, and the entropy is the
 * mean of that. The value of a token that weighs nothing can be -INFINITY, and 0 times that is no number.
 */
static double mean_value(const gpt__candidates *c)
{
    double sum = 0;
    for (int32_t i = 0; i < c->count; i++)
        sum += c->weights[i] > 0 ? (double)c->weights[i] * c->values[i] : 0;
    return sum / c->total;
}

/* Surprise and entropy have ln total in common: how far apart they are is how far the value is from the mean value. */
static void apply_typical_p(gpt__candidates *c, float typical_p)
{
    double mean = mean_value(c);
    for (int32_t i = 0; i < c->count; i++)
        c->keys[i] = gpt__key(gpt__rank_rising((float)fabs(c->values[i] - mean)), (uint32_t)i);
    uint64_t last = gpt__select(c->keys, (size_t)c->count, c->weights, typical_p * c->total);
    float most = (float)fabs(c->values[gpt__key_index(last)] - mean);
    int32_t kept = 0;
    for (int32_t i = 0; i < c->count; i++)
        move(c, &kept, i, (float)fabs(c->values[i] - mean) <= most);
    end_moving(c, kept);
}

/* Keeps tokens of at least this probability; the most probable ones in any case. */
static void apply_cutoff(gpt__candidates *c, double probability)
{
    float largest = -INFINITY;
    for (int32_t i = 0; i < c->count; i++)
        largest = c->values[i] > largest ? c->values[i] : largest;
    double least = probability * c->total;
    int32_t kept = 0;
    for (int32_t i = 0; i < c->count; i++)
        move(c, &kept, i, c->weights[i] >= least || c->values[i] == largest);
    end_moving(c, kept);
}

static double eta_probability(const gpt__candidates *c, double eta)
{
    double entropy = log(c->total) - mean_value(c);
    return fmin(eta, sqrt(eta) * exp(-entropy));
}

/*
 * Typical-p can leave tokens that weigh nothing beside those it took out. Values and weights are therefore taken anew,
 * from the largest logit that is left.
 */
static void renew_weights(gpt__candidates *c, const float *logits, gpt__scaling scaling)
{
    float largest = -INFINITY;
    for (int32_t i = 0; i < c->count; i++)
        largest = logits[c->ids[i]] > largest ? logits[c->ids[i]] : largest;
    scaling.top = largest / scaling.temperature;
    for (int32_t i = 0; i < c->count; i++)
        c->values[i] = logits[c->ids[i]];
    gpt__scale_and_weigh(c->values, c->weights, c->count, scaling);
    sum_up(c);
}

void gpt__candidates_find(gpt__candidates *candidates, const float *logits, int32_t V, const gpt__settings *settings,
                          gpt__scaling scaling, gpt__sampler_scratch *scratch)
{
    gpt__candidates *c = candidates;
    gather_first(c, logits, V, settings, scaling, scratch);
    if (has_top_k(settings, V))
        gpt__candidates_keep_top(c, settings->top_k);
    if (settings->top_p < 1)
        apply_top_p(c, settings->top_p);
    if (settings->min_p > 0)
        apply_min_p(c, settings->min_p);
    if (settings->typical_p < 1) {
        apply_typical_p(c, settings->typical_p);
        renew_weights(c, logits, scaling);
    }
    if (settings->epsilon_cutoff > 0)
        apply_cutoff(c, settings->epsilon_cutoff);
    if (settings->eta_cutoff > 0)
        apply_cutoff(c, eta_probability(c, settings->eta_cutoff));
}
