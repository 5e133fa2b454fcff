/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_tokenizer_threads.c: several threads use one tokenizer at the same time; run under ThreadSanitizer too. */
#include "test_tokenizer_maker.h"

#include <pthread.h>

#define THREADS 4
#define ROUNDS 50

typedef struct job {
    gpt_tokenizer *tokenizer; /* a reference of this thread's own */
    const char *text;
    size_t length;
    const int32_t *expected;
    size_t count;
    int wrong;
} job;

static int encodes_and_decodes(const job *j)
{
    int32_t *ids = NULL;
    size_t count = 0;
    char *back = NULL;
    size_t length = 0;
    int good = gpt_tokenizer_encode(&ids, &count, j->tokenizer, j->text, j->length, 0) == GPT_OK &&
               count == j->count && memcmp(ids, j->expected, count * sizeof *ids) == 0;
    good = good && gpt_tokenizer_decode(&back, &length, j->tokenizer, ids, count, 0) == GPT_OK && length == j->length &&
           memcmp(back, j->text, length) == 0;
    gpt_free(ids);
    gpt_free(back);
    return good;
}

static void *run_job(void *context)
{
    job *j = context;
    for (int round = 0; round < ROUNDS; round++) {
        gpt_tokenizer *more = gpt_tokenizer_ref(j->tokenizer);
        j->wrong += !encodes_and_decodes(j);
        gpt_tokenizer_free(more);
    }
    gpt_tokenizer_free(j->tokenizer);
    return NULL;
}

static void share_one_tokenizer(void)
{
    static const maker m = {.merges = "a b,ab c,b c,a a,aa aa",
                            .added = "{\"id\": 261, \"content\": \"<x>\", \"special\": true}"};
    gpt_tokenizer *t = NULL;
    pthread_t threads[THREADS];
    job jobs[THREADS];
    char text[2048];
    int32_t *expected = NULL;
    size_t count = 0;
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = "abcabaa aa<x>b"[(i * 7 + i / 50) % 14];
    memset(text, 'a', 500);
    EXPECT_OK(maker_open(&t, m));
    EXPECT_OK(gpt_tokenizer_encode(&expected, &count, t, text, sizeof text, 0));
    for (int i = 0; i < THREADS; i++) {
        jobs[i] = (job){gpt_tokenizer_ref(t), text, sizeof text, expected, count, 0};
        EXPECT_INT(pthread_create(&threads[i], NULL, run_job, &jobs[i]), 0);
    }
    /* The threads hold references of their own. */
    gpt_tokenizer_free(t);
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        EXPECT_INT(jobs[i].wrong, 0);
    }
    gpt_free(expected);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(share_one_tokenizer);
    return TEST_END();
}
