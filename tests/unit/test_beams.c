/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_beams.c: what must hold of beam search whatever the model says: scores, order, limits, refusals, memory.
 * Its tokens are compared with the reference's in golden/test_models.c.
 */
#include "generate/generator.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char story[] = "Once upon a time";

static gpt_generator *open_generator(int beams)
{
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    gpt_model_options *options = NULL;
    EXPECT_OK(gpt_model_options_new(&options));
    EXPECT_OK(gpt_model_options_set_dtype(options, GPT_DTYPE_F32));
    if (!EXPECT_OK(gpt_model_open(&model, "storyteller", options)) ||
        !EXPECT_OK(gpt_generator_new(&generator, model)))
        exit(1);
    gpt_model_options_free(options);
    gpt_model_free(model);
    EXPECT_OK(gpt_generator_set_threads(generator, 1));
    EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 10));
    EXPECT_OK(gpt_generator_set_beams(generator, beams));
    EXPECT_OK(gpt_generator_set_logprobs(generator, 0));
    return generator;
}

static gpt_result *run(gpt_generator *generator)
{
    gpt_result *result = NULL;
    if (!EXPECT_OK(gpt_generator_run(&result, generator, story, strlen(story))))
        exit(1);
    return result;
}

static double sum_of(const gpt_result *result, size_t index)
{
    size_t count;
    double sum = 0;
    const float *logprobs = gpt_result_logprobs(result, index);
    gpt_result_ids(&count, result, index);
    for (size_t i = 0; i < count; i++)
        sum += logprobs[i];
    return sum;
}

/* Without settings that change logits, the score is what the model's own log-probabilities say. */
static void scores_are_mean_logprobs(void)
{
    gpt_generator *g = open_generator(5);
    EXPECT_OK(gpt_generator_set_samples(g, 5));
    gpt_result *result = run(g);
    EXPECT_INT(gpt_result_count(result), 5);
    for (size_t i = 0; i < 5; i++) {
        size_t count, length;
        gpt_result_ids(&count, result, i);
        EXPECT(count > 0 && count <= 10);
        EXPECT(fabs(gpt_result_score(result, i) - sum_of(result, i) / (double)count) < 1e-4);
        EXPECT(i == 0 || gpt_result_score(result, i) <= gpt_result_score(result, i - 1));
        EXPECT(gpt_result_text(&length, result, i) != NULL && length > 0);
        EXPECT_INT(gpt_result_prompt_tokens(result, i), 4);
    }
    EXPECT(isnan(gpt_result_score(result, 5)));
    EXPECT(isnan(gpt_result_score(NULL, 0)));
    EXPECT_INT(g->cache.used_pages, 0);
    gpt_result_free(result);
    gpt_generator_free(g);
}

/* A search can not do worse than taking the most probable token each time, as long as nothing ends early. */
static void finds_at_least_what_greedy_finds(void)
{
    gpt_generator *g = open_generator(1);
    EXPECT_OK(gpt_generator_set_sampling(g, 0));
    EXPECT_OK(gpt_generator_set_min_new_tokens(g, 10));
    gpt_result *greedy = run(g);
    EXPECT(isnan(gpt_result_score(greedy, 0)));
    EXPECT_OK(gpt_generator_set_beams(g, 8));
    gpt_result *best = run(g);
    EXPECT(sum_of(best, 0) >= sum_of(greedy, 0) - 1e-4);
    gpt_result_free(greedy);
    gpt_result_free(best);
    gpt_generator_free(g);
}

static void many_prompts(void)
{
    const char *prompts[] = {story, "The fox", ""};
    const size_t lengths[] = {sizeof story - 1, 7, 0};
    gpt_generator *g = open_generator(3);
    gpt_result *together = NULL, *alone = run(g);
    EXPECT_OK(gpt_generator_set_samples(g, 2));
    if (EXPECT_OK(gpt_generator_run_many(&together, g, prompts, lengths, 3))) {
        size_t length, expected;
        EXPECT_INT(gpt_result_count(together), 6);
        const char *text = gpt_result_text(&length, together, 0);
        const char *expected_text = gpt_result_text(&expected, alone, 0);
        EXPECT(length == expected && memcmp(text, expected_text, length) == 0);
        EXPECT(gpt_result_prompt_tokens(together, 2) == gpt_result_prompt_tokens(together, 3));
        gpt_result_text(&length, together, 5);
        EXPECT(length > 0);
    }
    gpt_result_free(together);
    gpt_result_free(alone);
    gpt_generator_free(g);
}

static int never(const gpt_event *event, void *user)
{
    (void)event, (void)user;
    return 1;
}

