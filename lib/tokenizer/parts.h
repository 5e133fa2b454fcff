/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/parts.h: what a tokenizer consists of, and the readers of the files that fill it. */
#ifndef GPT__TOKENIZER_PARTS_H
#define GPT__TOKENIZER_PARTS_H

#include "tokenizer/added.h"
#include "tokenizer/bpe.h"
#include "tokenizer/bpe_file.h"
#include "tokenizer/decoder.h"
#include "tokenizer/pretokenizer.h"
#include "tokenizer/tokenizer.h"

#include <stdatomic.h>

/* Nothing of it but the count of references changes once it is open, so threads share it without locks. */
struct gpt_tokenizer {
    atomic_int references;
    gpt__unicode *unicode;
    gpt__added added;
    gpt__normalizer normalizer;
    gpt__pretokenizer pretokenizer;
    gpt__bpe bpe;
    gpt__decoder decoder;
};

/* Opens a JSON file of a tokenizer: as gpt__json_open, and refuses what cJSON would read wrongly. */
gpt_status gpt__tokenizer_open_json(gpt__json *json, const char *path);

/* Each fills a tokenizer that is all zero; on failure the caller frees it. */
gpt_status gpt__tokenizer_read_json(gpt_tokenizer *tokenizer, const char *path);
gpt_status gpt__tokenizer_read_vocab(gpt_tokenizer *tokenizer, const char *vocab_path);

/* Whether a path has the ending of OpenAI's rank files. */
int gpt__is_tiktoken(const char *path);

/* name is that of the encoding; NULL: by the name of the file. */
gpt_status gpt__tokenizer_read_tiktoken(gpt_tokenizer *tokenizer, const char *path, const char *name);

/* GPT_E_NOT_FOUND when the GGUF file has no tokenizer. */
gpt_status gpt__tokenizer_read_gguf(gpt_tokenizer *tokenizer, const char *path);

/* For the readers: adds the tokens of the model, with room for the ids of the added tokens, which are known by then. */
gpt_status gpt__tokenizer_begin_vocab(gpt_tokenizer *tokenizer, gpt__bpe_file *file, const cJSON *vocab);

/*
 * For the readers, after the model's tokens: enters the added tokens into the vocabulary. One that the model has too is
 * that token. Those that have no id get the next numbers from next on; a negative one stands for what follows all ids
 * that are in use.
 */
gpt_status gpt__tokenizer_enter_added(gpt_tokenizer *tokenizer, gpt__bpe_file *file, int64_t next);

#endif
