/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_failing_allocations.c: the n-th allocation of a call fails, for each n until the call succeeds: always
 * GPT_E_MEMORY, nothing leaked (seen under AddressSanitizer), and the generator works on with the same outcome.
 *
 * Only libgpt's own allocations are made to fail. oneDNN's are left alone: it throws C++ exceptions through its C
 * interface when memory runs out, which ends the process whatever its caller does.
 */
#include "test_model_maker.h"

static gpt_model *model;

/* What is tried. The generator is new for each try; it is NULL where none is needed. */
typedef struct attempt {
    gpt_generator *generator;
    const char *path;
    gpt_dtype dtype;
} attempt;

/* The call. It checks its outputs, and frees them. */
typedef gpt_status (*action)(attempt *a);

/* Whether the failure that was ordered after n allocations has not come yet. */
static int is_still_ordered(long n)
{
    int ordered = 0;
    for (long i = 0; i <= n && !ordered; i++) {
        void *memory = gpt__allocate(1, 1);
        ordered = memory == NULL;
        gpt__release(memory);
    }
    return ordered;
}

/* One try; returns whether the failure never came. tolerated counts failures that the call could do without. */
static int try_once(action act, attempt *a, long n, int every_later, int *tolerated)
{
    (void)gpt__fail(GPT_OK, "no message");
    gpt__fail_allocation_after(n, every_later);
    gpt_status status = act(a);
    int over = every_later ? status == GPT_OK : is_still_ordered(n);
    gpt__fail_allocation_after(-1, 0);
    if (over) {
        EXPECT_OK(status);
    } else if (status == GPT_OK) {
        ++*tolerated;
    } else {
        EXPECT_STATUS(status, GPT_E_MEMORY);
        EXPECT_MESSAGE("out of memory");
    }
    return over;
}

static const int32_t start_ids[] = {97, 98, 256, 120, 32, 97};
#define START_IDS (sizeof start_ids / sizeof *start_ids)

static void use_settings(gpt_generator *g)
{
    EXPECT_OK(gpt_generator_reset_settings(g));
    EXPECT_OK(gpt_generator_set_threads(g, 1));
    EXPECT_OK(gpt_generator_set_min_new_tokens(g, 4));
    EXPECT_OK(gpt_generator_set_max_new_tokens(g, 6));
    EXPECT_OK(gpt_generator_set_sampling(g, 1));
    EXPECT_OK(gpt_generator_set_top_p(g, 0.9f));
    EXPECT_OK(gpt_generator_set_seed(g, 42));
    EXPECT_OK(gpt_generator_set_logprobs(g, 3));
    EXPECT_OK(gpt_generator_set_samples(g, 3));
    EXPECT_OK(gpt_generator_add_stop_string(g, "\n\n", 2));
    EXPECT_OK(gpt_generator_add_stop_string(g, "no such text", 12));
}

static gpt_generator *new_generator(void)
{
    gpt_generator *g = NULL;
    if (model_generator(&g, model) != GPT_OK)
        abort();
    use_settings(g);
    return g;
}

/* The tokens of a run on a generator; the first call keeps them, later ones must find the same. */
static int32_t expected_tokens[3 * 6];
static size_t expected_count;

static void expect_works(gpt_generator *g)
{
    gpt_result *result = NULL;
    int32_t tokens[3 * 6];
    size_t count = 0;
    EXPECT_INT(gpt_generator_active(g), 0);
    if (!EXPECT_OK(gpt_generator_run_ids(&result, g, start_ids, START_IDS)))
        return;
    for (size_t i = 0; i < gpt_result_count(result); i++) {
        size_t length;
        const int32_t *ids = gpt_result_ids(&length, result, i);
        for (size_t j = 0; j < length && count < 3 * 6; j++)
            tokens[count++] = ids[j];
    }
    gpt_result_free(result);
    if (expected_count == 0) {
        memcpy(expected_tokens, tokens, sizeof tokens);
        expected_count = count;
    }
    EXPECT(count == expected_count && memcmp(tokens, expected_tokens, count * sizeof *tokens) == 0);
}

