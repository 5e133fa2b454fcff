/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_token_text.c: the text of models whose tokens have the space behind the word, GPT-1's. What is expected is
 * what gpt_tokenizer_decode, which is compared with the reference, makes of prompt and new tokens together.
 */
#include "test_model_maker.h"

#include "base/utf8.h"
#include "generate/token_text.h"

/* "once upon a"; the last id is a whole word, the one before it the second half of "upon". */
static const int32_t prompt[] = {145, 193, 52, 47, 135, 71};
#define PROMPT (sizeof prompt / sizeof *prompt)

static gpt_model *model;
static gpt_generator *generator;

/* The golden GPT-1 model, which has no tokenizer of its own, with this one. */
static void open_with(const char *tokenizer)
{
    model_maker m;
    model_load_case(&m, "openai-gpt");
    char *directory = model_write(&m, "words");
    model_write_text(directory, "tokenizer.json", tokenizer);
    if (!EXPECT_OK(model_open_as(&model, directory, GPT_DTYPE_F32)) || !EXPECT_OK(model_generator(&generator, model)))
        abort();
    EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 12));
    free(directory);
    model_free(&m);
}

/* With the golden GPT-1 tokenizer. */
static void open_all(void)
{
    size_t length;
    char *path = test_path("golden/tokenizers/openai-gpt-style/tokenizer.json");
    char *tokenizer = test_read_file(&length, path);
    open_with(tokenizer);
    free(tokenizer);
    free(path);
}

static void close_all(void)
{
    gpt_generator_free(generator);
    gpt_model_free(model);
}

/* The text of the first count tokens of the prompt and of more tokens after them. */
static char *decode(size_t *length, size_t count, const int32_t *more, size_t more_count)
{
    int32_t all[64];
    char *text = NULL;
    memcpy(all, prompt, count * sizeof *all);
    if (more_count > 0)
        memcpy(all + count, more, more_count * sizeof *all);
    EXPECT_OK(gpt_tokenizer_decode(&text, length, gpt_model_tokenizer(model), all, count + more_count,
                                   GPT_DECODE_SKIP_SPECIAL));
    return text;
}

/* The prompt's text and the new one are, one after the other, the text of all tokens. */
static void expect_rest(const char *text, size_t length, size_t count, const int32_t *ids, size_t id_count)
{
    size_t before, all;
    char *prompt_text = decode(&before, count, NULL, 0);
    char *expected = decode(&all, count, ids, id_count);
    EXPECT_BYTES(text, length, expected + before, all - before);
    gpt_free(prompt_text);
    gpt_free(expected);
}

static void expect_result(const gpt_result *result, size_t index, size_t count)
{
    size_t id_count, length;
    const int32_t *ids = gpt_result_ids(&id_count, result, index);
    const char *text = gpt_result_text(&length, result, index);
    EXPECT(id_count > 0);
    expect_rest(text, length, count, ids, id_count);
}

static void run(size_t count)
{
    gpt_result *result = NULL;
    if (EXPECT_OK(gpt_generator_run_ids(&result, generator, prompt, count)))
        for (size_t i = 0; i < gpt_result_count(result); i++)
            expect_result(result, i, count);
    gpt_result_free(result);
}

static void words_have_one_space_between_them(void)
{
    open_all();
    size_t length;
    gpt_result *result = NULL;
    char *text = decode(&length, PROMPT, NULL, 0);
    EXPECT_BYTES(text, length, "once upon a", 11);
    gpt_free(text);
    /* After a whole word, and within one. */
    run(PROMPT);
    run(PROMPT - 2);
    EXPECT_OK(gpt_generator_run_ids(&result, generator, prompt, PROMPT));
    const char *first = gpt_result_text(&length, result, 0);
    EXPECT(length > 1 && first[0] == ' ' && first[length - 1] != ' ');
    gpt_result_free(result);
    close_all();
}

static void samples_have_them_too(void)
{
    open_all();
    EXPECT_OK(gpt_generator_set_sampling(generator, 1));
    EXPECT_OK(gpt_generator_set_seed(generator, 5));
    EXPECT_OK(gpt_generator_set_samples(generator, 20));
    for (int tokens = 1; tokens < 8; tokens++) {
        EXPECT_OK(gpt_generator_set_max_new_tokens(generator, tokens));
        run(PROMPT);
    }
    close_all();
}

static void beams_have_them_too(void)
{
    open_all();
    EXPECT_OK(gpt_generator_set_beams(generator, 4));
    EXPECT_OK(gpt_generator_set_samples(generator, 4));
    run(PROMPT);
    run(PROMPT - 2);
    close_all();
}

static int append(const gpt_event *event, void *user)
{
    size_t length;
    const char *text = gpt_event_text(&length, event);
    return gpt__buffer_add(user, text, length) != GPT_OK;
}

static void streams_have_them_too(void)
{
    open_all();
    size_t length;
    gpt_result *result = NULL;
    gpt__buffer streamed = {0};
    EXPECT_OK(gpt_generator_run_ids(&result, generator, prompt, PROMPT));
    EXPECT_OK(gpt_generator_stream_ids(generator, prompt, PROMPT, append, &streamed));
    const char *text = gpt_result_text(&length, result, 0);
    EXPECT_BYTES(streamed.bytes, streamed.length, text, length);
    /* A stop string that begins with the space of a word ends the text before that space. */
    size_t space = length - 1;
    while (space > 1 && text[space] != ' ')
        space--;
    EXPECT_OK(gpt_generator_add_stop_string(generator, text + space, length - space));
    streamed.length = 0;
    EXPECT_OK(gpt_generator_stream_ids(generator, prompt, PROMPT, append, &streamed));
    EXPECT(streamed.length <= space);
    EXPECT_BYTES(streamed.bytes, streamed.length, text, streamed.length);
    gpt__buffer_release(&streamed);
    gpt_result_free(result);
    close_all();
}

