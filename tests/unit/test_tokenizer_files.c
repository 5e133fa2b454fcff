/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_tokenizer_files.c: files that are broken, hostile or ask for what is not done; and vocab.json directories.
 */
#include "test_tokenizer_maker.h"

#include <gpt/log.h>

static void expect_refused(maker m, gpt_status status, const char *part)
{
    gpt_tokenizer *t = (gpt_tokenizer *)1;
    EXPECT_STATUS(maker_open(&t, m), status);
    EXPECT_MESSAGE("tokenizer.json");
    EXPECT_MESSAGE(part);
    EXPECT(t == NULL);
}

static void expect_text_refused(const char *text, gpt_status status, const char *part)
{
    gpt_tokenizer *t = (gpt_tokenizer *)1;
    EXPECT_STATUS(maker_open_text(&t, text, strlen(text)), status);
    EXPECT_MESSAGE(part);
    EXPECT(t == NULL);
}

static void refuses_parts_by_name(void)
{
    expect_refused((maker){.normalizer = "{\"type\": \"Precompiled\"}"}, GPT_E_UNSUPPORTED, "Precompiled");
    expect_refused((maker){.normalizer = "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"Nmt\"}]}"},
                   GPT_E_UNSUPPORTED, "Nmt");
    expect_refused((maker){.normalizer = "[]"}, GPT_E_FORMAT, "normalizer");
    expect_refused((maker){.normalizer = "{\"type\": 3}"}, GPT_E_FORMAT, "\"type\"");
    expect_refused((maker){.pre_tokenizer = "{\"type\": \"Metaspace\"}"}, GPT_E_UNSUPPORTED, "Metaspace");
    expect_refused((maker){.pre_tokenizer = "null"}, GPT_E_UNSUPPORTED, "pre_tokenizer");
    expect_refused((maker){.pre_tokenizer = "{\"type\": \"ByteLevel\"}"}, GPT_E_FORMAT, "add_prefix_space");
    expect_refused((maker){.pre_tokenizer = "{\"type\": \"Sequence\", \"pretokenizers\": ["
                                            "{\"type\": \"ByteLevel\", \"add_prefix_space\": false},"
                                            "{\"type\": \"ByteLevel\", \"add_prefix_space\": false}]}"},
                   GPT_E_UNSUPPORTED, "after \"ByteLevel\"");
    expect_refused((maker){.decoder = "{\"type\": \"Metaspace\"}"}, GPT_E_UNSUPPORTED, "Metaspace");
    expect_refused((maker){.decoder = "null"}, GPT_E_UNSUPPORTED, "decoder");
    expect_refused((maker){.decoder = "\"ByteLevel\""}, GPT_E_FORMAT, "decoder");
    expect_refused((maker){.root = "\"post_processor\": {\"type\": \"BertProcessing\"},"}, GPT_E_UNSUPPORTED,
                   "BertProcessing");
    expect_refused((maker){.root = "\"post_processor\": {\"type\": \"Sequence\","
                                   "\"processors\": [{\"type\": \"X\"}]},"},
                   GPT_E_UNSUPPORTED, "\"X\"");
}

#define SPLIT(inside) "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Split\", " inside "}]}"

static void refuses_splits_by_name(void)
{
    expect_refused((maker){.pre_tokenizer = SPLIT("\"behavior\": \"Merged\"")}, GPT_E_UNSUPPORTED, "Merged");
    expect_refused((maker){.pre_tokenizer = SPLIT("\"behavior\": \"Isolated\"")}, GPT_E_UNSUPPORTED, "Regex");
    /* Patterns are compiled when all else is in order. */
    expect_refused((maker){.pre_tokenizer = SPLIT("\"behavior\": \"Isolated\", \"pattern\": {\"Regex\": \"a+(b\"}}, "
                                                  "{\"type\": \"ByteLevel\", \"add_prefix_space\": false")},
                   GPT_E_UNSUPPORTED, "a+(b");
    expect_refused((maker){.pre_tokenizer = SPLIT("\"behavior\": \"Isolated\", \"pattern\": \"x\"")}, GPT_E_FORMAT,
                   "pattern");
}

