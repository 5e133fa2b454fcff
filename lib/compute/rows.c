/* SPDX-License-Identifier: Apache-2.0 */
/* compute/rows.c: activations converted to what the products take. */
#include "compute/rows.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "compute/cpu.h"

#include <math.h>
#include <string.h>

size_t gpt__dtype_size(gpt_dtype dtype)
{
    return dtype == GPT_DTYPE_F32 ? sizeof(float) : dtype == GPT_DTYPE_BF16 ? sizeof(uint16_t) : 1;
}

static gpt_status grow(void **memory, size_t *capacity, size_t count, size_t size)
{
    if (count * size <= *capacity)
        return GPT_OK;
    void *grown = gpt__allocate_tensor(count, size);
    if (grown == NULL)
        return GPT_E_MEMORY;
    gpt__release(*memory);
    *memory = grown;
    *capacity = count * size;
    return GPT_OK;
}

gpt_status gpt__rows_resize(gpt__rows *rows, gpt_dtype dtype, int64_t T, int64_t width)
{
    size_t count = (size_t)T * (size_t)width;
    GPT__TRY(grow(&rows->data, &rows->data_capacity, count, gpt__dtype_size(dtype)));
    GPT__TRY(grow((void **)&rows->scales, &rows->scale_capacity, (size_t)T, sizeof(float)));
    rows->dtype = dtype;
    rows->T = T;
    rows->width = width;
    return GPT_OK;
}

GPT__CPU_CLONES
static void store_bf16(uint16_t *restrict out, const float *restrict values, int64_t width)
{
    for (int64_t i = 0; i < width; i++)
        out[i] = gpt__f32_to_bf16(values[i]);
}

void gpt__round_to_bf16(uint16_t *out, const float *values, int64_t count)
{
    store_bf16(out, values, count);
}

/*
 * The largest |value|, as bits. Without their sign, floats order as whole numbers do, which vectorises where a maximum
 * of floats does not; infinities and NaN come out on top.
 */
GPT__CPU_CLONES
static uint32_t largest_magnitude_bits(const float *values, int64_t width)
{
    uint32_t most = 0;
    for (int64_t i = 0; i < width; i++) {
        uint32_t bits = gpt__bits_from_float(values[i]) & 0x7FFFFFFF;
        most = bits > most ? bits : most;
    }
    return most;
}

/* Symmetric quantization: the largest magnitude of the row becomes 127. */
GPT__CPU_CLONES
static void store_int8(uint8_t *restrict out, const float *restrict values, int64_t width, float inverse)
{
    /* Adding and taking away 1.5 * 2^23 rounds to the nearest whole number, ties to even, without a call. */
    const float rounder = 12582912.0f;
    for (int64_t i = 0; i < width; i++)
        out[i] = (uint8_t)((int32_t)(values[i] * inverse + rounder - rounder) + GPT__ROWS_INT8_ZERO);
}

void gpt__rows_store(gpt__rows *rows, int64_t t, const float *values)
{
    size_t at = (size_t)t * (size_t)rows->width;
    if (rows->dtype == GPT_DTYPE_F32) {
        memcpy((float *)rows->data + at, values, (size_t)rows->width * sizeof(float));
    } else if (rows->dtype == GPT_DTYPE_BF16) {
        store_bf16((uint16_t *)rows->data + at, values, rows->width);
    } else {
        float most = gpt__float_from_bits(largest_magnitude_bits(values, rows->width));
        /*
         * A row with an infinity or NaN must stay visibly broken: its scale carries that on, its numbers are 0. Those
         * of a row so small that 127 can not be divided by it are 0 too.
         */
        float inverse = 127.0f / most;
        int usable = isfinite(most) && isfinite(inverse);
        rows->scales[t] = usable ? most / 127.0f : most;
        if (usable)
            store_int8((uint8_t *)rows->data + at, values, rows->width, inverse);
        else
            memset((uint8_t *)rows->data + at, GPT__ROWS_INT8_ZERO, (size_t)rows->width);
    }
}

void gpt__rows_copy(gpt__rows *rows, int64_t t, const gpt__rows *from, int64_t s)
{
    size_t bytes = (size_t)rows->width * gpt__dtype_size(rows->dtype);
    memcpy((char *)rows->data + (size_t)t * bytes, (const char *)from->data + (size_t)s * bytes, bytes);
    if (rows->dtype == GPT_DTYPE_INT8)
        rows->scales[t] = from->scales[s];
}

void gpt__rows_clear(gpt__rows *rows, int64_t first)
{
    size_t size = gpt__dtype_size(rows->dtype);
    size_t at = (size_t)first * (size_t)rows->width;
    size_t count = (size_t)(rows->T - first) * (size_t)rows->width;
    if (first >= rows->T)
        return;
    memset((char *)rows->data + at * size, 0, count * size);
    for (int64_t t = first; t < rows->T; t++)
        rows->scales[t] = 0;
}

void gpt__rows_release(gpt__rows *rows)
{
    gpt__release(rows->data);
    gpt__release(rows->scales);
    *rows = (gpt__rows){0};
}
