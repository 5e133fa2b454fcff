/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/bpe.h: byte-pair encoding of one piece of text, after Sennrich, Haddow and Birch (2016). */
#ifndef GPT__TOKENIZER_BPE_H
#define GPT__TOKENIZER_BPE_H

#include "tokenizer/ids.h"
#include "tokenizer/merges.h"
#include "tokenizer/tokens.h"

/* The model part of a tokenizer. Begins as {0}. */
typedef struct gpt__bpe {
    gpt__tokens tokens;
    gpt__merges merges;
    int32_t byte_ids[256]; /* the token of each single byte, -1 where the vocabulary has none */
    int32_t unknown;       /* the token for such a byte, or -1 */
    int fuse_unknown;      /* one such token for a run of them */
    int words;             /* pieces are words of characters; a space is the end of one: see words.h */
    int ignore_merges;     /* a piece that is a token is that token, though no merges lead to it */
} gpt__bpe;

/* What encoding one text uses again and again, so that it allocates nothing for each piece. Begins as {0}. */
typedef struct gpt__bpe_scratch {
    void *memory;
    size_t capacity;
} gpt__bpe_scratch;

/* To be called when tokens and merges are complete: finds the pieces that are one token by themselves. */
gpt_status gpt__bpe_finish(gpt__bpe *bpe);

/* Adds the ids of a piece, which is text that no merge may cross the ends of. length must be at least 1. */
gpt_status gpt__bpe_encode(gpt__ids *out, gpt__bpe_scratch *scratch, const gpt__bpe *bpe, const char *piece,
                           size_t length);

/* The same by merging alone, without looking the whole piece up. */
gpt_status gpt__bpe_merge(gpt__ids *out, gpt__bpe_scratch *scratch, const gpt__bpe *bpe, const char *piece,
                          size_t length);

void gpt__bpe_scratch_release(gpt__bpe_scratch *scratch);
void gpt__bpe_release(gpt__bpe *bpe);

#endif
