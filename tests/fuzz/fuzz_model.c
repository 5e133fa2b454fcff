/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/fuzz_model.c: any bytes as a model directory: config.json up to the first NUL, which JSON never has, and
 * model.safetensors after it. What opens computes and generates: a status must come, whatever the numbers are.
 */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

const char fuzz_corpus[] = "fuzz/corpus/model";

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
        fuzz_use_model(model);
    gpt_model_free(model);
    gpt_model_options_free(options);
    return 0;
}
