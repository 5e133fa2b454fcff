/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/onednn.h: what libgpt uses of oneDNN, without its types: packed weight matrices and products with them.
 * Only onednn.c uses oneDNN itself; the differences between its versions 2 and 3 are confined to onednn_versions.h.
 *
 * oneDNN compiles a primitive for each shape of a product. So that their number stays small, the rows of a product are
 * rounded up to one of GPT__BUCKETS sizes, and products of equal kind share their primitives.
 */
#ifndef GPT__COMPUTE_ONEDNN_H
#define GPT__COMPUTE_ONEDNN_H

#include "base/error.h"
#include "compute/activation.h"

#include <gpt/model.h>

/* All that decides which code oneDNN makes, but the number of rows. */
typedef struct gpt__product_kind {
    int64_t K;        /* inputs */
    int64_t N;        /* outputs */
    gpt_dtype type;   /* of both factors: f32, bf16 or int8 */
    gpt_dtype out;    /* of the result: f32 or bf16; that of int8 is int32_t, whatever this says */
    int has_bias;     /* f32 [N], added to each row */
    int accumulates;  /* the result is added to what is in the output already */
    gpt__activation activation;
} gpt__product_kind;

/* What a model needs of oneDNN: its engine, and the kinds of product that the model has. Immutable once open. */
typedef struct gpt__engine gpt__engine;

gpt_status gpt__engine_new(gpt__engine **out);
void gpt__engine_free(gpt__engine *engine);

/* Whether oneDNN can multiply matrices of this type on this processor. */
int gpt__engine_supports(const gpt__engine *engine, gpt_dtype type);

/* The number of a kind, which is added when the engine does not have it yet. */
gpt_status gpt__engine_add_kind(int *out, gpt__engine *engine, const gpt__product_kind *kind);

/* A weight matrix in the layout that oneDNN's products like best. Immutable. */
typedef struct gpt__packed gpt__packed;

/*
 * Packs weights, which lie in memory as type, element (k, n) at index k * stride_k + n * stride_n, into type: f32 to
 * f32 or bf16, bf16 to bf16 or f32, int8 to int8.
 */
gpt_status gpt__packed_new(gpt__packed **out, gpt__engine *engine, int kind, const void *weights, gpt_dtype type,
                           int64_t stride_k, int64_t stride_n);
void gpt__packed_free(gpt__packed *packed);
int64_t gpt__packed_bytes(const gpt__packed *packed);

/*
 * Reads column n back, as K floats, from f32 or bf16 weights: the embedding of token n when the output layer is tied
 * to the embedding table, so that the table need not be kept twice.
 */
void gpt__packed_column(float *out, const gpt__packed *packed, int64_t n);

/*
 * The weights of outputs 64 index to 64 index + 63, as compute/panels.h wants them, or NULL when this processor or this
 * layout has no panels. Places behind the last output hold zeros.
 */
const void *gpt__packed_panel(const gpt__packed *packed, int64_t index);

/* What a generator needs of oneDNN: primitives made as they are needed, their arguments, a stream, scratch memory. */
typedef struct gpt__worker gpt__worker;

/* threads is at least 1; the worker has as many of them as OpenMP gives. The engine must outlive the worker. */
gpt_status gpt__worker_new(gpt__worker **out, gpt__engine *engine, int threads);
void gpt__worker_free(gpt__worker *worker);
int gpt__worker_threads(const gpt__worker *worker);

/* The sizes to which rows are rounded up; the last is the most rows of one product. */
#define GPT__BUCKETS 15
#define GPT__MOST_ROWS 512
int64_t gpt__bucket_rows(int64_t rows);

/* The largest of the sizes that is not above rows; the smallest for less. */
int64_t gpt__bucket_below(int64_t rows);

/*
 * out [T, N] = x [T, K] * weights + bias, with what the kind says, for T a size of gpt__bucket_rows. bias is NULL when
 * the kind has none. int8 takes x as unsigned, and gives the sums as they are, without scales, as int32_t.
 */
gpt_status gpt__worker_product(gpt__worker *worker, int kind, const gpt__packed *weights, const float *bias,
                               const void *x, void *out, int64_t T);

/* How many primitives the worker has made, and how many of those oneDNN runs by its slow reference code. */
void gpt__worker_count_primitives(int *made, int *reference, const gpt__worker *worker);

/*
 * C [M, N] = alpha * A [M, K] * B [K, N] + beta * C, in f32, rows lda, ldb, ldc elements apart. Inside a parallel
 * region each thread computes its own product alone.
 */
gpt_status gpt__sgemm(int64_t M, int64_t N, int64_t K, float alpha, const float *A, int64_t lda, const float *B,
                      int64_t ldb, float beta, float *C, int64_t ldc);

#endif