static void refuses_model_settings_by_name(void)
{
    expect_refused((maker){.model = "\"type\": \"Unigram\","}, GPT_E_UNSUPPORTED, "Unigram");
    expect_refused((maker){.model = "\"type\": \"WordPiece\","}, GPT_E_UNSUPPORTED, "WordPiece");
    expect_refused((maker){.model = "\"dropout\": 0.1,"}, GPT_E_UNSUPPORTED, "dropout");
    expect_refused((maker){.model = "\"byte_fallback\": true,"}, GPT_E_UNSUPPORTED, "byte_fallback");
    expect_refused((maker){.model = "\"continuing_subword_prefix\": \"##\","}, GPT_E_UNSUPPORTED,
                   "continuing_subword_prefix");
    expect_refused((maker){.model = "\"end_of_word_suffix\": \"</w>\","}, GPT_E_UNSUPPORTED, "together");
    expect_refused((maker){.model = "\"end_of_word_suffix\": \"_\","}, GPT_E_UNSUPPORTED, "end_of_word_suffix");
    expect_refused((maker){.pre_tokenizer = "{\"type\": \"BertPreTokenizer\"}"}, GPT_E_UNSUPPORTED, "together");
    expect_refused((maker){.model = "\"fuse_unk\": 1,"}, GPT_E_FORMAT, "fuse_unk");
    expect_refused((maker){.model = "\"unk_token\": 1,"}, GPT_E_FORMAT, "unk_token");
}

static void accepts_what_changes_nothing(void)
{
    gpt_tokenizer *t = NULL;
    maker m = {.merges = "a b"};
    m.model = "\"type\": \"BPE\", \"dropout\": null, \"byte_fallback\": false, \"continuing_subword_prefix\": \"\","
              "\"end_of_word_suffix\": \"\", \"fuse_unk\": false, \"unk_token\": null,";
    m.normalizer = "{\"type\": \"Sequence\", \"normalizers\": []}";
    m.root = "\"post_processor\": {\"type\": \"Sequence\", \"processors\": [{\"type\": \"ByteLevel\"},"
             "{\"type\": \"TemplateProcessing\"}]},";
    EXPECT_OK(maker_open(&t, m));
    EXPECT_IDS(t, "abc", 0, 256, 'c');
    gpt_tokenizer_free(t);
}

static void remember_line(gpt_log_level level, const char *line, void *user)
{
    (void)level;
    snprintf(user, 256, "%s", line);
}

static void logs_truncation(void)
{
    gpt_tokenizer *t = NULL;
    char line[256] = "";
    gpt_log_set_callback(remember_line, GPT_LOG_WARNING, line);
    EXPECT_OK(maker_open(&t, (maker){.root = "\"truncation\": {\"max_length\": 1},"}));
    gpt_log_set_callback(NULL, GPT_LOG_WARNING, NULL);
    EXPECT(strstr(line, "truncation") != NULL);
    EXPECT_IDS(t, "ab", 0, 'a', 'b');
    gpt_tokenizer_free(t);
}

#define MODEL(inside) \
    "{\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false}," \
    "\"decoder\": {\"type\": \"ByteLevel\"}, \"model\": {" inside "}}"

