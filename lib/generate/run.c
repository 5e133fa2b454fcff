/* SPDX-License-Identifier: Apache-2.0 */
/* generate/run.c: generation in one call, with or without a callback, on top of steps. */
#include "base/memory.h"
#include "generate/generator.h"


typedef struct output {
    gpt__buffer text;
    int32_t *ids;    /* [count] */
    float *logprobs; /* [count] */
    size_t count;
    size_t ids_capacity;
    size_t logprobs_capacity;
    size_t prompt_count;
    gpt_finish finish;
} output;

struct gpt_result {
    output *outputs;
    size_t count;
    int has_logprobs;
};

/*
 * Collecting.
 */

static gpt_status new_result(gpt_result **out, size_t count, int has_logprobs)
{
    gpt_result *result = gpt__allocate_zeroed(1, sizeof *result);
    if (result == NULL)
        return GPT_E_MEMORY;
    result->outputs = gpt__allocate_zeroed(count, sizeof *result->outputs);
    if (result->outputs == NULL) {
        gpt__release(result);
        return GPT_E_MEMORY;
    }
    result->count = count;
    result->has_logprobs = has_logprobs;
    *out = result;
    return GPT_OK;
}

static gpt_status collect(output *o, const gpt_event *event)
{
    GPT__TRY(gpt__reserve((void **)&o->ids, &o->ids_capacity, o->count + 1, sizeof *o->ids));
    GPT__TRY(gpt__reserve((void **)&o->logprobs, &o->logprobs_capacity, o->count + 1, sizeof *o->logprobs));
    GPT__TRY(gpt__buffer_add(&o->text, event->text.bytes, event->text.length));
    o->ids[o->count] = event->token;
    o->logprobs[o->count] = event->logprob;
    o->count++;
    o->finish = event->finish;
    return GPT_OK;
}

/* Steps until nothing runs any more; sequences are numbered from first, as the outputs are. */
static gpt_status collect_all(gpt_generator *generator, gpt_result *result, int64_t first)
{
    while (generator->sequence_count > 0) {
        GPT__TRY(gpt_generator_step(generator));
        for (size_t i = 0; i < generator->event_count; i++)
            GPT__TRY(collect(&result->outputs[generator->events[i].sequence - first], &generator->events[i]));
    }
    return GPT_OK;
}

static gpt_status check_idle(const gpt_generator *generator)
{
    if (generator->sequence_count > 0)
        return gpt__fail(GPT_E_ARGUMENT, "%zu sequences of gpt_generator_add still run", generator->sequence_count);
    return GPT_OK;
}

/* Runs the sequences that were added, whose prompts' lengths are asked from them, and gives the result. */
static gpt_status run_added(gpt_result **out, gpt_generator *generator)
{
    gpt_result *result;
    int64_t first = generator->sequences[0]->id;
    GPT__TRY(new_result(&result, generator->sequence_count, generator->settings.logprobs >= 0));
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

/* On failure nothing must run on. */
static gpt_status clean_up(gpt_generator *generator, gpt_status status)
{
    if (status != GPT_OK)
        gpt__generator_drop_all(generator);
    return status;
}

gpt_status gpt_generator_run_ids(gpt_result **out, gpt_generator *generator, const int32_t *ids, size_t count)
{
    GPT__CHECK_ARGUMENT(out != NULL);
    *out = NULL;
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__TRY(check_idle(generator));
    int64_t first;
    gpt_status status = gpt_generator_add_ids(&first, generator, ids, count);
    if (status == GPT_OK)
        status = run_added(out, generator);
    return clean_up(generator, status);
}

gpt_status gpt_generator_run(gpt_result **out, gpt_generator *generator, const char *prompt, size_t length)
{
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
    GPT__TRY(check_idle(generator));
    gpt_status status = GPT_OK;
    for (size_t i = 0; status == GPT_OK && i < count; i++) {
        int64_t first;
        status = gpt_generator_add(&first, generator, prompts[i], lengths[i]);
    }
    if (status == GPT_OK)
        status = run_added(out, generator);
    return clean_up(generator, status);
}

/*
 * Streaming.
 */

/* Steps with a callback for each event. */
static gpt_status stream_added(gpt_generator *generator, gpt_event_callback callback, void *user)
{
    while (generator->sequence_count > 0) {
        GPT__TRY(gpt_generator_step(generator));
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
    GPT__CHECK_ARGUMENT(callback != NULL);
    GPT__TRY(check_idle(generator));
    int64_t first;
    gpt_status status = gpt_generator_add_ids(&first, generator, ids, count);
    if (status == GPT_OK)
        status = stream_added(generator, callback, user);
    return clean_up(generator, status);
}

gpt_status gpt_generator_stream(gpt_generator *generator, const char *prompt, size_t length,
                                gpt_event_callback callback, void *user)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__CHECK_ARGUMENT(callback != NULL);
    GPT__TRY(check_idle(generator));
    int64_t first;
    gpt_status status = gpt_generator_add(&first, generator, prompt, length);
    if (status == GPT_OK)
        status = stream_added(generator, callback, user);
    return clean_up(generator, status);
}

/*
 * Results.
 */

void gpt_result_free(gpt_result *result)
{
    if (result == NULL)
        return;
    for (size_t i = 0; i < result->count; i++) {
        gpt__buffer_release(&result->outputs[i].text);
        gpt__release(result->outputs[i].ids);
        gpt__release(result->outputs[i].logprobs);
    }
    gpt__release(result->outputs);
    gpt__release(result);
}

size_t gpt_result_count(const gpt_result *result)
{
    return result != NULL ? result->count : 0;
}

static const output *output_at(const gpt_result *result, size_t index)
{
    return index < gpt_result_count(result) ? &result->outputs[index] : NULL;
}

const char *gpt_result_text(size_t *length, const gpt_result *result, size_t index)
{
    const output *o = output_at(result, index);
    if (length != NULL)
        *length = o != NULL ? o->text.length : 0;
    return o != NULL ? o->text.bytes : NULL;
}

const int32_t *gpt_result_ids(size_t *count, const gpt_result *result, size_t index)
{
    const output *o = output_at(result, index);
    if (count != NULL)
        *count = o != NULL ? o->count : 0;
    return o != NULL ? o->ids : NULL;
}

const float *gpt_result_logprobs(const gpt_result *result, size_t index)
{
    const output *o = output_at(result, index);
    return o != NULL && result->has_logprobs ? o->logprobs : NULL;
}

gpt_finish gpt_result_finish(const gpt_result *result, size_t index)
{
    const output *o = output_at(result, index);
    return o != NULL ? o->finish : GPT_FINISH_NONE;
}

size_t gpt_result_prompt_tokens(const gpt_result *result, size_t index)
{
    const output *o = output_at(result, index);
    return o != NULL ? o->prompt_count : 0;
}
