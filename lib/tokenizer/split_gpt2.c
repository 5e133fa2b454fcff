/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/split_gpt2.c: the split pattern of GPT-2, as a scanner.
 *
 *     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 *
 * (encoder.py of OpenAI's gpt-2; tiktoken's r50k_base and p50k_base write the same differently.) The alternatives are
 * tried in this order at each place, so an apostrophe begins a contraction only where no other piece has taken it. The
 * last two together: a run of white space leaves its last character, often a space, to the word that follows it, unless
 * it is the only one or the text ends.
 */
#include "tokenizer/split.h"

typedef enum kind { LETTER, NUMBER, SPACE, OTHER } kind;

static inline int is_ascii_letter(unsigned char byte)
{
    return (unsigned)((byte | 0x20) - 'a') < 26;
}

static kind kind_of_code(const gpt__unicode *unicode, int32_t code)
{
    if (gpt__in_categories(unicode, code, GPT__LETTERS))
        return LETTER;
    if (gpt__in_categories(unicode, code, GPT__NUMBERS))
        return NUMBER;
    return unicode->properties[code] & GPT__WHITE_SPACE ? SPACE : OTHER;
}

static inline kind kind_at(const gpt__unicode *unicode, const char *at, size_t *length)
{
    if (is_ascii_letter((unsigned char)*at)) {
        *length = 1;
        return LETTER;
    }
    return kind_of_code(unicode, gpt__valid_char(at, length));
}

/* The end of the longest run of one kind that begins at text[at]. */
static size_t run_end(const gpt__unicode *unicode, const char *text, size_t at, size_t end, kind wanted)
{
    while (at < end) {
        if (wanted == LETTER)
            while (at < end && is_ascii_letter((unsigned char)text[at]))
                at++;
        size_t length;
        if (at == end || kind_at(unicode, text + at, &length) != wanted)
            break;
        at += length;
    }
    return at;
}

/* The length of a contraction such as 's or 'll at an apostrophe, or 0. */
static size_t contraction(const char *text, size_t at, size_t end)
{
    char first = at + 1 < end ? text[at + 1] : '\0';
    char second = at + 2 < end ? text[at + 2] : '\0';
    if (first == 's' || first == 't' || first == 'm' || first == 'd')
        return 2;
    if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l'))
        return 3;
    return 0;
}

/* The end of a piece of white space, of which at least one character stands at text[at]. */
static size_t space_end(const gpt__unicode *unicode, const char *text, size_t at, size_t end)
{
    size_t run = run_end(unicode, text, at, end, SPACE);
    if (run == end)
        return run;
    size_t last = gpt__previous_char(text, run);
    return last > at ? last : run;
}

size_t gpt__scan_gpt2(const gpt__unicode *unicode, const char *text, size_t at, size_t end)
{
    if (text[at] == '\'') {
        size_t length = contraction(text, at, end);
        if (length > 0)
            return at + length;
    }
    size_t length;
    size_t word = text[at] == ' ' && at + 1 < end ? at + 1 : at;
    kind first = kind_at(unicode, text + word, &length);
    if (first != SPACE)
        return run_end(unicode, text, word + length, end, first);
    return space_end(unicode, text, at, end);
}
