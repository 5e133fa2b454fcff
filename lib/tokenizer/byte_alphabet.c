/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/byte_alphabet.c: from the characters of a byte-level vocabulary to bytes. */
#include "tokenizer/byte_alphabet.h"

#include "base/utf8.h"

static int is_printable(int byte)
{
    return (byte >= '!' && byte <= '~') || (byte >= 0xA1 && byte <= 0xFF && byte != 0xAD);
}

void gpt__byte_alphabet_fill(gpt__byte_alphabet *alphabet)
{
    for (int code = 0; code < GPT__BYTE_ALPHABET_END; code++)
        alphabet->byte_of[code] = -1;
    int next = 0x100;
    for (int byte = 0; byte < 256; byte++)
        alphabet->byte_of[is_printable(byte) ? byte : next++] = (int16_t)byte;
}

gpt_status gpt__byte_alphabet_decode(gpt__buffer *out, int *decodable, const gpt__byte_alphabet *alphabet,
                                     const char *string, size_t length)
{
    size_t before = out->length;
    *decodable = 1;
    /* A byte takes at least one byte of the string, so the string's length is room enough for either outcome. */
    GPT__TRY(gpt__buffer_add(out, string, length));
    char *to = out->bytes + before;
    for (size_t at = 0; at < length;) {
        int32_t code = (unsigned char)string[at];
        size_t step = code < 0x80 ? 1 : gpt__utf8_decode(&code, string + at, length - at);
        int byte = code >= 0 && code < GPT__BYTE_ALPHABET_END ? alphabet->byte_of[code] : -1;
        if (byte < 0) {
            *decodable = 0;
            out->length = before;
            return gpt__buffer_add(out, string, length);
        }
        *to++ = (char)byte;
        at += step;
    }
    out->length = (size_t)(to - out->bytes);
    *to = '\0';
    return GPT_OK;
}
