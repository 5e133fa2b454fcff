/* SPDX-License-Identifier: Apache-2.0 */
/* compute/norm.c: layer norm, in two passes over the row so that a large mean costs no precision, and RMS norm. */
#include "compute/norm.h"

#include "compute/cpu.h"

#include <math.h>

/* Sums are kept in so many parts: that fills vector registers without asking the compiler to reorder additions. */
#define LANES 16

static inline float sum_lanes(const float lanes[LANES])
{
    float total = 0;
    for (int i = 0; i < LANES; i++)
        total += lanes[i];
    return total;
}

static inline float mean_of(const float *x, int64_t D)
{
    float lanes[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= D; i += LANES)
        for (int j = 0; j < LANES; j++)
            lanes[j] += x[i + j];
    for (; i < D; i++)
        lanes[0] += x[i];
    return sum_lanes(lanes) / (float)D;
}

static inline float variance_of(const float *x, int64_t D, float mean)
{
    float lanes[LANES] = {0};
    int64_t i = 0;
    for (; i + LANES <= D; i += LANES)
        for (int j = 0; j < LANES; j++)
            lanes[j] += (x[i + j] - mean) * (x[i + j] - mean);
    for (; i < D; i++)
        lanes[0] += (x[i] - mean) * (x[i] - mean);
    return sum_lanes(lanes) / (float)D;
}

GPT__CPU_CLONES
static void layer_norm(float *out, const float *x, const float *weight, const float *bias, int64_t D, float epsilon)
{
    float mean = mean_of(x, D);
    float scale = 1.0f / sqrtf(variance_of(x, D, mean) + epsilon);
    for (int64_t i = 0; i < D; i++)
        out[i] = (x[i] - mean) * scale * weight[i] + bias[i];
}

GPT__CPU_CLONES
static void rms_norm(float *out, const float *x, const float *weight, int64_t D, float epsilon)
{
    /* The variance around zero is the mean of the squares. */
    float scale = 1.0f / sqrtf(variance_of(x, D, 0.0f) + epsilon);
    for (int64_t i = 0; i < D; i++)
        out[i] = x[i] * scale * weight[i];
}

void gpt__norm_row(float *out, const float *x, gpt__norm_kind kind, const float *weight, const float *bias, int64_t D,
                   float epsilon)
{
    if (kind == GPT__RMS_NORM)
        rms_norm(out, x, weight, D, epsilon);
    else
        layer_norm(out, x, weight, bias, D, epsilon);
}
