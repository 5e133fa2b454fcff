/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_config_rotary.c: which numbers rotary positions get from a configuration. The numbers expected are those of
 * transformers 5.12.1: inv_freq and attention_scaling of the family's rotary embedding, made from the same text.
 */
#include "unit/test_gguf_maker.h"
#include "unit/test_model_maker.h"

#include "model/config.h"

#include <math.h>

/* What a configuration should give: how many values turn, and of their frequencies those at 1, the middle, the end. */
typedef struct rotary_case {
    const char *text; /* of the configuration, after what all cases have */
    int32_t R;
    float frequencies[3];
    float magnitude;
} rotary_case;

static void expect_close(float found, float expected, const char *text)
{
    if (!EXPECT_NEAR(found, expected, 1e-6 * fabsf(expected)))
        printf("# in the case: %s\n", text);
}

static void expect_rotary(const gpt__rotary *rotary, const rotary_case *c)
{
    int32_t half = c->R / 2;
    if (!EXPECT_INT(rotary->R, c->R))
        printf("# in the case: %s\n", c->text);
    expect_close(rotary->frequencies[1], c->frequencies[0], c->text);
    expect_close(rotary->frequencies[half / 2], c->frequencies[1], c->text);
    expect_close(rotary->frequencies[half - 1], c->frequencies[2], c->text);
    expect_close(rotary->magnitude, c->magnitude, c->text);
}

/*
 * config.json.
 */

/* Heads of 16 values and a context of 64 tokens, in the words of both families. */
static const char common[] =
    "\"hidden_size\": 64, \"num_attention_heads\": 4, \"num_key_value_heads\": 4, \"head_dim\": 16, "
    "\"num_hidden_layers\": 2, \"max_position_embeddings\": 64, \"intermediate_size\": 32, \"vocab_size\": 2, "
    "\"num_local_experts\": 2, \"num_experts_per_tok\": 1";

static void expect_config(const char *family, const rotary_case *c)
{
    char text[2000];
    gpt__config config;
    char *directory = model_directory("config");
    snprintf(text, sizeof text, "{\"model_type\": \"%s\", %s, %s}", family, common, c->text);
    model_write_text(directory, "config.json", text);
    if (EXPECT_OK(gpt__config_read(&config, directory)))
        expect_rotary(&config.rotary, c);
    free(directory);
}

#define LINEAR "\"rope_type\": \"linear\", \"factor\": "
#define YARN "\"rope_type\": \"yarn\", \"factor\": "

