/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model/load_qkv.c: one product makes queries, keys and values of all heads. Families keep its weights in three
 * tensors, in one, or in one by heads; and GPT-J turns neighbouring values where others turn halves. All become one
 * order of outputs here, while loading, so that the forward pass knows only that. Scores are sums over the values of a
 * head, in which any order of them gives the same, as long as queries and keys agree.
 *
 * Letters: D width, H heads, KV key and value heads, K values of a head, N outputs: (H + 2 KV) K.
 */
#include "model/loader.h"

#include "base/memory.h"

/* The tensors of queries, keys and values; three times the same one when they are together. */
typedef struct qkv_tensors {
    const gpt__tensor *tensors[3];
} qkv_tensors;

static const gpt__role separate_roles[3] = {GPT__ROLE_QUERIES, GPT__ROLE_KEYS, GPT__ROLE_VALUES};

static int64_t heads_of(const gpt__config *config, int part)
{
    return part == 0 ? config->H : config->KV;
}

static gpt_status find(qkv_tensors *out, gpt__loader *l, int32_t layer, const char *ending, int is_matrix)
{
    const gpt__config *c = l->source.config;
    for (int part = 0; part < 3; part++) {
        int together = c->qkv_order != GPT__QKV_SEPARATE;
        int64_t heads = together ? c->H + 2 * (int64_t)c->KV : heads_of(c, part);
        int64_t shape[2] = {heads * c->K, c->D};
        gpt__role role = together ? GPT__ROLE_QKV : separate_roles[part];
        GPT__TRY(gpt__source_find(&out->tensors[part], &l->source, role, layer, ending));
        GPT__TRY(gpt__tensor_expect(out->tensors[part], is_matrix ? 2 : 1, shape));
    }
    return GPT_OK;
}

/* Where value i of a head stands in the file's order. */
static int64_t place_in_head(const gpt__config *config, int part, int64_t i)
{
    int64_t half = config->rotary.R / 2;
    if (part == 2 || !config->rotary_interleaved || i >= 2 * half)
        return i;
    return i < half ? 2 * i : 2 * (i - half) + 1;
}

/* rows [N]: for each output, its row in the file. */
static void list_rows(gpt__matrix_row *rows, const gpt__config *c, const qkv_tensors *found)
{
    for (int part = 0; part < 3; part++) {
        int64_t before = c->qkv_order != GPT__QKV_TOGETHER || part == 0 ? 0 : part == 1 ? c->H : c->H + c->KV;
        for (int64_t head = 0; head < heads_of(c, part); head++) {
            int64_t block = c->qkv_order == GPT__QKV_BY_HEAD ? 3 * head + part : before + head;
            for (int64_t i = 0; i < c->K; i++)
                *rows++ = (gpt__matrix_row){found->tensors[part], block * c->K + place_in_head(c, part, i)};
        }
    }
}

static void count(gpt__loader *l, const qkv_tensors *found, int64_t bytes)
{
    int tensors = l->source.config->qkv_order == GPT__QKV_SEPARATE ? 3 : 1;
    for (int part = 0; part < tensors; part++)
        gpt__loader_count(l, found->tensors[part], part == 0 ? bytes : 0);
}

static gpt_status gather_bias(float **out, gpt__loader *l, const qkv_tensors *found, gpt__matrix_row *rows, int64_t N)
{
    gpt__matrix bias;
    list_rows(rows, l->source.config, found);
    *out = gpt__allocate((size_t)N, sizeof **out);
    if (*out == NULL)
        return GPT_E_MEMORY;
    gpt_status status = gpt__matrix_gather(&bias, rows, 1, N);
    if (status != GPT_OK)
        return status;
    for (int64_t n = 0; n < N; n++)
        (*out)[n] = gpt__view_at(&bias.view, 0, n);
    gpt__release(bias.owned);
    count(l, found, N * (int64_t)sizeof(float));
    return GPT_OK;
}

/* Gathers the outputs one by one. bias_found is NULL when there is no bias. */
static gpt_status load_gathered(gpt__loader *l, gpt__linear *linear, const qkv_tensors *found,
                                const qkv_tensors *bias_found, gpt__matrix_row *rows, int64_t N)
{
    const gpt__config *c = l->source.config;
    gpt__matrix matrix = {0};
    float *bias = NULL;
    gpt_status status = bias_found != NULL ? gather_bias(&bias, l, bias_found, rows, N) : GPT_OK;
    if (status == GPT_OK) {
        list_rows(rows, c, found);
        status = gpt__matrix_gather(&matrix, rows, c->D, N);
    }
    if (status != GPT_OK) {
        gpt__release(bias);
        return status;
    }
    GPT__TRY(gpt__load_packed(l, linear, &matrix, bias, c->D, N, l->dtype, GPT__LINEAR_STORE));
    count(l, found, gpt__linear_bytes(linear));
    return GPT_OK;
}

gpt_status gpt__load_qkv(gpt__loader *l, gpt__linear *linear, int32_t layer)
{
    const gpt__config *c = l->source.config;
    int64_t N = (c->H + 2 * (int64_t)c->KV) * c->K;
    if (c->qkv_order == GPT__QKV_TOGETHER && !c->rotary_interleaved)
        return gpt__load_linear(l, linear, GPT__ROLE_QKV, layer, c->D, N, l->dtype, GPT__LINEAR_STORE,
                                c->attention_bias);
    gpt__role role = c->qkv_order == GPT__QKV_SEPARATE ? GPT__ROLE_QUERIES : GPT__ROLE_QKV;
    int has_bias = c->attention_bias && gpt__source_line(&l->source, role)->has_bias;
    qkv_tensors found, bias_found;
    /* Before there is memory: until then, N is only what the configuration says. */
    GPT__TRY(find(&found, l, layer, ".weight", 1));
    if (has_bias)
        GPT__TRY(find(&bias_found, l, layer, ".bias", 0));
    gpt__matrix_row *rows = gpt__allocate((size_t)N, sizeof *rows);
    if (rows == NULL)
        return GPT_E_MEMORY;
    gpt_status status = load_gathered(l, linear, &found, has_bias ? &bias_found : NULL, rows, N);
    gpt__release(rows);
    return status;
}
