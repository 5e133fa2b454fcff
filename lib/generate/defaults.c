/* SPDX-License-Identifier: Apache-2.0 */
/* generate/defaults.c: the settings that a model's own files ask for, in transformers' words. */
#include "generate/generator.h"

/* Keys of generation_config.json and the settings that they are. */
static const struct {
    const char *key;
    const char *setting;
    size_t offset;
    int is_float;
} numbers[] = {
    {"temperature", "temperature", offsetof(gpt__settings, temperature), 1},
    {"top_k", "top_k", offsetof(gpt__settings, top_k), 0},
    {"top_p", "top_p", offsetof(gpt__settings, top_p), 1},
    {"min_p", "min_p", offsetof(gpt__settings, min_p), 1},
    {"typical_p", "typical_p", offsetof(gpt__settings, typical_p), 1},
    {"epsilon_cutoff", "epsilon_cutoff", offsetof(gpt__settings, epsilon_cutoff), 1},
    {"eta_cutoff", "eta_cutoff", offsetof(gpt__settings, eta_cutoff), 1},
    {"repetition_penalty", "repetition_penalty", offsetof(gpt__settings, repetition_penalty), 1},
    {"no_repeat_ngram_size", "no_repeat_ngram", offsetof(gpt__settings, no_repeat_ngram), 0},
    {"min_new_tokens", "min_new_tokens", offsetof(gpt__settings, min_new_tokens), 0},
    {"max_new_tokens", "max_new_tokens", offsetof(gpt__settings, max_new_tokens), 0},
    {"max_length", "max_length", offsetof(gpt__settings, max_length), 0},
};

static gpt_status read_number(gpt__settings *settings, const gpt__json *json, size_t i)
{
    const cJSON *member = gpt__json_member(json->root, numbers[i].key);
    double value = 0;
    if (member == NULL)
        return GPT_OK;
    GPT__TRY(gpt__json_number(&value, json, json->root, numbers[i].key));
    if (gpt__settings_check_number(numbers[i].setting, value) != GPT_OK)
        return gpt__fail(GPT_E_FORMAT, "%s: \"%s\" is out of its range", json->path, numbers[i].key);
    char *field = (char *)settings + numbers[i].offset;
    if (numbers[i].is_float)
        *(float *)field = (float)value;
    else
        *(int *)field = (int)value;
    return GPT_OK;
}

static gpt_status read_generation_config(gpt__settings *settings, const gpt__json *json)
{
    GPT__TRY(gpt__json_bool(&settings->sampling, json, json->root, "do_sample"));
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        GPT__TRY(read_number(settings, json, i));
    return GPT_OK;
}

gpt_status gpt__settings_from_model(gpt__settings *settings, const gpt_model *model)
{
    const gpt__config *config = &model->config;
    gpt__settings_default(settings);
    gpt_status status = GPT_OK;
    if (model->generation_config.root != NULL)
        status = read_generation_config(settings, &model->generation_config);
    for (int i = 0; status == GPT_OK && i < config->stop_token_count; i++)
        status = gpt__token_map_set(&settings->stop_tokens, config->stop_tokens[i], 0);
    if (status != GPT_OK)
        gpt__settings_release(settings);
    return status;
}
