/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_api_sweep.c: every public function with arguments that it takes, that it must refuse, and that nobody
 * should pass; the number of calls is printed. The last case compares this file with the headers, so that no function
 * is left out.
 */
#include "test_model_maker.h"

#include <float.h>
#include <limits.h>
#include <math.h>

static long calls;

/* Counts a call. */
#define CALL(call) (calls++, (call))

/* A call that is refused: this status, and a message, set by this call, that names the argument. */
#define REFUSED(call, status, part)             \
    do {                                        \
        (void)gpt__fail(GPT_OK, "no message");  \
        calls++;                                \
        EXPECT_STATUS(call, status);            \
        EXPECT_MESSAGE(part);                   \
    } while (0)

#define TAKEN(call)      \
    do {                 \
        calls++;         \
        EXPECT_OK(call); \
    } while (0)

/* More elements than any array can have: to be refused before the first is read. */
static const size_t huge_counts[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2 + 1, SIZE_MAX / 4 + 1, SIZE_MAX / 8 + 1};
#define HUGE_COUNTS (sizeof huge_counts / sizeof *huge_counts)

static const int32_t bad_tokens[] = {-1, 512, INT_MIN, INT_MAX, 513, INT_MIN + 1};
#define BAD_TOKENS (sizeof bad_tokens / sizeof *bad_tokens)

static gpt_model *model;
static gpt_generator *generator;

static void open_subject(void)
{
    char *directory = model_with_tokenizer("subject");
    if (model_open_as(&model, directory, GPT_DTYPE_F32) != GPT_OK || model_generator(&generator, model) != GPT_OK)
        abort();
    free(directory);
}

/*
 * Status, version, log.
 */

static void statuses(void)
{
    static const struct {
        int number;
        const char *name, *text;
    } codes[] = {{0, "GPT_OK", "success"},
#define CODE(name, number, text) {number, "GPT_E_" #name, text},
                 GPT_STATUS_MAP(CODE)
#undef CODE
                 {1, "GPT_E_UNKNOWN", "unknown status"},       {-10, "GPT_E_UNKNOWN", "unknown status"},
                 {INT_MIN, "GPT_E_UNKNOWN", "unknown status"}, {INT_MAX, "GPT_E_UNKNOWN", "unknown status"}};
    for (size_t i = 0; i < sizeof codes / sizeof *codes; i++) {
        EXPECT_STRING(CALL(gpt_status_name((gpt_status)codes[i].number)), codes[i].name);
        EXPECT_STRING(CALL(gpt_status_text((gpt_status)codes[i].number)), codes[i].text);
    }
    EXPECT(CALL(gpt_error_message()) != NULL);
    CALL(gpt_free(NULL));
    EXPECT(strchr(CALL(gpt_version()), '.') != NULL);
    EXPECT_INT(CALL(gpt_version_number()), GPT_VERSION_NUMBER);
    EXPECT_STRING(CALL(gpt_version()), GPT_VERSION_STRING);
    EXPECT(strstr(CALL(gpt_backend()), "oneDNN") != NULL);
}

static void count_line(gpt_log_level level, const char *line, void *user)
{
    (void)level;
    *(int *)user += line != NULL && line[0] != '\0' && strchr(line, '\n') == NULL;
}

static int lines_of_opening(gpt_log_callback callback, int level)
{
    int lines = 0;
    gpt_model *opened = NULL;
    CALL(gpt_log_set_callback(callback, (gpt_log_level)level, &lines));
    EXPECT_OK(model_open_as(&opened, gpt_model_path(model), GPT_DTYPE_F32));
    gpt_log_set_callback(NULL, GPT_LOG_WARNING, NULL);
    gpt_model_free(opened);
    return lines;
}

static void logging(void)
{
    EXPECT(lines_of_opening(count_line, GPT_LOG_INFO) >= 1);
    EXPECT(lines_of_opening(count_line, INT_MAX) >= 1);
    EXPECT_INT(lines_of_opening(count_line, GPT_LOG_WARNING), 0);
    EXPECT_INT(lines_of_opening(count_line, 0), 0);
    EXPECT_INT(lines_of_opening(count_line, INT_MIN), 0);
    EXPECT_INT(lines_of_opening(NULL, GPT_LOG_DEBUG), 0);
    EXPECT_INT(lines_of_opening(NULL, INT_MAX), 0);
}

/*
 * Tokenizer.
 */

static void tokenizer_life(void)
{
    char junk[8];
    gpt_tokenizer *t = (gpt_tokenizer *)(void *)junk;
    REFUSED(gpt_tokenizer_open(NULL, "x"), GPT_E_ARGUMENT, "out");
    REFUSED(gpt_tokenizer_open_tiktoken(NULL, "x", "r50k_base"), GPT_E_ARGUMENT, "out");
    REFUSED(gpt_tokenizer_open_tiktoken(&t, NULL, "r50k_base"), GPT_E_ARGUMENT, "path");
    REFUSED(gpt_tokenizer_open_tiktoken(&t, "x", NULL), GPT_E_ARGUMENT, "encoding");
    REFUSED(gpt_tokenizer_open_tiktoken(&t, "/no/such/ranks", "r50k_base"), GPT_E_NOT_FOUND, "/no/such/ranks");
    REFUSED(gpt_tokenizer_open(NULL, NULL), GPT_E_ARGUMENT, "out");
    REFUSED(gpt_tokenizer_open(&t, NULL), GPT_E_ARGUMENT, "path");
    EXPECT(t == NULL);
    t = (gpt_tokenizer *)(void *)junk;
    REFUSED(gpt_tokenizer_open(&t, ""), GPT_E_ARGUMENT, "path");
    EXPECT(t == NULL);
    t = (gpt_tokenizer *)(void *)junk;
    REFUSED(gpt_tokenizer_open(&t, "/no/such/tokenizer"), GPT_E_NOT_FOUND, "/no/such/tokenizer");
    EXPECT(t == NULL);
    EXPECT(CALL(gpt_tokenizer_ref(NULL)) == NULL);
    CALL(gpt_tokenizer_free(NULL));
    TAKEN(gpt_tokenizer_open(&t, gpt_model_path(model)));
    EXPECT(CALL(gpt_tokenizer_ref(t)) == t);
    CALL(gpt_tokenizer_free(t));
    EXPECT_INT(CALL(gpt_tokenizer_vocab_size(t)), 260);
    CALL(gpt_tokenizer_free(t));
    EXPECT_INT(CALL(gpt_tokenizer_vocab_size(NULL)), 0);
}

