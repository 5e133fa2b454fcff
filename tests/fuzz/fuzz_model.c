/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/fuzz_model.c: any bytes as a model directory: config.json up to the first NUL, which JSON never has, and
 * model.safetensors after it. What opens computes and generates: a status must come, whatever the numbers are.
 */
#include "fuzz.h"

#include <gpt/gpt.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char fuzz_corpus[] = "fuzz/corpus/model";

#define TOKENS 3

static char weights_path[160];

static void remove_weights(void)
{
    unlink(weights_path);
}

/* A second file in the directory, which must be gone before the directory is removed: handlers run newest first. */
static void write_weights(const char *directory, const uint8_t *data, size_t size)
{
    if (weights_path[0] == '\0') {
        snprintf(weights_path, sizeof weights_path, "%s/model.safetensors", directory);
        atexit(remove_weights);
    }
    unlink(weights_path);
    FILE *file = fopen(weights_path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
}

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

static void use_model(gpt_model *model)
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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const gpt_dtype dtypes[] = {GPT_DTYPE_AUTO, GPT_DTYPE_INT8};
    const uint8_t *end = size > 0 ? memchr(data, 0, size) : NULL;
    size_t length = end != NULL ? (size_t)(end - data) : size;
    const char *directory = fuzz_write_file("config.json", data, length);
    write_weights(directory, data + length + (end != NULL), size - length - (end != NULL));
    gpt_model_options *options = NULL;
    gpt_model *model = NULL;
    fuzz_check(gpt_model_options_new(&options) == GPT_OK, "options can be made");
    fuzz_check(gpt_model_options_set_threads(options, 1) == GPT_OK, "threads can be set");
    fuzz_check(gpt_model_options_set_dtype(options, dtypes[size % 2]) == GPT_OK, "a type can be set");
    gpt_status status = gpt_model_open(&model, directory, options);
    fuzz_check((status == GPT_OK) == (model != NULL), "a model comes with success");
    fuzz_check(status == GPT_OK || gpt_error_message()[0] != '\0', "a failure has a message");
    if (status == GPT_OK)
        use_model(model);
    gpt_model_free(model);
    gpt_model_options_free(options);
    return 0;
}
