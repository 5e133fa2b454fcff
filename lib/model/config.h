/* SPDX-License-Identifier: Apache-2.0 */
/* model/config.h: the shape of a model, in words that fit every family; the forward pass reads nothing else. */
#ifndef GPT__MODEL_CONFIG_H
#define GPT__MODEL_CONFIG_H

#include "compute/linear.h"
#include "format/json.h"

#include <gpt/model.h>

typedef enum gpt__positions {
    GPT__POSITIONS_LEARNED /* a row of a table is added to each token's embedding */
} gpt__positions;

#define GPT__MAX_STOP_TOKENS 16

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
    float norm_epsilon;
    gpt__activation activation;
    gpt__positions positions;
    int scale_by_head;          /* scores are divided by sqrt(K) */
    int scale_by_inverse_layer; /* and by the layer's number, counted from 1 */
    int tied_output;            /* the output layer is the embedding table */
    int32_t bos_token;          /* -1: none */
    int32_t stop_tokens[GPT__MAX_STOP_TOKENS];
    int stop_token_count;
} gpt__config;

/* Reads config.json of a model directory. GPT_E_UNSUPPORTED names what it asks for and libgpt does not do. */
gpt_status gpt__config_read(gpt__config *config, const char *directory);

/* What the scores of a layer (from 0) are multiplied with before the softmax. */
float gpt__config_attention_scale(const gpt__config *config, int32_t layer);

/*
 * For families: reads a whole number from 1 to most under the first of the keys that is there. *out keeps its value
 * when none is; when it then is 0, the missing key is GPT_E_FORMAT.
 */
gpt_status gpt__config_size(int32_t *out, const gpt__json *json, int64_t most, const char *key, const char *other_key);

/* For families: reads the name of an activation. */
gpt_status gpt__config_activation(gpt__activation *out, const gpt__json *json, const char *key);

/* For families: refuses a switch that must be off (or missing), by name. */
gpt_status gpt__config_refuse(const gpt__json *json, const char *key);

#endif
