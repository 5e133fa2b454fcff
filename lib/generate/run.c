/* SPDX-License-Identifier: Apache-2.0 */
/* generate/run.c: generation in one call, with or without a callback, on top of steps. */
#include "generate/beam.h"
#include "generate/generator.h"
#include "generate/result.h"

/*
 * Collecting.
 */

/* Sequences are numbered from first, as the outputs are. */
static gpt_status collect(gpt_result *result, int64_t first, const gpt_event *event)
{
    gpt__output *output = &result->outputs[event->sequence - first];
    output->finish = event->finish;
    return gpt__output_add(output, event->token, event->logprob, event->text.bytes, event->text.length);
}

/* Steps until nothing runs any more. */
static gpt_status collect_all(gpt_generator *generator, gpt_result *result, int64_t first)
{
    while (generator->sequence_count > 0) {
        GPT__TRY(gpt__generator_step(generator));
        for (size_t i = 0; i < generator->event_count; i++)
            GPT__TRY(collect(result, first, &generator->events[i]));
    }
    return GPT_OK;
}

/* Begins a call that runs what it adds, and nothing else. */
static gpt_status begin(gpt_generator *generator)
{
    GPT__TRY(gpt__generator_check_free(generator));
    if (generator->sequence_count > 0)
        return gpt__fail(GPT_E_ARGUMENT, "%zu sequences of gpt_generator_add still run", generator->sequence_count);
    generator->is_busy = 1;
    return GPT_OK;
}

/* Runs the sequences that were added, whose prompts' lengths are asked from them, and gives the result. */
static gpt_status run_added(gpt_result **out, gpt_generator *generator)
{
    gpt_result *result;
    int64_t first = generator->sequences[0]->id;
    GPT__TRY(gpt__result_new(&result, generator->sequence_count, generator->settings.logprobs >= 0));
    for (size_t i = 0; i < result->count; i++)
        result->outputs[i].prompt_count = generator->sequences[i]->prompt_count;
    gpt_status status = collect_all(generator, result, first);
    if (status != GPT_OK) {
        gpt_result_free(result);
        return status;
    }
    *out = result;
    return GPT_OK;
}

/* On failure nothing must run on, and a callback's end of the call has taken a cancellation with it. */
static gpt_status end(gpt_generator *generator, gpt_status status)
{
    generator->is_busy = 0;
    if (status != GPT_OK)
        gpt__generator_drop_all(generator);
    return gpt__generator_told(generator, status);
}

gpt_status gpt_generator_run_ids(gpt_result **out, gpt_generator *generator, const int32_t *ids, size_t count)
{
    GPT__CHECK_ARGUMENT(out != NULL);
    *out = NULL;
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__CHECK_ARGUMENT(ids != NULL && count > 0);
    GPT__TRY(begin(generator));
    if (generator->settings.beams > 1)
        return end(generator, gpt__beam_run_ids(out, generator, ids, count));
    int64_t first;
    gpt_status status = gpt__generator_add_ids(&first, generator, ids, count);
    if (status == GPT_OK)
        status = run_added(out, generator);
    return end(generator, status);
}

gpt_status gpt_generator_run(gpt_result **out, gpt_generator *generator, const char *prompt, size_t length)
{
    GPT__CHECK_ARGUMENT(out != NULL);
    *out = NULL;
    GPT__CHECK_ARGUMENT(prompt != NULL || length == 0);
    return gpt_generator_run_many(out, generator, &prompt, &length, 1);
}

gpt_status gpt_generator_run_many(gpt_result **out, gpt_generator *generator, const char *const *prompts,
                                  const size_t *lengths, size_t count)
{
    GPT__CHECK_ARGUMENT(out != NULL);
    *out = NULL;
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__CHECK_ARGUMENT(prompts != NULL && lengths != NULL && count > 0);
    GPT__CHECK_ARGUMENT(count <= PTRDIFF_MAX / sizeof *prompts);
    for (size_t i = 0; i < count; i++)
        if (prompts[i] == NULL && lengths[i] > 0)
            return gpt__fail(GPT_E_ARGUMENT, "prompt %zu is NULL", i);
    GPT__TRY(begin(generator));
    if (generator->settings.beams > 1)
        return end(generator, gpt__beam_run_many(out, generator, prompts, lengths, count));
    gpt_status status = GPT_OK;
    for (size_t i = 0; status == GPT_OK && i < count; i++) {
        int64_t first;
        status = gpt__generator_add(&first, generator, prompts[i], lengths[i]);
    }
    if (status == GPT_OK)
        status = run_added(out, generator);
    return end(generator, status);
}

/*
 * Streaming.
 */

/* Steps with a callback for each event. */
static gpt_status stream_added(gpt_generator *generator, gpt_event_callback callback, void *user)
{
    while (generator->sequence_count > 0) {
        GPT__TRY(gpt__generator_step(generator));
        for (size_t i = 0; i < generator->event_count; i++)
            if (callback(&generator->events[i], user) != 0)
                return gpt__fail(GPT_E_CANCELLED, "the callback ended the generation");
    }
    return GPT_OK;
}

gpt_status gpt_generator_stream_ids(gpt_generator *generator, const int32_t *ids, size_t count,
                                    gpt_event_callback callback, void *user)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__CHECK_ARGUMENT(ids != NULL && count > 0);
    GPT__CHECK_ARGUMENT(callback != NULL);
    GPT__TRY(begin(generator));
    int64_t first;
    gpt_status status = gpt__generator_add_ids(&first, generator, ids, count);
    if (status == GPT_OK)
        status = stream_added(generator, callback, user);
    return end(generator, status);
}

gpt_status gpt_generator_stream(gpt_generator *generator, const char *prompt, size_t length,
                                gpt_event_callback callback, void *user)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__CHECK_ARGUMENT(prompt != NULL || length == 0);
    GPT__CHECK_ARGUMENT(callback != NULL);
    GPT__TRY(begin(generator));
    int64_t first;
    gpt_status status = gpt__generator_add(&first, generator, prompt, length);
    if (status == GPT_OK)
        status = stream_added(generator, callback, user);
    return end(generator, status);
}
