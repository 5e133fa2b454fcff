/* SPDX-License-Identifier: Apache-2.0 */
/* generate/select.h: the first few of many numbers in linear time, where sorting all would take longer. */
#ifndef GPT__GENERATE_SELECT_H
#define GPT__GENERATE_SELECT_H

#include "base/bytes.h"

#include <stddef.h>

/*
 * A key is a rank (upper half) and an index (lower half): ordering keys orders by rank, and by index among equal ranks.
 * No two keys of an array may be equal.
 */
static inline uint64_t gpt__key(uint32_t rank, uint32_t index)
{
    return (uint64_t)rank << 32 | index;
}

static inline uint32_t gpt__key_rank(uint64_t key)
{
    return (uint32_t)(key >> 32);
}

static inline uint32_t gpt__key_index(uint64_t key)
{
    return (uint32_t)key;
}

/*
 * Ranks that order as floats do, smallest first. Without the sign the bits of a float order like its magnitude;
 * negative ones are turned round. Adding 0 makes -0 equal to 0.
 */
static inline uint32_t gpt__rank_rising(float value)
{
    uint32_t bits = gpt__bits_from_float(value + 0.0f);
    return bits & 0x80000000 ? ~bits : bits | 0x80000000;
}

/* Ranks with the largest float first. */
static inline uint32_t gpt__rank_falling(float value)
{
    return ~gpt__rank_rising(value);
}

/*
 * The first key, in rising order, at which the weights of all keys up to it together reach target; the last key when
 * they never do. weights are looked up by the index of a key; NULL means that each is 1. Reorders keys; count is at
 * least 1. Takes time in proportion to count.
 */
uint64_t gpt__select(uint64_t *keys, size_t count, const float *weights, double target);

/* Sorts in rising order, without further memory. */
void gpt__sort_keys(uint64_t *keys, size_t count);

#endif
