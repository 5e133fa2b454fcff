/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_tokenizer_pattern.c: split patterns that no scanner knows, against Hugging Face's tokenizers
 * (golden/tokenizers/make_patterns.py), and patterns that are refused.
 */
#include "base/memory.h"
#include "format/json.h"
#include "test.h"
#include "tokenizer/pattern.h"

#include <gpt/tokenizer.h>

#include <stdlib.h>
#include <string.h>

/* gpt2-style's tokenizer with another division. */
static gpt_tokenizer *open_with(cJSON *pre_tokenizer)
{
    size_t length;
    gpt_tokenizer *tokenizer = NULL;
    char *path = test_path("golden/tokenizers/gpt2-style/tokenizer.json");
    char *text = test_read_file(&length, path);
    cJSON *root = cJSON_ParseWithLength(text, length);
    cJSON_ReplaceItemInObjectCaseSensitive(root, "pre_tokenizer", cJSON_Duplicate(pre_tokenizer, 1));
    char *changed = cJSON_PrintUnformatted(root);
    char *written = test_write_file("tokenizer.json", changed, strlen(changed));
    EXPECT_OK(gpt_tokenizer_open(&tokenizer, written));
    cJSON_free(changed);
    cJSON_Delete(root);
    free(path);
    free(text);
    free(written);
    return tokenizer;
}

static void run_cases(const gpt_tokenizer *tokenizer, const cJSON *line)
{
    const cJSON *item;
    int same = 0, count = 0;
    cJSON_ArrayForEach(item, gpt__json_member(line, "cases"))
    {
        const char *text = gpt__json_member(item, "text")->valuestring;
        int32_t *ids = NULL;
        size_t found = 0, i = 0;
        int good = EXPECT_OK(gpt_tokenizer_encode(&ids, &found, tokenizer, text, strlen(text), 0));
        const cJSON *id;
        cJSON_ArrayForEach(id, gpt__json_member(item, "ids"))
        {
            good = good && i < found && ids[i] == (int32_t)id->valuedouble;
            i++;
        }
        good = good && i == found;
        if (!good)
            printf("# text: %s\n", text);
        same += good;
        count++;
        gpt_free(ids);
    }
    EXPECT(count >= 60);
    EXPECT_INT(same, count);
}

static void golden(void)
{
    size_t length = 0;
    int lines = 0;
    char *path = test_path("golden/tokenizers/patterns.jsonl");
    char *text = test_read_file(&length, path);
    for (char *at = text, *end; at != NULL && (end = strchr(at, '\n')) != NULL; at = end + 1, lines++) {
        gpt__json line = {0};
        if (!EXPECT_OK(gpt__json_parse(&line, at, (size_t)(end - at), path)))
            continue;
        cJSON *pre_tokenizer = cJSON_GetObjectItemCaseSensitive(line.root, "pre_tokenizer");
        char *printed = cJSON_PrintUnformatted(pre_tokenizer);
        printf("# %s\n", printed);
        cJSON_free(printed);
        gpt_tokenizer *tokenizer = open_with(pre_tokenizer);
        if (tokenizer != NULL)
            run_cases(tokenizer, line.root);
        gpt_tokenizer_free(tokenizer);
        gpt__json_close(&line);
    }
    EXPECT_INT(lines, 15);
    free(text);
    free(path);
}

