/* SPDX-License-Identifier: Apache-2.0 */
/* compute/rows.c: activations converted to what the products take. */
#include "compute/rows.h"

#include "base/memory.h"
#include "compute/round.h"

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

void gpt__rows_store(gpt__rows *rows, int64_t t, const float *values)
{
    size_t at = (size_t)t * (size_t)rows->width;
    if (rows->dtype == GPT_DTYPE_F32)
        memcpy((float *)rows->data + at, values, (size_t)rows->width * sizeof(float));
    else if (rows->dtype == GPT_DTYPE_BF16)
        gpt__round_to_bf16((uint16_t *)rows->data + at, values, rows->width);
    else
        rows->scales[t] = gpt__round_to_uint8((uint8_t *)rows->data + at, values, rows->width);
}

gpt__rows gpt__rows_from(const gpt__rows *rows, int64_t t)
{
    gpt__rows from = *rows;
    from.data = (char *)rows->data + (size_t)(t * rows->width) * gpt__dtype_size(rows->dtype);
    from.scales = rows->scales + t;
    from.T = rows->T - t;
    return from;
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
