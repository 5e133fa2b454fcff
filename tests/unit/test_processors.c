/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_processors.c: logits processors and sampling against the outputs of Hugging Face transformers
 * (golden/warps.safetensors) and against the definitions, computed here by sorting in double precision.
 */
#include "../test.h"

#include "base/memory.h"
#include "base/random.h"
#include "compute/exp.h"
#include "format/json.h"
#include "format/tensor.h"
#include "generate/candidates.h"
#include "generate/processors.h"
#include "generate/select.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define MOST_V 5003

static gpt__sampler_scratch scratch;
static const gpt__history no_history;

static double uniform(uint64_t stream, uint64_t position)
{
    return gpt__random_uniform(2024, stream, position);
}

static gpt__settings sampling_settings(void)
{
    gpt__settings settings;
    gpt__settings_default(&settings);
    settings.sampling = 1;
    return settings;
}

/* ln softmax in double precision. */
static void log_softmax(double *out, const float *logits, int32_t V)
{
    double largest = -INFINITY, sum = 0;
    for (int32_t i = 0; i < V; i++)
        largest = fmax(largest, logits[i]);
    for (int32_t i = 0; i < V; i++)
        sum += exp(logits[i] - largest);
    for (int32_t i = 0; i < V; i++)
        out[i] = logits[i] - largest - log(sum);
}

/*
 * Golden cases.
 */

static void read_tokens(gpt__token_map *map, const cJSON *list)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, list) {
        int32_t token = item->string != NULL ? atoi(item->string) : item->valueint;
        EXPECT_OK(gpt__token_map_set(map, token, item->string != NULL ? (float)item->valuedouble : 0));
    }
}

static void read_settings(gpt__settings *settings, const cJSON *json)
{
    const cJSON *item;
    *settings = sampling_settings();
    /* The reference's end-of-sequence token, which min_new_tokens excludes. */
    EXPECT_OK(gpt__token_map_set(&settings->stop_tokens, 0, 0));
    struct {
        const char *name;
        float *value;
    } numbers[] = {
        {"temperature", &settings->temperature}, {"top_p", &settings->top_p},
        {"min_p", &settings->min_p}, {"typical_p", &settings->typical_p},
        {"epsilon_cutoff", &settings->epsilon_cutoff}, {"eta_cutoff", &settings->eta_cutoff},
        {"repetition_penalty", &settings->repetition_penalty},
    };
    cJSON_ArrayForEach(item, json) {
        int known = 1;
        if (strcmp(item->string, "top_k") == 0)
            settings->top_k = item->valueint;
        else if (strcmp(item->string, "no_repeat_ngram_size") == 0)
            settings->no_repeat_ngram = item->valueint;
        else if (strcmp(item->string, "min_new_tokens") == 0)
            settings->min_new_tokens = item->valueint;
        else if (strcmp(item->string, "bias") == 0)
            read_tokens(&settings->bias, item);
        else if (strcmp(item->string, "banned") == 0)
            read_tokens(&settings->banned, item);
        else
            known = 0;
        for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
            if (strcmp(item->string, numbers[i].name) == 0) {
                *numbers[i].value = (float)item->valuedouble;
                known = 1;
            }
        EXPECT(known);
    }
}

static const gpt__tensor *find(const gpt__checkpoint *checkpoint, const char *kind, const char *number)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%s", kind, number);
    const gpt__tensor *tensor = gpt__checkpoint_find(checkpoint, name);
    EXPECT(tensor != NULL);
    return tensor;
}

static void check_warp(const gpt__checkpoint *checkpoint, const char *number, const cJSON *json)
{
    static float logits[MOST_V], expected[MOST_V];
    static double found[MOST_V];
    static int32_t ids[256];
    const gpt__tensor *history = find(checkpoint, "history", number);
    const gpt__tensor *before = find(checkpoint, "logits", number);
    const gpt__tensor *after = find(checkpoint, "logprobs", number);
    if (history == NULL || before == NULL || after == NULL || before->count > MOST_V || history->count > 256)
        return;
    int32_t V = (int32_t)before->count;
    EXPECT_OK(gpt__tensor_to_f32(logits, before, 0, V));
    EXPECT_OK(gpt__tensor_to_f32(expected, after, 0, V));
    for (int64_t i = 0; i < history->count; i++)
        ids[i] = (int32_t)gpt__read_u64(history->data + 8 * i);
    gpt__settings settings;
    read_settings(&settings, json);
    gpt__history tokens = {ids, (size_t)history->count, (size_t)history->count};
    EXPECT_OK(gpt__process_logits(logits, V, &settings, &tokens, &scratch));
    log_softmax(found, logits, V);
    int wrong = 0;
    double worst = 0;
    for (int32_t i = 0; i < V; i++) {
        wrong += (found[i] == -INFINITY) != (expected[i] == -INFINITY);
        if (expected[i] != -INFINITY)
            worst = test_worse(worst, fabs(found[i] - expected[i]));
    }
    int equal_sets = EXPECT_INT(wrong, 0);
    if (!EXPECT_NEAR(worst, 0, 4e-6) || !equal_sets)
        printf("# case %s\n", number);
    gpt__settings_release(&settings);
}

