/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/normal_form.c: the Unicode normal forms NFC, NFD, NFKC and NFKD (Unicode Standard Annex 15).
 *
 * Decompositions and compositions come from utf8proc. The reference normalizes by the tables of Unicode 9, older than
 * any utf8proc in use, so the characters that came later and would be touched are listed here and left as they are.
 * Marks are put in order here too, as utf8proc's way takes quadratic time for a text of marks alone.
 */
#include "tokenizer/normal_form.h"

#include "base/utf8.h"

#include <string.h>
#include <utf8proc.h>

/* No character decomposes to more than 18 (UAX 15, section 12). */
#define MAX_DECOMPOSITION 32

#define COMBINING_CLASSES 256

/*
 * The characters that were assigned after Unicode 9 and that have a decomposition or a combining class, or compose with
 * the one before, up to Unicode 18; some ranges run over code points that have none of these. And U+11A7, which is one
 * before the first final consonant of Hangul and composes with nothing: utf8proc counts it as that and drops it.
 */
static const int32_t inert[][2] = {
    {0x07FD, 0x07FD},   {0x0897, 0x089F},   {0x08CA, 0x08D3},   {0x09FE, 0x09FE},   {0x0C3C, 0x0C3C},
    {0x0D3B, 0x0D3C},   {0x0EBA, 0x0EBA},   {0x11A7, 0x11A7},   {0x1715, 0x1715},   {0x1ABF, 0x1AF0},
    {0x1DF6, 0x1DFA},   {0x209D, 0x209F},   {0x32FF, 0x32FF},   {0xA7F1, 0xA7F4},   {0xA82C, 0xA82C},
    {0xAB69, 0xAB69},   {0x105C9, 0x105C9}, {0x105D2, 0x105D2}, {0x105DA, 0x105DA}, {0x105E4, 0x105E4},
    {0x10781, 0x107BF}, {0x10D24, 0x10D27}, {0x10D69, 0x10D6D}, {0x10EAB, 0x10EAC}, {0x10ECB, 0x10EFF},
    {0x10F46, 0x10F50}, {0x10F82, 0x10F85}, {0x11070, 0x11070}, {0x1133B, 0x1133B}, {0x11380, 0x113E2},
    {0x1145E, 0x1145E}, {0x11839, 0x1183A}, {0x11930, 0x11943}, {0x119E0, 0x119E0}, {0x11A34, 0x11A34},
    {0x11A47, 0x11A47}, {0x11A99, 0x11A99}, {0x11D42, 0x11D45}, {0x11D97, 0x11D97}, {0x11F41, 0x11F42},
    {0x16100, 0x16139}, {0x16D40, 0x16D79}, {0x16FF0, 0x16FF1}, {0x1B123, 0x1B126}, {0x1CCD6, 0x1CCF9},
    {0x1D127, 0x1D128}, {0x1D250, 0x1D281}, {0x1D6A6, 0x1D6A6}, {0x1DF95, 0x1DF95}, {0x1DFCD, 0x1DFFF},
    {0x1E030, 0x1E08F}, {0x1E130, 0x1E136}, {0x1E2AE, 0x1E2AE}, {0x1E2EC, 0x1E2EF}, {0x1E4EC, 0x1E4EF},
    {0x1E5EE, 0x1E5EF}, {0x1E6E3, 0x1E6F5}, {0x1F16C, 0x1F16C}, {0x1FBF0, 0x1FBF9}};

/* Characters on their way: decomposed, put in order, composed. */
typedef struct segment {
    utf8proc_option_t options;
    utf8proc_int32_t *codes;
    size_t count;
    size_t capacity;
    utf8proc_int32_t *ordered; /* scratch for putting marks in order */
    size_t ordered_capacity;
} segment;

static int is_inert(int32_t code)
{
    size_t low = 0;
    size_t high = sizeof inert / sizeof *inert;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (code > inert[middle][1])
            low = middle + 1;
        else
            high = middle;
    }
    return low < sizeof inert / sizeof *inert && code >= inert[low][0];
}

static unsigned combining_class(int32_t code)
{
    return code < 0x300 ? 0 : (unsigned)utf8proc_get_property(code)->combining_class & 0xFF;
}

/* Sorts a run of marks by combining class; those of one class keep their order. */
static void order_marks(utf8proc_int32_t *codes, utf8proc_int32_t *ordered, size_t count)
{
    size_t starts[COMBINING_CLASSES + 1] = {0};
    for (size_t i = 0; i < count; i++)
        starts[combining_class(codes[i]) + 1]++;
    for (size_t class = 0; class < COMBINING_CLASSES; class++)
        starts[class + 1] += starts[class];
    for (size_t i = 0; i < count; i++)
        ordered[starts[combining_class(codes[i])]++] = codes[i];
    memcpy(codes, ordered, count * sizeof *codes);
}

