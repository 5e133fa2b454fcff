/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_families.c: configurations and weights of every family of which one thing is wrong. unit/test_model.c has
 * what all families share, for GPT-2.
 */
#include "unit/test_model_refusals.h"

#include <math.h>
#include <sys/resource.h>
#include <unistd.h>

static void try_configs(const char *golden, const config_case *cases, size_t count)
{
    model_maker m;
    model_load_case(&m, golden);
    char *directory = model_write(&m, golden);
    for (size_t i = 0; i < count; i++)
        try_config(&m, &cases[i], directory);
    free(directory);
    model_free(&m);
}

#define TRY_CONFIGS(golden, cases) try_configs(golden, cases, sizeof cases / sizeof *cases)

static void openai_gpt_configs(void)
{
    static const config_case cases[] = {
        {"n_head", "5", GPT_E_FORMAT, "heads"},
        {"n_head", "0", GPT_E_FORMAT, "n_head"},
        {"n_positions", "129", GPT_E_FORMAT, "positions_embed.weight"},
        {"afn", "\"tanh\"", GPT_E_UNSUPPORTED, "tanh"},
        {"afn", "3", GPT_E_FORMAT, "afn"},
        {"tie_word_embeddings", "false", GPT_E_FORMAT, "lm_head.weight"},
    };
    TRY_CONFIGS("openai-gpt", cases);
}

static void gpt_neo_configs(void)
{
    static const config_case cases[] = {
        {"num_heads", "5", GPT_E_FORMAT, "heads"},
        {"num_heads", "-1", GPT_E_FORMAT, "num_heads"},
        {"num_layers", "3", GPT_E_FORMAT, "attention_types"},
        {"window_size", "0", GPT_E_FORMAT, "window_size"},
        {"window_size", "-1", GPT_E_FORMAT, "window_size"},
        {"window_size", "1.5", GPT_E_FORMAT, "window_size"},
        {"window_size", "3000000000", GPT_E_FORMAT, "window_size"},
        {"intermediate_size", "0", GPT_E_FORMAT, "intermediate_size"},
        {"intermediate_size", "255", GPT_E_FORMAT, "mlp.c_fc"},
        {"attention_types", "{}", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "\"global\"", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "[]", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "[7]", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "[null]", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "[\"global\", 4]", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "[[\"global\", 4]]", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "[[[\"global\"]]]", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "[[[\"global\"], 0]]", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "[[[\"global\"], -4]]", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "[[[\"global\"], 4.5]]", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "[[[\"global\"], 1e300]]", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "[[[\"global\"], 3]]", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "[[[\"global\"], 5]]", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "[[[\"global\", \"local\"], 2], [[\"local\"], 1]]", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "[[[], 1000], [[], 1000]]", GPT_E_FORMAT, "attention_types"},
        {"attention_types", "[[[\"sparse\"], 4]]", GPT_E_UNSUPPORTED, "sparse"},
        {"attention_types", "[[[1], 4]]", GPT_E_UNSUPPORTED, "attention"},
    };
    TRY_CONFIGS("gpt_neo", cases);
}

static void gptj_configs(void)
{
    static const config_case cases[] = {
        {"n_head", "5", GPT_E_FORMAT, "heads"},
        {"n_head", "32", GPT_E_FORMAT, "rotary_dim"}, /* heads of 2 values, of which 8 would turn */
        {"rotary_dim", "0", GPT_E_FORMAT, "rotary_dim"},
        {"rotary_dim", "-8", GPT_E_FORMAT, "rotary_dim"},
        {"rotary_dim", "7", GPT_E_FORMAT, "rotary_dim"},
        {"rotary_dim", "18", GPT_E_FORMAT, "rotary_dim"},
        {"rotary_dim", "2147483647", GPT_E_FORMAT, "rotary_dim"},
        {"rotary_dim", "\"8\"", GPT_E_FORMAT, "rotary_dim"},
        {"rotary_dim", NULL, GPT_E_FORMAT, "rotary"}, /* 64, and heads have 16 values */
        {"n_inner", "0", GPT_E_FORMAT, "n_inner"},
        {"n_inner", "100", GPT_E_FORMAT, "mlp.fc_in"},
    };
    TRY_CONFIGS("gptj", cases);
}

