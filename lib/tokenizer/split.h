/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/split.h: where a text may be divided into pieces: scanners for the patterns that models use. */
#ifndef GPT__TOKENIZER_SPLIT_H
#define GPT__TOKENIZER_SPLIT_H

#include "tokenizer/unicode.h"

/*
 * Returns where the piece ends that begins at text[at]. text[0 .. end) is well-formed UTF-8, at is before end and at the
 * beginning of a character. What lies beyond end does not exist for the pattern.
 */
typedef size_t gpt__scanner(const gpt__unicode *unicode, const char *text, size_t at, size_t end);

gpt__scanner gpt__scan_gpt2;

#endif