/* Each means something else to Oniguruma, or to no one. */
static void refusals(void)
{
    static const struct {
        const char *regex;
        const char *message;
    } cases[] = {
        {"^a", "anchor"},           {"a$", "anchor"},      {"\\b", "\\b"},         {"\\h+", "\\h"},
        {"(a)\\1", "\\1"},          {"[a[b]]", "class"},   {"[a&&b]", "class"},    {"[[:alpha:]]", "class"},
        {"[]a]", "class"},          {"[abc", "end"},       {"a{2}+", "+ after"},   {"(?s:.)", "group"},
        {"(?<name>a)", "group"},    {"(*ANYCRLF)", "group"}, {"\\p{Han}", "Han"},  {"\\pL", "braces"},
        {"\\p{L", "braces"},        {"a\\", "backslash"},  {"(a", "error: missing"}, {"*", "error: quantifier"},
        {"a*", "no characters"},    {"(?=b)", "no characters"}, {"|a", "no characters"}, {"", "no characters"},
        {"a{,2}b", "{,"},           {"a\\p{N}{3}?b", "{n}"}, {"\\xC3\\xA9", "of 80"}, {"[\\xe9]", "of 80"},
        {"\\x", "digits"},          {"\\x{}", "number"},     {"\\x{ 41}", "number"},  {"(?i:\\p{Lu})", "class or"},
        {"[!-\\d]", "ends in a class"}, {"[a\\n-\\p{L}]", "ends in a class"}, {"[--\\d]", "ends in a class"},
        {"[\\\\-\\p{Ll}]", "ends in a class"}, {"[!^-\\p{Ll}]", "ends in a class"},
        {"[\\[-\\p{Ll}]", "ends in a class"}, {"[^^-\\d]", "ends in a class"},
        {"(?i:[\\w])", "class or"}, {"(?i:ss)", "ligature"}, {"(?i:'S|aSt)", "ligature"},
        {"(?i:s(?:s))", "a group in"}, {"(?i:\\x73)", "class or"}, {"(?i:\xC3\xA9)", "ASCII"},
        {"(?i:[\xC3\xA9])", "ASCII"},
        {"\\X", "\\X"},             {"\\K", "\\K"},        {"\\v", "\\v"},         {"\\Qa\\E", "\\Q"},
    };
    gpt__unicode *unicode;
    EXPECT_OK(gpt__unicode_new(&unicode));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gpt__pattern_code *pattern = NULL;
        if (!EXPECT_STATUS(gpt__pattern_new(&pattern, unicode, cases[i].regex, "x"), GPT_E_UNSUPPORTED) ||
            !EXPECT_MESSAGE(cases[i].message))
            printf("# pattern: %s\n", cases[i].regex);
        EXPECT(pattern == NULL);
    }
    free(unicode);
}

/* What stands beside the patterns that are refused, and what models have. */
static void acceptances(void)
{
    static const char *const cases[] = {
        "a{2}b", "a{2,}?", "a{1,2}?", "\\{3\\}", "\\x41", "\\x4|\\x7F", "\\x{e9}", "[\\x{4e00}-\\x{9fa5}]",
        "(?:ss)", "(ff)+", "[-\\d]", "[^-\\d]", "[a\\-\\d]", "[\\\\\\-\\d]", "a-\\d", "[a-]\\d",
        "(?i:'s|[sdmt]|ll|ve|re)", "(?i:'s|'t|'re|'ve|'m|'ll|'d)ss", "(?i:s)(?:s)\xC3\xA9", "(?i:[a-z]+?)",
        "'(?i:[sdmt]|ll|ve|re)|[^\\r\\n\\p{L}\\p{N}]?+\\p{L}+|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]++[\\r\\n]*|\\s*[\\r\\n]|"
        "\\s+(?!\\S)|\\s+",
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|"
        "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        "[!\"#$%&'()*+,\\-./:;<=>?@\\[\\\\\\]^_`{|}~][A-Za-z]+|[^\\r\\n\\p{L}\\p{P}\\p{S}]?[\\p{L}\\p{M}]+|"
        " ?[\\p{P}\\p{S}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
        "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
        "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+"
        "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|"
        "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+",
    };
    gpt__unicode *unicode;
    EXPECT_OK(gpt__unicode_new(&unicode));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gpt__pattern_code *pattern = NULL;
        if (!EXPECT_OK(gpt__pattern_new(&pattern, unicode, cases[i], "x")))
            printf("# pattern: %s: %s\n", cases[i], gpt_error_message());
        gpt__pattern_free(pattern);
    }
    free(unicode);
}

