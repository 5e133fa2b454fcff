/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/bench_sampler.c: how long choosing a token takes, for a vocabulary like GPT-2's. Prints one line for each
 * setting and asserts nothing.
 */
#include "base/memory.h"
#include "base/random.h"
#include "generate/processors.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define V 50257
#define VECTORS 16
#define ROUNDS 200

static float vectors[VECTORS][V];

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/*
 * Logits as GPT-2 has them: most between -90 and -110 with a standard deviation near 2.5, and a tail of probable tokens
 * above that, whose distance falls like Zipf's law.
 */
static void fill(float *logits, uint64_t seed)
{
    for (int i = 0; i < V; i++) {
        double a = gpt__random_uniform(seed, 0, (uint64_t)i * 2) + 1e-12;
        double b = gpt__random_uniform(seed, 0, (uint64_t)i * 2 + 1);
        logits[i] = (float)(-100 + 2.5 * sqrt(-2 * log(a)) * cos(6.283185307 * b));
    }
    for (int rank = 1; rank <= 2000; rank++) {
        int token = (int)(gpt__random_uniform(seed, 1, (uint64_t)rank) * V);
        logits[token] = (float)(-84 - 1.3 * log(rank));
    }
}

static void run(const char *name, const gpt__settings *settings)
{
    static float work[V];
    static int32_t ids[1024];
    gpt__sampler_scratch scratch = {0};
    double best = 1e9;
    double sum = 0;
    int failures = 0;
    for (int i = 0; i < 1024; i++)
        ids[i] = (i * 7919) % V;
    gpt__history history = {ids, 1024, 512};
    for (int round = 0; round < ROUNDS; round++) {
        int32_t token;
        memcpy(work, vectors[round % VECTORS], sizeof work);
        double uniform = gpt__random_uniform(7, 0, (uint64_t)round);
        double start = seconds();
        failures += gpt__sample_token(&token, work, V, settings, &history, uniform, &scratch) != GPT_OK;
        double took = seconds() - start;
        sum += took;
        best = took < best ? took : best;
    }
    gpt__sampler_scratch_release(&scratch);
    printf("%-34s best %7.1f us, mean %7.1f us%s\n", name, best * 1e6, sum / ROUNDS * 1e6, failures ? " (failed)" : "");
}

static void run_logprobs(void)
{
    gpt__sampler_scratch scratch = {0};
    int32_t tokens[5];
    float logprobs[5], logprob;
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        double start = seconds();
        if (gpt__token_logprobs(&logprob, tokens, logprobs, 5, vectors[round % VECTORS], V, 1, &scratch) != GPT_OK)
            return;
        double took = seconds() - start;
        best = took < best ? took : best;
    }
    gpt__sampler_scratch_release(&scratch);
    printf("%-34s best %7.1f us\n", "log-probabilities, 5 alternatives", best * 1e6);
}

int main(void)
{
    for (int i = 0; i < VECTORS; i++)
        fill(vectors[i], (uint64_t)i);
    gpt__settings s;
    gpt__settings_default(&s);
    run("greedy", &s);
    s.repetition_penalty = 1.3f;
    s.no_repeat_ngram = 3;
    run("greedy, penalties", &s);
    gpt__settings_default(&s);
    s.sampling = 1;
    run("sampling", &s);
    s.temperature = 0.8f;
    run("temperature 0.8", &s);
    s.top_p = 0.95f;
    run("temperature 0.8, top-p 0.95", &s);
    s.top_k = 50;
    run("temperature 0.8, top-k 50, top-p", &s);
    s.top_p = 1;
    run("temperature 0.8, top-k 50", &s);
    s.top_k = 0;
    s.min_p = 0.05f;
    run("temperature 0.8, min-p 0.05", &s);
    s.min_p = 0;
    s.typical_p = 0.9f;
    run("temperature 0.8, typical-p 0.9", &s);
    s.typical_p = 1;
    s.epsilon_cutoff = 3e-4f;
    run("temperature 0.8, epsilon 3e-4", &s);
    s.epsilon_cutoff = 0;
    s.eta_cutoff = 3e-4f;
    run("temperature 0.8, eta 3e-4", &s);
    s.eta_cutoff = 0;
    s.temperature = 30;
    s.top_p = 0.95f;
    run("temperature 30 (flat), top-p 0.95", &s);
    run_logprobs();
    return 0;
}
