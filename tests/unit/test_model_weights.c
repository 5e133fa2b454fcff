/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_model_weights.c: weight files of which one thing is wrong, and models at the edge of what can be opened. */
#include "test_model_refusals.h"

#include <fcntl.h>
#include <math.h>

static void missing_tensors(void)
{
    model_maker all;
    model_load(&all);
    for (size_t i = 0; i < all.count; i++) {
        model_maker m;
        model_load(&m);
        model_remove(&m, all.tensors[i].name);
        expect_maker_refused(&m, GPT_E_FORMAT, all.tensors[i].name, "missing");
    }
    model_free(&all);
}

/* Of several files none is to blame for what all lack, but their index. */
static void missing_in_shards(void)
{
    model_maker m;
    model_load(&m);
    model_remove(&m, "wpe.weight");
    char *directory = model_write_shards(&m, "shards-without", 2);
    expect_refused(directory, GPT_E_FORMAT, "/model.safetensors.index.json: tensor ", "shards");
    EXPECT_MESSAGE("wpe.weight is missing");
    free(directory);
    model_free(&m);
}

/* Each tensor of a type that can not be read: complete, so that only the type is wrong. */
static void wrong_types(void)
{
    static const struct {
        const char *dtype;
        size_t bytes;
    } types[] = {{"I64", 8}, {"F8_E4M3", 1}, {"BOOL", 1}, {"U16", 2}, {"I8", 1}};
    static const char *const names[] = {"wte.weight", "wpe.weight", "h.1.attn.c_attn.weight", "h.2.mlp.c_proj.bias",
                                        "ln_f.weight"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t j = 0; j < sizeof types / sizeof *types; j++) {
            model_maker m;
            model_load(&m);
            model_resize(model_find(&m, names[i]), types[j].dtype, types[j].bytes);
            expect_maker_refused(&m, GPT_E_UNSUPPORTED, names[i], types[j].dtype);
        }
}

typedef struct shape_case {
    const char *name;
    int rank;
    double shape[12];
} shape_case;

