/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/byte_alphabet.h: the printable characters by which byte-level vocabularies write bytes. */
#ifndef GPT__TOKENIZER_BYTE_ALPHABET_H
#define GPT__TOKENIZER_BYTE_ALPHABET_H

#include "base/buffer.h"

/*
 * GPT-2's vocabulary files write each byte as a printable character: bytes that are printable in Latin-1 as themselves,
 * the other 68 (controls, space, DEL, 0x80 to 0xA0, 0xAD) in their order as U+0100, U+0101 and so on, so that a space
 * is U+0120.
 */

/* The first code point above the alphabet. */
#define GPT__BYTE_ALPHABET_END 0x144

typedef struct gpt__byte_alphabet {
    int16_t byte_of[GPT__BYTE_ALPHABET_END]; /* by code point; -1 where there is none */
} gpt__byte_alphabet;

void gpt__byte_alphabet_fill(gpt__byte_alphabet *alphabet);

/*
 * Adds the bytes that a string of the vocabulary stands for, and sets *decodable. A string with any character outside
 * the alphabet stands for itself, as in the reference's ByteLevel decoder.
 */
gpt_status gpt__byte_alphabet_decode(gpt__buffer *out, int *decodable, const gpt__byte_alphabet *alphabet,
                                     const char *string, size_t length);

#endif
