/* SPDX-License-Identifier: Apache-2.0 */
/* compute/measure.c: the fastest product that oneDNN does here, to compare a model's speed with. */
#include "base/memory.h"
#include "compute/onednn.h"
#include "compute/parallel.h"
#include "compute/rows.h"

#include <gpt/profile.h>
#include <math.h>
#include <time.h>

#define ROWS GPT__MOST_ROWS
#define MOST_THREADS 1024
#define SECONDS_PER_SHAPE 0.25

/* Inputs and outputs of the products: small and large layers of models, and a square in between. */
static const int64_t shapes[][2] = {{768, 3072}, {3072, 768}, {1024, 1024}, {2048, 2048}};
#define SHAPES (sizeof shapes / sizeof *shapes)

/* One product with its operands. */
typedef struct subject {
    gpt__product_kind kind;
    int number; /* of the kind */
    gpt__worker *worker;
    gpt__packed *packed;
    void *x;   /* [ROWS, K] */
    void *out; /* [ROWS, N] */
} subject;

static double seconds(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

/* Ordinary numbers, neither zero nor all alike: processors may take less power, and less time, for those. */
static void fill(void *values, int64_t count, gpt_dtype type)
{
    static const float floats[] = {0.75f, -1.25f, 0.5f, 1.5f, -0.375f, -2.0f, 1.0f};
    static const uint16_t halves[] = {0x3F40, 0xBFA0, 0x3F00, 0x3FC0, 0xBEC0, 0xC000, 0x3F80};
    static const int8_t bytes[] = {37, -63, 25, 76, -19, -101, 51};
    for (int64_t i = 0; i < count; i++) {
        if (type == GPT_DTYPE_F32)
            ((float *)values)[i] = floats[i % 7];
        else if (type == GPT_DTYPE_BF16)
            ((uint16_t *)values)[i] = halves[i % 7];
        else
            ((int8_t *)values)[i] = bytes[i % 7];
    }
}

static gpt_status pack(subject *s, gpt__engine *engine)
{
    int64_t K = s->kind.K, N = s->kind.N;
    void *weights = gpt__allocate_tensor((size_t)(K * N), gpt__dtype_size(s->kind.type));
    if (weights == NULL)
        return GPT_E_MEMORY;
    fill(weights, K * N, s->kind.type);
    gpt_status status = gpt__packed_new(&s->packed, engine, s->number, weights, s->kind.type, N, 1);
    gpt__release(weights);
    return status;
}

static gpt_status prepare(subject *s, gpt__engine *engine, int threads)
{
    GPT__TRY(gpt__engine_add_kind(&s->number, engine, &s->kind));
    GPT__TRY(gpt__worker_new(&s->worker, engine, threads));
    GPT__TRY(pack(s, engine));
    s->x = gpt__allocate_tensor((size_t)(ROWS * s->kind.K), gpt__dtype_size(s->kind.type));
    s->out = gpt__allocate_tensor((size_t)(ROWS * s->kind.N), sizeof(float));
    if (s->x == NULL || s->out == NULL)
        return GPT_E_MEMORY;
    fill(s->x, ROWS * s->kind.K, s->kind.type);
    return GPT_OK;
}

static gpt_status run_once(subject *s)
{
    return gpt__worker_product(s->worker, s->number, s->packed, NULL, s->x, s->out, ROWS);
}

/* The shortest of many runs: what disturbs only makes them longer. */
static gpt_status time_product(double *shortest, subject *s)
{
    GPT__TRY(run_once(s));
    double end = seconds() + SECONDS_PER_SHAPE;
    *shortest = INFINITY;
    for (double begin = seconds(); begin < end || isinf(*shortest); begin = seconds()) {
        GPT__TRY(run_once(s));
        double time = seconds() - begin;
        *shortest = time < *shortest ? time : *shortest;
    }
    return GPT_OK;
}

static gpt_status measure_shape(double *operations, gpt__engine *engine, const int64_t *shape, gpt_dtype dtype,
                                int threads)
{
    subject s = {.kind = {.K = shape[0], .N = shape[1], .type = dtype, .out = GPT_DTYPE_F32}};
    double shortest = 0;
    gpt_status status = prepare(&s, engine, threads);
    if (status == GPT_OK)
        status = time_product(&shortest, &s);
    if (status == GPT_OK)
        *operations = 2.0 * ROWS * (double)shape[0] * (double)shape[1] / shortest;
    gpt__worker_free(s.worker);
    gpt__packed_free(s.packed);
    gpt__release(s.x);
    gpt__release(s.out);
    return status;
}

static gpt_status measure_shapes(double *operations, gpt_dtype dtype, int threads)
{
    gpt__engine *engine;
    GPT__TRY(gpt__engine_new(&engine));
    gpt_status status = GPT_OK;
    double best = 0;
    if (!gpt__engine_supports(engine, dtype))
        status = gpt__fail(GPT_E_UNSUPPORTED, "oneDNN has no %s products for this processor", gpt_dtype_name(dtype));
    for (size_t i = 0; i < SHAPES && status == GPT_OK; i++) {
        double found = 0;
        status = measure_shape(&found, engine, shapes[i], dtype, threads);
        best = found > best ? found : best;
    }
    gpt__engine_free(engine);
    *operations = status == GPT_OK ? best : 0;
    return status;
}

gpt_status gpt_measure_products(double *operations, gpt_dtype dtype, int threads)
{
    GPT__CHECK_ARGUMENT(operations != NULL);
    *operations = 0;
    GPT__CHECK_ARGUMENT(dtype != GPT_DTYPE_AUTO && gpt_dtype_name(dtype) != NULL);
    GPT__CHECK_ARGUMENT(threads >= 0 && threads <= MOST_THREADS);
    /* As in the forward pass, the calling thread gets its own number back. */
    threads = threads > 0 ? threads : omp_get_num_procs();
    gpt__thread_settings before = gpt__threads_begin(threads);
    gpt_status status = measure_shapes(operations, dtype, threads);
    gpt__threads_end(before);
    return status;
}
