/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/merges.c: filling the table of merges; looking up stands in the header, to be inlined. */
#include "tokenizer/merges.h"

#include "base/memory.h"

gpt_status gpt__merges_begin(gpt__merges *merges, size_t count)
{
    int bits = 4;
    while (bits < 48 && ((size_t)1 << bits) / 2 < count)
        bits++;
    size_t slots = (size_t)1 << bits;
    merges->slots = gpt__allocate(slots, sizeof *merges->slots);
    if (merges->slots == NULL)
        return GPT_E_MEMORY;
    /* All bits set is GPT__NO_MERGE in both members. */
    memset(merges->slots, 0xFF, slots * sizeof *merges->slots);
    merges->mask = slots - 1;
    merges->shift = 64 - bits;
    /* Four bits for each slot, so at least eight for each merge: one pair in eight passes without having one. */
    merges->bits_shift = 64 - (bits + 2);
    merges->may_merge = gpt__allocate_zeroed(slots / 16, sizeof *merges->may_merge);
    return merges->may_merge != NULL ? GPT_OK : GPT_E_MEMORY;
}

void gpt__merges_set(gpt__merges *merges, int32_t left, int32_t right, uint32_t rank, int32_t merged)
{
    uint64_t key = gpt__merge_key(left, right);
    uint64_t bit = gpt__merge_hash(key) >> merges->bits_shift;
    merges->may_merge[bit / 64] |= (uint64_t)1 << bit % 64;
    *gpt__merges_slot(merges, key) = (gpt__merge_slot){key, (uint64_t)rank << 32 | (uint32_t)merged};
}

void gpt__merges_release(gpt__merges *merges)
{
    gpt__release(merges->slots);
    gpt__release(merges->may_merge);
    *merges = (gpt__merges){0};
}
