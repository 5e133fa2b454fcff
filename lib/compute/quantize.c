/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/quantize.c: symmetric quantization of weights, read twice: for the largest of each output, and to round. The
 * weights of an output lie in a line, or across the lines; blocks of outputs are worked on by threads in turn.
 *
 * Letters: K inputs, N outputs, B outputs of a block.
 */
#include "compute/quantize.h"

#include "base/bytes.h"
#include "compute/cpu.h"
#include "compute/onednn.h"
#include "compute/round.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#define B 64

/* Outputs after which the pages of the file that were read are let go, so that they are never all in memory. */
#define OUTPUTS_AT_ONCE 4096

/* Where the largest |weight| of an output, and what to multiply with, are kept during the work on a block. */
typedef struct block {
    uint32_t most_bits[B];
    float inverses[B]; /* 0 when the output can not be scaled */
    int32_t sums[B];
} block;

/* count weights from (k, n) on, one stride apart, as floats: in place, or converted into room. */
static const float *load(float *room, const gpt__weights_view *w, int64_t k, int64_t n, int64_t stride, int64_t count)
{
    int64_t at = k * w->stride_k + n * w->stride_n;
    if (w->type == GPT_DTYPE_F32 && stride == 1)
        return (const float *)w->data + at;
    for (int64_t i = 0; i < count; i++)
        room[i] = w->type == GPT_DTYPE_F32 ? ((const float *)w->data)[at + i * stride]
                                           : gpt__bf16_to_f32(((const uint16_t *)w->data)[at + i * stride]);
    return room;
}

/* Without their sign, floats order as whole numbers do; infinities and NaN come out on top, and stay to be seen. */
GPT__CPU_CLONES
static void find_most_across(uint32_t *restrict most, const float *restrict values, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint32_t bits = gpt__bits_from_float(values[i]) & 0x7FFFFFFF;
        most[i] = bits > most[i] ? bits : most[i];
    }
}

GPT__CPU_CLONES
static void round_across(int8_t *restrict out, int32_t *restrict sums, const float *restrict values,
                         const float *restrict inverses, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        int32_t rounded = gpt__round_scaled(values[i], inverses[i]);
        out[i] = (int8_t)rounded;
        sums[i] += rounded;
    }
}

/* Outputs from first on, whose weights lie across lines of N. */
static void quantize_across(int8_t *out, float *scales, int32_t *sums, const gpt__weights_view *w, int64_t K, int64_t N,
                            int64_t first, int most)
{
    float room[B];
    block b = {{0}, {0}, {0}};
    int64_t count = N - first < B ? N - first : B;
    for (int64_t k = 0; k < K; k++)
        find_most_across(b.most_bits, load(room, w, k, first, 1, count), count);
    for (int64_t i = 0; i < count; i++)
        scales[first + i] = gpt__scale_for(&b.inverses[i], b.most_bits[i], most);
    for (int64_t k = 0; k < K; k++) {
        const float *values = load(room, w, k, first, 1, count);
        if (isfinite(gpt__float_from_bits(gpt__largest_magnitude(values, count)))) {
            round_across(out + k * N + first, b.sums, values, b.inverses, count);
            continue;
        }
        /* What is not finite has no whole number. */
        for (int64_t i = 0; i < count; i++)
            room[i] = b.inverses[i] > 0 ? values[i] : 0;
        round_across(out + k * N + first, b.sums, room, b.inverses, count);
    }
    for (int64_t i = 0; i < count; i++)
        sums[first + i] = b.sums[i];
}

