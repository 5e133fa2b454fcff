/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/bpe.c: byte-pair encoding of one piece.
 *
 * The piece begins as one symbol for each byte. Of all pairs of neighbours that may merge, the one with the smallest
 * rank merges, the leftmost when it stands there several times, until none is left.
 *
 * Three ways lead to the same ids. Most pieces are words that are one token: one look-up, as long as that token is what
 * merging would give, which gpt__bpe_finish finds out. Short pieces look for the smallest rank with a loop over an
 * array. Long ones, such as a megabyte of one letter, keep a heap of pairs and a list of symbols: O(n log n).
 */
#include "tokenizer/bpe.h"

#include "tokenizer/unicode.h"

#include <string.h>

/* Where the loop, quadratic but free of pointers, stops being the faster way. */
#define SHORT_PIECE 96

/* A long piece: symbols by the byte where they begin, linked to their neighbours. */
typedef struct long_piece {
    gpt__merge *pairs; /* what a symbol and the next one merge into */
    uint64_t *heap;    /* rank << 32 | place of the left symbol */
    size_t heap_size;
    int32_t *ids;      /* -1 for a symbol that was merged into the one before */
    uint32_t *next;    /* n, the number of places, after the last symbol */
    uint32_t *previous;
} long_piece;

#define BYTES_PER_PLACE (sizeof(gpt__merge) + 2 * sizeof(uint64_t) + sizeof(int32_t) + 2 * sizeof(uint32_t))

static gpt_status fail_no_token(unsigned char byte)
{
    return gpt__fail(GPT_E_FORMAT, "the vocabulary has no token for the byte 0x%02X, and no token for what is unknown",
                     byte);
}

/* The first symbols: one for each byte. *count may be less than length when unknown bytes are fused. */
static gpt_status first_symbols(int32_t *ids, size_t *count, const gpt__bpe *bpe, const char *piece, size_t length)
{
    size_t n = 0;
    int after_unknown = 0;
    for (size_t i = 0; i < length; i++) {
        int32_t id = bpe->byte_ids[(unsigned char)piece[i]];
        int unknown = id < 0;
        if (unknown && bpe->unknown < 0)
            return fail_no_token((unsigned char)piece[i]);
        if (!unknown || !after_unknown || !bpe->fuse_unknown)
            ids[n++] = unknown ? bpe->unknown : id;
        after_unknown = unknown;
    }
    *count = n;
    return GPT_OK;
}

/*
 * The first symbols of a word: one for each character, the space at the end with the last one. Which are unknown is
 * told apart for each, as fuse_unknown may ask for.
 */
static gpt_status first_characters(int32_t *ids, size_t *count, const gpt__bpe *bpe, const char *word, size_t length)
{
    size_t n = 0;
    int after_unknown = 0;
    for (size_t at = 0, step; at < length; at += step) {
        gpt__valid_char(word + at, &step);
        if (at + step + 1 == length)
            step++;
        int32_t id = gpt__tokens_find_piece(&bpe->tokens, word + at, step);
        int unknown = id < 0;
        if (unknown && bpe->unknown < 0)
            return fail_no_token((unsigned char)word[at]);
        if (!unknown || !after_unknown || !bpe->fuse_unknown)
            ids[n++] = unknown ? bpe->unknown : id;
        after_unknown = unknown;
    }
    *count = n;
    return GPT_OK;
}

static gpt_status begin_symbols(int32_t *ids, size_t *count, const gpt__bpe *bpe, const char *piece, size_t length)
{
    return bpe->words ? first_characters(ids, count, bpe, piece, length)
                      : first_symbols(ids, count, bpe, piece, length);
}

/* The place of the smallest of n pairs, the leftmost of equals. */
static size_t smallest_pair(const gpt__merge *pairs, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (pairs[i] < pairs[best])
            best = i;
    return best;
}

/* Merges ids[0 .. count) in place and returns how many are left. count is at most SHORT_PIECE. */
static size_t merge_short(int32_t *ids, size_t count, const gpt__merges *merges)
{
    gpt__merge pairs[SHORT_PIECE];
    for (size_t i = 0; i + 1 < count; i++)
        pairs[i] = gpt__merges_find(merges, ids[i], ids[i + 1]);
    while (count > 1) {
        size_t at = smallest_pair(pairs, count - 1);
        if (pairs[at] == GPT__NO_MERGE)
            break;
        ids[at] = (int32_t)(uint32_t)pairs[at];
        count--;
        memmove(ids + at + 1, ids + at + 2, (count - at - 1) * sizeof *ids);
        if (at + 1 < count) {
            memmove(pairs + at + 1, pairs + at + 2, (count - at - 2) * sizeof *pairs);
            pairs[at] = gpt__merges_find(merges, ids[at], ids[at + 1]);
        }
        if (at > 0)
            pairs[at - 1] = gpt__merges_find(merges, ids[at - 1], ids[at]);
    }
    return count;
}

static void sift_down(uint64_t *heap, size_t size, size_t at)
{
    uint64_t value = heap[at];
    for (;;) {
        size_t child = 2 * at + 1;
        if (child >= size)
            break;
        if (child + 1 < size && heap[child + 1] < heap[child])
            child++;
        if (heap[child] >= value)
            break;
        heap[at] = heap[child];
        at = child;
    }
    heap[at] = value;
}

static void push(long_piece *p, uint64_t value)
{
    size_t at = p->heap_size++;
    for (; at > 0 && p->heap[(at - 1) / 2] > value; at = (at - 1) / 2)
        p->heap[at] = p->heap[(at - 1) / 2];
    p->heap[at] = value;
}

