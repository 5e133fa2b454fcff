/* SPDX-License-Identifier: Apache-2.0 */
/*
 * golden/convert_gguf.c: golden models written as GGUF the way llama.cpp's converter does it: names, order of
 * dimensions and keys are those of its conversion script.
 */
#include "golden/convert_gguf.h"

#include "base/bytes.h"
#include "golden/reference.h"
#include "test.h"
#include "unit/test_floats.h"
#include "unit/test_gguf_maker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* How a tensor of the one becomes one of the other. Letters: A, B, C the dimensions that it has. */
typedef enum change {
    AS_IS,
    TURN,        /* [A, B] to [B, A], or [A, B, C] to [A, C, B] */
    EVEN_TURNED, /* [A, B, 2 C] to [A, C, B], every other one of the last dimension */
    ODD_TURNED,
    EVEN,        /* [A, 2 B] to [A, B] */
    ODD,
    PARTS        /* [heads, 3, A] to [3, heads, A]: queries, keys and values of each head to those of all heads */
} change;

/* Names have a %d for the layer, or none. */
typedef struct rename_line {
    const char *from;
    const char *to;
    change change;
} rename_line;

static const rename_line gpt2_lines[] = {
    {"transformer.wte.weight", "token_embd.weight", AS_IS},
    {"transformer.wpe.weight", "position_embd.weight", AS_IS},
    {"transformer.h.%d.ln_1.weight", "blk.%d.attn_norm.weight", AS_IS},
    {"transformer.h.%d.ln_1.bias", "blk.%d.attn_norm.bias", AS_IS},
    {"transformer.h.%d.attn.c_attn.weight", "blk.%d.attn_qkv.weight", TURN},
    {"transformer.h.%d.attn.c_attn.bias", "blk.%d.attn_qkv.bias", AS_IS},
    {"transformer.h.%d.attn.c_proj.weight", "blk.%d.attn_output.weight", TURN},
    {"transformer.h.%d.attn.c_proj.bias", "blk.%d.attn_output.bias", AS_IS},
    {"transformer.h.%d.ln_2.weight", "blk.%d.ffn_norm.weight", AS_IS},
    {"transformer.h.%d.ln_2.bias", "blk.%d.ffn_norm.bias", AS_IS},
    {"transformer.h.%d.mlp.c_fc.weight", "blk.%d.ffn_up.weight", TURN},
    {"transformer.h.%d.mlp.c_fc.bias", "blk.%d.ffn_up.bias", AS_IS},
    {"transformer.h.%d.mlp.c_proj.weight", "blk.%d.ffn_down.weight", TURN},
    {"transformer.h.%d.mlp.c_proj.bias", "blk.%d.ffn_down.bias", AS_IS},
    {"transformer.ln_f.weight", "output_norm.weight", AS_IS},
    {"transformer.ln_f.bias", "output_norm.bias", AS_IS},
};

static const rename_line gpt_bigcode_lines[] = {
    {"transformer.wte.weight", "token_embd.weight", AS_IS},
    {"transformer.wpe.weight", "position_embd.weight", AS_IS},
    {"transformer.h.%d.ln_1.weight", "blk.%d.attn_norm.weight", AS_IS},
    {"transformer.h.%d.ln_1.bias", "blk.%d.attn_norm.bias", AS_IS},
    {"transformer.h.%d.attn.c_attn.weight", "blk.%d.attn_qkv.weight", AS_IS},
    {"transformer.h.%d.attn.c_attn.bias", "blk.%d.attn_qkv.bias", AS_IS},
    {"transformer.h.%d.attn.c_proj.weight", "blk.%d.attn_output.weight", AS_IS},
    {"transformer.h.%d.attn.c_proj.bias", "blk.%d.attn_output.bias", AS_IS},
    {"transformer.h.%d.ln_2.weight", "blk.%d.ffn_norm.weight", AS_IS},
    {"transformer.h.%d.ln_2.bias", "blk.%d.ffn_norm.bias", AS_IS},
    {"transformer.h.%d.mlp.c_fc.weight", "blk.%d.ffn_up.weight", AS_IS},
    {"transformer.h.%d.mlp.c_fc.bias", "blk.%d.ffn_up.bias", AS_IS},
    {"transformer.h.%d.mlp.c_proj.weight", "blk.%d.ffn_down.weight", AS_IS},
    {"transformer.h.%d.mlp.c_proj.bias", "blk.%d.ffn_down.bias", AS_IS},
    {"transformer.ln_f.weight", "output_norm.weight", AS_IS},
    {"transformer.ln_f.bias", "output_norm.bias", AS_IS},
};

