/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_tiktoken.c: OpenAI's rank files, against tiktoken. golden/tokenizers/make_tiktoken.py made short ones. With
 * the environment's TEST_TIKTOKEN naming a directory of <encoding>/cases.jsonl and whole files, those are compared too.
 */
#include "format/json.h"
#include "test.h"

#include <gpt/tokenizer.h>

#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const char *ranks;
} encodings[] = {
    {"r50k_base", "r50k_base"},     {"p50k_base", "p50k_base"},   {"p50k_edit", "p50k_base"},
    {"cl100k_base", "cl100k_base"}, {"o200k_base", "o200k_base"}, {"o200k_harmony", "o200k_base"},
};

#define ENCODINGS (sizeof encodings / sizeof *encodings)

/* Whether the ids of a text are those of a JSON array, and lead back to the text. */
static int is_same(const gpt_tokenizer *tokenizer, const char *text, size_t length, unsigned flags,
                   const cJSON *expected)
{
    int32_t *ids = NULL;
    size_t count, i = 0, back_length;
    char *back = NULL;
    int same = gpt_tokenizer_encode(&ids, &count, tokenizer, text, length, flags) == GPT_OK;
    const cJSON *item = expected->child;
    for (; same && item != NULL; item = item->next, i++)
        same = i < count && ids[i] == (int32_t)item->valuedouble;
    same = same && i == count;
    /* A second way to write a token decodes as the first. */
    if (same && strstr(text, "reserved_200018") == NULL)
        same = gpt_tokenizer_decode(&back, &back_length, tokenizer, ids, count, 0) == GPT_OK &&
               back_length == length && memcmp(back, text, length) == 0;
    gpt_free(ids);
    gpt_free(back);
    return same;
}

static void run_file(const gpt_tokenizer *tokenizer, const char *path)
{
    size_t length = 0;
    int count = 0, same = 0;
    char *text = test_read_file(&length, path);
    for (char *at = text, *end; at != NULL && (end = strchr(at, '\n')) != NULL; at = end + 1) {
        gpt__json line = {0};
        *end = '\0';
        /* The JSON reader ends strings at NUL; other tests have those. */
        if (strstr(at, "\\u0000") != NULL || !EXPECT_OK(gpt__json_parse(&line, at, (size_t)(end - at), path)))
            continue;
        const char *string = gpt__json_member(line.root, "text")->valuestring;
        int good = is_same(tokenizer, string, strlen(string), 0, gpt__json_member(line.root, "ids")) &&
                   is_same(tokenizer, string, strlen(string), GPT_ENCODE_ORDINARY,
                           gpt__json_member(line.root, "ordinary"));
        if (!good)
            printf("# %s: %s\n", path, at);
        same += good;
        count++;
        gpt__json_close(&line);
    }
    EXPECT(count >= 340);
    EXPECT_INT(same, count);
    free(text);
}

static void run_encoding(const char *ranks, const char *name, const char *cases)
{
    gpt_tokenizer *tokenizer = NULL;
    if (EXPECT_OK(gpt_tokenizer_open_tiktoken(&tokenizer, ranks, name)))
        run_file(tokenizer, cases);
    gpt_tokenizer_free(tokenizer);
}

static void short_files(void)
{
    for (size_t i = 0; i < ENCODINGS; i++) {
        char part[128];
        snprintf(part, sizeof part, "golden/tokenizers/tiktoken/%s.tiktoken", encodings[i].ranks);
        char *ranks = test_path(part);
        snprintf(part, sizeof part, "golden/tokenizers/tiktoken/%s.jsonl", encodings[i].name);
        char *cases = test_path(part);
        run_encoding(ranks, encodings[i].name, cases);
        free(ranks);
        free(cases);
    }
}

static void whole_files(void)
{
    const char *parent = getenv("TEST_TIKTOKEN");
    for (size_t i = 0; i < ENCODINGS; i++) {
        char ranks[512], cases[512];
        snprintf(ranks, sizeof ranks, "%s/%s.tiktoken", parent, encodings[i].ranks);
        snprintf(cases, sizeof cases, "%s/%s/cases.jsonl", parent, encodings[i].name);
        run_encoding(ranks, encodings[i].name, cases);
    }
}

