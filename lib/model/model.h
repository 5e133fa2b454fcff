/* SPDX-License-Identifier: Apache-2.0 */
/* model/model.h: what an open model is made of. */
#ifndef GPT__MODEL_MODEL_H
#define GPT__MODEL_MODEL_H

#include "model/config.h"
#include "model/weights.h"

#include <stdatomic.h>

struct gpt_model {
    atomic_int references;
    char *path;
    gpt__config config;
    gpt_dtype dtype;
    gpt__engine *engine;
    gpt__weights weights;
    gpt_tokenizer *tokenizer;    /* NULL when the directory has none */
    gpt__json generation_config; /* root is NULL when the directory has none */
};

/*
 * How many threads to use when nobody says: one for each processor that the process may run on, but no more than one
 * for every GPT__BYTES_PER_THREAD of weights, below which threads wait for each other longer than they compute.
 */
#define GPT__BYTES_PER_THREAD (8 << 20)
int gpt__default_threads(int64_t weight_bytes);

#endif
