/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/unicode.h: the character properties that split patterns ask for, the same on every machine. */
#ifndef GPT__TOKENIZER_UNICODE_H
#define GPT__TOKENIZER_UNICODE_H

#include "base/error.h"

/* The general categories of the Unicode standard, chapter 4.5, in the order of unicode_table.c. */
typedef enum gpt__category {
    GPT__CN, GPT__LU, GPT__LL, GPT__LT, GPT__LM, GPT__LO, GPT__MN, GPT__MC, GPT__ME, GPT__ND, GPT__NL, GPT__NO, GPT__PC,
    GPT__PD, GPT__PS, GPT__PE, GPT__PI, GPT__PF, GPT__PO, GPT__SM, GPT__SC, GPT__SK, GPT__SO, GPT__ZS, GPT__ZL, GPT__ZP,
    GPT__CC, GPT__CF, GPT__CS, GPT__CO,
    GPT__CATEGORIES
} gpt__category;

/* Sets of categories, a bit for each: \p{L}, \p{M} and \p{N} of the patterns. */
#define GPT__LETTERS (1u << GPT__LU | 1u << GPT__LL | 1u << GPT__LT | 1u << GPT__LM | 1u << GPT__LO)
#define GPT__MARKS (1u << GPT__MN | 1u << GPT__MC | 1u << GPT__ME)
#define GPT__NUMBERS (1u << GPT__ND | 1u << GPT__NL | 1u << GPT__NO)

/* A property byte: the category in the low five bits, and three properties that are not sets of categories. */
#define GPT__CATEGORY_BITS 0x1F
#define GPT__WHITE_SPACE 0x20 /* \s */
#define GPT__WORD 0x40        /* Alphabetic, marks, decimal numbers, connecting punctuation, joiners */
#define GPT__CLASS_WORD 0x80  /* [\w] of split patterns: the same without joiners */

#define GPT__CODE_POINTS 0x110000

/* One byte for each code point: 1.1 MB, of which a text touches the few lines that it uses. */
typedef struct gpt__unicode {
    unsigned char properties[GPT__CODE_POINTS];
} gpt__unicode;

/* Freed with gpt__release. */
gpt_status gpt__unicode_new(gpt__unicode **out);

/* The table that gpt__unicode_new expands; see unicode_table.c. */
extern const uint32_t gpt__category_runs[];
extern const size_t gpt__category_run_count;

/* In runs: upper and lower case take turns, beginning with upper case. */
#define GPT__ALTERNATING_CASE GPT__CATEGORIES

/* gpt__utf8_valid, eight bytes at a time as long as they are ASCII. */
int gpt__text_valid(const char *text, size_t length);

static inline int gpt__in_categories(const gpt__unicode *unicode, int32_t code, unsigned set)
{
    return set >> (unicode->properties[code] & GPT__CATEGORY_BITS) & 1;
}

/* The character at a place in text that is known to be well-formed, and its length. */
static inline int32_t gpt__valid_char(const char *at, size_t *length)
{
    const unsigned char *b = (const unsigned char *)at;
    if (b[0] < 0x80) {
        *length = 1;
        return b[0];
    }
    if (b[0] < 0xE0) {
        *length = 2;
        return (b[0] & 0x1F) << 6 | (b[1] & 0x3F);
    }
    if (b[0] < 0xF0) {
        *length = 3;
        return (b[0] & 0x0F) << 12 | (b[1] & 0x3F) << 6 | (b[2] & 0x3F);
    }
    *length = 4;
    return (b[0] & 0x07) << 18 | (b[1] & 0x3F) << 12 | (b[2] & 0x3F) << 6 | (b[3] & 0x3F);
}

/* Where the character begins that ends before at; at must be more than 0. */
static inline size_t gpt__previous_char(const char *text, size_t at)
{
    do
        at--;
    while (at > 0 && ((unsigned char)text[at] & 0xC0) == 0x80);
    return at;
}

#endif
