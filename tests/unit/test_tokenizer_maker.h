/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_tokenizer_maker.h: makes small byte-level tokenizer.json files for tests. Ids 0 to 255 are the bytes
 * themselves; merges get the ids from 256 on.
 */
#ifndef TESTS_TEST_TOKENIZER_MAKER_H
#define TESTS_TEST_TOKENIZER_MAKER_H

#include "base/buffer.h"
#include "base/utf8.h"
#include "test.h"
#include "tokenizer/tokenizer.h"

#include <stdlib.h>
#include <string.h>

/* What differs from the plain one; members that are NULL have the default. */
typedef struct maker {
    const char *merges; /* "a b,ab c": strings in the byte alphabet, in the order of their ranks */
    const char *added;  /* the inside of "added_tokens" */
    const char *normalizer;
    const char *pre_tokenizer;
    const char *decoder;
    const char *model; /* further members of the model, each followed by a comma */
    const char *root;  /* further members of the file, each followed by a comma */
} maker;

/* The character of the byte alphabet (GPT-2's bytes_to_unicode). */
static inline size_t maker_byte(char out[8], int byte)
{
    int32_t code = byte;
    if (byte < 0x21)
        code = 0x100 + byte;
    else if (byte >= 0x7F && byte <= 0xA0)
        code = 0x121 + byte - 0x7F;
    else if (byte == 0xAD)
        code = 0x143;
    size_t length = gpt__utf8_encode(out, code);
    out[length] = '\0';
    return length;
}

static inline void maker_add(gpt__buffer *out, const char *text)
{
    if (gpt__buffer_add_string(out, text) != GPT_OK)
        abort();
}

static inline void maker_add_token(gpt__buffer *out, const char *token, int id)
{
    char number[32];
    snprintf(number, sizeof number, "\": %d", id);
    maker_add(out, id > 0 ? ", \"" : "\"");
    if (strcmp(token, "\"") == 0 || strcmp(token, "\\") == 0)
        maker_add(out, "\\");
    maker_add(out, token);
    maker_add(out, number);
}

/* Adds the vocabulary: an object in braces. */
static inline void maker_add_vocab(gpt__buffer *out, const char *merges)
{
    char token[256];
    int id = 0;
    maker_add(out, "{");
    for (; id < 256; id++) {
        maker_byte(token, id);
        maker_add_token(out, token, id);
    }
    for (const char *at = merges; *at != '\0'; at += *at == ',') {
        size_t length = 0;
        for (; *at != '\0' && *at != ','; at++)
            if (*at != ' ')
                token[length++] = *at;
        token[length] = '\0';
        maker_add_token(out, token, id++);
    }
    maker_add(out, "}");
}

static inline void maker_add_merges(gpt__buffer *out, const char *merges)
{
    maker_add(out, "[");
    for (const char *at = merges; *at != '\0';) {
        size_t length = strcspn(at, ",");
        maker_add(out, at == merges ? "\"" : ", \"");
        if (gpt__buffer_add(out, at, length) != GPT_OK)
            abort();
        maker_add(out, "\"");
        at += length + (at[length] == ',');
    }
    maker_add(out, "]");
}

static inline const char *maker_or(const char *text, const char *otherwise)
{
    return text != NULL ? text : otherwise;
}

/* The file's text, freed with gpt_free. */
static inline char *maker_text(const maker *m)
{
    gpt__buffer out = {0};
    char *text;
    size_t length;
    maker_add(&out, "{\"version\": \"1.0\", ");
    maker_add(&out, maker_or(m->root, ""));
    maker_add(&out, "\"added_tokens\": [");
    maker_add(&out, maker_or(m->added, ""));
    maker_add(&out, "], \"normalizer\": ");
    maker_add(&out, maker_or(m->normalizer, "null"));
    maker_add(&out, ", \"pre_tokenizer\": ");
    maker_add(&out, maker_or(m->pre_tokenizer, "{\"type\": \"ByteLevel\", \"add_prefix_space\": false}"));
    maker_add(&out, ", \"decoder\": ");
    maker_add(&out, maker_or(m->decoder, "{\"type\": \"ByteLevel\"}"));
    maker_add(&out, ", \"model\": {");
    maker_add(&out, maker_or(m->model, "\"type\": \"BPE\", "));
    maker_add(&out, "\"vocab\": ");
    maker_add_vocab(&out, maker_or(m->merges, ""));
    maker_add(&out, ", \"merges\": ");
    maker_add_merges(&out, maker_or(m->merges, ""));
    maker_add(&out, "}}");
    if (gpt__buffer_take(&text, &length, &out) != GPT_OK)
        abort();
    return text;
}

static inline gpt_status maker_open_text(gpt_tokenizer **out, const char *text, size_t length)
{
    char *path = test_write_file("tokenizer.json", text, length);
    gpt_status status = gpt_tokenizer_open(out, path);
    free(path);
    return status;
}

static inline gpt_status maker_open(gpt_tokenizer **out, maker m)
{
    char *text = maker_text(&m);
    gpt_status status = maker_open_text(out, text, strlen(text));
    gpt_free(text);
    return status;
}

/* Encodes text and compares with ids; the list ends at -1. */
static inline void expect_ids(const gpt_tokenizer *tokenizer, const char *text, size_t length, unsigned flags,
                              const int32_t *expected, const char *file, int line)
{
    int32_t *ids = NULL;
    size_t count = 0;
    size_t wanted = 0;
    while (expected[wanted] >= 0)
        wanted++;
    test_status(gpt_tokenizer_encode(&ids, &count, tokenizer, text, length, flags), GPT_OK, text, file, line);
    if (test_int((int64_t)count, (int64_t)wanted, text, file, line))
        for (size_t i = 0; i < count; i++)
            test_int(ids[i], expected[i], text, file, line);
    gpt_free(ids);
}

#define EXPECT_IDS(tokenizer, text, flags, ...) \
    expect_ids(tokenizer, text, sizeof(text) - 1, flags, (const int32_t[]){__VA_ARGS__, -1}, __FILE__, __LINE__)

/* Decodes ids and compares; the list ends at -1. */
static inline void expect_text(const gpt_tokenizer *tokenizer, const int32_t *ids, unsigned flags, const char *expected,
                               size_t length, const char *file, int line)
{
    char *text = NULL;
    size_t found = 0;
    size_t count = 0;
    while (ids[count] >= 0)
        count++;
    test_status(gpt_tokenizer_decode(&text, &found, tokenizer, ids, count, flags), GPT_OK, expected, file, line);
    test_bytes(text, found, expected, length, "decoded", file, line);
    test_true(text != NULL && text[found] == '\0', "a NUL follows", file, line);
    gpt_free(text);
}

#define EXPECT_TEXT(tokenizer, expected, flags, ...)                                                              \
    expect_text(tokenizer, (const int32_t[]){__VA_ARGS__, -1}, flags, expected, sizeof(expected) - 1, __FILE__,   \
                __LINE__)

#endif
