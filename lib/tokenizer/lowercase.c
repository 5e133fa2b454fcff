/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/lowercase.c: lower case, character by character, by the tables of Unicode 17, which the reference has.
 *
 * utf8proc may be older: the capitals that Unicode 16 and 17 added are listed here.
 */
#include "base/utf8.h"
#include "tokenizer/normal_form.h"
#include "tokenizer/unicode.h"

#include <utf8proc.h>

/* Capitals [first, last] become first_small and so on. */
static const struct {
    int32_t first, last, first_small;
} new_capitals[] = {{0x1C89, 0x1C89, 0x1C8A},  {0xA7CB, 0xA7CB, 0x0264},    {0xA7CC, 0xA7CC, 0xA7CD},
                    {0xA7CE, 0xA7CE, 0xA7CF},  {0xA7D2, 0xA7D2, 0xA7D3},    {0xA7D4, 0xA7D4, 0xA7D5},
                    {0xA7DA, 0xA7DA, 0xA7DB},  {0xA7DC, 0xA7DC, 0x019B},    {0x10D50, 0x10D65, 0x10D70},
                    {0x16EA0, 0x16EB8, 0x16EBB}};

/* The one character whose lower case is two: a small i and a combining dot above. */
#define CAPITAL_I_WITH_DOT 0x130

static int32_t lower(int32_t code)
{
    for (size_t i = 0; i < sizeof new_capitals / sizeof *new_capitals; i++)
        if (code >= new_capitals[i].first && code <= new_capitals[i].last)
            return new_capitals[i].first_small + (code - new_capitals[i].first);
    return utf8proc_tolower(code);
}

gpt_status gpt__normalize_lowercase(gpt__buffer *out, const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        char bytes[4];
        size_t step;
        int32_t code = gpt__valid_char(text + at, &step);
        if (code < 0x80) {
            bytes[0] = (char)(code >= 'A' && code <= 'Z' ? code + ('a' - 'A') : code);
            GPT__TRY(gpt__buffer_add(out, bytes, 1));
        } else if (code == CAPITAL_I_WITH_DOT) {
            GPT__TRY(gpt__buffer_add(out, "i\xCC\x87", 3));
        } else {
            GPT__TRY(gpt__buffer_add(out, bytes, gpt__utf8_encode(bytes, lower(code))));
        }
        at += step;
    }
    return GPT_OK;
}
