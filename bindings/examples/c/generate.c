/* SPDX-License-Identifier: Apache-2.0 */
/*
 * c/generate.c: continues a prompt with one call.
 *
 *     generate [MODEL [PROMPT]]
 */
#include <gpt/gpt.h>
#include <stdio.h>
#include <string.h>

static gpt_status generate(gpt_generator *generator, const char *prompt)
{
    gpt_result *result;
    gpt_status status = gpt_generator_run(&result, generator, prompt, strlen(prompt));
    if (status != GPT_OK)
        return status;
    size_t length, count;
    const char *text = gpt_result_text(&length, result, 0);
    fputs(prompt, stdout);
    fwrite(text, 1, length, stdout);
    gpt_result_ids(&count, result, 0);
    printf("\n[%zu tokens, %s]\n", count, gpt_finish_name(gpt_result_finish(result, 0)));
    gpt_result_free(result);
    return GPT_OK;
}

int main(int argc, char **argv)
{
    const char *prompt = argc > 2 ? argv[2] : "Once upon a time";
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    int failed = gpt_model_open(&model, argc > 1 ? argv[1] : "storyteller", NULL) ||
                 gpt_generator_new(&generator, model) || gpt_generator_set_threads(generator, 1) ||
                 gpt_generator_set_sampling(generator, 1) || gpt_generator_set_temperature(generator, 0.8f) ||
                 gpt_generator_set_seed(generator, 7) || gpt_generator_set_max_new_tokens(generator, 50) ||
                 generate(generator, prompt);
    if (failed)
        fprintf(stderr, "%s\n", gpt_error_message());
    gpt_generator_free(generator);
    gpt_model_free(model);
    return failed;
}
