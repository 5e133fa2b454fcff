/* SPDX-License-Identifier: Apache-2.0 */
/*
 * golden/test_models.c: tiny checkpoints of each family, and what Hugging Face transformers computes with them:
 * logits, hidden states, greedy and penalised continuations.
 */
#include "golden/reference.h"
#include "test.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

/* One open case. */
typedef struct golden {
    gpt__checkpoint *reference;
    gpt_model *model;
    gpt_generator *generator;
} golden;

static int open_case(golden *g, const char *directory, gpt_dtype dtype)
{
    char path[512];
    gpt_model_options *options = NULL;
    memset(g, 0, sizeof *g);
    snprintf(path, sizeof path, "%s/reference.safetensors", directory);
    g->reference = reference_open(path);
    int ok = EXPECT_OK(gpt_model_options_new(&options)) && EXPECT_OK(gpt_model_options_set_dtype(options, dtype)) &&
             EXPECT_OK(gpt_model_open(&g->model, directory, options)) &&
             EXPECT_OK(gpt_generator_new(&g->generator, g->model));
    gpt_model_options_free(options);
    return ok;
}

static void close_case(golden *g)
{
    gpt__checkpoint_close(g->reference);
    gpt_generator_free(g->generator);
    gpt_model_free(g->model);
}

/* Logits and hidden states of a whole prompt. */
static void compare_numbers(golden *g, const char *name, int i, const int32_t *ids, size_t count)
{
    size_t V = (size_t)gpt_model_vocab_size(g->model);
    size_t D = (size_t)gpt_model_width(g->model);
    float *logits = calloc(count * V, sizeof *logits);
    float *hidden = calloc(count * D, sizeof *hidden);
    if (EXPECT_OK(gpt_generator_evaluate(logits, hidden, g->generator, ids, count))) {
        reference_compare(logits, reference_find(g->reference, "logits", i), name);
        reference_compare(hidden, reference_find(g->reference, "hidden", i), name);
    }
    free(logits);
    free(hidden);
}

/* A continuation of exactly as many tokens as the reference's, end of sequence kept from being chosen. */
static void compare_continuation(golden *g, const char *name, const char *kind, int i, const int32_t *ids,
                                 size_t count)
{
    const gpt__tensor *expected = reference_find(g->reference, kind, i);
    int length = (int)expected->count;
    gpt_result *result = NULL;
    EXPECT_OK(gpt_generator_set_min_new_tokens(g->generator, length));
    EXPECT_OK(gpt_generator_set_max_new_tokens(g->generator, length));
    if (EXPECT_OK(gpt_generator_run_ids(&result, g->generator, ids, count))) {
        size_t new_count;
        const int32_t *new_ids = gpt_result_ids(&new_count, result, 0);
        reference_compare_ids(new_ids, new_count, expected, name);
    }
    gpt_result_free(result);
}

/* The two best of a search that a stop token may end; the settings stand in the reference. */
static void compare_search(golden *g, const char *name, int i, const int32_t *ids, size_t count)
{
    const gpt__tensor *settings = reference_find(g->reference, "search", i);
    gpt_result *result = NULL;
    EXPECT_OK(gpt_generator_reset_settings(g->generator));
    EXPECT_OK(gpt_generator_set_max_new_tokens(g->generator, 8));
    EXPECT_OK(gpt_generator_set_beams(g->generator, (int)reference_float(settings, 0)));
    EXPECT_OK(gpt_generator_set_length_penalty(g->generator, reference_float(settings, 1)));
    EXPECT_OK(gpt_generator_set_early_stopping(g->generator, (int)reference_float(settings, 2)));
    EXPECT_OK(gpt_generator_set_repetition_penalty(g->generator, reference_float(settings, 3)));
    EXPECT_OK(gpt_generator_set_stop_token(g->generator, (int32_t)reference_float(settings, 4), 1));
    EXPECT_OK(gpt_generator_set_samples(g->generator, 2));
    if (EXPECT_OK(gpt_generator_run_ids(&result, g->generator, ids, count))) {
        static const char *const kinds[] = {"best", "second"};
        for (size_t k = 0; k < 2; k++) {
            size_t new_count;
            const int32_t *new_ids = gpt_result_ids(&new_count, result, k);
            reference_compare_ids(new_ids, new_count, reference_find(g->reference, kinds[k], i), name);
        }
        EXPECT(gpt_result_score(result, 0) >= gpt_result_score(result, 1));
    }
    gpt_result_free(result);
}

static void compare_prompt(golden *g, const char *name, int i)
{
    size_t count;
    int32_t *ids = reference_ids(&count, reference_find(g->reference, "prompt", i));
    compare_numbers(g, name, i, ids, count);
    /* Such small models have one thread by themselves. */
    EXPECT_OK(gpt_generator_set_threads(g->generator, 3));
    compare_numbers(g, name, i, ids, count);
    EXPECT_OK(gpt_generator_set_threads(g->generator, 0));
    EXPECT_OK(gpt_generator_reset_settings(g->generator));
    compare_continuation(g, name, "greedy", i, ids, count);
    EXPECT_OK(gpt_generator_set_repetition_penalty(g->generator, 1.3f));
    EXPECT_OK(gpt_generator_set_no_repeat_ngram(g->generator, 3));
    compare_continuation(g, name, "reppen", i, ids, count);
    if (reference_find(g->reference, "beam4", i) != NULL) {
        EXPECT_OK(gpt_generator_reset_settings(g->generator));
        EXPECT_OK(gpt_generator_set_beams(g->generator, 4));
        compare_continuation(g, name, "beam4", i, ids, count);
    }
    if (reference_find(g->reference, "search", i) != NULL)
        compare_search(g, name, i, ids, count);
    free(ids);
}

