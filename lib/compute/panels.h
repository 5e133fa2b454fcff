/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/panels.h: products of a few rows with packed weights. What a few rows need is bound by reading the weights,
 * and oneDNN's kernels, which are made for many rows, do not read as fast as memory could give, nor multiply while they
 * read. These do, where the processor has the instructions (AVX-512) and oneDNN has chosen the layout they know;
 * everywhere else oneDNN computes these products too.
 *
 * A panel is the weights of 64 outputs, side by side in memory: for f32 as [K, 64], for bf16 as [K / 2, 64, 2], for
 * int8 as [K / 4, 64, 4], as oneDNN's layouts BA16a64b, BA16a64b2a and BA16a64b4a have them. Attention, whose keys and
 * values are weights, too, has two forms more: int8 as [K, 64] for inputs in bf16 or f32.
 *
 * Letters: T rows, K inputs, N outputs.
 */
#ifndef GPT__COMPUTE_PANELS_H
#define GPT__COMPUTE_PANELS_H

#include "base/error.h"

#include <gpt/model.h>

/* Outputs of a panel. */
#define GPT__PANEL_WIDTH 64

/* The numbers of a product: weights, inputs, and sums. */
typedef enum gpt__panel_form {
    GPT__PANEL_F32,       /* f32, f32, f32 */
    GPT__PANEL_BF16,      /* bf16, bf16, f32 */
    GPT__PANEL_INT8,      /* int8_t, uint8_t as compute/rows.h stores them, int32_t: exact */
    GPT__PANEL_INT8_BF16, /* int8_t, bf16, f32: the same sums as with weights that were widened to bf16 before */
    GPT__PANEL_INT8_F32   /* int8_t, f32, f32 */
} gpt__panel_form;

/* The form of products whose weights and inputs are both of a type. */
gpt__panel_form gpt__panel_form_of(gpt_dtype type);

/* Whether this processor can compute with panels of this form. */
int gpt__panels_supported(gpt__panel_form form);

/* How many inputs are multiplied at a time: 2 of bf16, 4 of int8 by int8, else 1. */
int64_t gpt__panel_group(gpt__panel_form form);

/* Bytes of a weight, of an input, and from the weights of an output to those of the next. */
size_t gpt__panel_weight_size(gpt__panel_form form);
size_t gpt__panel_input_size(gpt__panel_form form);
size_t gpt__panel_column_size(gpt__panel_form form);

/* 64 outputs of a matrix. Groups of inputs are step elements apart: 64 group, where nothing else lies between them. */
typedef struct gpt__panel {
    gpt__panel_form form;
    const void *data;
    int64_t step;
    int64_t K;          /* a multiple of the group */
    const void *next;   /* memory that will be read after this, which is asked for little by little meanwhile */
    int64_t next_bytes; /* 0: none; no more than what is read of this panel is asked for */
} gpt__panel;

/*
 * out [T, 64] = x [T, K] * panel, added to what is in out already when adds is not 0. Rows of x and out are so many
 * elements apart. The sums of a row do not depend on T.
 */
void gpt__panel_multiply(void *out, int64_t out_stride, int adds, const gpt__panel *panel, const void *x,
                         int64_t x_stride, int64_t T);

/*
 * The same, with rows of out 64 apart, for a panel without gaps that is in memory and not in a cache: it is read piece
 * by piece, each of which is used for all rows while the next one comes. next is not looked at.
 */
void gpt__panel_stream(void *out, const gpt__panel *panel, const void *x, int64_t x_stride, int64_t T);

#endif