/* A word "a", one "b", the beginning "x", a special token, nothing at all, and an id between them without a token. */
static const char gaps[] =
    "{\"normalizer\": {\"type\": \"BertNormalizer\"}, \"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"}, "
    "\"decoder\": {\"type\": \"BPEDecoder\"}, "
    "\"added_tokens\": [{\"id\": 4, \"content\": \"<end>\", \"special\": true, \"normalized\": false}], "
    "\"model\": {\"end_of_word_suffix\": \"</w>\", "
    "\"vocab\": {\"a</w>\": 0, \"b</w>\": 1, \"x\": 2, \"\": 3, \"<end>\": 4, \"y\": 6}, \"merges\": []}}";
#define GAPS 6

/* Ids [count] begin with a prompt; the texts of the prompt and of what follows are the text of all. */
static void expect_divided(const gpt_tokenizer *t, const int32_t *ids, size_t count, size_t prompt_count)
{
    static const gpt__settings settings;
    gpt__text_stream stream = {0};
    gpt__buffer text = {0};
    char *before, *all;
    size_t before_length, all_length;
    int stopped;
    EXPECT_OK(gpt_tokenizer_decode(&before, &before_length, t, ids, prompt_count, GPT_DECODE_SKIP_SPECIAL));
    EXPECT_OK(gpt_tokenizer_decode(&all, &all_length, t, ids, count, GPT_DECODE_SKIP_SPECIAL));
    EXPECT_OK(gpt__buffer_add(&text, before, before_length));
    gpt__token_text_begin(&stream, t, ids, prompt_count);
    for (size_t i = prompt_count; i < count; i++)
        EXPECT_OK(gpt__token_text_add(&stream, &text, &stopped, t, ids[i], &settings, 0));
    EXPECT_OK(gpt__text_stream_finish(&stream, &text));
    if (!EXPECT_BYTES(text.bytes, text.length, all, all_length))
        for (size_t i = 0; i < count; i++)
            printf("# %s%d\n", i == prompt_count ? "new: " : "", (int)ids[i]);
    gpt_free(before);
    gpt_free(all);
    gpt__buffer_release(&text);
    gpt__text_stream_release(&stream);
}

static void gaps_and_special_tokens_are_passed_over(void)
{
    gpt_tokenizer *t = NULL;
    if (!EXPECT_OK(maker_open_text(&t, gaps, sizeof gaps - 1)))
        return;
    for (int n = 0; n < GAPS * GAPS * GAPS * GAPS; n++) {
        const int32_t ids[] = {n % GAPS, n / GAPS % GAPS, n / GAPS / GAPS % GAPS, n / GAPS / GAPS / GAPS};
        for (size_t prompt_count = 0; prompt_count < 4; prompt_count++)
            expect_divided(t, ids, 4, prompt_count);
    }
    gpt_tokenizer_free(t);
}

/* Prompts whose last word stands before an id without a token, by itself and in a search. */
static void prompts_end_in_gaps(void)
{
    static const int32_t ids[] = {0, 5, 4};
    size_t length;
    gpt_result *result = NULL;
    open_with(gaps);
    EXPECT_OK(gpt_generator_set_bias(generator, 1, 1e30f));
    EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 2));
    for (int beams = 1; beams < 3; beams++) {
        EXPECT_OK(gpt_generator_set_beams(generator, beams));
        EXPECT_OK(gpt_generator_run_ids(&result, generator, ids, 3));
        const char *text = gpt_result_text(&length, result, 0);
        EXPECT_BYTES(text, length, " b b", 4);
        gpt_result_free(result);
    }
    close_all();
}

/* Of white space this tokenizer keeps nothing, and the model has no token to begin a text with. */
static void a_prompt_without_tokens_is_refused(void)
{
    int64_t sequence;
    gpt_result *result = NULL;
    open_all();
    for (int beams = 1; beams < 3; beams++) {
        EXPECT_OK(gpt_generator_set_beams(generator, beams));
        EXPECT_STATUS(gpt_generator_run(&result, generator, " \n", 2), GPT_E_ARGUMENT);
        EXPECT_MESSAGE("the prompt has no tokens");
        EXPECT_STATUS(gpt_generator_run(&result, generator, "", 0), GPT_E_ARGUMENT);
        EXPECT_MESSAGE("the prompt is empty");
        EXPECT_STATUS(gpt_generator_run(&result, generator, NULL, 2), GPT_E_ARGUMENT);
        EXPECT_MESSAGE("gpt_generator_run:");
        EXPECT_STATUS(gpt_generator_run_ids(&result, generator, prompt, 0), GPT_E_ARGUMENT);
        EXPECT_MESSAGE("gpt_generator_run_ids:");
    }
    EXPECT_OK(gpt_generator_set_beams(generator, 1));
    EXPECT_STATUS(gpt_generator_add(&sequence, generator, " ", 1), GPT_E_ARGUMENT);
    EXPECT_MESSAGE("the prompt has no tokens");
    EXPECT_STATUS(gpt_generator_stream_ids(generator, NULL, 1, append, NULL), GPT_E_ARGUMENT);
    EXPECT_MESSAGE("gpt_generator_stream_ids:");
    close_all();
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(words_have_one_space_between_them);
    TEST(samples_have_them_too);
    TEST(beams_have_them_too);
    TEST(streams_have_them_too);
    TEST(gaps_and_special_tokens_are_passed_over);
    TEST(prompts_end_in_gaps);
    TEST(a_prompt_without_tokens_is_refused);
    return TEST_END();
}
