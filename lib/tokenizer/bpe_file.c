/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/bpe_file.c: tokens and merges as files write them, into the tables that encoding reads. */
#include "tokenizer/bpe_file.h"

#include "tokenizer/words.h"

#include <string.h>

void gpt__bpe_file_begin(gpt__bpe_file *file, gpt__bpe *bpe, const char *path)
{
    *file = (gpt__bpe_file){.bpe = bpe, .path = path};
    gpt__byte_alphabet_fill(&file->alphabet);
}

void gpt__bpe_file_end(gpt__bpe_file *file)
{
    gpt__buffer_release(&file->bytes);
}

gpt_status gpt__bpe_file_id(int64_t *id, const char *path, const cJSON *item)
{
    double value = item->valuedouble;
    if (!cJSON_IsNumber(item) || !(value >= 0 && value < GPT__MAX_VOCAB) || value != (double)(int64_t)value)
        return gpt__fail(GPT_E_FORMAT, "%s: the id of the token \"%s\" should be a whole number from 0 to %d", path,
                         item->string, GPT__MAX_VOCAB - 1);
    *id = (int64_t)value;
    return GPT_OK;
}

gpt_status gpt__bpe_file_size(int64_t *size, size_t *count, const gpt__bpe_file *file, const cJSON *vocab)
{
    *size = 0;
    *count = 0;
    for (const cJSON *item = vocab->child; item != NULL; item = item->next) {
        int64_t id;
        GPT__TRY(gpt__bpe_file_id(&id, file->path, item));
        if (id >= *size)
            *size = id + 1;
        ++*count;
    }
    return GPT_OK;
}

/* Adds to file->bytes what a string of the vocabulary stands for; *decodable as gpt__byte_alphabet_decode sets it. */
static gpt_status to_bytes(gpt__bpe_file *file, int *decodable, const char *string, size_t length)
{
    const size_t suffix = sizeof GPT__WORD_END - 1;
    if (!file->bpe->words)
        return gpt__byte_alphabet_decode(&file->bytes, decodable, &file->alphabet, string, length);
    *decodable = 1;
    if (length < suffix || memcmp(string + length - suffix, GPT__WORD_END, suffix) != 0)
        return gpt__buffer_add(&file->bytes, string, length);
    GPT__TRY(gpt__buffer_add(&file->bytes, string, length - suffix));
    return gpt__buffer_add(&file->bytes, " ", 1);
}

gpt_status gpt__bpe_file_token(gpt__bpe_file *file, int32_t id, const char *string, int of_model)
{
    int decodable;
    file->bytes.length = 0;
    GPT__TRY(to_bytes(file, &decodable, string, strlen(string)));
    return gpt__tokens_add(&file->bpe->tokens, id, file->bytes.bytes, file->bytes.length, of_model && decodable,
                           file->path);
}

gpt_status gpt__bpe_file_vocab(gpt__bpe_file *file, const cJSON *vocab)
{
    for (const cJSON *item = vocab->child; item != NULL; item = item->next)
        GPT__TRY(gpt__bpe_file_token(file, (int32_t)item->valuedouble, item->string, 1));
    return GPT_OK;
}

/* The token of the model with these bytes: one that is written outside the byte alphabet stands among the others. */
static int32_t find(const gpt__bpe_file *file, const char *bytes, size_t length, int decodable)
{
    const gpt__tokens *tokens = &file->bpe->tokens;
    return decodable && length > 0 ? gpt__tokens_find_piece(tokens, bytes, length)
                                   : gpt__tokens_find_other(tokens, bytes, length);
}

gpt_status gpt__bpe_file_find(int32_t *id, gpt__bpe_file *file, const char *string)
{
    int decodable;
    file->bytes.length = 0;
    GPT__TRY(to_bytes(file, &decodable, string, strlen(string)));
    *id = find(file, file->bytes.bytes, file->bytes.length, decodable);
    return GPT_OK;
}

static gpt_status fail_merge(const gpt__bpe_file *file, uint32_t rank, const char *what)
{
    return gpt__fail(GPT_E_FORMAT, "%s: merge %u %s", file->path, (unsigned)rank, what);
}

/*
 * A merge that names a token outside the byte alphabet can never apply, because a piece begins as bytes; its tokens
 * must exist nevertheless.
 */
static gpt_status check_unreachable(gpt__bpe_file *file, const char *left, size_t left_length, const char *right,
                                    size_t right_length, uint32_t rank)
{
    gpt__buffer *bytes = &file->bytes;
    int32_t ids[3] = {-1, -1, -1};
    int decodable;
    bytes->length = 0;
    GPT__TRY(to_bytes(file, &decodable, left, left_length));
    ids[0] = find(file, bytes->bytes, bytes->length, decodable);
    bytes->length = 0;
    GPT__TRY(to_bytes(file, &decodable, right, right_length));
    ids[1] = find(file, bytes->bytes, bytes->length, decodable);
    bytes->length = 0;
    GPT__TRY(gpt__buffer_add(bytes, left, left_length));
    GPT__TRY(gpt__buffer_add(bytes, right, right_length));
    ids[2] = find(file, bytes->bytes, bytes->length, 0);
    if (ids[0] < 0 || ids[1] < 0 || ids[2] < 0)
        return fail_merge(file, rank, "names a token that is not in the vocabulary");
    return GPT_OK;
}

gpt_status gpt__bpe_file_merge(gpt__bpe_file *file, const char *left, size_t left_length, const char *right,
                               size_t right_length, uint32_t rank)
{
    gpt__buffer *bytes = &file->bytes;
    int left_decodable, right_decodable;
    if (left_length == 0 || right_length == 0)
        return fail_merge(file, rank, "has an empty side");
    bytes->length = 0;
    GPT__TRY(to_bytes(file, &left_decodable, left, left_length));
    size_t middle = bytes->length;
    GPT__TRY(to_bytes(file, &right_decodable, right, right_length));
    if (!left_decodable || !right_decodable)
        return check_unreachable(file, left, left_length, right, right_length, rank);
    int32_t left_id = find(file, bytes->bytes, middle, 1);
    int32_t right_id = find(file, bytes->bytes + middle, bytes->length - middle, 1);
    int32_t merged = find(file, bytes->bytes, bytes->length, 1);
    if (left_id < 0 || right_id < 0)
        return fail_merge(file, rank, "names a token that is not in the vocabulary");
    if (merged < 0)
        return fail_merge(file, rank, "makes a token that is not in the vocabulary");
    gpt__merges_set(&file->bpe->merges, left_id, right_id, rank, merged);
    return GPT_OK;
}

gpt_status gpt__bpe_file_merge_line(gpt__bpe_file *file, const char *line, size_t length, uint32_t rank)
{
    const char *space = memchr(line, ' ', length);
    size_t left = space != NULL ? (size_t)(space - line) : 0;
    if (space == NULL || memchr(space + 1, ' ', length - left - 1) != NULL)
        return fail_merge(file, rank, "should be two tokens with one space between");
    return gpt__bpe_file_merge(file, line, left, space + 1, length - left - 1, rank);
}