static const rename_line gpt_neox_lines[] = {
    {"gpt_neox.embed_in.weight", "token_embd.weight", AS_IS},
    {"gpt_neox.layers.%d.input_layernorm.weight", "blk.%d.attn_norm.weight", AS_IS},
    {"gpt_neox.layers.%d.input_layernorm.bias", "blk.%d.attn_norm.bias", AS_IS},
    {"gpt_neox.layers.%d.attention.query_key_value.weight", "blk.%d.attn_qkv.weight", PARTS},
    {"gpt_neox.layers.%d.attention.query_key_value.bias", "blk.%d.attn_qkv.bias", PARTS},
    {"gpt_neox.layers.%d.attention.dense.weight", "blk.%d.attn_output.weight", AS_IS},
    {"gpt_neox.layers.%d.attention.dense.bias", "blk.%d.attn_output.bias", AS_IS},
    {"gpt_neox.layers.%d.post_attention_layernorm.weight", "blk.%d.ffn_norm.weight", AS_IS},
    {"gpt_neox.layers.%d.post_attention_layernorm.bias", "blk.%d.ffn_norm.bias", AS_IS},
    {"gpt_neox.layers.%d.mlp.dense_h_to_4h.weight", "blk.%d.ffn_up.weight", AS_IS},
    {"gpt_neox.layers.%d.mlp.dense_h_to_4h.bias", "blk.%d.ffn_up.bias", AS_IS},
    {"gpt_neox.layers.%d.mlp.dense_4h_to_h.weight", "blk.%d.ffn_down.weight", AS_IS},
    {"gpt_neox.layers.%d.mlp.dense_4h_to_h.bias", "blk.%d.ffn_down.bias", AS_IS},
    {"gpt_neox.final_layer_norm.weight", "output_norm.weight", AS_IS},
    {"gpt_neox.final_layer_norm.bias", "output_norm.bias", AS_IS},
    {"embed_out.weight", "output.weight", AS_IS},
};

static const rename_line gptj_lines[] = {
    {"transformer.wte.weight", "token_embd.weight", AS_IS},
    {"transformer.h.%d.ln_1.weight", "blk.%d.attn_norm.weight", AS_IS},
    {"transformer.h.%d.ln_1.bias", "blk.%d.attn_norm.bias", AS_IS},
    {"transformer.h.%d.attn.q_proj.weight", "blk.%d.attn_q.weight", AS_IS},
    {"transformer.h.%d.attn.k_proj.weight", "blk.%d.attn_k.weight", AS_IS},
    {"transformer.h.%d.attn.v_proj.weight", "blk.%d.attn_v.weight", AS_IS},
    {"transformer.h.%d.attn.out_proj.weight", "blk.%d.attn_output.weight", AS_IS},
    {"transformer.h.%d.mlp.fc_in.weight", "blk.%d.ffn_up.weight", AS_IS},
    {"transformer.h.%d.mlp.fc_in.bias", "blk.%d.ffn_up.bias", AS_IS},
    {"transformer.h.%d.mlp.fc_out.weight", "blk.%d.ffn_down.weight", AS_IS},
    {"transformer.h.%d.mlp.fc_out.bias", "blk.%d.ffn_down.bias", AS_IS},
    {"transformer.ln_f.weight", "output_norm.weight", AS_IS},
    {"transformer.ln_f.bias", "output_norm.bias", AS_IS},
    {"lm_head.weight", "output.weight", AS_IS},
    {"lm_head.bias", "output.bias", AS_IS},
};

