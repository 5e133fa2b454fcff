/* SPDX-License-Identifier: Apache-2.0 */
/* generate/settings.h: what gpt_generator_set_* sets, as one value that each sequence keeps a reference to. */
#ifndef GPT__GENERATE_SETTINGS_H
#define GPT__GENERATE_SETTINGS_H

#include <gpt/generator.h>

/* A growing set of token ids with a number each, sorted by id. Begins as {0}. */
typedef struct gpt__token_value {
    int32_t token;
    float value;
} gpt__token_value;

typedef struct gpt__token_map {
    gpt__token_value *entries;
    size_t count;
    size_t capacity;
} gpt__token_map;

/* Sets the value of a token, in place of an earlier one. */
gpt_status gpt__token_map_set(gpt__token_map *map, int32_t token, float value);
void gpt__token_map_remove(gpt__token_map *map, int32_t token);

/* The entry of a token, or NULL. */
const gpt__token_value *gpt__token_map_find(const gpt__token_map *map, int32_t token);

/* The longest stop string. */
#define GPT__MOST_STOP_BYTES 65536

/* A string that ends a sequence: valid UTF-8, at least a byte long. */
typedef struct gpt__stop_string {
    char *bytes;
    size_t length;
    uint32_t *fallback; /* [length] how much of it can still match where a byte does not (see settings.c) */
} gpt__stop_string;

/*
 * All settings of a generator. Plain numbers are copied as they are; the lists are owned. Meanings, ranges and
 * defaults are those of the setters in gpt/generator.h.
 */
typedef struct gpt__settings {
    int sampling;
    float temperature;
    int top_k;
    float top_p;
    float min_p;
    float typical_p;
    float epsilon_cutoff;
    float eta_cutoff;
    float repetition_penalty;
    float presence_penalty;
    float frequency_penalty;
    int no_repeat_ngram;
    int min_new_tokens;
    int max_new_tokens;
    int max_length;
    int samples;
    int beams;
    float length_penalty;
    int early_stopping;
    int logprobs;
    int has_seed; /* 0: each prompt gets a new seed from the system */
    uint64_t seed;
    gpt_logits_hook hook;
    void *hook_user;
    gpt__token_map bias;
    gpt__token_map banned;      /* the value is not used */
    gpt__token_map stop_tokens; /* the value is not used */
    gpt__stop_string *stop_strings;
    size_t stop_string_count;
    size_t stop_string_capacity;
} gpt__settings;

/* Fills in the defaults; no lists. */
void gpt__settings_default(gpt__settings *settings);

/* Makes an independent copy, lists too. *out is overwritten; on failure it holds nothing that must be released. */
gpt_status gpt__settings_copy(gpt__settings *out, const gpt__settings *settings);

/* Frees the lists. */
void gpt__settings_release(gpt__settings *settings);

/* GPT_E_ARGUMENT when it is empty, longer than GPT__MOST_STOP_BYTES, or not UTF-8. */
gpt_status gpt__settings_add_stop_string(gpt__settings *settings, const char *string, size_t length);
void gpt__settings_clear_stop_strings(gpt__settings *settings);

/*
 * Checks one setting as its setter must: GPT_OK, or GPT_E_ARGUMENT with name, value and range in the message;
 * GPT_E_NOT_FOUND when there is no such setting. A name is that of the setter without gpt_generator_set_. The table of
 * ranges is in settings.c, in one place, for setters and for generation_config.json alike.
 */
gpt_status gpt__settings_check_number(const char *name, double value);

#endif
