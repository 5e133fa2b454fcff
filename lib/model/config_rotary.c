/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model/config_rotary.c: the frequencies of rotary positions from a configuration. Their formulas are those of
 * transformers' modeling_rope_utils.py, with YaRN after Peng et al., "YaRN: Efficient Context Window Extension of Large
 * Language Models", 2023. Floats are kept where the reference keeps floats, as a position multiplies each error.
 */
#include "model/config.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* The object that has the scaling, under its name of transformers 5 or 4; NULL when there is none. */
static gpt_status find_scaling(const cJSON **out, const gpt__json *json)
{
    *out = NULL;
    GPT__TRY(gpt__json_object(out, json, json->root, "rope_scaling"));
    return gpt__json_object(out, json, json->root, "rope_parameters");
}

/* Fails by name when the object says something that is not done here. */
static gpt_status refuse_unknown(const gpt__json *json, const cJSON *scaling)
{
    static const char *const known[] = {"rope_type", "type",      "rope_theta", "partial_rotary_factor",
                                        "factor",    "beta_fast", "beta_slow",  "original_max_position_embeddings",
                                        "truncate",  "attention_factor"};
    for (const cJSON *item = scaling != NULL ? scaling->child : NULL; item != NULL; item = item->next) {
        size_t i = 0;
        while (i < sizeof known / sizeof *known && strcmp(known[i], item->string) != 0)
            i++;
        if (i == sizeof known / sizeof *known && !cJSON_IsNull(item))
            return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"%s\" of rotary positions is not supported", json->path,
                             item->string);
    }
    return GPT_OK;
}

/* Reads a number over 0 and up to most. */
static gpt_status read_range(double *out, const gpt__json *json, const cJSON *object, const char *key, double most)
{
    GPT__TRY(gpt__json_number(out, json, object, key));
    if (!(*out > 0) || !(*out <= most))
        return gpt__fail(GPT_E_FORMAT, "%s: \"%s\" should be a number over 0%s", json->path, key,
                         most == 1 ? " and up to 1" : "");
    return GPT_OK;
}

/* The same under each key that is there: the object's wins, then the root's of the same name. */
static gpt_status read_parameter(double *out, const gpt__json *json, const cJSON *object, const char *key,
                                 const char *root_key, double most)
{
    GPT__TRY(read_range(out, json, json->root, root_key, most));
    GPT__TRY(read_range(out, json, json->root, key, most));
    return read_range(out, json, object, key, most);
}

/* share is how many values the configuration asks for; where that is odd, one more turns, as in the reference. */
static void set_frequencies(gpt__rotary *rotary, double base, int32_t share, float factor)
{
    for (int32_t i = 0; i < rotary->R / 2; i++)
        rotary->frequencies[i] = 1.0f / powf((float)base, (float)(2 * i) / (float)share) / factor;
}

/* YaRN: where in the frequencies one full turn takes as many tokens as the model saw at first, over turns. */
static double correction(double turns, int32_t R, double base, double original)
{
    return R * log(original / (turns * 2 * 3.14159265358979323846)) / (2 * log(base));
}

typedef struct yarn {
    double factor;
    double original; /* context that the model was first trained with */
    double beta_fast, beta_slow;
    double magnitude;
    int truncate;
} yarn;

static gpt_status read_yarn(yarn *y, const gpt__config *config, const gpt__json *json, const cJSON *scaling)
{
    *y = (yarn){.original = config->context, .beta_fast = 32, .beta_slow = 1, .truncate = 1};
    GPT__TRY(read_parameter(&y->original, json, scaling, "original_max_position_embeddings",
                            "original_max_position_embeddings", DBL_MAX));
    y->factor = config->context / y->original;
    GPT__TRY(read_range(&y->factor, json, scaling, "factor", DBL_MAX));
    GPT__TRY(read_range(&y->beta_fast, json, scaling, "beta_fast", DBL_MAX));
    GPT__TRY(read_range(&y->beta_slow, json, scaling, "beta_slow", DBL_MAX));
    GPT__TRY(gpt__json_bool(&y->truncate, json, scaling, "truncate"));
    y->magnitude = y->factor > 1 ? 0.1 * log(y->factor) + 1 : 1;
    return read_range(&y->magnitude, json, scaling, "attention_factor", DBL_MAX);
}

