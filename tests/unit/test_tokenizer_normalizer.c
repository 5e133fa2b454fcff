/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_tokenizer_normalizer.c: normal forms and lower case, by the Unicode standard's own examples. */
#include "test_tokenizer_maker.h"
#include "tokenizer/normal_form.h"

static void expect_form(gpt__normalizer_step *step, const char *text, const char *expected, const char *file, int line)
{
    gpt__buffer out = {0};
    test_status(step(&out, text, strlen(text)), GPT_OK, text, file, line);
    test_bytes(out.bytes != NULL ? out.bytes : "", out.length, expected, strlen(expected), text, file, line);
    gpt__buffer_release(&out);
}

#define EXPECT_FORM(step, text, expected) expect_form(step, text, expected, __FILE__, __LINE__)

/* The examples of Unicode Standard Annex 15, figures 3 to 6. */
static void forms_of_the_annex(void)
{
    EXPECT_FORM(gpt__normalize_nfd, "\xE2\x84\xAB", "A\xCC\x8A"); /* Angstrom sign */
    EXPECT_FORM(gpt__normalize_nfc, "\xE2\x84\xAB", "\xC3\x85");
    EXPECT_FORM(gpt__normalize_nfc, "\xE2\x84\xA6", "\xCE\xA9"); /* Ohm sign */
    EXPECT_FORM(gpt__normalize_nfd, "\xC3\xB4", "o\xCC\x82");
    EXPECT_FORM(gpt__normalize_nfd, "\xE1\xB9\xA9", "s\xCC\xA3\xCC\x87");
    EXPECT_FORM(gpt__normalize_nfc, "s\xCC\x87\xCC\xA3", "\xE1\xB9\xA9");
    EXPECT_FORM(gpt__normalize_nfd, "\xE1\xB8\x8B\xCC\xA3", "d\xCC\xA3\xCC\x87");
    EXPECT_FORM(gpt__normalize_nfc, "\xE1\xB8\x8B\xCC\xA3", "\xE1\xB8\x8D\xCC\x87");
    EXPECT_FORM(gpt__normalize_nfc, "\xEF\xAC\x81", "\xEF\xAC\x81"); /* ligature fi */
    EXPECT_FORM(gpt__normalize_nfkc, "\xEF\xAC\x81", "fi");
    EXPECT_FORM(gpt__normalize_nfkd, "2\xE2\x81\xB5", "25");
    EXPECT_FORM(gpt__normalize_nfkc, "\xE1\xBA\x9B\xCC\xA3", "\xE1\xB9\xA9");
    EXPECT_FORM(gpt__normalize_nfkd, "\xE1\xBA\x9B\xCC\xA3", "s\xCC\xA3\xCC\x87");
}

static void forms_of_hangul(void)
{
    EXPECT_FORM(gpt__normalize_nfc, "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB", "\xED\x95\x9C");
    EXPECT_FORM(gpt__normalize_nfd, "\xED\x95\x9C", "\xE1\x84\x92\xE1\x85\xA1\xE1\x86\xAB");
    /* U+11A7 is no final consonant (Unicode Standard, section 3.12). */
    EXPECT_FORM(gpt__normalize_nfc, "\xEA\xB0\x80\xE1\x86\xA7", "\xEA\xB0\x80\xE1\x86\xA7");
    EXPECT_FORM(gpt__normalize_nfc, "\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA7", "\xEA\xB0\x80\xE1\x86\xA7");
    EXPECT_FORM(gpt__normalize_nfkc, "\xEA\xB0\x80\xE1\x86\xA7\xE1\x86\xA8", "\xEA\xB0\x80\xE1\x86\xA7\xE1\x86\xA8");
    EXPECT_FORM(gpt__normalize_nfd, "\xEA\xB0\x80\xE1\x86\xA7", "\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA7");
}

static void leaves_other_text_alone(void)
{
    EXPECT_FORM(gpt__normalize_nfc, "", "");
    EXPECT_FORM(gpt__normalize_nfc, "plain text", "plain text");
    EXPECT_FORM(gpt__normalize_nfc, "x\xCC\x81y \xF0\x9F\x98\x80", "x\xCC\x81y \xF0\x9F\x98\x80");
    EXPECT_FORM(gpt__normalize_nfkc, "\xE4\xB8\xAD\xE6\x96\x87", "\xE4\xB8\xAD\xE6\x96\x87");
}

