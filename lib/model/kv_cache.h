/* SPDX-License-Identifier: Apache-2.0 */
/*
 * model/kv_cache.h: keys and values of the tokens that were computed, in pages that sequences share.
 *
 * A page holds the keys and values of GPT__PAGE_TOKENS tokens for all layers. A sequence is a list of pages and a
 * length. Pages are counted by reference, so that samples of one prompt, and prompts that begin alike, hold their
 * common part once; a page that others share is copied before a sequence writes into it (copy on write; Kwon et al.,
 * "Efficient Memory Management for Large Language Model Serving with PagedAttention", 2023).
 */
#ifndef GPT__MODEL_KV_CACHE_H
#define GPT__MODEL_KV_CACHE_H

#include "compute/attention.h"
#include "model/config.h"

typedef struct gpt__page {
    int references;
    struct gpt__page *next_free;
    unsigned char *values; /* for each layer what compute/attention.h calls a page */
} gpt__page;

/* All pages of a generator. Belongs to one thread at a time. Begins as {0}, then gpt__kv_cache_init. */
typedef struct gpt__kv_cache {
    int32_t L;
    gpt__page_form form; /* of each layer's part of a page */
    size_t page_bytes;
    int64_t most_pages; /* 0: no limit */
    int64_t used_pages; /* that sequences hold */
    gpt__page *free_pages;
    int64_t free_count;
} gpt__kv_cache;

/* The cache of one sequence. Begins as {0}. */
typedef struct gpt__kv_sequence {
    gpt__page **pages;
    size_t page_count;
    size_t page_capacity;
    int64_t length; /* of tokens whose keys and values are there */
} gpt__kv_sequence;

/* dtype is that of the model's products. */
void gpt__kv_cache_init(gpt__kv_cache *cache, const gpt__config *config, gpt_dtype dtype);

/* Frees the pages that no sequence holds. Every sequence must be released first. */
void gpt__kv_cache_release(gpt__kv_cache *cache);

/* Bytes of one page. */
int64_t gpt__kv_cache_page_bytes(const gpt__kv_cache *cache);

/*
 * Sets the most pages that sequences may hold; 0: no limit. Pages that nobody holds and that no longer fit are freed,
 * at once or when they are given back.
 */
void gpt__kv_cache_limit(gpt__kv_cache *cache, int64_t most_pages);

/* How many pages can still be taken, INT64_MAX without a limit. */
int64_t gpt__kv_cache_room(const gpt__kv_cache *cache);

/* How many pages the cache must give so that sequence can take count more tokens: new ones and copies. */
int64_t gpt__kv_sequence_pages_needed(const gpt__kv_sequence *sequence, int64_t count);

/*
 * Makes the places of the next count tokens writable. The length stays; the caller raises it when the tokens are
 * computed. GPT_E_CONTEXT naming the limit when the cache is full; the sequence is then as good as before.
 */
gpt_status gpt__kv_sequence_prepare(gpt__kv_cache *cache, gpt__kv_sequence *sequence, int64_t count);

/* Makes *out, which is {0}, hold the first length tokens of sequence, sharing their pages. */
gpt_status gpt__kv_sequence_fork(gpt__kv_sequence *out, const gpt__kv_sequence *sequence, int64_t length);

/* Gives all pages back and empties the sequence. */
void gpt__kv_sequence_release(gpt__kv_cache *cache, gpt__kv_sequence *sequence);

#endif
