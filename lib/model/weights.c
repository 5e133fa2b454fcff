/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model/weights.c: from named tensors to packed layers. The largest matrix, the output layer, is packed first, while
 * little else is in memory, and each tensor's mapped pages are dropped as soon as it is packed; the embedding table,
 * which is read piece by piece, comes last. So memory peaks near what the packed weights take in the end.
 */
#include "model/loader.h"

#include "base/bytes.h"
#include "base/memory.h"

#include <string.h>

void gpt__loader_count(gpt__loader *l, const gpt__tensor *tensor, int64_t bytes)
{
    l->weights->parameters += tensor->count;
    l->weights->bytes += bytes;
    gpt__tensor_drop_pages(tensor);
}

gpt_status gpt__load_floats(gpt__loader *l, float **out, gpt__role role, int32_t layer, const char *ending, int rank,
                            const int64_t *shape)
{
    const gpt__tensor *tensor;
    GPT__TRY(gpt__source_find(&tensor, &l->source, role, layer, ending));
    GPT__TRY(gpt__tensor_expect(tensor, rank, shape));
    GPT__TRY(gpt__tensor_read(out, tensor));
    gpt__loader_count(l, tensor, tensor->count * (int64_t)sizeof(float));
    return GPT_OK;
}

static gpt_status load_vector(gpt__loader *l, float **out, gpt__role role, int32_t layer, const char *ending,
                              int64_t length)
{
    return gpt__load_floats(l, out, role, layer, ending, 1, &length);
}

static gpt_status load_norm(gpt__loader *l, gpt__norm *norm, gpt__role role, int32_t layer)
{
    const gpt__config *c = l->source.config;
    GPT__TRY(load_vector(l, &norm->weight, role, layer, ".weight", c->D));
    return c->norm == GPT__RMS_NORM ? GPT_OK : load_vector(l, &norm->bias, role, layer, ".bias", c->D);
}

gpt_status gpt__load_packed(gpt__loader *l, gpt__linear *linear, gpt__matrix *matrix, float *bias, int64_t K,
                            int64_t N, gpt_dtype dtype, gpt__linear_use use)
{
    gpt_status status = gpt__linear_init(linear, l->engine, K, N, dtype, use, l->source.config->activation,
                                         &matrix->view, bias);
    gpt__release(matrix->owned);
    *matrix = (gpt__matrix){0};
    return status;
}

/* A role's matrix, with the bias of bias_role, or none for GPT__ROLE_COUNT. */
static gpt_status load_matrix(gpt__loader *l, gpt__linear *linear, gpt__role role, gpt__role bias_role, int32_t layer,
                              int64_t K, int64_t N, gpt_dtype dtype, gpt__linear_use use)
{
    gpt__weight_layout layout = gpt__source_line(&l->source, role)->layout;
    const int64_t shape[2] = {layout == GPT__LAYOUT_IN_OUT ? K : N, layout == GPT__LAYOUT_IN_OUT ? N : K};
    const gpt__tensor *tensor;
    gpt__matrix matrix;
    float *bias = NULL;
    GPT__TRY(gpt__source_find(&tensor, &l->source, role, layer, ".weight"));
    GPT__TRY(gpt__tensor_expect(tensor, 2, shape));
    GPT__TRY(gpt__matrix_view(&matrix, tensor, 0, K, N, layout));
    if (bias_role != GPT__ROLE_COUNT) {
        gpt_status status = load_vector(l, &bias, bias_role, layer, ".bias", N);
        if (status != GPT_OK) {
            gpt__release(matrix.owned);
            return status;
        }
    }
    GPT__TRY(gpt__load_packed(l, linear, &matrix, bias, K, N, dtype, use));
    gpt__loader_count(l, tensor, gpt__linear_bytes(linear));
    return GPT_OK;
}

gpt_status gpt__load_linear(gpt__loader *l, gpt__linear *linear, gpt__role role, int32_t layer, int64_t K, int64_t N,
                            gpt_dtype dtype, gpt__linear_use use, int with_bias)
{
    int has_bias = gpt__source_line(&l->source, role)->has_bias && with_bias;
    return load_matrix(l, linear, role, has_bias ? role : GPT__ROLE_COUNT, layer, K, N, dtype, use);
}

static gpt_status load_feed_forward(gpt__loader *l, gpt__layer *layer, int32_t number)
{
    const gpt__config *c = l->source.config;
    if (c->experts > 0)
        return gpt__load_experts(l, &layer->experts, number);
    GPT__TRY(gpt__load_linear(l, &layer->up, GPT__ROLE_UP, number, c->D, c->inner, l->dtype, GPT__LINEAR_ACTIVATE, 1));
    return gpt__load_linear(l, &layer->down, GPT__ROLE_DOWN, number, c->inner, c->D, l->dtype, GPT__LINEAR_ADD, 1);
}