static void processors_equal_transformers(void)
{
    size_t length = 0;
    char *path = test_path("golden/warps.safetensors");
    char *bytes = test_read_file(&length, path);
    gpt__checkpoint *checkpoint = NULL;
    cJSON *header = NULL;
    if (EXPECT(bytes != NULL && length > 8)) {
        free(test_write_file("model.safetensors", bytes, length));
        EXPECT_OK(gpt__checkpoint_open(&checkpoint, test_directory()));
        header = cJSON_ParseWithLength(bytes + 8, (size_t)gpt__read_u64(bytes));
    }
    const cJSON *cases = gpt__json_member(header, "__metadata__");
    const cJSON *item;
    int count = 0;
    cJSON_ArrayForEach(item, cases) {
        cJSON *settings = cJSON_Parse(item->valuestring);
        if (checkpoint != NULL && EXPECT(settings != NULL))
            check_warp(checkpoint, item->string, settings);
        cJSON_Delete(settings);
        count++;
    }
    EXPECT_INT(count, 26);
    cJSON_Delete(header);
    gpt__checkpoint_close(checkpoint);
    free(bytes);
    free(path);
}

/*
 * The definitions, by sorting. tokens are the candidates left, the most probable first (the smaller id first among
 * equals), with their probabilities.
 */

typedef struct naive {
    int32_t id;
    double value;
    double p;
    double key;
} naive;

static int by_value(const void *a, const void *b)
{
    const naive *x = a, *y = b;
    return x->value != y->value ? (x->value < y->value) - (x->value > y->value) : (x->id > y->id) - (x->id < y->id);
}

static int by_key(const void *a, const void *b)
{
    const naive *x = a, *y = b;
    return x->key != y->key ? (x->key > y->key) - (x->key < y->key) : (x->id > y->id) - (x->id < y->id);
}

static void normalize(naive *tokens, int n)
{
    double largest = -INFINITY, sum = 0;
    for (int i = 0; i < n; i++)
        largest = fmax(largest, tokens[i].value);
    for (int i = 0; i < n; i++)
        sum += tokens[i].p = exp(tokens[i].value - largest);
    for (int i = 0; i < n; i++)
        tokens[i].p /= sum;
}

static double entropy_of(const naive *tokens, int n)
{
    double entropy = 0;
    for (int i = 0; i < n; i++)
        entropy -= tokens[i].p > 0 ? tokens[i].p * log(tokens[i].p) : 0;
    return entropy;
}

static int naive_top_p(naive *tokens, int n, double top_p)
{
    double before = 0;
    int kept = 0;
    while (kept < n && (kept == 0 || before < top_p))
        before += tokens[kept++].p;
    return kept;
}

static int naive_typical(naive *tokens, int n, double mass)
{
    double entropy = entropy_of(tokens, n), sum = 0;
    int last = 0, kept = 0;
    for (int i = 0; i < n; i++)
        tokens[i].key = (float)fabs(-log(tokens[i].p) - entropy);
    qsort(tokens, (size_t)n, sizeof *tokens, by_key);
    for (int i = 0; i < n; i++)
        last += (sum += tokens[i].p) < mass;
    last = last < n ? last : n - 1;
    while (kept < n && tokens[kept].key <= tokens[last].key)
        kept++;
    qsort(tokens, (size_t)kept, sizeof *tokens, by_value);
    return kept;
}

static int naive_cutoff(const naive *tokens, int n, double least)
{
    int kept = 0;
    while (kept < n && (tokens[kept].p >= least || tokens[kept].value == tokens[0].value))
        kept++;
    return kept;
}

