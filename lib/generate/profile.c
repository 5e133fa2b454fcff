/* SPDX-License-Identifier: Apache-2.0 */
/* generate/profile.c: what gpt/profile.h tells of a generator. */
#include "generate/generator.h"

const char *gpt_part_name(gpt_part part)
{
    static const char *const names[GPT__PARTS] = {"linear", "attention", "elementwise", "output", "sampling", "rest"};
    return (int)part >= 0 && (int)part < GPT__PARTS ? names[part] : NULL;
}

gpt_status gpt_generator_set_profiling(gpt_generator *generator, int profiling)
{
    GPT__CHECK_ARGUMENT(generator != NULL);
    GPT__CHECK_ARGUMENT(profiling == 0 || profiling == 1);
    if (profiling)
        generator->profile = (gpt__profile){0};
    generator->profile.is_on = profiling;
    return GPT_OK;
}

int gpt_generator_profiling(const gpt_generator *generator)
{
    return generator != NULL && generator->profile.is_on;
}

double gpt_generator_profile_seconds(const gpt_generator *generator, gpt_part part)
{
    if (generator == NULL || gpt_part_name(part) == NULL)
        return 0;
    return 1e-9 * (double)generator->profile.nanoseconds[part];
}

double gpt_generator_profile_operations(const gpt_generator *generator)
{
    return generator != NULL ? generator->profile.operations : 0;
}

double gpt_generator_profile_weight_bytes(const gpt_generator *generator)
{
    return generator != NULL ? generator->profile.weight_bytes : 0;
}
