/* SPDX-License-Identifier: Apache-2.0 */
/* base/memory.c: allocation with overflow checks, and a switch by which tests make it fail. */
#include "base/memory.h"

#ifdef GPT__HAVE_MALLOC_TRIM
#include <malloc.h>
#endif
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define HUGE_PAGE ((size_t)2 << 20)

static _Thread_local long allocations_left = -1;
static _Thread_local int fail_every_later;

void gpt__fail_allocation_after(long n, int every_later)
{
    allocations_left = n;
    fail_every_later = every_later;
}

static int must_fail(void)
{
    if (allocations_left < 0)
        return 0;
    if (allocations_left > 0) {
        allocations_left--;
        return 0;
    }
    if (!fail_every_later)
        allocations_left = -1;
    return 1;
}

/* The bytes of count elements, at least 1; 0 with a message when they can not be had. */
static size_t checked_bytes(size_t count, size_t size)
{
    if (size != 0 && count > PTRDIFF_MAX / size) {
        gpt__fail(GPT_E_MEMORY, "out of memory: %zu elements of %zu bytes are more than can be addressed", count, size);
        return 0;
    }
    size_t bytes = count * size > 0 ? count * size : 1;
    if (must_fail()) {
        gpt__fail(GPT_E_MEMORY, "out of memory: %zu bytes wanted", bytes);
        return 0;
    }
    return bytes;
}

/* Passes memory on, with a message when there is none. */
static void *or_message(void *memory, size_t bytes)
{
    if (memory == NULL)
        gpt__fail(GPT_E_MEMORY, "out of memory: %zu bytes wanted", bytes);
    return memory;
}

void *gpt__allocate(size_t count, size_t size)
{
    size_t bytes = checked_bytes(count, size);
    return bytes ? or_message(malloc(bytes), bytes) : NULL;
}

void *gpt__allocate_zeroed(size_t count, size_t size)
{
    size_t bytes = checked_bytes(count, size);
    return bytes ? or_message(calloc(1, bytes), bytes) : NULL;
}

/*
 * Reading weights is what generation waits for: with pages of 2 MiB in place of 4 KiB the processor looks fewer of them
 * up, and the system has fewer to clear. Where it has none to give, everything works as before. The end, which fills no
 * page, stays in small ones.
 */
static void *allocate_huge(size_t bytes)
{
    void *memory = NULL;
    if (posix_memalign(&memory, HUGE_PAGE, bytes) != 0)
        return NULL;
#ifdef MADV_HUGEPAGE
    madvise(memory, bytes / HUGE_PAGE * HUGE_PAGE, MADV_HUGEPAGE);
#endif
    return memory;
}

void *gpt__allocate_tensor(size_t count, size_t size)
{
    size_t bytes = checked_bytes(count, size);
    if (bytes == 0)
        return NULL;
    /* aligned_alloc wants a multiple of the alignment. PTRDIFF_MAX leaves room for the rounding. */
    bytes = (bytes + GPT__TENSOR_ALIGNMENT - 1) / GPT__TENSOR_ALIGNMENT * GPT__TENSOR_ALIGNMENT;
    if (bytes >= HUGE_PAGE)
        return or_message(allocate_huge(bytes), bytes);
    return or_message(aligned_alloc(GPT__TENSOR_ALIGNMENT, bytes), bytes);
}

void *gpt__resize(void *old, size_t count, size_t size)
{
    size_t bytes = checked_bytes(count, size);
    return bytes ? or_message(realloc(old, bytes), bytes) : NULL;
}

gpt_status gpt__reserve(void **array, size_t *capacity, size_t needed, size_t size)
{
    if (needed <= *capacity)
        return GPT_OK;
    size_t target = *capacity < 8 ? 8 : *capacity;
    while (target < needed)
        target = target > SIZE_MAX / 2 ? needed : target * 2;
    void *grown = gpt__resize(*array, target, size);
    if (grown == NULL)
        return GPT_E_MEMORY;
    *array = grown;
    *capacity = target;
    return GPT_OK;
}

char *gpt__copy_string(const char *text, size_t length)
{
    char *copy = length < PTRDIFF_MAX ? gpt__allocate(length + 1, 1) : NULL;
    if (copy == NULL)
        return NULL;
    if (length > 0)
        memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

void gpt__release(void *memory)
{
    free(memory);
}

void gpt__return_memory(void)
{
#ifdef GPT__HAVE_MALLOC_TRIM
    malloc_trim(0);
#endif
}

void gpt_free(void *memory)
{
    gpt__release(memory);
}
