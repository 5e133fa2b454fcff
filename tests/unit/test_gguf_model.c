/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_gguf_model.c: models and tokenizers in GGUF files: what their metadata may ask for, what is refused, and
 * which paths and names lead to them.
 */
#include "test_gguf_maker.h"

#include "base/memory.h"
#include "format/gguf.h"
#include "model/model.h"

#include <gpt/gpt.h>

#include <sys/resource.h>
#include <sys/stat.h>

enum { V = 6, D = 8, INNER = 16, CONTEXT = 10 };

/* The tensors of a GPT-2 with one layer, all zero but for a few embeddings. */
static void add_tensors(gguf_maker *m)
{
    float embedding[V * D] = {0};
    static const struct {
        const char *name;
        int64_t shape[2];
    } tensors[] = {
        {"position_embd.weight", {CONTEXT, D}},  {"blk.0.attn_norm.weight", {D, 0}},
        {"blk.0.attn_norm.bias", {D, 0}},        {"blk.0.attn_qkv.weight", {3 * D, D}},
        {"blk.0.attn_qkv.bias", {3 * D, 0}},     {"blk.0.attn_output.weight", {D, D}},
        {"blk.0.attn_output.bias", {D, 0}},      {"blk.0.ffn_norm.weight", {D, 0}},
        {"blk.0.ffn_norm.bias", {D, 0}},         {"blk.0.ffn_up.weight", {INNER, D}},
        {"blk.0.ffn_up.bias", {INNER, 0}},       {"blk.0.ffn_down.weight", {D, INNER}},
        {"blk.0.ffn_down.bias", {D, 0}},         {"output_norm.weight", {D, 0}},
        {"output_norm.bias", {D, 0}},
    };
    for (int i = 0; i < V * D; i++)
        embedding[i] = (float)(i % 7);
    gguf_tensor(m, "token_embd.weight", 2, (int64_t[]){V, D}, GGML_F32, embedding, sizeof embedding);
    for (size_t i = 0; i < sizeof tensors / sizeof *tensors; i++) {
        int rank = tensors[i].shape[1] > 0 ? 2 : 1;
        int64_t count = tensors[i].shape[0] * (rank == 2 ? tensors[i].shape[1] : 1);
        gguf_tensor(m, tensors[i].name, rank, tensors[i].shape, GGML_F32, NULL, (size_t)count * 4);
    }
}

/* The keys that GPT-2 needs, but for the one called without. */
static void add_keys(gguf_maker *m, const char *without)
{
    static const struct {
        const char *key;
        uint32_t value;
    } sizes[] = {
        {"gpt2.context_length", CONTEXT},      {"gpt2.embedding_length", D}, {"gpt2.block_count", 1},
        {"gpt2.attention.head_count", 2},      {"gpt2.feed_forward_length", INNER},
    };
    if (strcmp(without, "general.architecture") != 0)
        gguf_string(m, "general.architecture", "gpt2");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        if (strcmp(without, sizes[i].key) != 0)
            gguf_u32(m, sizes[i].key, sizes[i].value);
    if (strcmp(without, "gpt2.attention.layer_norm_epsilon") != 0)
        gguf_f32(m, "gpt2.attention.layer_norm_epsilon", 1e-5f);
}

static void make_model(gguf_maker *m)
{
    gguf_begin(m);
    add_keys(m, "");
    add_tensors(m);
}

/* Tokens: a, b, ab, a space, an end, and an added one. */
static const char *const tokens[V] = {"a", "b", "ab", "\xC4\xA0", "<end>", "[x y]"};
static const char *const merges[1] = {"a b"};

static void add_kinds(gguf_maker *m, const uint32_t kinds[V])
{
    gguf_array(m, "tokenizer.ggml.token_type", GPT__GGUF_I32, V);
    for (int i = 0; i < V; i++)
        gguf_number(&m->keys, kinds[i], 4);
}

static void add_tokenizer(gguf_maker *m, const char *pre)
{
    gguf_string(m, "tokenizer.ggml.model", "gpt2");
    if (pre != NULL)
        gguf_string(m, "tokenizer.ggml.pre", pre);
    gguf_strings(m, "tokenizer.ggml.tokens", tokens, V);
    gguf_strings(m, "tokenizer.ggml.merges", merges, 1);
}

