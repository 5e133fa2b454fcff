/* SPDX-License-Identifier: Apache-2.0 */
/* generate/generator.c: making and freeing generators; sequences added, dropped and counted. */
#include "generate/generator.h"

#include "base/memory.h"
#include "generate/token_text.h"

#include <string.h>

gpt_status gpt_generator_new(gpt_generator **out, gpt_model *model)
{
    GPT__CHECK_ARGUMENT(out != NULL);
    *out = NULL;
    GPT__CHECK_ARGUMENT(model != NULL);
    gpt_generator *generator = gpt__allocate_zeroed(1, sizeof *generator);
    if (generator == NULL)
        return GPT_E_MEMORY;
    gpt_status status = gpt__settings_from_model(&generator->settings, model);
    if (status != GPT_OK) {
        gpt__release(generator);
        return status;
    }
    generator->model = gpt_model_ref(model);
    generator->chunk = GPT__DEFAULT_CHUNK;
    gpt__kv_cache_init(&generator->cache, &model->config, model->dtype);
    *out = generator;
    return GPT_OK;
}

static void free_events(gpt_generator *generator)
{
    for (size_t i = 0; i < generator->event_capacity; i++) {
        gpt__buffer_release(&generator->events[i].text);
        gpt__release(generator->events[i].top_tokens);
        gpt__release(generator->events[i].top_logprobs);
    }
    gpt__release(generator->events);
}

void gpt_generator_free(gpt_generator *generator)
{
    if (generator == NULL)
        return;
    gpt__generator_drop_all(generator);
    free_events(generator);
    gpt__release(generator->sequences);
    gpt__release(generator->spans);
    gpt__release(generator->owners);
    gpt__forward_release(&generator->forward);
    gpt__sampler_scratch_release(&generator->sampler);
    gpt__ahead_release(&generator->ahead);
    gpt__kv_cache_release(&generator->cache);
    gpt__settings_release(&generator->settings);
    gpt_model_free(generator->model);
    gpt__release(generator);
}

gpt_model *gpt_generator_model(const gpt_generator *generator)
{
    return generator != NULL ? generator->model : NULL;
}

gpt_status gpt__generator_prepare(gpt_generator *generator)
{
    int threads = generator->threads;
    if (threads == 0)
        threads = gpt__default_threads(generator->model->weights.bytes);
    if (threads == generator->forward_threads)
        return GPT_OK;
    gpt__forward_release(&generator->forward);
    generator->forward_threads = 0;
    GPT__TRY(gpt__forward_init(&generator->forward, generator->model, &generator->cache, &generator->cancelled,
                               &generator->profile, threads));
    generator->forward_threads = threads;
    return GPT_OK;
}

void gpt_generator_cancel(gpt_generator *generator)
{
    if (generator != NULL)
        atomic_store(&generator->cancelled, 1);
}

gpt_status gpt__generator_check_cancelled(gpt_generator *generator)
{
    if (atomic_load(&generator->cancelled))
        return gpt__fail(GPT_E_CANCELLED, "the generator was cancelled");
    return GPT_OK;
}

gpt_status gpt__generator_check_free(const gpt_generator *generator)
{
    if (generator->is_busy)
        return gpt__fail(GPT_E_ARGUMENT, "the generator is at work: its hook or callback can not use it");
    return GPT_OK;
}

gpt_status gpt__generator_told(gpt_generator *generator, gpt_status status)
{
    if (status == GPT_E_CANCELLED)
        atomic_store(&generator->cancelled, 0);
    return status;
}

/*
 * Adding.
 */

gpt_status gpt__generator_check_ids(const gpt_generator *generator, const int32_t *ids, size_t count)
{
    int32_t V = generator->model->config.V;
    if (count > PTRDIFF_MAX / sizeof *ids)
        return gpt__fail(GPT_E_ARGUMENT, "count is %zu: there can not be so many ids", count);
    for (size_t i = 0; i < count; i++)
        if (ids[i] < 0 || ids[i] >= V)
            return gpt__fail(GPT_E_ARGUMENT, "token id %d at place %zu is not in 0 to %d", ids[i], i, V - 1);
    return GPT_OK;
}