static const rename_line gpt_oss_lines[] = {
    {"model.embed_tokens.weight", "token_embd.weight", AS_IS},
    {"model.layers.%d.input_layernorm.weight", "blk.%d.attn_norm.weight", AS_IS},
    {"model.layers.%d.self_attn.q_proj.weight", "blk.%d.attn_q.weight", AS_IS},
    {"model.layers.%d.self_attn.q_proj.bias", "blk.%d.attn_q.bias", AS_IS},
    {"model.layers.%d.self_attn.k_proj.weight", "blk.%d.attn_k.weight", AS_IS},
    {"model.layers.%d.self_attn.k_proj.bias", "blk.%d.attn_k.bias", AS_IS},
    {"model.layers.%d.self_attn.v_proj.weight", "blk.%d.attn_v.weight", AS_IS},
    {"model.layers.%d.self_attn.v_proj.bias", "blk.%d.attn_v.bias", AS_IS},
    {"model.layers.%d.self_attn.sinks", "blk.%d.attn_sinks.weight", AS_IS},
    {"model.layers.%d.self_attn.o_proj.weight", "blk.%d.attn_output.weight", AS_IS},
    {"model.layers.%d.self_attn.o_proj.bias", "blk.%d.attn_output.bias", AS_IS},
    {"model.layers.%d.post_attention_layernorm.weight", "blk.%d.post_attention_norm.weight", AS_IS},
    {"model.layers.%d.mlp.router.weight", "blk.%d.ffn_gate_inp.weight", AS_IS},
    {"model.layers.%d.mlp.router.bias", "blk.%d.ffn_gate_inp.bias", AS_IS},
    {"model.layers.%d.mlp.experts.gate_up_proj", "blk.%d.ffn_gate_exps.weight", EVEN_TURNED},
    {"model.layers.%d.mlp.experts.gate_up_proj", "blk.%d.ffn_up_exps.weight", ODD_TURNED},
    {"model.layers.%d.mlp.experts.gate_up_proj_bias", "blk.%d.ffn_gate_exps.bias", EVEN},
    {"model.layers.%d.mlp.experts.gate_up_proj_bias", "blk.%d.ffn_up_exps.bias", ODD},
    {"model.layers.%d.mlp.experts.down_proj", "blk.%d.ffn_down_exps.weight", TURN},
    {"model.layers.%d.mlp.experts.down_proj_bias", "blk.%d.ffn_down_exps.bias", AS_IS},
    {"model.norm.weight", "output_norm.weight", AS_IS},
    {"lm_head.weight", "output.weight", AS_IS},
};

/* out = the tensor after its change, and its new shape. */
static void change_tensor(float *out, int64_t shape[8], const gpt__tensor *tensor, change change)
{
    int step = change == EVEN_TURNED || change == ODD_TURNED || change == EVEN || change == ODD ? 2 : 1;
    int first = change == ODD_TURNED || change == ODD;
    int turned = change == TURN || change == EVEN_TURNED || change == ODD_TURNED;
    int rank = tensor->rank;
    int64_t last = rank > 0 ? tensor->shape[rank - 1] : 1;
    int64_t middle = turned ? tensor->shape[rank - 2] : 1;
    memcpy(shape, tensor->shape, sizeof tensor->shape);
    shape[rank - 1] = last / step;
    if (turned) {
        shape[rank - 2] = last / step;
        shape[rank - 1] = middle;
    }
    for (int64_t i = 0; i < tensor->count / step; i++) {
        int64_t c = turned ? i / middle % (last / step) : i % (last / step);
        int64_t b = turned ? i % middle : 0;
        int64_t a = i / (last / step) / middle;
        out[i] = reference_float(tensor, (a * middle + b) * last + c * step + first);
    }
}

/* out = the tensor, parts first. */
static void gather_parts(float *out, const gpt__tensor *tensor, int64_t heads)
{
    int64_t A = tensor->count / heads / 3;
    for (int64_t i = 0; i < tensor->count; i++) {
        int64_t part = i / A / heads, head = i / A % heads;
        out[i] = reference_float(tensor, (head * 3 + part) * A + i % A);
    }
}

