/* SPDX-License-Identifier: Apache-2.0 */
/* bench/tokens.c: the microseconds for each token of a stream in C, with which other languages are compared. */
#include <gpt/gpt.h>
#include <stdio.h>
#include <time.h>

enum { TOKENS = 400 };

static int take(const gpt_event *event, void *user)
{
    size_t length;
    size_t *bytes = user;
    gpt_event_text(&length, event);
    *bytes += length;
    return 0;
}

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + (double)time.tv_nsec * 1e-9;
}

int main(void)
{
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    size_t bytes = 0;
    int failed = gpt_model_open(&model, "storyteller", NULL) || gpt_generator_new(&generator, model) ||
                 gpt_generator_set_threads(generator, 1) || gpt_generator_set_sampling(generator, 0) ||
                 gpt_generator_set_max_new_tokens(generator, TOKENS) ||
                 gpt_generator_set_min_new_tokens(generator, TOKENS);
    double best = 1e9;
    for (int i = 0; i < 3 && !failed; i++) {
        double begin = now();
        failed = gpt_generator_stream(generator, "Once upon a time", 16, take, &bytes) != GPT_OK;
        double seconds = now() - begin;
        best = seconds < best ? seconds : best;
    }
    if (failed)
        fprintf(stderr, "%s\n", gpt_error_message());
    else
        printf("%.2f\n", best / TOKENS * 1e6);
    gpt_generator_free(generator);
    gpt_model_free(model);
    return failed;
}
