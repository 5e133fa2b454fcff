/* SPDX-License-Identifier: Apache-2.0 */
/* compute/profile.c: the clock of the profile. */
#include "compute/profile.h"

#include <time.h>

/* A clock that nobody sets; on Linux reading it takes no system call. */
static int64_t now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (int64_t)time.tv_sec * 1000000000 + time.tv_nsec;
}

void gpt__profile_note(gpt__profile *profile, gpt_part part)
{
    int64_t time = now();
    profile->nanoseconds[profile->part] += time - profile->since;
    profile->since = time;
    profile->part = part;
}

void gpt__profile_begin(gpt__profile *profile)
{
    if (profile->is_on) {
        profile->since = now();
        profile->part = GPT_PART_REST;
    }
}
