/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate/step.c: one step of all sequences. It runs in three parts, so that a failure leaves everything as it was:
 * lay out the spans and their pages; compute, and choose tokens into events; and, when nothing can fail any more,
 * commit.
 */
#include "base/memory.h"
#include "generate/generator.h"
#include "generate/token_text.h"

#include <math.h>
#include <string.h>

/* A shorter common beginning is not worth a shared page. */
#define LEAST_SHARED_TOKENS 16

/*
 * Laying out.
 */

/* How many tokens other has computed that sequence, which has none, begins with, too. */
static int64_t common_prefix(const gpt__sequence *sequence, const gpt__sequence *other)
{
    /* The last token is always computed, as its logits are what is wanted. */
    int64_t most = (int64_t)sequence->count - 1;
    most = other->cache.length < most ? other->cache.length : most;
    int64_t length = 0;
    while (length < most && sequence->ids[length] == other->ids[length])
        length++;
    return length;
}

/* A prompt that begins like a sequence that runs shares what that one has computed. */
static gpt_status share_prefix(gpt_generator *generator, gpt__sequence *sequence)
{
    const gpt__sequence *best = NULL;
    int64_t longest = LEAST_SHARED_TOKENS - 1;
    for (size_t i = 0; i < generator->sequence_count; i++) {
        int64_t length = common_prefix(sequence, generator->sequences[i]);
        if (generator->sequences[i] != sequence && length > longest) {
            longest = length;
            best = generator->sequences[i];
        }
    }
    if (best == NULL)
        return GPT_OK;
    GPT__TRY(gpt__kv_sequence_fork(&sequence->cache, &best->cache, longest));
    sequence->is_forked = 1;
    return GPT_OK;
}

/* Adds the next T tokens of a sequence to the step, unless the cache has no room for them now. */
static gpt_status add_span(gpt_generator *generator, gpt__sequence *sequence, int64_t T)
{
    if (gpt__kv_sequence_pages_needed(&sequence->cache, T) > gpt__kv_cache_room(&generator->cache))
        return GPT_OK;
    GPT__TRY(gpt__kv_sequence_prepare(&generator->cache, &sequence->cache, T));
    size_t i = generator->span_count;
    GPT__TRY(gpt__reserve((void **)&generator->spans, &generator->span_capacity, i + 1, sizeof *generator->spans));
    GPT__TRY(gpt__reserve((void **)&generator->owners, &generator->owner_capacity, i + 1, sizeof *generator->owners));
    generator->owners[i] = sequence;
    generator->spans[i] = (gpt__span){
        .cache = &sequence->cache,
        .ids = sequence->ids + sequence->cache.length,
        .T = T,
        .outputs = T == gpt__sequence_pending(sequence) ? GPT__OUTPUTS_LAST : GPT__OUTPUTS_NONE,
    };
    generator->span_count++;
    return GPT_OK;
}

/*
 * Adds the next part of a prompt. One that is left out must not hold on to pages that it only began to share: whoever
 * computed them would have to copy the last one, for which there may be no room.
 */
static gpt_status add_prompt(gpt_generator *generator, gpt__sequence *sequence, int64_t most)
{
    size_t before = generator->span_count;
    if (sequence->cache.page_count == 0)
        GPT__TRY(share_prefix(generator, sequence));
    int64_t T = gpt__sequence_pending(sequence);
    GPT__TRY(add_span(generator, sequence, T < most ? T : most));
    if (generator->span_count == before && sequence->is_forked) {
        gpt__kv_sequence_release(&generator->cache, &sequence->cache);
        sequence->is_forked = 0;
    }
    return GPT_OK;
}

/* Those that need one token, which wait for nothing else. */
static gpt_status add_ones(gpt_generator *generator)
{
    for (size_t i = 0; i < generator->sequence_count; i++)
        if (gpt__sequence_pending(generator->sequences[i]) == 1)
            GPT__TRY(add_span(generator, generator->sequences[i], 1));
    return GPT_OK;
}

/*
 * Prompts, up to a chunk of tokens in all. Once one had no room to begin, those behind it do not begin either, as long
 * as the step has something to do: whoever came first is first, and a thousand that wait are not looked at each time.
 */
static gpt_status add_prompts(gpt_generator *generator)
{
    int64_t left = generator->chunk;
    int is_full = 0;
    for (size_t i = 0; i < generator->sequence_count && left > 0; i++) {
        gpt__sequence *sequence = generator->sequences[i];
        size_t before = generator->span_count;
        int begins = sequence->cache.page_count == 0;
        if (gpt__sequence_pending(sequence) <= 1 || (begins && is_full && before > 0))
            continue;
        GPT__TRY(add_prompt(generator, sequence, left));
        if (generator->span_count > before)
            left -= generator->spans[before].T;
        else
            is_full |= begins;
    }
    return GPT_OK;
}

