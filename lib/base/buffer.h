/* SPDX-License-Identifier: Apache-2.0 */
/* base/buffer.h: a growing string of bytes. */
#ifndef GPT__BASE_BUFFER_H
#define GPT__BASE_BUFFER_H

#include "base/memory.h"

/* Begins as {0}. bytes is NULL while nothing was added; a NUL that length does not count follows the bytes. */
typedef struct gpt__buffer {
    char *bytes;
    size_t length;
    size_t capacity;
} gpt__buffer;

gpt_status gpt__buffer_add(gpt__buffer *buffer, const char *bytes, size_t length);
gpt_status gpt__buffer_add_string(gpt__buffer *buffer, const char *string);

/* Takes length bytes away from the front. */
void gpt__buffer_drop_front(gpt__buffer *buffer, size_t length);

/* Hands the bytes, ended by NUL, to the caller, who frees them with gpt__release, and empties the buffer. */
gpt_status gpt__buffer_take(char **bytes, size_t *length, gpt__buffer *buffer);

void gpt__buffer_release(gpt__buffer *buffer);

#endif
