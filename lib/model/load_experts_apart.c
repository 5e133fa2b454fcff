/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model/load_experts_apart.c: experts of files that keep gates and values apart, each for all experts in one tensor, a
 * row for each output. The forward pass wants the outputs of both in turns, so that rows are taken from either.
 *
 * Letters: E experts, D width, I inner width, K inputs and N outputs of a matrix.
 */
#include "model/loader.h"

#include "base/memory.h"

/* [E, N, K] and [E, N]. */
typedef struct expert_part {
    const gpt__tensor *weight;
    const gpt__tensor *bias;
} expert_part;

static gpt_status find(expert_part *part, const gpt__loader *l, gpt__role role, int32_t layer, int64_t K, int64_t N)
{
    int64_t E = l->source.config->experts;
    GPT__TRY(gpt__source_find(&part->weight, &l->source, role, layer, ".weight"));
    GPT__TRY(gpt__tensor_expect(part->weight, 3, (int64_t[]){E, N, K}));
    GPT__TRY(gpt__source_find(&part->bias, &l->source, role, layer, ".bias"));
    return gpt__tensor_expect(part->bias, 2, (int64_t[]){E, N});
}

static void count_part(gpt__loader *l, const expert_part *part, int64_t bytes)
{
    gpt__loader_count(l, part->weight, bytes);
    gpt__loader_count(l, part->bias, part->bias->count * (int64_t)sizeof(float));
}

/* The matrix and the bias of one expert from count parts of N outputs each, an output of each part in turns. */
static gpt_status gather(gpt__matrix *matrix, float **bias, const expert_part *parts, int count, int32_t expert,
                         int64_t K, int64_t N)
{
    gpt__matrix_row *rows = gpt__allocate((size_t)(count * N), sizeof *rows);
    *bias = gpt__allocate((size_t)(count * N), sizeof **bias);
    gpt_status status = rows != NULL && *bias != NULL ? GPT_OK : GPT_E_MEMORY;
    for (int64_t n = 0; status == GPT_OK && n < count * N; n++) {
        const expert_part *part = &parts[n % count];
        int64_t row = expert * N + n / count;
        rows[n] = (gpt__matrix_row){part->weight, row};
        status = gpt__tensor_to_f32(*bias + n, part->bias, row, 1);
    }
    if (status == GPT_OK)
        status = gpt__matrix_gather(matrix, rows, K, count * N);
    gpt__release(rows);
    if (status != GPT_OK) {
        gpt__release(*bias);
        *bias = NULL;
    }
    return status;
}

/* One product of all experts. */
static gpt_status load_all(gpt__loader *l, gpt__linear *linears, const expert_part *parts, int count, int64_t K,
                           int64_t N)
{
    int64_t bytes = 0;
    for (int32_t e = 0; e < l->source.config->experts; e++) {
        gpt__matrix matrix;
        float *bias;
        GPT__TRY(gather(&matrix, &bias, parts, count, e, K, N));
        GPT__TRY(gpt__load_packed(l, &linears[e], &matrix, bias, K, count * N, l->dtype, GPT__LINEAR_STORE));
        bytes += gpt__linear_bytes(&linears[e]);
    }
    for (int i = 0; i < count; i++)
        count_part(l, &parts[i], i == 0 ? bytes : 0);
    return GPT_OK;
}

gpt_status gpt__load_experts_apart(gpt__loader *l, gpt__experts *experts, int32_t layer)
{
    const gpt__config *c = l->source.config;
    expert_part in[2], out;
    GPT__TRY(find(&in[0], l, GPT__ROLE_EXPERTS_GATE, layer, c->D, c->inner));
    GPT__TRY(find(&in[1], l, GPT__ROLE_EXPERTS_VALUE, layer, c->D, c->inner));
    GPT__TRY(load_all(l, experts->in, in, 2, c->D, c->inner));
    GPT__TRY(find(&out, l, GPT__ROLE_EXPERTS_OUT, layer, c->inner, c->D));
    return load_all(l, experts->out, &out, 1, c->inner, c->D);
}
