/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model/load_experts.c: the router and the experts of a layer. Files keep all experts in one tensor, as floats or as
 * MXFP4 blocks with scales beside them; each expert is read and packed for itself.
 *
 * Letters: E experts, D width, I inner width, K inputs and N outputs of a matrix.
 */
#include "model/loader.h"

#include "base/memory.h"
#include "format/mxfp4.h"

/* The tensors of one matrix of all experts: floats, or blocks and scales. */
typedef struct expert_tensors {
    const gpt__tensor *floats;
    const gpt__tensor *blocks;
    const gpt__tensor *scales;
    const gpt__tensor *bias;
} expert_tensors;

/* Fails unless the tensor holds bytes in this shape of 3 or 4 numbers. */
static gpt_status expect_bytes(const gpt__tensor *tensor, int rank, const int64_t *shape)
{
    int same = tensor->element == GPT__ELEMENT_U8 && tensor->rank == rank;
    for (int i = 0; same && i < rank; i++)
        same = tensor->shape[i] == shape[i];
    if (!same)
        return gpt__fail(GPT_E_FORMAT, "%s: tensor %s should be U8 [%lld, %lld, %lld%s]", tensor->file->path,
                         tensor->name, (long long)shape[0], (long long)shape[1], (long long)shape[2],
                         rank == 4 ? ", 16" : "");
    return GPT_OK;
}

/* Floats are [E, K, N], MXFP4 is [E, N, K / 32] blocks of 16 bytes, biases are [E, N]. */
static gpt_status find(expert_tensors *out, const gpt__loader *l, gpt__role role, int32_t layer, int64_t K, int64_t N)
{
    int64_t E = l->source.config->experts;
    GPT__TRY(gpt__source_find(&out->bias, &l->source, role, layer, "_bias"));
    GPT__TRY(gpt__tensor_expect(out->bias, 2, (int64_t[]){E, N}));
    GPT__TRY(gpt__source_look(&out->blocks, &l->source, role, layer, "_blocks"));
    if (out->blocks == NULL) {
        GPT__TRY(gpt__source_find(&out->floats, &l->source, role, layer, ""));
        return gpt__tensor_expect(out->floats, 3, (int64_t[]){E, K, N});
    }
    if (K % GPT__MXFP4_BLOCK != 0)
        return gpt__fail(GPT_E_FORMAT, "%s: tensor %s has blocks of 32 values, but %lld inputs",
                         out->blocks->file->path, out->blocks->name, (long long)K);
    GPT__TRY(expect_bytes(out->blocks, 4, (int64_t[]){E, N, K / GPT__MXFP4_BLOCK, GPT__MXFP4_BLOCK / 2}));
    GPT__TRY(gpt__source_find(&out->scales, &l->source, role, layer, "_scales"));
    return expect_bytes(out->scales, 3, (int64_t[]){E, N, K / GPT__MXFP4_BLOCK});
}

/* The matrix of one expert. */
static gpt_status view_expert(gpt__matrix *out, const expert_tensors *found, int64_t expert, int64_t K, int64_t N)
{
    if (found->blocks == NULL)
        return gpt__matrix_view(out, found->floats, expert * K * N, K, N, GPT__LAYOUT_IN_OUT);
    int64_t blocks = N * K / GPT__MXFP4_BLOCK;
    uint16_t *values = gpt__allocate((size_t)(K * N), sizeof *values);
    if (values == NULL)
        return GPT_E_MEMORY;
    gpt__mxfp4_to_bf16(values, found->blocks->data + expert * blocks * (GPT__MXFP4_BLOCK / 2),
                       found->scales->data + expert * blocks, blocks);
    *out = (gpt__matrix){.view = {.data = values, .type = GPT_DTYPE_BF16, .stride_k = 1, .stride_n = K},
                         .owned = values};
    return GPT_OK;
}

static gpt_status load_expert(gpt__loader *l, gpt__linear *linear, const expert_tensors *found, int64_t expert,
                              int64_t K, int64_t N)
{
    gpt__matrix matrix;
    float *bias = gpt__allocate((size_t)N, sizeof *bias);
    if (bias == NULL)
        return GPT_E_MEMORY;
    gpt_status status = gpt__tensor_to_f32(bias, found->bias, expert * N, N);
    if (status == GPT_OK)
        status = view_expert(&matrix, found, expert, K, N);
    if (status != GPT_OK) {
        gpt__release(bias);
        return status;
    }
    return gpt__load_packed(l, linear, &matrix, bias, K, N, l->dtype, GPT__LINEAR_STORE);
}

/* One matrix of all experts. */
static gpt_status load_all(gpt__loader *l, gpt__linear *linears, gpt__role role, int32_t layer, int64_t K, int64_t N)
{
    expert_tensors found = {0};
    int64_t bytes = 0;
    GPT__TRY(find(&found, l, role, layer, K, N));
    for (int32_t e = 0; e < l->source.config->experts; e++) {
        GPT__TRY(load_expert(l, &linears[e], &found, e, K, N));
        bytes += gpt__linear_bytes(&linears[e]);
    }
    gpt__loader_count(l, found.bias, found.bias->count * (int64_t)sizeof(float));
    if (found.blocks == NULL) {
        gpt__loader_count(l, found.floats, bytes);
        return GPT_OK;
    }
    /* A byte holds two parameters; scales are no parameters of their own. */
    gpt__loader_count(l, found.blocks, bytes);
    l->weights->parameters += found.blocks->count;
    gpt__tensor_drop_pages(found.scales);
    return GPT_OK;
}

gpt_status gpt__load_experts(gpt__loader *l, gpt__experts *experts, int32_t layer)
{
    const gpt__config *c = l->source.config;
    size_t E = (size_t)c->experts;
    experts->in = gpt__allocate_zeroed(E, sizeof *experts->in);
    experts->out = gpt__allocate_zeroed(E, sizeof *experts->out);
    if (experts->in == NULL || experts->out == NULL)
        return GPT_E_MEMORY;
    experts->count = c->experts;
    /* The router stays f32: a rounded score can choose another expert. */
    GPT__TRY(gpt__load_linear(l, &experts->router, GPT__ROLE_ROUTER, layer, c->D, c->experts, GPT_DTYPE_F32,
                              GPT__LINEAR_STORE, 1));
    if (gpt__source_line(&l->source, GPT__ROLE_EXPERTS_GATE) != NULL)
        return gpt__load_experts_apart(l, experts, layer);
    GPT__TRY(load_all(l, experts->in, GPT__ROLE_EXPERTS_IN, layer, c->D, 2 * (int64_t)c->inner));
    return load_all(l, experts->out, GPT__ROLE_EXPERTS_OUT, layer, c->inner, c->D);
}

void gpt__experts_release(gpt__experts *experts)
{
    gpt__linear_release(&experts->router);
    for (int32_t e = 0; e < experts->count; e++) {
        gpt__linear_release(&experts->in[e]);
        gpt__linear_release(&experts->out[e]);
    }
    gpt__release(experts->in);
    gpt__release(experts->out);
    *experts = (gpt__experts){0};
}
