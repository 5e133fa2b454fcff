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

/*
 * The object that has the scaling, under its name of transformers 4 or 5; NULL when there is none. The older name wins
 * unless its object is empty.
 */
static gpt_status find_scaling(const cJSON **out, const gpt__json *json)
{
    const cJSON *older = NULL;
    *out = NULL;
    GPT__TRY(gpt__json_object(&older, json, json->root, "rope_scaling"));
    GPT__TRY(gpt__json_object(out, json, json->root, "rope_parameters"));
    if (older != NULL && older->child != NULL)
        *out = older;
    return GPT_OK;
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

/* scaling is NULL where the family's own numbers hold. */
static gpt_status read_yarn(yarn *y, const gpt__config *config, const gpt__json *json, const cJSON *scaling,
                            const gpt__rotary_words *words)
{
    static const char original[] = "original_max_position_embeddings";
    *y = (yarn){.original = config->context, .beta_fast = 32, .beta_slow = 1, .truncate = 1};
    if (scaling == NULL) {
        y->original = words->original;
        y->truncate = 0;
    }
    /* Of this number, the one outside of the object wins. */
    GPT__TRY(read_range(&y->original, json, scaling, original, DBL_MAX));
    GPT__TRY(read_range(&y->original, json, json->root, original, DBL_MAX));
    y->factor = scaling != NULL ? config->context / y->original : words->factor;
    GPT__TRY(read_range(&y->factor, json, scaling, "factor", DBL_MAX));
    GPT__TRY(read_range(&y->beta_fast, json, scaling, "beta_fast", DBL_MAX));
    GPT__TRY(read_range(&y->beta_slow, json, scaling, "beta_slow", DBL_MAX));
    /* The reference asks whether the value is true, and null is not. */
    if (cJSON_IsNull(cJSON_GetObjectItemCaseSensitive(scaling, "truncate")))
        y->truncate = 0;
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

static gpt_status scale_by_yarn(gpt__config *config, const gpt__json *json, const cJSON *scaling, double base,
                                const gpt__rotary_words *words)
{
    yarn y;
    if (base <= 1)
        return gpt__fail(GPT_E_FORMAT, "%s: \"rope_theta\" should be a number over 1", json->path);
    GPT__TRY(read_yarn(&y, config, json, scaling, words));
    set_yarn_frequencies(&config->rotary, base, &y);
    return GPT_OK;
}

static gpt_status read_linear_factor(double *out, const gpt__json *json, const cJSON *scaling)
{
    if (gpt__json_member(scaling, "factor") == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: \"factor\" of linear rotary positions is missing", json->path);
    return read_range(out, json, scaling, "factor", DBL_MAX);
}

static gpt_status read_type(const char **out, const gpt__json *json, const cJSON *scaling,
                            const gpt__rotary_words *words)
{
    *out = scaling == NULL && words->factor > 0 ? "yarn" : "default";
    GPT__TRY(gpt__json_string(out, json, scaling, "type"));
    return gpt__json_string(out, json, scaling, "rope_type");
}

/* The object's number wins, then the root's under the family's word for it. */
static gpt_status read_base(double *base, const gpt__json *json, const cJSON *scaling, const gpt__rotary_words *words)
{
    *base = words->base;
    GPT__TRY(read_range(base, json, json->root, words->base_key, DBL_MAX));
    return read_range(base, json, scaling, "rope_theta", DBL_MAX);
}

/*
 * The same, and where positions are scaled a number of the root wins that has the object's word: the reference reads
 * that one again before it scales.
 */
static gpt_status read_share(double *share, const gpt__json *json, const cJSON *scaling, const char *type,
                             const gpt__rotary_words *words)
{
    *share = words->share;
    if (words->share_key != NULL)
        GPT__TRY(read_range(share, json, json->root, words->share_key, 1));
    GPT__TRY(read_range(share, json, scaling, "partial_rotary_factor", 1));
    if (strcmp(type, "default") == 0)
        return GPT_OK;
    return read_range(share, json, json->root, "partial_rotary_factor", 1);
}

/* Sets R, which is even, and *asked, what the configuration asks for. */
static gpt_status set_share(int32_t *asked, gpt__config *config, const gpt__json *json, double share)
{
    int32_t R = (int32_t)floor(config->K * share);
    if (R < 1 || R + R % 2 > config->K || R + R % 2 > GPT__MAX_ROTARY)
        return gpt__fail(GPT_E_FORMAT, "%s: rotary positions of %d of the %d values of a head; expected 1 to %d",
                         json->path, R, config->K, GPT__MAX_ROTARY);
    config->rotary.R = R + R % 2;
    *asked = R;
    return GPT_OK;
}

static gpt_status scale(gpt__config *config, const gpt__json *json, const cJSON *scaling, const char *type, double base,
                        int32_t share, const gpt__rotary_words *words)
{
    double factor = 1;
    int is_yarn = strcmp(type, "yarn") == 0 && share == config->rotary.R;
    int is_linear = strcmp(type, "linear") == 0;
    if (!is_yarn && !is_linear && strcmp(type, "default") != 0)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: rotary positions of type \"%s\" are not supported", json->path, type);
    GPT__TRY(refuse_unknown(json, scaling));
    if (is_yarn)
        return scale_by_yarn(config, json, scaling, base, words);
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

gpt_status gpt__config_rotary(gpt__config *config, const gpt__json *json, const gpt__rotary_words *words)
{
    const cJSON *scaling;
    const char *type;
    double base, share;
    int32_t asked = 0;
    GPT__TRY(gpt__config_head_size(config, json));
    GPT__TRY(find_scaling(&scaling, json));
    GPT__TRY(read_type(&type, json, scaling, words));
    GPT__TRY(read_base(&base, json, scaling, words));
    GPT__TRY(read_share(&share, json, scaling, type, words));
    GPT__TRY(set_share(&asked, config, json, share));
    config->positions = GPT__POSITIONS_ROTARY;
    config->rotary.magnitude = 1;
    GPT__TRY(scale(config, json, scaling, type, base, asked, words));
    return check_finite(&config->rotary, json);
}

void gpt__config_rotary_fixed(gpt__config *config, int32_t R, double base)
{
    config->positions = GPT__POSITIONS_ROTARY;
    config->rotary.magnitude = 1;
    config->rotary.R = R;
    set_frequencies(&config->rotary, base, R, 1);
}
