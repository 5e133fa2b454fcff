/* SPDX-License-Identifier: Apache-2.0 */
/*
 * threads/test_threads.c: what the headers promise to several threads: shared models and tokenizers, references,
 * cancelling from outside, messages of each thread's own, the log. Run under ThreadSanitizer too; every generator
 * computes on its own thread alone, as GNU's OpenMP runtime is not instrumented.
 */
#include "unit/test_model_maker.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#define THREADS 4

static char *directory;
static gpt_model *model;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Runs the same function on all threads, each with a context of its own, and waits for them. */
static void run_threads(void *(*run)(void *), void *contexts, size_t size)
{
    pthread_t threads[THREADS];
    for (size_t i = 0; i < THREADS; i++)
        if (pthread_create(&threads[i], NULL, run, (char *)contexts + i * size) != 0)
            abort();
    for (size_t i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/*
 * Expectations count in variables that only the main thread may touch: threads note what went wrong instead.
 */

#define TOKENS 12
#define SAMPLES 3

typedef struct told {
    int32_t tokens[2][SAMPLES * TOKENS]; /* greedy, sampled */
    gpt_status status;
} told;

static gpt_status run_into(int32_t *tokens, gpt_generator *g, const char *prompt)
{
    gpt_result *result = NULL;
    gpt_status status = gpt_generator_run(&result, g, prompt, strlen(prompt));
    for (size_t i = 0; i < gpt_result_count(result); i++) {
        size_t count;
        const int32_t *ids = gpt_result_ids(&count, result, i);
        memcpy(tokens + i * TOKENS, ids, (count < TOKENS ? count : TOKENS) * sizeof *ids);
    }
    gpt_result_free(result);
    return status;
}

static gpt_status set_up(gpt_generator *g)
{
    gpt_status status = gpt_generator_set_threads(g, 1);
    if (status == GPT_OK)
        status = gpt_generator_set_min_new_tokens(g, TOKENS);
    if (status == GPT_OK)
        status = gpt_generator_set_max_new_tokens(g, TOKENS);
    return status == GPT_OK ? gpt_generator_set_samples(g, SAMPLES) : status;
}

/* A greedy and a sampled generation. */
static void tell(told *t, gpt_generator *g)
{
    static const char prompt[] = "abc abc, what comes next";
    memset(t, 0, sizeof *t);
    t->status = set_up(g);
    if (t->status == GPT_OK)
        t->status = gpt_generator_set_sampling(g, 0);
    if (t->status == GPT_OK)
        t->status = run_into(t->tokens[0], g, prompt);
    if (t->status == GPT_OK)
        t->status = gpt_generator_set_sampling(g, 1);
    if (t->status == GPT_OK)
        t->status = gpt_generator_set_seed(g, 2024);
    if (t->status == GPT_OK)
        t->status = run_into(t->tokens[1], g, prompt);
}

static void tell_by_model(told *t, gpt_model *m)
{
    gpt_generator *g = NULL;
    memset(t, 0, sizeof *t);
    t->status = gpt_generator_new(&g, m);
    if (t->status == GPT_OK)
        tell(t, g);
    gpt_generator_free(g);
}

/* What one thread says when it is alone. */
static told expected;

static void expect_told(const told *t)
{
    EXPECT_INT(t->status, GPT_OK);
    EXPECT(memcmp(t->tokens, expected.tokens, sizeof expected.tokens) == 0);
}

/* The samples must differ among each other, or the comparison would prove little. */
static void alone(void)
{
    tell_by_model(&expected, model);
    EXPECT_INT(expected.status, GPT_OK);
    EXPECT(memcmp(expected.tokens[0], expected.tokens[0] + TOKENS, TOKENS * sizeof(int32_t)) == 0);
    EXPECT(memcmp(expected.tokens[1], expected.tokens[1] + TOKENS, TOKENS * sizeof(int32_t)) != 0);
}

static void *tell_repeatedly(void *context)
{
    told *t = context;
    for (int round = 0; round < 3; round++) {
        tell_by_model(t, model);
        if (t->status != GPT_OK || memcmp(t->tokens, expected.tokens, sizeof expected.tokens) != 0)
            break;
    }
    return NULL;
}

static void generators_share_a_model(void)
{
    static told stories[THREADS];
    run_threads(tell_repeatedly, stories, sizeof *stories);
    for (int i = 0; i < THREADS; i++)
        expect_told(&stories[i]);
}

static void *open_and_tell(void *context)
{
    told *t = context;
    gpt_model *own = NULL;
    gpt_tokenizer *tokenizer = NULL;
    for (int round = 0; round < 3; round++) {
        t->status = model_open_as(&own, directory, GPT_DTYPE_F32);
        if (t->status == GPT_OK)
            tell_by_model(t, own);
        gpt_model_free(own);
        if (t->status == GPT_OK)
            t->status = gpt_tokenizer_open(&tokenizer, directory);
        gpt_tokenizer_free(tokenizer);
        own = NULL;
        tokenizer = NULL;
    }
    return NULL;
}

static void models_of_their_own(void)
{
    static told stories[THREADS];
    run_threads(open_and_tell, stories, sizeof *stories);
    for (int i = 0; i < THREADS; i++)
        expect_told(&stories[i]);
}

/* Each thread gives back what keeps the model alive while others do the same; whoever is last frees it. */
typedef struct holder {
    gpt_model *model;
    int wrong;
} holder;

static void *take_and_give(void *context)
{
    holder *h = context;
    for (int round = 0; round < 200; round++) {
        gpt_model *more = gpt_model_ref(h->model);
        gpt_tokenizer *tokenizer = gpt_tokenizer_ref(gpt_model_tokenizer(more));
        gpt_generator *g = NULL;
        int32_t *ids = NULL;
        size_t count = 0;
        h->wrong += gpt_generator_new(&g, more) != GPT_OK;
        gpt_model_free(more);
        h->wrong += gpt_model_vocab_size(gpt_generator_model(g)) != 512;
        gpt_generator_free(g);
        h->wrong += gpt_tokenizer_encode(&ids, &count, tokenizer, "abc abc", 7, 0) != GPT_OK || count != 3;
        gpt_free(ids);
        gpt_tokenizer_free(tokenizer);
    }
    gpt_model_free(h->model);
    return NULL;
}

static void references_race(void)
{
    holder holders[THREADS];
    gpt_model *own = NULL;
    for (int round = 0; round < 5; round++) {
        EXPECT_OK(model_open_as(&own, directory, GPT_DTYPE_F32));
        for (int i = 0; i < THREADS; i++)
            holders[i] = (holder){gpt_model_ref(own), 0};
        gpt_model_free(own);
        run_threads(take_and_give, holders, sizeof *holders);
        for (int i = 0; i < THREADS; i++)
            EXPECT_INT(holders[i].wrong, 0);
    }
}

/*
 * Cancelling.
 */

/* A call that would take far longer than anybody waits. */
typedef struct long_call {
    gpt_generator *generator;
    gpt_status (*call)(struct long_call *);
    atomic_int is_running;
    gpt_status status;
    int names_it; /* the message tells of the cancellation */
    double end;
} long_call;

static int note_running(float *logits, int32_t vocab, const int32_t *ids, size_t count, int64_t sequence, void *user)
{
    (void)logits, (void)vocab, (void)ids, (void)count, (void)sequence;
    atomic_store(&((long_call *)user)->is_running, 1);
    return 0;
}

static gpt_status call_run(long_call *c)
{
    static char prompt[60];
    gpt_result *result = NULL;
    memset(prompt, 'x', sizeof prompt);
    gpt_status status = gpt_generator_set_logits_hook(c->generator, note_running, c);
    if (status == GPT_OK)
        status = gpt_generator_set_samples(c->generator, 4096);
    if (status == GPT_OK)
        status = gpt_generator_set_min_new_tokens(c->generator, 1000);
    if (status == GPT_OK)
        status = gpt_generator_run(&result, c->generator, prompt, sizeof prompt);
    gpt_result_free(result);
    return status;
}

static gpt_status call_score(long_call *c)
{
    size_t count = 4000000;
    int32_t *ids = calloc(count, sizeof *ids);
    float *logprobs = calloc(count, sizeof *logprobs);
    atomic_store(&c->is_running, 1);
    gpt_status status = gpt_generator_score(logprobs, c->generator, ids, count);
    free(ids);
    free(logprobs);
    return status;
}

static void *make_long_call(void *context)
{
    long_call *c = context;
    c->status = c->call(c);
    c->names_it = strstr(gpt_error_message(), "cancelled") != NULL;
    c->end = now();
    return NULL;
}

static void cancel_while(gpt_status (*call)(long_call *))
{
    static const struct timespec moment = {0, 20000000};
    pthread_t thread;
    told after;
    long_call c = {.call = call};
    EXPECT_OK(gpt_generator_new(&c.generator, model));
    EXPECT_OK(set_up(c.generator));
    EXPECT_OK(gpt_generator_set_max_new_tokens(c.generator, 0));
    EXPECT_INT(pthread_create(&thread, NULL, make_long_call, &c), 0);
    while (!atomic_load(&c.is_running))
        nanosleep(&moment, NULL);
    nanosleep(&moment, NULL);
    double begin = now();
    gpt_generator_cancel(c.generator);
    pthread_join(thread, NULL);
    EXPECT_STATUS(c.status, GPT_E_CANCELLED);
    EXPECT(c.names_it);
    /* A layer of this model takes microseconds; a busy machine and a sanitizer may stretch that. */
    EXPECT(c.end - begin < 5);
    EXPECT_INT(gpt_generator_active(c.generator), 0);
    EXPECT_OK(gpt_generator_reset_settings(c.generator));
    tell(&after, c.generator);
    expect_told(&after);
    gpt_generator_free(c.generator);
}

static void cancel_a_run(void)
{
    cancel_while(call_run);
}

static void cancel_a_score(void)
{
    cancel_while(call_score);
}

static void cancel_before_a_run(void)
{
    gpt_generator *g = NULL;
    gpt_result *result = NULL;
    told after;
    float logprobs[2];
    const int32_t ids[2] = {1, 2};
    EXPECT_OK(gpt_generator_new(&g, model));
    EXPECT_OK(set_up(g));
    gpt_generator_cancel(g);
    EXPECT_STATUS(gpt_generator_run(&result, g, "abc", 3), GPT_E_CANCELLED);
    EXPECT(result == NULL);
    gpt_generator_cancel(g);
    gpt_generator_cancel(g);
    EXPECT_STATUS(gpt_generator_score(logprobs, g, ids, 2), GPT_E_CANCELLED);
    gpt_generator_cancel(g);
    EXPECT_STATUS(gpt_generator_evaluate(NULL, NULL, g, ids, 2), GPT_E_CANCELLED);
    tell(&after, g);
    expect_told(&after);
    gpt_generator_free(g);
}

/* Cancels again and again while another thread steps. */
typedef struct canceller {
    gpt_generator *generator;
    atomic_int is_over;
} canceller;

static void *cancel_repeatedly(void *context)
{
    static const struct timespec moment = {0, 300000};
    canceller *c = context;
    while (!atomic_load(&c->is_over)) {
        gpt_generator_cancel(c->generator);
        nanosleep(&moment, NULL);
    }
    return NULL;
}

/* Adds the prompt and steps to the end, over all cancellations. Returns how many there were. */
static int step_to_the_end(gpt_generator *g)
{
    static const char prompt[] = "abc abc, what comes next";
    int32_t tokens[SAMPLES][TOKENS];
    size_t counts[SAMPLES] = {0};
    int64_t first = 0;
    int cancelled = 0;
    EXPECT_OK(gpt_generator_add(&first, g, prompt, strlen(prompt)));
    while (gpt_generator_active(g) > 0) {
        gpt_status status = gpt_generator_step(g);
        cancelled += status == GPT_E_CANCELLED;
        if (status != GPT_OK && status != GPT_E_CANCELLED)
            break;
        for (size_t i = 0; i < gpt_generator_event_count(g); i++) {
            const gpt_event *event = gpt_generator_event(g, i);
            int64_t sample = gpt_event_sequence(event) - first;
            if (sample >= 0 && sample < SAMPLES && counts[sample] < TOKENS)
                tokens[sample][counts[sample]++] = gpt_event_token(event);
        }
    }
    EXPECT_INT(gpt_generator_active(g), 0);
    for (size_t i = 0; i < SAMPLES; i++)
        EXPECT(counts[i] == TOKENS && memcmp(tokens[i], expected.tokens[1] + i * TOKENS, sizeof tokens[i]) == 0);
    return cancelled;
}

/* Sequences are as before a cancelled step: in the end they have the same tokens. */
static void cancelled_steps_can_go_on(void)
{
    int cancelled = 0;
    pthread_t thread;
    canceller c = {0};
    EXPECT_OK(gpt_generator_new(&c.generator, model));
    EXPECT_OK(set_up(c.generator));
    EXPECT_OK(gpt_generator_set_sampling(c.generator, 1));
    EXPECT_OK(gpt_generator_set_seed(c.generator, 2024));
    EXPECT_INT(pthread_create(&thread, NULL, cancel_repeatedly, &c), 0);
    /* The prompt is quickly read; a few rounds, until steps were cancelled for sure. */
    for (int round = 0; round < 1000 && cancelled < 10; round++)
        cancelled += step_to_the_end(c.generator);
    atomic_store(&c.is_over, 1);
    pthread_join(thread, NULL);
    EXPECT(cancelled >= 10);
    gpt_generator_free(c.generator);
}

/*
 * Messages and log.
 */

typedef struct complainer {
    int number;
    int wrong;
} complainer;

/* Each thread makes a failure of its own, and must never read another's. */
static void *complain(void *context)
{
    complainer *c = context;
    char name[32], part[48];
    gpt_model *none = NULL;
    snprintf(name, sizeof name, "no-model-%d", c->number);
    snprintf(part, sizeof part, "%s:", name);
    c->wrong += gpt_error_message()[0] != '\0';
    for (int round = 0; round < 300; round++) {
        c->wrong += gpt_model_open(&none, name, NULL) != GPT_E_NOT_FOUND;
        c->wrong += strncmp(gpt_error_message(), part, strlen(part)) != 0;
        c->wrong += strcmp(gpt_status_name(GPT_E_NOT_FOUND), "GPT_E_NOT_FOUND") != 0;
        c->wrong += strstr(gpt_backend(), "oneDNN") == NULL;
    }
    return NULL;
}

static void messages_of_their_own(void)
{
    complainer complainers[THREADS];
    for (int i = 0; i < THREADS; i++)
        complainers[i] = (complainer){i, 0};
    run_threads(complain, complainers, sizeof *complainers);
    for (int i = 0; i < THREADS; i++)
        EXPECT_INT(complainers[i].wrong, 0);
}

static atomic_int lines[2];

static void count_line(gpt_log_level level, const char *line, void *user)
{
    (void)level;
    atomic_fetch_add((atomic_int *)user, line[0] != '\0');
}

/* Two threads open models, which logs, while the others change where the lines go. */
static void *log_or_redirect(void *context)
{
    const int *number = context;
    for (int round = 0; round < 20; round++) {
        gpt_model *own = NULL;
        if (*number % 2 != 0)
            gpt_log_set_callback(count_line, GPT_LOG_DEBUG, &lines[round % 2]);
        else if (model_open_as(&own, directory, GPT_DTYPE_F32) == GPT_OK)
            gpt_model_free(own);
    }
    return NULL;
}

static void log_changes_hands(void)
{
    int numbers[THREADS] = {0, 1, 2, 3};
    gpt_log_set_callback(count_line, GPT_LOG_INFO, &lines[0]);
    run_threads(log_or_redirect, numbers, sizeof *numbers);
    gpt_log_set_callback(NULL, GPT_LOG_INFO, NULL);
    int count = atomic_load(&lines[0]) + atomic_load(&lines[1]);
    /* 40 models were opened, one line each at least. */
    EXPECT(count >= 40);
    gpt_model *own = NULL;
    EXPECT_OK(model_open_as(&own, directory, GPT_DTYPE_F32));
    gpt_model_free(own);
    EXPECT_INT(atomic_load(&lines[0]) + atomic_load(&lines[1]), count);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    directory = model_with_tokenizer("threads");
    if (model_open_as(&model, directory, GPT_DTYPE_F32) != GPT_OK)
        return 1;
    TEST(alone);
    TEST(generators_share_a_model);
    TEST(models_of_their_own);
    TEST(references_race);
    TEST(cancel_a_run);
    TEST(cancel_a_score);
    TEST(cancel_before_a_run);
    TEST(cancelled_steps_can_go_on);
    TEST(messages_of_their_own);
    TEST(log_changes_hands);
    gpt_model_free(model);
    free(directory);
    return TEST_END();
}