static void expect_model_failure(gguf_maker *m, gpt_status status, const char *message)
{
    gpt_model *model = (gpt_model *)m;
    char *path = gguf_write(m, "broken.gguf");
    EXPECT_STATUS(gpt_model_open(&model, path, NULL), status);
    EXPECT_MESSAGE(message);
    EXPECT_MESSAGE("broken.gguf: ");
    EXPECT(model == NULL);
    free(path);
    gguf_free(m);
}

static void model_opens(void)
{
    gguf_maker m;
    gpt_model *model = NULL;
    make_model(&m);
    gguf_u32(&m, "tokenizer.ggml.bos_token_id", 3);
    gguf_u32(&m, "tokenizer.ggml.eos_token_id", 4);
    gguf_u32(&m, "tokenizer.ggml.eot_token_id", 5);
    char *path = gguf_write(&m, "model.gguf");
    if (EXPECT_OK(gpt_model_open(&model, path, NULL))) {
        EXPECT_STRING(gpt_model_family(model), "gpt2");
        EXPECT_STRING(gpt_model_path(model), path);
        EXPECT_INT(gpt_model_vocab_size(model), V);
        EXPECT_INT(gpt_model_context_length(model), CONTEXT);
        EXPECT_INT(gpt_model_heads(model), 2);
        EXPECT_INT(model->config.inner, INNER);
        EXPECT_NEAR(model->config.norm_epsilon, 1e-5f, 0);
        EXPECT_INT(model->config.tied_output, 1);
        EXPECT_INT(model->config.bos_token, 3);
        EXPECT_INT(model->config.stop_token_count, 2);
        EXPECT_INT(model->config.stop_tokens[0], 4);
        EXPECT_INT(model->config.stop_tokens[1], 5);
        EXPECT(gpt_model_tokenizer(model) == NULL);
    }
    gpt_model_free(model);
    free(path);
    gguf_free(&m);
}

static void needed_keys(void)
{
    static const char *const keys[] = {"general.architecture", "gpt2.context_length", "gpt2.embedding_length",
                                       "gpt2.block_count", "gpt2.attention.head_count", "gpt2.feed_forward_length",
                                       "gpt2.attention.layer_norm_epsilon"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        gguf_maker m;
        char message[80];
        gguf_begin(&m);
        add_keys(&m, keys[i]);
        add_tensors(&m);
        snprintf(message, sizeof message, "\"%s\" is missing", keys[i]);
        expect_model_failure(&m, GPT_E_FORMAT, message);
    }
}

/* A model with one key more, or with another value for one. */
static void change_key(gguf_maker *m, const char *key, uint32_t value)
{
    gguf_begin(m);
    add_keys(m, key);
    gguf_u32(m, key, value);
    add_tensors(m);
}

static void wrong_keys(void)
{
    gguf_maker m;
    change_key(&m, "gpt2.attention.max_alibi_bias", 1);
    expect_model_failure(&m, GPT_E_UNSUPPORTED, "\"gpt2.attention.max_alibi_bias\" is not supported");
    change_key(&m, "gpt2.attention.head_count_kv", 1);
    expect_model_failure(&m, GPT_E_UNSUPPORTED, "\"gpt2.attention.head_count_kv\" is 1, expected 2");
    change_key(&m, "gpt2.attention.key_length", 5);
    expect_model_failure(&m, GPT_E_UNSUPPORTED, "\"gpt2.attention.key_length\" is 5, expected 4");
    change_key(&m, "gpt2.attention.head_count", 0);
    expect_model_failure(&m, GPT_E_FORMAT, "gpt2.attention.head_count");
    change_key(&m, "gpt2.attention.head_count", 3);
    expect_model_failure(&m, GPT_E_FORMAT, "heads");
    change_key(&m, "gpt2.embedding_length", UINT32_MAX);
    expect_model_failure(&m, GPT_E_FORMAT, "gpt2.embedding_length");
    change_key(&m, "gpt2.block_count", 0);
    expect_model_failure(&m, GPT_E_FORMAT, "\"gpt2.block_count\" is 0, expected 1");
    change_key(&m, "gpt2.block_count", 1 << 30);
    expect_model_failure(&m, GPT_E_FORMAT, "n_layer");
    change_key(&m, "gpt2.attention.layer_norm_epsilon", 1);
    gguf_f32(&m, "gpt2.other", 1);
    expect_model_failure(&m, GPT_E_UNSUPPORTED, "gpt2.other");
    make_model(&m);
    gguf_string(&m, "general.type", "adapter");
    expect_model_failure(&m, GPT_E_UNSUPPORTED, "\"general.type\" is \"adapter\"");
    gguf_begin(&m);
    gguf_string(&m, "general.architecture", "llama");
    expect_model_failure(&m, GPT_E_UNSUPPORTED, "the architecture \"llama\" is not supported");
    gguf_begin(&m);
    gguf_u32(&m, "general.architecture", 1);
    expect_model_failure(&m, GPT_E_FORMAT, "\"general.architecture\" should be a string");
}

