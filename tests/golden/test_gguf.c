/* SPDX-License-Identifier: Apache-2.0 */
/*
 * golden/test_gguf.c: GGUF files against their reference: elements of each type of tensor, bit by bit, and what the
 * models compute from them. gguf/make_types.py tells where the elements come from.
 */
#include "base/bytes.h"
#include "golden/reference.h"
#include "test.h"

#include <dirent.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* The same bits, but for the sign of a zero. */
static int64_t first_difference(const float *values, const gpt__tensor *expected, int64_t first, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        float value = reference_float(expected, first + i);
        if (gpt__bits_from_float(values[i]) != gpt__bits_from_float(value) && !(values[i] == 0 && value == 0))
            return first + i;
    }
    return -1;
}

static void compare_elements(const gpt__tensor *tensor, const gpt__tensor *expected, int64_t first, int64_t count)
{
    float *values = malloc((size_t)count * sizeof *values + 1);
    if (EXPECT_OK(gpt__tensor_to_f32(values, tensor, first, count))) {
        int64_t where = first_difference(values, expected, first, count);
        if (!EXPECT(where < 0))
            printf("# %s (%s): element %lld is %.9g, expected %.9g\n", tensor->name, tensor->type_name,
                   (long long)where, values[where - first], reference_float(expected, where));
    }
    free(values);
}

/* The whole tensor, and parts that begin and end within blocks. */
static void types(void)
{
    char *path = test_path("golden/gguf/types.gguf");
    gpt__checkpoint *reference = reference_open("golden/gguf/types.reference.safetensors");
    gpt__checkpoint *checkpoint = NULL;
    if (EXPECT_OK(gpt__checkpoint_open(&checkpoint, path))) {
        EXPECT_INT(gpt__checkpoint_count(checkpoint), 15);
        for (size_t i = 0; i < gpt__checkpoint_count(checkpoint); i++) {
            const gpt__tensor *tensor = gpt__checkpoint_at(checkpoint, i);
            const gpt__tensor *expected = gpt__checkpoint_find(reference, tensor->name);
            EXPECT_STRING(tensor->type_name, tensor->name);
            EXPECT_INT(tensor->count, expected->count);
            compare_elements(tensor, expected, 0, tensor->count);
            compare_elements(tensor, expected, 1, 30);
            compare_elements(tensor, expected, 17, 512);
            compare_elements(tensor, expected, 255, 2);
            compare_elements(tensor, expected, tensor->count - 3, 3);
        }
    }
    gpt__checkpoint_close(checkpoint);
    gpt__checkpoint_close(reference);
    free(path);
}

static void compare_prompt(gpt_generator *generator, gpt__checkpoint *reference, size_t V, const char *name)
{
    size_t count;
    gpt_result *result = NULL;
    const gpt__tensor *greedy = reference_find(reference, "greedy", 0);
    int32_t *ids = reference_ids(&count, reference_find(reference, "prompt", 0));
    float *logits = calloc(count * V, sizeof *logits);
    if (EXPECT_OK(gpt_generator_evaluate(logits, NULL, generator, ids, count)))
        reference_compare(logits, reference_find(reference, "logits", 0), name);
    EXPECT_OK(gpt_generator_set_min_new_tokens(generator, (int)greedy->count));
    EXPECT_OK(gpt_generator_set_max_new_tokens(generator, (int)greedy->count));
    EXPECT_OK(gpt_generator_set_sampling(generator, 0));
    if (EXPECT_OK(gpt_generator_run_ids(&result, generator, ids, count))) {
        size_t new_count;
        const int32_t *new_ids = gpt_result_ids(&new_count, result, 0);
        reference_compare_ids(new_ids, new_count, greedy, name);
    }
    gpt_result_free(result);
    free(logits);
    free(ids);
}

/* Rows of tensors that the reference has by name. */
static void compare_rows(const char *path, const gpt__checkpoint *reference)
{
    gpt__checkpoint *checkpoint = NULL;
    if (!EXPECT_OK(gpt__checkpoint_open(&checkpoint, path)))
        return;
    for (size_t i = 0; i < gpt__checkpoint_count(reference); i++) {
        const gpt__tensor *expected = gpt__checkpoint_at(reference, i);
        const gpt__tensor *tensor = gpt__checkpoint_find(checkpoint, expected->name);
        if (tensor != NULL)
            compare_elements(tensor, expected, 0, expected->count);
    }
    gpt__checkpoint_close(checkpoint);
}

/* The root of the mean square of the logits' errors, over that of the logits. */
static double relative_error(const float *logits, const gpt__tensor *expected)
{
    double errors = 0, squares = 0;
    for (int64_t i = 0; i < expected->count; i++) {
        double value = reference_float(expected, i);
        errors += (logits[i] - value) * (logits[i] - value);
        squares += value * value;
    }
    return sqrt(errors / squares);
}

