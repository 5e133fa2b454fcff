/* SPDX-License-Identifier: Apache-2.0 */
/* generate/select.c: quickselect (Hoare, "Algorithm 65: Find", 1961) with weights, and heapsort. */
#include "generate/select.h"

static void swap(uint64_t *keys, size_t a, size_t b)
{
    uint64_t kept = keys[a];
    keys[a] = keys[b];
    keys[b] = kept;
}

/* The middle one of three keys at places that look random, so that no order of the input is a bad one. */
static size_t choose_pivot(const uint64_t *keys, size_t count, uint32_t *state)
{
    size_t at[3];
    for (int i = 0; i < 3; i++) {
        /* A linear congruential generator with the constants of Numerical Recipes, section 7.1. */
        *state = *state * 1664525 + 1013904223;
        at[i] = (size_t)((uint64_t)*state * count >> 32);
    }
    uint64_t a = keys[at[0]], b = keys[at[1]], c = keys[at[2]];
    if ((a <= b && b <= c) || (c <= b && b <= a))
        return at[1];
    return (b <= a && a <= c) || (c <= a && a <= b) ? at[0] : at[2];
}

/*
 * Puts the keys below the pivot before it and returns its place. The loop has no branch that depends on a key, as a
 * processor could not predict it.
 */
static size_t partition(uint64_t *keys, size_t count, size_t pivot)
{
    swap(keys, pivot, count - 1);
    uint64_t value = keys[count - 1];
    size_t below = 0;
    for (size_t i = 0; i < count - 1; i++) {
        uint64_t key = keys[i];
        keys[i] = keys[below];
        keys[below] = key;
        below += key < value;
    }
    swap(keys, below, count - 1);
    return below;
}

static double sum_weights(const uint64_t *keys, size_t count, const float *weights)
{
    if (weights == NULL)
        return (double)count;
    double sum = 0;
    for (size_t i = 0; i < count; i++)
        sum += weights[gpt__key_index(keys[i])];
    return sum;
}

uint64_t gpt__select(uint64_t *keys, size_t count, const float *weights, double target)
{
    uint32_t state = 1;
    double before = 0; /* the weight of all keys that are known to come before what is left */
    uint64_t passed = 0;
    while (count > 0) {
        size_t middle = partition(keys, count, choose_pivot(keys, count, &state));
        double left = sum_weights(keys, middle, weights);
        if (middle > 0 && before + left >= target) {
            count = middle;
            continue;
        }
        passed = keys[middle];
        before += left + (weights != NULL ? weights[gpt__key_index(passed)] : 1.0);
        if (before >= target)
            return passed;
        keys += middle + 1;
        count -= middle + 1;
    }
    return passed;
}

/* Moves a key down until none of those below it in the heap is larger. */
static void sift_down(uint64_t *keys, size_t at, size_t count)
{
    uint64_t key = keys[at];
    for (size_t child; (child = 2 * at + 1) < count; at = child) {
        if (child + 1 < count && keys[child + 1] > keys[child])
            child++;
        if (keys[child] <= key)
            break;
        keys[at] = keys[child];
    }
    keys[at] = key;
}

void gpt__sort_keys(uint64_t *keys, size_t count)
{
    for (size_t i = count / 2; i-- > 0;)
        sift_down(keys, i, count);
    for (size_t end = count; end-- > 1;) {
        swap(keys, 0, end);
        sift_down(keys, 0, end);
    }
}