/* Blocks of 32 values: the largest magnitude over 127 as f16, then the values over it as whole numbers. */
static unsigned char *quantize(const float *values, size_t count)
{
    unsigned char *out = malloc(count / 32 * 34 + 1);
    if (out == NULL)
        abort();
    for (size_t block = 0; block < count / 32; block++) {
        const float *x = values + 32 * block;
        unsigned char *to = out + 34 * block;
        float most = 0;
        for (int i = 0; i < 32; i++)
            most = fmaxf(most, fabsf(x[i]));
        uint16_t scale = float_to_f16(most / 127);
        to[0] = (unsigned char)scale;
        to[1] = (unsigned char)(scale >> 8);
        for (int i = 0; i < 32; i++)
            to[2 + i] = (unsigned char)(most > 0 ? (int)lrintf(x[i] * 127 / most) : 0);
    }
    return out;
}

/* The pattern with the layer's number in place of %d. */
static void write_name(char out[128], const char *pattern, int layer)
{
    const char *hole = strstr(pattern, "%d");
    if (hole == NULL)
        snprintf(out, 128, "%s", pattern);
    else
        snprintf(out, 128, "%.*s%d%s", (int)(hole - pattern), pattern, layer, hole + 2);
}

/* One golden model and what its GGUF file says of it. */
typedef struct conversion {
    const char *golden;
    const char *architecture;
    const rename_line *lines;
    size_t line_count;
    uint32_t sizes[5]; /* of size_keys */
    void (*add_keys)(gguf_maker *m);
} conversion;

enum { LAYERS = 2, HEADS = 3 };

static const char *const size_keys[5] = {"context_length", "embedding_length", "block_count", "attention.head_count",
                                         "feed_forward_length"};

/* As converters do, only matrices are quantized, and of these not the router, whose every bit decides. */
static int is_quantized(const char *name, int rank, const int64_t *shape)
{
    return rank > 1 && strstr(name, ".weight") != NULL && strstr(name, "ffn_gate_inp") == NULL &&
           shape[rank - 1] % 32 == 0;
}

static void write_tensor(gguf_maker *m, const char *name, int rank, const int64_t *shape, uint32_t type,
                         const float *values)
{
    size_t count = 1;
    for (int i = 0; i < rank; i++)
        count *= (size_t)shape[i];
    if (type == GGML_Q8_0 && is_quantized(name, rank, shape)) {
        unsigned char *blocks = quantize(values, count);
        gguf_tensor(m, name, rank, shape, GGML_Q8_0, blocks, count / 32 * 34);
        free(blocks);
    } else {
        gguf_tensor(m, name, rank, shape, GGML_F32, values, count * sizeof *values);
    }
}

static void add_tensor(gguf_maker *m, const conversion *conversion, const gpt__checkpoint *checkpoint,
                       const rename_line *line, int layer, uint32_t type)
{
    char from[128], to[128];
    int64_t shape[8];
    write_name(from, line->from, layer);
    write_name(to, line->to, layer);
    const gpt__tensor *tensor = gpt__checkpoint_find(checkpoint, from);
    if (tensor == NULL) {
        printf("Bail out! the golden model has no tensor %s\n", from);
        exit(1);
    }
    float *values = malloc((size_t)tensor->count * sizeof *values + 1);
    if (values == NULL)
        abort();
    change_tensor(values, shape, tensor, line->change);
    if (line->change == PARTS)
        gather_parts(values, tensor, conversion->sizes[HEADS]);
    write_tensor(m, to, tensor->rank, shape, type, values);
    free(values);
}

static void add_tensors(gguf_maker *m, const conversion *conversion, uint32_t type)
{
    char path[128];
    gpt__checkpoint *checkpoint = NULL;
    snprintf(path, sizeof path, "golden/models/%s", conversion->golden);
    char *directory = test_path(path);
    if (EXPECT_OK(gpt__checkpoint_open(&checkpoint, directory)))
        for (size_t i = 0; i < conversion->line_count; i++) {
            const rename_line *line = &conversion->lines[i];
            uint32_t times = strchr(line->from, '%') != NULL ? conversion->sizes[LAYERS] : 1;
            for (uint32_t layer = 0; layer < times; layer++)
                add_tensor(m, conversion, checkpoint, line, (int)layer, type);
        }
    gpt__checkpoint_close(checkpoint);
    free(directory);
}