gpt_status gpt__generator_encode(int32_t **ids, size_t *count, const gpt_generator *generator, const char *text,
                                 size_t length)
{
    const gpt_model *model = generator->model;
    *ids = NULL;
    *count = 0;
    if (model->tokenizer == NULL)
        return gpt__fail(GPT_E_ARGUMENT, "%s: the model has no tokenizer, so only token ids can be given", model->path);
    if (length > 0) {
        GPT__TRY(gpt_tokenizer_encode(ids, count, model->tokenizer, text, length, 0));
        if (*count == 0)
            return gpt__fail(GPT_E_ARGUMENT, "%s: the prompt has no tokens, as the tokenizer keeps nothing of it",
                             model->path);
        return GPT_OK;
    }
    if (model->config.bos_token < 0)
        return gpt__fail(GPT_E_ARGUMENT, "%s: the prompt is empty, and the model has no beginning-of-text token",
                         model->path);
    *ids = gpt__allocate(1, sizeof **ids);
    if (*ids == NULL)
        return GPT_E_MEMORY;
    (*ids)[0] = model->config.bos_token;
    *count = 1;
    return GPT_OK;
}

gpt_status gpt__generator_check_room(const gpt_generator *generator, size_t count)
{
    size_t context = (size_t)generator->model->config.context;
    size_t most = generator->settings.max_new_tokens == 0 ? (size_t)generator->settings.max_length : 0;
    if (count >= context)
        return gpt__fail(GPT_E_CONTEXT, "the prompt has %zu tokens, the model's context %zu for prompt and new ones",
                         count, context);
    if (most > 0 && count >= most)
        return gpt__fail(GPT_E_CONTEXT, "the prompt has %zu tokens, max_length is %zu for prompt and new ones", count,
                         most);
    return GPT_OK;
}

/* Adds all samples of a prompt, or none. */
static gpt_status add_samples(gpt_generator *generator, gpt__shared_settings *shared, const int32_t *ids, size_t count)
{
    size_t before = generator->sequence_count;
    size_t samples = (size_t)shared->settings.samples;
    GPT__TRY(gpt__reserve((void **)&generator->sequences, &generator->sequence_capacity, before + samples,
                          sizeof *generator->sequences));
    for (size_t i = 0; i < samples; i++) {
        gpt__sequence *sequence;
        gpt_status status =
            gpt__sequence_new(&sequence, generator->next_id + (int64_t)i, (int32_t)i, shared, ids, count);
        if (status != GPT_OK) {
            while (generator->sequence_count > before)
                gpt__sequence_free(generator->sequences[--generator->sequence_count], &generator->cache);
            return status;
        }
        gpt__token_text_begin(&sequence->text, generator->model->tokenizer, ids, count);
        sequence->leader = i > 0 ? generator->sequences[before] : NULL;
        generator->sequences[generator->sequence_count++] = sequence;
    }
    generator->next_id += (int64_t)samples;
    return GPT_OK;
}

gpt_status gpt__generator_add_ids(int64_t *sequence, gpt_generator *generator, const int32_t *ids, size_t count)
{
    GPT__TRY(gpt__generator_check_room(generator, count));
    if (generator->settings.beams > 1)
        return gpt__fail(GPT_E_UNSUPPORTED, "beams is %d: only gpt_generator_run, run_ids and run_many can search",
                         generator->settings.beams);
    GPT__TRY(gpt__generator_check_ids(generator, ids, count));
    gpt__shared_settings *shared;
    GPT__TRY(gpt__shared_settings_new(&shared, &generator->settings));
    int64_t first = generator->next_id;
    gpt_status status = add_samples(generator, shared, ids, count);
    if (status == GPT_OK) {
        generator->last_seed = shared->seed;
        *sequence = first;
    }
    gpt__shared_settings_free(shared);
    return status;
}

