/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/pattern.h: split patterns that have no scanner of their own, matched by PCRE2. What the pattern language of
 * the reference (Oniguruma) and PCRE2's mean differently is refused by name; classes of characters are spelled out from
 * libgpt's own tables, so that a text is divided alike whatever Unicode PCRE2 was made for.
 */
#ifndef GPT__TOKENIZER_PATTERN_H
#define GPT__TOKENIZER_PATTERN_H

#include "base/buffer.h"
#include "tokenizer/unicode.h"

/* A compiled pattern. Immutable, so that threads share it. */
typedef struct gpt__pattern_code gpt__pattern_code;

/* GPT_E_UNSUPPORTED naming what is not done; path is for the message. */
gpt_status gpt__pattern_new(gpt__pattern_code **out, const gpt__unicode *unicode, const char *regex, const char *path);
void gpt__pattern_free(gpt__pattern_code *pattern);

/* A part of a text: a match, or what lies between two. */
typedef struct gpt__segment {
    size_t begin, end;
    int is_match;
} gpt__segment;

/* Begins as {0}. */
typedef struct gpt__segments {
    gpt__segment *at;
    size_t count;
    size_t capacity;
} gpt__segments;

/*
 * Lists the parts of text, which is well-formed. GPT_E_UNSUPPORTED when matching goes back over the text far too often:
 * it may take some steps for each byte. What a pattern looks at ahead of each place is not counted.
 */
gpt_status gpt__pattern_segments(gpt__segments *out, const gpt__pattern_code *pattern, const char *text, size_t length);

#endif