/* Keys that say what is so anyway. */
static void harmless_keys(void)
{
    gguf_maker m;
    gpt_model *model = NULL;
    change_key(&m, "gpt2.attention.head_count_kv", 2);
    gguf_u32(&m, "gpt2.attention.key_length", 4);
    gguf_u32(&m, "gpt2.vocab_size", V);
    gguf_string(&m, "gpt2.tensor_data_layout", "Reference");
    gguf_string(&m, "general.type", "model");
    gguf_string(&m, "tokenizer.ggml.model", "none");
    char *path = gguf_write(&m, "harmless.gguf");
    EXPECT_OK(gpt_model_open(&model, path, NULL));
    gpt_model_free(model);
    free(path);
    gguf_free(&m);
}

static void wrong_tensors(void)
{
    gguf_maker m;
    gguf_begin(&m);
    add_keys(&m, "");
    expect_model_failure(&m, GPT_E_FORMAT, "tensor token_embd.weight is missing");
    gguf_begin(&m);
    add_keys(&m, "");
    gguf_tensor(&m, "token_embd.weight", 1, (int64_t[]){V}, GGML_F32, NULL, V * 4);
    expect_model_failure(&m, GPT_E_FORMAT, "tensor token_embd.weight should have a row for each token");
    gguf_begin(&m);
    add_keys(&m, "");
    gguf_tensor(&m, "token_embd.weight", 2, (int64_t[]){V, D}, GGML_F32, NULL, V * D * 4);
    expect_model_failure(&m, GPT_E_FORMAT, "tensor position_embd.weight is missing");
    change_key(&m, "gpt2.feed_forward_length", 12);
    expect_model_failure(&m, GPT_E_FORMAT, "tensor blk.0.ffn_up.weight has shape [16, 8], expected [12, 8]");
    change_key(&m, "gpt2.block_count", 2);
    expect_model_failure(&m, GPT_E_FORMAT, "tensor blk.1.attn_norm.weight is missing");
}

/* An output layer of its own makes the embeddings an input only. */
static void untied_output(void)
{
    gguf_maker m;
    gpt_model *model = NULL;
    make_model(&m);
    gguf_tensor(&m, "output.weight", 2, (int64_t[]){V, D}, GGML_F32, NULL, V * D * 4);
    char *path = gguf_write(&m, "untied.gguf");
    if (EXPECT_OK(gpt_model_open(&model, path, NULL)))
        EXPECT_INT(model->config.tied_output, 0);
    gpt_model_free(model);
    free(path);
    gguf_free(&m);
}

/*
 * Tokenizers.
 */

static void expect_tokenizer_failure(gguf_maker *m, gpt_status status, const char *message)
{
    gpt_tokenizer *tokenizer = (gpt_tokenizer *)m;
    char *path = gguf_write(m, "broken.gguf");
    EXPECT_STATUS(gpt_tokenizer_open(&tokenizer, path), status);
    EXPECT_MESSAGE(message);
    EXPECT(tokenizer == NULL);
    free(path);
    gguf_free(m);
}

static void expect_ids(const gpt_tokenizer *tokenizer, const char *text, const int32_t *expected, size_t count)
{
    int32_t *ids = NULL;
    size_t found = 0;
    if (EXPECT_OK(gpt_tokenizer_encode(&ids, &found, tokenizer, text, strlen(text), 0)) && EXPECT_INT(found, count))
        for (size_t i = 0; i < count; i++)
            EXPECT_INT(ids[i], expected[i]);
    gpt_free(ids);
}