static void refusals(void)
{
    int64_t sequence;
    gpt_result *result = NULL;
    const int32_t ids[] = {1, 2};
    const int32_t wrong[] = {1, 1 << 20};
    gpt_generator *g = open_generator(4);
    EXPECT_STATUS(gpt_generator_add(&sequence, g, story, 4), GPT_E_UNSUPPORTED);
    EXPECT_MESSAGE("beams");
    EXPECT_STATUS(gpt_generator_stream(g, story, 4, never, NULL), GPT_E_UNSUPPORTED);
    EXPECT_STATUS(gpt_generator_run_ids(&result, g, ids, 0), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_generator_run_ids(&result, g, NULL, 2), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_generator_run_ids(&result, g, wrong, 2), GPT_E_ARGUMENT);
    EXPECT_MESSAGE("1048576");
    EXPECT_OK(gpt_generator_set_samples(g, 5));
    EXPECT_STATUS(gpt_generator_run_ids(&result, g, ids, 2), GPT_E_ARGUMENT);
    EXPECT_MESSAGE("samples is 5");
    EXPECT_OK(gpt_generator_set_samples(g, 4));
    EXPECT_OK(gpt_generator_set_cache_tokens(g, 128));
    EXPECT_OK(gpt_generator_set_max_new_tokens(g, 0));
    EXPECT_STATUS(gpt_generator_run_ids(&result, g, ids, 2), GPT_E_CONTEXT);
    EXPECT_INT(g->cache.used_pages, 0);
    EXPECT(result == NULL);
    gpt_generator_free(g);
}

/* Every output ends at the stop string that its tokens complete, and where that begins its text ends. */
static void stop_strings_end_beams(void)
{
    gpt_generator *g = open_generator(6);
    gpt_tokenizer *tokenizer = gpt_model_tokenizer(gpt_generator_model(g));
    EXPECT_OK(gpt_generator_set_samples(g, 6));
    EXPECT_OK(gpt_generator_set_max_new_tokens(g, 30));
    EXPECT_OK(gpt_generator_add_stop_string(g, "e w", 3));
    EXPECT_OK(gpt_generator_add_stop_string(g, ". ", 2));
    gpt_result *result = run(g);
    int stopped = 0;
    for (size_t i = 0; i < 6; i++) {
        size_t count, length, all;
        char *decoded = NULL;
        const int32_t *ids = gpt_result_ids(&count, result, i);
        const char *text = gpt_result_text(&length, result, i);
        EXPECT_OK(gpt_tokenizer_decode(&decoded, &all, tokenizer, ids, count, GPT_DECODE_SKIP_SPECIAL));
        const char *first = strstr(decoded, "e w"), *other = strstr(decoded, ". ");
        const char *stop = first == NULL || (other != NULL && other < first) ? other : first;
        EXPECT_BYTES(text, length, decoded, stop != NULL ? (size_t)(stop - decoded) : all);
        EXPECT_INT(gpt_result_finish(result, i) == GPT_FINISH_STOP_STRING, stop != NULL);
        stopped += stop != NULL;
        gpt_free(decoded);
        /* Without its last token, nothing was complete. */
        EXPECT_OK(gpt_tokenizer_decode(&decoded, &all, tokenizer, ids, count - 1, 0));
        EXPECT(strstr(decoded, "e w") == NULL && strstr(decoded, ". ") == NULL);
        gpt_free(decoded);
    }
    EXPECT(stopped > 3);
    gpt_result_free(result);
    gpt_generator_free(g);
}

/* Up to the minimum of new tokens none is looked for. */
static void stop_strings_wait_for_the_minimum(void)
{
    size_t count, length;
    gpt_generator *g = open_generator(3);
    EXPECT_OK(gpt_generator_add_stop_string(g, " ", 1));
    gpt_result *first = run(g);
    EXPECT_INT(gpt_result_finish(first, 0), GPT_FINISH_STOP_STRING);
    EXPECT_OK(gpt_generator_set_min_new_tokens(g, 10));
    gpt_result *whole = run(g);
    EXPECT_INT(gpt_result_finish(whole, 0), GPT_FINISH_LENGTH);
    gpt_result_ids(&count, whole, 0);
    EXPECT_INT(count, 10);
    EXPECT(strchr(gpt_result_text(&length, whole, 0), ' ') != NULL);
    gpt_result_free(first);
    gpt_result_free(whole);
    gpt_generator_free(g);
}

static int32_t expected_by_hook;

static int only_one_token(float *logits, int32_t V, const int32_t *ids, size_t count, int64_t sequence, void *user)
{
    (void)ids, (void)count, (void)user;
    EXPECT(sequence >= 0 && sequence < 4);
    for (int32_t i = 0; i < V; i++)
        logits[i] = i == expected_by_hook ? 0 : -INFINITY;
    return 0;
}

