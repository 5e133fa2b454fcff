/* SPDX-License-Identifier: Apache-2.0 */
/* generate/edits.h: the part of processing that comes before temperature, for processors and sampler alike. */
#ifndef GPT__GENERATE_EDITS_H
#define GPT__GENERATE_EDITS_H

#include "generate/processors.h"

/*
 * Applies bias, penalties and bans to logits [V], and finds the largest, in all and of each block (scratch->tops).
 * Fails as gpt__process_logits does; *largest is finite otherwise.
 */
gpt_status gpt__edit_logits(float *largest, float *logits, int32_t V, const gpt__settings *settings,
                            const gpt__history *history, gpt__sampler_scratch *scratch);

/* A hook may set +INFINITY to force a token; the largest float does it too, and can be computed with. */
void gpt__limit_infinity(float *logits, int32_t V);

/* GPT_E_INTERNAL unless it is finite. */
gpt_status gpt__check_largest(float largest);

#endif
