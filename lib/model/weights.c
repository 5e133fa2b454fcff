/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model/weights.c: from named tensors to packed layers. The largest matrix, the output layer, is packed first, while
 * little else is in memory, and each tensor's mapped pages are dropped as soon as it is packed: so memory peaks near
 * what the packed weights take in the end.
 */
#include "model/weights.h"

#include "base/bytes.h"
#include "base/log.h"
#include "base/memory.h"
#include "model/family.h"

#include <stdio.h>
#include <string.h>

#define NAME_LENGTH 256

/* What loading needs at hand. */
typedef struct loader {
    gpt__weights *weights;
    gpt__engine *engine;
    const gpt__config *config;
    const gpt__checkpoint *checkpoint;
    gpt_dtype dtype;
} loader;

/* The family's line for a role; each family names every role that its configurations use. */
static const gpt__weight_name *line_of(const gpt__config *config, gpt__role role)
{
    for (size_t i = 0; i < config->family->name_count; i++)
        if (config->family->names[i].role == role)
            return &config->family->names[i];
    return NULL;
}

/* <prefix><layers>.<layer>.<name>.<part>, or without the middle for layer -1. Files may leave the prefix out. */
static gpt_status find_tensor(const gpt__tensor **out, const gpt__config *config, const gpt__checkpoint *checkpoint,
                              gpt__role role, int32_t layer, const char *part)
{
    const gpt__family *family = config->family;
    const gpt__weight_name *line = line_of(config, role);
    if (line == NULL)
        return gpt__fail(GPT_E_INTERNAL, "family %s has no tensor for role %d", family->model_type, (int)role);
    char name[NAME_LENGTH];
    if (layer >= 0)
        snprintf(name, sizeof name, "%s%s.%d.%s.%s", family->prefix, family->layers, layer, line->name, part);
    else
        snprintf(name, sizeof name, "%s%s.%s", family->prefix, line->name, part);
    *out = gpt__checkpoint_find(checkpoint, name);
    if (*out == NULL)
        *out = gpt__checkpoint_find(checkpoint, name + strlen(family->prefix));
    if (*out == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: tensor %s is missing", gpt__checkpoint_path(checkpoint),
                         role == GPT__ROLE_OUTPUT ? name + strlen(family->prefix) : name);
    return GPT_OK;
}

/* Fails unless the tensor is [first, second], or [first] for second 0, of a type that can be read. */
static gpt_status check_shape(const gpt__tensor *tensor, int64_t first, int64_t second)
{
    int rank = second > 0 ? 2 : 1;
    if (!gpt__tensor_is_float(tensor))
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: tensor %s has type %s, expected F32, F16, BF16 or F64",
                         tensor->file->path, tensor->name, tensor->type_name);
    if (tensor->rank == rank && tensor->shape[0] == first && (rank == 1 || tensor->shape[1] == second))
        return GPT_OK;
    char found[160] = "";
    for (int i = 0; i < tensor->rank; i++)
        snprintf(found + strlen(found), sizeof found - strlen(found), "%s%lld", i > 0 ? ", " : "",
                 (long long)tensor->shape[i]);
    if (rank == 1)
        return gpt__fail(GPT_E_FORMAT, "%s: tensor %s has shape [%s], expected [%lld]", tensor->file->path,
                         tensor->name, found, (long long)first);
    return gpt__fail(GPT_E_FORMAT, "%s: tensor %s has shape [%s], expected [%lld, %lld]", tensor->file->path,
                     tensor->name, found, (long long)first, (long long)second);
}

/* All elements as f32, freed with gpt__release. */
static gpt_status read_floats(float **out, const gpt__tensor *tensor)
{
    float *values = gpt__allocate_tensor((size_t)tensor->count, sizeof(float));
    if (values == NULL)
        return GPT_E_MEMORY;
    gpt_status status = gpt__tensor_to_f32(values, tensor, 0, tensor->count);
    if (status != GPT_OK) {
        gpt__release(values);
        return status;
    }
    *out = values;
    return GPT_OK;
}

/* Whether oneDNN can read the mapped file itself. */
static int is_readable_in_place(const gpt__tensor *tensor)
{
#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    size_t size = tensor->element == GPT__ELEMENT_F32 ? 4 : tensor->element == GPT__ELEMENT_BF16 ? 2 : 0;
    return size > 0 && (uintptr_t)tensor->data % size == 0;
#else
    (void)tensor;
    return 0;
#endif
}

