/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_steps.c: which sequences take part in a step, by chunk and by room in the cache. What each sequence gives
 * must be what it gives alone, but for rounding, which is not enough to change a token of these models and prompts.
 */
#include "generate/generator.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

#define MOST_TOKENS 400

/* What a sequence has given so far. */
typedef struct taken {
    int64_t sequence;
    int32_t ids[MOST_TOKENS];
    size_t count;
} taken;

/* A greedy generator on the shipped model, without stop tokens, so that lengths are what a case says. */
static gpt_generator *open_generator(int max_new_tokens)
{
    gpt_model *model = NULL;
    gpt_model_options *options = NULL;
    gpt_generator *g = NULL;
    if (!EXPECT_OK(gpt_model_options_new(&options)) ||
        !EXPECT_OK(gpt_model_options_set_dtype(options, GPT_DTYPE_F32)) ||
        !EXPECT_OK(gpt_model_open(&model, "storyteller", options)) || !EXPECT_OK(gpt_generator_new(&g, model)))
        exit(1);
    gpt_model_options_free(options);
    gpt_model_free(model);
    EXPECT_OK(gpt_generator_set_threads(g, 1));
    EXPECT_OK(gpt_generator_set_sampling(g, 0));
    EXPECT_OK(gpt_generator_set_stop_token(g, 0, 0));
    EXPECT_OK(gpt_generator_set_max_new_tokens(g, max_new_tokens));
    return g;
}

/* Ids of a prompt: those of one kind begin with the same `common` ids, and differ from there on by their number. */
static void fill(int32_t *ids, size_t count, size_t common, int number)
{
    for (size_t i = 0; i < count; i++)
        ids[i] = 300 + (int32_t)((i * 37 + (i < common ? 0 : (size_t)number * 11)) % 1000);
}

static taken add(gpt_generator *g, const int32_t *ids, size_t count)
{
    taken t = {0};
    EXPECT_OK(gpt_generator_add_ids(&t.sequence, g, ids, count));
    return t;
}

/* Hands the events of the last step to those that they belong to. */
static void take(gpt_generator *g, taken *of, size_t count)
{
    for (size_t i = 0; i < gpt_generator_event_count(g); i++) {
        const gpt_event *event = gpt_generator_event(g, i);
        for (size_t j = 0; j < count; j++)
            if (of[j].sequence == gpt_event_sequence(event) && of[j].count < MOST_TOKENS)
                of[j].ids[of[j].count++] = gpt_event_token(event);
    }
}

/* Steps until nothing runs. */
static gpt_status finish(gpt_generator *g, taken *of, size_t count)
{
    gpt_status status = GPT_OK;
    while (status == GPT_OK && gpt_generator_active(g) > 0) {
        status = gpt_generator_step(g);
        take(g, of, count);
    }
    return status;
}

/* The sequence gave what its prompt gives alone, with all the memory there is. */
static void expect_as_alone(const taken *t, const int32_t *ids, size_t count, int max_new_tokens)
{
    size_t expected_count;
    gpt_result *result = NULL;
    gpt_generator *g = open_generator(max_new_tokens);
    if (EXPECT_OK(gpt_generator_run_ids(&result, g, ids, count))) {
        const int32_t *expected = gpt_result_ids(&expected_count, result, 0);
        EXPECT_INT(expected_count, max_new_tokens);
        EXPECT_BYTES((const char *)t->ids, t->count * sizeof *t->ids, (const char *)expected,
                     expected_count * sizeof *expected);
    }
    gpt_result_free(result);
    gpt_generator_free(g);
}