static int ends_at_once(float *logits, int32_t V, const int32_t *ids, size_t count, int64_t sequence, void *user)
{
    (void)logits, (void)V, (void)ids, (void)count, (void)sequence, (void)user;
    return 1;
}

/* With one token left, one beam goes on, and the outputs that were not found are empty. */
static void hooks(void)
{
    size_t count;
    gpt_result *result = NULL;
    gpt_generator *g = open_generator(4);
    expected_by_hook = 300;
    EXPECT_OK(gpt_generator_set_samples(g, 2));
    EXPECT_OK(gpt_generator_set_logits_hook(g, only_one_token, NULL));
    result = run(g);
    const int32_t *ids = gpt_result_ids(&count, result, 0);
    EXPECT_INT(count, 10);
    EXPECT_INT(ids[0], 300);
    EXPECT_INT(ids[9], 300);
    EXPECT_INT(gpt_result_finish(result, 0), GPT_FINISH_LENGTH);
    EXPECT(gpt_result_ids(&count, result, 1) != NULL);
    EXPECT_INT(count, 0);
    EXPECT(gpt_result_logprobs(result, 1) != NULL);
    EXPECT_STRING(gpt_result_text(&count, result, 1), "");
    EXPECT_INT(count, 0);
    EXPECT_INT(gpt_result_prompt_tokens(result, 1), 4);
    EXPECT(isnan(gpt_result_score(result, 1)));
    EXPECT_INT(gpt_result_finish(result, 1), GPT_FINISH_NONE);
    gpt_result_free(result);
    EXPECT_OK(gpt_generator_set_logits_hook(g, ends_at_once, NULL));
    EXPECT_STATUS(gpt_generator_run(&result, g, story, 4), GPT_E_CANCELLED);
    EXPECT(result == NULL);
    EXPECT_OK(gpt_generator_set_logits_hook(g, NULL, NULL));
    gpt_generator_cancel(g);
    EXPECT_STATUS(gpt_generator_run(&result, g, story, 4), GPT_E_CANCELLED);
    gpt_result_free(run(g));
    gpt_generator_free(g);
}

static int forces_a_token(float *logits, int32_t V, const int32_t *ids, size_t count, int64_t sequence, void *user)
{
    (void)V, (void)ids, (void)count, (void)sequence;
    logits[*(int32_t *)user] = INFINITY;
    return 0;
}

/* As everywhere else, +INFINITY is a token that must come; the other beams go on with what is next to impossible. */
static void a_hook_can_force_a_token(void)
{
    size_t count;
    int32_t token = 300;
    gpt_result *result = NULL;
    gpt_generator *g = open_generator(3);
    EXPECT_OK(gpt_generator_set_logits_hook(g, forces_a_token, &token));
    if (EXPECT_OK(gpt_generator_run(&result, g, story, strlen(story)))) {
        const int32_t *ids = gpt_result_ids(&count, result, 0);
        EXPECT_INT(count, 10);
        for (size_t i = 0; i < count; i++)
            EXPECT_INT(ids[i], 300);
    }
    gpt_result_free(result);
    gpt_generator_free(g);
}

/* The search ends at the limits as generation without beams does. */
static void limits(void)
{
    size_t count;
    gpt_generator *g = open_generator(3);
    EXPECT_OK(gpt_generator_set_max_new_tokens(g, 0));
    EXPECT_OK(gpt_generator_set_max_length(g, 7));
    gpt_result *result = run(g);
    gpt_result_ids(&count, result, 0);
    EXPECT_INT(count, 3);
    EXPECT_INT(gpt_result_finish(result, 0), GPT_FINISH_LENGTH);
    gpt_result_free(result);
    EXPECT_OK(gpt_generator_set_max_new_tokens(g, 5));
    result = run(g);
    gpt_result_ids(&count, result, 0);
    EXPECT_INT(count, 5);
    gpt_result_free(result);
    EXPECT_OK(gpt_generator_set_max_new_tokens(g, 0));
    EXPECT_OK(gpt_generator_set_max_length(g, 0));
    EXPECT_OK(gpt_generator_set_min_new_tokens(g, 100000));
    result = run(g);
    gpt_result_ids(&count, result, 0);
    EXPECT_INT(count, 512 - 4);
    EXPECT_INT(gpt_result_finish(result, 0), GPT_FINISH_CONTEXT);
    gpt_result_free(result);
    gpt_generator_free(g);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(scores_are_mean_logprobs);
    TEST(finds_at_least_what_greedy_finds);
    TEST(many_prompts);
    TEST(refusals);
    TEST(stop_strings_end_beams);
    TEST(stop_strings_wait_for_the_minimum);
    TEST(hooks);
    TEST(a_hook_can_force_a_token);
    TEST(limits);
    return TEST_END();
}
