/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_company.c: what docs/generation.md says of results that do not depend on how the work is cut: into chunks,
 * among threads, beside other sequences. Only equality to the bit counts.
 */
#include "compute/panels.h"
#include "test.h"

#include <gpt/gpt.h>
#include <stdlib.h>
#include <string.h>

/* More than one part of attention could have, and no multiple of anything. */
#define TOKENS 300

/* Products that are all libgpt's own need processors with these. */
static int has_kernels(void)
{
    return gpt__panels_supported(GPT__PANEL_F32) && gpt__panels_supported(GPT__PANEL_BF16) &&
           gpt__panels_supported(GPT__PANEL_INT8);
}

/* Logits [TOKENS, V] of the storyteller, freed with free. */
static float *evaluate(gpt_dtype dtype, int32_t chunk, int threads)
{
    gpt_model_options *options = NULL;
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    float *logits = NULL;
    EXPECT_OK(gpt_model_options_new(&options));
    EXPECT_OK(gpt_model_options_set_dtype(options, dtype));
    if (EXPECT_OK(gpt_model_open(&model, "storyteller", options)) && EXPECT_OK(gpt_generator_new(&generator, model))) {
        int32_t ids[TOKENS], V = gpt_model_vocab_size(model);
        for (int32_t i = 0; i < TOKENS; i++)
            ids[i] = (int32_t)(((int64_t)i * 7919 + 13) % V);
        logits = malloc((size_t)TOKENS * (size_t)V * sizeof *logits);
        EXPECT_OK(gpt_generator_set_chunk(generator, chunk));
        EXPECT_OK(gpt_generator_set_threads(generator, threads));
        EXPECT_OK(gpt_generator_evaluate(logits, NULL, generator, ids, TOKENS));
    }
    gpt_generator_free(generator);
    gpt_model_free(model);
    gpt_model_options_free(options);
    return logits;
}

static size_t logit_bytes(void)
{
    gpt_model *model = NULL;
    EXPECT_OK(gpt_model_open(&model, "storyteller", NULL));
    size_t bytes = TOKENS * (size_t)gpt_model_vocab_size(model) * sizeof(float);
    gpt_model_free(model);
    return bytes;
}

/* Chunks of each of these sizes give the same bits. */
static void compare(gpt_dtype dtype, const int32_t *chunks, size_t count)
{
    if (!has_kernels()) {
        test_skip("oneDNN computes some of the products on this processor");
        return;
    }
    float *first = evaluate(dtype, chunks[0], 1);
    for (size_t i = 0; i < count; i++) {
        float *other = evaluate(dtype, chunks[i], 2);
        EXPECT(memcmp(first, other, logit_bytes()) == 0);
        free(other);
    }
    free(first);
}

static void int8_in_any_chunk(void)
{
    static const int32_t chunks[] = {512, 1, 5, 11, 12, 64, 65, 200};
    compare(GPT_DTYPE_INT8, chunks, sizeof chunks / sizeof *chunks);
}

static void other_types_in_small_chunks(void)
{
    static const int32_t chunks[] = {1, 5, 11, 12, 64};
    compare(GPT_DTYPE_F32, chunks, sizeof chunks / sizeof *chunks);
    compare(GPT_DTYPE_BF16, chunks, sizeof chunks / sizeof *chunks);
}

#define SAMPLES 40

/* The ids of samples of one prompt, [SAMPLES, 12]. */
static void sample(int32_t *ids, int threads)
{
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    gpt_result *result = NULL;
    EXPECT_OK(gpt_model_open(&model, "storyteller", NULL));
    EXPECT_OK(gpt_generator_new(&generator, model));
    EXPECT_OK(gpt_generator_set_threads(generator, threads));
    EXPECT_OK(gpt_generator_set_samples(generator, SAMPLES));
    EXPECT_OK(gpt_generator_set_sampling(generator, 1));
    EXPECT_OK(gpt_generator_set_seed(generator, 11));
    EXPECT_OK(gpt_generator_set_top_k(generator, 50));
    EXPECT_OK(gpt_generator_set_repetition_penalty(generator, 1.3));
    EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 12));
    EXPECT_OK(gpt_generator_set_min_new_tokens(generator, 12));
    if (EXPECT_OK(gpt_generator_run(&result, generator, "The fox", 7)))
        for (size_t i = 0; i < SAMPLES; i++) {
            size_t count;
            const int32_t *found = gpt_result_ids(&count, result, i);
            if (EXPECT_INT(count, 12))
                memcpy(ids + i * 12, found, 12 * sizeof *ids);
        }
    gpt_result_free(result);
    gpt_generator_free(generator);
    gpt_model_free(model);
}

/* Threads that choose for some sequences each draw what one thread draws. */
static void threads_choose_the_same(void)
{
    int32_t one[SAMPLES * 12] = {0}, several[SAMPLES * 12] = {0};
    if (!has_kernels()) {
        test_skip("logits depend on the number of threads on this processor");
        return;
    }
    sample(one, 1);
    sample(several, 3);
    EXPECT(memcmp(one, several, sizeof one) == 0);
    EXPECT(memcmp(one, one + 12, 12 * sizeof *one) != 0);
}

/* What leaves one of many sequences without a token is told as for one. */
static void threads_tell_what_is_wrong(void)
{
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    int64_t sequence;
    EXPECT_OK(gpt_model_open(&model, "storyteller", NULL));
    EXPECT_OK(gpt_generator_new(&generator, model));
    EXPECT_OK(gpt_generator_set_threads(generator, 2));
    for (int i = 0; i < 40; i++)
        EXPECT_OK(gpt_generator_add(&sequence, generator, "The fox", 7));
    for (int32_t token = 0; token < gpt_model_vocab_size(model); token++)
        EXPECT_OK(gpt_generator_set_banned(generator, token, 1));
    EXPECT_OK(gpt_generator_add(&sequence, generator, "The fox", 7));
    EXPECT_STATUS(gpt_generator_step(generator), GPT_E_INTERNAL);
    EXPECT_MESSAGE("no token is left");
    EXPECT_OK(gpt_generator_drop(generator, sequence));
    EXPECT_OK(gpt_generator_step(generator));
    EXPECT_INT(gpt_generator_event_count(generator), 40);
    gpt_generator_free(generator);
    gpt_model_free(model);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(int8_in_any_chunk);
    TEST(other_types_in_small_chunks);
    TEST(threads_choose_the_same);
    TEST(threads_tell_what_is_wrong);
    return TEST_END();
}
