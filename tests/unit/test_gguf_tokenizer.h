/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_gguf_tokenizer.h: a tokenizer.json written as the metadata of a GGUF file, the way llama.cpp's converter
 * does it: tokens by id, added ones as control or user-defined tokens, merges as "left right".
 */
#ifndef TESTS_TEST_GGUF_TOKENIZER_H
#define TESTS_TEST_GGUF_TOKENIZER_H

#include "format/json.h"
#include "test_gguf_maker.h"

typedef struct gguf_tokens {
    const char **strings;
    uint32_t *kinds;
    size_t count;
} gguf_tokens;

static inline void gguf_tokens_set(gguf_tokens *t, size_t id, const char *string, uint32_t kind)
{
    while (t->count <= id) {
        t->strings = realloc(t->strings, (t->count + 1) * sizeof *t->strings);
        t->kinds = realloc(t->kinds, (t->count + 1) * sizeof *t->kinds);
        if (t->strings == NULL || t->kinds == NULL)
            abort();
        /* As for an id that the vocabulary leaves out. */
        t->strings[t->count] = "[PAD]";
        t->kinds[t->count++] = 5;
    }
    t->strings[id] = string;
    t->kinds[id] = kind;
}

static inline void gguf_add_tokens(gguf_maker *m, const cJSON *root)
{
    gguf_tokens t = {0};
    const cJSON *item;
    cJSON_ArrayForEach(item, gpt__json_member(gpt__json_member(root, "model"), "vocab"))
        gguf_tokens_set(&t, (size_t)item->valuedouble, item->string, 1);
    cJSON_ArrayForEach(item, gpt__json_member(root, "added_tokens"))
        gguf_tokens_set(&t, (size_t)gpt__json_member(item, "id")->valuedouble,
                        gpt__json_member(item, "content")->valuestring,
                        cJSON_IsTrue(gpt__json_member(item, "special")) ? 3 : 4);
    gguf_strings(m, "tokenizer.ggml.tokens", t.strings, t.count);
    gguf_array(m, "tokenizer.ggml.token_type", GPT__GGUF_I32, t.count);
    for (size_t i = 0; i < t.count; i++)
        gguf_number(&m->keys, t.kinds[i], 4);
    free(t.strings);
    free(t.kinds);
}

static inline void gguf_add_merges(gguf_maker *m, const cJSON *root)
{
    const cJSON *merges = gpt__json_member(gpt__json_member(root, "model"), "merges");
    const cJSON *item;
    gguf_array(m, "tokenizer.ggml.merges", GPT__GGUF_STRING, (uint64_t)cJSON_GetArraySize(merges));
    cJSON_ArrayForEach(item, merges) {
        char line[512];
        if (cJSON_IsArray(item))
            snprintf(line, sizeof line, "%s %s", item->child->valuestring, item->child->next->valuestring);
        gguf_text(&m->keys, cJSON_IsArray(item) ? line : item->valuestring);
    }
}

/* The path of a GGUF file with the tokenizer of the tokenizer.json at path; freed with free. */
static inline char *gguf_from_tokenizer(const char *path, const char *pre)
{
    gpt__json json = {0};
    gguf_maker m;
    gguf_begin(&m);
    gguf_string(&m, "general.architecture", "gpt2");
    gguf_string(&m, "tokenizer.ggml.model", "gpt2");
    gguf_string(&m, "tokenizer.ggml.pre", pre);
    if (EXPECT_OK(gpt__json_open(&json, path))) {
        gguf_add_tokens(&m, json.root);
        gguf_add_merges(&m, json.root);
    }
    char *written = gguf_write(&m, "tokenizer.gguf");
    gguf_free(&m);
    gpt__json_close(&json);
    return written;
}

#endif
