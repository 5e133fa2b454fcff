/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/rotary.h: rotary positions (Su et al., "RoFormer", 2021): pairs of values of a head are turned by angles that
 * grow with the token's position, so that scores depend on distances.
 *
 * Letters: T tokens, H heads, K values of a head, R values of a head that are turned (R <= K, even).
 */
#ifndef GPT__COMPUTE_ROTARY_H
#define GPT__COMPUTE_ROTARY_H

#include <stdint.h>

#define GPT__MAX_ROTARY 1024

typedef struct gpt__rotary {
    int32_t R;
    float magnitude; /* cosines and sines are multiplied with it; 1 without YaRN */
    float frequencies[GPT__MAX_ROTARY / 2]; /* [R / 2], in radians per token */
} gpt__rotary;

/* turns [R]: R / 2 cosines, then R / 2 sines, for the token at a position. */
void gpt__rotary_turns(float *turns, const gpt__rotary *rotary, int64_t position);

/* Turns the first R values of each of the heads [H, K] of one token; value i goes with value i + R / 2. */
void gpt__rotary_apply(float *heads, const float *turns, int32_t H, int32_t K, int32_t R);

#endif