/* It begins like the one that runs, whose pages it would share if there were room for the rest of it. */
static void a_prompt_without_room_stops_nobody(void)
{
    int32_t runs[200], waits[350];
    gpt_generator *g = open_generator(40);
    fill(runs, 200, 150, 1);
    fill(waits, 350, 150, 2);
    EXPECT_OK(gpt_generator_set_cache_tokens(g, 2 * GPT__PAGE_TOKENS));
    taken first = add(g, runs, 200);
    EXPECT_OK(gpt_generator_step(g));
    take(g, &first, 1);
    taken second = add(g, waits, 350);
    while (first.count < 40 && EXPECT_OK(gpt_generator_step(g))) {
        take(g, &first, 1);
        EXPECT_INT(g->cache.used_pages, first.count < 40 ? 2 : 0);
    }
    expect_as_alone(&first, runs, 200, 40);
    /* Now there is more room, but never enough. */
    EXPECT_STATUS(gpt_generator_step(g), GPT_E_CONTEXT);
    EXPECT_INT(gpt_generator_active(g), 1);
    EXPECT_INT(g->cache.used_pages, 0);
    EXPECT_OK(gpt_generator_set_cache_tokens(g, 0));
    EXPECT_OK(finish(g, &second, 1));
    expect_as_alone(&second, waits, 350, 40);
    gpt_generator_free(g);
}

/* What waits for room begins in the order in which it was added, a short prompt behind a long one. */
static void prompts_wait_in_turn(void)
{
    int32_t ids[3][300];
    size_t counts[] = {100, 200, 50};
    taken of[3];
    gpt_generator *g = open_generator(20);
    EXPECT_OK(gpt_generator_set_cache_tokens(g, 2 * GPT__PAGE_TOKENS));
    for (int i = 0; i < 3; i++) {
        fill(ids[i], 300, 0, i + 1);
        of[i] = add(g, ids[i], counts[i]);
    }
    while (gpt_generator_active(g) == 3 && EXPECT_OK(gpt_generator_step(g))) {
        take(g, of, 3);
        EXPECT_INT(of[1].count + of[2].count, 0);
    }
    while (gpt_generator_active(g) == 2 && EXPECT_OK(gpt_generator_step(g))) {
        take(g, of, 3);
        EXPECT_INT(of[2].count, 0);
    }
    EXPECT_OK(finish(g, of, 3));
    for (int i = 0; i < 3; i++)
        expect_as_alone(&of[i], ids[i], counts[i], 20);
    /* One that will never have room holds up nobody while there is nothing else to do. */
    of[0] = add(g, ids[0], 300);
    of[1] = add(g, ids[1], counts[1]);
    EXPECT_STATUS(finish(g, of, 2), GPT_E_CONTEXT);
    expect_as_alone(&of[1], ids[1], counts[1], 20);
    gpt_generator_free(g);
}

/* More samples than a chunk has tokens: each gets a token in each step, and a prompt is read beside them. */
static void a_chunk_leaves_nobody_out(void)
{
    int32_t ids[40], other[20];
    gpt_generator *g = open_generator(10);
    fill(ids, 40, 40, 1);
    fill(other, 20, 0, 2);
    EXPECT_OK(gpt_generator_set_chunk(g, 4));
    EXPECT_OK(gpt_generator_set_samples(g, 7));
    taken samples[7] = {add(g, ids, 40)};
    for (int i = 1; i < 7; i++)
        samples[i].sequence = samples[0].sequence + i;
    while (gpt_generator_pending(g) > 0)
        EXPECT_OK(gpt_generator_step(g));
    take(g, samples, 7);
    EXPECT_OK(gpt_generator_set_samples(g, 1));
    taken late = add(g, other, 20);
    for (size_t step = 1; step <= 5; step++) {
        EXPECT_OK(gpt_generator_step(g));
        take(g, samples, 7);
        take(g, &late, 1);
        for (int i = 0; i < 7; i++)
            EXPECT_INT(samples[i].count, 1 + step);
        EXPECT_INT(gpt_generator_pending(g), 20 - 4 * step);
    }
    EXPECT_INT(late.count, 1);
    EXPECT_OK(gpt_generator_step(g));
    EXPECT_INT(gpt_generator_event_count(g), 8);
    take(g, samples, 7);
    take(g, &late, 1);
    EXPECT_OK(finish(g, samples, 7));
    for (int i = 0; i < 7; i++)
        expect_as_alone(&samples[i], ids, 40, 10);
    gpt_generator_free(g);
}

