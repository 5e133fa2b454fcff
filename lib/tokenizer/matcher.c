/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/matcher.c: the search for added tokens in text: leftmost first, then longest. */
#include "tokenizer/matcher.h"

#include <stdlib.h>
#include <string.h>

#define PAIRS 65536

static int compare_needles(const void *left, const void *right)
{
    const gpt__needle *a = left;
    const gpt__needle *b = right;
    int order = memcmp(a->text, b->text, a->length < b->length ? a->length : b->length);
    if (order != 0)
        return order;
    if (a->length != b->length)
        return a->length < b->length ? -1 : 1;
    return a->index < b->index ? -1 : a->index > b->index;
}

static void add_pairs(gpt__matcher *matcher, const gpt__needle *needle)
{
    unsigned first = (unsigned char)needle->text[0];
    unsigned low = needle->length > 1 ? (unsigned char)needle->text[1] : 0;
    unsigned high = needle->length > 1 ? low : 255;
    for (unsigned pair = first << 8 | low; pair <= (first << 8 | high); pair++)
        matcher->pairs[pair / 64] |= (uint64_t)1 << pair % 64;
    if (matcher->only_first != (int)first)
        matcher->only_first = -1;
}

gpt_status gpt__matcher_begin(gpt__matcher *matcher, gpt__needle *needles, size_t count)
{
    matcher->needles = needles;
    matcher->count = count;
    if (count == 0)
        return GPT_OK;
    matcher->pairs = gpt__allocate_zeroed(PAIRS / 64, sizeof *matcher->pairs);
    if (matcher->pairs == NULL)
        return GPT_E_MEMORY;
    qsort(needles, count, sizeof *needles, compare_needles);
    matcher->only_first = (unsigned char)needles[0].text[0];
    for (size_t i = 0; i < count; i++)
        add_pairs(matcher, needles + i);
    return GPT_OK;
}

/* The first of needles [low, high), which agree in their first depth bytes, whose next byte is at least wanted. */
static size_t lower_bound(const gpt__matcher *matcher, size_t low, size_t high, size_t depth, int wanted)
{
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        const gpt__needle *needle = matcher->needles + middle;
        int next = needle->length > depth ? (unsigned char)needle->text[depth] : -1;
        if (next < wanted)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Whether text begins with a needle, of which depth bytes are known to be there. */
static int is_at(const gpt__needle *needle, const char *text, size_t length, size_t depth)
{
    return needle->length <= length && memcmp(needle->text + depth, text + depth, needle->length - depth) == 0;
}

/* The longest needle that text begins with, or NULL: narrows the sorted needles down byte by byte. */
static const gpt__needle *longest_at(const gpt__matcher *matcher, const char *text, size_t length)
{
    const gpt__needle *best = NULL;
    size_t low = 0;
    size_t high = matcher->count;
    for (size_t depth = 0; depth < length && low < high; depth++) {
        if (high - low == 1)
            return is_at(matcher->needles + low, text, length, depth) ? matcher->needles + low : best;
        int byte = (unsigned char)text[depth];
        low = lower_bound(matcher, low, high, depth, byte);
        high = lower_bound(matcher, low, high, depth, byte + 1);
        if (low < high && matcher->needles[low].length == depth + 1)
            best = matcher->needles + low;
    }
    return best;
}

/* Whether a needle may begin at a place, by its first two bytes. */
static int may_begin(const gpt__matcher *matcher, const char *text, size_t length, size_t at)
{
    unsigned first = (unsigned char)text[at];
    /* At the end of the text only a needle of one byte can match, and that has set the pair with every byte. */
    unsigned pair = first << 8 | (at + 1 < length ? (unsigned char)text[at + 1] : 0);
    return (int)(matcher->pairs[pair / 64] >> pair % 64 & 1);
}

const gpt__needle *gpt__matcher_find(size_t *at, const gpt__matcher *matcher, const char *text, size_t length,
                                      size_t from)
{
    if (matcher->count == 0)
        return NULL;
    for (size_t i = from; i < length; i++) {
        if (matcher->only_first >= 0) {
            const char *next = memchr(text + i, matcher->only_first, length - i);
            if (next == NULL)
                return NULL;
            i = (size_t)(next - text);
        }
        if (!may_begin(matcher, text, length, i))
            continue;
        const gpt__needle *needle = longest_at(matcher, text + i, length - i);
        if (needle != NULL) {
            *at = i;
            return needle;
        }
    }
    return NULL;
}

void gpt__matcher_release(gpt__matcher *matcher)
{
    gpt__release(matcher->needles);
    gpt__release(matcher->pairs);
    *matcher = (gpt__matcher){0};
}
