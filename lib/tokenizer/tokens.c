/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/tokens.c: filling the vocabulary, with the checks that a file's ids and strings need. */
#include "tokenizer/tokens.h"

gpt_status gpt__tokens_begin(gpt__tokens *tokens, int64_t size, size_t count, const char *path)
{
    if (size > GPT__MAX_VOCAB)
        return gpt__fail(GPT_E_FORMAT, "%s: token id %lld is too large, at most %d are expected", path,
                         (long long)size - 1, GPT__MAX_VOCAB);
    size_t ids = (size_t)size;
    tokens->size = (int32_t)size;
    /* Zeroed pages that no id uses stay unused, so a lone large id costs address space and not memory. */
    tokens->starts = gpt__allocate_zeroed(ids, sizeof *tokens->starts);
    tokens->lengths = gpt__allocate_zeroed(ids, sizeof *tokens->lengths);
    tokens->flags = gpt__allocate_zeroed(ids, sizeof *tokens->flags);
    if (tokens->starts == NULL || tokens->lengths == NULL || tokens->flags == NULL)
        return GPT_E_MEMORY;
    GPT__TRY(gpt__buffer_add(&tokens->bytes, "", 0));
    return gpt__byte_map_reserve(&tokens->pieces, count);
}

/* Enters id into a map; when another id has the same bytes, the smaller one stays. */
static gpt_status add_other(gpt__tokens *tokens, int32_t id, size_t length)
{
    int32_t present;
    gpt__byte_source source = gpt__tokens_source(tokens);
    GPT__TRY(gpt__byte_map_add(&tokens->others, &present, source, id, length));
    const char *bytes = source.bytes + source.starts[id];
    if (present > id)
        gpt__byte_map_slot(&tokens->others, source, bytes, length)->id_and_flag = (uint32_t)id;
    return GPT_OK;
}

gpt_status gpt__tokens_add(gpt__tokens *tokens, int32_t id, const char *bytes, size_t length, int is_piece,
                           const char *path)
{
    if (id < 0 || id >= tokens->size)
        return gpt__fail(GPT_E_FORMAT, "%s: token id %d is outside 0 to %d", path, (int)id, (int)tokens->size - 1);
    if (tokens->flags[id] != 0)
        return gpt__fail(GPT_E_FORMAT, "%s: two tokens have the id %d", path, (int)id);
    if (length > UINT32_MAX - tokens->bytes.length)
        return gpt__fail(GPT_E_FORMAT, "%s: the tokens have more than 4 GB", path);
    tokens->starts[id] = (uint32_t)tokens->bytes.length;
    tokens->lengths[id] = (uint32_t)length;
    tokens->flags[id] = GPT__TOKEN_PRESENT;
    GPT__TRY(gpt__buffer_add(&tokens->bytes, bytes, length));
    if (!is_piece || length == 0)
        return add_other(tokens, id, length);
    int32_t present;
    GPT__TRY(gpt__byte_map_add(&tokens->pieces, &present, gpt__tokens_source(tokens), id, length));
    if (present >= 0)
        return gpt__fail(GPT_E_FORMAT, "%s: tokens %d and %d are the same string", path, (int)present, (int)id);
    return GPT_OK;
}

void gpt__tokens_release(gpt__tokens *tokens)
{
    gpt__buffer_release(&tokens->bytes);
    gpt__release(tokens->starts);
    gpt__release(tokens->lengths);
    gpt__release(tokens->flags);
    gpt__byte_map_release(&tokens->pieces);
    gpt__byte_map_release(&tokens->others);
    *tokens = (gpt__tokens){0};
}
