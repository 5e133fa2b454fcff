/* SPDX-License-Identifier: Apache-2.0 */
/*
 * families/openai_gpt.c: GPT-1 (Radford et al., "Improving Language Understanding by Generative Pre-Training", 2018).
 * Layer norm comes after each part has been added, and none at the end. Names and keys are those of Hugging Face's
 * OpenAIGPTLMHeadModel.
 */
#include "model/family.h"

#include <string.h>

static const gpt__weight_name names[] = {
    {GPT__ROLE_EMBEDDING, "tokens_embed", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_POSITIONS, "positions_embed", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_QKV, "attn.c_attn", GPT__LAYOUT_IN_OUT, 1},
    {GPT__ROLE_ATTENTION_OUT, "attn.c_proj", GPT__LAYOUT_IN_OUT, 1},
    {GPT__ROLE_NORM_1, "ln_1", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_UP, "mlp.c_fc", GPT__LAYOUT_IN_OUT, 1},
    {GPT__ROLE_DOWN, "mlp.c_proj", GPT__LAYOUT_IN_OUT, 1},
    {GPT__ROLE_NORM_2, "ln_2", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_OUTPUT, "lm_head", GPT__LAYOUT_OUT_IN, 0},
};

/* What this family calls gelu has been the tanh formula from the first, unlike that of all others. */
static gpt_status read_activation(gpt__config *config, const gpt__json *json)
{
    const char *name = "gelu";
    GPT__TRY(gpt__json_string(&name, json, json->root, "afn"));
    config->activation = GPT__GELU_TANH;
    return strcmp(name, "gelu") == 0 ? GPT_OK : gpt__config_activation(&config->activation, json, "afn");
}

static gpt_status read_config(gpt__config *config, const gpt__json *json)
{
    GPT__TRY(gpt__config_size(&config->context, json, INT32_MAX, "n_positions", "n_ctx"));
    GPT__TRY(gpt__config_size(&config->D, json, 1 << 20, "n_embd", NULL));
    GPT__TRY(gpt__config_size(&config->L, json, GPT__MAX_LAYERS, "n_layer", NULL));
    GPT__TRY(gpt__config_size(&config->H, json, 1 << 16, "n_head", NULL));
    config->inner = 4 * config->D;
    GPT__TRY(gpt__config_epsilon(config, json, "layer_norm_epsilon"));
    GPT__TRY(read_activation(config, json));
    config->scale_by_head = 1;
    config->residual = GPT__RESIDUAL_POST_NORM;
    return gpt__config_tied(config, json, 1);
}

const gpt__family gpt__family_openai_gpt = {
    .model_type = "openai-gpt",
    .prefix = "transformer.",
    .layers = "h",
    .names = names,
    .name_count = sizeof names / sizeof *names,
    .read_config = read_config,
};