static void tokenizer_opens(void)
{
    gguf_maker m;
    gpt_tokenizer *tokenizer = NULL;
    make_model(&m);
    add_tokenizer(&m, "gpt-2");
    add_kinds(&m, (const uint32_t[]){1, 1, 1, 1, 3, 4});
    char *path = gguf_write(&m, "tokenizer.gguf");
    if (EXPECT_OK(gpt_tokenizer_open(&tokenizer, path))) {
        EXPECT_INT(gpt_tokenizer_vocab_size(tokenizer), V);
        expect_ids(tokenizer, "ab a<end>b[x y]", (const int32_t[]){2, 3, 0, 4, 1, 5}, 6);
        EXPECT_INT(gpt_tokenizer_is_special(tokenizer, 4), 1);
        EXPECT_INT(gpt_tokenizer_is_special(tokenizer, 5), 0);
        char *text = NULL;
        size_t length = 0;
        EXPECT_OK(gpt_tokenizer_decode(&text, &length, tokenizer, (const int32_t[]){2, 3, 4, 5}, 4, 0));
        EXPECT_STRING(text, "ab <end>[x y]");
        gpt_free(text);
    }
    gpt_tokenizer_free(tokenizer);
    gpt_model *model = NULL;
    if (EXPECT_OK(gpt_model_open(&model, path, NULL)))
        expect_ids(gpt_model_tokenizer(model), "ba", (const int32_t[]){1, 0}, 2);
    gpt_model_free(model);
    free(path);
    gguf_free(&m);
}

/* Without kinds, the tokens that are named as ends are special; an id of kind "unused" stands for nothing. */
static void kinds_of_tokens(void)
{
    gguf_maker m;
    gpt_tokenizer *tokenizer = NULL;
    gguf_begin(&m);
    gguf_string(&m, "general.architecture", "gpt2");
    gguf_u32(&m, "tokenizer.ggml.eos_token_id", 4);
    add_tokenizer(&m, NULL);
    char *path = gguf_write(&m, "kinds.gguf");
    if (EXPECT_OK(gpt_tokenizer_open(&tokenizer, path))) {
        EXPECT_INT(gpt_tokenizer_is_special(tokenizer, 4), 1);
        expect_ids(tokenizer, "a<end>", (const int32_t[]){0, 4}, 2);
    }
    gpt_tokenizer_free(tokenizer);
    free(path);
    add_kinds(&m, (const uint32_t[]){1, 1, 1, 1, 2, 5});
    path = gguf_write(&m, "kinds.gguf");
    if (EXPECT_OK(gpt_tokenizer_open(&tokenizer, path))) {
        EXPECT_INT(gpt_tokenizer_vocab_size(tokenizer), 5);
        EXPECT_INT(gpt_tokenizer_is_special(tokenizer, 4), 1);
    }
    gpt_tokenizer_free(tokenizer);
    free(path);
    gguf_free(&m);
}

static void divisions(void)
{
    static const char *const known[] = {"gpt-2", "phi-2", "mpt", "olmo", "starcoder", "refact", "dbrx", "gpt-4o",
                                        "default"};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        gguf_maker m;
        gpt_tokenizer *tokenizer = NULL;
        gguf_begin(&m);
        gguf_string(&m, "general.architecture", "starcoder");
        add_tokenizer(&m, known[i]);
        char *path = gguf_write(&m, "division.gguf");
        if (EXPECT_OK(gpt_tokenizer_open(&tokenizer, path)))
            expect_ids(tokenizer, "ab", (const int32_t[]){2}, 1);
        gpt_tokenizer_free(tokenizer);
        free(path);
        gguf_free(&m);
    }
}

/* Digits by themselves, in runs, or in runs of up to three: whether "1 2" may merge, and "12 34". */
static void divisions_of_digits(void)
{
    static const char *const words[] = {"1", "2", "3", "4", "12", "34", "1234"};
    static const char *const pairs[] = {"1 2", "3 4", "12 34"};
    static const struct {
        const char *pre;
        size_t count;
        int32_t ids[4];
    } cases[] = {{"gpt-2", 1, {6}}, {"starcoder", 4, {0, 1, 2, 3}}, {"gpt-4o", 3, {4, 2, 3}}, {"dbrx", 3, {4, 2, 3}}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gguf_maker m;
        gpt_tokenizer *tokenizer = NULL;
        gguf_begin(&m);
        gguf_string(&m, "tokenizer.ggml.model", "gpt2");
        gguf_string(&m, "tokenizer.ggml.pre", cases[i].pre);
        gguf_strings(&m, "tokenizer.ggml.tokens", words, 7);
        gguf_strings(&m, "tokenizer.ggml.merges", pairs, 3);
        char *path = gguf_write(&m, "digits.gguf");
        if (EXPECT_OK(gpt_tokenizer_open(&tokenizer, path)))
            expect_ids(tokenizer, "1234", cases[i].ids, cases[i].count);
        gpt_tokenizer_free(tokenizer);
        free(path);
        gguf_free(&m);
    }
}

