/* SPDX-License-Identifier: Apache-2.0 */
/* generate/beam.h: beam search, instead of steps, for generation in one call. */
#ifndef GPT__GENERATE_BEAM_H
#define GPT__GENERATE_BEAM_H

#include "generate/generator.h"

/* As gpt_generator_run_ids and gpt_generator_run_many, whose arguments have been checked, with more than one beam. */
gpt_status gpt__beam_run_ids(gpt_result **out, gpt_generator *generator, const int32_t *ids, size_t count);
gpt_status gpt__beam_run_many(gpt_result **out, gpt_generator *generator, const char *const *prompts,
                              const size_t *lengths, size_t count);

#endif
