/* SPDX-License-Identifier: Apache-2.0 */
/*
 * families/gptj.c: GPT-J (Wang and Komatsuzaki, 2021). Both parts of a layer read the same norm and are added at once;
 * rotary positions turn neighbouring values. Names and keys are those of Hugging Face's GPTJForCausalLM.
 */
#include "model/family.h"

/* One norm of the file plays both parts. */
static const gpt__weight_name names[] = {
    {GPT__ROLE_EMBEDDING, "wte", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_NORM_1, "ln_1", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_NORM_2, "ln_1", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_QUERIES, "attn.q_proj", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_KEYS, "attn.k_proj", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_VALUES, "attn.v_proj", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_ATTENTION_OUT, "attn.out_proj", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_UP, "mlp.fc_in", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_DOWN, "mlp.fc_out", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_FINAL_NORM, "ln_f", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_OUTPUT, "lm_head", GPT__LAYOUT_OUT_IN, 1},
};

/*
 * Neighbours turn together, so that an odd number of values can not. The reference knows one base and no scaling: keys
 * for these are not read.
 */
static gpt_status read_rotary(gpt__config *config, const gpt__json *json)
{
    int32_t R = 64;
    GPT__TRY(gpt__config_head_size(config, json));
    GPT__TRY(gpt__config_size(&R, json, GPT__MAX_ROTARY, "rotary_dim", NULL));
    if (R % 2 != 0 || R > config->K)
        return gpt__fail(GPT_E_FORMAT, "%s: \"rotary_dim\" is %d, expected an even number up to %d", json->path, R,
                         config->K);
    config->rotary_interleaved = 1;
    gpt__config_rotary_fixed(config, R, 10000);
    return GPT_OK;
}

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
    GPT__TRY(read_rotary(config, json));
    config->scale_by_head = 1;
    config->residual = GPT__RESIDUAL_PARALLEL;
    config->qkv_order = GPT__QKV_SEPARATE;
    config->output_bias = 1;
    return gpt__config_tied(config, json, 0);
}

const gpt__family gpt__family_gptj = {
    .model_type = "gptj",
    .prefix = "transformer.",
    .layers = "h",
    .names = names,
    .name_count = sizeof names / sizeof *names,
    .read_config = read_config,
};
