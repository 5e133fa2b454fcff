/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_tokenizer_memory.c: the n-th allocation fails, for each n: a status, nothing half done, nothing leaked. */
#include "test_tokenizer_maker.h"

static const maker subject = {
    .merges = "a b,ab c,b c",
    .added = "{\"id\": 259, \"content\": \"<x>\", \"special\": true}, {\"id\": 260, \"content\": \"y y\"},"
             "{\"id\": 261, \"content\": \"00\"}, {\"id\": 262, \"content\": \"zzz\"},"
             "{\"id\": 263, \"content\": \"z0\"}, {\"id\": 264, \"content\": \"z1\"},"
             "{\"id\": 265, \"content\": \"z2\"}, {\"id\": 266, \"content\": \"z3\"},"
             "{\"id\": 267, \"content\": \"z4\"}, {\"id\": 268, \"content\": \"z5\"}",
    .pre_tokenizer = "{\"type\": \"ByteLevel\", \"add_prefix_space\": true}"};

/* Opens a path again and again, one more allocation succeeding each time, until all do. */
static void fail_opening(const char *path, int every_later)
{
    gpt_status status = GPT_E_MEMORY;
    for (long n = 0; n < 2000 && status != GPT_OK; n++) {
        gpt_tokenizer *t = (gpt_tokenizer *)1;
        gpt__fail_allocation_after(n, every_later);
        status = gpt_tokenizer_open(&t, path);
        gpt__fail_allocation_after(-1, 0);
        if (status != GPT_OK)
            EXPECT_STATUS(status, GPT_E_MEMORY);
        EXPECT((t == NULL) == (status != GPT_OK));
        gpt_tokenizer_free(t);
    }
    EXPECT_OK(status);
}

static void opening_json(void)
{
    char *text = maker_text(&subject);
    char *path = test_write_file("tokenizer.json", text, strlen(text));
    fail_opening(path, 0);
    fail_opening(path, 1);
    fail_opening(test_directory(), 0);
    remove(path);
    free(path);
    gpt_free(text);
}

static void opening_vocab_and_merges(void)
{
    gpt__buffer vocab = {0};
    maker_add_vocab(&vocab, "a b,ab c");
    free(test_write_file("vocab.json", vocab.bytes, vocab.length));
    free(test_write_file("merges.txt", "#version: 0.2\na b\nab c\n", 23));
    free(test_write_file("added_tokens.json", "{\"<x>\": 258}", 12));
    free(test_write_file("special_tokens_map.json", "{\"pad_token\": \"<pad>\"}", 22));
    free(test_write_file("tokenizer_config.json", "{\"add_prefix_space\": true}", 26));
    gpt__buffer_release(&vocab);
    fail_opening(test_directory(), 0);
    fail_opening(test_directory(), 1);
}

static void encoding_and_decoding(void)
{
    gpt_tokenizer *t = NULL;
    char text[3000];
    gpt_status status = GPT_E_MEMORY;
    int32_t *ids = NULL;
    size_t count = 0;
    EXPECT_OK(maker_open(&t, subject));
    /* Broken UTF-8, added tokens, many pieces, and one that is long. */
    memset(text, 'a', sizeof text);
    memcpy(text, "ab\xFF<x>", 6);
    for (size_t i = 100; i < 2000; i += 3)
        text[i] = ' ';
    for (long n = 0; n < 1000 && status != GPT_OK; n++) {
        gpt__fail_allocation_after(n, 1);
        status = gpt_tokenizer_encode(&ids, &count, t, text, sizeof text, 0);
        gpt__fail_allocation_after(-1, 0);
        EXPECT((ids != NULL) == (status == GPT_OK));
        if (status != GPT_OK)
            EXPECT_STATUS(status, GPT_E_MEMORY);
    }
    EXPECT_OK(status);
    EXPECT(count > 1000);
    status = GPT_E_MEMORY;
    for (long n = 0; n < 1000 && status != GPT_OK; n++) {
        char *back = NULL;
        size_t length;
        ids[0] = 0xE2;
        gpt__fail_allocation_after(n, 1);
        status = gpt_tokenizer_decode(&back, &length, t, ids, count, 0);
        gpt__fail_allocation_after(-1, 0);
        EXPECT((back != NULL) == (status == GPT_OK));
        gpt_free(back);
    }
    EXPECT_OK(status);
    gpt_free(ids);
    gpt_tokenizer_free(t);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(opening_json);
    TEST(opening_vocab_and_merges);
    TEST(encoding_and_decoding);
    return TEST_END();
}
