/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_tokenizer_unicode.c: the character table against utf8proc's, and the scanners against the patterns that
 * they stand for, run by PCRE2: two independent authorities.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include "base/memory.h"
#include "base/utf8.h"
#include "test.h"
#include "tokenizer/pretokenizer.h"

#include <pcre2.h>
#include <string.h>
#include <utf8proc.h>

static gpt__unicode *unicode;

/* utf8proc numbers the categories as unicode.h does. */
static void categories_agree_with_utf8proc(void)
{
    int assigned = 0;
    int different = 0;
    for (int32_t code = 0; code < GPT__CODE_POINTS; code++) {
        utf8proc_category_t category = utf8proc_category(code);
        /* It may know an older or a newer Unicode than 16: only what both know counts. */
        unsigned ours = unicode->properties[code] & GPT__CATEGORY_BITS;
        if (category == UTF8PROC_CATEGORY_CN || ours == GPT__CN)
            continue;
        assigned++;
        different += (unsigned)category != ours;
    }
    EXPECT(assigned > 280000);
    /* A handful of characters have changed category between versions. */
    EXPECT(different <= 10);
}

static void knows_new_characters(void)
{
    /* Unicode 15.1, 16: CJK extension I, Todhri, Garay; and two that are still free. */
    EXPECT(gpt__in_categories(unicode, 0x2EBF0, GPT__LETTERS));
    EXPECT(gpt__in_categories(unicode, 0x105C0, GPT__LETTERS));
    EXPECT(gpt__in_categories(unicode, 0x10D40, GPT__NUMBERS));
    EXPECT_INT(unicode->properties[0x0378], GPT__CN);
    EXPECT_INT(unicode->properties[0x10FFFF], GPT__CN);
    EXPECT_INT(unicode->properties[0x10FFFD], GPT__CO);
    EXPECT_INT(unicode->properties['_'], GPT__PC | GPT__WORD | GPT__CLASS_WORD);
    EXPECT_INT(unicode->properties[0x200D], GPT__CF | GPT__WORD);
    EXPECT_INT(unicode->properties[0x24D0], GPT__SO | GPT__WORD | GPT__CLASS_WORD);
    EXPECT_INT(unicode->properties[0x2160], GPT__NL | GPT__WORD | GPT__CLASS_WORD);
    EXPECT_INT(unicode->properties[0xBD], GPT__NO);
}

static void white_space_is_that_of_unicode(void)
{
    int count = 0;
    for (int32_t code = 0; code < GPT__CODE_POINTS; code++)
        count += (unicode->properties[code] & GPT__WHITE_SPACE) != 0;
    EXPECT_INT(count, 25);
    EXPECT(unicode->properties[0x85] & GPT__WHITE_SPACE);
    EXPECT(unicode->properties[0x3000] & GPT__WHITE_SPACE);
    EXPECT(!(unicode->properties[0x1C] & GPT__WHITE_SPACE));
    EXPECT(!(unicode->properties[0x200B] & GPT__WHITE_SPACE));
    EXPECT(!(unicode->properties[0x180E] & GPT__WHITE_SPACE));
}

static void skips_ascii_when_checking(void)
{
    char text[64];
    memset(text, 'x', sizeof text);
    for (size_t at = 0; at < sizeof text; at++) {
        text[at] = '\x80';
        EXPECT(!gpt__text_valid(text, sizeof text));
        EXPECT(gpt__text_valid(text, at));
        text[at] = 'x';
    }
    memcpy(text + 7, "\xF0\x9F\x98\x80", 4);
    EXPECT(gpt__text_valid(text, sizeof text));
    EXPECT(!gpt__text_valid(text, 9));
    EXPECT(gpt__text_valid(NULL, 0));
}

/* PCRE2's \s is Perl's; the reference's is White_Space. Letters and numbers agree where both know the character. */
#define S "\\x{9}-\\x{D}\\x{20}\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}"

static uint32_t random_state = 12345;

static uint32_t random_below(uint32_t limit)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % limit;
}

/* Characters that are old enough for every PCRE2, with those that the patterns name more often than the rest. */
static int32_t random_char(void)
{
    static const char often[] = "'''sStTrReEvVlLmMdD aA09!./\n\n\r\r\t    ";
    static const int32_t blocks[][2] = {{0x20, 0x7E},     {0x00, 0x24F},    {0x300, 0x370},   {0x400, 0x450},
                                        {0x660, 0x66A},   {0x2000, 0x2030}, {0x2150, 0x2190}, {0x3000, 0x3030},
                                        {0x4E00, 0x5000}, {0x1F600, 0x1F640}, {0x1D7CE, 0x1D7FF}, {0x178, 0x1CD}};
    uint32_t block = random_below(24);
    if (block >= 12)
        return often[random_below(sizeof often - 1)];
    return blocks[block][0] + (int32_t)random_below((uint32_t)(blocks[block][1] - blocks[block][0]));
}

static size_t random_text(char *text, size_t characters)
{
    size_t length = 0;
    for (size_t i = 0; i < characters; i++)
        length += gpt__utf8_encode(text + length, random_char());
    return length;
}