static void refuses_broken_vocabularies(void)
{
    expect_text_refused(MODEL("\"merges\": []"), GPT_E_FORMAT, "vocab");
    expect_text_refused(MODEL("\"vocab\": {}"), GPT_E_FORMAT, "merges");
    expect_text_refused(MODEL("\"vocab\": [], \"merges\": []"), GPT_E_FORMAT, "vocab");
    expect_text_refused(MODEL("\"vocab\": {\"a\": -1}, \"merges\": []"), GPT_E_FORMAT, "\"a\"");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 0.5}, \"merges\": []"), GPT_E_FORMAT, "\"a\"");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 1e300}, \"merges\": []"), GPT_E_FORMAT, "\"a\"");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 16777216}, \"merges\": []"), GPT_E_FORMAT, "16777215");
    expect_text_refused(MODEL("\"vocab\": {\"a\": \"0\"}, \"merges\": []"), GPT_E_FORMAT, "\"a\"");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 1, \"b\": 1}, \"merges\": []"), GPT_E_FORMAT, "id 1");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 1, \"a\": 2}, \"merges\": []"), GPT_E_FORMAT, "same string");
    expect_text_refused(MODEL("\"vocab\": {\"a\\u0000b\": 1}, \"merges\": []"), GPT_E_UNSUPPORTED, "U+0000");
    expect_text_refused("{\"model\": 3}", GPT_E_UNSUPPORTED, "pre_tokenizer");
    expect_text_refused("[]", GPT_E_FORMAT, "object");
    expect_text_refused("3", GPT_E_FORMAT, "object");
    expect_text_refused("", GPT_E_FORMAT, "JSON");
    expect_text_refused("{}", GPT_E_UNSUPPORTED, "pre_tokenizer");
    expect_text_refused("{\"a\xFF\": 1}", GPT_E_FORMAT, "UTF-8");
}

/* A byte that is zero, which JSON has nowhere, would end a token early; here it stands for the question mark. */
static void refuses_zero_bytes(void)
{
    char text[] = MODEL("\"vocab\": {\"a?b\": 1}, \"merges\": []");
    gpt_tokenizer *t = (gpt_tokenizer *)1;
    *strchr(text, '?') = '\0';
    EXPECT_STATUS(maker_open_text(&t, text, sizeof text - 1), GPT_E_FORMAT);
    EXPECT_MESSAGE("zero");
    EXPECT(t == NULL);
}

/* The largest id that is allowed costs address space only. */
static void allows_gaps_between_ids(void)
{
    gpt_tokenizer *t = NULL;
    const char text[] = MODEL("\"vocab\": {\"a\": 16777215, \"\": 7, \"\\\\u0000\": 8, \"b\": 9}, \"merges\": []");
    size_t length;
    EXPECT_OK(maker_open_text(&t, text, sizeof text - 1));
    EXPECT_INT(gpt_tokenizer_vocab_size(t), 1 << 24);
    EXPECT_IDS(t, "ba", 0, 9, 16777215);
    EXPECT_TEXT(t, "a", 0, 7, 16777215, 100);
    EXPECT_BYTES(gpt_tokenizer_token_bytes(&length, t, 100), 0, "", 0);
    EXPECT_BYTES(gpt_tokenizer_token_bytes(&length, t, 8), 6, "\\u0000", 6);
    EXPECT_INT(gpt_tokenizer_token_id(t, "", 0), 7);
    gpt_tokenizer_free(t);
}

static void refuses_broken_merges(void)
{
    expect_text_refused(MODEL("\"vocab\": {\"a\": 0, \"b\": 1}, \"merges\": [\"a b\"]"), GPT_E_FORMAT, "merge 0 makes");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 0}, \"merges\": [\"a x\"]"), GPT_E_FORMAT, "merge 0 names");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 0}, \"merges\": [\"a\"]"), GPT_E_FORMAT, "one space");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 0}, \"merges\": [\"a a a\"]"), GPT_E_FORMAT, "one space");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 0, \"\": 1}, \"merges\": [\" a\"]"), GPT_E_FORMAT, "empty");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 0, \"\": 1}, \"merges\": [[\"a\", \"\"]]"), GPT_E_FORMAT, "empty");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 0}, \"merges\": [[\"a\"]]"), GPT_E_FORMAT, "two");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 0}, \"merges\": [[\"a\", \"a\", \"a\"]]"), GPT_E_FORMAT, "two");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 0}, \"merges\": [[\"a\", 1]]"), GPT_E_FORMAT, "two");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 0}, \"merges\": [7]"), GPT_E_FORMAT, "two");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 0}, \"merges\": \"a a\""), GPT_E_FORMAT, "merges");
    expect_text_refused(MODEL("\"vocab\": {\"a\": 0}, \"merges\": [[\"a\", \" \"]]"), GPT_E_FORMAT, "merge 0 names");
}

