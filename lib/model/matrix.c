/* SPDX-License-Identifier: Apache-2.0 */
/* model/matrix.c: finding tensors by role, and views and copies of them. */
#include "model/matrix.h"

#include "base/memory.h"
#include "compute/round.h"

#include <stdio.h>
#include <string.h>

#define NAME_LENGTH 256

const gpt__weight_name *gpt__source_line(const gpt__source *source, gpt__role role)
{
    const gpt__family *family = source->config->family;
    for (size_t i = 0; i < family->name_count; i++)
        if (family->names[i].role == role)
            return &family->names[i];
    return NULL;
}

/* Writes the full name of a tensor. */
static gpt_status write_name(char name[NAME_LENGTH], const gpt__source *source, gpt__role role, int32_t layer,
                             const char *ending)
{
    const gpt__family *family = source->config->family;
    const gpt__weight_name *line = gpt__source_line(source, role);
    if (line == NULL)
        return gpt__fail(GPT_E_INTERNAL, "family %s has no tensor for role %d", family->model_type, (int)role);
    if (layer >= 0)
        snprintf(name, NAME_LENGTH, "%s%s.%d.%s%s", family->prefix, family->layers, layer, line->name, ending);
    else
        snprintf(name, NAME_LENGTH, "%s%s%s", family->prefix, line->name, ending);
    return GPT_OK;
}

gpt_status gpt__source_look(const gpt__tensor **out, const gpt__source *source, gpt__role role, int32_t layer,
                            const char *ending)
{
    char name[NAME_LENGTH];
    *out = NULL;
    GPT__TRY(write_name(name, source, role, layer, ending));
    *out = gpt__checkpoint_find(source->checkpoint, name);
    if (*out == NULL)
        *out = gpt__checkpoint_find(source->checkpoint, name + strlen(source->config->family->prefix));
    return GPT_OK;
}

gpt_status gpt__source_find(const gpt__tensor **out, const gpt__source *source, gpt__role role, int32_t layer,
                            const char *ending)
{
    char name[NAME_LENGTH];
    GPT__TRY(gpt__source_look(out, source, role, layer, ending));
    if (*out != NULL)
        return GPT_OK;
    GPT__TRY(write_name(name, source, role, layer, ending));
    /* The output layer is no part of the base model, and never has its prefix. */
    size_t skipped = role == GPT__ROLE_OUTPUT ? strlen(source->config->family->prefix) : 0;
    return gpt__fail(GPT_E_FORMAT, "%s: tensor %s is missing", gpt__checkpoint_path(source->checkpoint),
                     name + skipped);
}

/* "3, 4" for the shape [3, 4]. */
static void write_shape(char *out, size_t size, int rank, const int64_t *shape)
{
    out[0] = '\0';
    for (int i = 0; i < rank; i++)
        snprintf(out + strlen(out), size - strlen(out), "%s%lld", i > 0 ? ", " : "", (long long)shape[i]);
}

gpt_status gpt__tensor_expect(const gpt__tensor *tensor, int rank, const int64_t *shape)
{
    char found[176], expected[88];
    if (!gpt__tensor_is_float(tensor))
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: tensor %s has type %s, expected F32, F16, BF16 or F64",
                         tensor->file->path, tensor->name, tensor->type_name);
    if (tensor->rank == rank && memcmp(tensor->shape, shape, (size_t)rank * sizeof *shape) == 0)
        return GPT_OK;
    write_shape(found, sizeof found, tensor->rank, tensor->shape);
    write_shape(expected, sizeof expected, rank, shape);
    return gpt__fail(GPT_E_FORMAT, "%s: tensor %s has shape [%s], expected [%s]", tensor->file->path, tensor->name,
                     found, expected);
}

/*
 * Elements [first, first + count) as f32, by all threads. Should one fail, it is done again by this one, which then has
 * the message.
 */
static gpt_status convert(float *out, const gpt__tensor *tensor, int64_t first, int64_t count)
{
    const int64_t part = 1 << 16;
    int64_t parts = (count + part - 1) / part;
    int failed = 0;
#pragma omp parallel for schedule(dynamic) reduction(| : failed) if (parts > 1)
    for (int64_t i = 0; i < parts; i++) {
        int64_t length = i + 1 < parts ? part : count - i * part;
        failed |= gpt__tensor_to_f32(out + i * part, tensor, first + i * part, length) != GPT_OK;
    }
    return failed ? gpt__tensor_to_f32(out, tensor, first, count) : GPT_OK;
}

