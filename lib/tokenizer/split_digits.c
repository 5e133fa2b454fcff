/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/split_digits.c: numbers apart from other text, as StarCoder and SantaCoder divide it before GPT-2's
 * pattern.
 */
#include "tokenizer/split_runs.h"

/* The end of the text before the next number. */
static size_t other_end(const gpt__unicode *unicode, const char *text, size_t at, size_t end)
{
    while (at < end) {
        size_t length;
        if (gpt__kind_at(unicode, text + at, &length) == GPT__KIND_NUMBER)
            break;
        at += length;
    }
    return at;
}

size_t gpt__scan_digits(const gpt__unicode *unicode, const char *text, size_t at, size_t end)
{
    size_t run = gpt__run_end(unicode, text, at, end, GPT__KIND_NUMBER);
    return run > at ? run : other_end(unicode, text, at, end);
}

size_t gpt__scan_each_digit(const gpt__unicode *unicode, const char *text, size_t at, size_t end)
{
    size_t length;
    if (gpt__kind_at(unicode, text + at, &length) == GPT__KIND_NUMBER)
        return at + length;
    return other_end(unicode, text, at, end);
}