static int naive_warp(naive *tokens, const float *logits, int32_t V, const gpt__settings *s)
{
    int n = 0;
    float largest = -INFINITY;
    for (int32_t i = 0; i < V; i++)
        largest = logits[i] > largest ? logits[i] : largest;
    for (int32_t i = 0; i < V; i++)
        if (logits[i] != -INFINITY)
            tokens[n++] = (naive){.id = i, .value = logits[i] / s->temperature - largest / s->temperature};
    qsort(tokens, (size_t)n, sizeof *tokens, by_value);
    if (s->top_k > 0 && s->top_k < n) {
        int kept = s->top_k;
        while (kept < n && tokens[kept].value == tokens[s->top_k - 1].value)
            kept++;
        n = kept;
    }
    normalize(tokens, n);
    if (s->top_p < 1)
        n = naive_top_p(tokens, n, s->top_p);
    normalize(tokens, n);
    if (s->min_p > 0)
        while (n > 1 && tokens[n - 1].p < s->min_p * tokens[0].p)
            n--;
    normalize(tokens, n);
    if (s->typical_p < 1)
        n = naive_typical(tokens, n, s->typical_p);
    normalize(tokens, n);
    if (s->epsilon_cutoff > 0)
        n = naive_cutoff(tokens, n, s->epsilon_cutoff);
    normalize(tokens, n);
    if (s->eta_cutoff > 0)
        n = naive_cutoff(tokens, n, fmin(s->eta_cutoff, sqrt(s->eta_cutoff) * exp(-entropy_of(tokens, n))));
    normalize(tokens, n);
    return n;
}

/* Logits of several kinds: bell-shaped, peaked, flat, in few steps (many ties), with excluded tokens. */
static void fill_logits(float *logits, int32_t V, uint64_t stream)
{
    int kind = (int)(stream % 5);
    for (int32_t i = 0; i < V; i++) {
        double a = uniform(stream, 3 * (uint64_t)i), b = uniform(stream, 3 * (uint64_t)i + 1);
        double normal = sqrt(-2 * log(a + 1e-12)) * cos(6.283185307 * b);
        logits[i] = (float)(kind == 1 ? -90 + normal * 5 : kind == 2 ? normal * 0.01 : normal * 2);
        if (kind == 3)
            logits[i] = (float)floor(normal * 2);
        if (kind == 4 && uniform(stream, 3 * (uint64_t)i + 2) < 0.3 && i > 0)
            logits[i] = -INFINITY;
    }
}

/* Settings drawn at random, each on in about a third of the cases. */
static gpt__settings draw_settings(uint64_t stream)
{
    gpt__settings s = sampling_settings();
    static const float temperatures[] = {0.2f, 0.7f, 1, 1.5f};
    static const int top_ks[] = {1, 2, 7, 50, 600};
    stream += 1000000;
#define ON(position) (uniform(stream, position) < 0.35)
#define PICK(array, position) array[(size_t)(uniform(stream, position) * (sizeof array / sizeof array[0]))]
    s.temperature = PICK(temperatures, 1);
    s.top_k = ON(2) ? PICK(top_ks, 3) : 0;
    s.top_p = ON(4) ? (float)uniform(stream, 5) : 1;
    s.min_p = ON(6) ? (float)(uniform(stream, 7) * 0.3) : 0;
    s.typical_p = ON(8) ? (float)(uniform(stream, 9) * 0.99 + 0.01) : 1;
    s.epsilon_cutoff = ON(10) ? (float)(uniform(stream, 11) * 0.02) : 0;
    s.eta_cutoff = ON(12) ? (float)(uniform(stream, 13) * 0.02) : 0;
#undef ON
#undef PICK
    return s;
}

static const int32_t sizes[] = {1, 2, 15, 16, 17, 63, 64, 65, 129, 511, 512, 513, 1500, MOST_V};

static void processors_equal_the_definitions(void)
{
    static float logits[MOST_V];
    static naive tokens[MOST_V];
    static double found[MOST_V];
    int wrong_sets = 0, cases = 0;
    double worst = 0;
    for (uint64_t round = 0; round < 700; round++) {
        int32_t V = sizes[round % (sizeof sizes / sizeof sizes[0])];
        gpt__settings settings = draw_settings(round);
        fill_logits(logits, V, round);
        int n = naive_warp(tokens, logits, V, &settings);
        if (gpt__process_logits(logits, V, &settings, &no_history, &scratch) != GPT_OK) {
            wrong_sets++;
            continue;
        }
        log_softmax(found, logits, V);
        int left = 0, missing = 0;
        for (int32_t i = 0; i < V; i++)
            left += logits[i] != -INFINITY;
        for (int i = 0; i < n; i++) {
            missing += logits[tokens[i].id] == -INFINITY;
            if (logits[tokens[i].id] != -INFINITY)
                worst = test_worse(worst, fabs(exp(found[tokens[i].id]) - tokens[i].p));
        }
        if (left != n || missing > 0)
            printf("# round %d: %d tokens left, %d expected, %d missing\n", (int)round, left, n, missing);
        wrong_sets += left != n || missing > 0;
        cases++;
    }
    EXPECT_INT(cases, 700);
    EXPECT_INT(wrong_sets, 0);
    EXPECT_NEAR(worst, 0, 1e-6);
}