static void encoding(void)
{
    const gpt_tokenizer *t = gpt_model_tokenizer(model);
    int32_t junk, *ids = &junk;
    size_t count = 77;
    REFUSED(gpt_tokenizer_encode(NULL, &count, t, "a", 1, 0), GPT_E_ARGUMENT, "ids");
    EXPECT_INT(count, 0);
    REFUSED(gpt_tokenizer_encode(&ids, NULL, t, "a", 1, 0), GPT_E_ARGUMENT, "count");
    EXPECT(ids == NULL);
    REFUSED(gpt_tokenizer_encode(NULL, NULL, NULL, NULL, 1, 0), GPT_E_ARGUMENT, "ids");
    REFUSED(gpt_tokenizer_encode(&ids, &count, NULL, "a", 1, 0), GPT_E_ARGUMENT, "tokenizer");
    REFUSED(gpt_tokenizer_encode(&ids, &count, t, NULL, 1, 0), GPT_E_ARGUMENT, "text");
    for (unsigned bit = 1; bit < 32; bit++) {
        ids = &junk;
        count = 77;
        REFUSED(gpt_tokenizer_encode(&ids, &count, t, "a", 1, 1u << bit), GPT_E_ARGUMENT, "flags");
        EXPECT(ids == NULL && count == 0);
    }
    REFUSED(gpt_tokenizer_encode(&ids, &count, t, "a", 1, UINT_MAX), GPT_E_ARGUMENT, "flags");
    REFUSED(gpt_tokenizer_encode(&ids, &count, t, "a", SIZE_MAX, 0), GPT_E_ARGUMENT, "length");
    REFUSED(gpt_tokenizer_encode(&ids, &count, t, "a", (size_t)PTRDIFF_MAX + 1, 0), GPT_E_ARGUMENT, "length");
    TAKEN(gpt_tokenizer_encode(&ids, &count, t, NULL, 0, 0));
    EXPECT(ids == NULL && count == 0);
    TAKEN(gpt_tokenizer_encode(&ids, &count, t, "a\0b", 3, GPT_ENCODE_ORDINARY));
    EXPECT_INT(count, 3);
    gpt_free(ids);
    TAKEN(gpt_tokenizer_encode(&ids, &count, t, "abc<end>", 8, 0));
    EXPECT_INT(count, 2);
    gpt_free(ids);
}

static void decoding(void)
{
    const gpt_tokenizer *t = gpt_model_tokenizer(model);
    const int32_t ids[2] = {'a', 259};
    char junk, *text = &junk;
    size_t length = 77;
    REFUSED(gpt_tokenizer_decode(NULL, &length, t, ids, 2, 0), GPT_E_ARGUMENT, "text");
    EXPECT_INT(length, 0);
    REFUSED(gpt_tokenizer_decode(&text, NULL, t, ids, 2, 0), GPT_E_ARGUMENT, "length");
    EXPECT(text == NULL);
    REFUSED(gpt_tokenizer_decode(&text, &length, NULL, ids, 2, 0), GPT_E_ARGUMENT, "tokenizer");
    REFUSED(gpt_tokenizer_decode(&text, &length, t, NULL, 2, 0), GPT_E_ARGUMENT, "ids");
    for (unsigned bit = 1; bit < 32; bit++)
        REFUSED(gpt_tokenizer_decode(&text, &length, t, ids, 2, 1u << bit), GPT_E_ARGUMENT, "flags");
    for (size_t i = 0; i < HUGE_COUNTS - 1; i++) {
        text = &junk;
        length = 77;
        REFUSED(gpt_tokenizer_decode(&text, &length, t, ids, huge_counts[i], 0), GPT_E_ARGUMENT, "count");
        EXPECT(text == NULL && length == 0);
    }
    static const int32_t outside[] = {-1, 260, INT_MIN, INT_MAX};
    for (size_t i = 0; i < 4; i++) {
        const int32_t mixed[2] = {'a', outside[i]};
        REFUSED(gpt_tokenizer_decode(&text, &length, t, mixed, 2, 0), GPT_E_ARGUMENT, "ids[1]");
        EXPECT(text == NULL && length == 0);
        EXPECT(CALL(gpt_tokenizer_token_bytes(&length, t, outside[i])) == NULL);
        EXPECT_MESSAGE("id");
        EXPECT_INT(length, 0);
        EXPECT_INT(CALL(gpt_tokenizer_is_special(t, outside[i])), 0);
    }
    TAKEN(gpt_tokenizer_decode(&text, &length, t, NULL, 0, 0));
    EXPECT_BYTES(text, length, "", 0);
    gpt_free(text);
    TAKEN(gpt_tokenizer_decode(&text, &length, t, ids, 2, GPT_DECODE_SKIP_SPECIAL));
    EXPECT_BYTES(text, length, "a", 1);
    gpt_free(text);
}

static void single_tokens(void)
{
    const gpt_tokenizer *t = gpt_model_tokenizer(model);
    size_t length = 77;
    EXPECT(CALL(gpt_tokenizer_token_bytes(NULL, t, 0)) == NULL);
    EXPECT_MESSAGE("length");
    EXPECT(CALL(gpt_tokenizer_token_bytes(&length, NULL, 0)) == NULL);
    EXPECT_MESSAGE("tokenizer");
    EXPECT_INT(length, 0);
    EXPECT(CALL(gpt_tokenizer_token_bytes(&length, t, 0)) != NULL);
    EXPECT_INT(length, 1);
    EXPECT_INT(CALL(gpt_tokenizer_token_id(t, "abc", 3)), 257);
    EXPECT_INT(CALL(gpt_tokenizer_token_id(t, "no such", 7)), -1);
    EXPECT_INT(CALL(gpt_tokenizer_token_id(t, "", 0)), -1);
    EXPECT_INT(CALL(gpt_tokenizer_token_id(t, NULL, 0)), -1);
    EXPECT_INT(CALL(gpt_tokenizer_token_id(t, NULL, 5)), -1);
    EXPECT_INT(CALL(gpt_tokenizer_token_id(NULL, "a", 1)), -1);
    for (size_t i = 0; i < HUGE_COUNTS; i++)
        EXPECT_INT(CALL(gpt_tokenizer_token_id(t, "a", huge_counts[i])), -1);
    EXPECT_INT(CALL(gpt_tokenizer_is_special(t, 259)), 1);
    EXPECT_INT(CALL(gpt_tokenizer_is_special(t, 0)), 0);
    EXPECT_INT(CALL(gpt_tokenizer_is_special(NULL, 259)), 0);
}

/*
 * Model.
 */

static void model_options(void)
{
    static const int dtypes[] = {-1, 4, INT_MIN, INT_MAX};
    static const int threads[] = {-1, 1025, INT_MIN, INT_MAX};
    gpt_model_options *o = NULL;
    REFUSED(gpt_model_options_new(NULL), GPT_E_ARGUMENT, "out");
    TAKEN(gpt_model_options_new(&o));
    EXPECT_INT(CALL(gpt_model_options_dtype(o)), GPT_DTYPE_AUTO);
    EXPECT_INT(CALL(gpt_model_options_threads(o)), 0);
    REFUSED(gpt_model_options_set_dtype(NULL, GPT_DTYPE_F32), GPT_E_ARGUMENT, "options");
    REFUSED(gpt_model_options_set_threads(NULL, 1), GPT_E_ARGUMENT, "options");
    for (int d = GPT_DTYPE_AUTO; d <= GPT_DTYPE_INT8; d++) {
        TAKEN(gpt_model_options_set_dtype(o, (gpt_dtype)d));
        EXPECT_INT(CALL(gpt_model_options_dtype(o)), d);
        EXPECT(CALL(gpt_dtype_name((gpt_dtype)d)) != NULL);
    }
    for (size_t i = 0; i < 4; i++) {
        REFUSED(gpt_model_options_set_dtype(o, (gpt_dtype)dtypes[i]), GPT_E_ARGUMENT, "dtype");
        EXPECT_INT(CALL(gpt_model_options_dtype(o)), GPT_DTYPE_INT8);
        EXPECT(CALL(gpt_dtype_name((gpt_dtype)dtypes[i])) == NULL);
        TAKEN(gpt_model_options_set_threads(o, 1024));
        REFUSED(gpt_model_options_set_threads(o, threads[i]), GPT_E_ARGUMENT, "threads");
        EXPECT_INT(CALL(gpt_model_options_threads(o)), 1024);
    }
    EXPECT_INT(CALL(gpt_model_options_dtype(NULL)), GPT_DTYPE_AUTO);
    EXPECT_INT(CALL(gpt_model_options_threads(NULL)), 0);
    CALL(gpt_model_options_free(o));
    CALL(gpt_model_options_free(NULL));
}

