/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/bench_quality.c: what bf16 and int8 cost in quality: how far their predictions are from those of f32 weights
 * over a text. usage: bench_quality MODEL TEXT_FILE [MOST_TOKENS]
 */
#include "quality.h"
#include "test.h"

#include <stdio.h>
#include <string.h>

static int fail(const char *what)
{
    fprintf(stderr, "bench_quality: %s: %s\n", what, gpt_error_message());
    return 1;
}

static gpt_status open_as(gpt_generator **out, const char *name, gpt_dtype dtype)
{
    gpt_model_options *options = NULL;
    gpt_model *model = NULL;
    gpt_status status = gpt_model_options_new(&options);
    if (status == GPT_OK)
        status = gpt_model_options_set_dtype(options, dtype);
    if (status == GPT_OK)
        status = gpt_model_open(&model, name, options);
    if (status == GPT_OK)
        status = gpt_generator_new(out, model);
    gpt_model_free(model);
    gpt_model_options_free(options);
    return status;
}

/* Windows of the context length, one after the other. */
static gpt_status compare(quality *sum, gpt_generator *exact, gpt_generator *other, const int32_t *ids, size_t count)
{
    size_t context = (size_t)gpt_model_context_length(gpt_generator_model(exact));
    gpt_status status = GPT_OK;
    for (size_t at = 0; at < count && status == GPT_OK; at += context)
        status = quality_add(sum, exact, other, ids + at, count - at < context ? count - at : context);
    return status;
}

static int compare_type(const char *name, gpt_dtype dtype, gpt_generator *exact, const int32_t *ids, size_t count)
{
    gpt_generator *other = NULL;
    quality sum = {0};
    gpt_status status = open_as(&other, name, dtype);
    if (status == GPT_OK)
        status = compare(&sum, exact, other, ids, count);
    if (status == GPT_OK)
        printf("%-5s %zu tokens: mean divergence from f32 %.6f nats, %.2f %% of the most probable tokens agree\n",
               gpt_dtype_name(dtype), sum.count, sum.divergence / (double)sum.count,
               100.0 * (double)sum.agreed / (double)sum.count);
    else if (status == GPT_E_UNSUPPORTED)
        printf("%-5s %s\n", gpt_dtype_name(dtype), gpt_error_message());
    gpt_generator_free(other);
    return status == GPT_OK || status == GPT_E_UNSUPPORTED ? 0 : fail(gpt_dtype_name(dtype));
}

int main(int argc, char **argv)
{
    size_t length = 0, count = 0;
    int32_t *ids = NULL;
    gpt_generator *exact = NULL;
    if (argc < 3) {
        fprintf(stderr, "usage: bench_quality MODEL TEXT_FILE [MOST_TOKENS]\n");
        return 2;
    }
    char *text = test_read_file(&length, argv[2]);
    if (text == NULL) {
        fprintf(stderr, "bench_quality: %s can not be read\n", argv[2]);
        return 1;
    }
    if (open_as(&exact, argv[1], GPT_DTYPE_F32) != GPT_OK)
        return fail(argv[1]);
    gpt_tokenizer *tokenizer = gpt_model_tokenizer(gpt_generator_model(exact));
    if (gpt_tokenizer_encode(&ids, &count, tokenizer, text, length, 0) != GPT_OK)
        return fail(argv[2]);
    size_t most = argc > 3 ? (size_t)atol(argv[3]) : count;
    count = most < count ? most : count;
    int code = compare_type(argv[1], GPT_DTYPE_BF16, exact, ids, count);
    if (code == 0)
        code = compare_type(argv[1], GPT_DTYPE_INT8, exact, ids, count);
    gpt_generator_free(exact);
    gpt_free(ids);
    free(text);
    return code;
}
