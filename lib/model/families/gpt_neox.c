/* SPDX-License-Identifier: Apache-2.0 */
/*
 * families/gpt_neox.c: GPT-NeoX-20B (Black et al., 2022) and Pythia. Both parts of a layer read the same stream through
 * norms of their own; rotary positions turn a share of each head. Names and keys are those of Hugging Face's
 * GPTNeoXForCausalLM.
 */
#include "model/family.h"

static const gpt__weight_name names[] = {
    {GPT__ROLE_EMBEDDING, "embed_in", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_NORM_1, "input_layernorm", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_QKV, "attention.query_key_value", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_ATTENTION_OUT, "attention.dense", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_NORM_2, "post_attention_layernorm", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_UP, "mlp.dense_h_to_4h", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_DOWN, "mlp.dense_4h_to_h", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_FINAL_NORM, "final_layer_norm", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_OUTPUT, "embed_out", GPT__LAYOUT_OUT_IN, 0},
};

static const gpt__rotary_words rotary_words = {
    .base_key = "rotary_emb_base", .base = 10000, .share_key = "rotary_pct", .share = 0.25};

static gpt_status read_config(gpt__config *config, const gpt__json *json)
{
    int parallel = 1;
    GPT__TRY(gpt__config_size(&config->context, json, INT32_MAX, "max_position_embeddings", NULL));
    GPT__TRY(gpt__config_size(&config->D, json, 1 << 20, "hidden_size", NULL));
    GPT__TRY(gpt__config_size(&config->L, json, GPT__MAX_LAYERS, "num_hidden_layers", NULL));
    GPT__TRY(gpt__config_size(&config->H, json, 1 << 16, "num_attention_heads", NULL));
    GPT__TRY(gpt__config_size(&config->inner, json, 1 << 22, "intermediate_size", NULL));
    GPT__TRY(gpt__config_epsilon(config, json, "layer_norm_eps"));
    config->activation = GPT__GELU_ERF;
    GPT__TRY(gpt__config_activation(&config->activation, json, "hidden_act"));
    GPT__TRY(gpt__config_rotary(config, json, &rotary_words));
    config->scale_by_head = 1;
    GPT__TRY(gpt__json_bool(&parallel, json, json->root, "use_parallel_residual"));
    config->residual = parallel ? GPT__RESIDUAL_PARALLEL : GPT__RESIDUAL_SERIAL;
    config->qkv_order = GPT__QKV_BY_HEAD;
    GPT__TRY(gpt__json_bool(&config->attention_bias, json, json->root, "attention_bias"));
    return gpt__config_tied(config, json, 0);
}

const gpt__family gpt__family_gpt_neox = {
    .model_type = "gpt_neox",
    .prefix = "gpt_neox.",
    .layers = "layers",
    .names = names,
    .name_count = sizeof names / sizeof *names,
    .read_config = read_config,
};
