/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/split_gpt2.c: the split pattern of GPT-2, as a scanner.
 *
 *     's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
 *
 * (encoder.py of OpenAI's gpt-2; tiktoken's r50k_base and p50k_base write the same differently.) The alternatives are
 * tried in this order at each place, so an apostrophe begins a contraction only where no other piece has taken it.
 */
#include "tokenizer/split_runs.h"

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

size_t gpt__scan_gpt2(const gpt__unicode *unicode, const char *text, size_t at, size_t end)
{
    if (text[at] == '\'') {
        size_t length = contraction(text, at, end);
        if (length > 0)
            return at + length;
    }
    size_t length;
    size_t word = text[at] == ' ' && at + 1 < end ? at + 1 : at;
    gpt__kind first = gpt__kind_at(unicode, text + word, &length);
    if (first == GPT__KIND_LETTER)
        return gpt__run_end(unicode, text, word + length, end, GPT__KIND_LETTER);
    if (first != GPT__KIND_SPACE)
        return gpt__run_end(unicode, text, word + length, end, first);
    return gpt__space_end(text, at, end, gpt__run_end(unicode, text, at, end, GPT__KIND_SPACE));
}
