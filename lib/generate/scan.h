/* SPDX-License-Identifier: Apache-2.0 */
/* generate/scan.h: passes over all V logits: the largest, and the sum of e^logit, by vector instructions. */
#ifndef GPT__GENERATE_SCAN_H
#define GPT__GENERATE_SCAN_H

#include "compute/exp.h"

#include <stddef.h>

/* The vocabulary in blocks whose largest logits are kept, so that whole blocks can be passed over. */
#define GPT__SCAN_BLOCK 64

/* How many such blocks there are. */
static inline int32_t gpt__scan_blocks(int32_t V)
{
    return V / GPT__SCAN_BLOCK + (V % GPT__SCAN_BLOCK != 0);
}

/*
 * The largest of logits [V], with that of each block in tops when it is not NULL. NaN when any logit is NaN; -INFINITY
 * when all are.
 */
float gpt__scan_largest(float *tops, const float *logits, int32_t V);

/* The place of the first logit that equals largest, which one of them does. */
int32_t gpt__scan_find(const float *logits, int32_t V, float largest);

/*
 * What turns a logit into a value: logit / temperature - top, where top is the largest logit / temperature. No value is
 * above 0. The reference divides first, too: what it rounds is rounded here.
 */
typedef struct gpt__scaling {
    float temperature;
    float top;
} gpt__scaling;

/*
 * The scaling for a largest logit. A temperature so low that the division would overflow is raised: next to the largest
 * logit no other has a chance either way.
 */
gpt__scaling gpt__scaling_of(float largest, float temperature);

static inline float gpt__scaled(float logit, gpt__scaling scaling)
{
    return logit / scaling.temperature - scaling.top;
}

/* The weight of a value, e^value, is its probability but for a factor that all have in common. */
static inline float gpt__weight(float logit, gpt__scaling scaling)
{
    return gpt__exp_negative(gpt__scaled(logit, scaling));
}

/* Turns count logits in values into values, in place, and finds their weights. */
void gpt__scale_and_weigh(float *values, float *weights, int32_t count, gpt__scaling scaling);

#define GPT__MOST_PARTS 1024

/* Lanes in which weights are summed up: token i belongs to lane i % GPT__LANES. */
#define GPT__LANES 16

/*
 * The sums of weights over equal parts of the vocabulary. How they are added up depends on the tokens' ids alone, so
 * that a sum over few candidates has the same bits as one over all tokens, the others of which weigh nothing.
 */
typedef struct gpt__parts {
    int32_t width; /* tokens in a part, a multiple of GPT__LANES */
    int32_t count;
    float sums[GPT__MOST_PARTS];
    double total;
} gpt__parts;

/* Over logits [V]. */
void gpt__parts_of_all(gpt__parts *parts, const float *logits, int32_t V, gpt__scaling scaling);

/* Over n candidates in rising order of their ids. */
void gpt__parts_of_some(gpt__parts *parts, const int32_t *ids, const float *weights, int32_t n, int32_t V);

/* The part that a draw falls into, with what is left of uniform * total in it. -1 when nothing weighs anything. */
int32_t gpt__parts_draw(double *rest, const gpt__parts *parts, double uniform);

#endif
