/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model/experts.c: choosing experts, sorting tokens by expert, and the two products of each. Formulas are those of
 * Hugging Face's modeling_gpt_oss.py.
 *
 * Letters: T tokens, D width, E experts, k experts of a token, I inner width, n tokens of an expert.
 */
#include "model/experts.h"

#include "base/memory.h"
#include "compute/cpu.h"

#include <math.h>

void gpt__expert_scratch_release(gpt__expert_scratch *s)
{
    gpt__rows_release(&s->scores);
    gpt__release(s->chosen);
    gpt__release(s->shares);
    gpt__release(s->order);
    gpt__release(s->begins);
    gpt__rows_release(&s->input);
    gpt__rows_release(&s->gated);
    gpt__rows_release(&s->inner);
    gpt__rows_release(&s->result);
    *s = (gpt__expert_scratch){0};
}

static gpt_status reserve(gpt__expert_scratch *s, int64_t T, int64_t E, int64_t k)
{
    size_t places = (size_t)(T * k);
    GPT__TRY(gpt__reserve((void **)&s->chosen, &s->chosen_capacity, places, sizeof *s->chosen));
    GPT__TRY(gpt__reserve((void **)&s->shares, &s->share_capacity, places, sizeof *s->shares));
    GPT__TRY(gpt__reserve((void **)&s->order, &s->order_capacity, places, sizeof *s->order));
    return gpt__reserve((void **)&s->begins, &s->begin_capacity, (size_t)E + 1, sizeof *s->begins);
}

/* The k experts of the highest scores, best first; with NaN among the scores, still k different ones. */
static void choose(int32_t *chosen, const float *scores, int32_t E, int32_t k)
{
    for (int32_t i = 0; i < k; i++) {
        int32_t best = -1;
        for (int32_t e = 0; e < E; e++) {
            int taken = 0;
            for (int32_t j = 0; j < i; j++)
                taken |= chosen[j] == e;
            if (!taken && (best < 0 || scores[e] > scores[best]))
                best = e;
        }
        chosen[i] = best;
    }
}

/* Softmax over the scores of the chosen experts, the highest of which comes first. */
static void share(float *shares, const int32_t *chosen, const float *scores, int32_t k)
{
    float total = 0;
    for (int32_t i = 0; i < k; i++) {
        shares[i] = expf(scores[chosen[i]] - scores[chosen[0]]);
        total += shares[i];
    }
    for (int32_t i = 0; i < k; i++)
        shares[i] /= total;
}

/* Sorts the places of chosen [T k] by expert, by counting. */
static void sort_by_expert(gpt__expert_scratch *s, int64_t places, int32_t E)
{
    for (int32_t e = 0; e <= E; e++)
        s->begins[e] = 0;
    for (int64_t p = 0; p < places; p++)
        s->begins[s->chosen[p] + 1]++;
    for (int32_t e = 0; e < E; e++)
        s->begins[e + 1] += s->begins[e];
    for (int64_t p = 0; p < places; p++)
        s->order[s->begins[s->chosen[p]]++] = (int32_t)p;
    /* Each begin has moved to its expert's end, which is the next one's begin. */
    for (int32_t e = E; e > 0; e--)
        s->begins[e] = s->begins[e - 1];
    s->begins[0] = 0;
}

static gpt_status route(gpt__expert_scratch *s, gpt__linear_scratch *linear, const gpt__config *c,
                        const gpt__experts *experts, const gpt__rows *normed, int64_t T)
{
    int32_t k = c->experts_per_token;
    GPT__TRY(reserve(s, T, c->experts, k));
    GPT__TRY(gpt__rows_resize(&s->scores, GPT_DTYPE_F32, gpt__linear_rows(T), c->experts));
    GPT__TRY(gpt__linear_apply(linear, &experts->router, normed, s->scores.data, T));
#pragma omp parallel for schedule(static) if (T > 8)
    for (int64_t t = 0; t < T; t++) {
        const float *scores = (const float *)s->scores.data + t * c->experts;
        choose(s->chosen + t * k, scores, c->experts, k);
        share(s->shares + t * k, s->chosen + t * k, scores, k);
    }
    sort_by_expert(s, T * k, c->experts);
    return GPT_OK;
}

/* inner [n, I] = the gated activation of gated [n, 2 I], by way of its own first half, which is read before. */
static gpt_status activate(gpt__expert_scratch *s, const gpt__config *c, gpt_dtype dtype, int64_t n)
{
    GPT__TRY(gpt__rows_resize(&s->inner, dtype, gpt__linear_rows(n), c->inner));
#pragma omp parallel for schedule(static) if (n > 8)
    for (int64_t i = 0; i < n; i++) {
        float *row = (float *)s->gated.data + i * s->gated.width;
        gpt__gate(row, row, c->inner, c->gate_limit);
        gpt__rows_store(&s->inner, i, row);
    }
    gpt__rows_clear(&s->inner, n);
    return GPT_OK;
}

/* x [D] += share * values. */
GPT__CPU_CLONES
static void add_share(float *restrict x, const float *restrict values, float share_of_expert, int64_t D)
{
    for (int64_t i = 0; i < D; i++)
        x[i] += share_of_expert * values[i];
}

/* Adds the shares of one expert, whose places in chosen are order [n]. */
static gpt_status apply_expert(gpt__expert_scratch *s, gpt__linear_scratch *linear, const gpt__config *c,
                               const gpt__linear *in, const gpt__linear *out, const gpt__rows *input,
                               const int32_t *order, int64_t n, float *x)
{
    int32_t k = c->experts_per_token;
    GPT__TRY(gpt__rows_resize(&s->input, input->dtype, gpt__linear_rows(n), c->D));
#pragma omp parallel for schedule(static) if (n > 8)
    for (int64_t i = 0; i < n; i++)
        gpt__rows_copy(&s->input, i, input, order[i] / k);
    gpt__rows_clear(&s->input, n);
    GPT__TRY(gpt__rows_resize(&s->gated, GPT_DTYPE_F32, gpt__linear_rows(n), in->N));
    GPT__TRY(gpt__linear_apply(linear, in, &s->input, s->gated.data, n));
    gpt__profile_switch(linear->profile, GPT_PART_ELEMENTWISE);
    GPT__TRY(activate(s, c, input->dtype, n));
    gpt__profile_switch(linear->profile, GPT_PART_LINEAR);
    GPT__TRY(gpt__rows_resize(&s->result, GPT_DTYPE_F32, gpt__linear_rows(n), c->D));
    GPT__TRY(gpt__linear_apply(linear, out, &s->inner, s->result.data, n));
    /* A token's experts are different ones, so that each row of x is here once. */
#pragma omp parallel for schedule(static) if (n > 8)
    for (int64_t i = 0; i < n; i++)
        add_share(x + order[i] / k * (int64_t)c->D, (const float *)s->result.data + i * c->D, s->shares[order[i]],
                  c->D);
    return GPT_OK;
}

gpt_status gpt__experts_apply(gpt__expert_scratch *s, gpt__linear_scratch *linear, const gpt__config *config,
                              const gpt__experts *experts, const gpt__rows *normed, const gpt__rows *input, float *x,
                              int64_t T)
{
    GPT__TRY(route(s, linear, config, experts, normed, T));
    for (int32_t e = 0; e < config->experts; e++) {
        int64_t n = s->begins[e + 1] - s->begins[e];
        if (n > 0)
            GPT__TRY(apply_expert(s, linear, config, &experts->in[e], &experts->out[e], input,
                                  s->order + s->begins[e], n, x));
    }
    return GPT_OK;
}
