/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/profile.h: where a generator's time goes. At each moment one part of the work is under way; who begins
 * another says so with gpt__profile_switch, which is one comparison while nobody measures. So the parts add up to the
 * whole time by themselves.
 */
#ifndef GPT__COMPUTE_PROFILE_H
#define GPT__COMPUTE_PROFILE_H

#include <gpt/profile.h>

#define GPT__PARTS (GPT_PART_REST + 1)

/* Belongs to one generator. Begins as {0}, which is off. */
typedef struct gpt__profile {
    int is_on;
    gpt_part part; /* that is under way */
    int64_t since; /* when it began, in nanoseconds of the clock */
    int64_t nanoseconds[GPT__PARTS];
    double operations;   /* in products with weights */
    double weight_bytes; /* that those read */
} gpt__profile;

/* Stops the part that is under way, and starts another. For gpt__profile_switch. */
void gpt__profile_note(gpt__profile *profile, gpt_part part);

/* Starts the clock for a call; it runs for GPT_PART_REST until the first switch. */
void gpt__profile_begin(gpt__profile *profile);

/* The work that follows belongs to this part. */
static inline void gpt__profile_switch(gpt__profile *profile, gpt_part part)
{
    if (profile->is_on)
        gpt__profile_note(profile, part);
}

/* Adds the time since the last switch, at the end of a call. */
static inline void gpt__profile_end(gpt__profile *profile)
{
    gpt__profile_switch(profile, GPT_PART_REST);
}

/* Counts a product of T rows with K * N weights, which take so many bytes. */
static inline void gpt__profile_count(gpt__profile *profile, int64_t T, int64_t K, int64_t N, int64_t bytes)
{
    if (profile->is_on) {
        profile->operations += 2.0 * (double)T * (double)K * (double)N;
        profile->weight_bytes += (double)bytes;
    }
}

#endif
