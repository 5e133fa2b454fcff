/* SPDX-License-Identifier: Apache-2.0 */
/*
 * families/gpt_oss.c: gpt-oss (OpenAI, "gpt-oss-120b & gpt-oss-20b Model Card", 2025). RMS norm, rotary positions with
 * YaRN, grouped key heads, layers that see all and the near in turns, a sink for each head, and experts with a clamped
 * gated activation, of which each token uses a few. Names and keys are those of Hugging Face's GptOssForCausalLM.
 */
#include "model/family.h"

static const gpt__weight_name names[] = {
    {GPT__ROLE_EMBEDDING, "embed_tokens", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_NORM_1, "input_layernorm", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_QUERIES, "self_attn.q_proj", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_KEYS, "self_attn.k_proj", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_VALUES, "self_attn.v_proj", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_SINKS, "self_attn.sinks", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_ATTENTION_OUT, "self_attn.o_proj", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_NORM_2, "post_attention_layernorm", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_ROUTER, "mlp.router", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_EXPERTS_IN, "mlp.experts.gate_up_proj", GPT__LAYOUT_IN_OUT, 1},
    {GPT__ROLE_EXPERTS_OUT, "mlp.experts.down_proj", GPT__LAYOUT_IN_OUT, 1},
    {GPT__ROLE_FINAL_NORM, "norm", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_OUTPUT, "lm_head", GPT__LAYOUT_OUT_IN, 0},
};

static gpt_status read_layer_types(gpt__config *config, const gpt__json *json)
{
    const cJSON *types = NULL;
    int32_t layer = 0;
    config->window = 128;
    GPT__TRY(gpt__config_size(&config->window, json, INT32_MAX, "sliding_window", NULL));
    GPT__TRY(gpt__json_array(&types, json, json->root, "layer_types"));
    if (types == NULL) {
        for (int32_t i = 0; i < config->L; i += 2)
            config->is_local[i] = 1;
        return GPT_OK;
    }
    GPT__TRY(gpt__config_add_layer_kinds(config, &layer, json, "layer_types", types, "full_attention",
                                         "sliding_attention"));
    if (layer != config->L)
        return gpt__fail(GPT_E_FORMAT, "%s: \"layer_types\" has %d layers, \"num_hidden_layers\" is %d", json->path,
                         layer, config->L);
    return GPT_OK;
}

/*
 * hidden_act is not read: the experts' activation is their own, whatever that key says, as in the reference. The
 * reference reads neither limit nor alpha, which are 7 and 1.702 there.
 */
static gpt_status read_activation(gpt__config *config, const gpt__json *json)
{
    double limit = 7;
    double alpha = 1.702;
    GPT__TRY(gpt__json_number(&limit, json, json->root, "swiglu_limit"));
    GPT__TRY(gpt__json_number(&alpha, json, json->root, "swiglu_alpha"));
    config->gate_limit = (float)limit;
    if (!(config->gate_limit > 0))
        return gpt__fail(GPT_E_FORMAT, "%s: \"swiglu_limit\" should be a number over 0", json->path);
    if ((float)alpha != 1.702f)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"swiglu_alpha\" other than 1.702 is not supported", json->path);
    return GPT_OK;
}

/*
 * Choosing experts compares each with those that are chosen already, which a cancellation waits for: with these most,
 * it stays a small part of a step.
 */
#define MOST_EXPERTS 4096
#define MOST_EXPERTS_PER_TOKEN 64

static gpt_status check_experts(const gpt__config *config, const gpt__json *json)
{
    if (config->experts > MOST_EXPERTS)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"num_local_experts\" is %d; more than %d are not supported",
                         json->path, config->experts, MOST_EXPERTS);
    if (config->experts_per_token > MOST_EXPERTS_PER_TOKEN)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"num_experts_per_tok\" is %d; more than %d are not supported",
                         json->path, config->experts_per_token, MOST_EXPERTS_PER_TOKEN);
    return GPT_OK;
}

static gpt_status read_experts(gpt__config *config, const gpt__json *json)
{
    GPT__TRY(gpt__config_size(&config->inner, json, 1 << 22, "intermediate_size", NULL));
    GPT__TRY(gpt__config_size(&config->experts, json, 1 << 16, "num_local_experts", NULL));
    GPT__TRY(gpt__config_size(&config->experts_per_token, json, config->experts, "num_experts_per_tok",
                              "experts_per_token"));
    GPT__TRY(check_experts(config, json));
    return read_activation(config, json);
}

/* Where config.json says nothing, positions are scaled as those of OpenAI's models are. */
static const gpt__rotary_words rotary_words = {
    .base_key = "rope_theta", .base = 150000, .share = 1, .factor = 32, .original = 4096};

/* The reference's attention can only turn whole heads: it fails where the share of a head is another. */
static gpt_status read_rotary(gpt__config *config, const gpt__json *json)
{
    GPT__TRY(gpt__config_rotary(config, json, &rotary_words));
    if (config->rotary.R != config->K)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"partial_rotary_factor\" other than 1 is not supported", json->path);
    return GPT_OK;
}

static gpt_status read_config(gpt__config *config, const gpt__json *json)
{
    GPT__TRY(gpt__config_size(&config->context, json, INT32_MAX, "max_position_embeddings", NULL));
    GPT__TRY(gpt__config_size(&config->D, json, 1 << 20, "hidden_size", NULL));
    GPT__TRY(gpt__config_size(&config->L, json, GPT__MAX_LAYERS, "num_hidden_layers", NULL));
    GPT__TRY(gpt__config_size(&config->H, json, 1 << 16, "num_attention_heads", NULL));
    config->KV = 8;
    GPT__TRY(gpt__config_size(&config->KV, json, 1 << 16, "num_key_value_heads", NULL));
    config->K = 64;
    GPT__TRY(gpt__config_size(&config->K, json, 1 << 16, "head_dim", NULL));
    GPT__TRY(read_experts(config, json));
    GPT__TRY(read_layer_types(config, json));
    config->norm = GPT__RMS_NORM;
    GPT__TRY(gpt__config_epsilon(config, json, "rms_norm_eps"));
    GPT__TRY(read_rotary(config, json));
    config->scale_by_head = 1;
    config->qkv_order = GPT__QKV_SEPARATE;
    config->attention_sinks = 1;
    GPT__TRY(gpt__json_bool(&config->attention_bias, json, json->root, "attention_bias"));
    return gpt__config_tied(config, json, 0);
}

const gpt__family gpt__family_gpt_oss = {
    .model_type = "gpt_oss",
    .prefix = "model.",
    .layers = "layers",
    .names = names,
    .name_count = sizeof names / sizeof *names,
    .read_config = read_config,
};