static void sampling_equals_processing_and_choosing(void)
{
    static float logits[MOST_V], work[MOST_V];
    static const double extremes[] = {0, 0.5, 1 - 0x1p-53};
    int wrong = 0, failed = 0;
    for (uint64_t round = 0; round < 1400; round++) {
        int32_t V = sizes[round % (sizeof sizes / sizeof sizes[0])];
        gpt__settings settings = draw_settings(round);
        settings.sampling = round % 11 != 0;
        fill_logits(logits, V, round);
        int32_t ids[40];
        for (int i = 0; i < 40; i++)
            ids[i] = (int32_t)(uniform(round + 77, (uint64_t)i) * V);
        gpt__history history = {ids, 40, 20};
        settings.repetition_penalty = round % 3 == 0 ? 1.3f : 1;
        settings.presence_penalty = round % 4 == 0 ? 0.5f : 0;
        settings.frequency_penalty = round % 5 == 0 ? 0.25f : 0;
        for (int i = 0; i < 8; i++) {
            double u = i < 3 ? extremes[i] : uniform(round + 99, (uint64_t)i);
            int32_t chosen = -1, sampled = -2;
            memcpy(work, logits, sizeof work);
            failed += gpt__process_logits(work, V, &settings, &history, &scratch) != GPT_OK;
            failed += gpt__choose_token(&chosen, work, V, settings.sampling, u) != GPT_OK;
            int excluded = chosen < 0 || work[chosen] == -INFINITY;
            memcpy(work, logits, sizeof work);
            failed += gpt__sample_token(&sampled, work, V, &settings, &history, u, &scratch) != GPT_OK;
            wrong += chosen != sampled || excluded;
        }
    }
    EXPECT_INT(failed, 0);
    EXPECT_INT(wrong, 0);
}

/* Evenly spaced numbers must fall on each token as often as its probability says. */
static void draws_follow_the_probabilities(void)
{
    enum { V = 700, N = 20000 };
    static float logits[V], work[V];
    static double probabilities[V];
    static int counts[V];
    gpt__settings settings = sampling_settings();
    for (int pass = 0; pass < 2; pass++) {
        settings.top_k = pass == 0 ? 0 : 30;
        fill_logits(logits, V, 5);
        memcpy(work, logits, sizeof work);
        EXPECT_OK(gpt__process_logits(work, V, &settings, &no_history, &scratch));
        log_softmax(probabilities, work, V);
        memset(counts, 0, sizeof counts);
        int failed = 0;
        for (int i = 0; i < N; i++) {
            int32_t token;
            memcpy(work, logits, sizeof work);
            failed += gpt__sample_token(&token, work, V, &settings, &no_history, (i + 0.5) / N, &scratch) != GPT_OK;
            counts[token]++;
        }
        EXPECT_INT(failed, 0);
        int wrong = 0;
        for (int i = 0; i < V; i++)
            wrong += fabs(counts[i] - exp(probabilities[i]) * N) > 1.05;
        EXPECT_INT(wrong, 0);
    }
}

/*
 * Single settings, by hand.
 */

static void expect_processed(const gpt__settings *settings, const gpt__history *history, const float *before,
                             const float *expected, int32_t V)
{
    float logits[16];
    memcpy(logits, before, (size_t)V * sizeof *logits);
    EXPECT_OK(gpt__process_logits(logits, V, settings, history, &scratch));
    for (int32_t i = 0; i < V; i++)
        EXPECT_NEAR(logits[i], expected[i], 1e-6);
}

static void penalties_are_as_defined(void)
{
    static const float before[] = {2, -2, 1, 0, 4};
    static const int32_t ids[] = {0, 1, 1, 0, 2, 2, 2};
    gpt__history history = {ids, 7, 3}; /* the new tokens are 0, 2, 2, 2 */
    gpt__settings s;
    gpt__settings_default(&s);
    s.repetition_penalty = 2;
    expect_processed(&s, &history, before, (const float[]){1, -4, 0.5f, 0, 4}, 5);
    gpt__settings_default(&s);
    s.presence_penalty = 0.5f;
    expect_processed(&s, &history, before, (const float[]){1.5f, -2, 0.5f, 0, 4}, 5);
    s.frequency_penalty = 0.25f;
    expect_processed(&s, &history, before, (const float[]){1.25f, -2, -0.25f, 0, 4}, 5);
    s.presence_penalty = 0;
    s.frequency_penalty = -1;
    expect_processed(&s, &history, before, (const float[]){3, -2, 4, 0, 4}, 5);
    /* The order: a bias is added before the repetition penalty divides. */
    gpt__settings_default(&s);
    s.repetition_penalty = 2;
    EXPECT_OK(gpt__token_map_set(&s.bias, 1, 8));
    EXPECT_OK(gpt__token_map_set(&s.bias, 3, -1));
    expect_processed(&s, &history, before, (const float[]){1, 3, 0.5f, -1, 4}, 5);
    gpt__settings_release(&s);
    /* The counters are 0 again after each call: the same outcome once more. */
    s.repetition_penalty = 2;
    expect_processed(&s, &history, before, (const float[]){1, -4, 0.5f, 0, 4}, 5);
}

