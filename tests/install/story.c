/* SPDX-License-Identifier: Apache-2.0 */
/* install/story.c: the program that README.md shows, but for these lines about SPDX and the file. */
#include <gpt/gpt.h>
#include <stdio.h>
static int show(const gpt_event *event, void *user)
{
    size_t length;
    const char *text = gpt_event_text(&length, event);
    return fwrite(text, 1, length, user) < length || fflush(user) != 0;
}
int main(void)
{
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    int failed = gpt_model_open(&model, "storyteller", NULL) || gpt_generator_new(&generator, model) ||
                 gpt_generator_stream(generator, "Once upon a time", 16, show, stdout);
    if (failed)
        fprintf(stderr, "%s\n", gpt_error_message());
    gpt_generator_free(generator);
    gpt_model_free(model);
    return failed;
}
