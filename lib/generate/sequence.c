/* SPDX-License-Identifier: Apache-2.0 */
/* generate/sequence.c: the life of one sequence, but for the computing. */
#include "generate/sequence.h"

#include "base/memory.h"
#include "base/random.h"

#include <string.h>

gpt_status gpt__shared_settings_new(gpt__shared_settings **out, const gpt__settings *settings)
{
    gpt__shared_settings *shared = gpt__allocate_zeroed(1, sizeof *shared);
    if (shared == NULL)
        return GPT_E_MEMORY;
    gpt_status status = gpt__settings_copy(&shared->settings, settings);
    if (status != GPT_OK) {
        gpt__release(shared);
        return status;
    }
    shared->references = 1;
    shared->seed = settings->has_seed ? settings->seed : gpt__random_seed();
    *out = shared;
    return GPT_OK;
}

gpt__shared_settings *gpt__shared_settings_ref(gpt__shared_settings *shared)
{
    shared->references++;
    return shared;
}

void gpt__shared_settings_free(gpt__shared_settings *shared)
{
    if (shared == NULL || --shared->references > 0)
        return;
    gpt__settings_release(&shared->settings);
    gpt__release(shared);
}

gpt_status gpt__sequence_new(gpt__sequence **out, int64_t id, int32_t sample, gpt__shared_settings *shared,
                             const int32_t *ids, size_t count)
{
    gpt__sequence *sequence = gpt__allocate_zeroed(1, sizeof *sequence);
    if (sequence == NULL)
        return GPT_E_MEMORY;
    gpt_status status = gpt__reserve((void **)&sequence->ids, &sequence->capacity, count + 1, sizeof *ids);
    if (status != GPT_OK) {
        gpt__release(sequence);
        return status;
    }
    memcpy(sequence->ids, ids, count * sizeof *ids);
    sequence->id = id;
    sequence->sample = sample;
    sequence->shared = gpt__shared_settings_ref(shared);
    sequence->count = sequence->prompt_count = count;
    *out = sequence;
    return GPT_OK;
}

double gpt__sequence_uniform(const gpt__sequence *sequence)
{
    return gpt__random_uniform(sequence->shared->seed, (uint64_t)sequence->sample,
                               sequence->count - sequence->prompt_count);
}

void gpt__sequence_free(gpt__sequence *sequence, gpt__kv_cache *cache)
{
    if (sequence == NULL)
        return;
    gpt__kv_sequence_release(cache, &sequence->cache);
    gpt__text_stream_release(&sequence->text);
    gpt__text_stream_release(&sequence->next_text);
    gpt__shared_settings_free(sequence->shared);
    gpt__release(sequence->ids);
    gpt__release(sequence);
}

int64_t gpt__sequence_pending(const gpt__sequence *sequence)
{
    return sequence->leader != NULL ? 0 : (int64_t)sequence->count - sequence->cache.length;
}

gpt_finish gpt__length_finish(const gpt__settings *settings, size_t total, size_t prompt_count, int32_t context)
{
    size_t most_new = (size_t)settings->max_new_tokens;
    size_t most = (size_t)settings->max_length;
    if (most_new > 0 ? total - prompt_count >= most_new : most > 0 && total >= most)
        return GPT_FINISH_LENGTH;
    return total >= (size_t)context ? GPT_FINISH_CONTEXT : GPT_FINISH_NONE;
}

gpt_finish gpt__sequence_finish(const gpt__sequence *sequence, int32_t token, int stopped, int32_t context)
{
    const gpt__settings *settings = &sequence->shared->settings;
    size_t total = sequence->count + 1;
    size_t fresh = total - sequence->prompt_count;
    if (gpt__token_map_find(&settings->stop_tokens, token) != NULL && fresh > (size_t)settings->min_new_tokens)
        return GPT_FINISH_STOP_TOKEN;
    if (stopped)
        return GPT_FINISH_STOP_STRING;
    return gpt__length_finish(settings, total, sequence->prompt_count, context);
}

void gpt__sequence_commit(gpt__sequence *sequence, int32_t token)
{
    gpt__text_stream before = sequence->text;
    sequence->text = sequence->next_text;
    sequence->next_text = before;
    sequence->ids[sequence->count++] = token;
    sequence->leader = NULL;
}
