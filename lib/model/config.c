/* SPDX-License-Identifier: Apache-2.0 */
/* model/config.c: config.json, whose keys differ by family and whose mistakes are found here, before any weight. */
#include "model/config.h"

#include "base/file.h"
#include "base/memory.h"
#include "model/family.h"
#include "model/gguf_config.h"

#include <math.h>
#include <string.h>

static const gpt__family *const families[] = {
    &gpt__family_openai_gpt, &gpt__family_gpt2,        &gpt__family_gpt_neo, &gpt__family_gptj,
    &gpt__family_gpt_neox,   &gpt__family_gpt_bigcode, &gpt__family_gpt_oss,
};

/* transformers' names of activations. gelu_new, gelu_fast and gelu_pytorch_tanh are one formula in three spellings. */
static const struct {
    const char *name;
    gpt__activation activation;
} activations[] = {
    {"gelu_new", GPT__GELU_TANH}, {"gelu_fast", GPT__GELU_TANH}, {"gelu_pytorch_tanh", GPT__GELU_TANH},
    {"gelu", GPT__GELU_ERF},      {"gelu_python", GPT__GELU_ERF}, {"relu", GPT__RELU},
    {"silu", GPT__SILU},          {"swish", GPT__SILU},           {"quick_gelu", GPT__QUICK_GELU},
};

const gpt__family *gpt__family_find(const char *model_type)
{
    for (size_t i = 0; i < sizeof families / sizeof *families; i++)
        if (strcmp(families[i]->model_type, model_type) == 0)
            return families[i];
    return NULL;
}

gpt_status gpt__config_size(int32_t *out, const gpt__json *json, int64_t most, const char *key, const char *other_key)
{
    int64_t value = *out;
    const char *used = gpt__json_member(json->root, key) == NULL && other_key != NULL ? other_key : key;
    GPT__TRY(gpt__json_int(&value, json, json->root, used, 1, most));
    if (value == 0)
        return gpt__fail(GPT_E_FORMAT, "%s: \"%s\" is missing", json->path, key);
    *out = (int32_t)value;
    return GPT_OK;
}

gpt_status gpt__config_activation(gpt__activation *out, const gpt__json *json, const char *key)
{
    const char *name = NULL;
    GPT__TRY(gpt__json_string(&name, json, json->root, key));
    if (name == NULL)
        return GPT_OK;
    for (size_t i = 0; i < sizeof activations / sizeof *activations; i++) {
        if (strcmp(activations[i].name, name) == 0) {
            *out = activations[i].activation;
            return GPT_OK;
        }
    }
    return gpt__fail(GPT_E_UNSUPPORTED, "%s: activation \"%s\" is not supported", json->path, name);
}

gpt_status gpt__config_epsilon(gpt__config *config, const gpt__json *json, const char *key)
{
    double epsilon = 1e-5;
    GPT__TRY(gpt__json_number(&epsilon, json, json->root, key));
    config->norm_epsilon = (float)epsilon;
    return GPT_OK;
}

gpt_status gpt__config_tied(gpt__config *config, const gpt__json *json, int tied)
{
    config->tied_output = tied;
    return gpt__json_bool(&config->tied_output, json, json->root, "tie_word_embeddings");
}

gpt_status gpt__config_add_layer_kinds(gpt__config *config, int32_t *layer, const gpt__json *json, const char *key,
                                       const cJSON *words, const char *everything, const char *local)
{
    const cJSON *item;
    cJSON_ArrayForEach(item, words)
    {
        const char *word = cJSON_IsString(item) ? item->valuestring : "";
        int is_local = strcmp(word, local) == 0;
        if (!is_local && strcmp(word, everything) != 0)
            return gpt__fail(GPT_E_UNSUPPORTED, "%s: attention \"%s\" of layer %d is not supported", json->path, word,
                             *layer);
        if (*layer == config->L)
            return gpt__fail(GPT_E_FORMAT, "%s: \"%s\" has more than the %d layers", json->path, key, config->L);
        config->is_local[(*layer)++] = (unsigned char)is_local;
    }
    return GPT_OK;
}

gpt_status gpt__config_refuse(const gpt__json *json, const char *key)
{
    int on = 0;
    GPT__TRY(gpt__json_bool(&on, json, json->root, key));
    if (on)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"%s\" is not supported", json->path, key);
    return GPT_OK;
}

float gpt__config_attention_scale(const gpt__config *config, int32_t layer)
{
    float scale = config->scale_by_head ? 1.0f / sqrtf((float)config->K) : 1.0f;
    return config->scale_by_inverse_layer ? scale / (float)(layer + 1) : scale;
}

static gpt_status add_stop_token(gpt__config *config, const gpt__json *json, const cJSON *value)
{
    int64_t token;
    if (!gpt__json_whole(&token, value, 0, INT32_MAX))
        return gpt__fail(GPT_E_FORMAT, "%s: \"eos_token_id\" should be a token id or a list of them", json->path);
    /* Some files on the hub name a token that their vocabulary does not have; it can never be chosen. */
    if (token >= config->V)
        return GPT_OK;
    if (config->stop_token_count == GPT__MAX_STOP_TOKENS)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: more than %d tokens in \"eos_token_id\"", json->path,
                         GPT__MAX_STOP_TOKENS);
    config->stop_tokens[config->stop_token_count++] = (int32_t)token;
    return GPT_OK;
}

