/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model/gguf_config.c: the metadata of GGUF files, as llama.cpp's converters write it, in the words of config.json. A
 * key of the architecture that stands in no table asks for something that is not done here, and is refused by name.
 */
#include "model/gguf_config.h"

#include "base/memory.h"

#include <stdio.h>
#include <string.h>

#define MOST_KEY_BYTES 128

/* What is done with the value of a key. */
typedef enum rule {
    SIZE,           /* a whole number from 1 on goes under the name */
    NUMBER,         /* a number does */
    SWITCH,         /* true or false does */
    HEAD_SHARE,     /* so many values of each head: their share does; all when the key is missing */
    ONE_OR_ALL,     /* true when it is 1, false when it is the number of heads, refused when it is neither */
    ALL_HEADS,      /* must be the number of heads, as the family has no other */
    HEAD_SIZE,      /* must be the size of a head: width over heads */
    KEY_LENGTH,     /* must be the number under attention.key_length */
    SCALING,        /* a number goes under the name in rope_scaling */
    SCALING_SWITCH, /* true or false does */
    ONE,            /* must be 1, as nothing else is computed */
    SCALING_TYPE,   /* decides whether there is a rope_scaling */
    IGNORED         /* says nothing that the tensors do not say */
} rule;

/* A key after "<architecture>.", and its name in config.json. */
typedef struct line {
    const char *key;
    const char *name;
    rule rule;
    int required;
} line;

typedef struct architecture {
    const char *name;       /* general.architecture */
    const char *model_type; /* of config.json */
    const line *lines;
    size_t line_count;
} architecture;

/* What is being made. */
typedef struct making {
    const gpt__gguf *gguf;
    const architecture *architecture;
    cJSON *root;
    cJSON *scaling;
    int64_t heads;
    int64_t head_size;
    int64_t key_length;
} making;

#define GPT2_LINES                                                    \
    {"context_length", "n_positions", SIZE, 1},                       \
    {"embedding_length", "n_embd", SIZE, 1},                          \
    {"block_count", "n_layer", SIZE, 1},                              \
    {"attention.head_count", "n_head", SIZE, 1},                      \
    {"feed_forward_length", "n_inner", SIZE, 1},                      \
    {"attention.layer_norm_epsilon", "layer_norm_epsilon", NUMBER, 1}, \
    {"attention.key_length", NULL, HEAD_SIZE, 0},                     \
    {"attention.value_length", NULL, HEAD_SIZE, 0},                   \
    {"vocab_size", NULL, IGNORED, 0},                                 \
    {"tensor_data_layout", NULL, IGNORED, 0}

static const line gpt2_lines[] = {
    GPT2_LINES,
    {"attention.head_count_kv", NULL, ALL_HEADS, 0},
};

static const line starcoder_lines[] = {
    GPT2_LINES,
    {"attention.head_count_kv", "multi_query", ONE_OR_ALL, 1},
};

static const line gptneox_lines[] = {
    {"context_length", "max_position_embeddings", SIZE, 1},
    {"embedding_length", "hidden_size", SIZE, 1},
    {"block_count", "num_hidden_layers", SIZE, 1},
    {"attention.head_count", "num_attention_heads", SIZE, 1},
    {"attention.head_count_kv", NULL, ALL_HEADS, 0},
    {"feed_forward_length", "intermediate_size", SIZE, 1},
    {"attention.layer_norm_epsilon", "layer_norm_eps", NUMBER, 1},
    {"use_parallel_residual", "use_parallel_residual", SWITCH, 1},
    {"rope.dimension_count", "rotary_pct", HEAD_SHARE, 0},
    {"rope.freq_base", "rotary_emb_base", NUMBER, 0},
    {"rope.scaling.type", NULL, SCALING_TYPE, 0},
    {"rope.scaling.factor", "factor", SCALING, 0},
    {"rope.scaling.original_context_length", "original_max_position_embeddings", SCALING, 0},
    {"rope.scaling.finetuned", NULL, IGNORED, 0},
    {"attention.key_length", NULL, HEAD_SIZE, 0},
    {"attention.value_length", NULL, HEAD_SIZE, 0},
    {"vocab_size", NULL, IGNORED, 0},
    {"tensor_data_layout", NULL, IGNORED, 0},
};

