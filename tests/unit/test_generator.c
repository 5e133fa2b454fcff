/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_generator.c: generation as a whole, on the shipped model: one call, steps, samples, sharing, limits,
 * stops, streams. What is expected comes from another way to the same answer: one sequence alone, evaluate, decode.
 */
#include "base/utf8.h"
#include "generate/generator.h"
#include "quality.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char story[] = "Once upon a time";

/* A generator of its own for each case, greedy and short unless the case says otherwise. */
static gpt_generator *open_dtype(const char *name, gpt_dtype dtype)
{
    gpt_model *model = NULL;
    gpt_model_options *options = NULL;
    gpt_generator *generator = NULL;
    char *path = strchr(name, '/') ? test_path(name) : strdup(name);
    if (!EXPECT_OK(gpt_model_options_new(&options)) || !EXPECT_OK(gpt_model_options_set_dtype(options, dtype)) ||
        !EXPECT_OK(gpt_model_open(&model, path, options)) || !EXPECT_OK(gpt_generator_new(&generator, model)) ||
        !EXPECT_OK(gpt_generator_set_sampling(generator, 0)) ||
        !EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 40)))
        exit(1);
    gpt_model_free(model); /* the generator has its own reference */
    gpt_model_options_free(options);
    free(path);
    return generator;
}

static gpt_generator *open_generator(void)
{
    return open_dtype("storyteller", GPT_DTYPE_F32);
}

static gpt_result *run(gpt_generator *generator, const char *prompt)
{
    gpt_result *result = NULL;
    if (!EXPECT_OK(gpt_generator_run(&result, generator, prompt, strlen(prompt))))
        exit(1);
    return result;
}

static void expect_same_output(const gpt_result *a, size_t i, const gpt_result *b, size_t j)
{
    size_t a_count, b_count, a_length, b_length;
    const int32_t *a_ids = gpt_result_ids(&a_count, a, i);
    const int32_t *b_ids = gpt_result_ids(&b_count, b, j);
    const char *a_text = gpt_result_text(&a_length, a, i);
    const char *b_text = gpt_result_text(&b_length, b, j);
    EXPECT(a_count > 0);
    EXPECT_BYTES((const char *)a_ids, a_count * sizeof *a_ids, (const char *)b_ids, b_count * sizeof *b_ids);
    EXPECT_BYTES(a_text, a_length, b_text, b_length);
    EXPECT_INT(gpt_result_finish(a, i), gpt_result_finish(b, j));
}

/* What a sequence gives, collected from steps. */
typedef struct collected {
    int64_t sequence;
    gpt__buffer text;
    int32_t ids[600];
    size_t count;
    gpt_finish finish;
    int events_after_finish;
} collected;

static int collect(const gpt_event *event, void *user)
{
    collected *c = user;
    size_t length;
    const char *text = gpt_event_text(&length, event);
    if (c->sequence >= 0 && gpt_event_sequence(event) != c->sequence)
        return 0;
    c->events_after_finish += c->finish != GPT_FINISH_NONE;
    if (!gpt__utf8_valid(text, length) || gpt__buffer_add(&c->text, text, length) != GPT_OK)
        return 1;
    c->ids[c->count++] = gpt_event_token(event);
    c->finish = gpt_event_finish(event);
    return 0;
}

static gpt_status step_all(gpt_generator *generator, collected *of, size_t count)
{
    while (gpt_generator_active(generator) > 0) {
        gpt_status status = gpt_generator_step(generator);
        if (status != GPT_OK)
            return status;
        for (size_t i = 0; i < gpt_generator_event_count(generator); i++)
            for (size_t j = 0; j < count; j++)
                collect(gpt_generator_event(generator, i), &of[j]);
    }
    return GPT_OK;
}

static void expect_collected(collected *c, const gpt_result *result, size_t index)
{
    size_t count, length;
    const int32_t *ids = gpt_result_ids(&count, result, index);
    const char *text = gpt_result_text(&length, result, index);
    EXPECT(count > 0);
    EXPECT_BYTES((char *)c->ids, c->count * sizeof *ids, (const char *)ids, count * sizeof *ids);
    EXPECT_BYTES(c->text.bytes, c->text.length, text, length);
    EXPECT_INT(c->finish, gpt_result_finish(result, index));
    EXPECT_INT(c->events_after_finish, 0);
    gpt__buffer_release(&c->text);
}

static void one_call_stream_and_steps_agree(void)
{
    gpt_generator *generator = open_generator();
    gpt_result *result = run(generator, story);
    EXPECT_INT(gpt_result_count(result), 1);
    EXPECT_INT(gpt_result_prompt_tokens(result, 0), 4);

    collected streamed = {.sequence = -1};
    EXPECT_OK(gpt_generator_stream(generator, story, strlen(story), collect, &streamed));
    expect_collected(&streamed, result, 0);

    collected stepped = {0};
    EXPECT_OK(gpt_generator_add(&stepped.sequence, generator, story, strlen(story)));
    EXPECT_INT(gpt_generator_pending(generator), 4);
    EXPECT_OK(step_all(generator, &stepped, 1));
    expect_collected(&stepped, result, 0);
    gpt_result_free(result);
    gpt_generator_free(generator);
}

