/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/vocabulary.c: the model's tokens and the added ones become one vocabulary, whatever file has them. */
#include "tokenizer/parts.h"

gpt_status gpt__tokenizer_begin_vocab(gpt_tokenizer *tokenizer, gpt__bpe_file *file, const cJSON *vocab)
{
    const gpt__added *added = &tokenizer->added;
    int64_t size;
    size_t count;
    int64_t unnumbered = 0;
    GPT__TRY(gpt__bpe_file_size(&size, &count, file, vocab));
    for (size_t i = 0; i < added->count; i++) {
        if (added->tokens[i].id >= size)
            size = added->tokens[i].id + 1;
        unnumbered += added->tokens[i].id < 0;
    }
    GPT__TRY(gpt__tokens_begin(&tokenizer->bpe.tokens, size + unnumbered, count, file->path));
    return gpt__bpe_file_vocab(file, vocab);
}

/* Gives the added tokens that the model has too the model's ids. */
static gpt_status find_in_model(const gpt__added *added, gpt__bpe_file *file)
{
    for (size_t i = 0; i < added->count; i++) {
        gpt__added_token *token = added->tokens + i;
        int32_t id;
        GPT__TRY(gpt__bpe_file_find(&id, file, token->content));
        if (id >= 0 && token->id >= 0 && token->id != id)
            return gpt__fail(GPT_E_FORMAT, "%s: token \"%s\" has the id %d in the vocabulary and %d among the added",
                             file->path, token->content, (int)id, (int)token->id);
        token->in_model = id >= 0;
        if (token->in_model)
            token->id = id;
    }
    return GPT_OK;
}

/* One more than the largest id that is in use. */
static int32_t used_size(const gpt_tokenizer *tokenizer)
{
    const gpt__tokens *tokens = &tokenizer->bpe.tokens;
    int32_t size = tokens->size;
    while (size > 0 && tokens->flags[size - 1] == 0)
        size--;
    for (size_t i = 0; i < tokenizer->added.count; i++)
        if (tokenizer->added.tokens[i].id >= size)
            size = (int32_t)tokenizer->added.tokens[i].id + 1;
    return size;
}

static gpt_status enter(gpt_tokenizer *tokenizer, gpt__bpe_file *file, const gpt__added_token *token)
{
    /* The reference decodes a token to what was looked for. */
    const char *string = token->normalized_content != NULL ? token->normalized_content : token->content;
    if (!token->in_model)
        GPT__TRY(gpt__bpe_file_token(file, (int32_t)token->id, string, 0));
    if (token->special)
        tokenizer->bpe.tokens.flags[token->id] |= GPT__TOKEN_SPECIAL;
    return GPT_OK;
}

gpt_status gpt__tokenizer_enter_added(gpt_tokenizer *tokenizer, gpt__bpe_file *file, int64_t next)
{
    gpt__added *added = &tokenizer->added;
    GPT__TRY(gpt__added_normalize(added, &tokenizer->normalizer));
    GPT__TRY(find_in_model(added, file));
    if (next < 0)
        next = used_size(tokenizer);
    for (size_t i = 0; i < added->count; i++) {
        gpt__added_token *token = added->tokens + i;
        if (token->id < 0)
            token->id = next++;
        GPT__TRY(enter(tokenizer, file, token));
    }
    tokenizer->bpe.tokens.size = used_size(tokenizer);
    return GPT_OK;
}
