/* SPDX-License-Identifier: Apache-2.0 */
/* base/memory.h: the one allocation wrapper. Sizes are counts times element sizes, checked for overflow. */
#ifndef GPT__BASE_MEMORY_H
#define GPT__BASE_MEMORY_H

#include "base/error.h"

/*
 * Sizes of tensors are multiplied as int64_t and handed on as size_t, which must not cut them: libgpt is for machines
 * with 64-bit addresses, without which the models that it is for could not be mapped either.
 */
_Static_assert(sizeof(size_t) >= sizeof(int64_t), "libgpt needs 64-bit addresses");

/* The alignment of tensors: a cache line, and the widest vector register. */
#define GPT__TENSOR_ALIGNMENT 64

/*
 * Each returns NULL with a message that names the size when there is no memory; the caller then returns GPT_E_MEMORY.
 * A count of 0 gives a pointer that must not be read. All are freed with gpt__release.
 */
void *gpt__allocate(size_t count, size_t size);
void *gpt__allocate_zeroed(size_t count, size_t size);
void *gpt__allocate_tensor(size_t count, size_t size);

/* Resizes to count elements; on failure returns NULL and leaves old as it was. */
void *gpt__resize(void *old, size_t count, size_t size);

/* Makes room for at least needed elements in a growing array, at least doubling it. *array may be NULL. */
gpt_status gpt__reserve(void **array, size_t *capacity, size_t needed, size_t size);

/* Copies length bytes and adds a NUL. */
char *gpt__copy_string(const char *text, size_t length);

/* Takes NULL. */
void gpt__release(void *memory);

/*
 * Gives freed memory back to the system, where the C library has a function for it: after much has been freed at once,
 * as glibc keeps what lies below memory that is still in use. Takes a millisecond or so.
 */
void gpt__return_memory(void);

/*
 * For tests: lets n more allocations of this thread succeed and fails the one after them, and all that follow when
 * every_later is set. A negative n, which is the start, fails none.
 */
void gpt__fail_allocation_after(long n, int every_later);

#endif
