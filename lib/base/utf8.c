/* SPDX-License-Identifier: Apache-2.0 */
/* base/utf8.c: decoding after table 3-7 of the Unicode standard ("Well-Formed UTF-8 Byte Sequences"). */
#include "base/utf8.h"

#define ILL_FORMED (-1)
#define UNFINISHED (-2)

/* For a lead byte: the length of its character (0 when it can not begin one) and the range of the second byte. */
static size_t lead_byte(unsigned char lead, unsigned char *low, unsigned char *high)
{
    *low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
    *high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
    if (lead < 0x80)
        return 1;
    if (lead < 0xC2)
        return 0;
    return lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 0;
}

size_t gpt__utf8_decode(int32_t *code, const char *bytes, size_t length)
{
    const unsigned char *b = (const unsigned char *)bytes;
    unsigned char low, high;
    size_t whole = lead_byte(b[0], &low, &high);
    *code = ILL_FORMED;
    if (whole == 0)
        return 1;
    int32_t value = whole == 1 ? b[0] : b[0] & (0x7F >> whole);
    for (size_t i = 1; i < whole; i++) {
        if (i == length) {
            *code = UNFINISHED;
            return i;
        }
        if (b[i] < low || b[i] > high)
            return i;
        value = value << 6 | (b[i] & 0x3F);
        low = 0x80;
        high = 0xBF;
    }
    *code = value;
    return whole;
}

size_t gpt__utf8_encode(char bytes[4], int32_t code)
{
    if (code < 0x80) {
        bytes[0] = (char)code;
        return 1;
    }
    size_t length = code < 0x800 ? 2 : code < 0x10000 ? 3 : 4;
    for (size_t i = length - 1; i > 0; i--) {
        bytes[i] = (char)(0x80 | (code & 0x3F));
        code >>= 6;
    }
    bytes[0] = (char)((0xF00 >> length & 0xFF) | code);
    return length;
}

int gpt__utf8_valid(const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        int32_t code;
        at += gpt__utf8_decode(&code, text + at, length - at);
        if (code < 0)
            return 0;
    }
    return 1;
}

gpt_status gpt__utf8_add_valid(gpt__buffer *out, const char *text, size_t length)
{
    size_t good = 0; /* where the well-formed run that is not added yet begins */
    for (size_t at = 0; at < length;) {
        int32_t code;
        size_t step = gpt__utf8_decode(&code, text + at, length - at);
        if (code < 0) {
            GPT__TRY(gpt__buffer_add(out, text + good, at - good));
            GPT__TRY(gpt__buffer_add(out, "\xEF\xBF\xBD", 3));
            good = at + step;
        }
        at += step;
    }
    return gpt__buffer_add(out, text + good, length - good);
}

size_t gpt__utf8_unfinished(const char *text, size_t length)
{
    for (size_t back = 1; back <= 3 && back <= length; back++) {
        int32_t code;
        if (((unsigned char)text[length - back] & 0xC0) == 0x80)
            continue;
        size_t step = gpt__utf8_decode(&code, text + length - back, back);
        return code == UNFINISHED && step == back ? back : 0;
    }
    return 0;
}