static const line gptj_lines[] = {
    GPT2_LINES,
    {"attention.head_count_kv", NULL, ALL_HEADS, 0},
    {"rope.dimension_count", "rotary_dim", SIZE, 1},
};

static const line gpt_oss_lines[] = {
    {"context_length", "max_position_embeddings", SIZE, 1},
    {"embedding_length", "hidden_size", SIZE, 1},
    {"block_count", "num_hidden_layers", SIZE, 1},
    {"attention.head_count", "num_attention_heads", SIZE, 1},
    {"attention.head_count_kv", "num_key_value_heads", SIZE, 1},
    {"attention.key_length", "head_dim", SIZE, 1},
    {"attention.value_length", NULL, KEY_LENGTH, 0},
    {"rope.dimension_count", NULL, KEY_LENGTH, 0},
    {"expert_feed_forward_length", "intermediate_size", SIZE, 1},
    {"feed_forward_length", NULL, IGNORED, 0},
    {"expert_count", "num_local_experts", SIZE, 1},
    {"expert_used_count", "num_experts_per_tok", SIZE, 1},
    {"attention.sliding_window", "sliding_window", SIZE, 1},
    {"attention.layer_norm_rms_epsilon", "rms_norm_eps", NUMBER, 1},
    {"rope.freq_base", "rope_theta", NUMBER, 1},
    {"rope.scaling.type", NULL, SCALING_TYPE, 0},
    {"rope.scaling.factor", "factor", SCALING, 0},
    {"rope.scaling.original_context_length", "original_max_position_embeddings", SCALING, 0},
    {"rope.scaling.yarn_beta_fast", "beta_fast", SCALING, 0},
    {"rope.scaling.yarn_beta_slow", "beta_slow", SCALING, 0},
    {"rope.scaling.yarn_truncate", "truncate", SCALING_SWITCH, 0},
    /* The converter writes the source's attention_factor here, and llama.cpp does not read it for this architecture. */
    {"rope.scaling.yarn_attn_factor", "attention_factor", SCALING, 0},
    {"rope.scaling.yarn_ext_factor", NULL, ONE, 0},
    {"rope.scaling.finetuned", NULL, IGNORED, 0},
    {"vocab_size", NULL, IGNORED, 0},
    {"tensor_data_layout", NULL, IGNORED, 0},
};

#define ARCHITECTURE(name, model_type, lines) {name, model_type, lines, sizeof lines / sizeof *lines}

static const architecture architectures[] = {
    ARCHITECTURE("gpt2", "gpt2", gpt2_lines),
    ARCHITECTURE("starcoder", "gpt_bigcode", starcoder_lines),
    ARCHITECTURE("gptneox", "gpt_neox", gptneox_lines),
    ARCHITECTURE("gptj", "gptj", gptj_lines),
    ARCHITECTURE("gpt-oss", "gpt_oss", gpt_oss_lines),
};

/* "<architecture>.<key>" */
static void full_key(char out[MOST_KEY_BYTES], const making *m, const char *key)
{
    snprintf(out, MOST_KEY_BYTES, "%s.%s", m->architecture->name, key);
}

/* The status of adding to an object. */
static gpt_status added(const cJSON *item)
{
    return item != NULL ? GPT_OK : gpt__fail(GPT_E_MEMORY, "no memory for a configuration");
}

/* A whole number that must be one that is known already. */
static gpt_status expect_size(const making *m, const char *key, int64_t expected)
{
    int64_t value = expected;
    GPT__TRY(gpt__gguf_int(&value, m->gguf, key, 0, INT32_MAX));
    if (value != expected)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"%s\" is %lld, expected %lld", m->gguf->file->path, key,
                         (long long)value, (long long)expected);
    return GPT_OK;
}

