/* SPDX-License-Identifier: Apache-2.0 */
/*
 * families/gpt2.c: GPT-2 (Radford et al., "Language Models are Unsupervised Multitask Learners", 2019) and all that
 * shares its files: distilgpt2, DialoGPT, Cerebras-GPT. Layer norm before each part, learned positions, the output
 * layer tied to the embedding. Names and keys are those of Hugging Face's GPT2LMHeadModel.
 */
#include "model/family.h"

/* lm_head has no base prefix, but families share that rule: see gpt__source_find in matrix.c. */
static const gpt__weight_name names[] = {
    {GPT__ROLE_EMBEDDING, "wte", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_POSITIONS, "wpe", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_NORM_1, "ln_1", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_QKV, "attn.c_attn", GPT__LAYOUT_IN_OUT, 1},
    {GPT__ROLE_ATTENTION_OUT, "attn.c_proj", GPT__LAYOUT_IN_OUT, 1},
    {GPT__ROLE_NORM_2, "ln_2", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_UP, "mlp.c_fc", GPT__LAYOUT_IN_OUT, 1},
    {GPT__ROLE_DOWN, "mlp.c_proj", GPT__LAYOUT_IN_OUT, 1},
    {GPT__ROLE_FINAL_NORM, "ln_f", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_OUTPUT, "lm_head", GPT__LAYOUT_OUT_IN, 0},
};

static gpt_status read_config(gpt__config *config, const gpt__json *json)
{
    GPT__TRY(gpt__config_size(&config->context, json, INT32_MAX, "n_positions", "n_ctx"));
    GPT__TRY(gpt__config_size(&config->D, json, 1 << 20, "n_embd", NULL));
    GPT__TRY(gpt__config_size(&config->L, json, GPT__MAX_LAYERS, "n_layer", NULL));
    GPT__TRY(gpt__config_size(&config->H, json, 1 << 16, "n_head", NULL));
    config->inner = 4 * config->D;
    GPT__TRY(gpt__config_size(&config->inner, json, 1 << 22, "n_inner", NULL));
    GPT__TRY(gpt__config_epsilon(config, json, "layer_norm_epsilon"));
    config->activation = GPT__GELU_TANH;
    GPT__TRY(gpt__config_activation(&config->activation, json, "activation_function"));
    config->scale_by_head = 1;
    GPT__TRY(gpt__json_bool(&config->scale_by_head, json, json->root, "scale_attn_weights"));
    GPT__TRY(gpt__json_bool(&config->scale_by_inverse_layer, json, json->root, "scale_attn_by_inverse_layer_idx"));
    GPT__TRY(gpt__config_tied(config, json, 1));
    return gpt__config_refuse(json, "add_cross_attention");
}

const gpt__family gpt__family_gpt2 = {
    .model_type = "gpt2",
    .prefix = "transformer.",
    .layers = "h",
    .names = names,
    .name_count = sizeof names / sizeof *names,
    .read_config = read_config,
};
