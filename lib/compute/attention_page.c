/* SPDX-License-Identifier: Apache-2.0 */
/* compute/attention_page.c: storing keys and values in a page, for each type. */
#include "compute/attention_page.h"

#include "compute/cpu.h"
#include "compute/round.h"
#include "compute/rows.h"

#include <string.h>

gpt_dtype gpt__attention_cache_type(gpt_dtype dtype, int32_t K)
{
    int is_exact = K <= GPT__MOST_INT8_INPUTS;
    if (dtype == GPT_DTYPE_INT8 && K % 4 == 0 && is_exact && gpt__panels_supported(GPT__PANEL_INT8))
        return GPT_DTYPE_INT8;
    if (dtype != GPT_DTYPE_F32 && K % 2 == 0 && gpt__panels_supported(GPT__PANEL_BF16))
        return GPT_DTYPE_BF16;
    return GPT_DTYPE_F32;
}

static size_t round_up_bytes(size_t bytes)
{
    return (bytes + 63) / 64 * 64;
}

gpt__page_form gpt__page_form_of(gpt_dtype type, int32_t KV, int32_t K)
{
    gpt__page_form form = {.keys = gpt__panel_form_of(type), .KV = KV, .K = K};
    form.values = form.keys;
    if (type == GPT_DTYPE_INT8)
        form.values = gpt__panels_supported(GPT__PANEL_INT8_BF16) ? GPT__PANEL_INT8_BF16 : GPT__PANEL_INT8_F32;
    /* Without panels, one product of oneDNN's takes the keys of a whole page. */
    form.block = gpt__panels_supported(form.keys) ? GPT__PANEL_WIDTH : GPT__PAGE_TOKENS;
    form.key_bytes = round_up_bytes(GPT__PAGE_TOKENS * (size_t)K * gpt__panel_weight_size(form.keys));
    form.value_bytes = form.key_bytes;
    form.head_bytes = form.key_bytes + form.value_bytes;
    if (type == GPT_DTYPE_INT8)
        form.head_bytes += GPT__PAGE_TOKENS * (2 * sizeof(float) + sizeof(int32_t));
    return form;
}

size_t gpt__page_layer_bytes(const gpt__page_form *form)
{
    /* A panel reads 64 values of a group at once, also where a head has fewer. */
    size_t behind = GPT__PANEL_WIDTH * (size_t)gpt__panel_group(form->values) * gpt__panel_weight_size(form->values);
    return (size_t)form->KV * form->head_bytes + behind;
}

gpt__page_head gpt__page_head_at(const gpt__page_form *form, unsigned char *layer, int32_t head)
{
    unsigned char *keys = layer + (size_t)head * form->head_bytes;
    float *scales = (float *)(void *)(keys + form->key_bytes + form->value_bytes);
    return (gpt__page_head){
        .keys = keys,
        .values = keys + form->key_bytes,
        .key_scales = scales,
        .value_scales = scales + GPT__PAGE_TOKENS,
        .key_offsets = (int32_t *)(void *)(scales + 2 * GPT__PAGE_TOKENS),
    };
}

/*
 * Groups of one key, from the first on. A group has 4 bytes for every type, and groups are 4 block bytes apart, so that
 * the keys of a block's tokens lie side by side.
 */
static void store_groups(const gpt__page_form *form, unsigned char *keys, int64_t place, int64_t first,
                         const void *groups, int64_t count)
{
    int64_t key_groups = form->K / gpt__panel_group(form->keys);
    unsigned char *to = keys + (place / form->block * key_groups + first) * form->block * 4 + place % form->block * 4;
    for (int64_t i = 0; i < count; i++)
        memcpy(to + i * form->block * 4, (const unsigned char *)groups + 4 * i, 4);
}

/* Keys are converted piece by piece. */
#define PIECE 256

static void store_key_bf16(const gpt__page_form *form, unsigned char *keys, int64_t place, const float *key)
{
    uint16_t piece[PIECE];
    for (int64_t i = 0; i < form->K; i += PIECE) {
        int64_t count = form->K - i < PIECE ? form->K - i : PIECE;
        gpt__round_to_bf16(piece, key + i, count);
        store_groups(form, keys, place, i / 2, piece, count / 2);
    }
}

