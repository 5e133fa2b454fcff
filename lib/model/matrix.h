/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model/matrix.h: a model's tensors found in a checkpoint by the part they play, checked against the shape that the
 * configuration asks for, and put together to the matrices that are packed.
 */
#ifndef GPT__MODEL_MATRIX_H
#define GPT__MODEL_MATRIX_H

#include "format/tensor.h"
#include "model/family.h"

/* Where tensors come from. */
typedef struct gpt__source {
    const gpt__config *config;
    const gpt__checkpoint *checkpoint;
} gpt__source;

/* The family's line for a role, or NULL when it has none. */
const gpt__weight_name *gpt__source_line(const gpt__source *source, gpt__role role);

/*
 * The tensor <prefix><layers>.<layer>.<name><ending>, without the middle for layer -1; files may leave the prefix out.
 * GPT_E_FORMAT naming the tensor when it is missing.
 */
gpt_status gpt__source_find(const gpt__tensor **out, const gpt__source *source, gpt__role role, int32_t layer,
                            const char *ending);

/* The same, with NULL for a tensor that is missing. */
gpt_status gpt__source_look(const gpt__tensor **out, const gpt__source *source, gpt__role role, int32_t layer,
                            const char *ending);

/* Fails unless the tensor is of a type that can be read and of this shape, naming both. rank is at most 4. */
gpt_status gpt__tensor_expect(const gpt__tensor *tensor, int rank, const int64_t *shape);

/* All elements as f32, freed with gpt__release. */
gpt_status gpt__tensor_read(float **out, const gpt__tensor *tensor);

/* The same as bf16, without all of them as f32 between. */
gpt_status gpt__tensor_read_bf16(uint16_t **out, const gpt__tensor *tensor);

/* Weights in memory, ready to be packed. owned, which may be NULL, is freed with gpt__release after the view's use. */
typedef struct gpt__matrix {
    gpt__weights_view view;
    void *owned;
} gpt__matrix;

/*
 * A matrix of N outputs and K inputs from count elements of a tensor that begin at first: the mapped file itself, where
 * that can be, else a copy.
 */
gpt_status gpt__matrix_view(gpt__matrix *out, const gpt__tensor *tensor, int64_t first, int64_t K, int64_t N,
                            gpt__weight_layout layout);

/* One output of a matrix: row of a tensor [.., K]. */
typedef struct gpt__matrix_row {
    const gpt__tensor *tensor;
    int64_t row;
} gpt__matrix_row;

/* A matrix of N outputs and K inputs, each output copied from where rows [N] says. */
gpt_status gpt__matrix_gather(gpt__matrix *out, const gpt__matrix_row *rows, int64_t K, int64_t N);

#endif
