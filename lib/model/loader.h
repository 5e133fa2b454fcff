/* SPDX-License-Identifier: Apache-2.0 */
/* model/loader.h: what the files that load weights share: reading by role, packing, counting. */
#ifndef GPT__MODEL_LOADER_H
#define GPT__MODEL_LOADER_H

#include "model/matrix.h"
#include "model/weights.h"

typedef struct gpt__loader {
    gpt__weights *weights;
    gpt__engine *engine;
    gpt__source source;
    gpt_dtype dtype;
} gpt__loader;

/* Adds a tensor that has been read to the model's figures, and lets go of its mapped pages. */
void gpt__loader_count(gpt__loader *loader, const gpt__tensor *tensor, int64_t bytes);

/* Reads a vector or table of that shape, which stays f32. */
gpt_status gpt__load_floats(gpt__loader *loader, float **out, gpt__role role, int32_t layer, const char *ending,
                            int rank, const int64_t *shape);

/* Packs a matrix, which is released, as dtype. bias is taken over, also when this fails. */
gpt_status gpt__load_packed(gpt__loader *loader, gpt__linear *linear, gpt__matrix *matrix, float *bias, int64_t K,
                            int64_t N, gpt_dtype dtype, gpt__linear_use use);

/* Loads a role's matrix and, where its line and with_bias say so, its bias. */
gpt_status gpt__load_linear(gpt__loader *loader, gpt__linear *linear, gpt__role role, int32_t layer, int64_t K,
                            int64_t N, gpt_dtype dtype, gpt__linear_use use, int with_bias);

/* Loads the product that makes queries, keys and values, whichever way the family's files keep it. */
gpt_status gpt__load_qkv(gpt__loader *loader, gpt__linear *linear, int32_t layer);

/* Loads the router and the experts of a layer. */
gpt_status gpt__load_experts(gpt__loader *loader, gpt__experts *experts, int32_t layer);

/* The same for experts, allocated already, whose gates and values are tensors of their own, as in GGUF files. */
gpt_status gpt__load_experts_apart(gpt__loader *loader, gpt__experts *experts, int32_t layer);

void gpt__experts_release(gpt__experts *experts);

#endif
