/* SPDX-License-Identifier: Apache-2.0 */
/* compute/norm.h: normalisation of rows. */
#ifndef GPT__COMPUTE_NORM_H
#define GPT__COMPUTE_NORM_H

#include <stdint.h>

typedef enum gpt__norm_kind {
    GPT__LAYER_NORM,
    GPT__RMS_NORM
} gpt__norm_kind;

/*
 * One row of D values. GPT__LAYER_NORM (Ba, Kiros, Hinton 2016): (x - mean) / sqrt(variance + epsilon) * weight + bias.
 * GPT__RMS_NORM (Zhang, Sennrich 2019): x / sqrt(mean of squares + epsilon) * weight; its bias is NULL. out may be x.
 */
void gpt__norm_row(float *out, const float *x, gpt__norm_kind kind, const float *weight, const float *bias, int64_t D,
                   float epsilon);

#endif
