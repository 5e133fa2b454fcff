/* SPDX-License-Identifier: Apache-2.0 */
/* generate/defaults.c: the settings that a model's own files ask for, in transformers' words. */
#include "base/log.h"
#include "generate/generator.h"

#include <string.h>

/* Keys of generation_config.json and the settings that they are. */
static const struct {
    const char *key;
    const char *setting;
    size_t offset;
    int is_float;
    int is_for_sampling;
} numbers[] = {
    {"temperature", "temperature", offsetof(gpt__settings, temperature), 1, 1},
    {"top_k", "top_k", offsetof(gpt__settings, top_k), 0, 1},
    {"top_p", "top_p", offsetof(gpt__settings, top_p), 1, 1},
    {"min_p", "min_p", offsetof(gpt__settings, min_p), 1, 1},
    {"typical_p", "typical_p", offsetof(gpt__settings, typical_p), 1, 1},
    {"epsilon_cutoff", "epsilon_cutoff", offsetof(gpt__settings, epsilon_cutoff), 1, 1},
    {"eta_cutoff", "eta_cutoff", offsetof(gpt__settings, eta_cutoff), 1, 1},
    {"repetition_penalty", "repetition_penalty", offsetof(gpt__settings, repetition_penalty), 1, 0},
    {"no_repeat_ngram_size", "no_repeat_ngram", offsetof(gpt__settings, no_repeat_ngram), 0, 0},
    {"min_new_tokens", "min_new_tokens", offsetof(gpt__settings, min_new_tokens), 0, 0},
    {"max_new_tokens", "max_new_tokens", offsetof(gpt__settings, max_new_tokens), 0, 0},
    {"max_length", "max_length", offsetof(gpt__settings, max_length), 0, 0},
    {"length_penalty", "length_penalty", offsetof(gpt__settings, length_penalty), 1, 0},
};

static gpt_status read_number(gpt__settings *settings, const gpt__json *json, size_t i)
{
    const cJSON *member = gpt__json_member(json->root, numbers[i].key);
    double value = 0;
    if (member == NULL)
        return GPT_OK;
    GPT__TRY(gpt__json_number(&value, json, json->root, numbers[i].key));
    gpt_status status = gpt__settings_check_number(numbers[i].setting, value);
    if (status == GPT_E_MEMORY)
        return status;
    if (status != GPT_OK) {
        /* As transformers does: with do_sample false, a temperature of 0 means nothing, and is common. */
        if (numbers[i].is_for_sampling && !settings->sampling)
            return GPT_OK;
        return gpt__fail(GPT_E_FORMAT, "%s: \"%s\" is out of its range", json->path, numbers[i].key);
    }
    char *field = (char *)settings + numbers[i].offset;
    if (numbers[i].is_float)
        *(float *)field = (float)value;
    else
        *(int *)field = (int)value;
    return GPT_OK;
}

/* true or false; the reference also knows "never", which goes on until nothing better is possible. */
static gpt_status read_early_stopping(gpt__settings *settings, const gpt__json *json)
{
    const cJSON *member = gpt__json_member(json->root, "early_stopping");
    if (!cJSON_IsString(member))
        return gpt__json_bool(&settings->early_stopping, json, json->root, "early_stopping");
    gpt__log(GPT_LOG_WARNING, "%s: \"early_stopping\" is \"%s\", which is not supported and has no effect", json->path,
             member->valuestring);
    return GPT_OK;
}

static gpt_status read_stop_string(gpt__settings *settings, const gpt__json *json, const cJSON *string)
{
    const char *bytes = cJSON_IsString(string) ? string->valuestring : "";
    gpt_status status = gpt__settings_add_stop_string(settings, bytes, strlen(bytes));
    if (status != GPT_E_ARGUMENT)
        return status;
    return gpt__fail(GPT_E_FORMAT, "%s: \"stop_strings\" should be a string or several, none empty", json->path);
}

/* One string or an array of them. */
static gpt_status read_stop_strings(gpt__settings *settings, const gpt__json *json, const gpt_model *model)
{
    const cJSON *member = gpt__json_member(json->root, "stop_strings");
    const cJSON *string;
    if (member == NULL)
        return GPT_OK;
    if (model->tokenizer == NULL) {
        gpt__log(GPT_LOG_WARNING, "%s: \"stop_strings\" has no effect: the model has no tokenizer", json->path);
        return GPT_OK;
    }
    if (!cJSON_IsArray(member))
        return read_stop_string(settings, json, member);
    cJSON_ArrayForEach(string, member)
        GPT__TRY(read_stop_string(settings, json, string));
    return GPT_OK;
}

/* Keys that ask for what libgpt does not do. Generation goes on without, but not in silence. */
static void warn_of_missing(const gpt__json *json)
{
    static const char *const keys[] = {"bad_words_ids",        "suppress_tokens",      "begin_suppress_tokens",
                                       "forced_bos_token_id",  "forced_eos_token_id",  "forced_decoder_ids",
                                       "sequence_bias",        "constraints",          "guidance_scale",
                                       "penalty_alpha",        "dola_layers"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
        if (gpt__json_member(json->root, keys[i]) != NULL)
            gpt__log(GPT_LOG_WARNING, "%s: \"%s\" is not supported and has no effect", json->path, keys[i]);
    const cJSON *least = gpt__json_member(json->root, "min_length");
    if (cJSON_IsNumber(least) && least->valuedouble > 0)
        gpt__log(GPT_LOG_WARNING, "%s: \"min_length\" has no effect: \"min_new_tokens\" has", json->path);
    const cJSON *beams = gpt__json_member(json->root, "num_beams");
    if (cJSON_IsNumber(beams) && beams->valuedouble > 1)
        gpt__log(GPT_LOG_WARNING, "%s: \"num_beams\" has no effect: beams must be set by the caller", json->path);
}

static gpt_status read_generation_config(gpt__settings *settings, const gpt_model *model)
{
    const gpt__json *json = &model->generation_config;
    GPT__TRY(gpt__json_bool(&settings->sampling, json, json->root, "do_sample"));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        GPT__TRY(read_number(settings, json, i));
    GPT__TRY(read_early_stopping(settings, json));
    GPT__TRY(read_stop_strings(settings, json, model));
    warn_of_missing(json);
    return GPT_OK;
}

gpt_status gpt__settings_from_model(gpt__settings *settings, const gpt_model *model)
{
    const gpt__config *config = &model->config;
    gpt__message kept;
    gpt__message_keep(&kept);
    gpt__settings_default(settings);
    gpt_status status = GPT_OK;
    if (model->generation_config.root != NULL)
        status = read_generation_config(settings, model);
    for (int i = 0; status == GPT_OK && i < config->stop_token_count; i++)
        status = gpt__token_map_set(&settings->stop_tokens, config->stop_tokens[i], 0);
    if (status != GPT_OK)
        gpt__settings_release(settings);
    return gpt__message_restore(status, &kept);
}
