/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/rows.h: a matrix of activations [T, width] in the type that the next product takes: f32, bf16, or int8 with
 * one scale for each row.
 */
#ifndef GPT__COMPUTE_ROWS_H
#define GPT__COMPUTE_ROWS_H

#include "base/error.h"

#include <gpt/model.h>

/* Begins as {0}. The memory is kept from use to use and grows to the largest matrix. */
typedef struct gpt__rows {
    gpt_dtype dtype; /* never GPT_DTYPE_AUTO */
    int64_t T;
    int64_t width;
    void *data;    /* [T, width] */
    float *scales; /* [T]; for GPT_DTYPE_INT8 the value of element i of row t is (data[t, i] - 128) * scales[t] */
    size_t data_capacity;
    size_t scale_capacity;
} gpt__rows;

/* Bytes of an element: 4, 2 or 1. */
size_t gpt__dtype_size(gpt_dtype dtype);

/* Makes room for [T, width] of a type. What was in the matrix is lost. */
gpt_status gpt__rows_resize(gpt__rows *rows, gpt_dtype dtype, int64_t T, int64_t width);

/* Converts one row of width floats and stores it as row t: rounded to bf16, or quantized with its own scale. */
void gpt__rows_store(gpt__rows *rows, int64_t t, const float *values);

/* The rows from t on, in the same memory, which stays the matrix's. */
gpt__rows gpt__rows_from(const gpt__rows *rows, int64_t t);

/* Copies row s of a matrix of the same type and width to row t. */
void gpt__rows_copy(gpt__rows *rows, int64_t t, const gpt__rows *from, int64_t s);

/* Sets rows from first up to T to zero: rows that only fill a product up to a size that it knows. */
void gpt__rows_clear(gpt__rows *rows, int64_t first);

void gpt__rows_release(gpt__rows *rows);

#endif