static gpt_status add_size(const making *m, const char *key, const char *name)
{
    int64_t value = 0;
    GPT__TRY(gpt__gguf_int(&value, m->gguf, key, 1, INT32_MAX));
    return added(cJSON_AddNumberToObject(m->root, name, (double)value));
}

static gpt_status add_float(const making *m, cJSON *object, const char *key, const char *name)
{
    double value = 0;
    GPT__TRY(gpt__gguf_number(&value, m->gguf, key));
    return added(cJSON_AddNumberToObject(object, name, value));
}

static gpt_status add_switch(const making *m, cJSON *object, const char *key, const char *name)
{
    int value = 0;
    GPT__TRY(gpt__gguf_bool(&value, m->gguf, key));
    return added(cJSON_AddBoolToObject(object, name, value));
}

static gpt_status expect_one(const making *m, const char *key)
{
    double value = 1;
    GPT__TRY(gpt__gguf_number(&value, m->gguf, key));
    if (value != 1)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"%s\" is not 1, which is not supported", m->gguf->file->path, key);
    return GPT_OK;
}

/* Half a value more, as the reader multiplies and rounds down. */
static gpt_status add_head_share(const making *m, const char *key, const char *name)
{
    int64_t size = m->head_size;
    GPT__TRY(gpt__gguf_int(&size, m->gguf, key, 1, m->head_size));
    double share = size == m->head_size ? 1 : ((double)size + 0.5) / (double)m->head_size;
    return added(cJSON_AddNumberToObject(m->root, name, share));
}

static gpt_status add_one_or_all(const making *m, const char *key, const char *name)
{
    int64_t count = 1;
    GPT__TRY(gpt__gguf_int(&count, m->gguf, key, 1, INT32_MAX));
    if (count != 1)
        GPT__TRY(expect_size(m, key, m->heads));
    return added(cJSON_AddBoolToObject(m->root, name, count == 1));
}

/* As in llama.cpp, factors without a type are linear. */
static gpt_status add_scaling_type(const making *m, const char *key)
{
    gpt__gguf_string type = {"linear", 6};
    GPT__TRY(gpt__gguf_text(&type, m->gguf, key));
    const char *known = gpt__gguf_is(type, "linear") ? "linear" : gpt__gguf_is(type, "yarn") ? "yarn" : NULL;
    if (known != NULL)
        return added(cJSON_AddStringToObject(m->scaling, "rope_type", known));
    if (gpt__gguf_is(type, "none"))
        return GPT_OK;
    return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"%s\" is \"%.*s\", which is not supported", m->gguf->file->path, key,
                     (int)(type.length < 64 ? type.length : 64), type.text);
}

static gpt_status apply_rule(const making *m, rule rule, const char *key, const char *name)
{
    switch (rule) {
    case SIZE:
        return add_size(m, key, name);
    case NUMBER:
        return add_float(m, m->root, key, name);
    case SWITCH:
        return add_switch(m, m->root, key, name);
    case HEAD_SHARE:
        return add_head_share(m, key, name);
    case ONE_OR_ALL:
        return add_one_or_all(m, key, name);
    case ALL_HEADS:
        return expect_size(m, key, m->heads);
    case HEAD_SIZE:
        return expect_size(m, key, m->head_size);
    case KEY_LENGTH:
        return expect_size(m, key, m->key_length);
    case SCALING:
        return add_float(m, m->scaling, key, name);
    case SCALING_SWITCH:
        return add_switch(m, m->scaling, key, name);
    case ONE:
        return expect_one(m, key);
    case SCALING_TYPE:
        return add_scaling_type(m, key);
    case IGNORED:
        break;
    }
    return GPT_OK;
}

