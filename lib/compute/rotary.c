/* SPDX-License-Identifier: Apache-2.0 */
/* compute/rotary.c: the angles of a position, and turning by them. */
#include "compute/rotary.h"

#include "compute/cpu.h"

#include <math.h>

void gpt__rotary_turns(float *turns, const gpt__rotary *rotary, int64_t position)
{
    int32_t half = rotary->R / 2;
    for (int32_t i = 0; i < half; i++) {
        float angle = (float)position * rotary->frequencies[i];
        turns[i] = cosf(angle) * rotary->magnitude;
        turns[half + i] = sinf(angle) * rotary->magnitude;
    }
}

GPT__CPU_CLONES
static void turn(float *restrict first, float *restrict second, const float *restrict cosines,
                 const float *restrict sines, int32_t half)
{
    for (int32_t i = 0; i < half; i++) {
        float a = first[i];
        float b = second[i];
        first[i] = a * cosines[i] - b * sines[i];
        second[i] = b * cosines[i] + a * sines[i];
    }
}

void gpt__rotary_apply(float *heads, const float *turns, int32_t H, int32_t K, int32_t R)
{
    int32_t half = R / 2;
    for (int32_t h = 0; h < H; h++)
        turn(heads + (int64_t)h * K, heads + (int64_t)h * K + half, turns, turns + half, half);
}
