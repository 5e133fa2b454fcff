/* SPDX-License-Identifier: Apache-2.0 */
/* compute/norm.h: normalisation of rows. */
#ifndef GPT__COMPUTE_NORM_H
#define GPT__COMPUTE_NORM_H

#include <stdint.h>

/*
 * Layer norm (Ba, Kiros, Hinton 2016) of one row of D values: (x - mean) / sqrt(variance + epsilon) * weight + bias.
 * out may be x.
 */
void gpt__layer_norm(float *out, const float *x, const float *weight, const float *bias, int64_t D, float epsilon);

#endif
