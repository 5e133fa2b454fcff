/* SPDX-License-Identifier: Apache-2.0 */
/*
 * families/gguf.c: the tensors of the families in GGUF files. There all architectures take their names from one list
 * (tensor_mapping.py of llama.cpp's gguf package), all matrices have a row for each output, and queries, keys and
 * values lie one after the other, whatever the family's own checkpoints do. The configuration is read by the family of
 * the same model_type: see model/gguf_config.h.
 */
#include "model/family.h"

#include <string.h>

/* Of GPT-2 and its kin. */
static const gpt__weight_name names[] = {
    {GPT__ROLE_EMBEDDING, "token_embd", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_POSITIONS, "position_embd", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_NORM_1, "attn_norm", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_QKV, "attn_qkv", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_ATTENTION_OUT, "attn_output", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_NORM_2, "ffn_norm", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_UP, "ffn_up", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_DOWN, "ffn_down", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_FINAL_NORM, "output_norm", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_OUTPUT, "output", GPT__LAYOUT_OUT_IN, 0},
};

/* One norm of the file plays both parts. */
static const gpt__weight_name gptj_names[] = {
    {GPT__ROLE_EMBEDDING, "token_embd", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_NORM_1, "attn_norm", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_NORM_2, "attn_norm", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_QUERIES, "attn_q", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_KEYS, "attn_k", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_VALUES, "attn_v", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_ATTENTION_OUT, "attn_output", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_UP, "ffn_up", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_DOWN, "ffn_down", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_FINAL_NORM, "output_norm", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_OUTPUT, "output", GPT__LAYOUT_OUT_IN, 1},
};

static const gpt__weight_name gpt_oss_names[] = {
    {GPT__ROLE_EMBEDDING, "token_embd", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_NORM_1, "attn_norm", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_QUERIES, "attn_q", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_KEYS, "attn_k", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_VALUES, "attn_v", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_SINKS, "attn_sinks.weight", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_ATTENTION_OUT, "attn_output", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_NORM_2, "post_attention_norm", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_ROUTER, "ffn_gate_inp", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_EXPERTS_GATE, "ffn_gate_exps", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_EXPERTS_VALUE, "ffn_up_exps", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_EXPERTS_OUT, "ffn_down_exps", GPT__LAYOUT_OUT_IN, 1},
    {GPT__ROLE_FINAL_NORM, "output_norm", GPT__LAYOUT_OUT_IN, 0},
    {GPT__ROLE_OUTPUT, "output", GPT__LAYOUT_OUT_IN, 0},
};

#define LENGTH(list) (sizeof list / sizeof *list)

static const gpt__family families[] = {
    {"gpt2", "", "blk", names, LENGTH(names), NULL},
    {"gpt_bigcode", "", "blk", names, LENGTH(names), NULL},
    {"gpt_neox", "", "blk", names, LENGTH(names), NULL},
    {"gptj", "", "blk", gptj_names, LENGTH(gptj_names), NULL},
    {"gpt_oss", "", "blk", gpt_oss_names, LENGTH(gpt_oss_names), NULL},
};

const gpt__family *gpt__gguf_family_find(const char *model_type)
{
    for (size_t i = 0; i < LENGTH(families); i++)
        if (strcmp(families[i].model_type, model_type) == 0)
            return &families[i];
    return NULL;
}