static void wrong_shapes(void)
{
    static const shape_case cases[] = {
        {"h.0.attn.c_attn.weight", 2, {192, 64}}, {"h.0.attn.c_attn.weight", 1, {12288}},
        {"h.0.attn.c_attn.weight", 2, {64, 191}}, {"h.0.attn.c_attn.weight", 3, {1, 64, 192}},
        {"h.1.mlp.c_fc.weight", 2, {256, 64}},    {"wte.weight", 2, {64, 512}},
        {"wte.weight", 2, {0, 64}},               {"wpe.weight", 2, {64, 128}},
        {"h.2.ln_1.bias", 1, {63}},               {"h.2.ln_1.bias", 2, {1, 64}},
        {"h.2.ln_1.bias", 0, {0}},                {"h.2.ln_1.bias", 1, {0}},
        {"ln_f.weight", 8, {1, 1, 1, 1, 1, 1, 1, 64}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        model_maker m;
        model_load(&m);
        model_tensor *t = model_find(&m, cases[i].name);
        t->rank = cases[i].rank;
        memcpy(t->shape, cases[i].shape, sizeof t->shape);
        model_resize(t, "F32", 4);
        expect_maker_refused(&m, GPT_E_FORMAT, cases[i].name, "shape");
    }
}

/* Shapes and places that contradict the file itself. */
static void wrong_descriptions(void)
{
    static const struct {
        const char *what;
        gpt_status status;
        const char *dtype; /* or NULL */
        int rank;          /* 0: as it is */
        double shape[12];
        double shift_begin, shift_end;
    } cases[] = {
        {"more than the data", GPT_E_FORMAT, NULL, 2, {128, 65}, 0, 0},
        {"a product that overflows", GPT_E_FORMAT, NULL, 2, {0x1p40, 0x1p40}, 0, 0},
        {"a product of 2^64", GPT_E_FORMAT, NULL, 4, {0x1p16, 0x1p16, 0x1p16, 0x1p16}, 0, 0},
        {"a product that wraps round to nothing", GPT_E_FORMAT, NULL, 3, {0x1p32, 0x1p32, 0}, 0, 0},
        {"a dimension below 0", GPT_E_FORMAT, NULL, 2, {-128, -64}, 0, 0},
        {"half a dimension", GPT_E_FORMAT, NULL, 2, {128, 64.5}, 0, 0},
        {"a dimension above 2^53", GPT_E_FORMAT, NULL, 1, {0x1p60}, 0, 0},
        {"nine dimensions", GPT_E_UNSUPPORTED, NULL, 9, {1, 1, 1, 1, 1, 1, 1, 128, 64}, 0, 0},
        {"an unknown type", GPT_E_UNSUPPORTED, "Q4_0", 0, {0}, 0, 0},
        {"a type of no letters", GPT_E_UNSUPPORTED, "", 0, {0}, 0, 0},
        {"half the size", GPT_E_FORMAT, "F16", 0, {0}, 0, 0},
        {"twice the size", GPT_E_FORMAT, "F64", 0, {0}, 0, 0},
        {"overlap with the one before", GPT_E_FORMAT, NULL, 0, {0}, -256, -256},
        {"overlap with the one after", GPT_E_FORMAT, NULL, 0, {0}, 128, 128},
        {"an end before the beginning", GPT_E_FORMAT, NULL, 0, {0}, 0, -40000},
        {"a beginning below 0", GPT_E_FORMAT, NULL, 0, {0}, -1e9, 0},
        {"an end after the file", GPT_E_FORMAT, NULL, 0, {0}, 0, 1e9},
        {"both after the file", GPT_E_FORMAT, NULL, 0, {0}, 1e9, 1e9},
        {"both at 2^53", GPT_E_FORMAT, NULL, 0, {0}, 0x1p53, 0x1p53},
        {"both near 2^64", GPT_E_FORMAT, NULL, 0, {0}, 0x1p64, 0x1p64},
        {"half a byte", GPT_E_FORMAT, NULL, 0, {0}, 0.5, 0.5},
        {"huge", GPT_E_FORMAT, NULL, 0, {0}, 1e300, 1e300},
        {"shorter", GPT_E_FORMAT, NULL, 0, {0}, 0, -4},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        model_maker m;
        model_load(&m);
        model_tensor *t = model_find(&m, "wpe.weight");
        if (cases[i].dtype != NULL)
            snprintf(t->dtype, sizeof t->dtype, "%s", cases[i].dtype);
        if (cases[i].rank > 0) {
            t->rank = cases[i].rank;
            memcpy(t->shape, cases[i].shape, sizeof t->shape);
        }
        t->shift_begin = cases[i].shift_begin;
        t->shift_end = cases[i].shift_end;
        expect_maker_refused(&m, cases[i].status, "model.safetensors", cases[i].what);
    }
}

static void repeated_names(void)
{
    model_maker m;
    model_load(&m);
    model_copy(&m, "wpe.weight", model_find(&m, "wpe.weight")->name);
    expect_maker_refused(&m, GPT_E_FORMAT, "wpe.weight", "twice");
}

static void write_weights(const char *directory, const char *bytes, size_t length)
{
    model_write_file(directory, "model.safetensors", bytes, length);
}

/* Files cut off, headers that lie about their length, and headers that are none. */
static void broken_files(void)
{
    static const unsigned char all_ones[16] = {255, 255, 255, 255, 255, 255, 255, 255, '{', '}'};
    static const char *const headers[] = {
        "", "[]", "{", "7", "null", "{\"a\": 1}", "{\"a\": {}}", "{}{", "\xFF\xFE", "{\"__metadata__\": 1}",
        "{\"a\": {\"dtype\": 1}}",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": 1, \"data_offsets\": [0, 0]}}",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [0], \"data_offsets\": [0]}}",
        "{\"a\": {\"dtype\": \"F32\", \"shape\": [\"1\"], \"data_offsets\": [0, 4]}}",
    };
    model_maker m;
    gpt__buffer bytes = {0};
    char text[512];
    model_load(&m);
    model_bytes(&bytes, &m);
    char *directory = model_write(&m, "broken-file");
    for (size_t i = 0; i < 40; i++) {
        size_t length = bytes.length * i / 40;
        write_weights(directory, bytes.bytes, length < 8 ? length : length - 1);
        expect_refused(directory, GPT_E_FORMAT, "model.safetensors", "cut off");
    }
    for (size_t length = 0; length < 16; length++) {
        write_weights(directory, bytes.bytes, length);
        expect_refused(directory, GPT_E_FORMAT, "model.safetensors", "only the beginning");
        write_weights(directory, (const char *)all_ones, length);
        expect_refused(directory, GPT_E_FORMAT, "model.safetensors", "a header of 2^64 - 1 bytes");
    }
    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++) {
        size_t length = strlen(headers[i]);
        memset(text, 0, 8);
        text[0] = (char)length;
        memcpy(text + 8, headers[i], length);
        write_weights(directory, text, 8 + length);
        expect_refused(directory, GPT_E_FORMAT, "model.safetensors", headers[i]);
    }
    /* One byte too much at the end, or a header length that is off by one. */
    if (gpt__buffer_add(&bytes, "x", 1) == GPT_OK)
        write_weights(directory, bytes.bytes, bytes.length);
    expect_refused(directory, GPT_E_FORMAT, "model.safetensors", "one byte more");
    bytes.bytes[0]++;
    write_weights(directory, bytes.bytes, bytes.length);
    expect_refused(directory, GPT_E_FORMAT, "model.safetensors", "a header one longer");
    bytes.bytes[0] = (char)(bytes.bytes[0] - 2);
    write_weights(directory, bytes.bytes, bytes.length);
    expect_refused(directory, GPT_E_FORMAT, "model.safetensors", "a header one shorter");
    gpt__buffer_release(&bytes);
    model_free(&m);
    free(directory);
}

