/* SPDX-License-Identifier: Apache-2.0 */
/* base/utf8.h: UTF-8 read with no trust in it. Ill-formed bytes are replaced as the Unicode standard recommends. */
#ifndef GPT__BASE_UTF8_H
#define GPT__BASE_UTF8_H

#include "base/buffer.h"

#define GPT__REPLACEMENT_CHARACTER 0xFFFD

/*
 * The character that bytes begin with.
 *
 * Returns its length, 1 to 4, with the code point in *code. For ill-formed bytes *code is -1, and the length is that
 * of the "maximal subpart" (Unicode 15, section 3.9, table 3-8) which one U+FFFD stands for. When the bytes end within
 * a character that is well-formed so far, *code is -2 and the length is what is there. length must be at least 1.
 */
size_t gpt__utf8_decode(int32_t *code, const char *bytes, size_t length);

/* Writes a code point of at most 0x10FFFF as 1 to 4 bytes and returns how many. */
size_t gpt__utf8_encode(char bytes[4], int32_t code);

/* Whether all of text is well-formed. */
int gpt__utf8_valid(const char *text, size_t length);

/* Adds text with each ill-formed part, an unfinished character at the end too, replaced by U+FFFD. */
gpt_status gpt__utf8_add_valid(gpt__buffer *out, const char *text, size_t length);

/*
 * How many bytes at the end of text are the beginning of a character that more bytes might finish: 0 to 3. What comes
 * before them can be shown now.
 */
size_t gpt__utf8_unfinished(const char *text, size_t length);

#endif
