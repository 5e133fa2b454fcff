/* SPDX-License-Identifier: Apache-2.0 */
/* compute/activation.h: the non-linear functions of the feed-forward part. What is not a number stays none. */
#ifndef GPT__COMPUTE_ACTIVATION_H
#define GPT__COMPUTE_ACTIVATION_H

#include <stdint.h>

typedef enum gpt__activation {
    GPT__IDENTITY,
    GPT__GELU_TANH,  /* x/2 (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3))): gelu_new (Hendrycks and Gimpel 2016) */
    GPT__GELU_ERF,   /* x/2 (1 + erf(x / sqrt 2)): gelu */
    GPT__RELU,       /* max(x, 0) */
    GPT__SILU,       /* x sigmoid(x) */
    GPT__QUICK_GELU  /* x sigmoid(1.702 x) */
} gpt__activation;

/* Applies an activation to count values in place, to about 1e-6. */
void gpt__activate(float *x, int64_t count, gpt__activation activation);

/* GPT__RELU of bf16 values. */
void gpt__relu_bf16(uint16_t *x, int64_t count);

/*
 * The gated activation of gpt-oss's experts: pairs [count, 2] are gate and value, kept from above and from both sides
 * within limit, and out [count] = (value + 1) gate sigmoid(1.702 gate). out may be pairs.
 */
void gpt__gate(float *out, const float *pairs, int64_t count, float limit);

#endif
