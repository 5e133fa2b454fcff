/* SPDX-License-Identifier: Apache-2.0 */
/*
 * generate/ahead.h: the tokens of a step that can be chosen by several threads at once. What is chosen for a sequence
 * depends on nothing but its own logits, history, settings and random number, so that the choice is the same.
 */
#ifndef GPT__GENERATE_AHEAD_H
#define GPT__GENERATE_AHEAD_H

#include "generate/processors.h"

struct gpt_generator;

/* Memory of a generator. Begins as {0}. */
typedef struct gpt__ahead {
    gpt__sampler_scratch *scratch; /* [threads] */
    int threads;
    const struct gpt__sequence **rows; /* whose logits are in each row of the step that is under way */
    int32_t *tokens; /* for each row; -1 for those that are still to be chosen */
    size_t row_capacity;
    size_t token_capacity;
} gpt__ahead;

void gpt__ahead_release(gpt__ahead *ahead);

/*
 * Chooses tokens for the rows of logits of the step that is under way, which may be changed by that: where there are
 * several, and for sequences whose settings have no hook, and ask for no log-probabilities. The others get -1, and so
 * does one that has no token left: choosing it again tells why.
 */
gpt_status gpt__choose_ahead(struct gpt_generator *generator);

#endif
