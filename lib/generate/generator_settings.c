/* SPDX-License-Identifier: Apache-2.0 */
/* generate/generator_settings.c: the setters and getters of gpt/generator.h. */
#include "generate/generator.h"

/* A setter and a getter for a number: they differ in nothing but name, type and where the value is kept. */
#define NUMBER_SETTING(type, name, field)                                            \
    gpt_status gpt_generator_set_##name(gpt_generator *generator, type name)         \
    {                                                                                \
        GPT__CHECK_ARGUMENT(generator != NULL);                                      \
        GPT__TRY(gpt__settings_check_number(#name, (double)name));                   \
        generator->field = name;                                                     \
        return GPT_OK;                                                               \
    }

/* Getter of a setting that is part of gpt__settings. */
#define SETTING(type, name)                                           \
    NUMBER_SETTING(type, name, settings.name)                         \
    type gpt_generator_##name(const gpt_generator *generator)         \
    {                                                                 \
        gpt__settings defaults;                                       \
        gpt__settings_default(&defaults);                             \
        return generator != NULL ? generator->settings.name : defaults.name; \
    }

/* Getter of a setting that is the generator's own. */
#define GENERATOR_SETTING(type, name, initial)                    \
    NUMBER_SETTING(type, name, name)                              \
    type gpt_generator_##name(const gpt_generator *generator)     \
    {                                                             \
        return generator != NULL ? generator->name : (initial);   \
    }

SETTING(int, sampling)
SETTING(float, temperature)
SETTING(int, top_k)
SETTING(float, top_p)
SETTING(float, min_p)
SETTING(float, typical_p)
SETTING(float, epsilon_cutoff)
SETTING(float, eta_cutoff)
SETTING(float, repetition_penalty)
SETTING(float, presence_penalty)
SETTING(float, frequency_penalty)
SETTING(int, no_repeat_ngram)
SETTING(int, min_new_tokens)
SETTING(int, max_new_tokens)
SETTING(int, max_length)
SETTING(int, samples)
SETTING(int, beams)
SETTING(float, length_penalty)
SETTING(int, early_stopping)
SETTING(int, logprobs)
GENERATOR_SETTING(int, threads, 0)
GENERATOR_SETTING(int, chunk, GPT__DEFAULT_CHUNK)

/* The limit is one of whole pages; a lower one frees at once what no sequence holds. */
static void limit_cache(gpt_generator *generator, int64_t tokens)
{
    generator->cache_tokens = tokens;
    gpt__kv_cache_limit(&generator->cache, tokens / GPT__PAGE_TOKENS + (tokens % GPT__PAGE_TOKENS > 0));
}

/* Not every int64_t is a double, so that the largest ones would seem to be out of range. */
gpt_status gpt_generator_set_cache_tokens(gpt_generator *generator, int64_t cache_tokens)
{
    const int64_t exact = (int64_t)1 << 53;
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__TRY(gpt__settings_check_number("cache_tokens", (double)(cache_tokens < exact ? cache_tokens : exact)));
    limit_cache(generator, cache_tokens);
    return GPT_OK;
}

int64_t gpt_generator_cache_tokens(const gpt_generator *generator)
{
    return generator != NULL ? generator->cache_tokens : 0;
}

gpt_status gpt_generator_reset_settings(gpt_generator *generator)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    gpt__settings settings;
    GPT__TRY(gpt__settings_from_model(&settings, generator->model));
    gpt__settings_release(&generator->settings);
    generator->settings = settings;
    generator->threads = 0;
    generator->chunk = GPT__DEFAULT_CHUNK;
    limit_cache(generator, 0);
    generator->profile.is_on = 0;
    return GPT_OK;
}

gpt_status gpt_generator_set_seed(gpt_generator *generator, uint64_t seed)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    generator->settings.has_seed = 1;
    generator->settings.seed = seed;
    return GPT_OK;
}

uint64_t gpt_generator_seed(const gpt_generator *generator)
{
    if (generator == NULL)
        return 0;
    return generator->settings.has_seed ? generator->settings.seed : generator->last_seed;
}

/*
 * Settings of single tokens.
 */

static gpt_status check_token(const gpt_generator *generator, int32_t token)
{
    int32_t V = generator->model->config.V;
    if (token < 0 || token >= V)
        return gpt__fail(GPT_E_ARGUMENT, "token id %d is not in 0 to %d", token, V - 1);
    return GPT_OK;
}

/* Puts a token into a set or takes it out. */
static gpt_status change_set(gpt_generator *generator, gpt__token_map *set, int32_t token, int in)
{
    GPT__TRY(check_token(generator, token));
    if (in)
        return gpt__token_map_set(set, token, 0);
    gpt__token_map_remove(set, token);
    return GPT_OK;
}

gpt_status gpt_generator_set_bias(gpt_generator *generator, int32_t token, float bias)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__TRY(check_token(generator, token));
    GPT__TRY(gpt__settings_check_number("bias", bias));
    if (bias != 0)
        return gpt__token_map_set(&generator->settings.bias, token, bias);
    gpt__token_map_remove(&generator->settings.bias, token);
    return GPT_OK;
}

float gpt_generator_bias(const gpt_generator *generator, int32_t token)
{
    const gpt__token_value *entry =
        generator != NULL ? gpt__token_map_find(&generator->settings.bias, token) : NULL;
    return entry != NULL ? entry->value : 0;
}

gpt_status gpt_generator_set_banned(gpt_generator *generator, int32_t token, int banned)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__TRY(gpt__settings_check_number("banned", banned));
    return change_set(generator, &generator->settings.banned, token, banned);
}

int gpt_generator_banned(const gpt_generator *generator, int32_t token)
{
    return generator != NULL && gpt__token_map_find(&generator->settings.banned, token) != NULL;
}

gpt_status gpt_generator_set_stop_token(gpt_generator *generator, int32_t token, int stop)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__TRY(gpt__settings_check_number("stop_token", stop));
    return change_set(generator, &generator->settings.stop_tokens, token, stop);
}

int gpt_generator_stop_token(const gpt_generator *generator, int32_t token)
{
    return generator != NULL && gpt__token_map_find(&generator->settings.stop_tokens, token) != NULL;
}

/*
 * Stop strings and the hook.
 */

gpt_status gpt_generator_add_stop_string(gpt_generator *generator, const char *string, size_t length)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__CHECK_ARGUMENT(string != NULL);
    if (generator->model->tokenizer == NULL)
        return gpt__fail(GPT_E_ARGUMENT, "%s: the model has no tokenizer, so there is no text to stop at",
                         generator->model->path);
    return gpt__settings_add_stop_string(&generator->settings, string, length);
}

size_t gpt_generator_stop_string_count(const gpt_generator *generator)
{
    return generator != NULL ? generator->settings.stop_string_count : 0;
}

const char *gpt_generator_stop_string(size_t *length, const gpt_generator *generator, size_t index)
{
    int there = index < gpt_generator_stop_string_count(generator);
    const gpt__stop_string *string = there ? &generator->settings.stop_strings[index] : NULL;
    if (length != NULL)
        *length = there ? string->length : 0;
    return there ? string->bytes : NULL;
}

gpt_status gpt_generator_clear_stop_strings(gpt_generator *generator)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    gpt__settings_clear_stop_strings(&generator->settings);
    return GPT_OK;
}

gpt_status gpt_generator_set_logits_hook(gpt_generator *generator, gpt_logits_hook hook, void *user)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    generator->settings.hook = hook;
    generator->settings.hook_user = user;
    return GPT_OK;
}