static void model_life(void)
{
    char junk[8];
    gpt_model *m = (gpt_model *)(void *)junk;
    char *path = junk;
    REFUSED(gpt_model_open(NULL, "x", NULL), GPT_E_ARGUMENT, "out");
    REFUSED(gpt_model_open(&m, NULL, NULL), GPT_E_ARGUMENT, "name_or_path");
    EXPECT(m == NULL);
    m = (gpt_model *)(void *)junk;
    REFUSED(gpt_model_open(&m, "", NULL), GPT_E_ARGUMENT, "name_or_path");
    EXPECT(m == NULL);
    m = (gpt_model *)(void *)junk;
    REFUSED(gpt_model_open(&m, "no-such-model", NULL), GPT_E_NOT_FOUND, "no-such-model");
    EXPECT(m == NULL);
    REFUSED(gpt_model_find(NULL, "x"), GPT_E_ARGUMENT, "path");
    REFUSED(gpt_model_find(&path, NULL), GPT_E_ARGUMENT, "name_or_path");
    EXPECT(path == NULL);
    TAKEN(gpt_model_find(&path, gpt_model_path(model)));
    EXPECT_STRING(path, gpt_model_path(model));
    gpt_free(path);
    EXPECT(CALL(gpt_model_ref(NULL)) == NULL);
    CALL(gpt_model_free(NULL));
    EXPECT(CALL(gpt_model_ref(model)) == model);
    CALL(gpt_model_free(model));
    EXPECT(CALL(gpt_model_tokenizer(NULL)) == NULL);
    EXPECT(CALL(gpt_model_path(NULL)) == NULL);
    EXPECT(CALL(gpt_model_family(NULL)) == NULL);
    EXPECT_INT(CALL(gpt_model_dtype(NULL)), GPT_DTYPE_AUTO);
    EXPECT_INT(CALL(gpt_model_vocab_size(NULL)), 0);
    EXPECT_INT(CALL(gpt_model_context_length(NULL)), 0);
    EXPECT_INT(CALL(gpt_model_width(NULL)), 0);
    EXPECT_INT(CALL(gpt_model_layers(NULL)), 0);
    EXPECT_INT(CALL(gpt_model_heads(NULL)), 0);
    EXPECT_INT(CALL(gpt_model_kv_heads(NULL)), 0);
    EXPECT_INT(CALL(gpt_model_bos_token(NULL)), -1);
    EXPECT_INT(CALL(gpt_model_stop_token_count(NULL)), 0);
    EXPECT_INT(CALL(gpt_model_stop_token(NULL, 0)), -1);
    EXPECT_INT(CALL(gpt_model_stop_token(model, SIZE_MAX)), -1);
    EXPECT_INT(CALL(gpt_model_parameters(NULL)), 0);
    EXPECT_INT(CALL(gpt_model_weight_bytes(NULL)), 0);
    EXPECT_INT(CALL(gpt_model_vocab_size(model)), 512);
}

/*
 * Settings.
 */

typedef struct int_setting {
    const char *name;
    gpt_status (*set)(gpt_generator *, int);
    int (*get)(const gpt_generator *);
    int initial, least, most;
} int_setting;

static const int_setting int_settings[] = {
    {"sampling", gpt_generator_set_sampling, gpt_generator_sampling, 0, 0, 1},
    {"top_k", gpt_generator_set_top_k, gpt_generator_top_k, 0, 0, INT_MAX},
    {"no_repeat_ngram", gpt_generator_set_no_repeat_ngram, gpt_generator_no_repeat_ngram, 0, 0, INT_MAX},
    {"min_new_tokens", gpt_generator_set_min_new_tokens, gpt_generator_min_new_tokens, 0, 0, INT_MAX},
    {"max_new_tokens", gpt_generator_set_max_new_tokens, gpt_generator_max_new_tokens, 0, 0, INT_MAX},
    {"max_length", gpt_generator_set_max_length, gpt_generator_max_length, 0, 0, INT_MAX},
    {"beams", gpt_generator_set_beams, gpt_generator_beams, 1, 1, 256},
    {"early_stopping", gpt_generator_set_early_stopping, gpt_generator_early_stopping, 0, 0, 1},
    {"samples", gpt_generator_set_samples, gpt_generator_samples, 1, 1, 4096},
    {"logprobs", gpt_generator_set_logprobs, gpt_generator_logprobs, -1, -1, 1024},
    {"threads", gpt_generator_set_threads, gpt_generator_threads, 0, 0, 1024},
    {"chunk", gpt_generator_set_chunk, gpt_generator_chunk, 512, 1, 65536},
};

static void int_setters(void)
{
    static const int values[] = {INT_MIN, INT_MIN + 1, -65537, -2, -1, 0, 1, 2, 3, 1023, 1024, 1025,
                                 4095, 4096, 4097, 65535, 65536, 65537, INT_MAX - 1, INT_MAX};
    TAKEN(gpt_generator_reset_settings(generator));
    for (size_t i = 0; i < sizeof int_settings / sizeof *int_settings; i++) {
        const int_setting *s = &int_settings[i];
        EXPECT_INT(CALL(s->get(NULL)), s->initial);
        EXPECT_INT(CALL(s->get(generator)), s->initial);
        REFUSED(s->set(NULL, s->least), GPT_E_ARGUMENT, "generator");
        for (size_t j = 0; j < sizeof values / sizeof *values; j++) {
            int before = CALL(s->get(generator));
            int inside = values[j] >= s->least && values[j] <= s->most;
            if (inside)
                TAKEN(s->set(generator, values[j]));
            else
                REFUSED(s->set(generator, values[j]), GPT_E_ARGUMENT, s->name);
            EXPECT_INT(CALL(s->get(generator)), inside ? values[j] : before);
        }
        TAKEN(gpt_generator_reset_settings(generator));
        EXPECT_INT(CALL(s->get(generator)), s->initial);
    }
}

typedef struct float_setting {
    const char *name;
    gpt_status (*set)(gpt_generator *, float);
    float (*get)(const gpt_generator *);
    float initial, least, most;
    int open_least, open_most; /* the end itself is outside */
} float_setting;

static const float_setting float_settings[] = {
    {"temperature", gpt_generator_set_temperature, gpt_generator_temperature, 1, 0, FLT_MAX, 1, 0},
    {"top_p", gpt_generator_set_top_p, gpt_generator_top_p, 1, 0, 1, 0, 0},
    {"min_p", gpt_generator_set_min_p, gpt_generator_min_p, 0, 0, 1, 0, 0},
    {"typical_p", gpt_generator_set_typical_p, gpt_generator_typical_p, 1, 0, 1, 1, 0},
    {"epsilon_cutoff", gpt_generator_set_epsilon_cutoff, gpt_generator_epsilon_cutoff, 0, 0, 1, 0, 1},
    {"eta_cutoff", gpt_generator_set_eta_cutoff, gpt_generator_eta_cutoff, 0, 0, 1, 0, 1},
    {"repetition_penalty", gpt_generator_set_repetition_penalty, gpt_generator_repetition_penalty, 1, 0, FLT_MAX, 1,
     0},
    {"presence_penalty", gpt_generator_set_presence_penalty, gpt_generator_presence_penalty, 0, -FLT_MAX, FLT_MAX, 0,
     0},
    {"frequency_penalty", gpt_generator_set_frequency_penalty, gpt_generator_frequency_penalty, 0, -FLT_MAX, FLT_MAX, 0,
     0},
    {"length_penalty", gpt_generator_set_length_penalty, gpt_generator_length_penalty, 1, -FLT_MAX, FLT_MAX, 0, 0},
};

