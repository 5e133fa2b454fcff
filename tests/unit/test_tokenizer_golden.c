/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_tokenizer_golden.c: ids and decoded text of the reference, Hugging Face's tokenizers, for many strings. */
#include "format/json.h"
#include "test.h"
#include "test_gguf_tokenizer.h"
#include "tokenizer/tokenizer.h"

#include <stdlib.h>
#include <string.h>

/* Opens the tokenizer at tests/golden/tokenizers/<name>. */
static gpt_tokenizer *open_golden(const char *name)
{
    char relative[128];
    gpt_tokenizer *tokenizer = NULL;
    snprintf(relative, sizeof relative, "golden/tokenizers/%s", name);
    char *path = test_path(relative);
    EXPECT_OK(gpt_tokenizer_open(&tokenizer, path));
    free(path);
    return tokenizer;
}

/* Whether the ids are those of a JSON array. */
static int same_ids(const int32_t *ids, size_t count, const cJSON *expected)
{
    size_t i = 0;
    for (const cJSON *item = expected->child; item != NULL; item = item->next, i++)
        if (i == count || ids[i] != (int32_t)item->valuedouble)
            return 0;
    return i == count;
}

/*
 * cJSON ends a string at NUL, so each escaped NUL of a line is read as U+ECCC, which the cases do not use, and put back
 * here. Returns the length.
 */
static size_t restore_nul(char *text)
{
    char *to = text;
    for (const char *from = text; *from != '\0'; to++) {
        int is_nul = strncmp(from, "\xEE\xB3\x8C", 3) == 0;
        *to = is_nul ? '\0' : *from;
        from += is_nul ? 3 : 1;
    }
    return (size_t)(to - text);
}

static void escape_nul(char *line)
{
    for (char *at = line; (at = strstr(at, "\\u0000")) != NULL;)
        memcpy(at, "\\uECCC", 6);
}

static int run_case(const gpt_tokenizer *tokenizer, const cJSON *line)
{
    char *text = gpt__json_member(line, "text")->valuestring;
    char *decoded = gpt__json_member(line, "decoded")->valuestring;
    const cJSON *expected = gpt__json_member(line, "ids");
    size_t text_length = restore_nul(text);
    size_t decoded_length = restore_nul(decoded);
    int32_t *ids = NULL;
    size_t count = 0;
    char *back = NULL;
    size_t length = 0;
    int good = EXPECT_OK(gpt_tokenizer_encode(&ids, &count, tokenizer, text, text_length, 0));
    good &= EXPECT(same_ids(ids, count, expected));
    good &= EXPECT_OK(gpt_tokenizer_decode(&back, &length, tokenizer, ids, count, 0));
    good &= EXPECT_BYTES(back, length, decoded, decoded_length);
    if (!good)
        printf("# text: %s\n", text);
    gpt_free(ids);
    gpt_free(back);
    return good;
}

/* Runs golden/tokenizers/<cases>/cases.jsonl; at least 500 lines must be there. */
static void run_cases(const gpt_tokenizer *tokenizer, const char *cases)
{
    char relative[128];
    size_t length = 0;
    int count = 0;
    snprintf(relative, sizeof relative, "golden/tokenizers/%s/cases.jsonl", cases);
    char *path = test_path(relative);
    char *text = test_read_file(&length, path);
    for (char *at = text, *end; at != NULL && (end = strchr(at, '\n')) != NULL; at = end + 1) {
        gpt__json line = {0};
        *end = '\0';
        escape_nul(at);
        if (!EXPECT_OK(gpt__json_parse(&line, at, (size_t)(end - at), path)))
            continue;
        count += run_case(tokenizer, line.root);
        gpt__json_close(&line);
    }
    EXPECT(count >= 500);
    free(text);
    free(path);
}

static void run_golden(const char *tokenizer_path, const char *cases)
{
    gpt_tokenizer *tokenizer = open_golden(tokenizer_path);
    if (tokenizer != NULL)
        run_cases(tokenizer, cases);
    gpt_tokenizer_free(tokenizer);
}

static void gpt2_style_json(void)
{
    run_golden("gpt2-style/tokenizer.json", "gpt2-style");
}

static void gpt2_style_directory(void)
{
    run_golden("gpt2-style", "gpt2-style");
}

static void gpt2_style_vocab(void)
{
    run_golden("gpt2-style/vocab.json", "gpt2-style");
}

static void gpt2_prefix_space(void)
{
    run_golden("gpt2-prefix-space", "gpt2-prefix-space");
}

static void gpt2_real_vocabulary(void)
{
    run_golden("gpt2", "gpt2");
}

/* GPT-1: words of characters, with the end of each marked. */
static void openai_gpt_style_json(void)
{
    run_golden("openai-gpt-style/tokenizer.json", "openai-gpt-style");
}

static void openai_gpt_style_vocab(void)
{
    run_golden("openai-gpt-style/vocab.json", "openai-gpt-style");
}

/* NFC, and runs of spaces as added tokens. */
static void gpt_neox_style(void)
{
    run_golden("gpt_neox-style", "gpt_neox-style");
}

static void cl100k_style(void)
{
    run_golden("cl100k-style", "cl100k-style");
}

static void o200k_style(void)
{
    run_golden("o200k-style", "o200k-style");
}

/* The same tokenizers in GGUF files. */
static void run_gguf(const char *name, const char *pre)
{
    char relative[128];
    gpt_tokenizer *tokenizer = NULL;
    snprintf(relative, sizeof relative, "golden/tokenizers/%s/tokenizer.json", name);
    char *json = test_path(relative);
    char *gguf = gguf_from_tokenizer(json, pre);
    if (EXPECT_OK(gpt_tokenizer_open(&tokenizer, gguf)))
        run_cases(tokenizer, name);
    gpt_tokenizer_free(tokenizer);
    free(gguf);
    free(json);
}

static void gguf_gpt2_style(void)
{
    run_gguf("gpt2-style", "gpt-2");
}

static void gguf_gpt_neox_style(void)
{
    run_gguf("gpt_neox-style", "olmo");
}

static void gguf_cl100k_style(void)
{
    run_gguf("cl100k-style", "dbrx");
}

static void gguf_o200k_style(void)
{
    run_gguf("o200k-style", "gpt-4o");
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(gpt2_style_json);
    TEST(gpt2_style_directory);
    TEST(gpt2_style_vocab);
    TEST(gpt2_prefix_space);
    TEST(gpt2_real_vocabulary);
    TEST(openai_gpt_style_json);
    TEST(openai_gpt_style_vocab);
    TEST(gpt_neox_style);
    TEST(cl100k_style);
    TEST(o200k_style);
    TEST(gguf_gpt2_style);
    TEST(gguf_gpt_neox_style);
    TEST(gguf_cl100k_style);
    TEST(gguf_o200k_style);
    return TEST_END();
}
