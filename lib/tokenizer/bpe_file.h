/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/bpe_file.h: fills the byte-pair encoding from what files hold: vocabularies and lists of merges. */
#ifndef GPT__TOKENIZER_BPE_FILE_H
#define GPT__TOKENIZER_BPE_FILE_H

#include "format/json.h"
#include "tokenizer/bpe.h"
#include "tokenizer/byte_alphabet.h"

/* What the readers share. */
typedef struct gpt__bpe_file {
    gpt__bpe *bpe;
    const char *path; /* for messages */
    gpt__byte_alphabet alphabet;
    gpt__buffer bytes; /* scratch */
} gpt__bpe_file;

void gpt__bpe_file_begin(gpt__bpe_file *file, gpt__bpe *bpe, const char *path);
void gpt__bpe_file_end(gpt__bpe_file *file);

/* The id that a member "token": id has; path is for the message. */
gpt_status gpt__bpe_file_id(int64_t *id, const char *path, const cJSON *item);

/* One more than the largest id of an object of strings and ids, and their number; checks each id. */
gpt_status gpt__bpe_file_size(int64_t *size, size_t *count, const gpt__bpe_file *file, const cJSON *vocab);

/* Adds the tokens of such an object. gpt__tokens_begin must have been called. */
gpt_status gpt__bpe_file_vocab(gpt__bpe_file *file, const cJSON *vocab);

/*
 * Adds a token as the vocabulary writes it. One that the model does not have is never a piece, whatever its bytes.
 */
gpt_status gpt__bpe_file_token(gpt__bpe_file *file, int32_t id, const char *string, int of_model);

/* The id of a token of the model as the vocabulary writes it, or -1. */
gpt_status gpt__bpe_file_find(int32_t *id, gpt__bpe_file *file, const char *string);

/* Adds a merge of two strings as the vocabulary writes them. gpt__merges_begin must have been called. */
gpt_status gpt__bpe_file_merge(gpt__bpe_file *file, const char *left, size_t left_length, const char *right,
                               size_t right_length, uint32_t rank);

/* Adds a merge written as "left right". */
gpt_status gpt__bpe_file_merge_line(gpt__bpe_file *file, const char *line, size_t length, uint32_t rank);

#endif