static uint64_t pop(long_piece *p)
{
    uint64_t top = p->heap[0];
    p->heap[0] = p->heap[--p->heap_size];
    sift_down(p->heap, p->heap_size, 0);
    return top;
}

static uint64_t heap_entry(gpt__merge pair, uint32_t place)
{
    return (pair & 0xFFFFFFFF00000000u) | place;
}

/* Looks up the pair that begins at a place and puts it on the heap. */
static void set_pair(long_piece *p, const gpt__merges *merges, uint32_t place, uint32_t n)
{
    uint32_t right = p->next[place];
    p->pairs[place] = right < n ? gpt__merges_find(merges, p->ids[place], p->ids[right]) : GPT__NO_MERGE;
    if (p->pairs[place] != GPT__NO_MERGE)
        push(p, heap_entry(p->pairs[place], place));
}

/* Merges the symbol at a place with the next one. */
static void merge_at(long_piece *p, const gpt__merges *merges, uint32_t place, uint32_t n)
{
    uint32_t gone = p->next[place];
    p->ids[place] = (int32_t)(uint32_t)p->pairs[place];
    p->ids[gone] = -1;
    p->pairs[gone] = GPT__NO_MERGE;
    p->next[place] = p->next[gone];
    if (p->next[place] < n)
        p->previous[p->next[place]] = place;
    set_pair(p, merges, place, n);
    if (place > 0)
        set_pair(p, merges, p->previous[place], n);
}

/* Lays a long piece out in the scratch memory, the widest members first, so that all are aligned. */
static gpt_status begin_long(long_piece *p, gpt__bpe_scratch *scratch, size_t length)
{
    if (length > INT32_MAX)
        return gpt__fail(GPT_E_UNSUPPORTED, "a piece of text of %zu bytes that no split divides; at most 2 GB are done",
                         length);
    GPT__TRY(gpt__reserve(&scratch->memory, &scratch->capacity, length, BYTES_PER_PLACE));
    p->pairs = scratch->memory;
    p->heap = p->pairs + length;
    /* Each merge takes at least one entry off and puts at most two on, and there are fewer than length merges. */
    p->ids = (int32_t *)(p->heap + 2 * length);
    p->next = (uint32_t *)(p->ids + length);
    p->previous = p->next + length;
    p->heap_size = 0;
    return GPT_OK;
}

static void link_symbols(long_piece *p, const gpt__merges *merges, uint32_t n)
{
    for (uint32_t i = 0; i < n; i++) {
        p->next[i] = i + 1;
        p->previous[i] = i - 1;
        p->pairs[i] = i + 1 < n ? gpt__merges_find(merges, p->ids[i], p->ids[i + 1]) : GPT__NO_MERGE;
        if (p->pairs[i] != GPT__NO_MERGE)
            p->heap[p->heap_size++] = heap_entry(p->pairs[i], i);
    }
    for (size_t i = p->heap_size / 2; i-- > 0;)
        sift_down(p->heap, p->heap_size, i);
}

static gpt_status encode_long(gpt__ids *out, gpt__bpe_scratch *scratch, const gpt__bpe *bpe, const char *piece,
                              size_t length)
{
    long_piece p = {0};
    size_t count;
    GPT__TRY(begin_long(&p, scratch, length));
    GPT__TRY(begin_symbols(p.ids, &count, bpe, piece, length));
    uint32_t n = (uint32_t)count;
    link_symbols(&p, &bpe->merges, n);
    while (p.heap_size > 0) {
        uint64_t top = pop(&p);
        uint32_t place = (uint32_t)top;
        /* An entry whose pair has changed since it was pushed is passed over; the new pair has its own. */
        if (p.pairs[place] != GPT__NO_MERGE && heap_entry(p.pairs[place], place) == top)
            merge_at(&p, &bpe->merges, place, n);
    }
    for (uint32_t i = 0; i < n; i = p.next[i])
        out->at[out->count++] = p.ids[i];
    return GPT_OK;
}

gpt_status gpt__bpe_merge(gpt__ids *out, gpt__bpe_scratch *scratch, const gpt__bpe *bpe, const char *piece,
                          size_t length)
{
    GPT__TRY(gpt__ids_reserve(out, length));
    if (length > SHORT_PIECE)
        return encode_long(out, scratch, bpe, piece, length);
    size_t count;
    GPT__TRY(begin_symbols(out->at + out->count, &count, bpe, piece, length));
    out->count += merge_short(out->at + out->count, count, &bpe->merges);
    return GPT_OK;
}

gpt_status gpt__bpe_encode(gpt__ids *out, gpt__bpe_scratch *scratch, const gpt__bpe *bpe, const char *piece,
                           size_t length)
{
    const gpt__tokens *tokens = &bpe->tokens;
    const gpt__byte_slot *slot = gpt__byte_map_slot(&tokens->pieces, gpt__tokens_source(tokens), piece, length);
    if (slot->id_and_flag != GPT__EMPTY_SLOT && (slot->id_and_flag & GPT__SLOT_FLAG))
        return gpt__ids_add(out, (int32_t)(slot->id_and_flag & ~GPT__SLOT_FLAG));
    return gpt__bpe_merge(out, scratch, bpe, piece, length);
}

void gpt__bpe_scratch_release(gpt__bpe_scratch *scratch)
{
    gpt__release(scratch->memory);
    *scratch = (gpt__bpe_scratch){0};
}

void gpt__bpe_release(gpt__bpe *bpe)
{
    gpt__tokens_release(&bpe->tokens);
    gpt__merges_release(&bpe->merges);
    *bpe = (gpt__bpe){0};
}
