/* SPDX-License-Identifier: Apache-2.0 */
/* model/kv_cache.c: pages taken, shared, copied on write and given back. */
#include "model/kv_cache.h"

#include "base/memory.h"

#include <string.h>

void gpt__kv_cache_init(gpt__kv_cache *cache, const gpt__config *config, gpt_dtype dtype)
{
    *cache = (gpt__kv_cache){.L = config->L};
    cache->form = gpt__page_form_of(gpt__attention_cache_type(dtype, config->K), config->KV, config->K);
    cache->page_bytes = (size_t)config->L * gpt__page_layer_bytes(&cache->form);
}

/* Frees pages that nobody holds until so many are left. */
static void trim(gpt__kv_cache *cache, int64_t left)
{
    for (; cache->free_count > left && cache->free_pages != NULL; cache->free_count--) {
        gpt__page *page = cache->free_pages;
        cache->free_pages = page->next_free;
        gpt__release(page->values);
        gpt__release(page);
    }
}

void gpt__kv_cache_release(gpt__kv_cache *cache)
{
    trim(cache, 0);
}

int64_t gpt__kv_cache_page_bytes(const gpt__kv_cache *cache)
{
    return (int64_t)cache->page_bytes;
}

int64_t gpt__kv_cache_room(const gpt__kv_cache *cache)
{
    if (cache->most_pages == 0)
        return INT64_MAX;
    return cache->most_pages > cache->used_pages ? cache->most_pages - cache->used_pages : 0;
}

void gpt__kv_cache_limit(gpt__kv_cache *cache, int64_t most_pages)
{
    cache->most_pages = most_pages;
    trim(cache, gpt__kv_cache_room(cache));
}

static gpt__page *new_page(const gpt__kv_cache *cache)
{
    gpt__page *page = gpt__allocate_zeroed(1, sizeof *page);
    if (page == NULL)
        return NULL;
    page->values = gpt__allocate_tensor(cache->page_bytes, 1);
    if (page->values == NULL) {
        gpt__release(page);
        return NULL;
    }
    return page;
}

static gpt_status take_page(gpt__page **out, gpt__kv_cache *cache)
{
    if (gpt__kv_cache_room(cache) == 0)
        return gpt__fail(GPT_E_CONTEXT, "the KV cache is full: all of its %lld tokens are in use",
                         (long long)cache->most_pages * GPT__PAGE_TOKENS);
    gpt__page *page = cache->free_pages;
    if (page != NULL) {
        cache->free_pages = page->next_free;
        cache->free_count--;
    } else if ((page = new_page(cache)) == NULL) {
        return GPT_E_MEMORY;
    }
    page->references = 1;
    page->next_free = NULL;
    cache->used_pages++;
    *out = page;
    return GPT_OK;
}

static void give_page(gpt__kv_cache *cache, gpt__page *page)
{
    if (--page->references > 0)
        return;
    page->next_free = cache->free_pages;
    cache->free_pages = page;
    cache->free_count++;
    cache->used_pages--;
    trim(cache, gpt__kv_cache_room(cache));
}

static int64_t pages_for(int64_t tokens)
{
    return (tokens + GPT__PAGE_TOKENS - 1) / GPT__PAGE_TOKENS;
}

/* Whether the next token goes into a page that has tokens of another sequence too. */
static int writes_shared_page(const gpt__kv_sequence *sequence)
{
    size_t index = (size_t)(sequence->length / GPT__PAGE_TOKENS);
    return index < sequence->page_count && sequence->pages[index]->references > 1;
}

int64_t gpt__kv_sequence_pages_needed(const gpt__kv_sequence *sequence, int64_t count)
{
    int64_t missing = pages_for(sequence->length + count) - (int64_t)sequence->page_count;
    return (missing > 0 ? missing : 0) + (count > 0 && writes_shared_page(sequence));
}

static gpt_status copy_shared_page(gpt__kv_cache *cache, gpt__kv_sequence *sequence)
{
    gpt__page **place = &sequence->pages[sequence->length / GPT__PAGE_TOKENS];
    gpt__page *copy = NULL;
    GPT__TRY(take_page(&copy, cache));
    memcpy(copy->values, (*place)->values, cache->page_bytes);
    give_page(cache, *place);
    *place = copy;
    return GPT_OK;
}

gpt_status gpt__kv_sequence_prepare(gpt__kv_cache *cache, gpt__kv_sequence *sequence, int64_t count)
{
    size_t wanted = (size_t)pages_for(sequence->length + count);
    GPT__TRY(gpt__reserve((void **)&sequence->pages, &sequence->page_capacity, wanted, sizeof *sequence->pages));
    if (count > 0 && writes_shared_page(sequence))
        GPT__TRY(copy_shared_page(cache, sequence));
    while (sequence->page_count < wanted) {
        GPT__TRY(take_page(&sequence->pages[sequence->page_count], cache));
        sequence->page_count++;
    }
    return GPT_OK;
}

gpt_status gpt__kv_sequence_fork(gpt__kv_sequence *out, const gpt__kv_sequence *sequence, int64_t length)
{
    size_t count = (size_t)pages_for(length);
    GPT__TRY(gpt__reserve((void **)&out->pages, &out->page_capacity, count, sizeof *out->pages));
    for (size_t i = 0; i < count; i++) {
        out->pages[i] = sequence->pages[i];
        out->pages[i]->references++;
    }
    out->page_count = count;
    out->length = length;
    return GPT_OK;
}

void gpt__kv_sequence_release(gpt__kv_cache *cache, gpt__kv_sequence *sequence)
{
    for (size_t i = 0; i < sequence->page_count; i++)
        give_page(cache, sequence->pages[i]);
    gpt__release(sequence->pages);
    *sequence = (gpt__kv_sequence){0};
}
