/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_profile.c: the parts of a generator's time add up to the time by our own clock, and products are counted as
 * the model's shape says.
 */
#include "test_model_maker.h"

#include <time.h>

static gpt_model *model;
static gpt_generator *generator;

static const int32_t prompt[] = {97, 98, 99, 100, 101};
#define PROMPT (sizeof prompt / sizeof *prompt)
#define NEW_TOKENS 4

static double seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static void open_as(gpt_dtype dtype)
{
    char *directory = test_path("golden/models/gpt2");
    if (model_open_as(&model, directory, dtype) != GPT_OK || model_generator(&generator, model) != GPT_OK)
        abort();
    free(directory);
    EXPECT_OK(gpt_generator_set_max_new_tokens(generator, NEW_TOKENS));
    EXPECT_OK(gpt_generator_set_min_new_tokens(generator, NEW_TOKENS));
}

static void close_all(void)
{
    gpt_generator_free(generator);
    gpt_model_free(model);
}

static void run(void)
{
    gpt_result *result = NULL;
    EXPECT_OK(gpt_generator_run_ids(&result, generator, prompt, PROMPT));
    gpt_result_free(result);
}

static double all_seconds(void)
{
    double sum = 0;
    for (int part = 0; gpt_part_name((gpt_part)part) != NULL; part++)
        sum += gpt_generator_profile_seconds(generator, (gpt_part)part);
    return sum;
}

static void off_measures_nothing(void)
{
    open_as(GPT_DTYPE_F32);
    EXPECT_INT(gpt_generator_profiling(generator), 0);
    run();
    EXPECT(all_seconds() == 0);
    EXPECT(gpt_generator_profile_operations(generator) == 0);
    EXPECT(gpt_generator_profile_weight_bytes(generator) == 0);
    close_all();
}

static void parts_add_up(void)
{
    open_as(GPT_DTYPE_INT8);
    run();
    int64_t sequence;
    double steps = 0, begin = seconds();
    EXPECT_OK(gpt_generator_set_profiling(generator, 1));
    EXPECT_OK(gpt_generator_add_ids(&sequence, generator, prompt, PROMPT));
    while (gpt_generator_active(generator) > 0) {
        double step = seconds();
        EXPECT_OK(gpt_generator_step(generator));
        steps += seconds() - step;
    }
    double all = seconds() - begin;
    for (int part = 0; part <= GPT_PART_REST; part++)
        EXPECT(gpt_generator_profile_seconds(generator, (gpt_part)part) > 0);
    /* The clocks are read a moment apart, and nothing is counted twice. */
    EXPECT(all_seconds() <= steps && steps <= all);
    EXPECT(all_seconds() > steps / 2);
    close_all();
}

/* Off keeps the figures, on starts anew, a reset of the settings turns it off. */
static void on_and_off(void)
{
    open_as(GPT_DTYPE_F32);
    EXPECT_OK(gpt_generator_set_profiling(generator, 1));
    EXPECT_INT(gpt_generator_profiling(generator), 1);
    run();
    EXPECT_OK(gpt_generator_set_profiling(generator, 0));
    double before = all_seconds();
    EXPECT(before > 0);
    run();
    EXPECT(all_seconds() == before);
    EXPECT_OK(gpt_generator_set_profiling(generator, 1));
    EXPECT(all_seconds() == 0);
    EXPECT(gpt_generator_profile_operations(generator) == 0);
    run();
    EXPECT_OK(gpt_generator_reset_settings(generator));
    EXPECT_INT(gpt_generator_profiling(generator), 0);
    EXPECT(all_seconds() > 0);
    close_all();
}

/* The figures belong to the generator, whose memory for computing is made again for another number of threads. */
static void threads_change(void)
{
    open_as(GPT_DTYPE_F32);
    EXPECT_OK(gpt_generator_set_profiling(generator, 1));
    run();
    double before = gpt_generator_profile_operations(generator);
    EXPECT_OK(gpt_generator_set_threads(generator, 2));
    run();
    EXPECT_NEAR(gpt_generator_profile_operations(generator), 2 * before, 0);
    close_all();
}