/* A token that merges lead to may be an added one, too. */
static void merges_to_added_tokens(void)
{
    gguf_maker m;
    gpt_tokenizer *tokenizer = NULL;
    gguf_begin(&m);
    add_tokenizer(&m, "gpt-2");
    add_kinds(&m, (const uint32_t[]){1, 1, 4, 1, 3, 4});
    char *path = gguf_write(&m, "merged.gguf");
    if (EXPECT_OK(gpt_tokenizer_open(&tokenizer, path)))
        expect_ids(tokenizer, "aabb ab", (const int32_t[]){0, 2, 1, 3, 2}, 5);
    gpt_tokenizer_free(tokenizer);
    free(path);
    gguf_free(&m);
}

static void refused_tokenizers(void)
{
    gguf_maker m;
    gguf_begin(&m);
    expect_tokenizer_failure(&m, GPT_E_NOT_FOUND, "the file has no tokenizer");
    gguf_begin(&m);
    gguf_string(&m, "tokenizer.ggml.model", "llama");
    expect_tokenizer_failure(&m, GPT_E_UNSUPPORTED, "the tokenizer \"llama\" is not supported");
    gguf_begin(&m);
    add_tokenizer(&m, "qwen2");
    expect_tokenizer_failure(&m, GPT_E_UNSUPPORTED, "the pre-tokenizer \"qwen2\" is not supported");
    gguf_begin(&m);
    gguf_string(&m, "general.architecture", "llama");
    add_tokenizer(&m, NULL);
    expect_tokenizer_failure(&m, GPT_E_UNSUPPORTED, "the pre-tokenizer \"default\" is not supported");
    gguf_begin(&m);
    add_tokenizer(&m, "gpt-2");
    gguf_bool(&m, "tokenizer.ggml.add_space_prefix", 1);
    expect_tokenizer_failure(&m, GPT_E_UNSUPPORTED, "tokenizer.ggml.add_space_prefix");
    gguf_begin(&m);
    add_tokenizer(&m, "gpt-2");
    gguf_string(&m, "tokenizer.ggml.precompiled_charsmap", "x");
    expect_tokenizer_failure(&m, GPT_E_UNSUPPORTED, "tokenizer.ggml.precompiled_charsmap");
}

/* A GPT-2 tokenizer of these tokens and merges. */
static void begin_with(gguf_maker *m, const char *const *words, size_t word_count, const char *const *pairs,
                       size_t pair_count)
{
    gguf_begin(m);
    gguf_string(m, "tokenizer.ggml.model", "gpt2");
    gguf_string(m, "tokenizer.ggml.pre", "gpt-2");
    if (words != NULL)
        gguf_strings(m, "tokenizer.ggml.tokens", words, word_count);
    if (pairs != NULL)
        gguf_strings(m, "tokenizer.ggml.merges", pairs, pair_count);
}