static void fail_each(action act, attempt a, int needs_generator, int most_tolerated, long step)
{
    int over = 0;
    int tolerated = 0;
    long n = 0;
    for (; !over && n < 100000; n += step) {
        a.generator = needs_generator ? new_generator() : NULL;
        over = try_once(act, &a, n, 0, &tolerated);
        if (needs_generator) {
            use_settings(a.generator);
            expect_works(a.generator);
        }
        gpt_generator_free(a.generator);
    }
    EXPECT(over);
    EXPECT(tolerated <= most_tolerated);
    /* When all that follow fail too, what cleans up must not need memory. */
    for (long m = 0; m < n; m += n / 16 + 1) {
        a.generator = needs_generator ? new_generator() : NULL;
        try_once(act, &a, m, 1, &tolerated);
        gpt_generator_free(a.generator);
    }
    printf("# %ld allocations, %d of which it can do without\n", n - step, tolerated);
}

/*
 * Opening.
 */

static gpt_status open_as(gpt_model **out, const attempt *a)
{
    char junk[8];
    gpt_model_options *options = NULL;
    *out = NULL;
    gpt_status status = gpt_model_options_new(&options);
    EXPECT((options != NULL) == (status == GPT_OK));
    if (status != GPT_OK)
        return status;
    EXPECT_OK(gpt_model_options_set_dtype(options, a->dtype));
    EXPECT_OK(gpt_model_options_set_threads(options, 1));
    *out = (gpt_model *)(void *)junk;
    status = gpt_model_open(out, a->path, options);
    EXPECT((*out != NULL) == (status == GPT_OK));
    gpt_model_options_free(options);
    return status;
}

static gpt_status open_model(attempt *a)
{
    gpt_model *opened;
    gpt_status status = open_as(&opened, a);
    gpt_model_free(opened);
    return status;
}

static void opening_as(gpt_dtype dtype)
{
    gpt_model *opened = NULL;
    gpt_status status = model_open_as(&opened, gpt_model_path(model), dtype);
    gpt_model_free(opened);
    if (status == GPT_E_UNSUPPORTED)
        test_skip("this processor has no products of that type");
    else
        fail_each(open_model, (attempt){.path = gpt_model_path(model), .dtype = dtype}, 0, 0, 1);
}

static void opening_f32(void)
{
    opening_as(GPT_DTYPE_F32);
}

static void opening_bf16(void)
{
    opening_as(GPT_DTYPE_BF16);
}

static void opening_int8(void)
{
    opening_as(GPT_DTYPE_INT8);
}

/* A model whose output layer is its own, and whose weights must be converted before they are packed. */
static void opening_untied_f16(void)
{
    model_maker m;
    model_load(&m);
    model_round(&m);
    model_copy(&m, "wte.weight", "lm_head.weight");
    model_set(&m, "tie_word_embeddings", "false");
    model_halve(&m, "F16");
    char *directory = model_write(&m, "untied-f16");
    fail_each(open_model, (attempt){.path = directory, .dtype = GPT_DTYPE_AUTO}, 0, 0, 1);
    fail_each(open_model, (attempt){.path = directory, .dtype = GPT_DTYPE_INT8}, 0, 0, 3);
    free(directory);
    model_free(&m);
}

/* A larger one has no other paths; so only some of its allocations are tried. */
static void opening_storyteller(void)
{
    char *directory = test_path("../models/storyteller");
    fail_each(open_model, (attempt){.path = directory, .dtype = GPT_DTYPE_AUTO}, 0, 0, 9);
    free(directory);
}

/* Opens a model and computes a few tokens. */
static gpt_status open_and_run(attempt *a)
{
    static const int32_t ids[] = {1, 2, 3, 4, 5};
    gpt_model *opened = NULL;
    gpt_generator *g = NULL;
    gpt_result *result = NULL;
    gpt_status status = open_as(&opened, a);
    if (status == GPT_OK)
        status = gpt_generator_new(&g, opened);
    if (status == GPT_OK) {
        EXPECT_OK(gpt_generator_set_threads(g, 1));
        EXPECT_OK(gpt_generator_set_max_new_tokens(g, 2));
        status = gpt_generator_run_ids(&result, g, ids, 5);
    }
    EXPECT((result != NULL) == (status == GPT_OK));
    gpt_result_free(result);
    gpt_generator_free(g);
    gpt_model_free(opened);
    return status;
}

/* What other families have and gpt2 has not: gathered matrices, experts and their scratch memory. */
static void families(void)
{
    static const char *const names[] = {"gptj-hub", "gpt_neox-yarn", "gpt_oss", "gpt_oss-mxfp4"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char path[64];
        snprintf(path, sizeof path, "golden/models/%s", names[i]);
        char *directory = test_path(path);
        fail_each(open_and_run, (attempt){.path = directory, .dtype = GPT_DTYPE_INT8}, 0, 0, 3);
        free(directory);
    }
}