static void temperature_divides(void)
{
    static const float before[] = {2, -3, -INFINITY, 0.5f};
    gpt__settings s = sampling_settings();
    s.temperature = 0.5f;
    expect_processed(&s, &no_history, before, (const float[]){4, -6, -INFINITY, 1}, 4);
    s.top_k = 2;
    expect_processed(&s, &no_history, before, (const float[]){4, -INFINITY, -INFINITY, 1}, 4);
}

static void repeated_ngrams_are_banned(void)
{
    static const float before[] = {1, 2, 3, 4, 5};
    static const int32_t ids[] = {3, 1, 2, 0, 1, 2, 4, 1, 2};
    gpt__history history = {ids, 9, 9};
    gpt__settings s;
    gpt__settings_default(&s);
    const float out = -INFINITY;
    s.no_repeat_ngram = 3; /* "1 2" was followed by 0 and 4 */
    expect_processed(&s, &history, before, (const float[]){out, 2, 3, 4, out}, 5);
    s.no_repeat_ngram = 2; /* so was "2" */
    expect_processed(&s, &history, before, (const float[]){out, 2, 3, 4, out}, 5);
    s.no_repeat_ngram = 4; /* "4 1 2" is new */
    expect_processed(&s, &history, before, before, 5);
    s.no_repeat_ngram = INT_MAX;
    expect_processed(&s, &history, before, before, 5);
    s.no_repeat_ngram = 9;
    expect_processed(&s, &history, before, before, 5);
    s.no_repeat_ngram = 1;
    history.count = 2;
    expect_processed(&s, &history, before, (const float[]){1, out, 3, out, 5}, 5);
    s.no_repeat_ngram = 3;
    history.count = 0;
    history.prompt_count = 0;
    expect_processed(&s, &history, before, before, 5);
}

static void bans_and_minimum_hold(void)
{
    static const float before[] = {1, 2, 3, 4, 5};
    static const int32_t ids[] = {0, 0, 0};
    gpt__history history = {ids, 3, 2};
    const float out = -INFINITY;
    gpt__settings s;
    gpt__settings_default(&s);
    EXPECT_OK(gpt__token_map_set(&s.banned, 4, 0));
    EXPECT_OK(gpt__token_map_set(&s.banned, 77, 0)); /* no such token */
    EXPECT_OK(gpt__token_map_set(&s.bias, -1, 3));
    EXPECT_OK(gpt__token_map_set(&s.bias, 4, 100)); /* a ban is stronger */
    EXPECT_OK(gpt__token_map_set(&s.stop_tokens, 3, 0));
    expect_processed(&s, &history, before, (const float[]){1, 2, 3, 4, out}, 5);
    s.min_new_tokens = 1;
    expect_processed(&s, &history, before, (const float[]){1, 2, 3, 4, out}, 5);
    s.min_new_tokens = 2;
    expect_processed(&s, &history, before, (const float[]){1, 2, 3, out, out}, 5);
    gpt__settings_release(&s);
}

static void greedy_takes_the_first_of_equals(void)
{
    static float logits[300];
    gpt__settings s;
    int32_t token;
    gpt__settings_default(&s);
    for (int at = 0; at < 300; at++) {
        for (int i = 0; i < 300; i++)
            logits[i] = i < at ? -1.0f : i % 7 == at % 7 ? 5.0f : -3.0f;
        EXPECT_OK(gpt__choose_token(&token, logits, 300, 0, 0));
        EXPECT_INT(token, at);
        EXPECT_OK(gpt__sample_token(&token, logits, 300, &s, &no_history, 0.9, &scratch));
        EXPECT_INT(token, at);
    }
    logits[0] = -0.0f, logits[1] = 0.0f;
    EXPECT_OK(gpt__choose_token(&token, logits, 2, 0, 0));
    EXPECT_INT(token, 0);
}

/*
 * Hostile logits, settings and histories.
 */

