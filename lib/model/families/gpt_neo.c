/* SPDX-License-Identifier: Apache-2.0 */
/*
 * families/gpt_neo.c: GPT-Neo (Black et al., 2021). Like GPT-2, but every other layer sees only the nearest tokens, and
 * scores are not divided by the size of a head. Names and keys are those of Hugging Face's GPTNeoForCausalLM.
 */
#include "model/family.h"

static const gpt__weight_name names[] = {
    {GPT__ROLE_EMBEDDING, "wte", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_POSITIONS, "wpe", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_NORM_1, "ln_1", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_QUERIES, "attn.attention.q_proj", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_KEYS, "attn.attention.k_proj", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_VALUES, "attn.attention.v_proj", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_ATTENTION_OUT, "attn.attention.out_proj", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_NORM_2, "ln_2", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_UP, "mlp.c_fc", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_DOWN, "mlp.c_proj", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_FINAL_NORM, "ln_f", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_OUTPUT, "lm_head", GPT__LAYOUT_OUT_IN, 0},
};

/* attention_types is a list of [[kinds], times]: the kinds of layers, in turns, so many times. */
static gpt_status read_attention_types(gpt__config *config, const gpt__json *json)
{
    const cJSON *types = NULL;
    const cJSON *entry;
    int32_t layer = 0;
    GPT__TRY(gpt__json_array(&types, json, json->root, "attention_types"));
    cJSON_ArrayForEach(entry, types)
    {
        const cJSON *kinds = cJSON_GetArrayItem(entry, 0);
        const cJSON *times = cJSON_GetArrayItem(entry, 1);
        int64_t count;
        if (!cJSON_IsArray(kinds) || !gpt__json_whole(&count, times, 1, GPT__MAX_LAYERS))
            return gpt__fail(GPT_E_FORMAT, "%s: \"attention_types\" should be a list of [[kinds], times]", json->path);
        for (int64_t i = 0; i < count; i++)
            GPT__TRY(gpt__config_add_layer_kinds(config, &layer, json, "attention_types", kinds, "global", "local"));
    }
    if (types != NULL && layer != config->L)
        return gpt__fail(GPT_E_FORMAT, "%s: \"attention_types\" has %d layers, \"num_layers\" is %d", json->path, layer,
                         config->L);
    return GPT_OK;
}

static gpt_status read_config(gpt__config *config, const gpt__json *json)
{
    GPT__TRY(gpt__config_size(&config->context, json, INT32_MAX, "max_position_embeddings", NULL));
    GPT__TRY(gpt__config_size(&config->D, json, 1 << 20, "hidden_size", NULL));
    GPT__TRY(gpt__config_size(&config->L, json, GPT__MAX_LAYERS, "num_layers", NULL));
    GPT__TRY(gpt__config_size(&config->H, json, 1 << 16, "num_heads", NULL));
    config->inner = 4 * config->D;
    GPT__TRY(gpt__config_size(&config->inner, json, 1 << 22, "intermediate_size", NULL));
    config->window = 256;
    GPT__TRY(gpt__config_size(&config->window, json, INT32_MAX, "window_size", NULL));
    /* Without the key, layers see all and the near in turns, beginning with all. */
    for (int32_t i = 1; i < config->L; i += 2)
        config->is_local[i] = 1;
    GPT__TRY(read_attention_types(config, json));
    GPT__TRY(gpt__config_epsilon(config, json, "layer_norm_epsilon"));
    config->activation = GPT__GELU_TANH;
    GPT__TRY(gpt__config_activation(&config->activation, json, "activation_function"));
    config->qkv_order = GPT__QKV_SEPARATE;
    return gpt__config_tied(config, json, 1);
}

const gpt__family gpt__family_gpt_neo = {
    .model_type = "gpt_neo",
    .prefix = "transformer.",
    .layers = "h",
    .names = names,
    .name_count = sizeof names / sizeof *names,
    .read_config = read_config,
};