/* What is no file stands where the weights should be. Nothing may hang, nor read without end. */
static void no_files(void)
{
    model_maker m;
    char *weights = NULL;
    model_load(&m);
    char *directory = model_write(&m, "no-file");
    if (asprintf(&weights, "%s/model.safetensors", directory) < 0)
        abort();
    remove(weights);
    expect_refused(directory, GPT_E_NOT_FOUND, "model.safetensors", "missing");
    EXPECT(mkfifo(weights, 0600) == 0);
    expect_refused(directory, GPT_E_NOT_FOUND, "model.safetensors", "a named pipe");
    remove(weights);
    EXPECT(mkdir(weights, 0700) == 0);
    expect_refused(directory, GPT_E_NOT_FOUND, "model.safetensors", "a directory");
    remove(weights);
    EXPECT(symlink("/dev/zero", weights) == 0);
    expect_refused(directory, GPT_E_NOT_FOUND, "model.safetensors", "/dev/zero");
    remove(weights);
    EXPECT(symlink("model.safetensors", weights) == 0);
    expect_refused(directory, GPT_E_FILE, "model.safetensors", "a link to itself");
    remove(weights);
    model_write_text(directory, "pytorch_model.bin", "PK");
    expect_refused(directory, GPT_E_UNSUPPORTED, "pytorch_model.bin", "pickle");
    gpt_model *model = NULL;
    if (asprintf(&weights, "%s/pytorch_model.bin", (free(weights), directory)) < 0)
        abort();
    EXPECT_STATUS(gpt_model_open(&model, weights, NULL), GPT_E_UNSUPPORTED);
    EXPECT_MESSAGE("pytorch_model.bin");
    free(weights);
    free(directory);
    model_free(&m);
}