static void compare_directory(const char *directory)
{
    golden g;
    if (open_case(&g, directory, GPT_DTYPE_F32))
        for (int i = 0; reference_find(g.reference, "prompt", i) != NULL; i++)
            compare_prompt(&g, directory, i);
    close_case(&g);
}

static void compare_case(const char *name)
{
    char path[256];
    snprintf(path, sizeof path, "golden/models/%s", name);
    char *directory = test_path(path);
    compare_directory(directory);
    free(directory);
}

/* Cases that make_models.py has made, below the directory that the environment's TEST_MODELS names. */
static void made_models(void)
{
    const char *parent = getenv("TEST_MODELS");
    DIR *list = opendir(parent);
    if (!EXPECT(list != NULL))
        return;
    for (struct dirent *entry; (entry = readdir(list)) != NULL;) {
        char directory[512];
        snprintf(directory, sizeof directory, "%s/%s", parent, entry->d_name);
        if (entry->d_name[0] != '.')
            compare_directory(directory);
    }
    closedir(list);
}

static void gpt2(void)
{
    compare_case("gpt2");
}

static void gpt2_hub(void)
{
    compare_case("gpt2-hub");
}

static void gpt2_scaled(void)
{
    compare_case("gpt2-scaled");
}

static void openai_gpt(void)
{
    compare_case("openai-gpt");
}

static void gpt_neo(void)
{
    compare_case("gpt_neo");
}

static void gptj(void)
{
    compare_case("gptj");
}

static void gptj_hub(void)
{
    compare_case("gptj-hub");
}

static void gpt_neox(void)
{
    compare_case("gpt_neox");
}

static void gpt_neox_hub(void)
{
    compare_case("gpt_neox-hub");
}

static void gpt_neox_serial(void)
{
    compare_case("gpt_neox-serial");
}

static void gpt_bigcode(void)
{
    compare_case("gpt_bigcode");
}

static void gpt_oss(void)
{
    compare_case("gpt_oss");
}

static void gpt_neox_linear(void)
{
    compare_case("gpt_neox-linear");
}

static void gpt_neox_yarn(void)
{
    compare_case("gpt_neox-yarn");
}

static void gpt_bigcode_heads(void)
{
    compare_case("gpt_bigcode-heads");
}

static void gpt_oss_mxfp4(void)
{
    compare_case("gpt_oss-mxfp4");
}

/* The shipped model: what the reference computes in f32 from the bf16 weights. */
static void storyteller(void)
{
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    gpt_model_options *options = NULL;
    gpt__checkpoint *reference = reference_open("../models/storyteller/reference.safetensors");
    EXPECT_OK(gpt_model_options_new(&options));
    EXPECT_OK(gpt_model_options_set_dtype(options, GPT_DTYPE_F32));
    if (EXPECT_OK(gpt_model_open(&model, "storyteller", options)) && EXPECT_OK(gpt_generator_new(&generator, model))) {
        EXPECT_OK(gpt_generator_set_sampling(generator, 0));
        EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 48));
        for (int i = 0; reference_find(reference, "prompt", i) != NULL; i++) {
            size_t count;
            gpt_result *result = NULL;
            int32_t *ids = reference_ids(&count, reference_find(reference, "prompt", i));
            if (EXPECT_OK(gpt_generator_run_ids(&result, generator, ids, count))) {
                size_t new_count;
                const int32_t *new_ids = gpt_result_ids(&new_count, result, 0);
                reference_compare_ids(new_ids, new_count, reference_find(reference, "greedy", i), "storyteller");
            }
            gpt_result_free(result);
            free(ids);
        }
    }
    gpt_generator_free(generator);
    gpt_model_free(model);
    gpt_model_options_free(options);
    gpt__checkpoint_close(reference);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    if (getenv("TEST_MODELS") != NULL) {
        test_limit(0);
        TEST(made_models);
        return TEST_END();
    }
    TEST(gpt2);
    TEST(gpt2_hub);
    TEST(gpt2_scaled);
    TEST(openai_gpt);
    TEST(gpt_neo);
    TEST(gptj);
    TEST(gptj_hub);
    TEST(gpt_neox);
    TEST(gpt_neox_hub);
    TEST(gpt_neox_serial);
    TEST(gpt_bigcode);
    TEST(gpt_oss);
    TEST(gpt_neox_linear);
    TEST(gpt_neox_yarn);
    TEST(gpt_bigcode_heads);
    TEST(gpt_oss_mxfp4);
    TEST(storyteller);
    return TEST_END();
}
