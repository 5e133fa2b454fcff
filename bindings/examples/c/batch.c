/* SPDX-License-Identifier: Apache-2.0 */
/*
 * c/batch.c: computes many prompts together, two samples of each.
 *
 *     batch [MODEL [PROMPT...]]
 */
#include <gpt/gpt.h>
#include <stdio.h>
#include <string.h>

enum { SAMPLES = 2, MAX_PROMPTS = 64 };

static gpt_status batch(gpt_generator *generator, const char *const *prompts, size_t count)
{
    size_t lengths[MAX_PROMPTS];
    gpt_result *result;
    for (size_t i = 0; i < count; i++)
        lengths[i] = strlen(prompts[i]);
    gpt_status status = gpt_generator_run_many(&result, generator, prompts, lengths, count);
    if (status != GPT_OK)
        return status;
    for (size_t i = 0; i < gpt_result_count(result); i++) {
        size_t length;
        const char *text = gpt_result_text(&length, result, i);
        printf("%zu.%zu: %s%.*s\n", i / SAMPLES, i % SAMPLES, prompts[i / SAMPLES], (int)length, text);
    }
    gpt_result_free(result);
    return GPT_OK;
}

int main(int argc, char **argv)
{
    const char *defaults[] = {"Once upon a time", "The fox", "One day, a little girl"};
    const char *const *prompts = argc > 2 ? (const char *const *)argv + 2 : defaults;
    size_t count = argc > 2 ? (size_t)argc - 2 : 3;
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    int failed = count > MAX_PROMPTS || gpt_model_open(&model, argc > 1 ? argv[1] : "storyteller", NULL) ||
                 gpt_generator_new(&generator, model) || gpt_generator_set_threads(generator, 1) ||
                 gpt_generator_set_sampling(generator, 1) || gpt_generator_set_top_k(generator, 40) ||
                 gpt_generator_set_samples(generator, SAMPLES) || gpt_generator_set_seed(generator, 7) ||
                 gpt_generator_set_max_new_tokens(generator, 30) || batch(generator, prompts, count);
    if (failed)
        fprintf(stderr, "%s\n", gpt_error_message());
    gpt_generator_free(generator);
    gpt_model_free(model);
    return failed;
}