/* Files without permission. root reads them all the same, so root becomes nobody for a moment. */
static void unreadable_files(void)
{
    static const char *const names[] = {"config.json", "model.safetensors", "generation_config.json", "tokenizer.json"};
    int is_root = geteuid() == 0;
    char *directory = model_with_tokenizer("unreadable");
    model_write_text(directory, "generation_config.json", "{}");
    chmod(test_directory(), 0755);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char *path = NULL;
        if (asprintf(&path, "%s/%s", directory, names[i]) < 0)
            abort();
        chmod(path, 0);
        if (is_root && seteuid(65534) != 0) {
            test_skip("the user can not be changed");
            free(path);
            break;
        }
        expect_refused(directory, GPT_E_FILE, names[i], "unreadable");
        if (is_root)
            EXPECT(seteuid(0) == 0);
        chmod(path, 0644);
        free(path);
    }
    free(directory);
}

/*
 * Models at the edge.
 */

static void cut_rows(model_tensor *t, double rows)
{
    t->shape[0] = rows;
    model_resize(t, "F32", 4);
}

/* There is room for one token, so nothing can be generated; but the token can be computed. */
static void context_of_one(void)
{
    model_maker m;
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    gpt_result *result = NULL;
    const int32_t ids[2] = {5, 6};
    float logits[512], logprobs[2];
    model_load(&m);
    cut_rows(model_find(&m, "wpe.weight"), 1);
    model_set(&m, "n_positions", "1");
    char *directory = model_write(&m, "context-1");
    if (EXPECT_OK(model_open_as(&model, directory, GPT_DTYPE_F32)) && EXPECT_OK(model_generator(&generator, model))) {
        EXPECT_INT(gpt_model_context_length(model), 1);
        EXPECT_STATUS(gpt_generator_run_ids(&result, generator, ids, 1), GPT_E_CONTEXT);
        EXPECT(result == NULL);
        EXPECT_OK(gpt_generator_evaluate(logits, NULL, generator, ids, 1));
        EXPECT(isfinite(logits[0]) && isfinite(logits[511]));
        EXPECT_STATUS(gpt_generator_evaluate(logits, NULL, generator, ids, 2), GPT_E_CONTEXT);
        EXPECT_OK(gpt_generator_score(logprobs, generator, ids, 1));
        EXPECT(isnan(logprobs[0]));
        EXPECT_STATUS(gpt_generator_score(logprobs, generator, ids, 2), GPT_E_CONTEXT);
    }
    gpt_generator_free(generator);
    gpt_model_free(model);
    free(directory);
    model_free(&m);
}

/* The only token is certain: probability 1, logarithm 0, whatever is asked for. */
static void vocabulary_of_one(void)
{
    static const gpt_dtype dtypes[] = {GPT_DTYPE_F32, GPT_DTYPE_INT8};
    model_maker m;
    const int32_t ids[1] = {0};
    model_load(&m);
    cut_rows(model_find(&m, "wte.weight"), 1);
    model_set(&m, "vocab_size", "1");
    model_set(&m, "eos_token_id", "1");
    char *directory = model_write(&m, "vocabulary-1");
    for (size_t i = 0; i < sizeof dtypes / sizeof *dtypes; i++) {
        gpt_model *model = NULL;
        gpt_generator *generator = NULL;
        gpt_result *result = NULL;
        size_t count = 0;
        model_write_text(directory, "generation_config.json", "{\"eos_token_id\": 1}");
        if (!EXPECT_OK(model_open_as(&model, directory, dtypes[i])) || !EXPECT_OK(model_generator(&generator, model)))
            continue;
        EXPECT_OK(gpt_generator_set_sampling(generator, 1));
        EXPECT_OK(gpt_generator_set_top_p(generator, 0.5f));
        EXPECT_OK(gpt_generator_set_logprobs(generator, 5));
        EXPECT_OK(gpt_generator_run_ids(&result, generator, ids, 1));
        gpt_result_ids(&count, result, 0);
        EXPECT_INT(count, 127);
        EXPECT_INT(gpt_result_finish(result, 0), GPT_FINISH_CONTEXT);
        EXPECT(gpt_result_logprobs(result, 0) != NULL && gpt_result_logprobs(result, 0)[126] == 0);
        gpt_result_free(result);
        /* Forbidding it leaves none. */
        EXPECT_OK(gpt_generator_set_banned(generator, 0, 1));
        EXPECT_STATUS(gpt_generator_run_ids(&result, generator, ids, 1), GPT_E_INTERNAL);
        EXPECT(result == NULL);
        gpt_generator_free(generator);
        gpt_model_free(model);
    }
    free(directory);
    model_free(&m);
}

