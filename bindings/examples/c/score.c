/* SPDX-License-Identifier: Apache-2.0 */
/*
 * c/score.c: how probable the model finds each token of a text, and the perplexity of the whole.
 *
 *     score [MODEL [TEXT...]]
 */
#include <gpt/gpt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Prints id and log-probability of each token but the first, which has nothing before it. */
static void show(const int32_t *ids, const float *logprobs, size_t count)
{
    double sum = 0;
    for (size_t i = 1; i < count; i++) {
        printf("%d %.4f\n", (int)ids[i], logprobs[i]);
        sum += logprobs[i];
    }
    printf("perplexity %.3f\n", count > 1 ? exp(-sum / (double)(count - 1)) : 1.0);
}

static gpt_status score(gpt_generator *generator, const char *text)
{
    const gpt_tokenizer *tokenizer = gpt_model_tokenizer(gpt_generator_model(generator));
    int32_t *ids;
    size_t count;
    gpt_status status = gpt_tokenizer_encode(&ids, &count, tokenizer, text, strlen(text), 0);
    float *logprobs = calloc(count + 1, sizeof *logprobs);
    if (status == GPT_OK && logprobs == NULL)
        status = GPT_E_MEMORY;
    if (status == GPT_OK && count > 0)
        status = gpt_generator_score(logprobs, generator, ids, count);
    if (status == GPT_OK)
        show(ids, logprobs, count);
    free(logprobs);
    gpt_free(ids);
    return status;
}

int main(int argc, char **argv)
{
    char *defaults[] = {"Once upon a time there was a fox.", "Time a upon fox once was."};
    char **texts = argc > 2 ? argv + 2 : defaults;
    int count = argc > 2 ? argc - 2 : 2;
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    int failed = gpt_model_open(&model, argc > 1 ? argv[1] : "storyteller", NULL) ||
                 gpt_generator_new(&generator, model) || gpt_generator_set_threads(generator, 1);
    for (int i = 0; i < count && !failed; i++)
        failed = score(generator, texts[i]) != GPT_OK;
    if (failed)
        fprintf(stderr, "%s\n", gpt_error_message());
    gpt_generator_free(generator);
    gpt_model_free(model);
    return failed;
}
