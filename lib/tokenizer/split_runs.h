/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/split_runs.h: what the scanners have in common: runs of letters, numbers, white space and the rest. */
#ifndef GPT__TOKENIZER_SPLIT_RUNS_H
#define GPT__TOKENIZER_SPLIT_RUNS_H

#include "tokenizer/split.h"

/* \p{L}, \p{N}, \s, and what is none of these. */
typedef enum gpt__kind { GPT__KIND_LETTER, GPT__KIND_NUMBER, GPT__KIND_SPACE, GPT__KIND_OTHER } gpt__kind;

static inline int gpt__is_ascii_letter(char byte)
{
    return (unsigned)(((unsigned char)byte | 0x20) - 'a') < 26;
}

/* The kind of the character at a place, and its length. */
static inline gpt__kind gpt__kind_at(const gpt__unicode *unicode, const char *at, size_t *length)
{
    *length = 1;
    if (gpt__is_ascii_letter(*at))
        return GPT__KIND_LETTER;
    int32_t code = gpt__valid_char(at, length);
    if (gpt__in_categories(unicode, code, GPT__LETTERS))
        return GPT__KIND_LETTER;
    if (gpt__in_categories(unicode, code, GPT__NUMBERS))
        return GPT__KIND_NUMBER;
    return unicode->properties[code] & GPT__WHITE_SPACE ? GPT__KIND_SPACE : GPT__KIND_OTHER;
}

/* The end of the longest run of one kind that begins at text[at]; at itself when there is none. */
static inline size_t gpt__run_end(const gpt__unicode *unicode, const char *text, size_t at, size_t end,
                                   gpt__kind wanted)
{
    while (at < end) {
        size_t length;
        if (wanted == GPT__KIND_LETTER)
            while (at < end && gpt__is_ascii_letter(text[at]))
                at++;
        if (at == end || gpt__kind_at(unicode, text + at, &length) != wanted)
            break;
        at += length;
    }
    return at;
}

/*
 * \s+(?!\S)|\s+ at white space at text[at], of which the run ends at run: it leaves its last character, often a space,
 * to the word that follows, unless it is the only one or the text ends.
 */
static inline size_t gpt__space_end(const char *text, size_t at, size_t end, size_t run)
{
    if (run == end)
        return run;
    size_t last = gpt__previous_char(text, run);
    return last > at ? last : run;
}

/* (?i:'s|'t|'re|'ve|'m|'ll|'d) at an apostrophe: its length, or 0. */
size_t gpt__any_case_contraction(const char *text, size_t at, size_t end);

/*
 * What cl100k and o200k have in common after their words, at text[at]:
 *
 *     \p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
 *
 * with the bytes that may follow a run of the second alternative in closers ("\r\n" here).
 */
size_t gpt__number_other_or_space_end(const gpt__unicode *unicode, const char *text, size_t at, size_t end,
                                      const char *closers);

#endif