/* A model that computes NaN: a status, whatever way a token is chosen, and the generator stays usable. */
static void try_broken(const char *directory, gpt_dtype dtype, int sampling)
{
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    gpt_result *result = NULL;
    const int32_t ids[3] = {1, 2, 3};
    float logprobs[3];
    gpt_status status = model_open_as(&model, directory, dtype);
    /* A processor without bf16 products says so. */
    if (dtype == GPT_DTYPE_BF16 && status == GPT_E_UNSUPPORTED)
        return;
    if (!EXPECT_OK(status) || !EXPECT_OK(model_generator(&generator, model)))
        return;
    EXPECT_OK(gpt_generator_set_sampling(generator, sampling));
    EXPECT_OK(gpt_generator_set_top_k(generator, sampling ? 5 : 0));
    EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 2));
    for (int i = 0; i < 2; i++) {
        EXPECT_STATUS(gpt_generator_run_ids(&result, generator, ids, 3), GPT_E_INTERNAL);
        EXPECT_MESSAGE("NaN");
        EXPECT(result == NULL);
        EXPECT_INT(gpt_generator_active(generator), 0);
    }
    EXPECT_STATUS(gpt_generator_score(logprobs, generator, ids, 3), GPT_E_INTERNAL);
    gpt_generator_free(generator);
    gpt_model_free(model);
}

static void broken_numbers(void)
{
    static const float values[] = {NAN, INFINITY, -INFINITY};
    static const char *const names[] = {"ln_f.bias", "wpe.weight", "h.1.attn.c_attn.weight", "h.0.mlp.c_proj.bias"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        for (size_t j = 0; j < sizeof values / sizeof *values; j++) {
            model_maker m;
            model_load(&m);
            model_tensor *t = model_find(&m, names[i]);
            for (size_t k = 0; k < t->bytes / 4; k++)
                model_set_float(t, k, values[j]);
            char *directory = model_write(&m, "broken-numbers");
            /* An infinite last bias is NaN only where the products make it so. */
            if (i > 0 || j == 0) {
                try_broken(directory, GPT_DTYPE_F32, 0);
                try_broken(directory, GPT_DTYPE_F32, 1);
                try_broken(directory, GPT_DTYPE_BF16, 0);
                try_broken(directory, GPT_DTYPE_INT8, 0);
            }
            free(directory);
            model_free(&m);
        }
}

/* One weight in thousands is enough: quantizing must not pass over it. */
static void one_broken_weight(void)
{
    static const char *const names[] = {"h.1.attn.c_attn.weight", "wte.weight", "h.2.mlp.c_proj.weight"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        model_maker m;
        model_load(&m);
        model_set_float(model_find(&m, names[i]), 65, NAN);
        char *directory = model_write(&m, "one-broken-weight");
        try_broken(directory, GPT_DTYPE_F32, 0);
        try_broken(directory, GPT_DTYPE_BF16, 0);
        try_broken(directory, GPT_DTYPE_INT8, 0);
        free(directory);
        model_free(&m);
    }
}

/* Weights beyond all measure, and none at all: whatever comes out, nothing crashes. */
static void extreme_numbers(void)
{
    static const float values[] = {3e38f, -3e38f, 1e-45f, 0.0f, 1e-38f, 1e19f};
    static const gpt_dtype dtypes[] = {GPT_DTYPE_F32, GPT_DTYPE_BF16, GPT_DTYPE_INT8};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        model_maker m;
        model_load(&m);
        for (size_t k = 0; k < m.count; k++)
            for (size_t j = 0; j < m.tensors[k].bytes / 4; j++)
                model_set_float(&m.tensors[k], j, values[i]);
        char *directory = model_write(&m, "extreme-numbers");
        for (size_t d = 0; d < sizeof dtypes / sizeof *dtypes; d++) {
            gpt_model *model = NULL;
            gpt_generator *generator = NULL;
            gpt_result *result = NULL;
            const int32_t ids[2] = {1, 2};
            if (model_open_as(&model, directory, dtypes[d]) != GPT_OK)
                continue;
            EXPECT_OK(model_generator(&generator, model));
            EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 2));
            gpt_status status = gpt_generator_run_ids(&result, generator, ids, 2);
            EXPECT(status == GPT_OK || status == GPT_E_INTERNAL);
            EXPECT((result != NULL) == (status == GPT_OK));
            gpt_result_free(result);
            gpt_generator_free(generator);
            gpt_model_free(model);
        }
        free(directory);
        model_free(&m);
    }
}