/* Both fit at first, and neither could end beside the other: one waits, and both give what they give alone. */
static void sequences_wait_when_the_cache_is_full(void)
{
    int32_t ids[2][100];
    gpt_generator *g = open_generator(100);
    taken of[2];
    EXPECT_OK(gpt_generator_set_cache_tokens(g, 2 * GPT__PAGE_TOKENS));
    for (int i = 0; i < 2; i++) {
        fill(ids[i], 100, 0, i + 1);
        of[i] = add(g, ids[i], 100);
    }
    EXPECT_OK(finish(g, of, 2));
    for (int i = 0; i < 2; i++)
        expect_as_alone(&of[i], ids[i], 100, 100);
    EXPECT_INT(g->cache.used_pages, 0);
    gpt_generator_free(g);
}

/* The same with samples that share pages, with prompts that begin alike, and with prompts read in chunks. */
static void many_sequences_wait_in_turn(void)
{
    int32_t ids[5][160];
    taken of[10];
    gpt_generator *g = open_generator(60);
    EXPECT_OK(gpt_generator_set_cache_tokens(g, 4 * GPT__PAGE_TOKENS));
    EXPECT_OK(gpt_generator_set_chunk(g, 50));
    EXPECT_OK(gpt_generator_set_samples(g, 2));
    for (int i = 0; i < 5; i++) {
        fill(ids[i], 160, 70, i + 1);
        of[2 * i] = of[2 * i + 1] = add(g, ids[i], 90 + 15 * (size_t)i);
        of[2 * i + 1].sequence++;
    }
    EXPECT_OK(finish(g, of, 10));
    for (int i = 0; i < 10; i++)
        expect_as_alone(&of[i], ids[i / 2], 90 + 15 * (size_t)(i / 2), 60);
    gpt_generator_free(g);
}

static int64_t free_pages(const gpt_generator *g)
{
    int64_t count = 0;
    for (const gpt__page *page = g->cache.free_pages; page != NULL; page = page->next_free)
        count++;
    return count;
}

/* Memory is kept for the next sequence, and given back when the limit is lowered, at once or when it is free. */
static void a_lower_limit_frees_memory(void)
{
    int32_t ids[300];
    gpt_generator *g = open_generator(4);
    fill(ids, 300, 0, 1);
    taken first = add(g, ids, 300);
    EXPECT_OK(finish(g, &first, 1));
    EXPECT_INT(free_pages(g), 3);
    EXPECT_OK(gpt_generator_set_cache_tokens(g, 1000));
    EXPECT_INT(free_pages(g), 3);
    EXPECT_OK(gpt_generator_set_cache_tokens(g, 200));
    EXPECT_INT(free_pages(g), 2);
    EXPECT_OK(gpt_generator_reset_settings(g));
    EXPECT_OK(gpt_generator_set_max_new_tokens(g, 4));
    EXPECT_INT(free_pages(g), 2);
    taken second = add(g, ids, 300);
    EXPECT_OK(gpt_generator_step(g));
    EXPECT_OK(gpt_generator_set_cache_tokens(g, 1));
    EXPECT_INT(free_pages(g), 0);
    EXPECT_OK(gpt_generator_drop(g, second.sequence));
    EXPECT_INT(free_pages(g), 1);
    gpt_generator_free(g);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(a_prompt_without_room_stops_nobody);
    TEST(prompts_wait_in_turn);
    TEST(a_chunk_leaves_nobody_out);
    TEST(sequences_wait_when_the_cache_is_full);
    TEST(many_sequences_wait_in_turn);
    TEST(a_lower_limit_frees_memory);
    return TEST_END();
}
