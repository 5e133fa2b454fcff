/* SPDX-License-Identifier: Apache-2.0 */
/* model/config.h: the shape of a model, in words that fit every family; the forward pass reads nothing else. */
#ifndef GPT__MODEL_CONFIG_H
#define GPT__MODEL_CONFIG_H

#include "compute/linear.h"
#include "compute/norm.h"
#include "compute/rotary.h"
#include "format/json.h"

#include <gpt/model.h>

typedef enum gpt__positions {
    GPT__POSITIONS_LEARNED, /* a row of a table is added to each token's embedding */
    GPT__POSITIONS_ROTARY   /* queries and keys are turned */
} gpt__positions;

/* How files keep the matrices that make queries, keys and values. */
typedef enum gpt__qkv_order {
    GPT__QKV_TOGETHER, /* one tensor: all queries, all keys, all values */
    GPT__QKV_BY_HEAD,  /* one tensor: for each head its query, key and value */
    GPT__QKV_SEPARATE  /* three tensors */
} gpt__qkv_order;

/* What surrounds the two parts of a layer. */
typedef enum gpt__residual {
    GPT__RESIDUAL_SERIAL,   /* x += attention(norm_1(x)); x += feed-forward(norm_2(x)) */
    GPT__RESIDUAL_PARALLEL, /* x += attention(norm_1(x)) + feed-forward(norm_2(x)) */
    GPT__RESIDUAL_POST_NORM /* x = norm_1(x + attention(x)); x = norm_2(x + feed-forward(x)) */
} gpt__residual;

#define GPT__MAX_STOP_TOKENS 16
#define GPT__MAX_LAYERS 1024

typedef struct gpt__config {
    const struct gpt__family *family;
    int32_t V;       /* vocabulary */
    int32_t context; /* most tokens of a sequence */
    int32_t D;       /* width of the residual stream */
    int32_t L;       /* layers */
    int32_t H;       /* query heads */
    int32_t KV;      /* key and value heads: H, or a divisor of it */
    int32_t K;       /* values of a head */
    int32_t inner;   /* width between the two products of the feed-forward part */
    gpt__norm_kind norm;
    float norm_epsilon;
    gpt__residual residual;
    gpt__activation activation;
    gpt__positions positions;
    int scale_by_head;          /* scores are divided by sqrt(K) */
    int scale_by_inverse_layer; /* and by the layer's number, counted from 1 */
    gpt__qkv_order qkv_order;
    int attention_bias;         /* the products around attention have biases, where the family has them */
    int attention_sinks;        /* each head has a score that takes weight from the keys and gives no value */
    gpt__rotary rotary;
    int rotary_interleaved;     /* in files, the two values that turn together are neighbours, not halves apart */
    int32_t window;             /* a local layer sees so many tokens, the newest among them */
    unsigned char is_local[GPT__MAX_LAYERS];
    int32_t experts;            /* of each layer; 0: one feed-forward part, always used */
    int32_t experts_per_token;
    float gate_limit;           /* of the experts' gated activation */
    int tied_output;            /* the output layer is the embedding table */
    int output_bias;
    int32_t bos_token;          /* -1: none */
    int32_t stop_tokens[GPT__MAX_STOP_TOKENS];
    int stop_token_count;
} gpt__config;

/*
 * Reads config.json of a model directory, or the metadata of a GGUF file, of which either is the path.
 * GPT_E_UNSUPPORTED names what it asks for and libgpt does not do.
 */
gpt_status gpt__config_read(gpt__config *config, const char *path);

/* What the scores of a layer (from 0) are multiplied with before the softmax. */
float gpt__config_attention_scale(const gpt__config *config, int32_t layer);

/*
 * For families: reads a whole number from 1 to most under the first of the keys that is there. *out keeps its value
 * when none is; when it then is 0, the missing key is GPT_E_FORMAT.
 */
gpt_status gpt__config_size(int32_t *out, const gpt__json *json, int64_t most, const char *key, const char *other_key);

/* For families: K, the size of a head, is D / H unless the family has set it. GPT_E_FORMAT when that is not whole. */
gpt_status gpt__config_head_size(gpt__config *config, const gpt__json *json);

/* What a family's configuration calls base and share outside of the object that describes rotary positions. */
typedef struct gpt__rotary_words {
    const char *base_key;
    double base; /* when nothing says it */
    const char *share_key; /* NULL: no word */
    double share;
    double factor; /* of YaRN without truncation, which scales where no object says how; 0: nothing does */
    double original;
} gpt__rotary_words;

/*
 * For families whose positions turn the first share of each head: reads base, share and scaling in the words of
 * transformers 5 (rope_parameters) and 4 (rope_scaling), and the family's. Sets positions.
 */
gpt_status gpt__config_rotary(gpt__config *config, const gpt__json *json, const gpt__rotary_words *words);

/* For families whose configuration has no say in it: R values of each head turn, an even number up to K. */
void gpt__config_rotary_fixed(gpt__config *config, int32_t R, double base);

/* For families: the epsilon of the norms, 1e-5 by default, and whether the output layer is the embedding table. */
gpt_status gpt__config_epsilon(gpt__config *config, const gpt__json *json, const char *key);
gpt_status gpt__config_tied(gpt__config *config, const gpt__json *json, int tied);

/*
 * For families: marks layers from *layer on as local or not, as a list of words under a key says, and moves *layer
 * past them. What is neither word is GPT_E_UNSUPPORTED, more layers than the model has GPT_E_FORMAT.
 */
gpt_status gpt__config_add_layer_kinds(gpt__config *config, int32_t *layer, const gpt__json *json, const char *key,
                                       const cJSON *words, const char *everything, const char *local);

/* For families: reads the name of an activation. */
gpt_status gpt__config_activation(gpt__activation *out, const gpt__json *json, const char *key);

/* For families: refuses a switch that must be off (or missing), by name. */
gpt_status gpt__config_refuse(const gpt__json *json, const char *key);

#endif