/* As deep as it may be: all of 1024 layers share what little there is in the file, or the file would be large. */
static void many_layers(void)
{
    model_maker m;
    model_load(&m);
    model_set(&m, "n_layer", "1024");
    expect_maker_refused(&m, GPT_E_FORMAT, "h.3.", "1024 layers");
    model_load(&m);
    model_set(&m, "n_layer", "1");
    char *directory = model_write(&m, "one-layer");
    gpt_model *model = NULL;
    if (EXPECT_OK(model_open_as(&model, directory, GPT_DTYPE_F32)))
        EXPECT_INT(gpt_model_layers(model), 1);
    gpt_model_free(model);
    free(directory);
    model_free(&m);
}

/* A tokenizer that is there but broken is an error, and not "no tokenizer". */
static void broken_tokenizers(void)
{
    model_maker m;
    model_load(&m);
    char *directory = model_write(&m, "broken-tokenizer");
    model_write_text(directory, "tokenizer.json", "{");
    expect_refused(directory, GPT_E_FORMAT, "tokenizer.json", "not JSON");
    model_write_text(directory, "tokenizer.json", "{}");
    gpt_model *model = NULL;
    EXPECT(model_open_as(&model, directory, GPT_DTYPE_F32) != GPT_OK);
    EXPECT_MESSAGE("tokenizer.json");
    char *path = NULL;
    if (asprintf(&path, "%s/tokenizer.json", directory) < 0)
        abort();
    remove(path);
    gpt__buffer vocab = {0};
    maker_add_vocab(&vocab, "a b");
    model_write_text(directory, "vocab.json", vocab.bytes);
    expect_refused(directory, GPT_E_FILE, "merges.txt", "no merges");
    model_write_text(directory, "merges.txt", "#version: 0.2\na b\n");
    EXPECT_OK(model_open_as(&model, directory, GPT_DTYPE_F32));
    EXPECT(gpt_model_tokenizer(model) != NULL);
    gpt_model_free(model);
    gpt__buffer_release(&vocab);
    free(path);
    free(directory);
    model_free(&m);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(missing_tensors);
    TEST(missing_in_shards);
    TEST(wrong_types);
    TEST(wrong_shapes);
    TEST(wrong_descriptions);
    TEST(repeated_names);
    TEST(broken_files);
    TEST(no_files);
    TEST(unreadable_files);
    TEST(context_of_one);
    TEST(vocabulary_of_one);
    TEST(broken_numbers);
    TEST(one_broken_weight);
    TEST(extreme_numbers);
    TEST(many_layers);
    TEST(broken_tokenizers);
    return TEST_END();
}