static gpt_status find_model(attempt *a)
{
    char junk, *path = &junk;
    gpt_status status = gpt_model_find(&path, a->path);
    EXPECT((path != NULL) == (status == GPT_OK));
    if (status == GPT_OK)
        gpt_free(path);
    return status;
}

/* The last place is where most is done: every place before it is looked at. */
static void finding(void)
{
    static const char *const names[] = {"GPT_MODEL_PATH", "XDG_DATA_HOME", "HF_HUB_CACHE"};
    char *kept[3], place[512];
    for (int i = 0; i < 3; i++)
        kept[i] = getenv(names[i]) != NULL ? strdup(getenv(names[i])) : NULL;
    char *refs = model_directory("hub/models--org--m/refs");
    char *snapshot = model_directory("hub/models--org--m/snapshots/abc");
    model_write_text(refs, "main", "abc\n");
    model_write_text(snapshot, "config.json", "{}");
    setenv("GPT_MODEL_PATH", "/none:/nowhere", 1);
    setenv("XDG_DATA_HOME", "/none", 1);
    snprintf(place, sizeof place, "%s/hub", test_directory());
    setenv("HF_HUB_CACHE", place, 1);
    fail_each(find_model, (attempt){.path = "org/m"}, 0, 0, 1);
    fail_each(find_model, (attempt){.path = gpt_model_path(model)}, 0, 0, 1);
    for (int i = 0; i < 3; i++) {
        if (kept[i] != NULL)
            setenv(names[i], kept[i], 1);
        else
            unsetenv(names[i]);
        free(kept[i]);
    }
    free(refs);
    free(snapshot);
}

/*
 * Tokenizer.
 */

static gpt_status open_tokenizer(attempt *a)
{
    char junk[8];
    gpt_tokenizer *opened = (gpt_tokenizer *)(void *)junk;
    gpt_status status = gpt_tokenizer_open(&opened, a->path);
    EXPECT((opened != NULL) == (status == GPT_OK));
    if (status == GPT_OK)
        gpt_tokenizer_free(opened);
    return status;
}

static gpt_status encode(attempt *a)
{
    int32_t junk, *ids = &junk;
    size_t count = 77;
    (void)a;
    gpt_status status = gpt_tokenizer_encode(&ids, &count, gpt_model_tokenizer(model), "abc\xFF x<end> aaaa bb", 18, 0);
    EXPECT((ids != NULL) == (status == GPT_OK));
    EXPECT((count > 0) == (status == GPT_OK));
    if (status == GPT_OK)
        gpt_free(ids);
    return status;
}

static gpt_status decode(attempt *a)
{
    static const int32_t ids[] = {97, 0xE2, 256, 257, 259, 0xFF, 98};
    char junk, *text = &junk;
    size_t length = 77;
    (void)a;
    gpt_status status = gpt_tokenizer_decode(&text, &length, gpt_model_tokenizer(model), ids, 7, 0);
    EXPECT((text != NULL) == (status == GPT_OK));
    EXPECT((length > 0) == (status == GPT_OK));
    if (status == GPT_OK)
        gpt_free(text);
    return status;
}

static void tokenizing(void)
{
    fail_each(open_tokenizer, (attempt){.path = gpt_model_path(model)}, 0, 0, 1);
    /* Ids that could not be cut to size are handed out as they are. */
    fail_each(encode, (attempt){0}, 0, 1, 1);
    fail_each(decode, (attempt){0}, 0, 0, 1);
}

/*
 * Settings.
 */

static gpt_status make_generator(attempt *a)
{
    char junk[8];
    gpt_generator *made = (gpt_generator *)(void *)junk;
    (void)a;
    gpt_status status = gpt_generator_new(&made, model);
    EXPECT((made != NULL) == (status == GPT_OK));
    if (status == GPT_OK)
        gpt_generator_free(made);
    return status;
}