/* Two rules say something of a missing key, too. */
static gpt_status apply(const making *m, const line *line)
{
    char key[MOST_KEY_BYTES];
    full_key(key, m, line->key);
    int missing = gpt__gguf_find(m->gguf, key) == NULL;
    if (missing && line->required)
        return gpt__fail(GPT_E_FORMAT, "%s: \"%s\" is missing", m->gguf->file->path, key);
    if (missing && line->rule != HEAD_SHARE && line->rule != SCALING_TYPE)
        return GPT_OK;
    return apply_rule(m, line->rule, key, line->name);
}

static gpt_status apply_lines(const making *m)
{
    for (size_t i = 0; i < m->architecture->line_count; i++)
        GPT__TRY(apply(m, &m->architecture->lines[i]));
    return GPT_OK;
}

/* Whether a key, which need not be of the architecture, is in the table. */
static int is_known(const making *m, gpt__gguf_string key)
{
    size_t length = strlen(m->architecture->name);
    if (key.length <= length || memcmp(key.text, m->architecture->name, length) != 0 || key.text[length] != '.')
        return 1;
    gpt__gguf_string rest = {key.text + length + 1, key.length - length - 1};
    for (size_t i = 0; i < m->architecture->line_count; i++)
        if (gpt__gguf_is(rest, m->architecture->lines[i].key))
            return 1;
    return 0;
}

static gpt_status refuse_unknown(const making *m)
{
    for (size_t i = 0; i < m->gguf->entry_count; i++) {
        gpt__gguf_string key = m->gguf->entries[i].key;
        if (!is_known(m, key))
            return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"%.*s\" is not supported", m->gguf->file->path, (int)key.length,
                             key.text);
    }
    return GPT_OK;
}

/* The numbers that rules refer to. */
static gpt_status read_heads(making *m)
{
    char key[MOST_KEY_BYTES];
    int64_t width = 0;
    full_key(key, m, "embedding_length");
    GPT__TRY(gpt__gguf_int(&width, m->gguf, key, 1, INT32_MAX));
    full_key(key, m, "attention.head_count");
    m->heads = 1;
    GPT__TRY(gpt__gguf_int(&m->heads, m->gguf, key, 1, INT32_MAX));
    m->head_size = m->key_length = width / m->heads > 0 ? width / m->heads : 1;
    full_key(key, m, "attention.key_length");
    return gpt__gguf_int(&m->key_length, m->gguf, key, 1, INT32_MAX);
}

static gpt_status add_vocabulary_of(const making *m, const gpt__checkpoint *checkpoint)
{
    const gpt__tensor *embedding = gpt__checkpoint_find(checkpoint, "token_embd.weight");
    if (embedding == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: tensor token_embd.weight is missing", m->gguf->file->path);
    if (embedding->rank != 2 || embedding->shape[0] > INT32_MAX)
        return gpt__fail(GPT_E_FORMAT, "%s: tensor token_embd.weight should have a row for each token",
                         m->gguf->file->path);
    GPT__TRY(added(cJSON_AddNumberToObject(m->root, "vocab_size", (double)embedding->shape[0])));
    int tied = gpt__checkpoint_find(checkpoint, "output.weight") == NULL;
    return added(cJSON_AddBoolToObject(m->root, "tie_word_embeddings", tied));
}

/* What only the tensors tell, which may be in other files than the metadata. */
static gpt_status add_vocabulary(const making *m)
{
    gpt__checkpoint *checkpoint;
    GPT__TRY(gpt__checkpoint_open(&checkpoint, m->gguf->file->path));
    gpt_status status = add_vocabulary_of(m, checkpoint);
    gpt__checkpoint_close(checkpoint);
    return status;
}

/* Turns and messages end with tokens of their own in some vocabularies; all of them stop. */
static gpt_status add_special_tokens(const making *m)
{
    static const char *const stops[] = {"tokenizer.ggml.eos_token_id", "tokenizer.ggml.eot_token_id",
                                        "tokenizer.ggml.eom_token_id"};
    cJSON *list = cJSON_AddArrayToObject(m->root, "eos_token_id");
    GPT__TRY(added(list));
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        int64_t token = -1;
        GPT__TRY(gpt__gguf_int(&token, m->gguf, stops[i], 0, UINT32_MAX));
        if (token < 0 || token > INT32_MAX)
            continue;
        cJSON *item = cJSON_CreateNumber((double)token);
        GPT__TRY(added(item));
        cJSON_AddItemToArray(list, item);
    }
    int64_t bos = -1;
    GPT__TRY(gpt__gguf_int(&bos, m->gguf, "tokenizer.ggml.bos_token_id", 0, UINT32_MAX));
    return bos >= 0 && bos <= INT32_MAX ? added(cJSON_AddNumberToObject(m->root, "bos_token_id", (double)bos)) : GPT_OK;
}

