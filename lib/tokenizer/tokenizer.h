/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/tokenizer.h: what other folders use of a tokenizer beyond gpt/tokenizer.h. */
#ifndef GPT__TOKENIZER_TOKENIZER_H
#define GPT__TOKENIZER_TOKENIZER_H

#include <gpt/tokenizer.h>

/*
 * Opens the tokenizer of a model directory, or a tokenizer file. GPT_E_NOT_FOUND when a directory has no tokenizer
 * files. Names are resolved by the caller (gpt_tokenizer_open does it through gpt_model_find).
 */
gpt_status gpt__tokenizer_open_path(gpt_tokenizer **out, const char *path);

/* Whether an id, 0 or more, stands for a token: vocabularies may have gaps, and models more ids than the tokenizer. */
int gpt__tokenizer_has(const gpt_tokenizer *tokenizer, int32_t id);

/* Whether a space at the end of a token's bytes is the end of a word, of which decoding drops the last one (GPT-1). */
int gpt__tokenizer_ends_words(const gpt_tokenizer *tokenizer);

#endif
