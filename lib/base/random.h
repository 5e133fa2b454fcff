/* SPDX-License-Identifier: Apache-2.0 */
/* base/random.h: random numbers that depend on nothing but seed, stream and position. */
#ifndef GPT__BASE_RANDOM_H
#define GPT__BASE_RANDOM_H

#include <stdint.h>

/*
 * The generator is Philox 4x32-10 (Salmon, Moraes, Dror, Shaw: "Parallel random numbers: as easy as 1, 2, 3", 2011).
 * Its key is the seed; its counter holds the stream (upper half) and the position (lower half).
 */

/* The four words for a key and a counter, as in the paper's reference implementation. */
void gpt__philox(uint32_t out[4], const uint32_t counter[4], const uint32_t key[2]);

/* A number from 0 (inclusive) to 1 (exclusive), uniform, with 53 random bits. */
double gpt__random_uniform(uint64_t seed, uint64_t stream, uint64_t position);

/* A seed from the system that differs from call to call. */
uint64_t gpt__random_seed(void);

#endif
