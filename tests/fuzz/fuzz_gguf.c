/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/fuzz_gguf.c: any bytes as a GGUF file: its tensors are read to the last element, its tokenizer encodes, and a
 * model that opens computes.
 */
#include "fuzz.h"

const char fuzz_corpus[] = "fuzz/corpus/gguf";

static void read_tokenizer(const char *directory)
{
    static const char text[] = "ab  ba 12345 <end>\xF0\x9F\x98\x80'll";
    gpt_tokenizer *tokenizer;
    int32_t *ids = NULL;
    char *back = NULL;
    size_t count, length;
    gpt_status status = gpt_tokenizer_open(&tokenizer, directory);
    fuzz_check((status == GPT_OK) == (tokenizer != NULL), "a tokenizer comes with success");
    if (status == GPT_OK && gpt_tokenizer_encode(&ids, &count, tokenizer, text, sizeof text - 1, 0) == GPT_OK)
        fuzz_check(gpt_tokenizer_decode(&back, &length, tokenizer, ids, count, 0) == GPT_OK, "ids can be decoded");
    gpt_free(back);
    gpt_free(ids);
    gpt_tokenizer_free(tokenizer);
}

static void open_model(const char *directory, gpt_dtype dtype)
{
    gpt_model_options *options = NULL;
    gpt_model *model = NULL;
    fuzz_check(gpt_model_options_new(&options) == GPT_OK, "options can be made");
    fuzz_check(gpt_model_options_set_threads(options, 1) == GPT_OK, "threads can be set");
    fuzz_check(gpt_model_options_set_dtype(options, dtype) == GPT_OK, "a type can be set");
    gpt_status status = gpt_model_open(&model, directory, options);
    fuzz_check((status == GPT_OK) == (model != NULL), "a model comes with success");
    if (status == GPT_OK)
        fuzz_use_model(model);
    gpt_model_free(model);
    gpt_model_options_free(options);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *directory = fuzz_write_file("model.gguf", data, size);
    fuzz_read_tensors(directory);
    read_tokenizer(directory);
    open_model(directory, size % 2 ? GPT_DTYPE_INT8 : GPT_DTYPE_AUTO);
    return 0;
}