/* The text is what the tokenizer makes of the tokens. */
static void text_is_the_decoding_of_the_tokens(void)
{
    gpt_generator *generator = open_generator();
    gpt_tokenizer *tokenizer = gpt_model_tokenizer(gpt_generator_model(generator));
    gpt_result *result = run(generator, "One day, a little fox");
    size_t count, length, decoded_length;
    const int32_t *ids = gpt_result_ids(&count, result, 0);
    const char *text = gpt_result_text(&length, result, 0);
    char *decoded = NULL;
    EXPECT_OK(gpt_tokenizer_decode(&decoded, &decoded_length, tokenizer, ids, count, GPT_DECODE_SKIP_SPECIAL));
    EXPECT_BYTES(text, length, decoded, decoded_length);
    EXPECT(length > 40);
    gpt_free(decoded);
    gpt_result_free(result);
    gpt_generator_free(generator);
}

static void prompts_together_equal_prompts_alone(void)
{
    static const char *const prompts[] = {story, "It was a cold night", "English: The cat is sleeping.\nFrench:",
                                          "A", "One day, a little fox went to the river to look for"};
    size_t lengths[5];
    for (int i = 0; i < 5; i++)
        lengths[i] = strlen(prompts[i]);
    gpt_generator *generator = open_generator();
    gpt_result *together = NULL;
    EXPECT_OK(gpt_generator_run_many(&together, generator, prompts, lengths, 5));
    EXPECT_INT(gpt_result_count(together), 5);
    for (size_t i = 0; i < 5; i++) {
        gpt_result *alone = run(generator, prompts[i]);
        expect_same_output(alone, 0, together, i);
        gpt_result_free(alone);
    }
    gpt_result_free(together);
    gpt_generator_free(generator);
}

static char *long_prompt(size_t sentences)
{
    static const char sentence[] = "Once upon a time a little fox lived near a river. ";
    char *prompt = calloc(sentences, sizeof sentence);
    for (size_t i = 0; i < sentences; i++)
        strcat(prompt, sentence);
    return prompt;
}

static void chunks_of_any_size_give_the_same(void)
{
    gpt_generator *generator = open_generator();
    char *prompt = long_prompt(15);
    gpt_result *whole = run(generator, prompt);
    EXPECT(gpt_result_prompt_tokens(whole, 0) > 2 * GPT__PAGE_TOKENS / 2);
    static const int chunks[] = {1, 7, 64};
    for (int i = 0; i < 3; i++) {
        EXPECT_OK(gpt_generator_set_chunk(generator, chunks[i]));
        gpt_result *cut = run(generator, prompt);
        expect_same_output(whole, 0, cut, 0);
        gpt_result_free(cut);
    }
    gpt_result_free(whole);
    free(prompt);
    gpt_generator_free(generator);
}

static void set_sampling(gpt_generator *generator, uint64_t seed)
{
    EXPECT_OK(gpt_generator_set_sampling(generator, 1));
    EXPECT_OK(gpt_generator_set_temperature(generator, 1.2f));
    EXPECT_OK(gpt_generator_set_top_p(generator, 0.95f));
    EXPECT_OK(gpt_generator_set_seed(generator, seed));
}

static void seeds_decide_and_neighbours_do_not_matter(void)
{
    gpt_generator *generator = open_generator();
    set_sampling(generator, 7);
    gpt_result *first = run(generator, story);
    gpt_result *again = run(generator, story);
    expect_same_output(first, 0, again, 0);
    gpt_result_free(again);

    EXPECT_OK(gpt_generator_set_seed(generator, 8));
    EXPECT_INT(gpt_generator_seed(generator), 8);
    gpt_result *other = run(generator, story);
    size_t length, other_length;
    const char *text = gpt_result_text(&length, first, 0);
    const char *other_text = gpt_result_text(&other_length, other, 0);
    EXPECT(length != other_length || memcmp(text, other_text, length) != 0);
    gpt_result_free(other);

    /* The same seed, while a prompt with another seed runs beside. */
    int64_t neighbour;
    collected among = {0};
    EXPECT_OK(gpt_generator_add(&neighbour, generator, "It was a cold night", 19));
    EXPECT_OK(gpt_generator_set_seed(generator, 7));
    EXPECT_OK(gpt_generator_add(&among.sequence, generator, story, strlen(story)));
    EXPECT_OK(step_all(generator, &among, 1));
    expect_collected(&among, first, 0);
    gpt_result_free(first);
    gpt_generator_free(generator);
}

static void a_drawn_seed_can_be_asked_for_and_used_again(void)
{
    gpt_generator *generator = open_generator();
    EXPECT_OK(gpt_generator_set_sampling(generator, 1));
    gpt_result *drawn = run(generator, story);
    uint64_t seed = gpt_generator_seed(generator);
    EXPECT_OK(gpt_generator_set_seed(generator, seed));
    gpt_result *repeated = run(generator, story);
    expect_same_output(drawn, 0, repeated, 0);
    gpt_result_free(drawn);
    gpt_result_free(repeated);
    gpt_generator_free(generator);
}