/* Types that round the weights once more stay near: so many of a logit's bits are right. */
static void compare_rounded(const char *path, const gpt__checkpoint *reference, gpt_dtype dtype, double limit)
{
    size_t count;
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    gpt_model_options *options = NULL;
    int32_t *ids = reference_ids(&count, reference_find(reference, "prompt", 0));
    EXPECT_OK(gpt_model_options_new(&options));
    EXPECT_OK(gpt_model_options_set_dtype(options, dtype));
    gpt_status status = gpt_model_open(&model, path, options);
    gpt_model_options_free(options);
    /* Not every processor has bf16 products. */
    if (status != GPT_E_UNSUPPORTED && EXPECT_OK(status) && EXPECT_OK(gpt_generator_new(&generator, model))) {
        float *logits = calloc(count * (size_t)gpt_model_vocab_size(model), sizeof *logits);
        EXPECT_OK(gpt_generator_evaluate(logits, NULL, generator, ids, count));
        double error = relative_error(logits, reference_find(reference, "logits", 0));
        if (!EXPECT(error < limit))
            printf("# %s as %s: relative error %.4f\n", path, gpt_dtype_name(dtype), error);
        free(logits);
    }
    gpt_generator_free(generator);
    gpt_model_free(model);
    free(ids);
}

static void compare_model(const char *name)
{
    char file[256];
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    gpt_model_options *options = NULL;
    snprintf(file, sizeof file, "golden/gguf/%s.reference.safetensors", name);
    gpt__checkpoint *reference = reference_open(file);
    snprintf(file, sizeof file, "golden/gguf/%s.gguf", name);
    char *path = test_path(file);
    compare_rows(path, reference);
    if (EXPECT_OK(gpt_model_options_new(&options)) &&
        EXPECT_OK(gpt_model_options_set_dtype(options, GPT_DTYPE_F32)) &&
        EXPECT_OK(gpt_model_open(&model, path, options)) && EXPECT_OK(gpt_generator_new(&generator, model)))
        compare_prompt(generator, reference, (size_t)gpt_model_vocab_size(model), name);
    gpt_generator_free(generator);
    gpt_model_free(model);
    gpt_model_options_free(options);
    compare_rounded(path, reference, GPT_DTYPE_BF16, 0.02);
    compare_rounded(path, reference, GPT_DTYPE_INT8, 0.05);
    gpt__checkpoint_close(reference);
    free(path);
}

/* Every model of the folder, so that a folder with more of them can be tried. */
static void models(void)
{
    static const char ending[] = ".gguf";
    char *folder = test_path("golden/gguf");
    DIR *directory = opendir(folder);
    struct dirent *entry;
    while (directory != NULL && (entry = readdir(directory)) != NULL) {
        char *end = strstr(entry->d_name, ending);
        if (end == NULL || end[sizeof ending - 1] != '\0' || strcmp(entry->d_name, "types.gguf") == 0)
            continue;
        *end = '\0';
        compare_model(entry->d_name);
    }
    if (directory != NULL)
        closedir(directory);
    free(folder);
}

/* The vocabulary in the files is that of the case gpt2-style, whose ids are those of Hugging Face's tokenizers. */
static void tokenizer(void)
{
    static const char text[] = "Hello, it's 1234 o'clock \xC3\xA9\xF0\x9F\x98\x80\n\n  x <|endoftext|> y";
    gpt_tokenizer *ours = NULL, *theirs = NULL;
    char *path = test_path("golden/gguf/gpt2-Q4_K_M.gguf");
    char *json = test_path("golden/tokenizers/gpt2-style/tokenizer.json");
    int32_t *ids = NULL, *expected = NULL;
    size_t count = 0, expected_count = 0;
    if (EXPECT_OK(gpt_tokenizer_open(&ours, path)) && EXPECT_OK(gpt_tokenizer_open(&theirs, json))) {
        EXPECT_INT(gpt_tokenizer_vocab_size(ours), gpt_tokenizer_vocab_size(theirs));
        EXPECT_OK(gpt_tokenizer_encode(&ids, &count, ours, text, sizeof text - 1, 0));
        EXPECT_OK(gpt_tokenizer_encode(&expected, &expected_count, theirs, text, sizeof text - 1, 0));
        EXPECT_INT(count, expected_count);
        EXPECT(count == expected_count && memcmp(ids, expected, count * sizeof *ids) == 0);
        EXPECT_INT(gpt_tokenizer_is_special(ours, 0), 1);
    }
    gpt_free(ids);
    gpt_free(expected);
    gpt_tokenizer_free(ours);
    gpt_tokenizer_free(theirs);
    free(path);
    free(json);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(types);
    TEST(models);
    TEST(tokenizer);
    return TEST_END();
}
