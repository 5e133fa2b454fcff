/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate/token_text.h: what tokens add to the text of a sequence. Special tokens, and ids that are none, are passed
 * over. Where the space of a word stands behind it, as in GPT-1's tokens, it waits for what comes next: so the last
 * word has none, as in gpt_tokenizer_decode, and the first one begins with that of the prompt's last word.
 */
#ifndef GPT__GENERATE_TOKEN_TEXT_H
#define GPT__GENERATE_TOKEN_TEXT_H

#include "generate/text_stream.h"

/* Begins the text that continues a prompt. tokenizer may be NULL: then there is no text. */
void gpt__token_text_begin(gpt__text_stream *stream, const gpt_tokenizer *tokenizer, const int32_t *ids,
                           size_t count);

/* As gpt__text_stream_add, for a token of the vocabulary. */
gpt_status gpt__token_text_add(gpt__text_stream *stream, gpt__buffer *piece, int *stopped,
                               const gpt_tokenizer *tokenizer, int32_t token, const gpt__settings *settings, int look);

#endif