/* The reference has the tables of Unicode 9: the square era name Reiwa of Unicode 12.1 stays. */
static void leaves_newer_characters_alone(void)
{
    EXPECT_FORM(gpt__normalize_nfkc, "\xE3\x8B\xBE", "\xE3\x83\xB2"); /* circled Katakana Wo, an old one */
    EXPECT_FORM(gpt__normalize_nfkc, "\xE3\x8B\xBF", "\xE3\x8B\xBF");
    EXPECT_FORM(gpt__normalize_nfd, "\xF0\x90\x97\x89", "\xF0\x90\x97\x89");
    EXPECT_FORM(gpt__normalize_nfc, "\xF0\x90\x97\x92\xCC\x87", "\xF0\x90\x97\x92\xCC\x87");
}

static void makes_lower_case(void)
{
    EXPECT_FORM(gpt__normalize_lowercase, "ABC xyz 1", "abc xyz 1");
    EXPECT_FORM(gpt__normalize_lowercase, "\xC3\x89\xD0\x96\xCE\xA3", "\xC3\xA9\xD0\xB6\xCF\x83");
    EXPECT_FORM(gpt__normalize_lowercase, "\xC4\xB0", "i\xCC\x87");
    EXPECT_FORM(gpt__normalize_lowercase, "\xEA\x9F\x8B", "\xC9\xA4");
    EXPECT_FORM(gpt__normalize_lowercase, "\xF0\x90\xB5\x90", "\xF0\x90\xB5\xB0");
}

/* A run of marks in the worst order: sorting it by neighbours would take minutes. */
static void orders_many_marks(void)
{
    size_t pairs = 300000;
    char *text = malloc(4 * pairs);
    gpt__buffer out = {0};
    for (size_t i = 0; i < pairs; i++)
        memcpy(text + 4 * i, "\xCC\x95\xCC\xA3", 4); /* class 232, class 220 */
    EXPECT_OK(gpt__normalize_nfd(&out, text, 4 * pairs));
    EXPECT_INT(out.length, 4 * pairs);
    EXPECT_BYTES(out.bytes, 4, "\xCC\xA3\xCC\xA3", 4);
    EXPECT_BYTES(out.bytes + 4 * pairs - 4, 4, "\xCC\x95\xCC\x95", 4);
    gpt__buffer_release(&out);
    free(text);
}

static void runs_in_sequence(void)
{
    gpt_tokenizer *t = NULL;
    EXPECT_OK(maker_open(&t, (maker){.normalizer = "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFKC\"},"
                                                   "{\"type\": \"Lowercase\"}, {\"type\": \"NFD\"}]}",
                                     .added = "{\"id\": 256, \"content\": \"\xC3\x89!\", \"normalized\": true},"
                                              "{\"id\": 257, \"content\": \"\xC3\x89?\", \"normalized\": false}"}));
    EXPECT_IDS(t, "\xEF\xAC\x81\xC3\x85", 0, 'f', 'i', 'a', 0xCC, 0x8A);
    EXPECT_IDS(t, "E\xCC\x81!\xC3\x89?", 0, 256, 257);
    EXPECT_IDS(t, "\xC3\xA9?", 0, 'e', 0xCC, 0x81, '?');
    EXPECT_TEXT(t, "e\xCC\x81!", 0, 256);
    gpt_tokenizer_free(t);
}

static void survives_failing_allocations(void)
{
    static const char text[] = "caf\xC3\xA9 \xCC\x95\xCC\xA3 \xEF\xAC\x81 \xE3\x8B\xBF ABC";
    gpt_tokenizer *t = NULL;
    EXPECT_OK(maker_open(&t, (maker){.normalizer = "{\"type\": \"Sequence\", \"normalizers\": [{\"type\": \"NFKD\"},"
                                                   "{\"type\": \"Lowercase\"}, {\"type\": \"NFC\"}]}"}));
    gpt_status status = GPT_E_MEMORY;
    for (long n = 0; n < 1000 && status != GPT_OK; n++) {
        int32_t *ids;
        size_t count;
        gpt__fail_allocation_after(n, 1);
        status = gpt_tokenizer_encode(&ids, &count, t, text, sizeof text - 1, 0);
        gpt__fail_allocation_after(-1, 0);
        EXPECT((ids != NULL) == (status == GPT_OK));
        gpt_free(ids);
    }
    EXPECT_OK(status);
    gpt_tokenizer_free(t);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(forms_of_the_annex);
    TEST(forms_of_hangul);
    TEST(leaves_other_text_alone);
    TEST(leaves_newer_characters_alone);
    TEST(makes_lower_case);
    TEST(orders_many_marks);
    TEST(runs_in_sequence);
    TEST(survives_failing_allocations);
    return TEST_END();
}