gpt_status gpt__generator_add(int64_t *sequence, gpt_generator *generator, const char *prompt, size_t length)
{
    int32_t *ids;
    size_t count;
    GPT__TRY(gpt__generator_encode(&ids, &count, generator, prompt, length));
    gpt_status status = gpt__generator_add_ids(sequence, generator, ids, count);
    gpt__release(ids);
    return status;
}

gpt_status gpt_generator_add_ids(int64_t *sequence, gpt_generator *generator, const int32_t *ids, size_t count)
{
    GPT__CHECK_ARGUMENT(sequence != NULL);
    *sequence = -1;
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__CHECK_ARGUMENT(ids != NULL && count > 0);
    GPT__TRY(gpt__generator_check_free(generator));
    return gpt__generator_add_ids(sequence, generator, ids, count);
}

gpt_status gpt_generator_add(int64_t *sequence, gpt_generator *generator, const char *prompt, size_t length)
{
    GPT__CHECK_ARGUMENT(sequence != NULL);
    *sequence = -1;
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__CHECK_ARGUMENT(prompt != NULL || length == 0);
    GPT__TRY(gpt__generator_check_free(generator));
    return gpt__generator_add(sequence, generator, prompt, length);
}

/*
 * Dropping and counting.
 */

/* The samples that wait for a leader which goes away: the first of them takes its place, and its cache. */
static void replace_leader(gpt_generator *generator, gpt__sequence *leader)
{
    gpt__sequence *next = NULL;
    for (size_t i = 0; i < generator->sequence_count; i++) {
        gpt__sequence *sequence = generator->sequences[i];
        if (sequence->leader != leader)
            continue;
        if (next == NULL) {
            next = sequence;
            next->leader = NULL;
            next->cache = leader->cache;
            leader->cache = (gpt__kv_sequence){0};
        } else {
            sequence->leader = next;
        }
    }
}

gpt_status gpt_generator_drop(gpt_generator *generator, int64_t sequence)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__TRY(gpt__generator_check_free(generator));
    for (size_t i = 0; i < generator->sequence_count; i++) {
        gpt__sequence *dropped = generator->sequences[i];
        if (dropped->id != sequence)
            continue;
        replace_leader(generator, dropped);
        gpt__sequence_free(dropped, &generator->cache);
        generator->sequence_count--;
        memmove(&generator->sequences[i], &generator->sequences[i + 1],
                (generator->sequence_count - i) * sizeof *generator->sequences);
        return GPT_OK;
    }
    return gpt__fail(GPT_E_NOT_FOUND, "no sequence %lld runs", (long long)sequence);
}

void gpt__generator_drop_all(gpt_generator *generator)
{
    while (generator->sequence_count > 0)
        gpt__sequence_free(generator->sequences[--generator->sequence_count], &generator->cache);
}

size_t gpt_generator_active(const gpt_generator *generator)
{
    return generator != NULL ? generator->sequence_count : 0;
}

size_t gpt_generator_pending(const gpt_generator *generator)
{
    size_t pending = 0;
    for (size_t i = 0; generator != NULL && i < generator->sequence_count; i++) {
        const gpt__sequence *sequence = generator->sequences[i];
        size_t computed = (size_t)sequence->cache.length;
        if (sequence->leader == NULL && computed < sequence->prompt_count)
            pending += sequence->prompt_count - computed;
    }
    return pending;
}

int64_t gpt_generator_cache_bytes(const gpt_generator *generator, int64_t tokens)
{
    if (generator == NULL || tokens <= 0)
        return 0;
    int64_t pages = tokens / GPT__PAGE_TOKENS + (tokens % GPT__PAGE_TOKENS > 0);
    int64_t bytes = gpt__kv_cache_page_bytes(&generator->cache);
    return pages > INT64_MAX / bytes ? INT64_MAX : pages * bytes;
}