static void samples_share_the_prompt(void)
{
    gpt_generator *generator = open_generator();
    set_sampling(generator, 3);
    char *prompt = long_prompt(20); /* more than a page */
    gpt_result *single = run(generator, prompt);
    EXPECT_OK(gpt_generator_set_samples(generator, 5));
    int64_t first;
    collected of[5] = {{0}};
    EXPECT_OK(gpt_generator_add(&first, generator, prompt, strlen(prompt)));
    EXPECT_INT(gpt_generator_active(generator), 5);
    EXPECT_INT(gpt_generator_pending(generator), gpt_result_prompt_tokens(single, 0));
    for (int i = 0; i < 5; i++)
        of[i].sequence = first + i;
    EXPECT_OK(gpt_generator_step(generator));
    EXPECT_INT(gpt_generator_event_count(generator), 5);
    /* Before anything new was computed, five samples hold the pages of one. */
    int64_t prompt_pages = ((int64_t)gpt_result_prompt_tokens(single, 0) + GPT__PAGE_TOKENS - 1) / GPT__PAGE_TOKENS;
    EXPECT(prompt_pages > 1);
    EXPECT_INT(generator->cache.used_pages, prompt_pages);
    for (size_t i = 0; i < 5; i++)
        for (int j = 0; j < 5; j++)
            collect(gpt_generator_event(generator, i), &of[j]);
    EXPECT_OK(gpt_generator_step(generator));
    /* Now each has its own copy of the last page, but the others are still shared. */
    EXPECT_INT(generator->cache.used_pages, prompt_pages - 1 + 5);
    for (size_t i = 0; i < gpt_generator_event_count(generator); i++)
        for (int j = 0; j < 5; j++)
            collect(gpt_generator_event(generator, i), &of[j]);
    EXPECT_OK(step_all(generator, of, 5));
    EXPECT_INT(generator->cache.used_pages, 0);

    EXPECT(of[0].text.length != of[1].text.length || memcmp(of[0].text.bytes, of[1].text.bytes, of[0].text.length));
    expect_collected(&of[0], single, 0);
    for (int i = 1; i < 5; i++)
        gpt__buffer_release(&of[i].text);
    gpt_result_free(single);
    free(prompt);
    gpt_generator_free(generator);
}

static void samples_go_on_when_their_leader_is_dropped(void)
{
    gpt_generator *generator = open_generator();
    set_sampling(generator, 3);
    EXPECT_OK(gpt_generator_set_samples(generator, 3));
    char *prompt = long_prompt(10);
    gpt_result *all = run(generator, prompt);
    int64_t first;
    collected second = {0};
    EXPECT_OK(gpt_generator_set_chunk(generator, 50));
    EXPECT_OK(gpt_generator_add(&first, generator, prompt, strlen(prompt)));
    EXPECT_OK(gpt_generator_step(generator));
    EXPECT_INT(gpt_generator_event_count(generator), 0);
    size_t pending = gpt_generator_pending(generator);
    EXPECT_OK(gpt_generator_drop(generator, first));
    EXPECT_INT(gpt_generator_pending(generator), pending);
    EXPECT_STATUS(gpt_generator_drop(generator, first), GPT_E_NOT_FOUND);
    second.sequence = first + 1;
    EXPECT_OK(step_all(generator, &second, 1));
    expect_collected(&second, all, 1);
    gpt_result_free(all);
    free(prompt);
    gpt_generator_free(generator);
}

static void a_common_beginning_is_computed_once(void)
{
    gpt_generator *generator = open_generator();
    char *prompt = long_prompt(20);
    gpt_result *alone = run(generator, prompt);
    size_t tokens = gpt_result_prompt_tokens(alone, 0);
    int64_t first;
    collected later = {0};
    EXPECT_OK(gpt_generator_add(&first, generator, prompt, strlen(prompt)));
    EXPECT_OK(gpt_generator_step(generator));
    EXPECT_OK(gpt_generator_add(&later.sequence, generator, prompt, strlen(prompt)));
    EXPECT_INT(gpt_generator_pending(generator), tokens);
    EXPECT_OK(gpt_generator_set_chunk(generator, 2));
    /* One token for the first, and one for the second, of which only the last is left to compute. */
    EXPECT_OK(gpt_generator_step(generator));
    EXPECT_INT(gpt_generator_pending(generator), 0);
    EXPECT_INT(gpt_generator_event_count(generator), 2);
    for (size_t i = 0; i < gpt_generator_event_count(generator); i++)
        collect(gpt_generator_event(generator, i), &later);
    EXPECT_OK(step_all(generator, &later, 1));
    expect_collected(&later, alone, 0);
    gpt_result_free(alone);
    free(prompt);
    gpt_generator_free(generator);
}

static void a_full_cache_is_an_error_that_passes(void)
{
    gpt_generator *generator = open_generator();
    char *prompt = long_prompt(9); /* a little less than a page */
    gpt_result *alone = run(generator, prompt);
    int64_t first;
    collected second = {0};
    EXPECT_OK(gpt_generator_set_cache_tokens(generator, GPT__PAGE_TOKENS));
    EXPECT_OK(gpt_generator_add(&first, generator, "B", 1));
    EXPECT_OK(gpt_generator_add(&second.sequence, generator, prompt, strlen(prompt)));
    /* The first takes the only page; the second waits as long as the first runs. */
    EXPECT_OK(gpt_generator_step(generator));
    EXPECT_INT(gpt_generator_event_count(generator), 1);
    EXPECT_OK(gpt_generator_drop(generator, first));
    EXPECT_INT(gpt_result_prompt_tokens(alone, 0) + 40 > GPT__PAGE_TOKENS, 1);
    EXPECT_STATUS(step_all(generator, &second, 1), GPT_E_CONTEXT);
    EXPECT_MESSAGE("128 tokens");
    EXPECT_INT(gpt_generator_event_count(generator), 0);
    EXPECT_INT(gpt_generator_active(generator), 1);
    EXPECT_OK(gpt_generator_set_cache_tokens(generator, 0));
    EXPECT_OK(step_all(generator, &second, 1));
    expect_collected(&second, alone, 0);
    gpt_result_free(alone);
    free(prompt);
    gpt_generator_free(generator);
}

