/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_use.c: what targets do with a model that opens: whatever its numbers are, a status must come. */
#include "fuzz.h"

#define TOKENS 3

/* Computing fails in few ways: the prompt has no room, or the weights give no number to choose by. */
static int is_expected(gpt_status status)
{
    return status == GPT_OK || status == GPT_E_CONTEXT || status == GPT_E_INTERNAL;
}

static void generate(gpt_generator *generator, const int32_t *ids, size_t count, int32_t V)
{
    gpt_result *result = NULL;
    size_t length = 0;
    fuzz_check(gpt_generator_set_threads(generator, 1) == GPT_OK, "threads can be set");
    fuzz_check(gpt_generator_set_max_new_tokens(generator, TOKENS) == GPT_OK, "a limit can be set");
    gpt_status status = gpt_generator_run_ids(&result, generator, ids, count);
    fuzz_check(is_expected(status), "a run succeeds, has no room, or finds no number");
    fuzz_check((status == GPT_OK) == (result != NULL), "a result comes with success");
    const int32_t *found = gpt_result_ids(&length, result, 0);
    fuzz_check(length <= TOKENS, "the limit holds");
    for (size_t i = 0; i < length; i++)
        fuzz_check(found[i] >= 0 && found[i] < V, "tokens are in the vocabulary");
    gpt_result_free(result);
}

void fuzz_use_model(gpt_model *model)
{
    gpt_generator *generator = NULL;
    float logprobs[2];
    int32_t V = gpt_model_vocab_size(model);
    const int32_t ids[2] = {0, V - 1};
    fuzz_check(V > 0 && gpt_model_context_length(model) > 0 && gpt_model_layers(model) > 0, "a model has a shape");
    fuzz_check(gpt_generator_new(&generator, model) == GPT_OK, "a generator can be made");
    generate(generator, ids, 2, V);
    fuzz_check(is_expected(gpt_generator_score(logprobs, generator, ids, 2)), "a text can be scored");
    gpt_generator_free(generator);
}