/* One output, whose K weights lie in a line. */
static void quantize_line(int8_t *out, float *scale, int32_t *sum, const gpt__weights_view *w, int64_t K, int64_t n,
                          int most)
{
    enum { PIECE = 1024 };
    float room[PIECE], inverse;
    uint32_t most_bits = 0;
    int32_t total = 0;
    for (int64_t k = 0; k < K; k += PIECE) {
        int64_t count = K - k < PIECE ? K - k : PIECE;
        uint32_t found = gpt__largest_magnitude(load(room, w, k, n, w->stride_k, count), count);
        most_bits = found > most_bits ? found : most_bits;
    }
    *scale = gpt__scale_for(&inverse, most_bits, most);
    for (int64_t k = 0; k < K; k += PIECE) {
        int64_t count = K - k < PIECE ? K - k : PIECE;
        total += gpt__round_to_int8(out + k, load(room, w, k, n, w->stride_k, count), inverse, count);
    }
    *sum = total;
}

/* Lets go of the pages of outputs from first up to end, which lie in lines. */
static void drop_pages(const gpt__weights_view *w, int64_t K, int64_t first, int64_t end)
{
    if (w->file == NULL || w->stride_k != 1 || w->stride_n != K)
        return;
    size_t size = w->type == GPT_DTYPE_F32 ? sizeof(float) : sizeof(uint16_t);
    size_t begin = (size_t)((const unsigned char *)w->data - w->file->data);
    gpt__file_drop_pages(w->file, begin + (size_t)(first * K) * size, (size_t)((end - first) * K) * size);
}

void gpt__quantize(int8_t *out, float *scales, int32_t *sums, const gpt__weights_view *weights, int64_t K, int64_t N,
                   int most)
{
    if (weights->stride_n < weights->stride_k) {
#pragma omp parallel for schedule(dynamic)
        for (int64_t first = 0; first < N; first += B)
            quantize_across(out, scales, sums, weights, K, N, first, most);
        return;
    }
    for (int64_t first = 0; first < N; first += OUTPUTS_AT_ONCE) {
        int64_t end = first + OUTPUTS_AT_ONCE < N ? first + OUTPUTS_AT_ONCE : N;
#pragma omp parallel for schedule(static)
        for (int64_t n = first; n < end; n++)
            quantize_line(out + n * K, &scales[n], &sums[n], weights, K, n, most);
        drop_pages(weights, K, first, end);
    }
}

/* Whether the largest numbers that can meet are multiplied and added exactly. */
static gpt_status probe(int *is_exact, gpt__engine *engine, gpt__worker **worker, gpt__packed **packed)
{
    enum { SIZE = 64, ROWS = 4 };
    const gpt__product_kind kind = {.K = SIZE, .N = SIZE, .type = GPT_DTYPE_INT8, .out = GPT_DTYPE_F32};
    uint8_t x[ROWS * SIZE];
    int8_t weights[SIZE * SIZE];
    int32_t out[ROWS * SIZE];
    int number;
    memset(x, 255, sizeof x);
    memset(weights, 127, sizeof weights);
    GPT__TRY(gpt__engine_add_kind(&number, engine, &kind));
    GPT__TRY(gpt__worker_new(worker, engine, 1));
    GPT__TRY(gpt__packed_new(packed, engine, number, weights, GPT_DTYPE_INT8, 1, SIZE));
    GPT__TRY(gpt__worker_product(*worker, number, *packed, NULL, x, out, ROWS));
    *is_exact = out[0] == 255 * 127 * SIZE;
    return GPT_OK;
}

gpt_status gpt__quantize_most(int *most)
{
    /* A property of the processor, which threads may find out twice. */
    static atomic_int known;
    gpt__engine *engine = NULL;
    gpt__worker *worker = NULL;
    gpt__packed *packed = NULL;
    int is_exact = 0;
    *most = atomic_load(&known);
    if (*most > 0)
        return GPT_OK;
    gpt_status status = gpt__engine_new(&engine);
    if (status == GPT_OK)
        status = probe(&is_exact, engine, &worker, &packed);
    gpt__packed_free(packed);
    gpt__worker_free(worker);
    gpt__engine_free(engine);
    *most = is_exact ? 127 : 63;
    if (status == GPT_OK)
        atomic_store(&known, *most);
    return status;
}