static void prompts_must_leave_room(void)
{
    gpt_generator *generator = open_dtype("golden/models/gpt2-hub", GPT_DTYPE_F32);
    int32_t ids[100] = {0};
    int64_t sequence;
    gpt_result *result = NULL;
    EXPECT_STATUS(gpt_generator_add_ids(&sequence, generator, ids, 64), GPT_E_CONTEXT);
    EXPECT_MESSAGE("64");
    EXPECT_STATUS(gpt_generator_run_ids(&result, generator, ids, 100), GPT_E_CONTEXT);
    EXPECT(result == NULL);
    ids[3] = gpt_model_vocab_size(gpt_generator_model(generator));
    EXPECT_STATUS(gpt_generator_add_ids(&sequence, generator, ids, 10), GPT_E_ARGUMENT);
    EXPECT_MESSAGE("320");
    EXPECT_INT(sequence, -1);
    /* This model has no tokenizer. */
    EXPECT_STATUS(gpt_generator_add(&sequence, generator, "x", 1), GPT_E_ARGUMENT);
    EXPECT_MESSAGE("tokenizer");
    gpt_generator_free(generator);
}

static void sequences_end_for_the_stated_reason(void)
{
    gpt_generator *generator = open_dtype("golden/models/gpt2-hub", GPT_DTYPE_F32);
    int32_t prompt[60] = {5, 6, 7};
    size_t count;
    gpt_result *result = NULL;
    EXPECT_OK(gpt_generator_set_banned(generator, 0, 1)); /* the end of text */
    EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 0));
    EXPECT_OK(gpt_generator_run_ids(&result, generator, prompt, 3));
    EXPECT_INT(gpt_result_finish(result, 0), GPT_FINISH_CONTEXT);
    const int32_t *ids = gpt_result_ids(&count, result, 0);
    EXPECT_INT(count, 61);
    int32_t tenth = ids[9];
    int first_is_tenth = 9;
    for (int i = 8; i >= 0; i--)
        first_is_tenth = ids[i] == tenth ? i : first_is_tenth;
    gpt_result_free(result);

    /* The length of both counts only where that of the new tokens is not set. */
    EXPECT_OK(gpt_generator_set_max_length(generator, 20));
    for (int most = 10; most <= 30; most += 20) {
        EXPECT_OK(gpt_generator_set_max_new_tokens(generator, most));
        EXPECT_OK(gpt_generator_run_ids(&result, generator, prompt, 3));
        EXPECT_INT(gpt_result_finish(result, 0), GPT_FINISH_LENGTH);
        gpt_result_ids(&count, result, 0);
        EXPECT_INT(count, most);
        gpt_result_free(result);
    }
    EXPECT_OK(gpt_generator_set_max_length(generator, 3));
    EXPECT_OK(gpt_generator_run_ids(&result, generator, prompt, 3));
    gpt_result_free(result);
    EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 0));
    EXPECT_STATUS(gpt_generator_run_ids(&result, generator, prompt, 3), GPT_E_CONTEXT);
    EXPECT_MESSAGE("max_length is 3");
    EXPECT_OK(gpt_generator_set_max_length(generator, 20));
    EXPECT_OK(gpt_generator_run_ids(&result, generator, prompt, 3));
    EXPECT_INT(gpt_result_finish(result, 0), GPT_FINISH_LENGTH);
    gpt_result_ids(&count, result, 0);
    EXPECT_INT(count, 17);
    gpt_result_free(result);

    EXPECT_OK(gpt_generator_set_stop_token(generator, tenth, 1));
    EXPECT_OK(gpt_generator_run_ids(&result, generator, prompt, 3));
    EXPECT_INT(gpt_result_finish(result, 0), GPT_FINISH_STOP_TOKEN);
    gpt_result_ids(&count, result, 0);
    EXPECT_INT(count, first_is_tenth + 1);
    gpt_result_free(result);

    /* Stop tokens can not be chosen before the minimum. */
    EXPECT_OK(gpt_generator_set_min_new_tokens(generator, 12));
    EXPECT_OK(gpt_generator_run_ids(&result, generator, prompt, 3));
    ids = gpt_result_ids(&count, result, 0);
    EXPECT(count >= 13 || gpt_result_finish(result, 0) == GPT_FINISH_LENGTH);
    for (size_t i = 0; i < 12 && i < count; i++)
        EXPECT(ids[i] != tenth);
    gpt_result_free(result);
    gpt_generator_free(generator);
}

static void stop_strings_cut_the_text(void)
{
    gpt_generator *generator = open_generator();
    EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 60));
    gpt_result *whole = run(generator, story);
    size_t length, cut_length;
    const char *text = gpt_result_text(&length, whole, 0);
    const char *dot = strstr(text, ". ");
    if (EXPECT(dot != NULL && dot - text > 3)) {
        /* From the middle of the word before the dot, so that it goes over the borders of tokens. */
        const char *stop = dot - 2;
        EXPECT_OK(gpt_generator_add_stop_string(generator, stop, 4));
        collected streamed = {.sequence = -1};
        EXPECT_OK(gpt_generator_stream(generator, story, strlen(story), collect, &streamed));
        EXPECT_BYTES(streamed.text.bytes, streamed.text.length, text, (size_t)(stop - text));
        EXPECT_INT(streamed.finish, GPT_FINISH_STOP_STRING);
        gpt__buffer_release(&streamed.text);
        gpt_result *cut = run(generator, story);
        gpt_result_text(&cut_length, cut, 0);
        EXPECT_INT(cut_length, stop - text);
        gpt_result_free(cut);
    }
    EXPECT_INT(gpt_generator_stop_string_count(generator), 1);
    EXPECT_OK(gpt_generator_clear_stop_strings(generator));
    gpt_result *again = run(generator, story);
    expect_same_output(whole, 0, again, 0);
    gpt_result_free(again);
    gpt_result_free(whole);
    gpt_generator_free(generator);
}