/* High frequencies stay, low ones are divided by the factor, and between there is a ramp. */
static void set_yarn_frequencies(gpt__rotary *rotary, double base, const yarn *y)
{
    double low = correction(y->beta_fast, rotary->R, base, y->original);
    double high = correction(y->beta_slow, rotary->R, base, y->original);
    if (y->truncate) {
        low = floor(low);
        high = ceil(high);
    }
    low = low > 0 ? low : 0;
    high = high < rotary->R - 1 ? high : rotary->R - 1;
    high = high == low ? high + 0.001 : high;
    for (int32_t i = 0; i < rotary->R / 2; i++) {
        float power = powf((float)base, (float)(2 * i) / (float)rotary->R);
        float ramp = ((float)i - (float)low) / (float)(high - low);
        ramp = ramp < 0 ? 0 : ramp > 1 ? 1 : ramp;
        rotary->frequencies[i] = 1.0f / ((float)y->factor * power) * ramp + 1.0f / power * (1 - ramp);
    }
    rotary->magnitude = (float)y->magnitude;
}

static gpt_status scale_by_yarn(gpt__config *config, const gpt__json *json, const cJSON *scaling, double base)
{
    yarn y;
    if (base <= 1)
        return gpt__fail(GPT_E_FORMAT, "%s: \"rope_theta\" should be a number over 1", json->path);
    GPT__TRY(read_yarn(&y, config, json, scaling));
    set_yarn_frequencies(&config->rotary, base, &y);
    return GPT_OK;
}

static gpt_status read_linear_factor(double *out, const gpt__json *json, const cJSON *scaling)
{
    if (gpt__json_member(scaling, "factor") == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: \"factor\" of linear rotary positions is missing", json->path);
    return read_range(out, json, scaling, "factor", DBL_MAX);
}

static gpt_status scale(gpt__config *config, const gpt__json *json, const cJSON *scaling, double base, int32_t share)
{
    const char *type = "default";
    double factor = 1;
    GPT__TRY(gpt__json_string(&type, json, scaling, "type"));
    GPT__TRY(gpt__json_string(&type, json, scaling, "rope_type"));
    int is_yarn = strcmp(type, "yarn") == 0 && share == config->rotary.R;
    int is_linear = strcmp(type, "linear") == 0;
    if (!is_yarn && !is_linear && strcmp(type, "default") != 0)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: rotary positions of type \"%s\" are not supported", json->path, type);
    GPT__TRY(refuse_unknown(json, scaling));
    if (is_yarn)
        return scale_by_yarn(config, json, scaling, base);
    if (is_linear)
        GPT__TRY(read_linear_factor(&factor, json, scaling));
    set_frequencies(&config->rotary, base, share, (float)factor);
    return GPT_OK;
}

/* Each number by itself is in its range, and together they can still be too large or too small for floats. */
static gpt_status check_finite(const gpt__rotary *rotary, const gpt__json *json)
{
    int finite = isfinite(rotary->magnitude);
    for (int32_t i = 0; i < rotary->R / 2; i++)
        finite = finite && isfinite(rotary->frequencies[i]);
    if (!finite)
        return gpt__fail(GPT_E_FORMAT, "%s: base and factors of rotary positions give no finite numbers", json->path);
    return GPT_OK;
}

gpt_status gpt__config_rotary(gpt__config *config, const gpt__json *json, double base, double share)
{
    const cJSON *scaling;
    GPT__TRY(gpt__config_head_size(config, json));
    GPT__TRY(find_scaling(&scaling, json));
    GPT__TRY(read_parameter(&base, json, scaling, "rope_theta", "rotary_emb_base", DBL_MAX));
    GPT__TRY(read_parameter(&share, json, scaling, "partial_rotary_factor", "rotary_pct", 1));
    if (config->rotary.R == 0)
        config->rotary.R = (int32_t)floor(config->K * share);
    int32_t R = config->rotary.R;
    if (R < 1 || R + R % 2 > config->K || R + R % 2 > GPT__MAX_ROTARY)
        return gpt__fail(GPT_E_FORMAT, "%s: rotary positions of %d of the %d values of a head; expected 1 to %d",
                         json->path, R, config->K, GPT__MAX_ROTARY);
    config->positions = GPT__POSITIONS_ROTARY;
    config->rotary.magnitude = 1;
    config->rotary.R = R + R % 2;
    GPT__TRY(scale(config, json, scaling, base, R));
    return check_finite(&config->rotary, json);
}