/*
 * Tokens outside the byte alphabet, which no text leads to, and a merge of them; a merge twice, whose later rank
 * counts.
 */
static void allows_odd_merges(void)
{
    gpt_tokenizer *t = NULL;
    const char text[] = MODEL("\"vocab\": {\"a\": 0, \"b\": 1, \"c\": 2, \"ab\": 3, \"bc\": 4, \" \": 5, \"a \": 6},"
                              "\"merges\": [\"a b\", [\"a\", \" \"], \"b c\", \"a b\"]");
    EXPECT_OK(maker_open_text(&t, text, sizeof text - 1));
    EXPECT_IDS(t, "abc", 0, 0, 4);
    EXPECT_TEXT(t, " a ", 0, 5, 6);
    EXPECT_INT(gpt_tokenizer_token_id(t, "a ", 2), 6);
    gpt_tokenizer_free(t);
}

static void refuses_broken_added_tokens(void)
{
    expect_refused((maker){.added = "3"}, GPT_E_FORMAT, "object");
    expect_refused((maker){.added = "{\"id\": 256}"}, GPT_E_FORMAT, "content");
    expect_refused((maker){.added = "{\"id\": -1, \"content\": \"x\"}"}, GPT_E_FORMAT, "\"id\"");
    expect_refused((maker){.added = "{\"id\": 16777216, \"content\": \"x\"}"}, GPT_E_FORMAT, "\"id\"");
    expect_refused((maker){.added = "{\"id\": 256, \"content\": \"xx\", \"lstrip\": 1}"}, GPT_E_FORMAT, "lstrip");
}

static void allows_odd_added_tokens(void)
{
    gpt_tokenizer *t = NULL;
    /* Empty and repeated ones are passed over, as in the reference; one without an id gets the next. */
    EXPECT_OK(maker_open(&t, (maker){.added = "{\"id\": 300, \"content\": \"\"}, {\"id\": 256, \"content\": \"xx\"},"
                                              "{\"id\": 257, \"content\": \"xx\"}, {\"content\": \"yy\"},"
                                              "{\"id\": 97, \"content\": \"a\", \"special\": true}"}));
    EXPECT_INT(gpt_tokenizer_vocab_size(t), 258);
    EXPECT_IDS(t, "xxayy", 0, 256, 97, 257);
    EXPECT_INT(gpt_tokenizer_is_special(t, 97), 1);
    gpt_tokenizer_free(t);
}