static void gpt_neox_keys(void)
{
    static const rotary_case cases[] = {
        {"\"rotary_pct\": 0.5, \"rotary_emb_base\": 50, \"rope_theta\": 70",
         8, {0.376060307f, 0.141421363f, 0.0531829596f}, 1},
        {"\"rope_theta\": 70, \"rope_parameters\": {\"partial_rotary_factor\": 0.5}",
         8, {0.100000001f, 0.00999999978f, 0.00100000005f}, 1},
        {"\"rotary_emb_base\": 70, \"rotary_pct\": 1, "
         "\"rope_parameters\": {\"rope_theta\": 50, \"partial_rotary_factor\": 0.5}",
         8, {0.376060307f, 0.141421363f, 0.0531829596f}, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_config("gpt_neox", &cases[i]);
}

/* rope_scaling, unless it says nothing. */
static void which_object(void)
{
    static const rotary_case cases[] = {
        {"\"rope_scaling\": {" LINEAR "2, \"partial_rotary_factor\": 0.5}, \"rope_parameters\": {" LINEAR "4}",
         8, {0.0500000007f, 0.00499999989f, 0.000500000024f}, 1},
        {"\"rope_scaling\": {}, \"rope_parameters\": {" LINEAR "4, \"partial_rotary_factor\": 0.5}",
         8, {0.0250000004f, 0.00249999994f, 0.000250000012f}, 1},
        {"\"rope_scaling\": null, \"rope_parameters\": {" LINEAR "4, \"partial_rotary_factor\": 0.5}",
         8, {0.0250000004f, 0.00249999994f, 0.000250000012f}, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_config("gpt_neox", &cases[i]);
}

/* Two keys of the root win over the object's, one of them only where positions are scaled. */
static void root_before_object(void)
{
    static const rotary_case cases[] = {
        {"\"partial_rotary_factor\": 0.5, \"rope_parameters\": {" LINEAR "2, \"partial_rotary_factor\": 1}",
         8, {0.0500000007f, 0.00499999989f, 0.000500000024f}, 1},
        {"\"partial_rotary_factor\": 0.5, \"rotary_pct\": 1",
         16, {0.316227764f, 0.00999999978f, 0.000316227786f}, 1},
        {"\"partial_rotary_factor\": 0.5, \"rope_parameters\": {\"partial_rotary_factor\": 1}",
         16, {0.316227764f, 0.00999999978f, 0.000316227786f}, 1},
        {"\"rotary_pct\": 1, \"original_max_position_embeddings\": 4096, "
         "\"rope_parameters\": {" YARN "2, \"original_max_position_embeddings\": 32}",
         16, {0.316227764f, 0.00749999983f, 0.000158113893f}, 1.06931472f},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_config("gpt_neox", &cases[i]);
}

static void truncation(void)
{
    static const rotary_case cases[] = {
        {"\"rotary_pct\": 1, \"rope_parameters\": {" YARN "2, \"original_max_position_embeddings\": 4096, "
         "\"truncate\": null}",
         16, {0.316227764f, 0.00770464726f, 0.000158113893f}, 1.06931472f},
        {"\"rotary_pct\": 1, \"rope_parameters\": {" YARN "2, \"original_max_position_embeddings\": 4096}",
         16, {0.316227764f, 0.00749999983f, 0.000158113893f}, 1.06931472f},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_config("gpt_neox", &cases[i]);
}

static void gpt_oss_keys(void)
{
    static const rotary_case cases[] = {
        {"\"rotary_emb_base\": 50, \"rotary_pct\": 0.5, \"rope_theta\": 70, \"rope_parameters\": {" LINEAR "2}",
         16, {0.293990135f, 0.0597614311f, 0.0121481242f}, 1},
        {"\"rope_theta\": 70, \"rope_parameters\": {" LINEAR "2, \"rope_theta\": 50}",
         16, {0.30661878f, 0.0707106814f, 0.0163068939f}, 1},
        {"\"rope_scaling\": {" YARN "32, \"original_max_position_embeddings\": 4096, \"truncate\": true}",
         16, {0.225418001f, 0.000914454344f, 9.24208962e-07f}, 1.34657359f},
        {"\"rope_scaling\": {" YARN "32, \"original_max_position_embeddings\": 4096, \"truncate\": false, "
         "\"attention_factor\": 1.5}",
         16, {0.225418001f, 0.000456483918f, 9.24208962e-07f}, 1.5f},
        {"\"rope_parameters\": {}", 16, {0.225418001f, 0.00258198893f, 2.95746868e-05f}, 1},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_config("gpt_oss", &cases[i]);
}

/* Without an object, positions are scaled as those of OpenAI's own models. */
static void gpt_oss_without_object(void)
{
    static const rotary_case cases[] = {
        {"\"rope_theta\": 150000", 16, {0.225418001f, 0.000456483918f, 9.24208962e-07f}, 1.34657359f},
        {"\"rope_parameters\": null, \"rope_theta\": 50",
         16, {0.61323756f, 0.141421363f, 0.028886443f}, 1.34657359f},
        {"\"rope_scaling\": {}", 16, {0.225418001f, 0.000456483918f, 9.24208962e-07f}, 1.34657359f},
        {"\"original_max_position_embeddings\": 32",
         16, {0.0255647581f, 8.0687154e-05f, 9.24208962e-07f}, 1.34657359f},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        expect_config("gpt_oss", &cases[i]);
}

/* Its formula has 10000 in it: 10000^(-2 i / 8). */
static void gptj_reads_none(void)
{
    static const rotary_case plain = {
        "\"n_positions\": 64, \"n_embd\": 64, \"n_layer\": 2, \"n_head\": 4, \"rotary_dim\": 8, \"rope_theta\": 50, "
        "\"rotary_emb_base\": 70, \"rope_scaling\": {" LINEAR "2}, \"rope_parameters\": {\"rope_theta\": 90}",
        8, {0.1f, 0.01f, 0.001f}, 1};
    expect_config("gptj", &plain);
}

/*
 * GGUF files.
 */

/* A key of a file, a number or a switch. */
typedef struct gguf_line {
    const char *key;
    double value;
    int is_switch;
} gguf_line;

/* The configuration of a gpt-oss file: heads of 16 values, a context of 64 tokens, and these keys. */
static gpt_status read_gguf(gpt__config *config, const char *type, const gguf_line *lines, size_t count)
{
    static const struct {
        const char *key;
        uint32_t value;
    } sizes[] = {
        {"context_length", 64},       {"embedding_length", 64},  {"block_count", 2},      {"attention.head_count", 4},
        {"attention.head_count_kv", 4}, {"attention.key_length", 16}, {"expert_count", 2}, {"expert_used_count", 1},
        {"expert_feed_forward_length", 32}, {"attention.sliding_window", 8},
    };
    char key[100];
    gguf_maker m;
    gguf_begin(&m);
    gguf_string(&m, "general.architecture", "gpt-oss");
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        snprintf(key, sizeof key, "gpt-oss.%s", sizes[i].key);
        gguf_u32(&m, key, sizes[i].value);
    }
    gguf_f32(&m, "gpt-oss.attention.layer_norm_rms_epsilon", 1e-5f);
    gguf_f32(&m, "gpt-oss.rope.freq_base", 150000);
    if (type != NULL)
        gguf_string(&m, "gpt-oss.rope.scaling.type", type);
    for (size_t i = 0; i < count; i++) {
        snprintf(key, sizeof key, "gpt-oss.rope.scaling.%s", lines[i].key);
        if (lines[i].is_switch)
            gguf_bool(&m, key, (int)lines[i].value);
        else
            gguf_f32(&m, key, (float)lines[i].value);
    }
    gguf_tensor(&m, "token_embd.weight", 2, (int64_t[]){2, 64}, GGML_F32, NULL, 2 * 64 * 4);
    char *path = gguf_write(&m, "gpt-oss.gguf");
    gpt_status status = gpt__config_read(config, path);
    free(path);
    gguf_free(&m);
    return status;
}

#define YARN_LINES {"factor", 32, 0}, {"original_context_length", 4096, 0}

/* Converters since llama.cpp 0.7 say whether the ramp's ends are whole numbers; before, it went without saying. */
static void gguf_truncation(void)
{
    static const rotary_case whole = {"truncate", 16, {0.225418001f, 0.000914454344f, 9.24208962e-07f}, 1.34657359f};
    static const rotary_case as_is = {"as it is", 16, {0.225418001f, 0.000456483918f, 9.24208962e-07f}, 1.34657359f};
    static const gguf_line lines[] = {YARN_LINES, {"yarn_beta_fast", 32, 0}, {"yarn_beta_slow", 1, 0}};
    static const gguf_line on[] = {YARN_LINES, {"yarn_truncate", 1, 1}};
    static const gguf_line off[] = {YARN_LINES, {"yarn_truncate", 0, 1}};
    static const gguf_line number[] = {YARN_LINES, {"yarn_truncate", 0, 0}};
    gpt__config config;
    if (EXPECT_OK(read_gguf(&config, "yarn", lines, 4)))
        expect_rotary(&config.rotary, &as_is);
    if (EXPECT_OK(read_gguf(&config, "yarn", off, 3)))
        expect_rotary(&config.rotary, &as_is);
    if (EXPECT_OK(read_gguf(&config, "yarn", on, 3)))
        expect_rotary(&config.rotary, &whole);
    EXPECT_STATUS(read_gguf(&config, "yarn", number, 3), GPT_E_FORMAT);
    EXPECT_MESSAGE("yarn_truncate");
}

static void gguf_factors(void)
{
    static const rotary_case louder = {"1.5", 16, {0.225418001f, 0.000456483918f, 9.24208962e-07f}, 1.5f};
    static const gguf_line lines[] = {YARN_LINES, {"yarn_attn_factor", 1.5, 0}, {"yarn_ext_factor", 1, 0}};
    static const gguf_line weak[] = {YARN_LINES, {"yarn_ext_factor", 0.5, 0}};
    gpt__config config;
    if (EXPECT_OK(read_gguf(&config, "yarn", lines, 4)))
        expect_rotary(&config.rotary, &louder);
    EXPECT_STATUS(read_gguf(&config, "yarn", weak, 3), GPT_E_UNSUPPORTED);
    EXPECT_MESSAGE("yarn_ext_factor");
}

/* A file that names no scaling has none, whatever config.json would mean by that. */
static void gguf_without_scaling(void)
{
    static const rotary_case plain = {"none", 16, {0.225418001f, 0.00258198893f, 2.95746868e-05f}, 1};
    gpt__config config;
    if (EXPECT_OK(read_gguf(&config, NULL, NULL, 0)))
        expect_rotary(&config.rotary, &plain);
    if (EXPECT_OK(read_gguf(&config, "none", NULL, 0)))
        expect_rotary(&config.rotary, &plain);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(gpt_neox_keys);
    TEST(which_object);
    TEST(root_before_object);
    TEST(truncation);
    TEST(gpt_oss_keys);
    TEST(gpt_oss_without_object);
    TEST(gptj_reads_none);
    TEST(gguf_truncation);
    TEST(gguf_factors);
    TEST(gguf_without_scaling);
    return TEST_END();
}
