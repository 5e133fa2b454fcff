/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate/scan.c: passes over all V logits. Each works on a fixed number of lanes at a time, which compilers turn into
 * vector instructions at -O2 without being allowed to reorder additions.
 */
#include "generate/scan.h"

#include "compute/cpu.h"

#include <float.h>
#include <math.h>

/* The largest of a whole block. NaN is noted apart, since comparisons pass over it. */
static inline float largest_of_block(const float *logits, uint32_t nans[GPT__LANES])
{
    float most[GPT__LANES];
    for (int j = 0; j < GPT__LANES; j++)
        most[j] = -INFINITY;
    for (int i = 0; i < GPT__SCAN_BLOCK; i += GPT__LANES)
        for (int j = 0; j < GPT__LANES; j++) {
            float logit = logits[i + j];
            most[j] = logit > most[j] ? logit : most[j];
            nans[j] |= -(uint32_t)(logit != logit);
        }
    for (int j = 0; j < 8; j++)
        most[j] = most[j + 8] > most[j] ? most[j + 8] : most[j];
    for (int j = 0; j < 4; j++)
        most[j] = most[j + 4] > most[j] ? most[j + 4] : most[j];
    float even = most[2] > most[0] ? most[2] : most[0];
    float odd = most[3] > most[1] ? most[3] : most[1];
    return odd > even ? odd : even;
}

GPT__CPU_CLONES
static float scan_largest(float *tops, const float *logits, int32_t V)
{
    uint32_t nans[GPT__LANES] = {0};
    float largest = -INFINITY;
    for (int32_t block = 0, at = 0; at < V; block++, at += GPT__SCAN_BLOCK) {
        float top = -INFINITY;
        if (V - at >= GPT__SCAN_BLOCK) {
            top = largest_of_block(logits + at, nans);
        } else {
            for (int32_t i = at; i < V; i++) {
                top = logits[i] > top ? logits[i] : top;
                nans[0] |= logits[i] != logits[i];
            }
        }
        largest = top > largest ? top : largest;
        if (tops != NULL)
            tops[block] = top;
        if (V - at <= GPT__SCAN_BLOCK)
            break; /* at + GPT__SCAN_BLOCK might not be an int32_t */
    }
    uint32_t any = 0;
    for (int j = 0; j < GPT__LANES; j++)
        any |= nans[j];
    return any ? NAN : largest;
}

float gpt__scan_largest(float *tops, const float *logits, int32_t V)
{
    return scan_largest(tops, logits, V);
}

int32_t gpt__scan_find(const float *logits, int32_t V, float largest)
{
    for (int32_t i = 0; i < V; i++)
        if (logits[i] == largest)
            return i;
    return -1;
}

gpt__scaling gpt__scaling_of(float largest, float temperature)
{
    float least = 4 * (fabsf(largest) / FLT_MAX) + FLT_MIN;
    temperature = temperature > least ? temperature : least;
    return (gpt__scaling){temperature, largest / temperature};
}

GPT__CPU_CLONES
static void scale_and_weigh(float *restrict values, float *restrict weights, int32_t count, gpt__scaling scaling)
{
    int32_t i = 0;
    for (; i + GPT__LANES <= count; i += GPT__LANES)
        for (int j = 0; j < GPT__LANES; j++) {
            values[i + j] = gpt__scaled(values[i + j], scaling);
            weights[i + j] = gpt__exp_negative(values[i + j]);
        }
    for (; i < count; i++) {
        values[i] = gpt__scaled(values[i], scaling);
        weights[i] = gpt__exp_negative(values[i]);
    }
}

void gpt__scale_and_weigh(float *restrict values, float *restrict weights, int32_t count, gpt__scaling scaling)
{
    scale_and_weigh(values, weights, count, scaling);
}

/*
 * Sums in parts.
 */

static void begin_parts(gpt__parts *parts, int32_t V)
{
    int64_t width = ((int64_t)V + GPT__MOST_PARTS - 1) / GPT__MOST_PARTS;
    width = width < 512 ? 512 : (width + GPT__LANES - 1) / GPT__LANES * GPT__LANES;
    parts->width = (int32_t)width;
    parts->count = (int32_t)(((int64_t)V + width - 1) / width);
    parts->total = 0;
}

static void end_part(gpt__parts *parts, int32_t part, const float lanes[GPT__LANES])
{
    float sum = 0;
    for (int j = 0; j < GPT__LANES; j++)
        sum += lanes[j];
    parts->sums[part] = sum;
    parts->total += sum;
}

GPT__CPU_CLONES
static void parts_of_all(gpt__parts *parts, const float *logits, int32_t V, gpt__scaling scaling)
{
    begin_parts(parts, V);
    for (int32_t part = 0; part < parts->count; part++) {
        const float *x = logits + (int64_t)part * parts->width;
        int32_t n = part + 1 < parts->count ? parts->width : V - part * parts->width;
        float lanes[GPT__LANES] = {0};
        int32_t i = 0;
        for (; i + GPT__LANES <= n; i += GPT__LANES)
            for (int j = 0; j < GPT__LANES; j++)
                lanes[j] += gpt__weight(x[i + j], scaling);
        for (; i < n; i++)
            lanes[i % GPT__LANES] += gpt__weight(x[i], scaling);
        end_part(parts, part, lanes);
    }
}

void gpt__parts_of_all(gpt__parts *parts, const float *logits, int32_t V, gpt__scaling scaling)
{
    parts_of_all(parts, logits, V, scaling);
}

void gpt__parts_of_some(gpt__parts *parts, const int32_t *ids, const float *weights, int32_t n, int32_t V)
{
    begin_parts(parts, V);
    int32_t at = 0;
    for (int32_t part = 0; part < parts->count; part++) {
        float lanes[GPT__LANES] = {0};
        for (; at < n && ids[at] / parts->width == part; at++)
            lanes[ids[at] % GPT__LANES] += weights[at];
        end_part(parts, part, lanes);
    }
}

int32_t gpt__parts_draw(double *rest, const gpt__parts *parts, double uniform)
{
    double target = uniform * parts->total;
    double before = 0;
    int32_t drawn = -1;
    for (int32_t part = 0; part < parts->count; part++) {
        if (parts->sums[part] <= 0)
            continue;
        /* The last part that weighs something takes what rounding left over. */
        drawn = part;
        *rest = target - before;
        before += parts->sums[part];
        if (before > target)
            break;
    }
    return drawn;
}
