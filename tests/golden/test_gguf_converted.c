/* SPDX-License-Identifier: Apache-2.0 */
/*
 * golden/test_gguf_converted.c: golden models, of families of which no GGUF file has a reference, written as GGUF here
 * the way llama.cpp's converter does it, and compared with the reference of the model that they were made from.
 */
#include "base/bytes.h"
#include "golden/reference.h"
#include "test.h"
#include "unit/test_gguf_maker.h"

#include <stdlib.h>
#include <string.h>

/* How a tensor of the one becomes one of the other. Letters: A, B, C the dimensions that it has. */
typedef enum change {
    AS_IS,
    TURN,       /* [A, B, C] to [A, C, B] */
    EVEN_TURNED, /* [A, B, 2 C] to [A, C, B], every other one of the last dimension */
    ODD_TURNED,
    EVEN,       /* [A, 2 B] to [A, B] */
    ODD
} change;

/* Names have a %d for the layer, or none. */
typedef struct rename_line {
    const char *from;
    const char *to;
    change change;
} rename_line;

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
static void convert(float *out, int64_t shape[8], const gpt__tensor *tensor, change change)
{
    int step = change == EVEN_TURNED || change == ODD_TURNED || change == EVEN || change == ODD ? 2 : 1;
    int first = change == ODD_TURNED || change == ODD;
    int turned = change == TURN || change == EVEN_TURNED || change == ODD_TURNED;
    int64_t last = tensor->rank > 0 ? tensor->shape[tensor->rank - 1] : 1;
    int64_t middle = turned ? tensor->shape[1] : 1;
    memcpy(shape, tensor->shape, sizeof tensor->shape);
    shape[tensor->rank - 1] = last / step;
    if (turned) {
        shape[1] = last / step;
        shape[2] = middle;
    }
    for (int64_t i = 0; i < tensor->count / step; i++) {
        int64_t c = turned ? i / middle % (last / step) : i % (last / step);
        int64_t b = turned ? i % middle : 0;
        int64_t a = i / (last / step) / middle;
        out[i] = reference_float(tensor, (a * middle + b) * last + c * step + first);
    }
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

static void add_tensor(gguf_maker *m, const gpt__checkpoint *checkpoint, const rename_line *line, int layer)
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
    convert(values, shape, tensor, line->change);
    size_t bytes = sizeof *values;
    for (int i = 0; i < tensor->rank; i++)
        bytes *= (size_t)shape[i];
    gguf_tensor(m, to, tensor->rank, shape, GGML_F32, values, bytes);
    free(values);
}

static void add_tensors(gguf_maker *m, const char *name, const rename_line *lines, size_t count, int layers)
{
    char path[128];
    gpt__checkpoint *checkpoint = NULL;
    snprintf(path, sizeof path, "golden/models/%s", name);
    char *directory = test_path(path);
    if (EXPECT_OK(gpt__checkpoint_open(&checkpoint, directory)))
        for (size_t i = 0; i < count; i++)
            for (int layer = 0; layer < (strchr(lines[i].from, '%') != NULL ? layers : 1); layer++)
                add_tensor(m, checkpoint, &lines[i], layer);
    gpt__checkpoint_close(checkpoint);
    free(directory);
}

static void compare_logits(gpt_generator *generator, const gpt__checkpoint *reference, size_t V, const char *name)
{
    for (int i = 0; reference_find(reference, "prompt", i) != NULL; i++) {
        size_t count;
        int32_t *ids = reference_ids(&count, reference_find(reference, "prompt", i));
        float *logits = calloc(count * V, sizeof *logits);
        if (EXPECT_OK(gpt_generator_evaluate(logits, NULL, generator, ids, count)))
            reference_compare(logits, reference_find(reference, "logits", i), name);
        free(logits);
        free(ids);
    }
}

static void compare(const gguf_maker *m, const char *name, const char *family)
{
    char path[128];
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    snprintf(path, sizeof path, "golden/models/%s/reference.safetensors", name);
    gpt__checkpoint *reference = reference_open(path);
    snprintf(path, sizeof path, "%s.gguf", name);
    char *file = gguf_write(m, path);
    if (EXPECT_OK(gpt_model_open(&model, file, NULL)) && EXPECT_OK(gpt_generator_new(&generator, model))) {
        EXPECT_STRING(gpt_model_family(model), family);
        EXPECT(gpt_model_tokenizer(model) == NULL);
        compare_logits(generator, reference, (size_t)gpt_model_vocab_size(model), name);
    }
    gpt_generator_free(generator);
    gpt_model_free(model);
    gpt__checkpoint_close(reference);
    free(file);
}

/* The keys that all architectures have: `name`.context_length and so on. */
static void add_sizes(gguf_maker *m, const char *name, const uint32_t sizes[5])
{
    static const char *const keys[5] = {"context_length", "embedding_length", "block_count", "attention.head_count",
                                        "feed_forward_length"};
    char key[64];
    gguf_begin(m);
    gguf_string(m, "general.architecture", name);
    for (int i = 0; i < 5; i++) {
        snprintf(key, sizeof key, "%s.%s", name, keys[i]);
        gguf_u32(m, key, sizes[i]);
    }
}

static void gptj(void)
{
    gguf_maker m;
    add_sizes(&m, "gptj", (const uint32_t[]){128, 64, 3, 4, 256});
    gguf_u32(&m, "gptj.rope.dimension_count", 8);
    gguf_f32(&m, "gptj.attention.layer_norm_epsilon", 1e-5f);
    add_tensors(&m, "gptj", gptj_lines, sizeof gptj_lines / sizeof *gptj_lines, 3);
    compare(&m, "gptj", "gptj");
    gguf_free(&m);
}

static void gpt_oss(void)
{
    gguf_maker m;
    add_sizes(&m, "gpt-oss", (const uint32_t[]){128, 64, 4, 4, 48});
    gguf_u32(&m, "gpt-oss.attention.head_count_kv", 2);
    gguf_u32(&m, "gpt-oss.attention.key_length", 16);
    gguf_u32(&m, "gpt-oss.attention.value_length", 16);
    gguf_u32(&m, "gpt-oss.attention.sliding_window", 16);
    gguf_f32(&m, "gpt-oss.attention.layer_norm_rms_epsilon", 1e-5f);
    gguf_u32(&m, "gpt-oss.expert_count", 4);
    gguf_u32(&m, "gpt-oss.expert_used_count", 2);
    gguf_u32(&m, "gpt-oss.expert_feed_forward_length", 48);
    gguf_f32(&m, "gpt-oss.rope.freq_base", 150000);
    gguf_string(&m, "gpt-oss.rope.scaling.type", "yarn");
    gguf_f32(&m, "gpt-oss.rope.scaling.factor", 32);
    gguf_u32(&m, "gpt-oss.rope.scaling.original_context_length", 4096);
    add_tensors(&m, "gpt_oss", gpt_oss_lines, sizeof gpt_oss_lines / sizeof *gpt_oss_lines, 4);
    compare(&m, "gpt_oss", "gpt_oss");
    gguf_free(&m);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(gptj);
    TEST(gpt_oss);
    return TEST_END();
}
