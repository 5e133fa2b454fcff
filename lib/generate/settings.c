/* SPDX-License-Identifier: Apache-2.0 */
/* generate/settings.c: the values behind gpt_generator_set_*: defaults, ranges, copies, lists. */
#include "generate/settings.h"

#include "base/error.h"
#include "base/locale.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <float.h>
#include <limits.h>
#include <math.h>
#include <string.h>

/*
 * Token maps.
 */

/* Where a token stands in the map, or where it would have to be put. */
static size_t position_of(const gpt__token_map *map, int32_t token)
{
    size_t low = 0;
    size_t high = map->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (map->entries[middle].token < token)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static int is_at(const gpt__token_map *map, size_t at, int32_t token)
{
    return at < map->count && map->entries[at].token == token;
}

gpt_status gpt__token_map_set(gpt__token_map *map, int32_t token, float value)
{
    size_t at = position_of(map, token);
    if (!is_at(map, at, token)) {
        GPT__TRY(gpt__reserve((void **)&map->entries, &map->capacity, map->count + 1, sizeof *map->entries));
        memmove(map->entries + at + 1, map->entries + at, (map->count - at) * sizeof *map->entries);
        map->count++;
    }
    map->entries[at] = (gpt__token_value){token, value};
    return GPT_OK;
}

void gpt__token_map_remove(gpt__token_map *map, int32_t token)
{
    size_t at = position_of(map, token);
    if (!is_at(map, at, token))
        return;
    map->count--;
    memmove(map->entries + at, map->entries + at + 1, (map->count - at) * sizeof *map->entries);
}

const gpt__token_value *gpt__token_map_find(const gpt__token_map *map, int32_t token)
{
    size_t at = position_of(map, token);
    return is_at(map, at, token) ? &map->entries[at] : NULL;
}

static gpt_status copy_map(gpt__token_map *out, const gpt__token_map *map)
{
    if (map->count == 0)
        return GPT_OK;
    GPT__TRY(gpt__reserve((void **)&out->entries, &out->capacity, map->count, sizeof *out->entries));
    memcpy(out->entries, map->entries, map->count * sizeof *map->entries);
    out->count = map->count;
    return GPT_OK;
}

/*
 * The settings as a whole.
 */

void gpt__settings_default(gpt__settings *settings)
{
    *settings = (gpt__settings){
        .temperature = 1,
        .top_p = 1,
        .typical_p = 1,
        .repetition_penalty = 1,
        .samples = 1,
        .beams = 1,
        .length_penalty = 1,
        .logprobs = -1,
    };
}

static gpt_status copy_lists(gpt__settings *out, const gpt__settings *settings)
{
    GPT__TRY(copy_map(&out->bias, &settings->bias));
    GPT__TRY(copy_map(&out->banned, &settings->banned));
    GPT__TRY(copy_map(&out->stop_tokens, &settings->stop_tokens));
    for (size_t i = 0; i < settings->stop_string_count; i++)
        GPT__TRY(gpt__settings_add_stop_string(out, settings->stop_strings[i].bytes, settings->stop_strings[i].length));
    return GPT_OK;
}

gpt_status gpt__settings_copy(gpt__settings *out, const gpt__settings *settings)
{
    *out = *settings;
    out->bias = out->banned = out->stop_tokens = (gpt__token_map){0};
    out->stop_strings = NULL;
    out->stop_string_count = out->stop_string_capacity = 0;
    gpt_status status = copy_lists(out, settings);
    if (status != GPT_OK)
        gpt__settings_release(out);
    return status;
}

void gpt__settings_release(gpt__settings *settings)
{
    gpt__settings_clear_stop_strings(settings);
    gpt__release(settings->stop_strings);
    settings->stop_strings = NULL;
    settings->stop_string_capacity = 0;
    gpt__token_map *maps[] = {&settings->bias, &settings->banned, &settings->stop_tokens};
    for (size_t i = 0; i < sizeof maps / sizeof maps[0]; i++) {
        gpt__release(maps[i]->entries);
        *maps[i] = (gpt__token_map){0};
    }
}

/*
 * Stop strings.
 */

/*
 * Knuth, Morris and Pratt's table ("Fast pattern matching in strings", 1977): fallback[i] is how long the longest
 * proper prefix of the string is that its first i + 1 bytes end with.
 */
static void fill_fallback(uint32_t *fallback, const char *bytes, size_t length)
{
    uint32_t matched = 0;
    fallback[0] = 0;
    for (size_t i = 1; i < length; i++) {
        while (matched > 0 && bytes[i] != bytes[matched])
            matched = fallback[matched - 1];
        matched += bytes[i] == bytes[matched];
        fallback[i] = matched;
    }
}

gpt_status gpt__settings_add_stop_string(gpt__settings *settings, const char *string, size_t length)
{
    if (string == NULL || length == 0 || length > GPT__MOST_STOP_BYTES)
        return gpt__fail(GPT_E_ARGUMENT, "a stop string has %zu bytes, expected 1 to %d", string == NULL ? 0 : length,
                         GPT__MOST_STOP_BYTES);
    /* The text it is looked for in is valid; a match then begins and ends between characters. */
    if (!gpt__utf8_valid(string, length))
        return gpt__fail(GPT_E_ARGUMENT, "a stop string is not valid UTF-8");
    GPT__TRY(gpt__reserve((void **)&settings->stop_strings, &settings->stop_string_capacity,
                          settings->stop_string_count + 1, sizeof *settings->stop_strings));
    gpt__stop_string added = {.length = length};
    added.bytes = gpt__copy_string(string, length);
    added.fallback = added.bytes != NULL ? gpt__allocate(length, sizeof *added.fallback) : NULL;
    if (added.fallback == NULL) {
        gpt__release(added.bytes);
        return GPT_E_MEMORY;
    }
    fill_fallback(added.fallback, string, length);
    settings->stop_strings[settings->stop_string_count++] = added;
    return GPT_OK;
}

void gpt__settings_clear_stop_strings(gpt__settings *settings)
{
    for (size_t i = 0; i < settings->stop_string_count; i++) {
        gpt__release(settings->stop_strings[i].bytes);
        gpt__release(settings->stop_strings[i].fallback);
    }
    settings->stop_string_count = 0;
}

/*
 * Ranges.
 */

typedef enum range_kind { WHOLE, FRACTION } range_kind;

typedef struct range {
    const char *name;
    range_kind kind;
    double least;
    double most;
    int above_least; /* least itself is outside */
    int below_most;  /* most itself is outside */
    const char *text;
} range;

/* 2^63, the first number that an int64_t does not hold. */
#define INT64_END 0x1p63

static const range ranges[] = {
    {"sampling", WHOLE, 0, 1, 0, 0, "0 or 1"},
    {"temperature", FRACTION, 0, FLT_MAX, 1, 0, "a finite number above 0"},
    {"top_k", WHOLE, 0, INT_MAX, 0, 0, "a whole number, 0 or more"},
    {"top_p", FRACTION, 0, 1, 0, 0, "a number from 0 to 1"},
    {"min_p", FRACTION, 0, 1, 0, 0, "a number from 0 to 1"},
    {"typical_p", FRACTION, 0, 1, 1, 0, "a number above 0, up to 1"},
    {"epsilon_cutoff", FRACTION, 0, 1, 0, 1, "a number from 0 to below 1"},
    {"eta_cutoff", FRACTION, 0, 1, 0, 1, "a number from 0 to below 1"},
    {"repetition_penalty", FRACTION, 0, FLT_MAX, 1, 0, "a finite number above 0"},
    {"presence_penalty", FRACTION, -FLT_MAX, FLT_MAX, 0, 0, "a finite number"},
    {"frequency_penalty", FRACTION, -FLT_MAX, FLT_MAX, 0, 0, "a finite number"},
    {"no_repeat_ngram", WHOLE, 0, INT_MAX, 0, 0, "a whole number, 0 or more"},
    {"min_new_tokens", WHOLE, 0, INT_MAX, 0, 0, "a whole number, 0 or more"},
    {"max_new_tokens", WHOLE, 0, INT_MAX, 0, 0, "a whole number, 0 or more"},
    {"max_length", WHOLE, 0, INT_MAX, 0, 0, "a whole number, 0 or more"},
    {"samples", WHOLE, 1, 4096, 0, 0, "a whole number from 1 to 4096"},
    {"beams", WHOLE, 1, 256, 0, 0, "a whole number from 1 to 256"},
    {"length_penalty", FRACTION, -FLT_MAX, FLT_MAX, 0, 0, "a finite number"},
    {"early_stopping", WHOLE, 0, 1, 0, 0, "0 or 1"},
    {"logprobs", WHOLE, -1, 1024, 0, 0, "a whole number from -1 to 1024"},
    {"threads", WHOLE, 0, 1024, 0, 0, "a whole number from 0 to 1024"},
    {"chunk", WHOLE, 1, 65536, 0, 0, "a whole number from 1 to 65536"},
    {"cache_tokens", WHOLE, 0, INT64_END, 0, 1, "a whole number, 0 or more"},
    {"bias", FRACTION, -FLT_MAX, FLT_MAX, 0, 0, "a finite number"},
    {"banned", WHOLE, 0, 1, 0, 0, "0 or 1"},
    {"stop_token", WHOLE, 0, 1, 0, 0, "0 or 1"},
};

/* Fractions are judged as the float that is kept of them: 1e-60 is 0 then, and 0.99999999999 is 1. */
static int is_inside(const range *r, double value)
{
    if (r->kind == WHOLE ? value != floor(value) : !(fabs(value) <= FLT_MAX))
        return 0;
    double kept = r->kind == WHOLE ? value : (float)value;
    return (r->above_least ? kept > r->least : kept >= r->least) && (r->below_most ? kept < r->most : kept <= r->most);
}

static gpt_status outside(const range *r, double value)
{
    gpt__locale locale;
    GPT__TRY(gpt__locale_enter(&locale));
    gpt_status status = gpt__fail(GPT_E_ARGUMENT, "%s is %.9g, expected %s", r->name, value, r->text);
    gpt__locale_leave(&locale);
    return status;
}

gpt_status gpt__settings_check_number(const char *name, double value)
{
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (strcmp(ranges[i].name, name) != 0)
            continue;
        if (is_inside(&ranges[i], value))
            return GPT_OK;
        return outside(&ranges[i], value);
    }
    return gpt__fail(GPT_E_NOT_FOUND, "there is no setting called %s", name);
}