/* Enough of each that the lists have to grow; a setter that fails changes nothing. */
static gpt_status fill_lists(attempt *a)
{
    gpt_generator *g = a->generator;
    for (int32_t i = 1; i < 20; i++) {
        gpt_status status = gpt_generator_set_bias(g, i, 0.5f);
        EXPECT((gpt_generator_bias(g, i) != 0) == (status == GPT_OK));
        if (status != GPT_OK)
            return status;
        status = gpt_generator_set_banned(g, i, 1);
        EXPECT(gpt_generator_banned(g, i) == (status == GPT_OK));
        if (status != GPT_OK)
            return status;
        status = gpt_generator_set_stop_token(g, i, 1);
        EXPECT(gpt_generator_stop_token(g, i) == (status == GPT_OK));
        if (status != GPT_OK)
            return status;
        size_t before = gpt_generator_stop_string_count(g);
        status = gpt_generator_add_stop_string(g, "stop", 4);
        EXPECT_INT(gpt_generator_stop_string_count(g), before + (status == GPT_OK));
        if (status != GPT_OK)
            return status;
    }
    return GPT_OK;
}

/* The old settings stay when the new ones can not be had. */
static gpt_status reset(attempt *a)
{
    EXPECT_OK(gpt_generator_set_top_k(a->generator, 77));
    gpt_status status = gpt_generator_reset_settings(a->generator);
    EXPECT_INT(gpt_generator_top_k(a->generator), status == GPT_OK ? 0 : 77);
    EXPECT_INT(gpt_generator_stop_string_count(a->generator), status == GPT_OK ? 0 : 2);
    return status;
}

static void settings(void)
{
    fail_each(make_generator, (attempt){0}, 0, 0, 1);
    fail_each(fill_lists, (attempt){0}, 1, 0, 1);
    fail_each(reset, (attempt){0}, 1, 0, 1);
}

/*
 * Generating.
 */

static gpt_status add(attempt *a)
{
    int64_t sequence = 77;
    gpt_status status = gpt_generator_add(&sequence, a->generator, "abc abc", 7);
    EXPECT_INT(gpt_generator_active(a->generator), status == GPT_OK ? 3 : 0);
    EXPECT((sequence >= 0) == (status == GPT_OK));
    for (int64_t i = 0; status == GPT_OK && i < 3; i++)
        EXPECT_OK(gpt_generator_drop(a->generator, sequence + i));
    return status;
}

static gpt_status check_result(gpt_result *result, gpt_status status, size_t count)
{
    EXPECT((result != NULL) == (status == GPT_OK));
    if (status == GPT_OK) {
        EXPECT_INT(gpt_result_count(result), count);
        gpt_result_free(result);
    }
    return status;
}

static gpt_status run_text(attempt *a)
{
    char junk[8];
    gpt_result *result = (gpt_result *)(void *)junk;
    gpt_status status = gpt_generator_run(&result, a->generator, "abc", 3);
    return check_result(result, status, 3);
}

static gpt_status run_nothing(attempt *a)
{
    char junk[8];
    gpt_result *result = (gpt_result *)(void *)junk;
    gpt_status status = gpt_generator_run(&result, a->generator, NULL, 0);
    return check_result(result, status, 3);
}

/* Prompts that begin alike share pages; the first is longer than what it shares. */
static gpt_status run_many(attempt *a)
{
    static const char *const prompts[] = {"a long beginning that is shared, first", "b",
                                          "a long beginning that is shared, second"};
    const size_t lengths[] = {strlen(prompts[0]), 1, strlen(prompts[2])};
    char junk[8];
    gpt_result *result = (gpt_result *)(void *)junk;
    gpt_status status = gpt_generator_run_many(&result, a->generator, prompts, lengths, 3);
    return check_result(result, status, 9);
}

static int count_event(const gpt_event *event, void *user)
{
    size_t length;
    *(int *)user += gpt_event_text(&length, event) != NULL;
    return 0;
}

static gpt_status stream(attempt *a)
{
    int events = 0;
    gpt_status status = gpt_generator_stream(a->generator, "abc", 3, count_event, &events);
    EXPECT(status != GPT_OK || events >= 12);
    return status;
}

static gpt_status evaluate(attempt *a)
{
    static float logits[START_IDS * 512], hidden[START_IDS * 64];
    return gpt_generator_evaluate(logits, hidden, a->generator, start_ids, START_IDS);
}

static gpt_status score(attempt *a)
{
    float logprobs[START_IDS];
    return gpt_generator_score(logprobs, a->generator, start_ids, START_IDS);
}

static gpt_status process_logits(attempt *a)
{
    static float logits[512];
    return gpt_generator_process_logits(logits, a->generator, start_ids, START_IDS, 2);
}

static gpt_status search(attempt *a)
{
    gpt_generator *g = a->generator;
    gpt_result *result = NULL;
    EXPECT_OK(gpt_generator_set_beams(g, 3));
    gpt_status status = gpt_generator_run_ids(&result, g, start_ids, START_IDS);
    EXPECT((result != NULL) == (status == GPT_OK));
    gpt_result_free(result);
    return status;
}

