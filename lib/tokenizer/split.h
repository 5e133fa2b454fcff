/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/split.h: where a text may be divided into pieces: scanners for the patterns that models use. */
#ifndef GPT__TOKENIZER_SPLIT_H
#define GPT__TOKENIZER_SPLIT_H

#include "tokenizer/unicode.h"

/*
 * Returns where the piece ends that begins at text[at]. text[0 .. end) is well-formed UTF-8, at is before end and at
 * the beginning of a character. What lies beyond end does not exist for the pattern.
 */
typedef size_t gpt__scanner(const gpt__unicode *unicode, const char *text, size_t at, size_t end);

gpt__scanner gpt__scan_gpt2;
gpt__scanner gpt__scan_cl100k;
gpt__scanner gpt__scan_cl100k_tiktoken; /* white space at the end stays together */
gpt__scanner gpt__scan_o200k;
gpt__scanner gpt__scan_digits;     /* runs of numbers, and what is between them */
gpt__scanner gpt__scan_each_digit; /* the same with each character of a number by itself */

/* The scanner of a pattern, as tokenizer.json files write it, or NULL when it is not a model's. */
gpt__scanner *gpt__find_scanner(const char *pattern);

#endif