static void gpt_neox_configs(void)
{
    static const config_case cases[] = {
        {"num_attention_heads", "5", GPT_E_FORMAT, "heads"},
        {"num_attention_heads", "65537", GPT_E_FORMAT, "num_attention_heads"},
        {"num_hidden_layers", "4", GPT_E_FORMAT, "layers.3."},
        {"intermediate_size", NULL, GPT_E_FORMAT, "intermediate_size"},
        {"hidden_act", "\"mish\"", GPT_E_UNSUPPORTED, "mish"},
        {"use_parallel_residual", "1", GPT_E_FORMAT, "use_parallel_residual"},
        {"attention_bias", "\"no\"", GPT_E_FORMAT, "attention_bias"},
        {"layer_norm_eps", "-1", GPT_E_FORMAT, "epsilon"},
        {"rotary_pct", "0", GPT_E_FORMAT, "rotary_pct"},
        {"rotary_pct", "-0.25", GPT_E_FORMAT, "rotary_pct"},
        {"rotary_pct", "\"x\"", GPT_E_FORMAT, "rotary_pct"},
        {"rotary_emb_base", "0", GPT_E_FORMAT, "rotary_emb_base"},
    };
    TRY_CONFIGS("gpt_neox", cases);
}

/* What the object that describes rotary positions may say wrong, under both of its names. */
static void rotary_objects(void)
{
    static const struct {
        const char *value;
        gpt_status status;
        const char *part;
    } cases[] = {
        {"[]", GPT_E_FORMAT, "rope_"},
        {"\"default\"", GPT_E_FORMAT, "rope_"},
        {"{\"rope_type\": \"dynamic\", \"factor\": 2}", GPT_E_UNSUPPORTED, "\"dynamic\""},
        {"{\"rope_type\": \"longrope\"}", GPT_E_UNSUPPORTED, "\"longrope\""},
        {"{\"rope_type\": \"llama3\"}", GPT_E_UNSUPPORTED, "\"llama3\""},
        {"{\"type\": \"su\"}", GPT_E_UNSUPPORTED, "\"su\""},
        {"{\"rope_type\": \"\"}", GPT_E_UNSUPPORTED, "rotary"},
        {"{\"rope_type\": 7}", GPT_E_FORMAT, "rope_type"},
        {"{\"partial_rotary_factor\": 0}", GPT_E_FORMAT, "partial_rotary_factor"},
        {"{\"partial_rotary_factor\": 0.01}", GPT_E_FORMAT, "rotary"},
        {"{\"partial_rotary_factor\": 1.5}", GPT_E_FORMAT, "partial_rotary_factor"},
        {"{\"partial_rotary_factor\": 1e999}", GPT_E_FORMAT, "partial_rotary_factor"},
        {"{\"rope_theta\": 0}", GPT_E_FORMAT, "rope_theta"},
        {"{\"rope_theta\": -10000}", GPT_E_FORMAT, "rope_theta"},
        {"{\"rope_theta\": 1e-300}", GPT_E_FORMAT, "rotary"},
        {"{\"rope_theta\": \"10000\"}", GPT_E_FORMAT, "rope_theta"},
        {"{\"rope_type\": \"linear\"}", GPT_E_FORMAT, "factor"},
        {"{\"rope_type\": \"linear\", \"factor\": 0}", GPT_E_FORMAT, "factor"},
        {"{\"rope_type\": \"linear\", \"factor\": -2}", GPT_E_FORMAT, "factor"},
        {"{\"rope_type\": \"linear\", \"factor\": 1e-300}", GPT_E_FORMAT, "rotary"},
        {"{\"rope_type\": \"yarn\", \"factor\": 0}", GPT_E_FORMAT, "factor"},
        {"{\"rope_type\": \"yarn\", \"factor\": 2, \"rope_theta\": 1}", GPT_E_FORMAT, "rope_theta"},
        {"{\"rope_type\": \"yarn\", \"factor\": 2, \"beta_fast\": -1}", GPT_E_FORMAT, "beta_fast"},
        {"{\"rope_type\": \"yarn\", \"factor\": 2, \"beta_slow\": \"1\"}", GPT_E_FORMAT, "beta_slow"},
        {"{\"rope_type\": \"yarn\", \"factor\": 2, \"truncate\": 1}", GPT_E_FORMAT, "truncate"},
        {"{\"rope_type\": \"yarn\", \"factor\": 2, \"attention_factor\": 0}", GPT_E_FORMAT, "attention_factor"},
        {"{\"rope_type\": \"yarn\", \"factor\": 2, \"attention_factor\": 1e300}", GPT_E_FORMAT, "rotary"},
        {"{\"rope_type\": \"yarn\", \"factor\": 2, \"mscale\": 1}", GPT_E_UNSUPPORTED, "mscale"},
        {"{\"rope_type\": \"yarn\", \"factor\": 2, \"original_max_position_embeddings\": 0}", GPT_E_FORMAT,
         "original_max_position_embeddings"},
        {"{\"rope_type\": \"default\", \"mrope_section\": [1, 2]}", GPT_E_UNSUPPORTED, "mrope_section"},
        {"{\"full_attention\": {\"rope_type\": \"default\"}}", GPT_E_UNSUPPORTED, "full_attention"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const config_case c = {"rope_parameters", cases[i].value, cases[i].status, cases[i].part};
        try_configs("gpt_neox", &c, 1);
        const config_case old = {"rope_scaling", cases[i].value, cases[i].status, cases[i].part};
        try_configs("gpt_oss-mxfp4", &old, 1);
    }
}

static void gpt_bigcode_configs(void)
{
    static const config_case cases[] = {
        {"n_head", "5", GPT_E_FORMAT, "heads"},
        {"n_head", "8", GPT_E_FORMAT, "c_attn"},
        {"multi_query", "1", GPT_E_FORMAT, "multi_query"},
        {"multi_query", "false", GPT_E_FORMAT, "c_attn"},
        {"add_cross_attention", "true", GPT_E_UNSUPPORTED, "add_cross_attention"},
        {"activation_function", "\"gelu_tanh\"", GPT_E_UNSUPPORTED, "gelu_tanh"},
    };
    TRY_CONFIGS("gpt_bigcode", cases);
}

static void gpt_oss_configs(void)
{
    static const config_case cases[] = {
        {"num_attention_heads", "6", GPT_E_FORMAT, "q_proj"},
        {"num_attention_heads", "5", GPT_E_FORMAT, "heads"},
        {"num_key_value_heads", "3", GPT_E_FORMAT, "key and value heads"},
        {"num_key_value_heads", "4", GPT_E_FORMAT, "k_proj"},
        {"num_key_value_heads", "0", GPT_E_FORMAT, "num_key_value_heads"},
        {"num_key_value_heads", NULL, GPT_E_FORMAT, "key and value heads"}, /* 8 of 4 */
        {"head_dim", "0", GPT_E_FORMAT, "head_dim"},
        {"head_dim", "15", GPT_E_FORMAT, "rotary"},
        {"head_dim", "32", GPT_E_FORMAT, "q_proj"},
        {"head_dim", "65536", GPT_E_FORMAT, "rotary"},
        {"intermediate_size", "0", GPT_E_FORMAT, "intermediate_size"},
        {"intermediate_size", "47", GPT_E_FORMAT, "gate_up_proj"},
        {"num_local_experts", NULL, GPT_E_FORMAT, "num_local_experts"},
        {"num_local_experts", "0", GPT_E_FORMAT, "num_local_experts"},
        {"num_local_experts", "-4", GPT_E_FORMAT, "num_local_experts"},
        {"num_local_experts", "3", GPT_E_FORMAT, "router"},
        {"num_local_experts", "4096", GPT_E_FORMAT, "router"},
        {"num_local_experts", "4097", GPT_E_UNSUPPORTED, "num_local_experts"},
        {"num_local_experts", "65537", GPT_E_FORMAT, "num_local_experts"},
        {"num_experts_per_tok", NULL, GPT_E_FORMAT, "num_experts_per_tok"},
        {"num_experts_per_tok", "0", GPT_E_FORMAT, "num_experts_per_tok"},
        {"num_experts_per_tok", "5", GPT_E_FORMAT, "num_experts_per_tok"},
        {"num_experts_per_tok", "1.5", GPT_E_FORMAT, "num_experts_per_tok"},
        {"rope_theta", "-1", GPT_E_FORMAT, "rope_theta"},
        {"rope_parameters", "{\"partial_rotary_factor\": 0.5}", GPT_E_UNSUPPORTED, "partial_rotary_factor"},
        {"swiglu_limit", "0", GPT_E_FORMAT, "swiglu_limit"},
        {"swiglu_limit", "-7", GPT_E_FORMAT, "swiglu_limit"},
        {"swiglu_limit", "1e-300", GPT_E_FORMAT, "swiglu_limit"},
        {"swiglu_limit", "\"7\"", GPT_E_FORMAT, "swiglu_limit"},
        {"swiglu_alpha", "1.5", GPT_E_UNSUPPORTED, "swiglu_alpha"},
        {"swiglu_alpha", "\"1.702\"", GPT_E_FORMAT, "swiglu_alpha"},
        {"swiglu_limit", "NaN", GPT_E_FORMAT, "config.json"}, /* no JSON */
        {"quantization_config", "{\"quant_method\": \"gptq\"}", GPT_E_UNSUPPORTED, "gptq"},
        {"quantization_config", "{\"quant_method\": 4}", GPT_E_FORMAT, "quant_method"},
        {"quantization_config", "true", GPT_E_FORMAT, "quantization_config"},
        {"sliding_window", "0", GPT_E_FORMAT, "sliding_window"},
        {"sliding_window", "-1", GPT_E_FORMAT, "sliding_window"},
        {"layer_types", "{}", GPT_E_FORMAT, "layer_types"},
        {"layer_types", "[]", GPT_E_FORMAT, "layer_types"},
        {"layer_types", "[\"full_attention\"]", GPT_E_FORMAT, "layer_types"},
        {"layer_types", "[\"full_attention\", \"full_attention\", \"full_attention\", \"full_attention\", "
                        "\"full_attention\"]", GPT_E_FORMAT, "layer_types"},
        {"layer_types", "[\"chunked_attention\"]", GPT_E_UNSUPPORTED, "chunked_attention"},
        {"layer_types", "[1, 2, 3, 4]", GPT_E_UNSUPPORTED, "attention"},
        {"rms_norm_eps", "-1", GPT_E_FORMAT, "epsilon"},
    };
    TRY_CONFIGS("gpt_oss", cases);
}

/* Time that grows with the square of a number in a file has a limit. */
static void many_experts_per_token(void)
{
    static const config_case cases[] = {
        {"num_experts_per_tok", "64", GPT_E_FORMAT, "router"},
        {"num_experts_per_tok", "65", GPT_E_UNSUPPORTED, "num_experts_per_tok"},
    };
    model_maker m;
    model_load_case(&m, "gpt_oss");
    model_set(&m, "num_local_experts", "4096");
    char *directory = model_write(&m, "many-experts");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        try_config(&m, &cases[i], directory);
    free(directory);
    model_free(&m);
}

/* A count of heads that the weights do not have costs no memory: 1 GiB of rows would be listed for these. */
static void heads_are_checked_first(void)
{
    long pages = 0;
    struct rlimit limit, tight;
    static const config_case many = {"num_attention_heads", "65536", GPT_E_FORMAT, "q_proj"};
    FILE *file = fopen("/proc/self/statm", "r");
    if (file == NULL || fscanf(file, "%ld", &pages) != 1 || getrlimit(RLIMIT_AS, &limit) != 0) {
        test_skip("the system does not say how much this process has");
        return;
    }
    fclose(file);
    model_maker m;
    model_load_case(&m, "gpt_oss");
    model_set(&m, "head_dim", "1024");
    char *directory = model_write(&m, "many-heads");
    tight = limit;
    tight.rlim_cur = (rlim_t)pages * (rlim_t)sysconf(_SC_PAGESIZE) + ((rlim_t)512 << 20);
    EXPECT_INT(setrlimit(RLIMIT_AS, &tight), 0);
    try_config(&m, &many, directory);
    EXPECT_INT(setrlimit(RLIMIT_AS, &limit), 0);
    free(directory);
    model_free(&m);
}

static const char *const goldens[] = {"openai-gpt", "gpt_neo", "gptj", "gpt_neox", "gpt_bigcode", "gpt_oss"};

/* Weights, biases, norms, sinks: each of one layer, and those outside of layers, is missed by its name. */
static void missing_tensors(void)
{
    for (size_t g = 0; g < sizeof goldens / sizeof *goldens; g++) {
        model_maker all;
        model_load_case(&all, goldens[g]);
        for (size_t i = 0; i < all.count; i++) {
            const char *name = all.tensors[i].name;
            if (strstr(name, ".0.") != NULL || strstr(name, ".2.") != NULL || strstr(name, ".3.") != NULL)
                continue;
            model_maker m;
            model_load_case(&m, goldens[g]);
            model_remove(&m, name);
            expect_maker_refused(&m, GPT_E_FORMAT, name, goldens[g]);
        }
        model_free(&all);
    }
}

static void wrong_shapes(void)
{
    for (size_t g = 0; g < sizeof goldens / sizeof *goldens; g++) {
        model_maker all;
        model_load_case(&all, goldens[g]);
        for (size_t i = 0; i < all.count; i++) {
            const char *name = all.tensors[i].name;
            if (strstr(name, ".0.") != NULL || strstr(name, ".2.") != NULL || strstr(name, ".3.") != NULL)
                continue;
            model_maker m;
            model_load_case(&m, goldens[g]);
            model_tensor *t = model_find(&m, name);
            t->shape[t->rank - 1]--;
            model_resize(t, "F32", 4);
            expect_maker_refused(&m, GPT_E_FORMAT, name, "a shape");
        }
        model_free(&all);
    }
}

/* A tensor of the MXFP4 case, changed in one way. */
typedef struct mxfp4_case {
    const char *name; /* that the message must have */
    const char *tensor;
    const char *dtype; /* NULL: the tensor is taken away */
    size_t element_bytes;
    int rank;
    double shape[4];
    gpt_status status;
} mxfp4_case;

static const mxfp4_case mxfp4_cases[] = {
    {"gate_up_proj_scales", "experts.gate_up_proj_scales", NULL, 0, 0, {0}, GPT_E_FORMAT},
    {"down_proj_scales", "experts.down_proj_scales", NULL, 0, 0, {0}, GPT_E_FORMAT},
    {"gate_up_proj", "experts.gate_up_proj_blocks", NULL, 0, 0, {0}, GPT_E_FORMAT},
    {"down_proj", "experts.down_proj_blocks", NULL, 0, 0, {0}, GPT_E_FORMAT},
    {"gate_up_proj_bias", "experts.gate_up_proj_bias", NULL, 0, 0, {0}, GPT_E_FORMAT},
    {"gate_up_proj_blocks", "experts.gate_up_proj_blocks", "U8", 1, 4, {1, 128, 2, 8}, GPT_E_FORMAT},
    {"gate_up_proj_blocks", "experts.gate_up_proj_blocks", "U8", 1, 4, {1, 128, 1, 16}, GPT_E_FORMAT},
    {"gate_up_proj_blocks", "experts.gate_up_proj_blocks", "U8", 1, 4, {2, 128, 2, 16}, GPT_E_FORMAT},
    {"gate_up_proj_blocks", "experts.gate_up_proj_blocks", "U8", 1, 3, {1, 128, 32}, GPT_E_FORMAT},
    {"gate_up_proj_blocks", "experts.gate_up_proj_blocks", "U8", 1, 4, {0, 128, 2, 16}, GPT_E_FORMAT},
    {"gate_up_proj_blocks", "experts.gate_up_proj_blocks", "I8", 1, 4, {1, 128, 2, 16}, GPT_E_FORMAT},
    {"gate_up_proj_blocks", "experts.gate_up_proj_blocks", "F32", 4, 4, {1, 128, 2, 16}, GPT_E_FORMAT},
    {"gate_up_proj_scales", "experts.gate_up_proj_scales", "U8", 1, 3, {1, 128, 1}, GPT_E_FORMAT},
    {"gate_up_proj_scales", "experts.gate_up_proj_scales", "U8", 1, 2, {1, 256}, GPT_E_FORMAT},
    {"gate_up_proj_scales", "experts.gate_up_proj_scales", "U8", 1, 4, {1, 128, 2, 1}, GPT_E_FORMAT},
    {"gate_up_proj_scales", "experts.gate_up_proj_scales", "F8_E8M0", 1, 3, {1, 128, 2}, GPT_E_FORMAT},
    {"down_proj_blocks", "experts.down_proj_blocks", "U8", 1, 4, {1, 63, 2, 16}, GPT_E_FORMAT},
    {"down_proj_scales", "experts.down_proj_scales", "U8", 1, 3, {1, 64, 3}, GPT_E_FORMAT},
    {"down_proj_bias", "experts.down_proj_bias", "F32", 4, 2, {1, 65}, GPT_E_FORMAT},
    {"down_proj_bias", "experts.down_proj_bias", "F32", 4, 1, {64}, GPT_E_FORMAT},
    {"down_proj_bias", "experts.down_proj_bias", "U8", 1, 2, {1, 64}, GPT_E_UNSUPPORTED},
};

static void mxfp4_experts(void)
{
    for (size_t i = 0; i < sizeof mxfp4_cases / sizeof *mxfp4_cases; i++) {
        const mxfp4_case *c = &mxfp4_cases[i];
        model_maker m;
        model_load_case(&m, "gpt_oss-mxfp4");
        if (c->dtype == NULL) {
            model_remove(&m, c->tensor);
        } else {
            model_tensor *t = model_find(&m, c->tensor);
            t->rank = c->rank;
            memcpy(t->shape, c->shape, sizeof c->shape);
            model_resize(t, c->dtype, c->element_bytes);
        }
        expect_maker_refused(&m, c->status, c->name, c->dtype != NULL ? c->dtype : "missing");
    }
    /* Blocks of 32 values do not fit 48 inputs. */
    static const config_case odd = {"intermediate_size", "48", GPT_E_FORMAT, "gate_up_proj"};
    try_configs("gpt_oss-mxfp4", &odd, 1);
}

#define PROBE 7
static const int32_t probe_ids[PROBE] = {3, 41, 59, 65, 8, 0, 96};

/* The logits of a fixed text, as many as vocabulary says, freed with free. */
static float *probe(const char *directory, gpt_dtype dtype, int32_t *V)
{
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    float *logits = NULL;
    if (EXPECT_OK(model_open_as(&model, directory, dtype)) && EXPECT_OK(model_generator(&generator, model))) {
        *V = gpt_model_vocab_size(model);
        logits = calloc(PROBE * (size_t)*V, sizeof *logits);
        EXPECT_OK(gpt_generator_evaluate(logits, NULL, generator, probe_ids, PROBE));
    }
    gpt_generator_free(generator);
    gpt_model_free(model);
    return logits;
}

/* All bits of blocks and scales set: scales are NaN then. Such a model computes, and ends. */
static void mxfp4_of_any_bits(void)
{
    static const unsigned char bytes[] = {0, 0xFF, 0xFE, 0x80};
    for (size_t i = 0; i < sizeof bytes; i++) {
        model_maker m;
        int32_t V = 0;
        model_load_case(&m, "gpt_oss-mxfp4");
        for (size_t k = 0; k < m.count; k++)
            if (strcmp(m.tensors[k].dtype, "U8") == 0)
                memset(m.tensors[k].data, bytes[i], m.tensors[k].bytes);
        char *directory = model_write(&m, "any-bits");
        free(probe(directory, GPT_DTYPE_F32, &V));
        free(probe(directory, GPT_DTYPE_INT8, &V));
        free(directory);
        model_free(&m);
    }
}

/* Queries, keys and values of different types in the file are the numbers that they are. */
static void mixed_types(void)
{
    static const char *const mixed[] = {"gpt_neo", "gptj", "gpt_oss"};
    for (size_t g = 0; g < 3; g++) {
        model_maker m;
        int32_t V = 0;
        model_load_case(&m, mixed[g]);
        model_round(&m);
        char *plain = model_write(&m, "plain");
        for (size_t i = 0; i < m.count; i++) {
            if (strstr(m.tensors[i].name, "q_proj") != NULL)
                model_halve_tensor(&m.tensors[i], "BF16");
            else if (strstr(m.tensors[i].name, "v_proj.weight") != NULL)
                model_halve_tensor(&m.tensors[i], "F16");
        }
        char *directory = model_write(&m, "mixed");
        float *expected = probe(plain, GPT_DTYPE_F32, &V);
        float *found = probe(directory, GPT_DTYPE_F32, &V);
        if (EXPECT(expected != NULL && found != NULL))
            EXPECT(memcmp(expected, found, PROBE * (size_t)V * sizeof *found) == 0);
        free(expected);
        free(found);
        free(probe(directory, GPT_DTYPE_INT8, &V));
        free(plain);
        free(directory);
        model_free(&m);
    }
}

/* GPT-J's output layer has a bias, also when its weights are the embeddings. */
static void tied_output_with_bias(void)
{
    static const gpt_dtype dtypes[] = {GPT_DTYPE_F32, GPT_DTYPE_INT8};
    model_maker m;
    model_load_case(&m, "gptj");
    model_remove(&m, "lm_head.weight");
    model_copy(&m, "wte.weight", "lm_head.weight");
    char *untied = model_write(&m, "untied");
    model_remove(&m, "lm_head.weight");
    model_set(&m, "tie_word_embeddings", "true");
    char *tied = model_write(&m, "tied");
    for (size_t i = 0; i < 2; i++) {
        int32_t V = 0;
        float *expected = probe(untied, dtypes[i], &V);
        float *found = probe(tied, dtypes[i], &V);
        if (EXPECT(expected != NULL && found != NULL))
            EXPECT(memcmp(expected, found, PROBE * (size_t)V * sizeof *found) == 0);
        free(expected);
        free(found);
    }
    model_remove(&m, "lm_head.bias");
    expect_maker_refused(&m, GPT_E_FORMAT, "lm_head.bias", "tied");
    free(untied);
    free(tied);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(openai_gpt_configs);
    TEST(gpt_neo_configs);
    TEST(gptj_configs);
    TEST(gpt_neox_configs);
    TEST(rotary_objects);
    TEST(gpt_bigcode_configs);
    TEST(gpt_oss_configs);
    TEST(many_experts_per_token);
    TEST(heads_are_checked_first);
    TEST(missing_tensors);
    TEST(wrong_shapes);
    TEST(mxfp4_experts);
    TEST(mxfp4_of_any_bits);
    TEST(mixed_types);
    TEST(tied_output_with_bias);
    return TEST_END();
}
