/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/softmax.h: softmax over scores that come piece by piece (Milakov and Gimelshein, "Online normalizer
 * calculation for softmax", 2018). Shares are relative to the largest score so far; when a larger one comes, what was
 * made of earlier shares is multiplied by a factor. In the end it is divided by the total.
 */
#ifndef GPT__COMPUTE_SOFTMAX_H
#define GPT__COMPUTE_SOFTMAX_H

#include <stdint.h>

/* Scores have room for whole blocks of so many. */
#define GPT__SCORES_BLOCK 16

/* Begins as {-INFINITY, 0}; with a score that has no value, as {that score, 1}. */
typedef struct gpt__softmax {
    float most;  /* the largest score so far */
    float total; /* of all shares so far, relative to it */
} gpt__softmax;

/*
 * Adds the scores [begin, end) of a piece, which become their shares e^(score - the largest so far), and those before
 * and behind them, up to count and the end of its block, 0. Returns the factor for what was made of earlier shares.
 */
float gpt__softmax_add(gpt__softmax *softmax, float *scores, int64_t begin, int64_t end, int64_t count);

#endif