/* As tokenizers 0.23 does, an added token that the model has is the model's; others get the next numbers. */
static void numbers_added_tokens(void)
{
    static const struct {
        const char *vocab, *added;
        int32_t a, b; /* the ids of <a> and <b> */
        const char *warning;
    } cases[] = {
        {"\"x\": 0, \"y\": 1", "{\"id\": 2, \"content\": \"<a>\"}, {\"id\": 3, \"content\": \"<b>\"}", 2, 3, NULL},
        {"\"x\": 0, \"y\": 1", "{\"id\": 6, \"content\": \"<a>\"}, {\"id\": 3, \"content\": \"<b>\"}", 2, 3,
         "\"<a>\" gets the id 2; the file says 6"},
        {"\"x\": 0, \"y\": 1", "{\"id\": 2, \"content\": \"<a>\"}, {\"id\": 2, \"content\": \"<b>\"}", 2, 3,
         "\"<b>\" gets the id 3; the file says 2"},
        {"\"x\": 0, \"<a>\": 9", "{\"id\": 3, \"content\": \"<a>\"}, {\"id\": 2, \"content\": \"<b>\"}", 9, 2,
         "\"<a>\" gets the id 9; the file says 3"},
        {"\"x\": 0, \"<a>\": 9", "{\"id\": 9, \"content\": \"<a>\"}, {\"id\": 10, \"content\": \"<b>\"}", 9, 2,
         "\"<b>\" gets the id 2; the file says 10"},
        {"\"x\": 7, \"<b>\": 9", "{\"id\": 2, \"content\": \"<a>\"}, {\"id\": 9, \"content\": \"<b>\"}", 2, 9, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gpt_tokenizer *t = NULL;
        char line[256] = "";
        char text[512];
        int length = snprintf(text, sizeof text, "{\"added_tokens\": [%s], "
                              "\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false}, "
                              "\"decoder\": {\"type\": \"ByteLevel\"}, "
                              "\"model\": {\"vocab\": {%s}, \"merges\": []}}", cases[i].added, cases[i].vocab);
        gpt_log_set_callback(remember_line, GPT_LOG_WARNING, line);
        EXPECT_OK(maker_open_text(&t, text, (size_t)length));
        gpt_log_set_callback(NULL, GPT_LOG_WARNING, NULL);
        EXPECT_IDS(t, "<a><b>", 0, cases[i].a, cases[i].b);
        EXPECT(cases[i].warning != NULL ? strstr(line, cases[i].warning) != NULL : line[0] == '\0');
        gpt_tokenizer_free(t);
    }
    /* The number can be one that the model uses, for which the reference then has two tokens. */
    expect_text_refused("{\"added_tokens\": [{\"id\": 3, \"content\": \"<a>\"}], " /* two tokens, so it gets 2 */
                        "\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false}, "
                        "\"decoder\": {\"type\": \"ByteLevel\"}, "
                        "\"model\": {\"vocab\": {\"x\": 0, \"y\": 2}, \"merges\": []}}", GPT_E_FORMAT, "the id 2");
}

/* As tokenizers 0.23 does: the last entry's flags count, but a token that was special once is special. */
static void repeats_added_tokens(void)
{
    gpt_tokenizer *t = NULL;
    maker m = {.added = "{\"id\": 256, \"content\": \"xx\", \"special\": true},"
                        "{\"id\": 257, \"content\": \"yy\", \"lstrip\": true},"
                        "{\"id\": 256, \"content\": \"xx\", \"normalized\": false, \"lstrip\": true},"
                        "{\"id\": 257, \"content\": \"yy\", \"rstrip\": true}"};
    EXPECT_OK(maker_open(&t, m));
    EXPECT_IDS(t, "a xx yy b", 0, 'a', 256, ' ', 257, 'b');
    EXPECT_INT(gpt_tokenizer_is_special(t, 256), 1);
    gpt_tokenizer_free(t);
    expect_refused((maker){.added = "{\"id\": 256, \"content\": \"xx\"}, {\"id\": 256, \"content\": \"xx\","
                                    "\"normalized\": false}"}, GPT_E_UNSUPPORTED, "\"xx\" is there with and");
}

static void refuses_deep_nesting(void)
{
    enum { DEPTH = 100000 };
    char *text = malloc(2 * DEPTH + 64);
    gpt_tokenizer *t = NULL;
    size_t at = (size_t)sprintf(text, "{\"normalizer\": ");
    memset(text + at, '[', DEPTH);
    memset(text + at + DEPTH, ']', DEPTH);
    memcpy(text + at + 2 * DEPTH, "}", 2);
    EXPECT_STATUS(maker_open_text(&t, text, at + 2 * DEPTH + 1), GPT_E_FORMAT);
    free(text);
    char *nested = calloc(1, 900 * 45 + 128);
    strcpy(nested, "{\"normalizer\": ");
    char *end = nested + strlen(nested);
    for (int i = 0; i < 400; i++)
        end += sprintf(end, "{\"type\":\"Sequence\",\"normalizers\":[");
    for (int i = 0; i < 400; i++)
        end += sprintf(end, "]}");
    strcpy(end, "}");
    EXPECT_STATUS(maker_open_text(&t, nested, strlen(nested)), GPT_E_UNSUPPORTED);
    EXPECT_MESSAGE("pre_tokenizer");
    free(nested);
}

/* Cut anywhere, and with any byte changed, a file opens or is refused: both without harm. */
static void survives_damage(void)
{
    maker m = {.merges = "a b,ab c,b c", .added = "{\"id\": 259, \"content\": \"<x>\", \"special\": true}"};
    char *text = maker_text(&m);
    size_t length = strlen(text);
    int refused = 0;
    for (size_t cut = 0; cut < length; cut += 7) {
        gpt_tokenizer *t = NULL;
        refused += maker_open_text(&t, text, cut) != GPT_OK;
        EXPECT(t == NULL);
    }
    EXPECT_INT(refused, (length + 6) / 7);
    for (size_t at = 0; at < length; at += 3) {
        gpt_tokenizer *t = NULL;
        char kept = text[at];
        text[at] = "\xFF{}[],:\"0a"[at % 10];
        gpt_status status = maker_open_text(&t, text, length);
        EXPECT((status == GPT_OK) == (t != NULL));
        gpt_tokenizer_free(t);
        text[at] = kept;
    }
    gpt_free(text);
}

static void write_file(const char *name, const char *text)
{
    free(test_write_file(name, text, strlen(text)));
}

/* Writes vocab.json with all bytes and "ab", and merges.txt; no files beside them. */
static void write_vocab(void)
{
    static const char *const others[] = {"tokenizer.json", "tokenizer_config.json", "special_tokens_map.json",
                                         "added_tokens.json"};
    gpt__buffer vocab = {0};
    maker_add_vocab(&vocab, "a b,<|endoftext| >");
    write_file("vocab.json", vocab.bytes);
    write_file("merges.txt", "#version: 0.2\r\na b\r\n\n");
    gpt__buffer_release(&vocab);
    for (int i = 0; i < 4; i++) {
        char path[256];
        snprintf(path, sizeof path, "%s/%s", test_directory(), others[i]);
        remove(path);
    }
}

static void expect_directory_refused(gpt_status status, const char *part)
{
    gpt_tokenizer *t = NULL;
    EXPECT_STATUS(gpt_tokenizer_open(&t, test_directory()), status);
    EXPECT_MESSAGE(part);
    EXPECT(t == NULL);
}

static void opens_vocab_and_merges(void)
{
    gpt_tokenizer *t = NULL;
    write_vocab();
    EXPECT_OK(gpt_tokenizer_open(&t, test_directory()));
    EXPECT_INT(gpt_tokenizer_vocab_size(t), 258);
    EXPECT_IDS(t, "ab<|endoftext|>", 0, 256, 257);
    EXPECT_INT(gpt_tokenizer_is_special(t, 257), 1);
    EXPECT_TEXT(t, "ab", GPT_DECODE_SKIP_SPECIAL, 256, 257);
    gpt_tokenizer_free(t);
    char *path = test_write_file("vocab.json", "{}", 2);
    EXPECT_STATUS(gpt_tokenizer_open(&t, path), GPT_E_UNSUPPORTED);
    EXPECT_MESSAGE("vocab.json");
    free(path);
}

static void reads_files_beside_vocab(void)
{
    gpt_tokenizer *t = NULL;
    write_vocab();
    write_file("added_tokens.json", "{\"<new>\": 258, \"<other>\": 260}");
    write_file("special_tokens_map.json",
               "{\"bos_token\": \"<new>\","
               "\"pad_token\": {\"content\": \"<pad>\", \"lstrip\": true, \"normalized\": false},"
               "\"additional_special_tokens\": [\"<more>\"]}");
    write_file("tokenizer_config.json", "{\"tokenizer_class\": \"GPT2Tokenizer\", \"add_prefix_space\": true,"
                                        "\"model_max_length\": 1024, \"unk_token\": \"<|endoftext|>\"}");
    EXPECT_OK(gpt_tokenizer_open(&t, test_directory()));
    EXPECT_IDS(t, " ab", 0, ' ', 256);
    EXPECT_IDS(t, "ab<new>ab", 0, ' ', 256, 258, ' ', 256);
    EXPECT_IDS(t, "<other> <pad><more>", 0, 260, 261, 262);
    EXPECT_INT(gpt_tokenizer_is_special(t, 258), 1);
    EXPECT_INT(gpt_tokenizer_is_special(t, 260), 0);
    EXPECT_INT(gpt_tokenizer_is_special(t, 261), 1);
    EXPECT_INT(gpt_tokenizer_is_special(t, 262), 1);
    EXPECT_INT(gpt_tokenizer_vocab_size(t), 263);
    gpt_tokenizer_free(t);
}

static void reads_added_tokens_decoder(void)
{
    gpt_tokenizer *t = NULL;
    write_vocab();
    write_file("tokenizer_config.json",
               "{\"added_tokens_decoder\": {\"257\": {\"content\": \"<|endoftext|>\", \"special\": true},"
               "\"300\": {\"content\": \"<x>\", \"rstrip\": true}}}");
    EXPECT_OK(gpt_tokenizer_open(&t, test_directory()));
    EXPECT_IDS(t, "<x>  <|endoftext|>", 0, 300, 257);
    EXPECT_INT(gpt_tokenizer_vocab_size(t), 301);
    gpt_tokenizer_free(t);
    write_file("tokenizer_config.json", "{\"added_tokens_decoder\": {\"x\": {\"content\": \"<x>\"}}}");
    expect_directory_refused(GPT_E_FORMAT, "added_tokens_decoder");
    write_file("tokenizer_config.json", "{\"added_tokens_decoder\": {\"9999999999999999999\": {\"content\": \"x\"}}}");
    expect_directory_refused(GPT_E_FORMAT, "added_tokens_decoder");
}

static void refuses_broken_directories(void)
{
    char path[256];
    write_vocab();
    write_file("merges.txt", "#version: 0.2\na b c\n");
    expect_directory_refused(GPT_E_FORMAT, "merges.txt: merge 0");
    write_file("merges.txt", "a b\nab a\n");
    expect_directory_refused(GPT_E_FORMAT, "merges.txt: merge 1");
    snprintf(path, sizeof path, "%s/merges.txt", test_directory());
    remove(path);
    expect_directory_refused(GPT_E_FILE, "merges.txt");
    write_vocab();
    write_file("tokenizer_config.json", "{\"tokenizer_class\": \"BertTokenizer\"}");
    expect_directory_refused(GPT_E_UNSUPPORTED, "BertTokenizer");
    write_file("tokenizer_config.json", "[");
    expect_directory_refused(GPT_E_FORMAT, "tokenizer_config.json");
    write_vocab();
    write_file("added_tokens.json", "{\"<x>\": \"y\"}");
    expect_directory_refused(GPT_E_FORMAT, "<x>");
    write_file("added_tokens.json", "[]");
    expect_directory_refused(GPT_E_FORMAT, "added_tokens.json");
    write_vocab();
    write_file("special_tokens_map.json", "{\"bos_token\": 3}");
    expect_directory_refused(GPT_E_FORMAT, "special_tokens_map.json");
    write_vocab();
    write_file("vocab.json", "{\"the\": 0, \"the</w>\": 1, \"t\": 2}");
    expect_directory_refused(GPT_E_UNSUPPORTED, "byte-level");
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(refuses_parts_by_name);
    TEST(refuses_splits_by_name);
    TEST(refuses_model_settings_by_name);
    TEST(accepts_what_changes_nothing);
    TEST(logs_truncation);
    TEST(refuses_broken_vocabularies);
    TEST(refuses_zero_bytes);
    TEST(allows_gaps_between_ids);
    TEST(refuses_broken_merges);
    TEST(allows_odd_merges);
    TEST(refuses_broken_added_tokens);
    TEST(allows_odd_added_tokens);
    TEST(numbers_added_tokens);
    TEST(repeats_added_tokens);
    TEST(refuses_deep_nesting);
    TEST(survives_damage);
    TEST(opens_vocab_and_merges);
    TEST(reads_files_beside_vocab);
    TEST(reads_added_tokens_decoder);
    TEST(refuses_broken_directories);
    return TEST_END();
}
