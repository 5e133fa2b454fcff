/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/decode.c: ids to text, and what single tokens stand for. */
#include "base/utf8.h"
#include "tokenizer/parts.h"

#define KNOWN_FLAGS ((unsigned)GPT_DECODE_SKIP_SPECIAL)

static const char *bytes_of(size_t *length, const gpt__tokens *tokens, int32_t id)
{
    *length = tokens->lengths[id];
    return tokens->bytes.bytes + tokens->starts[id];
}

/* Adds the bytes of all tokens, and sets *last to the last one that was not left out. */
static gpt_status add_bytes(gpt__buffer *out, int32_t *last, const gpt__tokens *tokens, const int32_t *ids,
                            size_t count, unsigned flags)
{
    *last = -1;
    for (size_t i = 0; i < count; i++) {
        size_t length;
        if (ids[i] < 0 || ids[i] >= tokens->size)
            return gpt__fail(GPT_E_ARGUMENT, "gpt_tokenizer_decode: ids[%zu] is %d, expected 0 to %d", i, (int)ids[i],
                             (int)tokens->size - 1);
        if (!(tokens->flags[ids[i]] & GPT__TOKEN_PRESENT))
            continue;
        if ((flags & GPT_DECODE_SKIP_SPECIAL) && (tokens->flags[ids[i]] & GPT__TOKEN_SPECIAL))
            continue;
        const char *bytes = bytes_of(&length, tokens, ids[i]);
        GPT__TRY(gpt__buffer_add(out, bytes, length));
        *last = ids[i];
    }
    return GPT_OK;
}

int gpt__tokenizer_has(const gpt_tokenizer *tokenizer, int32_t id)
{
    const gpt__tokens *tokens = &tokenizer->bpe.tokens;
    return id < tokens->size && (tokens->flags[id] & GPT__TOKEN_PRESENT) != 0;
}

int gpt__tokenizer_ends_words(const gpt_tokenizer *tokenizer)
{
    return tokenizer->decoder == GPT__DECODER_WORDS;
}

/* Where the last token ends a word, no space follows. */
static void end_words(gpt__buffer *out, const gpt_tokenizer *tokenizer, int32_t last)
{
    size_t length;
    if (!gpt__tokenizer_ends_words(tokenizer) || last < 0)
        return;
    const char *bytes = bytes_of(&length, &tokenizer->bpe.tokens, last);
    if (length > 0 && bytes[length - 1] == ' ')
        out->length--;
}

/* Replaces what is not UTF-8, which only the whole text can tell: a character's bytes may lie in several tokens. */
static gpt_status make_valid(gpt__buffer *buffer)
{
    gpt__buffer valid = {0};
    if (gpt__text_valid(buffer->bytes, buffer->length))
        return GPT_OK;
    gpt_status status = gpt__utf8_add_valid(&valid, buffer->bytes, buffer->length);
    gpt__buffer_release(buffer);
    *buffer = valid;
    return status;
}

gpt_status gpt_tokenizer_decode(char **text, size_t *length, const gpt_tokenizer *tokenizer, const int32_t *ids,
                                size_t count, unsigned flags)
{
    if (text != NULL)
        *text = NULL;
    if (length != NULL)
        *length = 0;
    GPT__CHECK_ARGUMENT(text != NULL);
    GPT__CHECK_ARGUMENT(length != NULL);
    GPT__CHECK_ARGUMENT(tokenizer != NULL);
    GPT__CHECK_ARGUMENT(ids != NULL || count == 0);
    GPT__CHECK_ARGUMENT(count <= PTRDIFF_MAX / sizeof *ids);
    GPT__CHECK_ARGUMENT((flags & ~KNOWN_FLAGS) == 0);
    gpt__buffer buffer = {0};
    int32_t last;
    gpt_status status = add_bytes(&buffer, &last, &tokenizer->bpe.tokens, ids, count, flags);
    if (status == GPT_OK) {
        end_words(&buffer, tokenizer, last);
        status = make_valid(&buffer);
    }
    if (status == GPT_OK)
        status = gpt__buffer_take(text, length, &buffer);
    gpt__buffer_release(&buffer);
    return status;
}

const char *gpt_tokenizer_token_bytes(size_t *length, const gpt_tokenizer *tokenizer, int32_t id)
{
    if (length != NULL)
        *length = 0;
    if (length == NULL || tokenizer == NULL) {
        gpt__fail(GPT_E_ARGUMENT, "%s: %s is NULL", __func__, length == NULL ? "length" : "tokenizer");
        return NULL;
    }
    const gpt__tokens *tokens = &tokenizer->bpe.tokens;
    if (id < 0 || id >= tokens->size) {
        gpt__fail(GPT_E_ARGUMENT, "%s: id is %d, expected 0 to %d", __func__, (int)id, (int)tokens->size - 1);
        return NULL;
    }
    return bytes_of(length, tokens, id);
}

int32_t gpt_tokenizer_token_id(const gpt_tokenizer *tokenizer, const char *bytes, size_t length)
{
    if (tokenizer == NULL || bytes == NULL)
        return -1;
    const gpt__tokens *tokens = &tokenizer->bpe.tokens;
    /* No token is longer than all of them together; so much of bytes need not be there to be read. */
    if (length > tokens->bytes.length)
        return -1;
    int32_t piece = gpt__tokens_find_piece(tokens, bytes, length);
    int32_t other = gpt__tokens_find_other(tokens, bytes, length);
    return piece < 0 || (other >= 0 && other < piece) ? other : piece;
}

int gpt_tokenizer_is_special(const gpt_tokenizer *tokenizer, int32_t id)
{
    if (tokenizer == NULL || id < 0 || id >= tokenizer->bpe.tokens.size)
        return 0;
    return (tokenizer->bpe.tokens.flags[id] & GPT__TOKEN_SPECIAL) != 0;
}

int32_t gpt_tokenizer_vocab_size(const gpt_tokenizer *tokenizer)
{
    return tokenizer != NULL ? tokenizer->bpe.tokens.size : 0;
}