static void broken_tokenizers(void)
{
    gguf_maker m;
    begin_with(&m, NULL, 0, merges, 1);
    expect_tokenizer_failure(&m, GPT_E_FORMAT, "\"tokenizer.ggml.tokens\" is missing");
    begin_with(&m, tokens, V, NULL, 0);
    expect_tokenizer_failure(&m, GPT_E_FORMAT, "\"tokenizer.ggml.merges\" is missing");
    begin_with(&m, tokens, 0, merges, 1);
    expect_tokenizer_failure(&m, GPT_E_FORMAT, "\"tokenizer.ggml.tokens\" is missing");
    begin_with(&m, (const char *const[]){"a", "b", "a"}, 3, merges, 0);
    expect_tokenizer_failure(&m, GPT_E_FORMAT, "tokens 0 and 2 are the same string");
    begin_with(&m, (const char *const[]){"a", "\xFF"}, 2, merges, 0);
    expect_tokenizer_failure(&m, GPT_E_FORMAT, "token 1 should be UTF-8 without NUL");
    begin_with(&m, tokens, V, (const char *const[]){"a z"}, 1);
    expect_tokenizer_failure(&m, GPT_E_FORMAT, "merge 0");
    begin_with(&m, tokens, V, (const char *const[]){"ab"}, 1);
    expect_tokenizer_failure(&m, GPT_E_FORMAT, "merge 0");
    begin_with(&m, tokens, V, (const char *const[]){"a b", "\xC3"}, 2);
    expect_tokenizer_failure(&m, GPT_E_FORMAT, "merge 1 should be UTF-8");
    begin_with(&m, tokens, V - 1, merges, 1);
    add_kinds(&m, (const uint32_t[]){1, 1, 1, 1, 1, 1});
    expect_tokenizer_failure(&m, GPT_E_FORMAT, "6 kinds for 5 tokens");
    begin_with(&m, tokens, V, merges, 1);
    add_kinds(&m, (const uint32_t[]){1, 1, 1, 1, 6, 1});
    expect_tokenizer_failure(&m, GPT_E_UNSUPPORTED, "token 4 is of kind 6");
    begin_with(&m, tokens, V, merges, 1);
    add_kinds(&m, (const uint32_t[]){1, 1, UINT32_MAX, 1, 1, 1});
    expect_tokenizer_failure(&m, GPT_E_UNSUPPORTED, "token 2 is of kind -1");
    begin_with(&m, tokens, V, merges, 1);
    gguf_strings(&m, "tokenizer.ggml.token_type", tokens, V);
    expect_tokenizer_failure(&m, GPT_E_FORMAT, "tokenizer.ggml.token_type");
    /* A token that is normal under one id and control under another. */
    begin_with(&m, (const char *const[]){"a", "b", "ab", "c", "d", "a"}, V, merges, 1);
    add_kinds(&m, (const uint32_t[]){1, 1, 1, 1, 1, 3});
    expect_tokenizer_failure(&m, GPT_E_FORMAT, "tokens 0 and 5 are the same string");
}

/*
 * Paths and names.
 */

static char *make_directory(const char *name)
{
    char *marker = test_write_file(name, "", 0);
    remove(marker);
    if (mkdir(marker, 0700) != 0)
        abort();
    return marker;
}

static void copy_into(const gguf_maker *m, const char *directory, const char *name)
{
    size_t length;
    char path[512];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    unsigned char *bytes = gguf_bytes(&length, m);
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        abort();
    free(bytes);
}

static void expect_opens(const char *name)
{
    gpt_model *model = NULL;
    gpt_tokenizer *tokenizer = NULL;
    if (EXPECT_OK(gpt_model_open(&model, name, NULL)))
        EXPECT_INT(gpt_model_vocab_size(model), V);
    if (EXPECT_OK(gpt_tokenizer_open(&tokenizer, name)))
        EXPECT_INT(gpt_tokenizer_vocab_size(tokenizer), V);
    gpt_model_free(model);
    gpt_tokenizer_free(tokenizer);
}

static void directories(void)
{
    gguf_maker m;
    gpt_model *model = NULL;
    gpt_tokenizer *tokenizer = NULL;
    make_model(&m);
    add_tokenizer(&m, "gpt-2");
    char *directory = make_directory("one");
    copy_into(&m, directory, ".hidden.gguf");
    EXPECT_STATUS(gpt_model_open(&model, directory, NULL), GPT_E_NOT_FOUND);
    copy_into(&m, directory, "a.gguf");
    expect_opens(directory);
    copy_into(&m, directory, "b.gguf");
    EXPECT_STATUS(gpt_model_open(&model, directory, NULL), GPT_E_UNSUPPORTED);
    EXPECT_MESSAGE("2 GGUF files are in this directory");
    EXPECT_STATUS(gpt_tokenizer_open(&tokenizer, directory), GPT_E_UNSUPPORTED);
    EXPECT(model == NULL && tokenizer == NULL);
    /* Other weights come first, whatever is beside them; those are for config.json, which is missing. */
    copy_into(&m, directory, "model.safetensors");
    EXPECT_STATUS(gpt_model_open(&model, directory, NULL), GPT_E_NOT_FOUND);
    EXPECT_MESSAGE("config.json");
    free(directory);
    gguf_free(&m);
}

