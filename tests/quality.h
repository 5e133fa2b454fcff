/* SPDX-License-Identifier: Apache-2.0 */
/* tests/quality.h: how far the predictions of one generator are from those of another, which is taken for exact. */
#ifndef TESTS_QUALITY_H
#define TESTS_QUALITY_H

#include <gpt/gpt.h>

#include <math.h>
#include <stdlib.h>

/* Sums over tokens. Begins as {0}. */
typedef struct quality {
    double divergence; /* Kullback and Leibler's, of the exact probabilities from the others, in nats */
    size_t agreed;     /* tokens after which both find the same token the most probable */
    size_t count;
} quality;

/* log of the sum of exp(logits [V]), and the place of the largest. */
static inline double quality_log_sum(int32_t *best, const float *logits, int32_t V)
{
    double sum = 0;
    *best = 0;
    for (int32_t i = 1; i < V; i++)
        *best = logits[i] > logits[*best] ? i : *best;
    for (int32_t i = 0; i < V; i++)
        sum += exp((double)logits[i] - logits[*best]);
    return logits[*best] + log(sum);
}

/* One token's logits p [V], exact, and q [V]. */
static inline void quality_add_token(quality *sum, const float *p, const float *q, int32_t V)
{
    int32_t p_best, q_best;
    double p_sum = quality_log_sum(&p_best, p, V), q_sum = quality_log_sum(&q_best, q, V);
    for (int32_t i = 0; i < V; i++)
        sum->divergence += exp(p[i] - p_sum) * ((p[i] - p_sum) - (q[i] - q_sum));
    sum->agreed += p_best == q_best;
    sum->count++;
}

/* Adds what both say after each of the ids, which fit in the context. */
static inline gpt_status quality_add(quality *sum, gpt_generator *exact, gpt_generator *other, const int32_t *ids,
                                     size_t count)
{
    size_t V = (size_t)gpt_model_vocab_size(gpt_generator_model(exact));
    float *p = calloc(count * V, sizeof *p), *q = calloc(count * V, sizeof *q);
    gpt_status status = p != NULL && q != NULL ? GPT_OK : GPT_E_MEMORY;
    if (status == GPT_OK)
        status = gpt_generator_evaluate(p, NULL, exact, ids, count);
    if (status == GPT_OK)
        status = gpt_generator_evaluate(q, NULL, other, ids, count);
    for (size_t t = 0; t < count && status == GPT_OK; t++)
        quality_add_token(sum, p + t * V, q + t * V, (int32_t)V);
    free(p);
    free(q);
    return status;
}

#endif