static void add_gpt2_keys(gguf_maker *m)
{
    gguf_f32(m, "gpt2.attention.layer_norm_epsilon", 1e-5f);
}

static void add_gpt_bigcode_keys(gguf_maker *m)
{
    gguf_f32(m, "starcoder.attention.layer_norm_epsilon", 1e-5f);
    gguf_u32(m, "starcoder.attention.head_count_kv", 1);
}

static void add_gpt_neox_keys(gguf_maker *m)
{
    gguf_f32(m, "gptneox.attention.layer_norm_epsilon", 1e-5f);
    gguf_bool(m, "gptneox.use_parallel_residual", 1);
    gguf_u32(m, "gptneox.rope.dimension_count", 4);
}

static void add_gptj_keys(gguf_maker *m)
{
    gguf_u32(m, "gptj.rope.dimension_count", 8);
    gguf_f32(m, "gptj.attention.layer_norm_epsilon", 1e-5f);
}

static void add_gpt_oss_keys(gguf_maker *m)
{
    gguf_u32(m, "gpt-oss.attention.head_count_kv", 2);
    gguf_u32(m, "gpt-oss.attention.key_length", 16);
    gguf_u32(m, "gpt-oss.attention.value_length", 16);
    gguf_u32(m, "gpt-oss.attention.sliding_window", 16);
    gguf_f32(m, "gpt-oss.attention.layer_norm_rms_epsilon", 1e-5f);
    gguf_u32(m, "gpt-oss.expert_count", 4);
    gguf_u32(m, "gpt-oss.expert_used_count", 2);
    gguf_u32(m, "gpt-oss.expert_feed_forward_length", 48);
    gguf_f32(m, "gpt-oss.rope.freq_base", 150000);
    gguf_string(m, "gpt-oss.rope.scaling.type", "yarn");
    gguf_f32(m, "gpt-oss.rope.scaling.factor", 32);
    gguf_u32(m, "gpt-oss.rope.scaling.original_context_length", 4096);
    gguf_bool(m, "gpt-oss.rope.scaling.yarn_truncate", 0);
    gguf_f32(m, "gpt-oss.rope.scaling.yarn_beta_fast", 32);
    gguf_f32(m, "gpt-oss.rope.scaling.yarn_beta_slow", 1);
}

#define LINES(list) list, sizeof list / sizeof *list

static const conversion conversions[] = {
    {"gpt2", "gpt2", LINES(gpt2_lines), {128, 64, 3, 4, 256}, add_gpt2_keys},
    {"gpt_bigcode", "starcoder", LINES(gpt_bigcode_lines), {128, 64, 3, 4, 256}, add_gpt_bigcode_keys},
    {"gpt_neox", "gptneox", LINES(gpt_neox_lines), {128, 64, 3, 4, 256}, add_gpt_neox_keys},
    {"gptj", "gptj", LINES(gptj_lines), {128, 64, 3, 4, 256}, add_gptj_keys},
    {"gpt_oss", "gpt-oss", LINES(gpt_oss_lines), {128, 64, 4, 4, 48}, add_gpt_oss_keys},
};

static char *convert(const conversion *conversion, uint32_t type)
{
    char key[64];
    gguf_maker m;
    gguf_begin(&m);
    gguf_string(&m, "general.architecture", conversion->architecture);
    for (int i = 0; i < 5; i++) {
        snprintf(key, sizeof key, "%s.%s", conversion->architecture, size_keys[i]);
        gguf_u32(&m, key, conversion->sizes[i]);
    }
    conversion->add_keys(&m);
    add_tensors(&m, conversion, type);
    snprintf(key, sizeof key, "%s-%u.gguf", conversion->golden, (unsigned)type);
    char *path = gguf_write(&m, key);
    gguf_free(&m);
    return path;
}

char *convert_gguf(const char *golden, uint32_t type)
{
    for (size_t i = 0; i < sizeof conversions / sizeof *conversions; i++)
        if (strcmp(conversions[i].golden, golden) == 0)
            return convert(&conversions[i], type);
    printf("Bail out! no GGUF architecture for %s\n", golden);
    exit(1);
}
