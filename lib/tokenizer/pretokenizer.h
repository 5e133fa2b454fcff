/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/pretokenizer.h: the "pre_tokenizer" of tokenizer.json: how text is divided into pieces. */
#ifndef GPT__TOKENIZER_PRETOKENIZER_H
#define GPT__TOKENIZER_PRETOKENIZER_H

#include "base/buffer.h"
#include "format/json.h"
#include "tokenizer/pattern.h"
#include "tokenizer/split.h"

#define GPT__MAX_SPLITS 8

/* What becomes of the matches of a pattern, in the words of Hugging Face's tokenizers. */
typedef enum gpt__behavior {
    GPT__ISOLATED,             /* each is a piece */
    GPT__REMOVED,              /* they are no pieces */
    GPT__MERGED_WITH_PREVIOUS, /* each belongs to what comes before it */
    GPT__MERGED_WITH_NEXT,     /* or to what follows */
    GPT__CONTIGUOUS            /* those without anything between are one piece */
} gpt__behavior;

/* One division of text; each of its pieces is divided further by the next one. */
typedef struct gpt__split {
    gpt__scanner *scanner; /* NULL: the text stays whole, or there is a pattern */
    char *regex;           /* of a pattern without a scanner, or NULL */
    gpt__pattern_code *pattern;
    gpt__behavior behavior; /* of the pattern's matches */
    int invert;             /* what lies between matches counts as match, and the other way round */
    int prefix_space;      /* a space is put before a text that does not begin with one */
} gpt__split;

/* Begins as {0}. */
typedef struct gpt__pretokenizer {
    gpt__split splits[GPT__MAX_SPLITS];
    int count;
    int byte_level; /* the vocabulary's strings are written in the byte alphabet */
    int words;      /* pieces are words and punctuation; white space is none */
} gpt__pretokenizer;

/* Takes one piece; context is the caller's. */
typedef gpt_status gpt__take_piece(void *context, const char *piece, size_t length);

/* Reads the member "pre_tokenizer". GPT_E_UNSUPPORTED naming a type that is not in the table. */
gpt_status gpt__pretokenizer_read(gpt__pretokenizer *pretokenizer, const gpt__json *json, const cJSON *member);

/* Adds a division by a scanner, of a byte-level vocabulary. There must be room. */
void gpt__pretokenizer_add(gpt__pretokenizer *pretokenizer, gpt__scanner *scanner);

/* GPT-2's: ByteLevel with its pattern. */
void gpt__pretokenizer_set_gpt2(gpt__pretokenizer *pretokenizer, int prefix_space);

/* GPT-1's: BertPreTokenizer. */
void gpt__pretokenizer_set_words(gpt__pretokenizer *pretokenizer);

/* To be called when the file is read: compiles the patterns. path is for messages. */
gpt_status gpt__pretokenizer_finish(gpt__pretokenizer *pretokenizer, const gpt__unicode *unicode, const char *path);
void gpt__pretokenizer_release(gpt__pretokenizer *pretokenizer);

/* Divides text, which is well-formed UTF-8 and not empty, and hands over the pieces in their order. */
gpt_status gpt__pretokenize(const gpt__pretokenizer *pretokenizer, const gpt__unicode *unicode, gpt__buffer *scratch,
                            const char *text, size_t length, gpt__take_piece *take, void *context);

#endif