/* Whether a text is one match of a pattern, which has either all of it or nothing. */
static int matches(const gpt__unicode *unicode, const char *regex, const char *text)
{
    gpt__segments segments = {0};
    gpt__pattern_code *pattern = NULL;
    int is_match = -1;
    if (EXPECT_OK(gpt__pattern_new(&pattern, unicode, regex, "x")) &&
        EXPECT_OK(gpt__pattern_segments(&segments, pattern, text, strlen(text))) && EXPECT_INT(segments.count, 1))
        is_match = segments.at[0].is_match;
    gpt__pattern_free(pattern);
    free(segments.at);
    return is_match;
}

/* What tokenizers 0.23 does. Oniguruma's \w has superscripts and fractions of Latin-1 outside of classes only. */
static void word_characters(void)
{
    static const struct {
        const char *text;
        int word, class_word;
    } cases[] = {
        {"a", 1, 1},        {"_", 1, 1},        {"-", 0, 0},        {"\xE2\x80\x8C", 0, 0}, {"\xE2\x80\x8D", 0, 0},
        {"\xC2\xAA", 1, 1}, {"\xC2\xB1", 0, 0}, {"\xC2\xB2", 1, 0}, {"\xC2\xB3", 1, 0},     {"\xC2\xB9", 1, 0},
        {"\xC2\xBB", 0, 0}, {"\xC2\xBC", 1, 0}, {"\xC2\xBD", 1, 0}, {"\xC2\xBE", 1, 0},     {"\xC2\xBF", 0, 0},
        {"\xE2\x81\xB4", 0, 0}, /* superscript four, which is not of Latin-1 */
        {"\xE2\x92\xB6", 1, 1}, /* circled A */
    };
    gpt__unicode *unicode;
    EXPECT_OK(gpt__unicode_new(&unicode));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *text = cases[i].text;
        EXPECT_INT(matches(unicode, "\\w", text), cases[i].word);
        EXPECT_INT(matches(unicode, "\\W", text), !cases[i].word);
        EXPECT_INT(matches(unicode, "[\\w]", text), cases[i].class_word);
        EXPECT_INT(matches(unicode, "[\\W]", text), !cases[i].class_word);
        EXPECT_INT(matches(unicode, "[^\\w]", text), !cases[i].class_word);
        EXPECT_INT(matches(unicode, "[^\\W]", text), cases[i].class_word);
    }
    free(unicode);
}

/* A class is spelled out in kilobytes, so that a long pattern of classes would take minutes and gigabytes. */
static void too_long(void)
{
    enum { COUNT = 200000 };
    char *regex = malloc(COUNT * 5 + 1);
    gpt__pattern_code *pattern = NULL;
    gpt__unicode *unicode;
    EXPECT_OK(gpt__unicode_new(&unicode));
    for (size_t i = 0; i < COUNT; i++)
        memcpy(regex + 5 * i, "\\p{L}", 6);
    EXPECT_STATUS(gpt__pattern_new(&pattern, unicode, regex, "x"), GPT_E_UNSUPPORTED);
    EXPECT_MESSAGE("too many characters and classes");
    regex[5 * 20] = '\0';
    EXPECT_STATUS(gpt__pattern_new(&pattern, unicode, regex, "x"), GPT_E_UNSUPPORTED);
    EXPECT_MESSAGE("regular expression is too large");
    free(regex);
    free(unicode);
}

/* A pattern whose matching would take for ever ends with a status. */
static void hopeless(void)
{
    static const char text[] = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    gpt__segments segments = {0};
    gpt__pattern_code *pattern = NULL;
    gpt__unicode *unicode;
    EXPECT_OK(gpt__unicode_new(&unicode));
    if (EXPECT_OK(gpt__pattern_new(&pattern, unicode, "(?:a+)+(?:a+)+(?:a+)+[bc]", "x"))) {
        EXPECT_STATUS(gpt__pattern_segments(&segments, pattern, text, sizeof text - 1), GPT_E_UNSUPPORTED);
        EXPECT_MESSAGE("too long");
    }
    gpt__pattern_free(pattern);
    free(segments.at);
    free(unicode);
}