/* Tokens that are single bytes, drawn at random: the pieces stay valid, and together they are the decoding. */
static void broken_characters_never_come_out(void)
{
    gpt_generator *generator = open_generator();
    gpt_tokenizer *tokenizer = gpt_model_tokenizer(gpt_generator_model(generator));
    int bytes = 0;
    for (int32_t id = 0; id < gpt_tokenizer_vocab_size(tokenizer); id++) {
        size_t length;
        const char *text = gpt_tokenizer_token_bytes(&length, tokenizer, id);
        if (length == 1 && (unsigned char)text[0] >= 0x80)
            bytes++, (void)EXPECT_OK(gpt_generator_set_bias(generator, id, 40));
    }
    EXPECT_INT(bytes, 128);
    set_sampling(generator, 1);
    EXPECT_OK(gpt_generator_set_temperature(generator, 30));
    EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 300));
    collected streamed = {.sequence = -1};
    EXPECT_OK(gpt_generator_stream(generator, story, strlen(story), collect, &streamed));
    char *decoded = NULL;
    size_t length;
    EXPECT_OK(gpt_tokenizer_decode(&decoded, &length, tokenizer, streamed.ids, streamed.count,
                                   GPT_DECODE_SKIP_SPECIAL));
    EXPECT_BYTES(streamed.text.bytes, streamed.text.length, decoded, length);
    EXPECT(length > 300);
    gpt_free(decoded);
    gpt__buffer_release(&streamed.text);
    gpt_generator_free(generator);
}

/* ln softmax(logits)[token], in double. */
static double log_softmax(const float *logits, int32_t V, int32_t token)
{
    double most = -INFINITY, sum = 0;
    for (int32_t i = 0; i < V; i++)
        most = logits[i] > most ? logits[i] : most;
    for (int32_t i = 0; i < V; i++)
        sum += exp(logits[i] - most);
    return logits[token] - most - log(sum);
}

static void logprobs_are_the_models_own(void)
{
    gpt_generator *generator = open_generator();
    gpt_tokenizer *tokenizer = gpt_model_tokenizer(gpt_generator_model(generator));
    int32_t V = gpt_model_vocab_size(gpt_generator_model(generator));
    set_sampling(generator, 5);
    EXPECT_OK(gpt_generator_set_logprobs(generator, 3));
    EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 12));
    gpt_result *result = run(generator, story);
    size_t count, prompt_count;
    const int32_t *ids = gpt_result_ids(&count, result, 0);
    const float *logprobs = gpt_result_logprobs(result, 0);
    int32_t *all = NULL;
    EXPECT_OK(gpt_tokenizer_encode(&all, &prompt_count, tokenizer, story, strlen(story), 0));
    all = realloc(all, (prompt_count + count) * sizeof *all);
    memcpy(all + prompt_count, ids, count * sizeof *ids);
    float *logits = calloc((prompt_count + count) * (size_t)V, sizeof *logits);
    float *scores = calloc(prompt_count + count, sizeof *scores);
    EXPECT_OK(gpt_generator_evaluate(logits, NULL, generator, all, prompt_count + count));
    EXPECT_OK(gpt_generator_score(scores, generator, all, prompt_count + count));
    EXPECT(isnan(scores[0]));
    for (size_t i = 1; i < prompt_count + count; i++)
        EXPECT_NEAR(scores[i], log_softmax(logits + (i - 1) * (size_t)V, V, all[i]), 1e-4);
    for (size_t i = 0; i < count; i++)
        EXPECT_NEAR(logprobs[i], scores[prompt_count + i], 1e-3);

    /* Alternatives: greedy's choice is the first of them. */
    int64_t sequence;
    EXPECT_OK(gpt_generator_set_sampling(generator, 0));
    EXPECT_OK(gpt_generator_add(&sequence, generator, story, strlen(story)));
    EXPECT_OK(gpt_generator_step(generator));
    const gpt_event *event = gpt_generator_event(generator, 0);
    EXPECT_INT(gpt_event_alternative_count(event), 3);
    EXPECT_INT(gpt_event_alternative_token(event, 0), gpt_event_token(event));
    EXPECT_NEAR(gpt_event_alternative_logprob(event, 0), gpt_event_logprob(event), 0);
    EXPECT(gpt_event_alternative_logprob(event, 1) >= gpt_event_alternative_logprob(event, 2));
    EXPECT_INT(gpt_event_alternative_token(event, 3), -1);
    free(logits);
    free(scores);
    gpt_free(all);
    gpt_result_free(result);
    gpt_generator_free(generator);
}

/* A text longer than the context: each token as in the window that the header describes. */
static void long_texts_are_scored_in_windows(void)
{
    gpt_generator *generator = open_dtype("golden/models/gpt2-hub", GPT_DTYPE_F32);
    int32_t V = gpt_model_vocab_size(gpt_generator_model(generator));
    int32_t ids[150];
    float scores[150];
    float *logits = calloc(64 * (size_t)V, sizeof *logits);
    for (int i = 0; i < 150; i++)
        ids[i] = (i * 37 + 11) % V;
    EXPECT_OK(gpt_generator_score(scores, generator, ids, 150));
    EXPECT_STATUS(gpt_generator_evaluate(logits, NULL, generator, ids, 65), GPT_E_CONTEXT);
    for (int begin = 0, scored = 1; scored < 150; begin += 32) {
        int end = begin + 64 < 150 ? begin + 64 : 150;
        EXPECT_OK(gpt_generator_evaluate(logits, NULL, generator, ids + begin, (size_t)(end - begin)));
        for (; scored < end; scored++)
            EXPECT_NEAR(scores[scored], log_softmax(logits + (size_t)(scored - 1 - begin) * (size_t)V, V, ids[scored]),
                        1e-3);
    }
    free(logits);
    gpt_generator_free(generator);
}