static void generating(void)
{
    fail_each(search, (attempt){0}, 1, 0, 1);
    fail_each(add, (attempt){0}, 1, 1, 1);
    fail_each(run_text, (attempt){0}, 1, 1, 1);
    fail_each(run_nothing, (attempt){0}, 1, 0, 1);
    fail_each(run_many, (attempt){0}, 1, 3, 1);
    fail_each(stream, (attempt){0}, 1, 1, 1);
}

static void numbers(void)
{
    fail_each(evaluate, (attempt){0}, 1, 0, 1);
    fail_each(score, (attempt){0}, 1, 0, 1);
    fail_each(process_logits, (attempt){0}, 1, 0, 1);
}

/*
 * Every step fails again and again before it succeeds.
 */

/* What the events of a whole generation say, in their order; texts together. */
typedef struct story {
    int64_t said[200][2]; /* sequence and token */
    size_t count;
    gpt__buffer text;
} story;

static void note_events(story *s, const gpt_generator *g)
{
    for (size_t i = 0; i < gpt_generator_event_count(g) && s->count < 200; i++) {
        const gpt_event *event = gpt_generator_event(g, i);
        size_t length;
        const char *text = gpt_event_text(&length, event);
        s->said[s->count][0] = gpt_event_sequence(event);
        s->said[s->count++][1] = gpt_event_token(event);
        EXPECT_OK(gpt__buffer_add(&s->text, text, length));
    }
}

/* Steps until it succeeds, with one more allocation each time. */
static void step_with_failures(gpt_generator *g, int every_later)
{
    for (long n = 0; n < 1000; n++) {
        size_t active = gpt_generator_active(g);
        size_t pending = gpt_generator_pending(g);
        gpt__fail_allocation_after(n, every_later);
        gpt_status status = gpt_generator_step(g);
        gpt__fail_allocation_after(-1, 0);
        if (status == GPT_OK)
            return;
        EXPECT_STATUS(status, GPT_E_MEMORY);
        EXPECT_INT(gpt_generator_event_count(g), 0);
        EXPECT_INT(gpt_generator_active(g), active);
        EXPECT_INT(gpt_generator_pending(g), pending);
    }
    EXPECT(!"a step succeeds at last");
}

static void tell(story *s, int with_failures, int every_later)
{
    gpt_generator *g = new_generator();
    int64_t sequence;
    memset(s, 0, sizeof *s);
    EXPECT_OK(gpt_generator_set_chunk(g, 7));
    EXPECT_OK(gpt_generator_add(&sequence, g, "a long beginning that is shared, first", 38));
    EXPECT_OK(gpt_generator_add(&sequence, g, "b", 1));
    for (int i = 0; gpt_generator_active(g) > 0; i++) {
        /* One that comes late begins like one that has been read. */
        if (i == 8)
            EXPECT_OK(gpt_generator_add(&sequence, g, "a long beginning that is shared, second", 39));
        if (with_failures)
            step_with_failures(g, every_later);
        else
            EXPECT_OK(gpt_generator_step(g));
        note_events(s, g);
    }
    gpt_generator_free(g);
}

static void steps(void)
{
    static story plain, failing;
    tell(&plain, 0, 0);
    EXPECT(plain.count >= 9 * 4);
    for (int every_later = 0; every_later < 2; every_later++) {
        tell(&failing, 1, every_later);
        EXPECT_INT(failing.count, plain.count);
        EXPECT(memcmp(failing.said, plain.said, sizeof plain.said) == 0);
        EXPECT_BYTES(failing.text.bytes, failing.text.length, plain.text.bytes, plain.text.length);
        gpt__buffer_release(&failing.text);
    }
    gpt__buffer_release(&plain.text);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    char *directory = model_with_tokenizer("subject");
    if (model_open_as(&model, directory, GPT_DTYPE_F32) != GPT_OK)
        return 1;
    free(directory);
    TEST(opening_f32);
    TEST(opening_bf16);
    TEST(opening_int8);
    TEST(opening_untied_f16);
    TEST(opening_storyteller);
    TEST(families);
    TEST(finding);
    TEST(tokenizing);
    TEST(settings);
    TEST(generating);
    TEST(numbers);
    TEST(steps);
    gpt_model_free(model);
    return TEST_END();
}