/* Divides random texts by the scanner and by the pattern, which must match at each place. */
static void compare_with_pattern(gpt__scanner *scanner, const char *pattern)
{
    int error;
    PCRE2_SIZE where;
    pcre2_code *code =
        pcre2_compile((PCRE2_SPTR)pattern, PCRE2_ZERO_TERMINATED, PCRE2_UTF | PCRE2_UCP, &error, &where, NULL);
    if (!EXPECT(code != NULL))
        return;
    pcre2_match_data *match = pcre2_match_data_create_from_pattern(code, NULL);
    int pieces = 0;
    for (int round = 0; round < 20000; round++) {
        char text[256];
        size_t length = random_text(text, 1 + random_below(24));
        for (size_t at = 0; at < length; pieces++) {
            size_t end = scanner(unicode, text, at, length);
            int found = pcre2_match(code, (PCRE2_SPTR)text, length, at, PCRE2_ANCHORED, match, NULL);
            size_t expected = found > 0 ? pcre2_get_ovector_pointer(match)[1] : 0;
            if (end != expected) {
                EXPECT_INT(end, expected);
                printf("# at %zu of %.*s\n", at, (int)length, text);
                round = 20000;
                break;
            }
            at = end;
        }
    }
    EXPECT(pieces > 40000);
    pcre2_match_data_free(match);
    pcre2_code_free(code);
}

static void gpt2_scanner_is_its_pattern(void)
{
    compare_with_pattern(gpt__scan_gpt2, "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^" S "\\p{L}\\p{N}]+|"
                                         "[" S "]+(?![^" S "])|[" S "]+");
}

#define CONTRACTIONS "'(?:[sS]|\\x{17F}|[tT]|[rR][eE]|[vV][eE]|[mM]|[lL][lL]|[dD])"
#define TAIL "\\p{N}{1,3}| ?[^" S "\\p{L}\\p{N}]+[\\r\\n%s]*|[" S "]*[\\r\\n]+|[" S "]+(?![^" S "])|[" S "]+"
#define UPPER "[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]"
#define LOWER "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]"
#define BEFORE "[^\\r\\n\\p{L}\\p{N}]?"

static void cl100k_scanner_is_its_pattern(void)
{
    char pattern[2048];
    snprintf(pattern, sizeof pattern, CONTRACTIONS "|" BEFORE "\\p{L}+|" TAIL, "");
    compare_with_pattern(gpt__scan_cl100k, pattern);
}

static void o200k_scanner_is_its_pattern(void)
{
    char pattern[2048];
    snprintf(pattern, sizeof pattern,
             BEFORE UPPER "*" LOWER "+(?:" CONTRACTIONS ")?|" BEFORE UPPER "+" LOWER "*(?:" CONTRACTIONS ")?|" TAIL,
             "/");
    compare_with_pattern(gpt__scan_o200k, pattern);
}

static void digit_scanners_are_their_patterns(void)
{
    compare_with_pattern(gpt__scan_digits, "\\p{N}+|\\P{N}+");
    compare_with_pattern(gpt__scan_each_digit, "\\p{N}|\\P{N}+");
}

static void patterns_have_scanners(void)
{
    EXPECT(gpt__find_scanner("\\s+") == NULL);
    EXPECT(gpt__find_scanner("") == NULL);
    EXPECT(gpt__find_scanner("'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+") ==
           gpt__scan_gpt2);
    EXPECT(gpt__find_scanner("(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}| "
                             "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+") == gpt__scan_cl100k);
    EXPECT(gpt__find_scanner("[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
                             "(?i:'s|'t|'re|'ve|'m|'ll|'d)?|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+"
                             "[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\\p{N}{1,3}| "
                             "?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+") == gpt__scan_o200k);
}

/* What becomes of matches; whether what lies between them counts as such; whether a scanner does the same. */
static void behaviors_have_scanners(void)
{
    static const struct {
        const char *behavior, *invert;
        int has_scanner;
    } cases[] = {{"Isolated", "false", 1}, {"Isolated", "true", 1}, {"Removed", "true", 1}, {"Removed", "false", 0},
                 {"Contiguous", "false", 0}, {"MergedWithNext", "true", 0}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[512];
        gpt__json json = {0};
        gpt__pretokenizer pretokenizer = {0};
        int length = snprintf(text, sizeof text, "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Split\", "
                              "\"pattern\": {\"Regex\": \"'s|'t|'re|'ve|'m|'ll|'d| ?\\\\p{L}+| ?\\\\p{N}+| "
                              "?[^\\\\s\\\\p{L}\\\\p{N}]+|\\\\s+(?!\\\\S)|\\\\s+\"}, \"behavior\": \"%s\", "
                              "\"invert\": %s}, {\"type\": \"ByteLevel\", \"add_prefix_space\": false}]}",
                              cases[i].behavior, cases[i].invert);
        EXPECT_OK(gpt__json_parse(&json, text, (size_t)length, "x"));
        EXPECT_OK(gpt__pretokenizer_read(&pretokenizer, &json, json.root));
        EXPECT_INT(pretokenizer.splits[0].scanner == gpt__scan_gpt2, cases[i].has_scanner);
        gpt__pretokenizer_release(&pretokenizer);
        gpt__json_close(&json);
    }
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    if (gpt__unicode_new(&unicode) != GPT_OK)
        return 1;
    TEST(categories_agree_with_utf8proc);
    TEST(knows_new_characters);
    TEST(white_space_is_that_of_unicode);
    TEST(skips_ascii_when_checking);
    TEST(gpt2_scanner_is_its_pattern);
    TEST(cl100k_scanner_is_its_pattern);
    TEST(o200k_scanner_is_its_pattern);
    TEST(digit_scanners_are_their_patterns);
    TEST(patterns_have_scanners);
    TEST(behaviors_have_scanners);
    gpt__release(unicode);
    return TEST_END();
}
