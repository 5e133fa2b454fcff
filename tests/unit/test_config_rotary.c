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

#define YARN {"factor", 32, 0}, {"original_context_length", 4096, 0}

/* Converters since llama.cpp 0.7 say whether the ramp's ends are whole numbers; before, it went without saying. */
static void gguf_truncation(void)
{
    static const rotary_case whole = {"truncate", 16, {0.225418001f, 0.000914454344f, 9.24208962e-07f}, 1.34657359f};
    static const rotary_case as_is = {"as it is", 16, {0.225418001f, 0.000456483918f, 9.24208962e-07f}, 1.34657359f};
    static const gguf_line lines[] = {YARN, {"yarn_beta_fast", 32, 0}, {"yarn_beta_slow", 1, 0}};
    static const gguf_line on[] = {YARN, {"yarn_truncate", 1, 1}};
    static const gguf_line off[] = {YARN, {"yarn_truncate", 0, 1}};
    static const gguf_line number[] = {YARN, {"yarn_truncate", 0, 0}};
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
    static const gguf_line lines[] = {YARN, {"yarn_attn_factor", 1.5, 0}, {"yarn_ext_factor", 1, 0}};
    static const gguf_line weak[] = {YARN, {"yarn_ext_factor", 0.5, 0}};
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
    TEST(gguf_truncation);
    TEST(gguf_factors);
    TEST(gguf_without_scaling);
    return TEST_END();
}