/* View of a [K, N] matrix, or of its transpose, as the layout says. *owned is what must be released afterwards. */
static gpt_status view_weights(gpt__weights_view *view, float **owned, const gpt__tensor *tensor,
                               gpt__weight_layout layout, int64_t K, int64_t N)
{
    int in_out = layout == GPT__LAYOUT_IN_OUT;
    *owned = NULL;
    GPT__TRY(check_shape(tensor, in_out ? K : N, in_out ? N : K));
    *view = (gpt__weights_view){.data = tensor->data, .stride_k = in_out ? N : 1, .stride_n = in_out ? 1 : K};
    view->type = tensor->element == GPT__ELEMENT_BF16 ? GPT_DTYPE_BF16 : GPT_DTYPE_F32;
    if (is_readable_in_place(tensor))
        return GPT_OK;
    GPT__TRY(read_floats(owned, tensor));
    view->data = *owned;
    view->type = GPT_DTYPE_F32;
    return GPT_OK;
}

static void count_tensor(loader *l, const gpt__tensor *tensor, int64_t bytes)
{
    l->weights->parameters += tensor->count;
    l->weights->bytes += bytes;
    gpt__tensor_drop_pages(tensor);
}

/* Reads a vector or table that stays f32. */
static gpt_status load_floats(loader *l, float **out, gpt__role role, int32_t layer, const char *part, int64_t first,
                              int64_t second)
{
    const gpt__tensor *tensor;
    GPT__TRY(find_tensor(&tensor, l->config, l->checkpoint, role, layer, part));
    GPT__TRY(check_shape(tensor, first, second));
    GPT__TRY(read_floats(out, tensor));
    count_tensor(l, tensor, tensor->count * (int64_t)sizeof(float));
    return GPT_OK;
}

static gpt_status load_norm(loader *l, gpt__norm *norm, gpt__role role, int32_t layer)
{
    GPT__TRY(load_floats(l, &norm->weight, role, layer, "weight", l->config->D, 0));
    return load_floats(l, &norm->bias, role, layer, "bias", l->config->D, 0);
}

static gpt_status load_linear(loader *l, gpt__linear *linear, gpt__role role, int32_t layer, int64_t K, int64_t N,
                              gpt__linear_use use)
{
    const gpt__weight_name *line = line_of(l->config, role);
    const gpt__tensor *tensor;
    gpt__weights_view view;
    float *owned;
    float *bias = NULL;
    GPT__TRY(find_tensor(&tensor, l->config, l->checkpoint, role, layer, "weight"));
    GPT__TRY(view_weights(&view, &owned, tensor, line->layout, K, N));
    gpt_status status = GPT_OK;
    if (line->has_bias)
        status = load_floats(l, &bias, role, layer, "bias", N, 0);
    if (status == GPT_OK)
        status = gpt__linear_init(linear, l->engine, K, N, l->dtype, use, l->config->activation, &view, bias);
    gpt__release(owned);
    if (status == GPT_OK)
        count_tensor(l, tensor, gpt__linear_bytes(linear));
    return status;
}

static gpt_status load_layer(loader *l, gpt__layer *layer, int32_t number)
{
    const gpt__config *c = l->config;
    int64_t D = c->D;
    int64_t heads = (int64_t)c->H * c->K;
    int64_t qkv = heads + 2 * (int64_t)c->KV * c->K;
    GPT__TRY(load_norm(l, &layer->norm_1, GPT__ROLE_NORM_1, number));
    GPT__TRY(load_linear(l, &layer->qkv, GPT__ROLE_QKV, number, D, qkv, GPT__LINEAR_STORE));
    GPT__TRY(load_linear(l, &layer->attention_out, GPT__ROLE_ATTENTION_OUT, number, heads, D, GPT__LINEAR_ADD));
    GPT__TRY(load_norm(l, &layer->norm_2, GPT__ROLE_NORM_2, number));
    GPT__TRY(load_linear(l, &layer->up, GPT__ROLE_UP, number, D, c->inner, GPT__LINEAR_ACTIVATE));
    return load_linear(l, &layer->down, GPT__ROLE_DOWN, number, c->inner, D, GPT__LINEAR_ADD);
}

/* The output layer is a family's own, or the embedding table [V, D] read as D inputs and V outputs. */
static gpt_status load_output(loader *l)
{
    gpt__role role = l->config->tied_output ? GPT__ROLE_EMBEDDING : GPT__ROLE_OUTPUT;
    return load_linear(l, &l->weights->output, role, -1, l->config->D, l->config->V, GPT__LINEAR_STORE);
}

