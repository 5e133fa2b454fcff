/* SPDX-License-Identifier: Apache-2.0 */
/* gpt/status.h: what functions of libgpt return, and how to learn why one failed. */
#ifndef GPT_STATUS_H
#define GPT_STATUS_H

#include <stddef.h>
#include <stdint.h>

/* Marks what the shared library exports; everything else is hidden. */
#if defined(__GNUC__)
#define GPT_API __attribute__((visibility("default")))
#define GPT_MUST_CHECK __attribute__((warn_unused_result))
#else
#define GPT_API
#define GPT_MUST_CHECK
#endif

#ifdef __cplusplus
extern "C" {
#endif

/**
 * The one table of status codes: GPT_STATUS_MAP(X) calls X(NAME, number, text) for each.
 *
 * Numbers never change and are never used again. Later releases may add codes, so a program should treat a code
 * it does not know like GPT_E_INTERNAL.
 */
#define GPT_STATUS_MAP(X)                                       \
    X(ARGUMENT, -1, "invalid argument")                         \
    X(MEMORY, -2, "out of memory")                              \
    X(FILE, -3, "cannot read file")                             \
    X(FORMAT, -4, "malformed or inconsistent file")             \
    X(UNSUPPORTED, -5, "not supported by libgpt")               \
    X(CONTEXT, -6, "context or cache is full")                  \
    X(CANCELLED, -7, "cancelled")                               \
    X(NOT_FOUND, -8, "not found")                               \
    X(INTERNAL, -9, "internal error")

/** What every function that can fail returns. Since 1.0. */
typedef enum gpt_status {
    GPT_OK = 0, /**< It worked; the outputs are set. */
#define GPT_STATUS_ENUM(name, number, text) GPT_E_##name = number,
    GPT_STATUS_MAP(GPT_STATUS_ENUM)
#undef GPT_STATUS_ENUM
} gpt_status;

/**
 * The name of a status code, such as "GPT_E_FORMAT".
 *
 * Never NULL; "GPT_E_UNKNOWN" for a number that is no code. The string is static. Any thread. Since 1.0.
 */
GPT_API const char *gpt_status_name(gpt_status status);

/**
 * A status code in a few English words, such as "malformed or inconsistent file".
 *
 * Never NULL. The string is static. Any thread. Since 1.0.
 */
GPT_API const char *gpt_status_text(gpt_status status);

/**
 * Why the last libgpt call that failed on this thread failed: one line of English that names the file, the tensor or
 * the argument, what was expected and what was found. No newline at its end.
 *
 * Never NULL; empty when nothing has failed on this thread yet. A call that succeeds leaves the message as it is. The
 * string belongs to the thread and holds until the next libgpt call on it fails. Since 1.0.
 */
GPT_API const char *gpt_error_message(void);

/**
 * Frees memory that a libgpt function handed to the caller, where that function's comment says "freed with gpt_free".
 *
 * Takes NULL. Any thread. Since 1.0.
 */
GPT_API void gpt_free(void *memory);

#ifdef __cplusplus
}
#endif
#endif