/* NaN, which is inside nothing, too. */
static int is_inside(const float_setting *s, float value)
{
    return (s->open_least ? value > s->least : value >= s->least) &&
           (s->open_most ? value < s->most : value <= s->most);
}

static void float_setters(void)
{
    const float values[] = {NAN,       -NAN,     INFINITY, -INFINITY, FLT_MAX,    -FLT_MAX, FLT_MIN, -FLT_MIN,
                            0.0f,      -0.0f,    1e-45f,   -1e-45f,   1.0f,       -1.0f,    0.5f,    1.0000001f,
                            0.999999f, 1e30f,    -1e30f,   2.0f,      FLT_EPSILON};
    TAKEN(gpt_generator_reset_settings(generator));
    for (size_t i = 0; i < sizeof float_settings / sizeof *float_settings; i++) {
        const float_setting *s = &float_settings[i];
        EXPECT(CALL(s->get(NULL)) == s->initial);
        EXPECT(CALL(s->get(generator)) == s->initial);
        REFUSED(s->set(NULL, s->initial), GPT_E_ARGUMENT, "generator");
        for (size_t j = 0; j < sizeof values / sizeof *values; j++) {
            float before = CALL(s->get(generator));
            int inside = is_inside(s, values[j]);
            if (inside)
                TAKEN(s->set(generator, values[j]));
            else
                REFUSED(s->set(generator, values[j]), GPT_E_ARGUMENT, s->name);
            EXPECT(CALL(s->get(generator)) == (inside ? values[j] : before));
        }
        TAKEN(gpt_generator_reset_settings(generator));
        EXPECT(CALL(s->get(generator)) == s->initial);
    }
}

static void wide_setters(void)
{
    static const int64_t sizes[] = {0, 1, 127, 128, 129, (int64_t)1 << 53, ((int64_t)1 << 53) + 1, INT64_MAX - 1024,
                                    INT64_MAX - 1, INT64_MAX};
    static const uint64_t seeds[] = {0, 1, UINT64_MAX, (uint64_t)1 << 63, 0x123456789ABCDEF};
    EXPECT_INT(CALL(gpt_generator_cache_tokens(NULL)), 0);
    REFUSED(gpt_generator_set_cache_tokens(NULL, 0), GPT_E_ARGUMENT, "generator");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        gpt_result *result = NULL;
        const int32_t id = 7;
        TAKEN(gpt_generator_set_cache_tokens(generator, sizes[i]));
        EXPECT_INT(CALL(gpt_generator_cache_tokens(generator)), sizes[i]);
        REFUSED(gpt_generator_set_cache_tokens(generator, -1), GPT_E_ARGUMENT, "cache_tokens");
        REFUSED(gpt_generator_set_cache_tokens(generator, INT64_MIN), GPT_E_ARGUMENT, "cache_tokens");
        EXPECT_INT(CALL(gpt_generator_cache_tokens(generator)), sizes[i]);
        TAKEN(gpt_generator_set_max_new_tokens(generator, 2));
        TAKEN(gpt_generator_run_ids(&result, generator, &id, 1));
        gpt_result_free(result);
    }
    EXPECT(CALL(gpt_generator_seed(NULL)) == 0);
    REFUSED(gpt_generator_set_seed(NULL, 0), GPT_E_ARGUMENT, "generator");
    for (size_t i = 0; i < sizeof seeds / sizeof *seeds; i++) {
        TAKEN(gpt_generator_set_seed(generator, seeds[i]));
        EXPECT(CALL(gpt_generator_seed(generator)) == seeds[i]);
    }
    REFUSED(gpt_generator_reset_settings(NULL), GPT_E_ARGUMENT, "generator");
    TAKEN(gpt_generator_reset_settings(generator));
    EXPECT_INT(CALL(gpt_generator_cache_tokens(generator)), 0);
}

static void token_settings(void)
{
    const float bad[] = {NAN, INFINITY, -INFINITY};
    const float good[] = {FLT_MAX, -FLT_MAX, 1e-45f, 2.5f};
    REFUSED(gpt_generator_set_bias(NULL, 0, 1), GPT_E_ARGUMENT, "generator");
    REFUSED(gpt_generator_set_banned(NULL, 0, 1), GPT_E_ARGUMENT, "generator");
    REFUSED(gpt_generator_set_stop_token(NULL, 0, 1), GPT_E_ARGUMENT, "generator");
    EXPECT(CALL(gpt_generator_bias(NULL, 0)) == 0);
    EXPECT_INT(CALL(gpt_generator_banned(NULL, 0)), 0);
    EXPECT_INT(CALL(gpt_generator_stop_token(NULL, 0)), 0);
    for (size_t i = 0; i < BAD_TOKENS; i++) {
        REFUSED(gpt_generator_set_bias(generator, bad_tokens[i], 1), GPT_E_ARGUMENT, "token");
        REFUSED(gpt_generator_set_banned(generator, bad_tokens[i], 1), GPT_E_ARGUMENT, "token");
        REFUSED(gpt_generator_set_banned(generator, bad_tokens[i], 0), GPT_E_ARGUMENT, "token");
        REFUSED(gpt_generator_set_stop_token(generator, bad_tokens[i], 1), GPT_E_ARGUMENT, "token");
        EXPECT(CALL(gpt_generator_bias(generator, bad_tokens[i])) == 0);
        EXPECT_INT(CALL(gpt_generator_banned(generator, bad_tokens[i])), 0);
        EXPECT_INT(CALL(gpt_generator_stop_token(generator, bad_tokens[i])), 0);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        TAKEN(gpt_generator_set_bias(generator, 511, good[i]));
        for (size_t j = 0; j < sizeof bad / sizeof *bad; j++)
            REFUSED(gpt_generator_set_bias(generator, 511, bad[j]), GPT_E_ARGUMENT, "bias");
        EXPECT(CALL(gpt_generator_bias(generator, 511)) == good[i]);
    }
    TAKEN(gpt_generator_set_bias(generator, 511, -0.0f));
    EXPECT(CALL(gpt_generator_bias(generator, 511)) == 0);
    static const int switches[] = {-1, 2, INT_MIN, INT_MAX};
    TAKEN(gpt_generator_set_banned(generator, 3, 1));
    TAKEN(gpt_generator_set_stop_token(generator, 3, 1));
    for (size_t i = 0; i < 4; i++) {
        REFUSED(gpt_generator_set_banned(generator, 3, switches[i]), GPT_E_ARGUMENT, "banned");
        REFUSED(gpt_generator_set_stop_token(generator, 3, switches[i]), GPT_E_ARGUMENT, "stop");
    }
    EXPECT_INT(CALL(gpt_generator_banned(generator, 3)), 1);
    EXPECT_INT(CALL(gpt_generator_stop_token(generator, 3)), 1);
    TAKEN(gpt_generator_set_banned(generator, 3, 0));
    TAKEN(gpt_generator_set_stop_token(generator, 3, 0));
    EXPECT_INT(CALL(gpt_generator_banned(generator, 3)), 0);
    EXPECT_INT(CALL(gpt_generator_stop_token(generator, 3)), 0);
}

