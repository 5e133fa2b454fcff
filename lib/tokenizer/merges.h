/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/merges.h: a hash table from a pair of token ids to what they merge into, and how early. */
#ifndef GPT__TOKENIZER_MERGES_H
#define GPT__TOKENIZER_MERGES_H

#include "tokenizer/byte_map.h"

/* rank << 32 | id of the merged token: the smaller, the earlier. */
typedef uint64_t gpt__merge;

#define GPT__NO_MERGE UINT64_MAX

typedef struct gpt__merge_slot {
    uint64_t key; /* left << 24 | right; GPT__NO_MERGE in an empty slot */
    gpt__merge merge;
} gpt__merge_slot;

/* Open addressing with linear probing, at most half full. Begins as {0}. */
typedef struct gpt__merges {
    gpt__merge_slot *slots;
    uint64_t *may_merge; /* bits by hash: a pair whose bit is not set has no merge */
    size_t mask;
    int shift;
    int bits_shift; /* 64 - log2 of the number of bits */
} gpt__merges;

/* Makes an empty table with room for count merges. */
gpt_status gpt__merges_begin(gpt__merges *merges, size_t count);

/* Sets what a pair merges into; there must be room. Of two merges of the same pair the later one counts. */
void gpt__merges_set(gpt__merges *merges, int32_t left, int32_t right, uint32_t rank, int32_t merged);

void gpt__merges_release(gpt__merges *merges);

static inline uint64_t gpt__merge_key(int32_t left, int32_t right)
{
    return (uint64_t)(uint32_t)left << 24 | (uint32_t)right;
}

/* One multiplication spreads two small numbers well enough in the upper bits (Fibonacci hashing). */
static inline uint64_t gpt__merge_hash(uint64_t key)
{
    return key * 0x9E3779B97F4A7C15u;
}

/* The slot of the pair, or the empty one where it would go. */
static inline gpt__merge_slot *gpt__merges_slot(const gpt__merges *merges, uint64_t key)
{
    size_t at = (size_t)(gpt__merge_hash(key) >> merges->shift);
    while (merges->slots[at].key != key && merges->slots[at].key != GPT__NO_MERGE)
        at = (at + 1) & merges->mask;
    return merges->slots + at;
}

/* GPT__NO_MERGE when the pair does not merge, as most do not: the bits, which fit into a near cache, tell that. */
static inline gpt__merge gpt__merges_find(const gpt__merges *merges, int32_t left, int32_t right)
{
    uint64_t key = gpt__merge_key(left, right);
    uint64_t bit = gpt__merge_hash(key) >> merges->bits_shift;
    if (!(merges->may_merge[bit / 64] >> bit % 64 & 1))
        return GPT__NO_MERGE;
    return gpt__merges_slot(merges, key)->merge;
}

#endif