/* A hook that allows one token only, and can end the step. */
typedef struct forced {
    int32_t token;
    int calls;
    int end_at;
} forced;

static int force_token(float *logits, int32_t vocab, const int32_t *ids, size_t count, int64_t sequence, void *user)
{
    forced *f = user;
    (void)sequence;
    for (int32_t i = 0; i < vocab; i++)
        logits[i] = i == f->token ? 1.0f : -INFINITY;
    return ids == NULL || count == 0 || ++f->calls == f->end_at;
}

static void a_hook_decides_and_can_end_the_step(void)
{
    gpt_generator *generator = open_generator();
    forced f = {.token = 300, .end_at = 3};
    int64_t sequence;
    EXPECT_OK(gpt_generator_set_logits_hook(generator, force_token, &f));
    EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 4));
    EXPECT_OK(gpt_generator_add(&sequence, generator, story, strlen(story)));
    EXPECT_OK(gpt_generator_step(generator));
    EXPECT_OK(gpt_generator_step(generator));
    EXPECT_STATUS(gpt_generator_step(generator), GPT_E_CANCELLED);
    EXPECT_MESSAGE("hook");
    EXPECT_INT(gpt_generator_event_count(generator), 0);
    EXPECT_INT(gpt_generator_active(generator), 1);
    /* The step can be tried again, and nothing was lost or counted twice. */
    collected c = {.sequence = sequence};
    EXPECT_OK(step_all(generator, &c, 1));
    EXPECT_INT(c.count, 2);
    EXPECT_INT(c.ids[0], 300);
    EXPECT_INT(c.finish, GPT_FINISH_LENGTH);
    gpt__buffer_release(&c.text);
    gpt_generator_free(generator);
}

static void a_cancelled_step_can_be_taken_again(void)
{
    gpt_generator *generator = open_generator();
    gpt_result *alone = run(generator, story);
    collected c = {0};
    EXPECT_OK(gpt_generator_add(&c.sequence, generator, story, strlen(story)));
    EXPECT_OK(gpt_generator_step(generator));
    collect(gpt_generator_event(generator, 0), &c);
    gpt_generator_cancel(generator);
    EXPECT_STATUS(gpt_generator_step(generator), GPT_E_CANCELLED);
    EXPECT_INT(gpt_generator_active(generator), 1);
    EXPECT_OK(step_all(generator, &c, 1));
    expect_collected(&c, alone, 0);

    gpt_result *none = NULL;
    gpt_generator_cancel(generator);
    EXPECT_STATUS(gpt_generator_run(&none, generator, story, strlen(story)), GPT_E_CANCELLED);
    EXPECT(none == NULL);
    EXPECT_INT(gpt_generator_active(generator), 0);
    gpt_result *after = run(generator, story);
    expect_same_output(alone, 0, after, 0);
    gpt_result_free(after);
    gpt_result_free(alone);
    gpt_generator_free(generator);
}

static int stop_at_once(const gpt_event *event, void *user)
{
    (void)event;
    ++*(int *)user;
    return 1;
}

static int cancel_and_stop(const gpt_event *event, void *user)
{
    (void)event;
    gpt_generator_cancel(user);
    return 1;
}

/* The call that was to be cancelled has ended, and said so: the next one is another. */
static void a_stream_that_ends_takes_its_cancellation_along(void)
{
    gpt_generator *generator = open_generator();
    EXPECT_STATUS(gpt_generator_stream(generator, story, strlen(story), cancel_and_stop, generator), GPT_E_CANCELLED);
    gpt_result_free(run(generator, story));
    gpt_generator_free(generator);
}

/* A cancellation that comes too late ends the next call; a step without sequences takes it back. */
static void an_idle_step_takes_a_late_cancellation(void)
{
    gpt_generator *generator = open_generator();
    gpt_result_free(run(generator, story));
    gpt_generator_cancel(generator);
    EXPECT_STATUS(gpt_generator_step(generator), GPT_E_CANCELLED);
    EXPECT_OK(gpt_generator_step(generator));
    gpt_result_free(run(generator, story));
    gpt_generator_free(generator);
}

static void a_callback_can_end_a_stream(void)
{
    gpt_generator *generator = open_generator();
    int calls = 0;
    int64_t sequence;
    gpt_result *none = NULL;
    EXPECT_STATUS(gpt_generator_stream(generator, story, strlen(story), stop_at_once, &calls), GPT_E_CANCELLED);
    EXPECT_INT(calls, 1);
    EXPECT_INT(gpt_generator_active(generator), 0);
    /* One-call functions do not mix with sequences that run. */
    EXPECT_OK(gpt_generator_add(&sequence, generator, story, strlen(story)));
    EXPECT_STATUS(gpt_generator_run(&none, generator, story, strlen(story)), GPT_E_ARGUMENT);
    EXPECT_INT(gpt_generator_active(generator), 1);
    gpt_generator_free(generator);
}

