/* SPDX-License-Identifier: Apache-2.0 */
/* generate/generator.h: what a generator is made of, for the files of this folder. */
#ifndef GPT__GENERATE_GENERATOR_H
#define GPT__GENERATE_GENERATOR_H

#include "base/buffer.h"
#include "generate/ahead.h"
#include "generate/sequence.h"

/* Kept by the generator from step to step, so that its buffers are used again. */
struct gpt_event {
    int64_t sequence;
    int32_t token;
    gpt_finish finish;
    float logprob;
    gpt__buffer text;
    int32_t *top_tokens; /* [top_count] */
    float *top_logprobs; /* [top_count] */
    size_t top_count;
    size_t top_tokens_capacity;
    size_t top_logprobs_capacity;
    gpt__sequence *owner; /* during the step */
};

struct gpt_generator {
    gpt_model *model;
    gpt__settings settings;
    int threads;
    int chunk;
    int64_t cache_tokens;
    uint64_t last_seed;
    atomic_int cancelled;
    int is_busy; /* a call is under way that can call a hook or a callback */

    gpt__profile profile;
    gpt__kv_cache cache;
    gpt__forward forward;
    int forward_threads; /* the number it was made for; 0 before it is made */
    gpt__sampler_scratch sampler;
    gpt__ahead ahead;

    gpt__sequence **sequences; /* that run, in the order in which they were added */
    size_t sequence_count;
    size_t sequence_capacity;
    int64_t next_id;

    gpt__span *spans; /* of the step that is under way */
    gpt__sequence **owners;
    size_t span_count;
    size_t span_capacity;
    size_t owner_capacity;

    gpt_event *events;
    size_t event_count;
    size_t event_capacity;
};

#define GPT__DEFAULT_CHUNK 512

/* Settings of a new generator: the defaults, and over them what the model's files ask for. */
gpt_status gpt__settings_from_model(gpt__settings *settings, const gpt_model *model);

/* Makes the forward pass's memory for the number of threads that is set now. */
gpt_status gpt__generator_prepare(gpt_generator *generator);

/* GPT_E_ARGUMENT when it comes from a hook or a callback of a call that is under way. */
gpt_status gpt__generator_check_free(const gpt_generator *generator);

/* What the public functions do once they have checked their pointers, for calls that are made of them. */
gpt_status gpt__generator_add_ids(int64_t *sequence, gpt_generator *generator, const int32_t *ids, size_t count);
gpt_status gpt__generator_add(int64_t *sequence, gpt_generator *generator, const char *prompt, size_t length);
gpt_status gpt__generator_step(gpt_generator *generator);

/* GPT_E_CANCELLED when gpt_generator_cancel was called before. */
gpt_status gpt__generator_check_cancelled(gpt_generator *generator);

/* Passes a status on; one that tells of a cancellation has now been told. */
gpt_status gpt__generator_told(gpt_generator *generator, gpt_status status);

/* Drops all sequences. */
void gpt__generator_drop_all(gpt_generator *generator);

/* Each id is from 0 to V - 1. */
gpt_status gpt__generator_check_ids(const gpt_generator *generator, const int32_t *ids, size_t count);

/* A prompt must leave room for a new token in the context, and in max_length where that counts. */
gpt_status gpt__generator_check_room(const gpt_generator *generator, size_t count);

/* Calls the hook that the settings have, on logits that it may change. */
gpt_status gpt__call_hook(const gpt__settings *settings, float *logits, int32_t V, const gpt__history *history,
                          int64_t sequence);

/*
 * The text as ids, at least one; the beginning-of-text token for an empty text. *ids is freed with gpt__release.
 * GPT_E_ARGUMENT where there is none.
 */
gpt_status gpt__generator_encode(int32_t **ids, size_t *count, const gpt_generator *generator, const char *text,
                                 size_t length);

#endif