static void store_key_int8(const gpt__page_form *form, const gpt__page_head *head, int64_t place, const float *key)
{
    int8_t piece[PIECE];
    int32_t sum = 0;
    float inverse;
    head->key_scales[place] = gpt__scale_for(&inverse, gpt__largest_magnitude(key, form->K), 127);
    for (int64_t i = 0; i < form->K; i += PIECE) {
        int64_t count = form->K - i < PIECE ? form->K - i : PIECE;
        sum += gpt__round_to_int8(piece, key + i, inverse, count);
        store_groups(form, head->keys, place, i / 4, piece, count / 4);
    }
    head->key_offsets[place] = GPT__UINT8_ZERO * sum;
}

static void store_key(const gpt__page_form *form, const gpt__page_head *head, int64_t place, const float *key)
{
    if (form->keys == GPT__PANEL_INT8)
        store_key_int8(form, head, place, key);
    else if (form->keys == GPT__PANEL_BF16)
        store_key_bf16(form, head->keys, place, key);
    else
        store_groups(form, head->keys, place, 0, key, form->K);
}

/* out [count, 2] = values of two tokens side by side. */
GPT__CPU_CLONES
static void store_pairs(uint16_t *restrict out, const uint16_t *restrict first, const uint16_t *restrict second,
                        int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        out[2 * i] = first[i];
        out[2 * i + 1] = second[i];
    }
}

/* The second of each pair, beside what is there. */
GPT__CPU_CLONES
static void store_seconds(uint16_t *restrict out, const uint16_t *restrict second, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[2 * i + 1] = second[i];
}

/*
 * The values of one or two tokens, in pairs. A token at an even place is stored with zeros beside it, since a product
 * that ends with it reads both; that at the odd place is added later.
 */
static void store_values_bf16(const gpt__page_form *form, unsigned char *values, int64_t place, const float *first,
                              const float *second)
{
    static const uint16_t zeros[PIECE];
    uint16_t *pairs = (uint16_t *)(void *)values + place / 2 * form->K * 2;
    uint16_t rounded[PIECE], rounded_second[PIECE];
    for (int64_t i = 0; i < form->K; i += PIECE) {
        int64_t count = form->K - i < PIECE ? form->K - i : PIECE;
        gpt__round_to_bf16(rounded, first + i, count);
        if (second != NULL)
            gpt__round_to_bf16(rounded_second, second + i, count);
        if (place % 2 == 1)
            store_seconds(pairs + 2 * i, rounded, count);
        else
            store_pairs(pairs + 2 * i, rounded, second != NULL ? rounded_second : zeros, count);
    }
}

/* The values of one token, of the types that have no pairs. */
static void store_value(const gpt__page_form *form, const gpt__page_head *head, int64_t place, const float *value)
{
    float inverse;
    if (form->values == GPT__PANEL_F32) {
        memcpy(head->values + (size_t)(place * form->K) * sizeof *value, value, (size_t)form->K * sizeof *value);
        return;
    }
    head->value_scales[place] = gpt__scale_for(&inverse, gpt__largest_magnitude(value, form->K), 127);
    gpt__round_to_int8((int8_t *)head->values + place * form->K, value, inverse, form->K);
}

static void store_head(const gpt__page_form *form, const gpt__page_head *head, int64_t place, const float *first,
                       const float *second)
{
    int64_t to_values = (int64_t)form->KV * form->K;
    store_key(form, head, place, first);
    if (second != NULL)
        store_key(form, head, place + 1, second);
    if (form->values == GPT__PANEL_BF16) {
        store_values_bf16(form, head->values, place, first + to_values, second != NULL ? second + to_values : NULL);
        return;
    }
    store_value(form, head, place, first + to_values);
    if (second != NULL)
        store_value(form, head, place + 1, second + to_values);
}

void gpt__page_store(const gpt__page_form *form, unsigned char *layer, int64_t place, const float *first,
                     const float *second)
{
    for (int32_t i = 0; i < form->KV; i++) {
        const gpt__page_head head = gpt__page_head_at(form, layer, i);
        store_head(form, &head, place, first + (int64_t)i * form->K,
                   second != NULL ? second + (int64_t)i * form->K : NULL);
    }
}