/* The name of a file tells its encoding, and what each encoding has of its own. */
static void names_and_sizes(void)
{
    gpt_tokenizer *tokenizer = NULL;
    char *path = test_path("golden/tokenizers/tiktoken/o200k_base.tiktoken");
    if (EXPECT_OK(gpt_tokenizer_open(&tokenizer, path))) {
        EXPECT_INT(gpt_tokenizer_vocab_size(tokenizer), 200019);
        EXPECT_INT(gpt_tokenizer_token_id(tokenizer, "<|endofprompt|>", 15), 200018);
        EXPECT_INT(gpt_tokenizer_token_id(tokenizer, "<|call|>", 8), -1);
        EXPECT_INT(gpt_tokenizer_is_special(tokenizer, 199999), 1);
        EXPECT_INT(gpt_tokenizer_is_special(tokenizer, 100), 0);
    }
    gpt_tokenizer_free(tokenizer);
    if (EXPECT_OK(gpt_tokenizer_open_tiktoken(&tokenizer, path, "o200k_harmony"))) {
        EXPECT_INT(gpt_tokenizer_vocab_size(tokenizer), 201088);
        EXPECT_INT(gpt_tokenizer_token_id(tokenizer, "<|call|>", 8), 200012);
        EXPECT_INT(gpt_tokenizer_token_id(tokenizer, "<|reserved_201087|>", 19), 201087);
    }
    gpt_tokenizer_free(tokenizer);
    EXPECT_STATUS(gpt_tokenizer_open_tiktoken(&tokenizer, path, "o300k_base"), GPT_E_UNSUPPORTED);
    EXPECT(tokenizer == NULL);
    EXPECT_MESSAGE("o300k_base");
    EXPECT_STATUS(gpt_tokenizer_open_tiktoken(&tokenizer, path, NULL), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_tokenizer_open_tiktoken(&tokenizer, NULL, "r50k_base"), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_tokenizer_open_tiktoken(&tokenizer, "/nonexistent/r50k_base.tiktoken", "r50k_base"),
                  GPT_E_NOT_FOUND);
    free(path);
}

/* Files that are broken, each with a part of its message. */
static void broken_files(void)
{
    static const struct {
        const char *text;
        const char *message;
    } cases[] = {
        {"", "no tokens"},
        {"\n\n", "no tokens"},
        {"IQ== 0\nIg==\n", "line 2"},
        {"IQ== 0\nIg== \n", "line 2"},
        {"IQ== 0\nIg== x\n", "line 2"},
        {"IQ== 0\nIg== -1\n", "line 2"},
        {"IQ== 0\nIg== 99999999999\n", "line 2"},
        {"IQ== 0\nIg= 1\n", "line 2"},
        {"IQ== 0\nI!== 1\n", "line 2"},
        {"IQ== 0\nI=== 1\n", "line 2"},
        {"IQ== 0\nIR== 1\n", "line 2"},
        {"IQ== 0\n 1\n", "line 2"},
        {"IQ== 0\nIg== 0\n", "two tokens"},
        {"IQ== 0\nIQ== 1\n", "the same string"},
        {"IQ== 50256\n", "two tokens"},
        {"IQ== 999999999\n", "999999999"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gpt_tokenizer *tokenizer = NULL;
        char *path = test_write_file("r50k_base.tiktoken", cases[i].text, strlen(cases[i].text));
        if (!EXPECT_STATUS(gpt_tokenizer_open(&tokenizer, path), GPT_E_FORMAT) || !EXPECT_MESSAGE(cases[i].message))
            printf("# in the file: %s\n", cases[i].text);
        EXPECT(tokenizer == NULL);
        free(path);
    }
}

/* Tokens are cut in two at each of their bytes: one of megabytes would take days. */
static void long_token(void)
{
    /* In base64, 1024 bytes are 1368 characters, of which two are padding. */
    static const char *const ends[] = {"AA== 0\n", "AAA= 0\n", "AAAA 0\n"};
    static const size_t lengths[] = {1364, 1364, 4000000};
    for (size_t i = 0; i < 3; i++) {
        gpt_tokenizer *tokenizer = NULL;
        char *text = malloc(lengths[i] + strlen(ends[i]) + 1);
        memset(text, 'A', lengths[i]);
        strcpy(text + lengths[i], ends[i]);
        char *path = test_write_file("r50k_base.tiktoken", text, strlen(text));
        EXPECT_STATUS(gpt_tokenizer_open(&tokenizer, path), i == 0 ? GPT_OK : GPT_E_UNSUPPORTED);
        if (i > 0)
            EXPECT_MESSAGE("line 1 has more than 1024 bytes");
        gpt_tokenizer_free(tokenizer);
        free(path);
        free(text);
    }
}

/* A byte that has no token is an error when a text has it, and nothing else. */
static void missing_byte(void)
{
    static const char text[] = "YQ== 7\nYg== 9\nYWI= 3\n";
    gpt_tokenizer *tokenizer = NULL;
    int32_t *ids = NULL;
    size_t count;
    char *path = test_write_file("r50k_base.tiktoken", text, sizeof text - 1);
    if (EXPECT_OK(gpt_tokenizer_open(&tokenizer, path))) {
        EXPECT_OK(gpt_tokenizer_encode(&ids, &count, tokenizer, "abba", 4, 0));
        EXPECT_INT(count, 3);
        EXPECT(ids[0] == 3 && ids[1] == 9 && ids[2] == 7);
        gpt_free(ids);
        EXPECT_STATUS(gpt_tokenizer_encode(&ids, &count, tokenizer, "abc", 3, 0), GPT_E_FORMAT);
        EXPECT_MESSAGE("0x63");
    }
    gpt_tokenizer_free(tokenizer);
    free(path);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(short_files);
    TEST(names_and_sizes);
    TEST(broken_files);
    TEST(long_token);
    TEST(missing_byte);
    if (getenv("TEST_TIKTOKEN") != NULL)
        TEST(whole_files);
    return TEST_END();
}
