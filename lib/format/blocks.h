/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format/blocks.h: tensors whose elements are packed together, some in each block, with a scale of their own: the
 * quantized types of GGUF files.
 */
#ifndef GPT__FORMAT_BLOCKS_H
#define GPT__FORMAT_BLOCKS_H

#include <stdint.h>

/* The most elements that a block has. */
#define GPT__MOST_BLOCK_ELEMENTS 256

typedef struct gpt__block_type {
    const char *name; /* as ggml calls it */
    int32_t elements; /* of a block, at most GPT__MOST_BLOCK_ELEMENTS */
    int32_t bytes;    /* of a block */
    void (*decode)(float *out, const unsigned char *block);
} gpt__block_type;

/* The type of that name, or NULL. */
const gpt__block_type *gpt__block_type_find(const char *name);

/* Decodes elements [first, first + count) of blocks that begin at data; neither need be a multiple of a block. */
void gpt__blocks_to_f32(float *out, const gpt__block_type *type, const unsigned char *data, int64_t first,
                        int64_t count);

#endif