static gpt_status order_all_marks(segment *s)
{
    for (size_t i = 0; i < s->count; i++) {
        size_t first = i;
        int in_order = 1;
        for (; i < s->count && combining_class(s->codes[i]) != 0; i++)
            in_order &= i == first || combining_class(s->codes[i - 1]) <= combining_class(s->codes[i]);
        if (in_order)
            continue;
        GPT__TRY(gpt__reserve((void **)&s->ordered, &s->ordered_capacity, i - first, sizeof *s->ordered));
        order_marks(s->codes + first, s->ordered, i - first);
    }
    return GPT_OK;
}

static gpt_status decompose(segment *s, int32_t code)
{
    int boundary = UTF8PROC_BOUNDCLASS_START;
    GPT__TRY(gpt__reserve((void **)&s->codes, &s->capacity, s->count + MAX_DECOMPOSITION, sizeof *s->codes));
    utf8proc_ssize_t found =
        utf8proc_decompose_char(code, s->codes + s->count, MAX_DECOMPOSITION, s->options, &boundary);
    if (found < 0 || found > MAX_DECOMPOSITION)
        return gpt__fail(GPT_E_INTERNAL, "utf8proc cannot decompose U+%04X", (unsigned)code);
    s->count += (size_t)found;
    return GPT_OK;
}

/* Writes the segment in its normal form and empties it. */
static gpt_status flush(gpt__buffer *out, segment *s)
{
    GPT__TRY(order_all_marks(s));
    utf8proc_ssize_t count = (utf8proc_ssize_t)s->count;
    if ((s->options & UTF8PROC_COMPOSE) && count > 1)
        count = utf8proc_normalize_utf32(s->codes, count, s->options);
    if (count < 0)
        return gpt__fail(GPT_E_INTERNAL, "utf8proc cannot compose a text");
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        char bytes[4];
        GPT__TRY(gpt__buffer_add(out, bytes, gpt__utf8_encode(bytes, s->codes[i])));
    }
    s->count = 0;
    return GPT_OK;
}

static size_t ascii_end(const char *text, size_t at, size_t length)
{
    while (at < length && (unsigned char)text[at] < 0x80)
        at++;
    return at;
}

/* A segment ends before each ASCII character and around each inert one, as nothing crosses these. */
static gpt_status normalize(gpt__buffer *out, segment *s, const char *text, size_t length)
{
    for (size_t at = 0; at < length;) {
        size_t ascii = ascii_end(text, at, length);
        if (ascii > at) {
            GPT__TRY(flush(out, s));
            /* The last one may compose with what follows. */
            GPT__TRY(gpt__buffer_add(out, text + at, ascii - at - 1));
            GPT__TRY(decompose(s, text[ascii - 1]));
            at = ascii;
            continue;
        }
        int32_t code;
        size_t step = gpt__utf8_decode(&code, text + at, length - at);
        if (is_inert(code)) {
            GPT__TRY(flush(out, s));
            GPT__TRY(gpt__buffer_add(out, text + at, step));
        } else {
            GPT__TRY(decompose(s, code));
        }
        at += step;
    }
    return flush(out, s);
}

static gpt_status normalize_to(gpt__buffer *out, const char *text, size_t length, int options)
{
    segment s = {.options = (utf8proc_option_t)(UTF8PROC_STABLE | options)};
    gpt_status status = normalize(out, &s, text, length);
    gpt__release(s.codes);
    gpt__release(s.ordered);
    return status;
}

gpt_status gpt__normalize_nfc(gpt__buffer *out, const char *text, size_t length)
{
    return normalize_to(out, text, length, UTF8PROC_COMPOSE);
}

gpt_status gpt__normalize_nfd(gpt__buffer *out, const char *text, size_t length)
{
    return normalize_to(out, text, length, UTF8PROC_DECOMPOSE);
}

gpt_status gpt__normalize_nfkc(gpt__buffer *out, const char *text, size_t length)
{
    return normalize_to(out, text, length, UTF8PROC_COMPOSE | UTF8PROC_COMPAT);
}

gpt_status gpt__normalize_nfkd(gpt__buffer *out, const char *text, size_t length)
{
    return normalize_to(out, text, length, UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT);
}