/*
 * A table of its own is needed when the output layer is not tied, or is quantized: embeddings enter every sum that
 * follows, and int8 would be too coarse for them.
 */
static gpt_status load_embedding(loader *l)
{
    const gpt__tensor *tensor;
    float *values;
    if (l->config->tied_output && l->dtype != GPT_DTYPE_INT8)
        return GPT_OK;
    GPT__TRY(find_tensor(&tensor, l->config, l->checkpoint, GPT__ROLE_EMBEDDING, -1, "weight"));
    GPT__TRY(check_shape(tensor, l->config->V, l->config->D));
    gpt_dtype type = l->dtype == GPT_DTYPE_F32 ? GPT_DTYPE_F32 : GPT_DTYPE_BF16;
    GPT__TRY(read_floats(&values, tensor));
    l->weights->embedding_type = type;
    l->weights->embedding = values;
    if (type == GPT_DTYPE_BF16) {
        uint16_t *halves = gpt__allocate_tensor((size_t)tensor->count, sizeof *halves);
        if (halves == NULL)
            return GPT_E_MEMORY;
        for (int64_t i = 0; i < tensor->count; i++)
            halves[i] = gpt__f32_to_bf16(values[i]);
        l->weights->embedding = halves;
        gpt__release(values);
    }
    count_tensor(l, tensor, tensor->count * (int64_t)gpt__dtype_size(type));
    if (l->config->tied_output)
        l->weights->parameters -= tensor->count;
    return GPT_OK;
}

static gpt_status load_all(loader *l)
{
    const gpt__config *c = l->config;
    GPT__TRY(load_output(l));
    GPT__TRY(load_embedding(l));
    GPT__TRY(load_floats(l, &l->weights->positions, GPT__ROLE_POSITIONS, -1, "weight", c->context, c->D));
    l->weights->layers = gpt__allocate_zeroed((size_t)c->L, sizeof *l->weights->layers);
    if (l->weights->layers == NULL)
        return GPT_E_MEMORY;
    l->weights->layer_count = c->L;
    for (int32_t i = 0; i < c->L; i++)
        GPT__TRY(load_layer(l, &l->weights->layers[i], i));
    return load_norm(l, &l->weights->final_norm, GPT__ROLE_FINAL_NORM, -1);
}

gpt_status gpt__weights_load(gpt__weights *weights, gpt__engine *engine, const gpt__config *config,
                             const gpt__checkpoint *checkpoint, gpt_dtype dtype)
{
    loader l = {weights, engine, config, checkpoint, dtype};
    *weights = (gpt__weights){0};
    gpt_status status = load_all(&l);
    if (status != GPT_OK)
        gpt__weights_release(weights);
    return status;
}

static void release_norm(gpt__norm *norm)
{
    gpt__release(norm->weight);
    gpt__release(norm->bias);
}

void gpt__weights_release(gpt__weights *weights)
{
    for (int32_t i = 0; i < weights->layer_count; i++) {
        gpt__layer *layer = &weights->layers[i];
        release_norm(&layer->norm_1);
        gpt__linear_release(&layer->qkv);
        gpt__linear_release(&layer->attention_out);
        release_norm(&layer->norm_2);
        gpt__linear_release(&layer->up);
        gpt__linear_release(&layer->down);
    }
    gpt__release(weights->layers);
    gpt__release(weights->embedding);
    gpt__release(weights->positions);
    release_norm(&weights->final_norm);
    gpt__linear_release(&weights->output);
    *weights = (gpt__weights){0};
}

gpt_status gpt__weights_file_dtype(gpt_dtype *dtype, const gpt__config *config, const gpt__checkpoint *checkpoint)
{
    const gpt__tensor *tensor;
    GPT__TRY(find_tensor(&tensor, config, checkpoint, GPT__ROLE_EMBEDDING, -1, "weight"));
    *dtype = tensor->element == GPT__ELEMENT_BF16 ? GPT_DTYPE_BF16 : GPT_DTYPE_F32;
    return GPT_OK;
}

void gpt__weights_embedding(float *out, const gpt__weights *weights, int64_t D, int32_t token)
{
    if (weights->embedding == NULL) {
        gpt__packed_column(out, weights->output.packed, token);
    } else if (weights->embedding_type == GPT_DTYPE_F32) {
        memcpy(out, (const float *)weights->embedding + token * D, (size_t)D * sizeof(float));
    } else {
        const uint16_t *halves = (const uint16_t *)weights->embedding + token * D;
        for (int64_t i = 0; i < D; i++)
            out[i] = gpt__bf16_to_f32(halves[i]);
    }
}