static void stop_strings(void)
{
    size_t length = 77;
    char *longest = calloc(65538, 1);
    REFUSED(gpt_generator_add_stop_string(NULL, "x", 1), GPT_E_ARGUMENT, "generator");
    REFUSED(gpt_generator_add_stop_string(generator, NULL, 0), GPT_E_ARGUMENT, "string");
    REFUSED(gpt_generator_add_stop_string(generator, NULL, 5), GPT_E_ARGUMENT, "string");
    REFUSED(gpt_generator_add_stop_string(generator, "", 0), GPT_E_ARGUMENT, "string");
    REFUSED(gpt_generator_add_stop_string(generator, longest, 65537), GPT_E_ARGUMENT, "string");
    REFUSED(gpt_generator_add_stop_string(generator, "\xFF", 1), GPT_E_ARGUMENT, "string");
    REFUSED(gpt_generator_add_stop_string(generator, "\xE2\x82", 2), GPT_E_ARGUMENT, "string");
    for (size_t i = 0; i < HUGE_COUNTS; i++)
        REFUSED(gpt_generator_add_stop_string(generator, "x", huge_counts[i]), GPT_E_ARGUMENT, "string");
    EXPECT_INT(CALL(gpt_generator_stop_string_count(generator)), 0);
    TAKEN(gpt_generator_add_stop_string(generator, longest, 65536));
    TAKEN(gpt_generator_add_stop_string(generator, "a\0b", 3));
    EXPECT_INT(CALL(gpt_generator_stop_string_count(generator)), 2);
    const char *second = CALL(gpt_generator_stop_string(&length, generator, 1));
    EXPECT_BYTES(second, length, "a\0b", 3);
    EXPECT(CALL(gpt_generator_stop_string(NULL, generator, 1)) != NULL);
    EXPECT(CALL(gpt_generator_stop_string(&length, generator, 2)) == NULL && length == 0);
    EXPECT(CALL(gpt_generator_stop_string(&length, generator, SIZE_MAX)) == NULL && length == 0);
    EXPECT(CALL(gpt_generator_stop_string(&length, NULL, 0)) == NULL && length == 0);
    EXPECT_INT(CALL(gpt_generator_stop_string_count(NULL)), 0);
    REFUSED(gpt_generator_clear_stop_strings(NULL), GPT_E_ARGUMENT, "generator");
    TAKEN(gpt_generator_clear_stop_strings(generator));
    EXPECT_INT(CALL(gpt_generator_stop_string_count(generator)), 0);
    free(longest);
}

/*
 * Generating.
 */

static int end_hook(float *logits, int32_t vocab, const int32_t *ids, size_t count, int64_t sequence, void *user)
{
    (void)logits, (void)vocab, (void)ids, (void)count, (void)sequence;
    return *(int *)user;
}

static int end_stream(const gpt_event *event, void *user)
{
    return event == NULL ? -1 : *(int *)user;
}

static void generator_life(void)
{
    char junk[8];
    gpt_generator *g = (gpt_generator *)(void *)junk;
    int go_on = 0, end = INT_MIN;
    const int32_t id = 9;
    gpt_result *result = NULL;
    REFUSED(gpt_generator_new(NULL, model), GPT_E_ARGUMENT, "out");
    REFUSED(gpt_generator_new(&g, NULL), GPT_E_ARGUMENT, "model");
    EXPECT(g == NULL);
    CALL(gpt_generator_free(NULL));
    CALL(gpt_generator_cancel(NULL));
    EXPECT(CALL(gpt_generator_model(NULL)) == NULL);
    EXPECT(CALL(gpt_generator_model(generator)) == model);
    REFUSED(gpt_generator_set_logits_hook(NULL, end_hook, NULL), GPT_E_ARGUMENT, "generator");
    TAKEN(gpt_generator_set_max_new_tokens(generator, 2));
    TAKEN(gpt_generator_set_logits_hook(generator, end_hook, &end));
    REFUSED(gpt_generator_run_ids(&result, generator, &id, 1), GPT_E_CANCELLED, "hook");
    EXPECT(result == NULL);
    TAKEN(gpt_generator_set_logits_hook(generator, end_hook, &go_on));
    TAKEN(gpt_generator_run_ids(&result, generator, &id, 1));
    gpt_result_free(result);
    TAKEN(gpt_generator_set_logits_hook(generator, NULL, &go_on));
    CALL(gpt_generator_cancel(generator));
    CALL(gpt_generator_cancel(generator));
    REFUSED(gpt_generator_run_ids(&result, generator, &id, 1), GPT_E_CANCELLED, "cancelled");
    TAKEN(gpt_generator_run_ids(&result, generator, &id, 1));
    gpt_result_free(result);
    TAKEN(gpt_generator_new(&g, model));
    CALL(gpt_generator_cancel(g));
    CALL(gpt_generator_free(g));
    for (int i = -2; i < 7; i++)
        EXPECT((CALL(gpt_finish_name((gpt_finish)i)) != NULL) == (i >= 0 && i <= GPT_FINISH_CONTEXT));
    EXPECT(CALL(gpt_finish_name((gpt_finish)INT_MIN)) == NULL);
    EXPECT(CALL(gpt_finish_name((gpt_finish)INT_MAX)) == NULL);
}

