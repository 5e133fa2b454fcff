/* SPDX-License-Identifier: Apache-2.0 */
/* generate/sequence.h: one text that is being generated: its tokens, cache, text and the settings it was added with. */
#ifndef GPT__GENERATE_SEQUENCE_H
#define GPT__GENERATE_SEQUENCE_H

#include "generate/processors.h"
#include "generate/text_stream.h"
#include "model/forward.h"

/* Settings as they were when a prompt was added, shared by its samples. */
typedef struct gpt__shared_settings {
    int references;
    gpt__settings settings;
    uint64_t seed; /* the one that was set, or drawn for this prompt */
} gpt__shared_settings;

gpt_status gpt__shared_settings_new(gpt__shared_settings **out, const gpt__settings *settings);
gpt__shared_settings *gpt__shared_settings_ref(gpt__shared_settings *shared);
void gpt__shared_settings_free(gpt__shared_settings *shared);

typedef struct gpt__sequence {
    int64_t id;
    int32_t sample; /* 0 for the first of a prompt; the stream of its random numbers */
    gpt__shared_settings *shared;
    int32_t *ids; /* [count]: the prompt, then the new tokens */
    size_t count;
    size_t capacity;
    size_t prompt_count;
    gpt__kv_sequence cache;      /* of ids[0, cache.length) */
    gpt__text_stream text;       /* of the new tokens */
    gpt__text_stream next_text;  /* what text becomes when the step that is under way succeeds */
    int is_forked;               /* the step that is under way made cache share another sequence's pages */
    struct gpt__sequence *leader; /* whose prompt is being read for this sample too; NULL once it has been read */
} gpt__sequence;

/* Makes a sequence with a copy of ids. */
gpt_status gpt__sequence_new(gpt__sequence **out, int64_t id, int32_t sample, gpt__shared_settings *shared,
                             const int32_t *ids, size_t count);

/* The random number in [0, 1) for the token that comes next. */
double gpt__sequence_uniform(const gpt__sequence *sequence);

/* Gives its pages back to the cache and frees it. Takes NULL. */
void gpt__sequence_free(gpt__sequence *sequence, gpt__kv_cache *cache);

/* Tokens that are still to be computed before the next one can be chosen; at least 1 unless it waits for its leader. */
int64_t gpt__sequence_pending(const gpt__sequence *sequence);

/*
 * Why a text ends at so many tokens, prompt and new ones, or GPT_FINISH_NONE. max_length counts only where
 * max_new_tokens is not set, as in transformers.
 */
gpt_finish gpt__length_finish(const gpt__settings *settings, size_t total, size_t prompt_count, int32_t context);

/* Why the sequence ends when token is chosen next and did or did not complete a stop string. */
gpt_finish gpt__sequence_finish(const gpt__sequence *sequence, int32_t token, int stopped, int32_t context);

/* Appends a token and takes next_text over. There must be capacity for one more; nothing can fail. */
void gpt__sequence_commit(gpt__sequence *sequence, int32_t token);

#endif