static void hopeless_logits_are_refused(void)
{
    float logits[100];
    gpt__settings s = sampling_settings();
    for (int sampling = 0; sampling < 2; sampling++)
        for (int at = 0; at < 100; at += 3) {
            int32_t token = 7;
            s.sampling = sampling;
            for (int i = 0; i < 100; i++)
                logits[i] = i == at ? NAN : (float)i;
            EXPECT_STATUS(gpt__choose_token(&token, logits, 100, sampling, 0.5), GPT_E_INTERNAL);
            EXPECT_MESSAGE("NaN");
            EXPECT_INT(token, -1);
            EXPECT_STATUS(gpt__sample_token(&token, logits, 100, &s, &no_history, 0.5, &scratch), GPT_E_INTERNAL);
        }
    for (int i = 0; i < 100; i++)
        logits[i] = -INFINITY;
    int32_t token;
    float logprob;
    EXPECT_STATUS(gpt__choose_token(&token, logits, 100, 1, 0.5), GPT_E_INTERNAL);
    EXPECT_STATUS(gpt__process_logits(logits, 100, &s, &no_history, &scratch), GPT_E_INTERNAL);
    EXPECT_STATUS(gpt__sample_token(&token, logits, 100, &s, &no_history, 0.5, &scratch), GPT_E_INTERNAL);
    EXPECT_MESSAGE("no token is left");
    EXPECT_STATUS(gpt__token_logprobs(&logprob, NULL, NULL, 0, logits, 100, 1, &scratch), GPT_E_INTERNAL);
    EXPECT_STATUS(gpt__sample_token(&token, logits, 0, &s, &no_history, 0.5, &scratch), GPT_E_INTERNAL);
    EXPECT_STATUS(gpt__choose_token(&token, logits, 0, 0, 0.5), GPT_E_INTERNAL);
    logits[0] = 1;
    EXPECT_STATUS(gpt__token_logprobs(&logprob, NULL, NULL, 0, logits, 100, 100, &scratch), GPT_E_INTERNAL);
    EXPECT_STATUS(gpt__token_logprobs(&logprob, NULL, NULL, -1, logits, 100, 1, &scratch), GPT_E_INTERNAL);
    EXPECT_STATUS(gpt__token_logprobs(&logprob, NULL, NULL, 101, logits, 100, 1, &scratch), GPT_E_INTERNAL);
}

static void infinity_forces_a_token(void)
{
    for (int at = 0; at < 40; at += 13) {
        float logits[40];
        gpt__settings s = sampling_settings();
        for (int sampling = 0; sampling < 2; sampling++)
            for (int top_k = 0; top_k < 9; top_k += 4) {
                for (int i = 0; i < 40; i++)
                    logits[i] = i == at ? INFINITY : (float)i;
                int32_t token;
                s.sampling = sampling;
                s.top_k = top_k;
                EXPECT_OK(gpt__sample_token(&token, logits, 40, &s, &no_history, 0.99, &scratch));
                EXPECT_INT(token, at);
            }
    }
}

/*
 * Every extreme that a setter lets through, together with extreme logits: as long as one token is not excluded, one of
 * those that are not comes out.
 */
static void extreme_settings_are_harmless(void)
{
    static const float values[] = {0, -0.0f, 1, -1, 1e-45f, -1e-45f, FLT_MIN, FLT_MAX, -FLT_MAX, -INFINITY, 1e30f, 88};
    static const float temperatures[] = {1e-45f, FLT_MIN, 1e-3f, 1, 1e10f, FLT_MAX};
    static const float shares[] = {0, 1e-45f, 0.5f, 0.99999994f, 1};
    static const int32_t ids[] = {0, 1, INT32_MAX, INT32_MIN, -1, 12, 2, 2};
    gpt__history history = {ids, 8, 2};
    int wrong = 0, drawn = 0;
    for (uint64_t round = 0; round < 20000; round++) {
        float logits[70], before[70];
        int32_t V = 1 + (int32_t)(uniform(round, 0) * 70), token = -5;
        int possible = 0;
        for (int32_t i = 0; i < V; i++) {
            before[i] = logits[i] = values[(size_t)(uniform(round, 1 + (uint64_t)i) * 12)];
            possible += before[i] > -INFINITY;
        }
        gpt__settings s = sampling_settings();
        s.temperature = temperatures[(size_t)(uniform(round, 100) * 6)];
        s.top_k = round % 2 ? (int)(uniform(round, 101) * 5) : INT_MAX;
        s.top_p = shares[(size_t)(uniform(round, 102) * 5)];
        s.min_p = shares[(size_t)(uniform(round, 103) * 5)];
        s.typical_p = shares[1 + (size_t)(uniform(round, 104) * 4)];
        s.epsilon_cutoff = shares[(size_t)(uniform(round, 105) * 4)];
        s.eta_cutoff = shares[(size_t)(uniform(round, 106) * 4)];
        s.repetition_penalty = temperatures[(size_t)(uniform(round, 107) * 6)];
        s.presence_penalty = values[(size_t)(uniform(round, 108) * 9)];
        s.frequency_penalty = values[(size_t)(uniform(round, 109) * 9)];
        gpt_status status = gpt__sample_token(&token, logits, V, &s, &history, uniform(round, 110), &scratch);
        if (status == GPT_OK)
            wrong += token < 0 || token >= V || before[token] == -INFINITY;
        else
            wrong += status != GPT_E_INTERNAL || possible > 0;
        drawn += status == GPT_OK;
    }
    EXPECT_INT(wrong, 0);
    EXPECT(drawn > 15000);
}