/* Prompts that no way of generating takes. */
static void bad_prompts(void)
{
    char junk[8];
    const int32_t ids[4] = {1, 2, 3, 4};
    const char *const text = "ab";
    const size_t two = 2, huge = SIZE_MAX;
    const char *const none = NULL;
    int go_on = 0;
    int64_t sequence = 77;
    gpt_result *r = (gpt_result *)(void *)junk;
    REFUSED(gpt_generator_run(NULL, generator, "a", 1), GPT_E_ARGUMENT, "out");
    REFUSED(gpt_generator_run_ids(NULL, generator, ids, 4), GPT_E_ARGUMENT, "out");
    REFUSED(gpt_generator_run_many(NULL, generator, &text, &two, 1), GPT_E_ARGUMENT, "out");
    REFUSED(gpt_generator_run(&r, NULL, "a", 1), GPT_E_ARGUMENT, "generator");
    EXPECT(r == NULL);
    REFUSED(gpt_generator_run_ids(&r, NULL, ids, 4), GPT_E_ARGUMENT, "generator");
    REFUSED(gpt_generator_run_many(&r, NULL, &text, &two, 1), GPT_E_ARGUMENT, "generator");
    REFUSED(gpt_generator_run(&r, generator, NULL, 1), GPT_E_ARGUMENT, "prompt");
    REFUSED(gpt_generator_run(&r, generator, "a", SIZE_MAX), GPT_E_ARGUMENT, "length");
    REFUSED(gpt_generator_run_ids(&r, generator, NULL, 1), GPT_E_ARGUMENT, "ids");
    REFUSED(gpt_generator_run_ids(&r, generator, ids, 0), GPT_E_ARGUMENT, "count");
    REFUSED(gpt_generator_run_many(&r, generator, NULL, &two, 1), GPT_E_ARGUMENT, "prompts");
    REFUSED(gpt_generator_run_many(&r, generator, &text, NULL, 1), GPT_E_ARGUMENT, "lengths");
    REFUSED(gpt_generator_run_many(&r, generator, &text, &two, 0), GPT_E_ARGUMENT, "count");
    REFUSED(gpt_generator_run_many(&r, generator, &none, &two, 1), GPT_E_ARGUMENT, "prompt");
    REFUSED(gpt_generator_run_many(&r, generator, &text, &huge, 1), GPT_E_ARGUMENT, "length");
    REFUSED(gpt_generator_add(NULL, generator, "a", 1), GPT_E_ARGUMENT, "sequence");
    REFUSED(gpt_generator_add(&sequence, NULL, "a", 1), GPT_E_ARGUMENT, "generator");
    REFUSED(gpt_generator_add(&sequence, generator, NULL, 1), GPT_E_ARGUMENT, "prompt");
    REFUSED(gpt_generator_add_ids(NULL, generator, ids, 4), GPT_E_ARGUMENT, "sequence");
    REFUSED(gpt_generator_add_ids(&sequence, NULL, ids, 4), GPT_E_ARGUMENT, "generator");
    REFUSED(gpt_generator_add_ids(&sequence, generator, NULL, 4), GPT_E_ARGUMENT, "ids");
    REFUSED(gpt_generator_add_ids(&sequence, generator, ids, 0), GPT_E_ARGUMENT, "count");
    EXPECT_INT(sequence, -1);
    REFUSED(gpt_generator_stream(NULL, "a", 1, end_stream, &go_on), GPT_E_ARGUMENT, "generator");
    REFUSED(gpt_generator_stream(generator, "a", 1, NULL, NULL), GPT_E_ARGUMENT, "callback");
    REFUSED(gpt_generator_stream(generator, NULL, 1, end_stream, &go_on), GPT_E_ARGUMENT, "prompt");
    REFUSED(gpt_generator_stream_ids(NULL, ids, 4, end_stream, &go_on), GPT_E_ARGUMENT, "generator");
    REFUSED(gpt_generator_stream_ids(generator, ids, 4, NULL, NULL), GPT_E_ARGUMENT, "callback");
    REFUSED(gpt_generator_stream_ids(generator, NULL, 4, end_stream, &go_on), GPT_E_ARGUMENT, "ids");
    REFUSED(gpt_generator_stream_ids(generator, ids, 0, end_stream, &go_on), GPT_E_ARGUMENT, "count");
    for (size_t i = 0; i < HUGE_COUNTS; i++) {
        size_t count = huge_counts[i];
        REFUSED(gpt_generator_run_ids(&r, generator, ids, count), GPT_E_CONTEXT, "tokens");
        REFUSED(gpt_generator_add_ids(&sequence, generator, ids, count), GPT_E_CONTEXT, "tokens");
        REFUSED(gpt_generator_stream_ids(generator, ids, count, end_stream, &go_on), GPT_E_CONTEXT, "tokens");
        if (count > PTRDIFF_MAX / sizeof(char *))
            REFUSED(gpt_generator_run_many(&r, generator, &text, &two, count), GPT_E_ARGUMENT, "count");
    }
    for (size_t i = 0; i < BAD_TOKENS; i++) {
        const int32_t mixed[3] = {1, 2, bad_tokens[i]};
        REFUSED(gpt_generator_run_ids(&r, generator, mixed, 3), GPT_E_ARGUMENT, "token id");
        REFUSED(gpt_generator_add_ids(&sequence, generator, mixed, 3), GPT_E_ARGUMENT, "token id");
        REFUSED(gpt_generator_stream_ids(generator, mixed, 3, end_stream, &go_on), GPT_E_ARGUMENT, "token id");
    }
    EXPECT(r == NULL);
    EXPECT_INT(sequence, -1);
    EXPECT_INT(CALL(gpt_generator_active(generator)), 0);
}

static void results(void)
{
    const char *const prompts[2] = {"abc", ""};
    const size_t lengths[2] = {3, 0};
    size_t n = 77;
    gpt_result *r = NULL;
    TAKEN(gpt_generator_reset_settings(generator));
    TAKEN(gpt_generator_set_threads(generator, 1));
    TAKEN(gpt_generator_set_max_new_tokens(generator, 3));
    TAKEN(gpt_generator_set_min_new_tokens(generator, 3));
    TAKEN(gpt_generator_set_samples(generator, 2));
    TAKEN(gpt_generator_run_many(&r, generator, prompts, lengths, 2));
    EXPECT_INT(CALL(gpt_result_count(r)), 4);
    for (size_t i = 0; i < 6; i++) {
        size_t at = i < 5 ? i : SIZE_MAX;
        EXPECT((CALL(gpt_result_text(&n, r, at)) != NULL) == (i < 4));
        EXPECT(i < 4 || n == 0);
        EXPECT((CALL(gpt_result_text(NULL, r, at)) != NULL) == (i < 4));
        EXPECT((CALL(gpt_result_ids(&n, r, at)) != NULL) == (i < 4));
        EXPECT_INT(n, i < 4 ? 3 : 0);
        EXPECT((CALL(gpt_result_ids(NULL, r, at)) != NULL) == (i < 4));
        EXPECT(CALL(gpt_result_logprobs(r, at)) == NULL);
        EXPECT(isnan(CALL(gpt_result_score(r, at))));
        EXPECT_INT(CALL(gpt_result_finish(r, at)), i < 4 ? GPT_FINISH_LENGTH : GPT_FINISH_NONE);
        EXPECT_INT(CALL(gpt_result_prompt_tokens(r, at)), i < 4 ? 1 : 0);
    }
    CALL(gpt_result_free(r));
    CALL(gpt_result_free(NULL));
    EXPECT_INT(CALL(gpt_result_count(NULL)), 0);
    EXPECT(CALL(gpt_result_text(&n, NULL, 0)) == NULL && n == 0);
    EXPECT(CALL(gpt_result_ids(&n, NULL, 0)) == NULL && n == 0);
    EXPECT(CALL(gpt_result_logprobs(NULL, 0)) == NULL);
    EXPECT(isnan(CALL(gpt_result_score(NULL, 0))));
    EXPECT_INT(CALL(gpt_result_finish(NULL, 0)), GPT_FINISH_NONE);
    EXPECT_INT(CALL(gpt_result_prompt_tokens(NULL, 0)), 0);
    TAKEN(gpt_generator_set_logprobs(generator, 0));
    TAKEN(gpt_generator_run(&r, generator, NULL, 0));
    EXPECT(CALL(gpt_result_logprobs(r, 1)) != NULL);
    CALL(gpt_result_free(r));
    int end = 1, go_on = 0;
    REFUSED(gpt_generator_stream(generator, "a", 1, end_stream, &end), GPT_E_CANCELLED, "callback");
    TAKEN(gpt_generator_stream(generator, "a", 1, end_stream, &go_on));
}

static void no_event(const gpt_event *event)
{
    size_t n = 77;
    EXPECT_INT(CALL(gpt_event_sequence(event)), -1);
    EXPECT_INT(CALL(gpt_event_token(event)), -1);
    EXPECT(CALL(gpt_event_text(&n, event)) == NULL && n == 0);
    EXPECT(CALL(gpt_event_text(NULL, event)) == NULL);
    EXPECT_INT(CALL(gpt_event_finish(event)), GPT_FINISH_NONE);
    EXPECT(isnan(CALL(gpt_event_logprob(event))));
    EXPECT_INT(CALL(gpt_event_alternative_count(event)), 0);
    EXPECT_INT(CALL(gpt_event_alternative_token(event, 0)), -1);
    EXPECT(isnan(CALL(gpt_event_alternative_logprob(event, 0))));
}