static void names(void)
{
    gguf_maker m;
    gpt_model *model = NULL;
    make_model(&m);
    add_tokenizer(&m, "gpt-2");
    char *store = make_directory("store");
    copy_into(&m, store, "small.gguf");
    char inner[512];
    snprintf(inner, sizeof inner, "%s/org", store);
    EXPECT_INT(mkdir(inner, 0700), 0);
    copy_into(&m, inner, "only.gguf");
    setenv("GPT_MODEL_PATH", store, 1);
    expect_opens("small");
    expect_opens("small.gguf");
    expect_opens("org");
    expect_opens("org/only");
    EXPECT_STATUS(gpt_model_open(&model, "smal", NULL), GPT_E_NOT_FOUND);
    unsetenv("GPT_MODEL_PATH");
    free(store);
    gguf_free(&m);
}

/* A model in parts, of which the first has the metadata and another the tensors, is one in its directory. */
static void parts(void)
{
    gguf_maker m;
    gguf_begin(&m);
    add_keys(&m, "");
    add_tokenizer(&m, "gpt-2");
    gguf_u32(&m, "split.count", 2);
    char *directory = make_directory("parts");
    copy_into(&m, directory, "a-00001-of-00002.gguf");
    gguf_free(&m);
    gguf_begin(&m);
    gguf_u32(&m, "split.no", 1);
    gguf_u32(&m, "split.count", 2);
    add_tensors(&m);
    copy_into(&m, directory, "a-00002-of-00002.gguf");
    gguf_free(&m);
    expect_opens(directory);
    free(directory);
}

/* A file of another name that begins as GGUF files do is one: the cache of some tools names files by their contents. */
static void any_name(void)
{
    gguf_maker m;
    make_model(&m);
    add_tokenizer(&m, "gpt-2");
    char *path = gguf_write(&m, "3b5d8f");
    expect_opens(path);
    free(path);
    gguf_free(&m);
}

static void without_memory(void)
{
    gguf_maker m;
    long n = 0;
    gpt_status status = GPT_E_MEMORY;
    make_model(&m);
    add_tokenizer(&m, "olmo");
    char *path = gguf_write(&m, "memory.gguf");
    for (; status == GPT_E_MEMORY && n < 2000; n++) {
        gpt_model *model = NULL;
        gpt__fail_allocation_after(n, 1);
        status = gpt_model_open(&model, path, NULL);
        gpt__fail_allocation_after(-1, 0);
        EXPECT((model != NULL) == (status == GPT_OK));
        gpt_model_free(model);
    }
    EXPECT_OK(status);
    free(path);
    gguf_free(&m);
}

/* Without descriptors nobody knows what a file without the ending is, or what a directory holds. */
static void without_descriptors(void)
{
    struct rlimit limit, none;
    char *path = test_write_file("no-ending", "GGUF", 4);
    char *located = NULL;
    int is = 1, has = 1;
    EXPECT_INT(getrlimit(RLIMIT_NOFILE, &limit), 0);
    none = limit;
    none.rlim_cur = 0;
    EXPECT_INT(setrlimit(RLIMIT_NOFILE, &none), 0);
    gpt_status file = gpt__is_gguf(&is, path);
    gpt_status directory = gpt__has_gguf(&has, test_directory());
    gpt_status inside = gpt__gguf_locate(&located, test_directory());
    EXPECT_INT(setrlimit(RLIMIT_NOFILE, &limit), 0);
    EXPECT_STATUS(file, GPT_E_FILE);
    EXPECT_STATUS(directory, GPT_E_FILE);
    EXPECT_STATUS(inside, GPT_E_FILE);
    EXPECT_MESSAGE("too many open files");
    EXPECT(!is && !has && located == NULL);
    EXPECT_OK(gpt__is_gguf(&is, path));
    EXPECT(is);
    free(path);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(model_opens);
    TEST(needed_keys);
    TEST(wrong_keys);
    TEST(harmless_keys);
    TEST(wrong_tensors);
    TEST(untied_output);
    TEST(tokenizer_opens);
    TEST(kinds_of_tokens);
    TEST(divisions);
    TEST(divisions_of_digits);
    TEST(merges_to_added_tokens);
    TEST(refused_tokenizers);
    TEST(broken_tokenizers);
    TEST(directories);
    TEST(names);
    TEST(parts);
    TEST(any_name);
    TEST(without_descriptors);
    TEST(without_memory);
    return TEST_END();
}