/* Weights that are multiplied with for each token, and, for logits, with each output. */
static double layer_weights(void)
{
    double D = gpt_model_width(model);
    return gpt_model_layers(model) * (4 * D * D + 2 * D * 4 * D);
}

static double output_weights(void)
{
    return (double)gpt_model_width(model) * gpt_model_vocab_size(model);
}

static void products_are_counted(void)
{
    static const gpt_dtype types[] = {GPT_DTYPE_F32, GPT_DTYPE_INT8};
    for (int i = 0; i < 2; i++) {
        open_as(types[i]);
        EXPECT_OK(gpt_generator_set_profiling(generator, 1));
        run();
        /* The last new token is chosen, and not computed with. */
        double tokens = PROMPT + NEW_TOKENS - 1;
        double operations = 2 * (tokens * layer_weights() + NEW_TOKENS * output_weights());
        EXPECT_NEAR(gpt_generator_profile_operations(generator), operations, 0);
        /* A step for the prompt and one for each further token; layouts may pad, and int8 adds a scale per output. */
        double bytes = (types[i] == GPT_DTYPE_F32 ? 4 : 1) * NEW_TOKENS * (layer_weights() + output_weights());
        EXPECT(gpt_generator_profile_weight_bytes(generator) >= bytes);
        EXPECT(gpt_generator_profile_weight_bytes(generator) < 2 * bytes);
        close_all();
    }
}

static void evaluating_is_measured(void)
{
    float logprobs[PROMPT];
    open_as(GPT_DTYPE_F32);
    EXPECT_OK(gpt_generator_set_profiling(generator, 1));
    EXPECT_OK(gpt_generator_evaluate(NULL, NULL, generator, prompt, PROMPT));
    EXPECT(gpt_generator_profile_seconds(generator, GPT_PART_LINEAR) > 0);
    EXPECT(gpt_generator_profile_seconds(generator, GPT_PART_OUTPUT) == 0);
    EXPECT_NEAR(gpt_generator_profile_operations(generator), 2 * PROMPT * layer_weights(), 0);
    EXPECT_OK(gpt_generator_set_profiling(generator, 1));
    EXPECT_OK(gpt_generator_score(logprobs, generator, prompt, PROMPT));
    EXPECT(gpt_generator_profile_seconds(generator, GPT_PART_SAMPLING) > 0);
    double operations = 2 * (PROMPT - 1) * (layer_weights() + output_weights());
    EXPECT_NEAR(gpt_generator_profile_operations(generator), operations, 0);
    close_all();
}

/* Beams are measured like steps: from the call's begin, and nothing of the time before it. */
static void beams_are_measured(void)
{
    open_as(GPT_DTYPE_F32);
    EXPECT_OK(gpt_generator_set_beams(generator, 3));
    run();
    EXPECT_OK(gpt_generator_set_profiling(generator, 1));
    double begin = seconds();
    run();
    double call = seconds() - begin;
    EXPECT(gpt_generator_profile_seconds(generator, GPT_PART_LINEAR) > 0);
    EXPECT(gpt_generator_profile_seconds(generator, GPT_PART_SAMPLING) > 0);
    EXPECT(gpt_generator_profile_seconds(generator, GPT_PART_REST) > 0);
    EXPECT(all_seconds() <= call);
    EXPECT(all_seconds() > call / 2);
    close_all();
}

/* Any processor that oneDNN runs on does a million a second; none does 1e18. */
static void machine_is_measured(void)
{
    double operations = 0;
    EXPECT_OK(gpt_measure_products(&operations, GPT_DTYPE_F32, 1));
    EXPECT(operations > 1e6 && operations < 1e18);
    gpt_status status = gpt_measure_products(&operations, GPT_DTYPE_BF16, 1);
    EXPECT(status == GPT_OK ? operations > 1e6 : status == GPT_E_UNSUPPORTED && operations == 0);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(off_measures_nothing);
    TEST(parts_add_up);
    TEST(on_and_off);
    TEST(threads_change);
    TEST(products_are_counted);
    TEST(evaluating_is_measured);
    TEST(beams_are_measured);
    TEST(machine_is_measured);
    return TEST_END();
}
