/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/attention_page.h: how the keys and values of GPT__PAGE_TOKENS tokens lie in memory. Both are weights of
 * products, of queries with keys and of shares with values, and lie as those products read them (compute/panels.h).
 *
 * Letters: KV key and value heads, K values of a head; g is gpt__panel_group.
 */
#ifndef GPT__COMPUTE_ATTENTION_PAGE_H
#define GPT__COMPUTE_ATTENTION_PAGE_H

#include "compute/panels.h"

/* Tokens of a page. More make each product larger, and waste more at the end of each sequence. */
#define GPT__PAGE_TOKENS 128

/*
 * The type in which keys and values are kept for a model whose products are of dtype. Less bytes are less to read, so
 * it is the same type, where this processor has kernels for it; else f32. int8 has a scale for each token and head.
 */
gpt_dtype gpt__attention_cache_type(gpt_dtype dtype, int32_t K);

/* The products of a cache of that type, and how a page is cut for them. */
typedef struct gpt__page_form {
    gpt__panel_form keys, values;
    int32_t KV, K;
    int64_t block; /* keys of so many tokens lie together as one panel */
    size_t key_bytes, value_bytes; /* of one head */
    size_t head_bytes; /* from head to head: keys, values, scales */
} gpt__page_form;

gpt__page_form gpt__page_form_of(gpt_dtype type, int32_t KV, int32_t K);

/* The bytes of a page that belong to one layer. */
size_t gpt__page_layer_bytes(const gpt__page_form *form);

/* What a page has of one head. */
typedef struct gpt__page_head {
    unsigned char *keys;    /* [PAGE_TOKENS / block, K / g, block, g] */
    unsigned char *values;  /* [PAGE_TOKENS / g, K, g]; of int8 [PAGE_TOKENS, K] */
    float *key_scales;      /* [PAGE_TOKENS], for int8 */
    float *value_scales;    /* [PAGE_TOKENS], for int8 */
    int32_t *key_offsets;   /* [PAGE_TOKENS], for int8: GPT__UINT8_ZERO times the sum of a key's numbers */
} gpt__page_head;

/* layer is where this layer's part of a page begins. */
gpt__page_head gpt__page_head_at(const gpt__page_form *form, unsigned char *layer, int32_t head);

/*
 * Stores the keys [KV, K] and values [KV, K], one after the other, of the token at a place of the page, and of the next
 * one when second is not NULL. Tokens of bf16 share memory by pairs that begin at even places: those that are stored
 * by different threads must be of different pairs.
 */
void gpt__page_store(const gpt__page_form *form, unsigned char *layer, int64_t place, const float *first,
                     const float *second);

#endif