static void steps(void)
{
    int64_t sequence = 0;
    gpt_result *r = NULL;
    TAKEN(gpt_generator_reset_settings(generator));
    TAKEN(gpt_generator_set_threads(generator, 1));
    REFUSED(gpt_generator_step(NULL), GPT_E_ARGUMENT, "generator");
    REFUSED(gpt_generator_drop(NULL, 0), GPT_E_ARGUMENT, "generator");
    REFUSED(gpt_generator_drop(generator, INT64_MIN), GPT_E_NOT_FOUND, "sequence");
    REFUSED(gpt_generator_drop(generator, INT64_MAX), GPT_E_NOT_FOUND, "sequence");
    REFUSED(gpt_generator_drop(generator, -1), GPT_E_NOT_FOUND, "sequence");
    TAKEN(gpt_generator_step(generator));
    EXPECT_INT(CALL(gpt_generator_event_count(generator)), 0);
    TAKEN(gpt_generator_set_logprobs(generator, 1024));
    TAKEN(gpt_generator_add(&sequence, generator, "abc abc", 7));
    EXPECT_INT(CALL(gpt_generator_active(generator)), 1);
    EXPECT(CALL(gpt_generator_pending(generator)) > 0);
    REFUSED(gpt_generator_run(&r, generator, "a", 1), GPT_E_ARGUMENT, "sequences");
    TAKEN(gpt_generator_step(generator));
    EXPECT_INT(CALL(gpt_generator_event_count(generator)), 1);
    const gpt_event *event = CALL(gpt_generator_event(generator, 0));
    EXPECT_INT(CALL(gpt_event_sequence(event)), sequence);
    EXPECT(CALL(gpt_event_token(event)) >= 0);
    EXPECT(CALL(gpt_event_text(NULL, event)) != NULL);
    EXPECT_INT(CALL(gpt_event_finish(event)), GPT_FINISH_NONE);
    EXPECT(CALL(gpt_event_logprob(event)) <= 0);
    EXPECT_INT(CALL(gpt_event_alternative_count(event)), 512);
    EXPECT(CALL(gpt_event_alternative_token(event, 511)) >= 0);
    EXPECT_INT(CALL(gpt_event_alternative_token(event, 512)), -1);
    EXPECT_INT(CALL(gpt_event_alternative_token(event, SIZE_MAX)), -1);
    EXPECT(CALL(gpt_event_alternative_logprob(event, 511)) < 0);
    EXPECT(isnan(CALL(gpt_event_alternative_logprob(event, 512))));
    EXPECT(isnan(CALL(gpt_event_alternative_logprob(event, SIZE_MAX))));
    no_event(NULL);
    no_event(CALL(gpt_generator_event(generator, 1)));
    no_event(CALL(gpt_generator_event(generator, SIZE_MAX)));
    no_event(CALL(gpt_generator_event(NULL, 0)));
    EXPECT_INT(CALL(gpt_generator_event_count(NULL)), 0);
    EXPECT_INT(CALL(gpt_generator_active(NULL)), 0);
    EXPECT_INT(CALL(gpt_generator_pending(NULL)), 0);
    REFUSED(gpt_generator_drop(generator, sequence + 1), GPT_E_NOT_FOUND, "sequence");
    TAKEN(gpt_generator_drop(generator, sequence));
    REFUSED(gpt_generator_drop(generator, sequence), GPT_E_NOT_FOUND, "sequence");
    TAKEN(gpt_generator_reset_settings(generator));
}

static void numbers(void)
{
    static float logits[4 * 512], hidden[4 * 64], logprobs[4];
    const int32_t ids[4] = {1, 2, 3, 4};
    static int32_t long_ids[129];
    TAKEN(gpt_generator_set_threads(generator, 1));
    REFUSED(gpt_generator_evaluate(logits, hidden, NULL, ids, 4), GPT_E_ARGUMENT, "generator");
    REFUSED(gpt_generator_evaluate(logits, hidden, generator, NULL, 4), GPT_E_ARGUMENT, "ids");
    REFUSED(gpt_generator_evaluate(logits, hidden, generator, ids, 0), GPT_E_ARGUMENT, "count");
    REFUSED(gpt_generator_evaluate(NULL, NULL, generator, long_ids, 129), GPT_E_CONTEXT, "129");
    REFUSED(gpt_generator_score(NULL, generator, ids, 4), GPT_E_ARGUMENT, "logprobs");
    REFUSED(gpt_generator_score(logprobs, NULL, ids, 4), GPT_E_ARGUMENT, "generator");
    REFUSED(gpt_generator_score(logprobs, generator, NULL, 4), GPT_E_ARGUMENT, "ids");
    REFUSED(gpt_generator_score(logprobs, generator, ids, 0), GPT_E_ARGUMENT, "count");
    for (size_t i = 0; i < HUGE_COUNTS; i++) {
        REFUSED(gpt_generator_evaluate(logits, hidden, generator, ids, huge_counts[i]), GPT_E_CONTEXT, "context");
        if (huge_counts[i] > PTRDIFF_MAX / sizeof *ids) {
            REFUSED(gpt_generator_score(logprobs, generator, ids, huge_counts[i]), GPT_E_ARGUMENT, "count");
            REFUSED(gpt_generator_process_logits(logits, generator, ids, huge_counts[i], 0), GPT_E_ARGUMENT, "count");
        }
    }
    for (size_t i = 0; i < BAD_TOKENS; i++) {
        const int32_t mixed[2] = {1, bad_tokens[i]};
        REFUSED(gpt_generator_evaluate(logits, hidden, generator, mixed, 2), GPT_E_ARGUMENT, "token id");
        REFUSED(gpt_generator_score(logprobs, generator, mixed, 2), GPT_E_ARGUMENT, "token id");
        REFUSED(gpt_generator_process_logits(logits, generator, mixed, 2, 0), GPT_E_ARGUMENT, "token id");
    }
    TAKEN(gpt_generator_evaluate(NULL, NULL, generator, ids, 4));
    TAKEN(gpt_generator_evaluate(logits, NULL, generator, ids, 4));
    TAKEN(gpt_generator_evaluate(NULL, hidden, generator, ids, 4));
    TAKEN(gpt_generator_evaluate(logits, hidden, generator, ids, 4));
    TAKEN(gpt_generator_score(logprobs, generator, ids, 4));
    EXPECT(isnan(logprobs[0]) && logprobs[1] < 0 && logprobs[3] < 0);
    REFUSED(gpt_generator_process_logits(NULL, generator, ids, 4, 0), GPT_E_ARGUMENT, "logits");
    REFUSED(gpt_generator_process_logits(logits, NULL, ids, 4, 0), GPT_E_ARGUMENT, "generator");
    REFUSED(gpt_generator_process_logits(logits, generator, NULL, 4, 0), GPT_E_ARGUMENT, "ids");
    REFUSED(gpt_generator_process_logits(logits, generator, ids, 4, 5), GPT_E_ARGUMENT, "prompt_count");
    REFUSED(gpt_generator_process_logits(logits, generator, ids, 4, SIZE_MAX), GPT_E_ARGUMENT, "prompt_count");
    TAKEN(gpt_generator_process_logits(logits, generator, NULL, 0, 0));
    TAKEN(gpt_generator_process_logits(logits, generator, ids, 4, 4));
    EXPECT_INT(CALL(gpt_generator_cache_bytes(NULL, 1)), 0);
    EXPECT_INT(CALL(gpt_generator_cache_bytes(generator, 0)), 0);
    EXPECT_INT(CALL(gpt_generator_cache_bytes(generator, -1)), 0);
    EXPECT_INT(CALL(gpt_generator_cache_bytes(generator, INT64_MIN)), 0);
    EXPECT(CALL(gpt_generator_cache_bytes(generator, 1)) >= 2 * 3 * 64 * 4);
    EXPECT(CALL(gpt_generator_cache_bytes(generator, INT64_MAX)) > 0);
}

