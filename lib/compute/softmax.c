/* SPDX-License-Identifier: Apache-2.0 */
/* compute/softmax.c: loops over blocks of scores, which compilers make vector code of. */
#include "compute/softmax.h"

#include "compute/cpu.h"
#include "compute/exp.h"

#include <math.h>
#include <string.h>

/* The largest of the scores [begin, end), whole blocks. */
GPT__CPU_CLONES
static float largest(const float *scores, int64_t begin, int64_t end)
{
    float lanes[GPT__SCORES_BLOCK];
    for (int j = 0; j < GPT__SCORES_BLOCK; j++)
        lanes[j] = scores[begin + j];
    for (int64_t i = begin + GPT__SCORES_BLOCK; i < end; i += GPT__SCORES_BLOCK)
        for (int j = 0; j < GPT__SCORES_BLOCK; j++)
            lanes[j] = scores[i + j] > lanes[j] ? scores[i + j] : lanes[j];
    for (int half = GPT__SCORES_BLOCK / 2; half > 0; half /= 2)
        for (int j = 0; j < half; j++)
            lanes[j] = lanes[j + half] > lanes[j] ? lanes[j + half] : lanes[j];
    return lanes[0];
}

static inline __attribute__((always_inline)) float sum_of(const float *lanes)
{
    float half[GPT__SCORES_BLOCK / 2], total = 0;
    for (int j = 0; j < GPT__SCORES_BLOCK / 2; j++)
        half[j] = lanes[j] + lanes[j + GPT__SCORES_BLOCK / 2];
    for (int j = 0; j < GPT__SCORES_BLOCK / 2; j++)
        total += half[j];
    return total;
}

/* e^(score - most) for the scores [begin, end), whole blocks, in place; returns their sum. */
GPT__CPU_CLONES
static float exponentiate(float *scores, int64_t begin, int64_t end, float most)
{
    float lanes[GPT__SCORES_BLOCK] = {0};
    for (int64_t i = begin; i < end; i += GPT__SCORES_BLOCK)
        for (int j = 0; j < GPT__SCORES_BLOCK; j++) {
            scores[i + j] = gpt__exp_negative(scores[i + j] - most);
            lanes[j] += scores[i + j];
        }
    return sum_of(lanes);
}

/* Zeros for what lies outside [begin, end), up to count. */
static void hide(float *scores, int64_t begin, int64_t end, int64_t count)
{
    if (begin > 0)
        memset(scores, 0, (size_t)begin * sizeof *scores);
    if (end < count)
        memset(scores + end, 0, (size_t)(count - end) * sizeof *scores);
}

static int64_t block_end(int64_t scores)
{
    return (scores + GPT__SCORES_BLOCK - 1) / GPT__SCORES_BLOCK * GPT__SCORES_BLOCK;
}

/* e^(before - most), for which there is mostly nothing to compute. */
static float factor_for(float before, float most)
{
    if (before == most)
        return 1.0f;
    return before == -INFINITY ? 0.0f : gpt__exp_negative(before - most);
}

float gpt__softmax_add(gpt__softmax *softmax, float *scores, int64_t begin, int64_t end, int64_t count)
{
    if (begin >= end) {
        hide(scores, 0, 0, block_end(count));
        return 1.0f;
    }
    int64_t from = begin / GPT__SCORES_BLOCK * GPT__SCORES_BLOCK, to = block_end(end);
    for (int64_t i = from; i < begin; i++)
        scores[i] = -INFINITY;
    for (int64_t i = end; i < to; i++)
        scores[i] = -INFINITY;
    float before = softmax->most;
    float most = largest(scores, from, to);
    softmax->most = before > most ? before : most;
    float factor = factor_for(before, softmax->most);
    softmax->total = softmax->total * factor + exponentiate(scores, from, to, softmax->most);
    hide(scores, from, to, block_end(count));
    return factor;
}
