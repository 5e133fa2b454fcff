/* SPDX-License-Identifier: Apache-2.0 */
/* compute/activation.c: activations of sums that oneDNN gives bare, or that panels give. */
#include "compute/activation.h"

#include "compute/cpu.h"
#include "compute/exp.h"

#include <math.h>

/* 1 / (1 + e^-x), without overflow on either side. */
static inline float sigmoid(float x)
{
    float e = gpt__exp_negative(-fabsf(x));
    float small = e / (1.0f + e);
    return x < 0 ? small : 1.0f - small;
}

/* x/2 (1 + tanh(u)) is x sigmoid(2 u). */
GPT__CPU_CLONES
static void gelu_tanh(float *x, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        x[i] *= sigmoid(1.59576912f * (x[i] + 0.044715f * x[i] * x[i] * x[i]));
}

static void gelu_erf(float *x, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        x[i] *= 0.5f * (1.0f + erff(x[i] * 0.707106781f));
}

GPT__CPU_CLONES
static void relu(float *x, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        x[i] = x[i] < 0 ? 0 : x[i];
}

GPT__CPU_CLONES
static void relu_bf16(uint16_t *x, int64_t count)
{
    /* Behind 0xFF80, which is minus infinity, is what is no number. */
    for (int64_t i = 0; i < count; i++)
        x[i] = x[i] >= 0x8000 && x[i] <= 0xFF80 ? 0 : x[i];
}

void gpt__relu_bf16(uint16_t *x, int64_t count)
{
    relu_bf16(x, count);
}

GPT__CPU_CLONES
static void silu(float *x, int64_t count, float alpha)
{
    for (int64_t i = 0; i < count; i++)
        x[i] *= sigmoid(alpha * x[i]);
}

void gpt__activate(float *x, int64_t count, gpt__activation activation)
{
    if (activation == GPT__GELU_TANH)
        gelu_tanh(x, count);
    else if (activation == GPT__GELU_ERF)
        gelu_erf(x, count);
    else if (activation == GPT__RELU)
        relu(x, count);
    else if (activation == GPT__SILU)
        silu(x, count, 1.0f);
    else if (activation == GPT__QUICK_GELU)
        silu(x, count, 1.702f);
}

GPT__CPU_CLONES
static void gate(float *out, const float *pairs, int64_t count, float limit)
{
    for (int64_t i = 0; i < count; i++) {
        float g = pairs[2 * i] > limit ? limit : pairs[2 * i];
        float v = pairs[2 * i + 1];
        v = v > limit ? limit : v < -limit ? -limit : v;
        out[i] = (v + 1) * g * sigmoid(1.702f * g);
    }
}

void gpt__gate(float *out, const float *pairs, int64_t count, float limit)
{
    gate(out, pairs, count, limit);
}