gpt_status gpt__tensor_read(float **out, const gpt__tensor *tensor)
{
    float *values = gpt__allocate_tensor((size_t)tensor->count, sizeof(float));
    if (values == NULL)
        return GPT_E_MEMORY;
    gpt_status status = convert(values, tensor, 0, tensor->count);
    if (status != GPT_OK) {
        gpt__release(values);
        return status;
    }
    *out = values;
    return GPT_OK;
}

/* Rounds what convert gives, a part at a time: this may be the largest tensor of all. */
gpt_status gpt__tensor_read_bf16(uint16_t **out, const gpt__tensor *tensor)
{
    const int64_t part = 1 << 20;
    gpt_status status = GPT_OK;
    uint16_t *halves = gpt__allocate_tensor((size_t)tensor->count, sizeof *halves);
    float *values = gpt__allocate((size_t)part, sizeof *values);
    if (halves == NULL || values == NULL)
        status = GPT_E_MEMORY;
    for (int64_t first = 0; status == GPT_OK && first < tensor->count; first += part) {
        int64_t length = tensor->count - first < part ? tensor->count - first : part;
        status = convert(values, tensor, first, length);
        if (status == GPT_OK)
            gpt__round_to_bf16(halves + first, values, length);
        gpt__tensor_drop_pages(tensor);
    }
    gpt__release(values);
    if (status != GPT_OK) {
        gpt__release(halves);
        return status;
    }
    *out = halves;
    return GPT_OK;
}

/* Bytes of an element that memory could hold as the file does; 0 for one that must be converted. */
static size_t native_size(const gpt__tensor *tensor)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    return tensor->element == GPT__ELEMENT_F32 ? 4 : tensor->element == GPT__ELEMENT_BF16 ? 2 : 0;
#else
    (void)tensor;
    return 0;
#endif
}

static gpt_dtype type_of(const gpt__tensor *tensor)
{
    return native_size(tensor) == 2 ? GPT_DTYPE_BF16 : GPT_DTYPE_F32;
}

/*
 * Copies are not aligned, and need not be: an aligned request is for some bytes more than the block that the copy
 * before it gave back, which it then does not fit in, so that memory would grow by a copy for each matrix.
 */
gpt_status gpt__matrix_view(gpt__matrix *out, const gpt__tensor *tensor, int64_t first, int64_t K, int64_t N,
                            gpt__weight_layout layout)
{
    int in_out = layout == GPT__LAYOUT_IN_OUT;
    size_t size = native_size(tensor);
    *out = (gpt__matrix){.view = {.type = type_of(tensor), .stride_k = in_out ? N : 1, .stride_n = in_out ? 1 : K}};
    if (size > 0 && (uintptr_t)tensor->data % size == 0) {
        out->view.data = tensor->data + (size_t)first * size;
        out->view.file = tensor->file;
        return GPT_OK;
    }
    float *values = gpt__allocate((size_t)(K * N), sizeof(float));
    if (values == NULL)
        return GPT_E_MEMORY;
    out->owned = values;
    out->view.data = values;
    out->view.type = GPT_DTYPE_F32;
    gpt_status status = convert(values, tensor, first, K * N);
    if (status != GPT_OK) {
        gpt__release(values);
        *out = (gpt__matrix){0};
    }
    return status;
}

static gpt_status copy_row(char *to, gpt_dtype type, const gpt__matrix_row *row, int64_t K)
{
    size_t size = gpt__dtype_size(type);
    int64_t first = row->row * K;
    if (type != GPT_DTYPE_BF16)
        return gpt__tensor_to_f32((float *)(void *)to, row->tensor, first, K);
    memcpy(to, row->tensor->data + (size_t)first * size, (size_t)K * size);
    return GPT_OK;
}

gpt_status gpt__matrix_gather(gpt__matrix *out, const gpt__matrix_row *rows, int64_t K, int64_t N)
{
    gpt_dtype type = type_of(rows[0].tensor);
    for (int64_t n = 1; n < N; n++)
        if (type_of(rows[n].tensor) != type)
            type = GPT_DTYPE_F32;
    size_t size = gpt__dtype_size(type);
    char *values = gpt__allocate((size_t)(K * N), size);
    if (values == NULL)
        return GPT_E_MEMORY;
    int64_t failed = -1;
#pragma omp parallel for schedule(static) reduction(max : failed) if (K * N > 1 << 16)
    for (int64_t n = 0; n < N; n++)
        if (copy_row(values + (size_t)(n * K) * size, type, &rows[n], K) != GPT_OK)
            failed = n;
    if (failed >= 0) {
        gpt_status status = copy_row(values, type, &rows[failed], K);
        gpt__release(values);
        return status;
    }
    *out = (gpt__matrix){.view = {.data = values, .type = type, .stride_k = 1, .stride_n = K}, .owned = values};
    return GPT_OK;
}