/* The smallest bias, or a hook that masks with the smallest float: such a token is never drawn, and hides no other. */
static void the_smallest_logit_only_excludes(void)
{
    float logits[4] = {0, 1, -FLT_MAX, 2}, plain[4] = {0, 1, -INFINITY, 2};
    gpt__settings s = sampling_settings();
    gpt__history history = {NULL, 0, 0};
    s.temperature = 0.7f;
    for (int eta = 0; eta < 2; eta++) {
        s.typical_p = eta ? 1 : 0.9f;
        s.eta_cutoff = eta ? 0.3f : 0;
        for (uint64_t round = 0; round < 100; round++) {
            float a[4], b[4];
            int32_t token = -1, expected = -1;
            memcpy(a, logits, sizeof a);
            memcpy(b, plain, sizeof b);
            EXPECT_OK(gpt__sample_token(&token, a, 4, &s, &history, uniform(round, 0), &scratch));
            EXPECT_OK(gpt__sample_token(&expected, b, 4, &s, &history, uniform(round, 0), &scratch));
            EXPECT_INT(token, expected);
        }
    }
}

static void scratch_is_allocated_once(void)
{
    static float logits[1000];
    gpt__sampler_scratch own = {0};
    gpt__settings s = sampling_settings();
    int32_t token, tokens[8];
    float logprob, logprobs[8];
    s.top_p = 0.9f;
    s.typical_p = 0.9f;
    s.repetition_penalty = 1.1f;
    fill_logits(logits, 1000, 1);
    gpt__fail_allocation_after(0, 1);
    EXPECT_STATUS(gpt__sample_token(&token, logits, 1000, &s, &no_history, 0.5, &own), GPT_E_MEMORY);
    EXPECT_STATUS(gpt__process_logits(logits, 1000, &s, &no_history, &own), GPT_E_MEMORY);
    EXPECT_STATUS(gpt__token_logprobs(&logprob, tokens, logprobs, 8, logits, 1000, 1, &own), GPT_E_MEMORY);
    gpt__fail_allocation_after(-1, 0);
    EXPECT_OK(gpt__sample_token(&token, logits, 1000, &s, &no_history, 0.5, &own));
    gpt__fail_allocation_after(0, 1);
    for (int i = 0; i < 20; i++)
        EXPECT_OK(gpt__sample_token(&token, logits, 1000 - i, &s, &no_history, 0.5, &own));
    EXPECT_OK(gpt__token_logprobs(&logprob, tokens, logprobs, 8, logits, 1000, 1, &own));
    EXPECT_STATUS(gpt__sample_token(&token, logits, 1001, &s, &no_history, 0.5, &own), GPT_E_MEMORY);
    gpt__fail_allocation_after(-1, 0);
    gpt__sampler_scratch_release(&own);
    gpt__sampler_scratch_release(&own);
}

/*
 * Log-probabilities.
 */