/* Calls what it must not, and counts what was refused. */
static int try_all(gpt_generator *generator)
{
    int64_t sequence;
    gpt_result *result = NULL;
    float logprobs[2];
    const int32_t ids[] = {300, 301};
    const char *prompt = story;
    size_t length = 4;
    const gpt_status found[] = {
        gpt_generator_step(generator), gpt_generator_add(&sequence, generator, story, 4),
        gpt_generator_add_ids(&sequence, generator, ids, 2), gpt_generator_drop(generator, 0),
        gpt_generator_run(&result, generator, story, 4), gpt_generator_run_ids(&result, generator, ids, 2),
        gpt_generator_run_many(&result, generator, &prompt, &length, 1),
        gpt_generator_stream(generator, story, 4, collect, NULL),
        gpt_generator_stream_ids(generator, ids, 2, collect, NULL),
        gpt_generator_evaluate(NULL, NULL, generator, ids, 2), gpt_generator_score(logprobs, generator, ids, 2),
    };
    int refused = 0;
    for (size_t i = 0; i < sizeof found / sizeof *found; i++)
        refused += found[i] == GPT_E_ARGUMENT;
    return refused;
}

typedef struct intruder {
    gpt_generator *generator;
    int calls, refused;
} intruder;

static int intrude(const gpt_event *event, void *user)
{
    intruder *i = user;
    i->calls++;
    i->refused += try_all(i->generator);
    return gpt_event_token(event) < 0 || i->calls > 1000;
}

static int intrude_by_hook(float *logits, int32_t vocab, const int32_t *ids, size_t count, int64_t sequence, void *user)
{
    intruder *i = user;
    (void)logits, (void)vocab, (void)ids, (void)count, (void)sequence;
    i->calls++;
    i->refused += try_all(i->generator);
    return i->calls > 1000;
}

/* Nothing that a callback or a hook calls gets in between, not even after the last event, when no sequence runs. */
static void callbacks_and_hooks_can_not_use_their_generator(void)
{
    gpt_generator *generator = open_generator();
    gpt_result *undisturbed = run(generator, story);
    intruder by_callback = {.generator = generator}, by_hook = {.generator = generator};
    EXPECT_OK(gpt_generator_stream(generator, story, strlen(story), intrude, &by_callback));
    EXPECT_INT(by_callback.calls, 40);
    EXPECT_INT(by_callback.refused, 11 * 40);
    EXPECT_OK(gpt_generator_set_logits_hook(generator, intrude_by_hook, &by_hook));
    gpt_result *disturbed = run(generator, story);
    expect_same_output(disturbed, 0, undisturbed, 0);
    EXPECT_INT(by_hook.refused, 11 * 40);
    EXPECT_OK(gpt_generator_set_beams(generator, 2));
    gpt_result_free(run(generator, story));
    EXPECT_INT(by_hook.refused, 11 * by_hook.calls);
    EXPECT(by_hook.calls > 80);
    /* Afterwards it is free again. */
    EXPECT_OK(gpt_generator_set_beams(generator, 1));
    EXPECT_OK(gpt_generator_set_logits_hook(generator, NULL, NULL));
    gpt_result_free(disturbed);
    disturbed = run(generator, story);
    expect_same_output(disturbed, 0, undisturbed, 0);
    gpt_result_free(disturbed);
    gpt_result_free(undisturbed);
    gpt_generator_free(generator);
}

static void an_empty_prompt_begins_a_text(void)
{
    gpt_generator *generator = open_generator();
    int32_t end_of_text = 0;
    gpt_result *empty = NULL, *explicit_begin = NULL;
    EXPECT_OK(gpt_generator_run(&empty, generator, NULL, 0));
    EXPECT_OK(gpt_generator_run_ids(&explicit_begin, generator, &end_of_text, 1));
    expect_same_output(empty, 0, explicit_begin, 0);
    gpt_result_free(empty);
    gpt_result_free(explicit_begin);
    gpt_generator_free(generator);
}

/* The setters of single tokens say what was given and what is possible, as all others do. */
static void token_settings_tell_their_range(void)
{
    gpt_generator *generator = open_generator();
    EXPECT_STATUS(gpt_generator_set_bias(generator, 1, INFINITY), GPT_E_ARGUMENT);
    EXPECT_STRING(gpt_error_message(), "bias is inf, expected a finite number");
    EXPECT_STATUS(gpt_generator_set_bias(generator, 1, NAN), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_generator_set_banned(generator, 1, 2), GPT_E_ARGUMENT);
    EXPECT_STRING(gpt_error_message(), "banned is 2, expected 0 or 1");
    EXPECT_STATUS(gpt_generator_set_stop_token(generator, 1, -1), GPT_E_ARGUMENT);
    EXPECT_STRING(gpt_error_message(), "stop_token is -1, expected 0 or 1");
    EXPECT(gpt_generator_bias(generator, 1) == 0 && !gpt_generator_banned(generator, 1));
    gpt_generator_free(generator);
}

/* Settings belong to the prompt that was added with them. */
static void settings_hold_for_later_prompts_only(void)
{
    gpt_generator *generator = open_generator();
    collected c = {0};
    int64_t second;
    EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 5));
    EXPECT_OK(gpt_generator_add(&c.sequence, generator, story, strlen(story)));
    EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 9));
    EXPECT_OK(gpt_generator_add(&second, generator, story, strlen(story)));
    EXPECT_OK(step_all(generator, &c, 1));
    EXPECT_INT(c.count, 5);
    gpt__buffer_release(&c.text);
    EXPECT_OK(gpt_generator_reset_settings(generator));
    EXPECT_INT(gpt_generator_sampling(generator), 1); /* as the model's generation_config.json has it */
    EXPECT_NEAR(gpt_generator_temperature(generator), 0.8f, 0);
    EXPECT_INT(gpt_generator_stop_token(generator, 0), 1);
    gpt_generator_free(generator);
}

/*
 * The smaller types stay close to f32: mean KL divergence in nats over a text, and how often the most probable token is
 * the same.
 */
