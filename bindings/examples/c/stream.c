/* SPDX-License-Identifier: Apache-2.0 */
/*
 * c/stream.c: shows each piece of text as soon as it is certain.
 *
 *     stream [MODEL [PROMPT]]
 */
#include <gpt/gpt.h>
#include <stdio.h>
#include <string.h>

/* One piece on a line of its own, between bars, so that its spaces can be seen. */
static int show(const gpt_event *event, void *user)
{
    size_t length;
    const char *text = gpt_event_text(&length, event);
    (void)user;
    if (length > 0)
        printf("|%.*s|\n", (int)length, text);
    return fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *prompt = argc > 2 ? argv[2] : "Once upon a time";
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    int failed = gpt_model_open(&model, argc > 1 ? argv[1] : "storyteller", NULL) ||
                 gpt_generator_new(&generator, model) || gpt_generator_set_threads(generator, 1) ||
                 gpt_generator_set_sampling(generator, 1) || gpt_generator_set_seed(generator, 7) ||
                 gpt_generator_set_max_new_tokens(generator, 50) ||
                 gpt_generator_stream(generator, prompt, strlen(prompt), show, NULL);
    if (failed)
        fprintf(stderr, "%s\n", gpt_error_message());
    gpt_generator_free(generator);
    gpt_model_free(model);
    return failed;
}
