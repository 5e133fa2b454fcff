/* SPDX-License-Identifier: Apache-2.0 */
/*
 * c/serve.c: several threads, each with a generator of its own, work on one list of prompts and share one model.
 *
 *     serve [MODEL [PROMPT...]]
 */
#include <gpt/gpt.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 3, MAX_PROMPTS = 64 };

static gpt_model *model;
static const char *const *prompts;
static size_t count;
static atomic_size_t next;
static gpt_result *results[MAX_PROMPTS];

/* Takes the next prompt until there is none; an error, whose message belongs to the thread, is printed by it. */
static void *work(void *unused)
{
    gpt_generator *generator = NULL;
    int failed = gpt_generator_new(&generator, model) || gpt_generator_set_threads(generator, 1) ||
                 gpt_generator_set_sampling(generator, 1) || gpt_generator_set_seed(generator, 7) ||
                 gpt_generator_set_max_new_tokens(generator, 30);
    for (size_t i; !failed && (i = atomic_fetch_add(&next, 1)) < count;)
        failed = gpt_generator_run(&results[i], generator, prompts[i], strlen(prompts[i])) != GPT_OK;
    if (failed)
        fprintf(stderr, "%s\n", gpt_error_message());
    gpt_generator_free(generator);
    return unused;
}

/* Prints the results in the order of the prompts, whichever thread made them. */
static int show(void)
{
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        size_t length;
        const char *text = gpt_result_text(&length, results[i], 0);
        if (text != NULL)
            printf("%zu: %s%.*s\n", i, prompts[i], (int)length, text);
        failed |= text == NULL;
        gpt_result_free(results[i]);
    }
    return failed;
}

int main(int argc, char **argv)
{
    const char *defaults[] = {"Once upon a time", "The fox", "One day, a little girl", "The sun", "It was a dark night",
                              "A boy named Tom"};
    prompts = argc > 2 ? (const char *const *)argv + 2 : defaults;
    count = argc > 2 ? (size_t)argc - 2 : 6;
    if (count > MAX_PROMPTS || gpt_model_open(&model, argc > 1 ? argv[1] : "storyteller", NULL) != GPT_OK) {
        fprintf(stderr, "%s\n", gpt_error_message());
        return 1;
    }
    pthread_t threads[THREADS];
    int started = 0;
    while (started < THREADS && pthread_create(&threads[started], NULL, work, NULL) == 0)
        started++;
    for (int i = 0; i < started; i++)
        pthread_join(threads[i], NULL);
    int failed = show();
    gpt_model_free(model);
    return failed;
}