static void profiles(void)
{
    static const int bad_numbers[] = {-1, 6, 7, INT_MIN, INT_MAX};
    static const int bad_types[] = {-1, GPT_DTYPE_AUTO, 77, INT_MIN, INT_MAX};
    double operations = 1;
    TAKEN(gpt_generator_set_profiling(generator, 1));
    EXPECT_INT(CALL(gpt_generator_profiling(generator)), 1);
    EXPECT_STRING(CALL(gpt_part_name(GPT_PART_LINEAR)), "linear");
    EXPECT_STRING(CALL(gpt_part_name(GPT_PART_REST)), "rest");
    for (size_t i = 0; i < sizeof bad_numbers / sizeof *bad_numbers; i++) {
        EXPECT(CALL(gpt_part_name((gpt_part)bad_numbers[i])) == NULL);
        EXPECT(CALL(gpt_generator_profile_seconds(generator, (gpt_part)bad_numbers[i])) == 0);
        REFUSED(gpt_generator_set_profiling(generator, bad_numbers[i]), GPT_E_ARGUMENT, "profiling");
    }
    EXPECT_INT(CALL(gpt_generator_profiling(generator)), 1);
    TAKEN(gpt_generator_set_profiling(generator, 0));
    REFUSED(gpt_generator_set_profiling(NULL, 1), GPT_E_ARGUMENT, "generator");
    EXPECT_INT(CALL(gpt_generator_profiling(NULL)), 0);
    EXPECT(CALL(gpt_generator_profile_seconds(NULL, GPT_PART_LINEAR)) == 0);
    EXPECT(CALL(gpt_generator_profile_operations(NULL)) == 0);
    EXPECT(CALL(gpt_generator_profile_weight_bytes(NULL)) == 0);
    REFUSED(gpt_measure_products(NULL, GPT_DTYPE_F32, 1), GPT_E_ARGUMENT, "operations");
    REFUSED(gpt_measure_products(&operations, GPT_DTYPE_F32, -1), GPT_E_ARGUMENT, "threads");
    REFUSED(gpt_measure_products(&operations, GPT_DTYPE_F32, 1025), GPT_E_ARGUMENT, "threads");
    for (size_t i = 0; i < sizeof bad_types / sizeof *bad_types; i++) {
        operations = 1;
        REFUSED(gpt_measure_products(&operations, (gpt_dtype)bad_types[i], 1), GPT_E_ARGUMENT, "dtype");
        EXPECT(operations == 0);
    }
}

/* Settings at their ends, all at once: tokens come out, or a status. */
static void extreme_settings(void)
{
    static const float small = 1e-45f;
    gpt_result *r = NULL;
    for (int round = 0; round < 32; round++) {
        TAKEN(gpt_generator_reset_settings(generator));
        TAKEN(gpt_generator_set_threads(generator, 1));
        TAKEN(gpt_generator_set_max_new_tokens(generator, 4));
        TAKEN(gpt_generator_set_sampling(generator, 1));
        TAKEN(gpt_generator_set_seed(generator, UINT64_MAX));
        TAKEN(gpt_generator_set_temperature(generator, round & 1 ? small : FLT_MAX));
        TAKEN(gpt_generator_set_top_k(generator, round & 2 ? INT_MAX : 1));
        TAKEN(gpt_generator_set_top_p(generator, round & 4 ? small : 0.0f));
        TAKEN(gpt_generator_set_min_p(generator, round & 8 ? 1.0f : small));
        TAKEN(gpt_generator_set_typical_p(generator, round & 16 ? small : 1.0f));
        TAKEN(gpt_generator_set_epsilon_cutoff(generator, round & 1 ? 0.99999f : small));
        TAKEN(gpt_generator_set_eta_cutoff(generator, round & 2 ? 0.99999f : small));
        TAKEN(gpt_generator_set_repetition_penalty(generator, round & 4 ? FLT_MAX : small));
        TAKEN(gpt_generator_set_presence_penalty(generator, round & 8 ? FLT_MAX : -FLT_MAX));
        TAKEN(gpt_generator_set_frequency_penalty(generator, round & 16 ? -FLT_MAX : FLT_MAX));
        TAKEN(gpt_generator_set_bias(generator, 1, round & 1 ? FLT_MAX : -FLT_MAX));
        TAKEN(gpt_generator_set_no_repeat_ngram(generator, round & 2 ? INT_MAX : 1));
        TAKEN(gpt_generator_set_min_new_tokens(generator, round & 4 ? INT_MAX : 0));
        TAKEN(gpt_generator_set_max_length(generator, INT_MAX));
        TAKEN(gpt_generator_set_chunk(generator, round & 8 ? 1 : 65536));
        TAKEN(gpt_generator_run(&r, generator, "abc", 3));
        CALL(gpt_result_free(r));
    }
    TAKEN(gpt_generator_reset_settings(generator));
}

/*
 * Is anything left out?
 */

/* Whether name stands in this file, and nothing longer in its place. */
static int is_swept(const char *source, const char *name, size_t length)
{
    for (const char *at = source; (at = strstr(at, name)) != NULL; at += length) {
        char next = at[length];
        if (next == '(' || next == ',')
            return 1;
    }
    return 0;
}

/* Declarations are lines that begin with GPT_API; the name is what stands before the first parenthesis after it. */
static int check_header(const char *source, const char *name)
{
    char part[64], function[80];
    size_t length;
    int found = 0;
    snprintf(part, sizeof part, "../include/gpt/%s", name);
    char *path = test_path(part);
    char *header = test_read_file(&length, path);
    if (!EXPECT(header != NULL))
        printf("# %s can not be read\n", path);
    for (const char *at = header; at != NULL && (at = strstr(at, "\nGPT_API ")) != NULL; at++) {
        const char *parenthesis = strstr(at, "gpt_") != NULL ? strchr(at, '(') : NULL;
        if (parenthesis == NULL)
            break;
        const char *begin = parenthesis;
        while (begin > at && strchr(" *\n", begin[-1]) == NULL)
            begin--;
        snprintf(function, sizeof function, "%.*s", (int)(parenthesis - begin), begin);
        found++;
        if (!EXPECT(is_swept(source, function, strlen(function))))
            printf("# %s is not called here\n", function);
    }
    free(header);
    free(path);
    return found;
}

static void nothing_left_out(void)
{
    static const char *const headers[] = {"status.h", "log.h", "version.h.in", "tokenizer.h", "model.h", "generator.h",
                                          "profile.h"};
    size_t length;
    int found = 0;
    char *path = test_path("unit/test_api_sweep.c");
    char *source = test_read_file(&length, path);
    if (EXPECT(source != NULL))
        for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
            found += check_header(source, headers[i]);
    EXPECT(found > 100);
    printf("# %d functions, %ld calls\n", found, calls);
    free(source);
    free(path);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    open_subject();
    TEST(statuses);
    TEST(logging);
    TEST(tokenizer_life);
    TEST(encoding);
    TEST(decoding);
    TEST(single_tokens);
    TEST(model_options);
    TEST(model_life);
    TEST(int_setters);
    TEST(float_setters);
    TEST(wide_setters);
    TEST(token_settings);
    TEST(stop_strings);
    TEST(generator_life);
    TEST(bad_prompts);
    TEST(results);
    TEST(steps);
    TEST(numbers);
    TEST(profiles);
    TEST(extreme_settings);
    TEST(nothing_left_out);
    gpt_generator_free(generator);
    gpt_model_free(model);
    return TEST_END();
}