static gpt_status find_architecture(const architecture **out, const gpt__gguf *gguf)
{
    gpt__gguf_string type = {"model", 5};
    gpt__gguf_string name = {NULL, 0};
    GPT__TRY(gpt__gguf_text(&type, gguf, "general.type"));
    GPT__TRY(gpt__gguf_text(&name, gguf, "general.architecture"));
    if (!gpt__gguf_is(type, "model"))
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"general.type\" is \"%.*s\", expected \"model\"", gguf->file->path,
                         (int)(type.length < 64 ? type.length : 64), type.text);
    if (name.text == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: \"general.architecture\" is missing", gguf->file->path);
    for (size_t i = 0; i < sizeof architectures / sizeof *architectures; i++) {
        if (gpt__gguf_is(name, architectures[i].name)) {
            *out = &architectures[i];
            return GPT_OK;
        }
    }
    return gpt__fail(GPT_E_UNSUPPORTED, "%s: the architecture \"%.*s\" is not supported", gguf->file->path,
                     (int)(name.length < 64 ? name.length : 64), name.text);
}

/* Linear scaling without a factor is none, which an object says that is there and empty. */
static gpt_status add_scaling(making *m)
{
    if (cJSON_GetObjectItemCaseSensitive(m->scaling, "rope_type") == NULL ||
        cJSON_GetObjectItemCaseSensitive(m->scaling, "factor") == NULL)
        return added(cJSON_AddObjectToObject(m->root, "rope_parameters"));
    /* The family's own files say so, and converters before llama.cpp 0.7 had no word for it. */
    if (strcmp(m->architecture->model_type, "gpt_oss") == 0 &&
        cJSON_GetObjectItemCaseSensitive(m->scaling, "truncate") == NULL)
        GPT__TRY(added(cJSON_AddBoolToObject(m->scaling, "truncate", 0)));
    if (!cJSON_AddItemToObject(m->root, "rope_scaling", m->scaling))
        return added(NULL);
    m->scaling = NULL;
    return GPT_OK;
}

static gpt_status make(making *m)
{
    GPT__TRY(refuse_unknown(m));
    GPT__TRY(read_heads(m));
    GPT__TRY(added(cJSON_AddStringToObject(m->root, "model_type", m->architecture->model_type)));
    GPT__TRY(apply_lines(m));
    GPT__TRY(add_vocabulary(m));
    GPT__TRY(add_special_tokens(m));
    return add_scaling(m);
}

gpt_status gpt__gguf_config(gpt__json *json, const gpt__family **family, const gpt__gguf *gguf)
{
    making m = {.gguf = gguf};
    *json = (gpt__json){0};
    GPT__TRY(find_architecture(&m.architecture, gguf));
    *family = gpt__gguf_family_find(m.architecture->model_type);
    json->path = gpt__copy_string(gguf->file->path, strlen(gguf->file->path));
    m.root = json->root = cJSON_CreateObject();
    m.scaling = cJSON_CreateObject();
    gpt_status status = json->path != NULL ? GPT_OK : GPT_E_MEMORY;
    if (status == GPT_OK)
        status = added(m.root != NULL ? m.scaling : NULL);
    if (status == GPT_OK)
        status = make(&m);
    cJSON_Delete(m.scaling);
    if (status != GPT_OK)
        gpt__json_close(json);
    return status;
}