static void compare_type(gpt_dtype dtype, double most_divergence, double least_agreement)
{
    gpt_generator *exact = open_generator();
    gpt_generator *other = open_dtype("storyteller", dtype);
    gpt_tokenizer *tokenizer = gpt_model_tokenizer(gpt_generator_model(exact));
    char *path = test_path("../models/storyteller/heldout.txt");
    size_t length, count;
    char *text = test_read_file(&length, path);
    int32_t *ids = NULL;
    quality sum = {0};
    EXPECT(text != NULL && length > 2000);
    EXPECT_OK(gpt_tokenizer_encode(&ids, &count, tokenizer, text, 2000, 0));
    EXPECT_OK(quality_add(&sum, exact, other, ids, count < 400 ? count : 400));
    printf("# %s: mean KL divergence %.6f nats, %.2f %% of %zu choices agree\n", gpt_dtype_name(dtype),
           sum.divergence / (double)sum.count, 100.0 * (double)sum.agreed / (double)sum.count, sum.count);
    EXPECT(sum.divergence < most_divergence * (double)sum.count);
    EXPECT((double)sum.agreed >= least_agreement * (double)sum.count);
    free(text);
    free(path);
    gpt_free(ids);
    gpt_generator_free(exact);
    gpt_generator_free(other);
}

/* oneDNN has bf16 products for some processors only; asking for them elsewhere is refused. */
static int has_bf16(void)
{
    gpt_model *model = NULL;
    gpt_model_options *options = NULL;
    EXPECT_OK(gpt_model_options_new(&options));
    EXPECT_OK(gpt_model_options_set_dtype(options, GPT_DTYPE_BF16));
    gpt_status status = gpt_model_open(&model, "storyteller", options);
    EXPECT(status == GPT_OK || status == GPT_E_UNSUPPORTED);
    gpt_model_free(model);
    gpt_model_options_free(options);
    return status == GPT_OK;
}

static void bf16_stays_close(void)
{
    if (!has_bf16()) {
        test_skip("oneDNN has no bf16 products for this processor");
        return;
    }
    compare_type(GPT_DTYPE_BF16, 0.002, 0.98);
}

static void int8_stays_close(void)
{
    compare_type(GPT_DTYPE_INT8, 0.01, 0.97);
}

/* Over a long mixed run, oneDNN makes a bounded number of primitives, and none by its reference code. */
static void primitives_stay_few(void)
{
    static const gpt_dtype types[] = {GPT_DTYPE_F32, GPT_DTYPE_BF16, GPT_DTYPE_INT8};
    for (int type = 0; type < 3; type++) {
        if (types[type] == GPT_DTYPE_BF16 && !has_bf16())
            continue;
        gpt_generator *generator = open_dtype("golden/models/gpt2", types[type]);
        int32_t ids[120];
        int made = 0, reference = 0;
        for (int i = 0; i < 120; i++)
            ids[i] = i * 3 + 1;
        EXPECT_OK(gpt_generator_set_max_new_tokens(generator, 3));
        for (size_t length = 1; length < 120; length++) {
            int64_t sequence;
            EXPECT_OK(gpt_generator_add_ids(&sequence, generator, ids, length));
            if (length % 7 == 0)
                EXPECT_OK(step_all(generator, NULL, 0));
        }
        EXPECT_OK(step_all(generator, NULL, 0));
        gpt__worker_count_primitives(&made, &reference, generator->forward.linear.worker);
        EXPECT(made > 10);
        EXPECT(made <= 5 * GPT__BUCKETS);
        EXPECT_INT(reference, 0);
        EXPECT_INT(generator->cache.used_pages, 0);
        gpt_generator_free(generator);
    }
}

/* Two threads compute what one does; sums may be in another order, so tokens are compared on a decided case. */
static void thread_counts_agree(void)
{
    gpt_generator *generator = open_generator();
    EXPECT_OK(gpt_generator_set_threads(generator, 1));
    gpt_result *one = run(generator, story);
    EXPECT_OK(gpt_generator_set_threads(generator, 2));
    gpt_result *two = run(generator, story);
    expect_same_output(one, 0, two, 0);
    gpt_result_free(one);
    gpt_result_free(two);
    gpt_generator_free(generator);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(one_call_stream_and_steps_agree);
    TEST(text_is_the_decoding_of_the_tokens);
    TEST(prompts_together_equal_prompts_alone);
    TEST(chunks_of_any_size_give_the_same);
    TEST(seeds_decide_and_neighbours_do_not_matter);
    TEST(a_drawn_seed_can_be_asked_for_and_used_again);
    TEST(samples_share_the_prompt);
    TEST(samples_go_on_when_their_leader_is_dropped);
    TEST(a_common_beginning_is_computed_once);
    TEST(a_full_cache_is_an_error_that_passes);
    TEST(prompts_must_leave_room);
    TEST(sequences_end_for_the_stated_reason);
    TEST(stop_strings_cut_the_text);
    TEST(broken_characters_never_come_out);
    TEST(logprobs_are_the_models_own);
    TEST(long_texts_are_scored_in_windows);
    TEST(a_hook_decides_and_can_end_the_step);
    TEST(a_cancelled_step_can_be_taken_again);
    TEST(a_callback_can_end_a_stream);
    TEST(a_stream_that_ends_takes_its_cancellation_along);
    TEST(an_idle_step_takes_a_late_cancellation);
    TEST(callbacks_and_hooks_can_not_use_their_generator);
    TEST(an_empty_prompt_begins_a_text);
    TEST(token_settings_tell_their_range);
    TEST(settings_hold_for_later_prompts_only);
    TEST(bf16_stays_close);
    TEST(int8_stays_close);
    TEST(primitives_stay_few);
    TEST(thread_counts_agree);
    return TEST_END();
}