/* Takes the pages of the sequence that was added last, so that those before it can go on: it will be read again. */
static int take_back_pages(gpt_generator *generator)
{
    gpt__sequence *last = NULL;
    size_t holders = 0;
    for (size_t i = 0; i < generator->sequence_count; i++)
        if (generator->sequences[i]->cache.page_count > 0) {
            last = generator->sequences[i];
            holders++;
        }
    if (holders < 2)
        return 0;
    gpt__kv_sequence_release(&generator->cache, &last->cache);
    return 1;
}

static gpt_status lay_out(gpt_generator *generator)
{
    do {
        generator->span_count = 0;
        GPT__TRY(add_ones(generator));
        GPT__TRY(add_prompts(generator));
    } while (generator->span_count == 0 && take_back_pages(generator));
    if (generator->span_count == 0)
        return gpt__fail(GPT_E_CONTEXT, "the KV cache is full: its %lld tokens are in use and %zu sequences need more",
                         (long long)generator->cache.most_pages * GPT__PAGE_TOKENS, generator->sequence_count);
    return GPT_OK;
}

/*
 * Choosing.
 */

/* The next event of the step, with the buffers that it had before. */
static gpt_status new_event(gpt_event **out, gpt_generator *generator, gpt__sequence *sequence)
{
    size_t before = generator->event_capacity;
    GPT__TRY(gpt__reserve((void **)&generator->events, &generator->event_capacity, generator->event_count + 1,
                          sizeof *generator->events));
    if (generator->event_capacity > before)
        memset(generator->events + before, 0, (generator->event_capacity - before) * sizeof *generator->events);
    gpt_event *event = &generator->events[generator->event_count++];
    event->sequence = sequence->id;
    event->token = -1;
    event->finish = GPT_FINISH_NONE;
    event->logprob = NAN;
    event->text.length = 0;
    event->top_count = 0;
    event->owner = sequence;
    *out = event;
    return GPT_OK;
}

/* The model's own log-probabilities must be taken before the settings change the logits, but need the chosen token. */
static gpt_status note_logprobs(gpt_event *event, gpt_generator *generator, const float *logits, int wanted)
{
    int32_t V = generator->model->config.V;
    int n = wanted < V ? wanted : V;
    size_t room = n > 0 ? (size_t)n : 1;
    GPT__TRY(gpt__reserve((void **)&event->top_tokens, &event->top_tokens_capacity, room, sizeof *event->top_tokens));
    GPT__TRY(gpt__reserve((void **)&event->top_logprobs, &event->top_logprobs_capacity, room,
                          sizeof *event->top_logprobs));
    GPT__TRY(gpt__token_logprobs(&event->logprob, event->top_tokens, event->top_logprobs, n, logits, V, event->token,
                                 &generator->sampler));
    event->top_count = (size_t)n;
    return GPT_OK;
}

gpt_status gpt__call_hook(const gpt__settings *settings, float *logits, int32_t V, const gpt__history *history,
                          int64_t sequence)
{
    if (settings->hook != NULL &&
        settings->hook(logits, V, history->ids, history->count, sequence, settings->hook_user) != 0)
        return gpt__fail(GPT_E_CANCELLED, "the logits hook ended the step");
    return GPT_OK;
}

/* Chooses a token from scratch_logits [V], a copy of logits [V] that may be changed. */
static gpt_status choose(gpt_event *event, gpt_generator *generator, const gpt__sequence *sequence,
                         const float *logits, float *scratch_logits)
{
    const gpt__settings *settings = &sequence->shared->settings;
    const gpt__history history = {sequence->ids, sequence->count, sequence->prompt_count};
    int32_t V = generator->model->config.V;
    memcpy(scratch_logits, logits, (size_t)V * sizeof *logits);
    GPT__TRY(gpt__call_hook(settings, scratch_logits, V, &history, sequence->id));
    GPT__TRY(gpt__sample_token(&event->token, scratch_logits, V, settings, &history, gpt__sequence_uniform(sequence),
                               &generator->sampler));
    return settings->logprobs >= 0 ? note_logprobs(event, generator, logits, settings->logprobs) : GPT_OK;
}

/* Makes the text of the event, and in next_text what is held back after it. */
static gpt_status add_text(gpt_event *event, const gpt_generator *generator, gpt__sequence *sequence)
{
    const gpt__settings *settings = &sequence->shared->settings;
    int look = sequence->count + 1 - sequence->prompt_count > (size_t)settings->min_new_tokens;
    int stopped = 0;
    GPT__TRY(gpt__text_stream_assign(&sequence->next_text, &sequence->text));
    if (gpt__sequence_finish(sequence, event->token, 0, INT32_MAX) != GPT_FINISH_STOP_TOKEN)
        GPT__TRY(gpt__token_text_add(&sequence->next_text, &event->text, &stopped, generator->model->tokenizer,
                                     event->token, settings, look));
    event->finish = gpt__sequence_finish(sequence, event->token, stopped, generator->model->config.context);
    if (event->finish != GPT_FINISH_NONE && !stopped)
        GPT__TRY(gpt__text_stream_finish(&sequence->next_text, &event->text));
    return gpt__buffer_add(&event->text, "", 0);
}

