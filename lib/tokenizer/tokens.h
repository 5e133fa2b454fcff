/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/tokens.h: the vocabulary: what each id stands for, and which id stands for given bytes. */
#ifndef GPT__TOKENIZER_TOKENS_H
#define GPT__TOKENIZER_TOKENS_H

#include "base/buffer.h"
#include "tokenizer/byte_map.h"

/* What an id is; 0 for an id that stands for no token. */
enum {
    GPT__TOKEN_PRESENT = 1,
    GPT__TOKEN_SPECIAL = 2
};

/* Begins as {0}. */
typedef struct gpt__tokens {
    int32_t size;         /* one more than the largest id */
    gpt__buffer bytes;    /* of all tokens, one after the other */
    uint32_t *starts;     /* of each id in bytes */
    uint32_t *lengths;
    unsigned char *flags;
    gpt__byte_map pieces; /* the tokens that encoding can produce by merging, by bytes; a flagged slot: see bpe.h */
    gpt__byte_map others; /* the tokens that it can not: added ones, and those outside the byte alphabet */
} gpt__tokens;

/* Makes room for ids below size and for count tokens; path is for the message. */
gpt_status gpt__tokens_begin(gpt__tokens *tokens, int64_t size, size_t count, const char *path);

/*
 * Gives an id its bytes. GPT_E_FORMAT when the id is taken or too large, or when another piece has these bytes. A token
 * without bytes is never a piece.
 */
gpt_status gpt__tokens_add(gpt__tokens *tokens, int32_t id, const char *bytes, size_t length, int is_piece,
                           const char *path);

void gpt__tokens_release(gpt__tokens *tokens);

static inline gpt__byte_source gpt__tokens_source(const gpt__tokens *tokens)
{
    return (gpt__byte_source){tokens->bytes.bytes, tokens->starts};
}

/* The piece with these bytes, or -1. */
static inline int32_t gpt__tokens_find_piece(const gpt__tokens *tokens, const char *bytes, size_t length)
{
    return gpt__byte_map_find(&tokens->pieces, gpt__tokens_source(tokens), bytes, length);
}

static inline int32_t gpt__tokens_find_other(const gpt__tokens *tokens, const char *bytes, size_t length)
{
    return gpt__byte_map_find(&tokens->others, gpt__tokens_source(tokens), bytes, length);
}

#endif