/* Where one norm of the file plays both parts, it is read twice and counted once. */
static gpt_status load_second_norm(gpt__loader *l, gpt__norm *norm, int32_t number)
{
    const char *first = gpt__source_line(&l->source, GPT__ROLE_NORM_1)->name;
    const char *second = gpt__source_line(&l->source, GPT__ROLE_NORM_2)->name;
    int64_t parameters = l->weights->parameters;
    GPT__TRY(load_norm(l, norm, GPT__ROLE_NORM_2, number));
    if (strcmp(first, second) == 0)
        l->weights->parameters = parameters;
    return GPT_OK;
}

static gpt_status load_layer(gpt__loader *l, gpt__layer *layer, int32_t number)
{
    const gpt__config *c = l->source.config;
    GPT__TRY(load_norm(l, &layer->norm_1, GPT__ROLE_NORM_1, number));
    GPT__TRY(gpt__load_qkv(l, &layer->qkv, number));
    if (c->attention_sinks)
        GPT__TRY(load_vector(l, &layer->sinks, GPT__ROLE_SINKS, number, "", c->H));
    GPT__TRY(gpt__load_linear(l, &layer->attention_out, GPT__ROLE_ATTENTION_OUT, number, (int64_t)c->H * c->K, c->D,
                              l->dtype, GPT__LINEAR_ADD, c->attention_bias));
    GPT__TRY(load_second_norm(l, &layer->norm_2, number));
    return load_feed_forward(l, layer, number);
}

/* The output layer is a family's own, or the embedding table [V, D] read as D inputs and V outputs, with its bias. */
static gpt_status load_output(gpt__loader *l)
{
    const gpt__config *c = l->source.config;
    gpt__role role = c->tied_output ? GPT__ROLE_EMBEDDING : GPT__ROLE_OUTPUT;
    gpt__role bias_role = c->output_bias ? GPT__ROLE_OUTPUT : GPT__ROLE_COUNT;
    return load_matrix(l, &l->weights->output, role, bias_role, -1, c->D, c->V, l->dtype, GPT__LINEAR_STORE);
}

/*
 * A table of its own is needed when the output layer is not tied, or is quantized: embeddings enter every sum that
 * follows, and int8 would be too coarse for them.
 */
static gpt_status load_embedding(gpt__loader *l)
{
    const gpt__config *c = l->source.config;
    const gpt__tensor *tensor;
    float *values = NULL;
    uint16_t *halves = NULL;
    if (c->tied_output && l->dtype != GPT_DTYPE_INT8)
        return GPT_OK;
    GPT__TRY(gpt__source_find(&tensor, &l->source, GPT__ROLE_EMBEDDING, -1, ".weight"));
    GPT__TRY(gpt__tensor_expect(tensor, 2, (int64_t[]){c->V, c->D}));
    gpt_dtype type = l->dtype == GPT_DTYPE_F32 ? GPT_DTYPE_F32 : GPT_DTYPE_BF16;
    l->weights->embedding_type = type;
    if (type == GPT_DTYPE_F32)
        GPT__TRY(gpt__tensor_read(&values, tensor));
    else
        GPT__TRY(gpt__tensor_read_bf16(&halves, tensor));
    l->weights->embedding = type == GPT_DTYPE_F32 ? (void *)values : halves;
    gpt__loader_count(l, tensor, tensor->count * (int64_t)gpt__dtype_size(type));
    if (c->tied_output)
        l->weights->parameters -= tensor->count;
    return GPT_OK;
}

static gpt_status load_all(gpt__loader *l)
{
    const gpt__config *c = l->source.config;
    GPT__TRY(load_output(l));
    if (c->positions == GPT__POSITIONS_LEARNED)
        GPT__TRY(gpt__load_floats(l, &l->weights->positions, GPT__ROLE_POSITIONS, -1, ".weight", 2,
                                  (int64_t[]){c->context, c->D}));
    l->weights->layers = gpt__allocate_zeroed((size_t)c->L, sizeof *l->weights->layers);
    if (l->weights->layers == NULL)
        return GPT_E_MEMORY;
    l->weights->layer_count = c->L;
    for (int32_t i = 0; i < c->L; i++)
        GPT__TRY(load_layer(l, &l->weights->layers[i], i));
    if (c->residual != GPT__RESIDUAL_POST_NORM)
        GPT__TRY(load_norm(l, &l->weights->final_norm, GPT__ROLE_FINAL_NORM, -1));
    return load_embedding(l);
}

gpt_status gpt__weights_load(gpt__weights *weights, gpt__engine *engine, const gpt__config *config,
                             const gpt__checkpoint *checkpoint, gpt_dtype dtype)
{
    gpt__loader l = {weights, engine, {config, checkpoint}, dtype};
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
        gpt__release(layer->sinks);
        release_norm(&layer->norm_2);
        gpt__linear_release(&layer->up);
        gpt__linear_release(&layer->down);
        gpt__experts_release(&layer->experts);
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
    const gpt__source source = {config, checkpoint};
    const gpt__tensor *tensor;
    GPT__TRY(gpt__source_find(&tensor, &source, GPT__ROLE_EMBEDDING, -1, ".weight"));
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