/* ahead is the token when that has been chosen, else -1. */
static gpt_status next_token(gpt_generator *generator, gpt__sequence *sequence, const float *logits, int32_t ahead)
{
    gpt_event *event;
    GPT__TRY(new_event(&event, generator, sequence));
    GPT__TRY(gpt__reserve((void **)&sequence->ids, &sequence->capacity, sequence->count + 1, sizeof *sequence->ids));
    gpt__profile_switch(&generator->profile, GPT_PART_SAMPLING);
    event->token = ahead;
    if (ahead < 0)
        GPT__TRY(choose(event, generator, sequence, logits, gpt__forward_spare_logits(&generator->forward)));
    gpt__profile_switch(&generator->profile, GPT_PART_REST);
    return add_text(event, generator, sequence);
}

/* The tokens of a sequence whose logits have come, and of the samples that waited for its prompt. */
static gpt_status next_tokens(gpt_generator *generator, gpt__sequence *leader, const float *logits, int32_t ahead)
{
    GPT__TRY(next_token(generator, leader, logits, ahead));
    for (size_t i = 0; i < generator->sequence_count; i++) {
        gpt__sequence *sample = generator->sequences[i];
        if (sample->leader != leader)
            continue;
        GPT__TRY(gpt__kv_sequence_fork(&sample->cache, &leader->cache, leader->cache.length));
        GPT__TRY(next_token(generator, sample, logits, -1));
    }
    return GPT_OK;
}

static gpt_status choose_all(gpt_generator *generator)
{
    int64_t row = 0;
    gpt__profile_switch(&generator->profile, GPT_PART_SAMPLING);
    GPT__TRY(gpt__choose_ahead(generator));
    for (size_t i = 0; i < generator->span_count; i++) {
        if (generator->spans[i].outputs != GPT__OUTPUTS_LAST)
            continue;
        GPT__TRY(next_tokens(generator, generator->owners[i], gpt__forward_logits(&generator->forward, row),
                             generator->ahead.tokens[row]));
        row++;
    }
    return GPT_OK;
}

/* Takes back what was computed. */
static void undo_computing(gpt_generator *generator)
{
    for (size_t i = 0; i < generator->span_count; i++)
        generator->spans[i].cache->length -= generator->spans[i].T;
}

/* Takes back the sharing of pages: samples wait for their leader again, and prompts have read nothing. */
static void undo_forks(gpt_generator *generator)
{
    for (size_t i = 0; i < generator->sequence_count; i++) {
        gpt__sequence *sequence = generator->sequences[i];
        if (sequence->leader != NULL || sequence->is_forked)
            gpt__kv_sequence_release(&generator->cache, &sequence->cache);
        sequence->is_forked = 0;
    }
}

/*
 * Committing.
 */

static void remove_sequence(gpt_generator *generator, gpt__sequence *sequence)
{
    size_t kept = 0;
    for (size_t i = 0; i < generator->sequence_count; i++)
        if (generator->sequences[i] != sequence)
            generator->sequences[kept++] = generator->sequences[i];
    generator->sequence_count = kept;
    gpt__sequence_free(sequence, &generator->cache);
}

static void commit(gpt_generator *generator)
{
    for (size_t i = 0; i < generator->sequence_count; i++)
        generator->sequences[i]->is_forked = 0;
    for (size_t i = 0; i < generator->event_count; i++)
        gpt__sequence_commit(generator->events[i].owner, generator->events[i].token);
    for (size_t i = 0; i < generator->event_count; i++) {
        if (generator->events[i].finish != GPT_FINISH_NONE)
            remove_sequence(generator, generator->events[i].owner);
        generator->events[i].owner = NULL;
    }
}

static gpt_status compute_and_choose(gpt_generator *generator)
{
    GPT__TRY(gpt__forward_run(&generator->forward, generator->spans, generator->span_count, 1));
    gpt_status status = choose_all(generator);
    if (status != GPT_OK)
        undo_computing(generator);
    return status;
}

static gpt_status step(gpt_generator *generator)
{
    GPT__TRY(gpt__generator_check_cancelled(generator));
    if (generator->sequence_count == 0)
        return GPT_OK;
    GPT__TRY(gpt__generator_prepare(generator));
    gpt_status status = lay_out(generator);
    if (status == GPT_OK)
        status = compute_and_choose(generator);
    if (status == GPT_OK)
        commit(generator);
    else
        undo_forks(generator);
    return status;
}

gpt_status gpt__generator_step(gpt_generator *generator)
{
    generator->event_count = 0;
    gpt__profile_begin(&generator->profile);
    gpt_status status = step(generator);
    gpt__profile_end(&generator->profile);
    if (status != GPT_OK)
        generator->event_count = 0;
    return gpt__generator_told(generator, status);
}

gpt_status gpt_generator_step(gpt_generator *generator)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__TRY(gpt__generator_check_free(generator));
    generator->is_busy = 1;
    gpt_status status = gpt__generator_step(generator);
    generator->is_busy = 0;
    return status;
}
