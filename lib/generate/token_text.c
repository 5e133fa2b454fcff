/* SPDX-License-Identifier: Apache-2.0 */
/* generate/token_text.c: from tokens to the bytes that a text stream takes. */
#include "generate/token_text.h"

#include "tokenizer/tokenizer.h"

/* The bytes of a token, NULL for one that is no part of the text. *space: one follows if anything does. */
static const char *bytes_of(size_t *length, int *space, const gpt_tokenizer *tokenizer, int32_t token)
{
    *length = 0;
    *space = 0;
    if (tokenizer == NULL || !gpt__tokenizer_has(tokenizer, token) || gpt_tokenizer_is_special(tokenizer, token))
        return NULL;
    const char *bytes = gpt_tokenizer_token_bytes(length, tokenizer, token);
    *space = *length > 0 && bytes[*length - 1] == ' ' && gpt__tokenizer_ends_words(tokenizer);
    *length -= (size_t)*space;
    return bytes;
}

void gpt__token_text_begin(gpt__text_stream *stream, const gpt_tokenizer *tokenizer, const int32_t *ids,
                           size_t count)
{
    size_t length;
    while (count > 0 && bytes_of(&length, &stream->space, tokenizer, ids[count - 1]) == NULL)
        count--;
}

gpt_status gpt__token_text_add(gpt__text_stream *stream, gpt__buffer *piece, int *stopped,
                               const gpt_tokenizer *tokenizer, int32_t token, const gpt__settings *settings, int look)
{
    size_t length;
    int space;
    const char *bytes = bytes_of(&length, &space, tokenizer, token);
    *stopped = 0;
    if (bytes == NULL)
        return GPT_OK;
    GPT__TRY(gpt__text_stream_add(stream, piece, stopped, bytes, length, settings, look));
    stream->space = space && !*stopped;
    return GPT_OK;
}