/* eos_token_id is a number or a list of numbers. generation_config.json, read after config.json, replaces it. */
static gpt_status read_special_tokens(gpt__config *config, const gpt__json *json)
{
    int64_t bos = config->bos_token;
    GPT__TRY(gpt__json_int(&bos, json, json->root, "bos_token_id", 0, INT32_MAX));
    config->bos_token = bos < config->V ? (int32_t)bos : -1;

    const cJSON *eos = gpt__json_member(json->root, "eos_token_id");
    if (eos == NULL)
        return GPT_OK;
    config->stop_token_count = 0;
    if (!cJSON_IsArray(eos))
        return add_stop_token(config, json, eos);
    const cJSON *item;
    cJSON_ArrayForEach(item, eos) GPT__TRY(add_stop_token(config, json, item));
    return GPT_OK;
}

gpt_status gpt__config_head_size(gpt__config *config, const gpt__json *json)
{
    if (config->K != 0)
        return GPT_OK;
    if (config->D % config->H != 0)
        return gpt__fail(GPT_E_FORMAT, "%s: width %d is not a multiple of the %d heads", json->path, config->D,
                         config->H);
    config->K = config->D / config->H;
    return GPT_OK;
}

/* What must hold between the numbers, whatever the family. */
static gpt_status check(gpt__config *config, const gpt__json *json)
{
    if (config->KV == 0)
        config->KV = config->H;
    GPT__TRY(gpt__config_head_size(config, json));
    if (config->H % config->KV != 0)
        return gpt__fail(GPT_E_FORMAT, "%s: %d heads can not share %d key and value heads", json->path, config->H,
                         config->KV);
    if (!(config->norm_epsilon >= 0) || !isfinite(config->norm_epsilon))
        return gpt__fail(GPT_E_FORMAT, "%s: the epsilon of the norms should be a number from 0 up", json->path);
    return GPT_OK;
}

/* Weights that a tool has quantized are not those that the family's tensors hold, but for gpt_oss's own. */
static gpt_status check_quantization(const gpt__json *json)
{
    const cJSON *quantization = NULL;
    const char *method = "mxfp4";
    GPT__TRY(gpt__json_object(&quantization, json, json->root, "quantization_config"));
    GPT__TRY(gpt__json_string(&method, json, quantization, "quant_method"));
    if (strcmp(method, "mxfp4") != 0)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"quant_method\" \"%s\" is not supported", json->path, method);
    return GPT_OK;
}

static gpt_status read_root(gpt__config *config, const gpt__json *json)
{
    const char *model_type = NULL;
    if (!cJSON_IsObject(json->root))
        return gpt__fail(GPT_E_FORMAT, "%s: expected an object", json->path);
    GPT__TRY(gpt__json_string(&model_type, json, json->root, "model_type"));
    if (model_type == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: \"model_type\" is missing", json->path);
    config->family = gpt__family_find(model_type);
    if (config->family == NULL)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: model_type \"%s\" is not supported", json->path, model_type);
    GPT__TRY(gpt__config_size(&config->V, json, INT32_MAX, "vocab_size", NULL));
    GPT__TRY(check_quantization(json));
    GPT__TRY(config->family->read_config(config, json));
    GPT__TRY(check(config, json));
    return read_special_tokens(config, json);
}

static gpt_status read_generation_config(gpt__config *config, const char *directory)
{
    char *path = gpt__join_path(directory, "generation_config.json");
    gpt__json json = {0};
    int there = 0;
    gpt_status status = path != NULL ? gpt__has_file(&there, path) : GPT_E_MEMORY;
    if (status == GPT_OK && there) {
        status = gpt__json_open(&json, path);
        if (status == GPT_OK)
            status = read_special_tokens(config, &json);
    }
    gpt__json_close(&json);
    gpt__release(path);
    return status;
}

static gpt_status read_gguf(gpt__config *config, const char *path)
{
    const gpt__family *family;
    gpt__gguf gguf;
    gpt__json json = {0};
    GPT__TRY(gpt__gguf_open(&gguf, path));
    gpt_status status = gpt__gguf_config(&json, &family, &gguf);
    if (status == GPT_OK)
        status = read_root(config, &json);
    if (status == GPT_OK) {
        config->family = family;
        /* Whichever way the family keeps them, converters put queries, keys and values one after the other. */
        if (config->qkv_order == GPT__QKV_BY_HEAD)
            config->qkv_order = GPT__QKV_TOGETHER;
    }
    gpt__json_close(&json);
    gpt__gguf_close(&gguf);
    return status;
}

static gpt_status read_json(gpt__config *config, const char *directory)
{
    gpt__json json = {0};
    char *path = gpt__join_path(directory, "config.json");
    gpt_status status = path != NULL ? gpt__json_open(&json, path) : GPT_E_MEMORY;
    if (status == GPT_OK)
        status = read_root(config, &json);
    gpt__json_close(&json);
    gpt__release(path);
    return status;
}

gpt_status gpt__config_read(gpt__config *config, const char *path)
{
    char *gguf;
    *config = (gpt__config){.bos_token = -1, .attention_bias = 1};
    GPT__TRY(gpt__gguf_locate(&gguf, path));
    gpt_status status = gguf != NULL ? read_gguf(config, gguf) : read_json(config, path);
    gpt__release(gguf);
    return status == GPT_OK ? read_generation_config(config, path) : status;
}
