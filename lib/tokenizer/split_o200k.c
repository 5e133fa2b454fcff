/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/split_o200k.c: the split pattern of GPT-4o and gpt-oss (o200k), as a scanner.
 *
 *     [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?
 *     |[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?
 *     |\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+
 *
 * Call the first set of a word U (upper case, and what has no case) and the second W (lower case, and what has no
 * case). The first alternative is U*W+. A matcher takes all of U it can; when no W follows, it gives back down to the
 * last character that is in both sets, and that one is W+. Only without such a one does the second alternative, U+W*,
 * match.
 */
#include "tokenizer/split_runs.h"

#define NO_CASE (1u << GPT__LM | 1u << GPT__LO | GPT__MARKS)
#define UPPER (1u << GPT__LU | 1u << GPT__LT | NO_CASE)
#define LOWER (1u << GPT__LL | NO_CASE)

static inline int is_ascii_lower(char byte)
{
    return (unsigned)((unsigned char)byte - 'a') < 26;
}

static size_t lower_end(const gpt__unicode *unicode, const char *text, size_t at, size_t end)
{
    while (at < end) {
        size_t length;
        while (at < end && is_ascii_lower(text[at]))
            at++;
        if (at == end || !gpt__in_categories(unicode, gpt__valid_char(text + at, &length), LOWER))
            break;
        at += length;
    }
    return at;
}

/* The end of U*W+ at text[at], or 0. *upper receives the end of U*. */
static size_t mixed_end(const gpt__unicode *unicode, const char *text, size_t at, size_t end, size_t *upper)
{
    size_t no_case = 0;
    while (at < end && !is_ascii_lower(text[at])) {
        size_t length;
        int32_t code = gpt__valid_char(text + at, &length);
        if (!gpt__in_categories(unicode, code, UPPER))
            break;
        at += length;
        if (gpt__in_categories(unicode, code, NO_CASE))
            no_case = at;
    }
    *upper = at;
    size_t lower = lower_end(unicode, text, at, end);
    return lower > at ? lower : no_case;
}

/* The end of the word at text[at], or 0 when there is none. */
static size_t word_end(const gpt__unicode *unicode, const char *text, size_t at, size_t end)
{
    size_t length;
    size_t upper;
    gpt__kind first = gpt__kind_at(unicode, text + at, &length);
    if (first == GPT__KIND_LETTER) {
        size_t mixed = mixed_end(unicode, text, at, end, &upper);
        return mixed > 0 ? mixed : upper;
    }
    if (first == GPT__KIND_NUMBER || text[at] == '\r' || text[at] == '\n')
        return 0;
    /* Any other character may stand before the word; a mark may also be the word. */
    size_t after = mixed_end(unicode, text, at + length, end, &upper);
    if (after > 0)
        return after;
    if (gpt__in_categories(unicode, gpt__valid_char(text + at, &length), GPT__MARKS))
        return at + length;
    return upper > at + length ? upper : 0;
}

size_t gpt__scan_o200k(const gpt__unicode *unicode, const char *text, size_t at, size_t end)
{
    size_t word = word_end(unicode, text, at, end);
    if (word == 0)
        return gpt__number_other_or_space_end(unicode, text, at, end, "\r\n/");
    if (word < end && text[word] == '\'')
        word += gpt__any_case_contraction(text, word, end);
    return word;
}
