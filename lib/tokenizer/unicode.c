/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/unicode.c: expands the runs of unicode_table.c into one byte for each code point.
 *
 * The system's utf8proc and PCRE2 follow the Unicode version of their distribution. A tokenizer must give the same ids
 * everywhere, those of the reference, so the categories are libgpt's own, of Unicode 16.
 */
#include "tokenizer/unicode.h"

#include "base/memory.h"
#include "base/utf8.h"

#include <string.h>

/* The code points with the property White_Space (PropList.txt of the Unicode character database). */
static const int32_t white_space[][2] = {{0x09, 0x0D},     {0x20, 0x20},     {0x85, 0x85},     {0xA0, 0xA0},
                                         {0x1680, 0x1680}, {0x2000, 0x200A}, {0x2028, 0x2029}, {0x202F, 0x202F},
                                         {0x205F, 0x205F}, {0x3000, 0x3000}};

/* Word characters that their category does not tell: symbols with the property Other_Alphabetic, and the joiners. */
static const int32_t other_word[][2] = {
    {0x24B6, 0x24E9}, {0x1F130, 0x1F149}, {0x1F150, 0x1F169}, {0x1F170, 0x1F189}};
static const int32_t joiners[][2] = {{0x200C, 0x200D}};

#define WORD_CATEGORIES (GPT__LETTERS | GPT__MARKS | 1u << GPT__ND | 1u << GPT__NL | 1u << GPT__PC)

static unsigned char with_word(unsigned category)
{
    return (unsigned char)(category | (WORD_CATEGORIES >> category & 1 ? GPT__WORD | GPT__CLASS_WORD : 0));
}

static void fill_run(unsigned char *properties, size_t first, size_t end, unsigned category)
{
    if (category != GPT__ALTERNATING_CASE) {
        memset(properties + first, with_word(category), end - first);
        return;
    }
    for (size_t code = first; code < end; code++)
        properties[code] = with_word((code - first) % 2 == 0 ? GPT__LU : GPT__LL);
}

static void add_property(unsigned char *properties, const int32_t (*ranges)[2], size_t count, unsigned property)
{
    for (size_t i = 0; i < count; i++)
        for (int32_t code = ranges[i][0]; code <= ranges[i][1]; code++)
            properties[code] = (unsigned char)(properties[code] | property);
}

gpt_status gpt__unicode_new(gpt__unicode **out)
{
    gpt__unicode *unicode = gpt__allocate(1, sizeof *unicode);
    *out = unicode;
    if (unicode == NULL)
        return GPT_E_MEMORY;
    unsigned char *properties = unicode->properties;
    for (size_t i = 0; i < gpt__category_run_count; i++) {
        size_t end = i + 1 < gpt__category_run_count ? gpt__category_runs[i + 1] >> 8 : GPT__CODE_POINTS;
        fill_run(properties, gpt__category_runs[i] >> 8, end, gpt__category_runs[i] & 0xFF);
    }
    add_property(properties, white_space, sizeof white_space / sizeof *white_space, GPT__WHITE_SPACE);
    add_property(properties, other_word, sizeof other_word / sizeof *other_word, GPT__WORD | GPT__CLASS_WORD);
    add_property(properties, joiners, sizeof joiners / sizeof *joiners, GPT__WORD);
    return GPT_OK;
}

int gpt__text_valid(const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        uint64_t word;
        if (length - at >= sizeof word) {
            memcpy(&word, text + at, sizeof word);
            if ((word & 0x8080808080808080u) == 0) {
                at += sizeof word;
                continue;
            }
        }
        int32_t code;
        at += gpt__utf8_decode(&code, text + at, length - at);
        if (code < 0)
            return 0;
    }
    return 1;
}