/* Divides length times a byte, followed by an ending, and compares the number of segments and the end of the first. */
static void expect_long(const char *regex, char byte, size_t length, const char *ending, size_t count, size_t first_end)
{
    gpt__segments segments = {0};
    gpt__pattern_code *pattern = NULL;
    gpt__unicode *unicode;
    char *text = malloc(length + strlen(ending) + 1);
    memset(text, byte, length);
    strcpy(text + length, ending);
    EXPECT_OK(gpt__unicode_new(&unicode));
    if (EXPECT_OK(gpt__pattern_new(&pattern, unicode, regex, "x")) &&
        EXPECT_OK(gpt__pattern_segments(&segments, pattern, text, strlen(text))) &&
        EXPECT_INT(segments.count, count))
        EXPECT_INT(segments.at[0].end, first_end);
    gpt__pattern_free(pattern);
    free(segments.at);
    free(unicode);
    free(text);
}

/* A group in a loop needs more stack than PCRE2's compiled code has by itself. */
static void a_megabyte_of_letters(void)
{
    expect_long("(?:\\p{L}\\p{M}*)+", 'a', 5000, "!a", 3, 5000);
    expect_long("(?:\\p{L}\\p{M}*)+", 'a', 1000000, "!a", 3, 1000000);
}

/* Each allocation fails in its turn, also those for a larger stack and a higher limit. */
static void failing_allocations(void)
{
    char text[20001];
    gpt__unicode *unicode;
    gpt__pattern_code *pattern = NULL;
    gpt_status status = GPT_E_MEMORY;
    long failures = 0;
    memset(text, 'a', 10000);
    memset(text + 10000, ' ', 10000);
    EXPECT_OK(gpt__unicode_new(&unicode));
    for (long n = 0; status != GPT_OK && n < 1000; n++) {
        gpt__segments segments = {0};
        gpt__fail_allocation_after(n, 0);
        status = gpt__pattern_new(&pattern, unicode, "(?:a|[bc]\\s)+|\\s+(?=[bc])|\\s+", "x");
        if (status == GPT_OK)
            status = gpt__pattern_segments(&segments, pattern, text, 20000);
        gpt__fail_allocation_after(-1, 0);
        if (status != GPT_OK)
            EXPECT_STATUS(status, GPT_E_MEMORY);
        failures += status != GPT_OK;
        gpt__pattern_free(pattern);
        pattern = NULL;
        gpt__release(segments.at);
    }
    EXPECT_OK(status);
    EXPECT(failures > 5);
    free(unicode);
}

/* White space that no line break follows is given back character by character before the next alternative. */
static void two_megabytes_of_spaces(void)
{
    static const char regex[] = "\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
    expect_long(regex, ' ', 2000000, "", 1, 2000000);
    expect_long(regex, ' ', 2000000, "a", 3, 1999999);
    expect_long(regex, ' ', 2000000, "\na", 2, 2000001);
    /* Nor does the search for a later place stop there. */
    expect_long("a*[bc]", 'a', 20000, "!ab", 2, 20001);
}

/* The tables are libgpt's, not PCRE2's: a letter of Unicode 16 is one, whatever the system has. */
static void own_tables(void)
{
    static const char text[] = "1\xF0\x90\xB5\x90" "2";
    gpt__segments segments = {0};
    gpt__pattern_code *pattern = NULL;
    gpt__unicode *unicode;
    EXPECT_OK(gpt__unicode_new(&unicode));
    if (EXPECT_OK(gpt__pattern_new(&pattern, unicode, "\\p{Lu}", "x")) &&
        EXPECT_OK(gpt__pattern_segments(&segments, pattern, text, sizeof text - 1))) {
        EXPECT_INT(segments.count, 3);
        EXPECT_INT(segments.at[1].begin, 1);
        EXPECT_INT(segments.at[1].end, 5);
        EXPECT_INT(segments.at[1].is_match, 1);
    }
    gpt__pattern_free(pattern);
    free(segments.at);
    free(unicode);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(golden);
    TEST(refusals);
    TEST(acceptances);
    TEST(word_characters);
    TEST(too_long);
    TEST(hopeless);
    TEST(a_megabyte_of_letters);
    TEST(two_megabytes_of_spaces);
    TEST(failing_allocations);
    TEST(own_tables);
    return TEST_END();
}
