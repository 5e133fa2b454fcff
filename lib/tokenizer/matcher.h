/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/matcher.h: finds the first place in a text where one of many strings stands, the longest one there. */
#ifndef GPT__TOKENIZER_MATCHER_H
#define GPT__TOKENIZER_MATCHER_H

#include "base/memory.h"

/* A string that is looked for. (A gpt__pattern_code is a regex.) */
typedef struct gpt__needle {
    const char *text; /* not owned; not empty */
    size_t length;
    size_t index; /* the caller's; of equal needles the one with the smallest index matches */
} gpt__needle;

/* Begins as {0}: nothing matches. */
typedef struct gpt__matcher {
    gpt__needle *needles; /* sorted by text */
    size_t count;
    /*
     * A bit for each pair of bytes that a needle begins with, pairs numbered first << 8 | second; a needle of one
     * byte sets 256. Most places of a text are ruled out here.
     */
    uint64_t *pairs;
    int only_first; /* the byte that all needles begin with, or -1 */
} gpt__matcher;

/* Takes the array over, also on failure. */
gpt_status gpt__matcher_begin(gpt__matcher *matcher, gpt__needle *needles, size_t count);

/* The first match at or after from, or NULL. *at receives where it begins. */
const gpt__needle *gpt__matcher_find(size_t *at, const gpt__matcher *matcher, const char *text, size_t length,
                                      size_t from);

void gpt__matcher_release(gpt__matcher *matcher);

#endif