static void logprobs_equal_the_definition(void)
{
    static float logits[MOST_V], logprobs[MOST_V];
    static double expected[MOST_V];
    static int32_t tokens[MOST_V];
    static naive sorted[MOST_V];
    int wrong = 0;
    double worst = 0;
    for (uint64_t round = 0; round < 120; round++) {
        int32_t V = sizes[round % (sizeof sizes / sizeof sizes[0])];
        int n = (int)(uniform(round + 7, 0) * (V + 1));
        if (round % 3 == 0)
            n = n > 5 ? 5 : n;
        int32_t token = (int32_t)(uniform(round + 7, 1) * V);
        float logprob;
        fill_logits(logits, V, round);
        log_softmax(expected, logits, V);
        for (int32_t i = 0; i < V; i++)
            sorted[i] = (naive){.id = i, .value = logits[i]};
        qsort(sorted, (size_t)V, sizeof *sorted, by_value);
        if (gpt__token_logprobs(&logprob, tokens, logprobs, n, logits, V, token, &scratch) != GPT_OK) {
            wrong++;
            continue;
        }
        wrong += (logprob == -INFINITY) != (expected[token] == -INFINITY);
        if (expected[token] != -INFINITY)
            worst = test_worse(worst, fabs(logprob - expected[token]) / (1 + fabs(expected[token])));
        for (int i = 0; i < n; i++) {
            wrong += tokens[i] != sorted[i].id;
            if (sorted[i].value != -INFINITY)
                worst = test_worse(worst, fabs(logprobs[i] - expected[sorted[i].id]) /
                                              (1 + fabs(expected[sorted[i].id])));
            else
                wrong += logprobs[i] != -INFINITY;
        }
    }
    EXPECT_INT(wrong, 0);
    EXPECT_NEAR(worst, 0, 2e-7);
}

/*
 * What these stand on.
 */

static void exp_is_accurate(void)
{
    double worst = 0;
    for (uint32_t bits = gpt__bits_from_float(-86.6f); bits >= 0x80000000 + 499; bits -= 499) {
        float x = gpt__float_from_bits(bits);
        double exact = exp((double)x);
        worst = test_worse(worst, fabs(gpt__exp_negative(x) - exact) / ldexp(1, ilogb(exact) - 23));
    }
    EXPECT(worst < 1.0);
    EXPECT(gpt__exp_negative(0) == 1 && gpt__exp_negative(-0.0f) == 1);
    EXPECT(gpt__exp_negative(-87) == 0 && gpt__exp_negative(-FLT_MAX) == 0 && gpt__exp_negative(-INFINITY) == 0);
    EXPECT(isnan(gpt__exp_negative(NAN)));
}

static int compare_keys(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void selection_equals_sorting(void)
{
    static uint64_t keys[2000], sorted[2000];
    static float weights[2000];
    int wrong = 0;
    for (uint64_t round = 0; round < 600; round++) {
        size_t n = 1 + (size_t)(uniform(round, 0) * (round % 5 == 0 ? 2000 : 12));
        double total = 0, sum = 0;
        for (size_t i = 0; i < n; i++) {
            uint32_t rank = round % 3 == 0 ? 7 : round % 3 == 1 ? (uint32_t)i : (uint32_t)(uniform(round, i + 1) * 50);
            keys[i] = sorted[i] = gpt__key(rank, (uint32_t)i);
            weights[i] = (float)floor(uniform(round + 1, i + 1) * 8); /* whole numbers, whose sums are exact */
            total += weights[i];
        }
        qsort(sorted, n, sizeof *sorted, compare_keys);
        double target = uniform(round, 99999) * (total + 2);
        size_t at = 0;
        while (at + 1 < n && (sum += weights[gpt__key_index(sorted[at])]) < target)
            at++;
        wrong += gpt__select(keys, n, weights, target) != sorted[at];
        size_t k = 1 + (size_t)(uniform(round, 88888) * (double)n);
        wrong += gpt__select(keys, n, NULL, (double)k) != sorted[k - 1];
        gpt__sort_keys(keys, n);
        wrong += memcmp(keys, sorted, n * sizeof *keys) != 0;
    }
    EXPECT_INT(wrong, 0);
    static const float rising[] = {-INFINITY, -FLT_MAX, -1, -1e-45f, 0, 1e-45f, 1, FLT_MAX, INFINITY};
    for (int i = 1; i < 9; i++)
        EXPECT(gpt__rank_rising(rising[i - 1]) < gpt__rank_rising(rising[i]));
    EXPECT(gpt__rank_rising(-0.0f) == gpt__rank_rising(0.0f));
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(processors_equal_transformers);
    TEST(processors_equal_the_definitions);
    TEST(sampling_equals_processing_and_choosing);
    TEST(draws_follow_the_probabilities);
    TEST(penalties_are_as_defined);
    TEST(temperature_divides);
    TEST(repeated_ngrams_are_banned);
    TEST(bans_and_minimum_hold);
    TEST(greedy_takes_the_first_of_equals);
    TEST(hopeless_logits_are_refused);
    TEST(infinity_forces_a_token);
    TEST(extreme_settings_are_harmless);
    TEST(the_smallest_logit_only_excludes);
    TEST(scratch_is_allocated_once);
    TEST(logprobs_equal_the_definition);
    TEST(exp_is_accurate);
    TEST(selection_equals_sorting);
    gpt__sampler_scratch_release(&scratch);
    return TEST_END();
}
