/* SPDX-License-Identifier: Apache-2.0 */
/* model/weights.h: the weights of a model, checked against its configuration and packed. */
#ifndef GPT__MODEL_WEIGHTS_H
#define GPT__MODEL_WEIGHTS_H

#include "format/tensor.h"
#include "model/config.h"

typedef struct gpt__norm {
    float *weight; /* [D] */
    float *bias;   /* [D], NULL for RMS norm */
} gpt__norm;

/* The feed-forward part of a layer whose tokens use a few of E experts each. */
typedef struct gpt__experts {
    gpt__linear router; /* D -> E */
    gpt__linear *in;    /* [E] of D -> 2 inner */
    gpt__linear *out;   /* [E] of inner -> D */
    int32_t count;
} gpt__experts;

typedef struct gpt__layer {
    gpt__norm norm_1;
    gpt__linear qkv;
    gpt__linear attention_out;
    float *sinks; /* [H], or NULL */
    gpt__norm norm_2;
    gpt__linear up; /* not used by a layer of experts */
    gpt__linear down;
    gpt__experts experts;
} gpt__layer;

/* Begins as {0}. Immutable once loaded. */
typedef struct gpt__weights {
    void *embedding; /* [V, D]; NULL when embeddings are read from the columns of a tied output layer */
    gpt_dtype embedding_type;
    float *positions; /* [context, D], NULL with rotary positions */
    gpt__layer *layers;
    int32_t layer_count;
    gpt__norm final_norm; /* of a model with post-norm, nothing */
    gpt__linear output;
    int64_t parameters; /* different ones */
    int64_t bytes;      /* packed */
} gpt__weights;

/* Finds every tensor that the family's table names, checks type and shape, and packs it as dtype. */
gpt_status gpt__weights_load(gpt__weights *weights, gpt__engine *engine, const gpt__config *config,
                             const gpt__checkpoint *checkpoint, gpt_dtype dtype);
void gpt__weights_release(gpt__weights *weights);

/* Whether the checkpoint holds its weights as bf16: then GPT_DTYPE_BF16, else GPT_DTYPE_F32. */
gpt_status gpt__weights_file_dtype(gpt_dtype *dtype, const gpt__config *config, const gpt__checkpoint *checkpoint);

/* out [D] = the embedding of a token. */
void gpt__weights_embedding(float *out, const gpt__weights *weights, int64_t D, int32_t token);

#endif
