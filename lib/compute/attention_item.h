/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/attention_item.h: a part of the work of attention that one thread does: rows of queries, with the keys and
 * values of one or a few heads.
 */
#ifndef GPT__COMPUTE_ATTENTION_ITEM_H
#define GPT__COMPUTE_ATTENTION_ITEM_H

#include "compute/attention.h"

/* The most rows of an item: enough for an efficient product, few enough that causality saves work. */
#define GPT__ITEM_ROWS 48

/*
 * With one token in the span, the rows are its query heads, in the order in which they are in memory, and several key
 * heads may be an item's; otherwise they are tokens of one query head.
 */
struct gpt__attention_item {
    int32_t span;
    int32_t head;      /* the first query head */
    int32_t first;     /* the first token of the span */
    int32_t rows;      /* for each key head */
    int32_t key_heads; /* rows * key_heads is at most GPT__ITEM_ROWS */
};

/* Bytes of memory that a thread needs for an item. */
size_t gpt__attention_item_bytes(const gpt__attention *attention);

/* Attends for the item of a span, in that memory. qkv and out are those of gpt__attention_apply. */
gpt_status gpt__attention_item_compute(const gpt__attention *attention, const gpt__attention_span *span,
                                       const gpt__attention_item *item, const float *qkv, float *out,
                                       unsigned char *memory);

#endif
