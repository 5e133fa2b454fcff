/* SPDX-License-Identifier: Apache-2.0 */
/* base/error.h: the one way in which libgpt reports a failure: a status code and a message of the thread. */
#ifndef GPT__BASE_ERROR_H
#define GPT__BASE_ERROR_H

#include <gpt/status.h>

#include <stdarg.h>
#include <stddef.h>

/*
 * Sets the thread's message, printf-style, and returns code, so that a failure is one statement:
 *
 *     return gpt__fail(GPT_E_FORMAT, "%s: tensor %s has %d dimensions, expected %d", path, name, found, expected);
 *
 * The message is a line of English without a newline, in valid UTF-8: control characters and ill-formed bytes, which
 * can only come from a file or the caller, become '?'. What does not fit in it is cut.
 */
#if defined(__GNUC__)
__attribute__((format(printf, 2, 3)))
#endif
gpt_status gpt__fail(gpt_status code, const char *format, ...);

/* Writes such a line into line [size], for messages and for the log. */
#if defined(__GNUC__)
__attribute__((format(printf, 3, 0)))
#endif
void gpt__format_line(char *line, size_t size, const char *format, va_list arguments);

/* Holds the longest path that Linux has, 4096 bytes, and then the reason. */
typedef struct gpt__message {
    char text[5120];
} gpt__message;

/*
 * For calls that try something which may fail without harm: the thread's message as it was before is kept, and put back
 * when the call as a whole succeeds. Restoring returns status.
 */
void gpt__message_keep(gpt__message *kept);
gpt_status gpt__message_restore(gpt_status status, const gpt__message *kept);

/*
 * The check at the top of a public function: returns GPT_E_ARGUMENT naming the function and the condition that should
 * have held.
 */
#define GPT__CHECK_ARGUMENT(condition)                                                                     \
    do {                                                                                                   \
        if (!(condition))                                                                                  \
            return gpt__fail(GPT_E_ARGUMENT, "%s: argument check failed: %s", __func__, #condition);       \
    } while (0)

/* Returns the status of a step that failed, for functions that have nothing to clean up. */
#define GPT__TRY(step)                        \
    do {                                      \
        gpt_status gpt__try_status = (step);  \
        if (gpt__try_status != GPT_OK)        \
            return gpt__try_status;           \
    } while (0)

#endif
