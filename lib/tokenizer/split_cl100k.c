/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/split_cl100k.c: the split pattern of GPT-3.5 and GPT-4 (cl100k), as a scanner.
 *
 *     (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+
 *     |\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
 */
#include "tokenizer/split_runs.h"

size_t gpt__scan_cl100k(const gpt__unicode *unicode, const char *text, size_t at, size_t end)
{
    if (text[at] == '\'') {
        size_t length = gpt__any_case_contraction(text, at, end);
        if (length > 0)
            return at + length;
    }
    size_t length;
    gpt__kind first = gpt__kind_at(unicode, text + at, &length);
    size_t word = at + length;
    if (first == GPT__KIND_LETTER)
        return gpt__run_end(unicode, text, word, end, GPT__KIND_LETTER);
    /* Any one character but a line break may stand before the letters. */
    if (first != GPT__KIND_NUMBER && text[at] != '\r' && text[at] != '\n') {
        size_t run = gpt__run_end(unicode, text, word, end, GPT__KIND_LETTER);
        if (run > word)
            return run;
    }
    return gpt__number_other_or_space_end(unicode, text, at, end, "\r\n");
}

/*
 * tiktoken's cl100k_base has \s++$ before \s*[\r\n], so that line breaks do not divide the white space that ends a
 * text; all else is the same in other words.
 */
size_t gpt__scan_cl100k_tiktoken(const gpt__unicode *unicode, const char *text, size_t at, size_t end)
{
    size_t run = gpt__run_end(unicode, text, at, end, GPT__KIND_SPACE);
    return run == end ? run : gpt__scan_cl100k(unicode, text, at, end);
}
