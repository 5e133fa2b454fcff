/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/ids.h: the growing array of ids that encoding fills. */
#ifndef GPT__TOKENIZER_IDS_H
#define GPT__TOKENIZER_IDS_H

#include "base/memory.h"

/* Begins as {0}. */
typedef struct gpt__ids {
    int32_t *at;
    size_t count;
    size_t capacity;
} gpt__ids;

/* Makes sure that more ids fit. */
static inline gpt_status gpt__ids_reserve(gpt__ids *ids, size_t more)
{
    if (more <= ids->capacity - ids->count)
        return GPT_OK;
    return gpt__reserve((void **)&ids->at, &ids->capacity, ids->count + more, sizeof *ids->at);
}

static inline gpt_status gpt__ids_add(gpt__ids *ids, int32_t id)
{
    GPT__TRY(gpt__ids_reserve(ids, 1));
    ids->at[ids->count++] = id;
    return GPT_OK;
}

#endif
