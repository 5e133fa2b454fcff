/* SPDX-License-Identifier: Apache-2.0 */
/* base/buffer.c: a growing string of bytes. */
#include "base/buffer.h"

#include <string.h>

gpt_status gpt__buffer_add(gpt__buffer *buffer, const char *bytes, size_t length)
{
    if (length >= SIZE_MAX - buffer->length)
        return gpt__fail(GPT_E_MEMORY, "out of memory: a text of %zu bytes can not grow by %zu", buffer->length,
                         length);
    GPT__TRY(gpt__reserve((void **)&buffer->bytes, &buffer->capacity, buffer->length + length + 1, 1));
    if (length > 0)
        memcpy(buffer->bytes + buffer->length, bytes, length);
    buffer->length += length;
    buffer->bytes[buffer->length] = '\0';
    return GPT_OK;
}

gpt_status gpt__buffer_add_string(gpt__buffer *buffer, const char *string)
{
    return gpt__buffer_add(buffer, string, strlen(string));
}

void gpt__buffer_drop_front(gpt__buffer *buffer, size_t length)
{
    if (length == 0)
        return;
    buffer->length -= length;
    memmove(buffer->bytes, buffer->bytes + length, buffer->length + 1);
}

gpt_status gpt__buffer_take(char **bytes, size_t *length, gpt__buffer *buffer)
{
    GPT__TRY(gpt__buffer_add(buffer, "", 0));
    *bytes = buffer->bytes;
    *length = buffer->length;
    *buffer = (gpt__buffer){0};
    return GPT_OK;
}

void gpt__buffer_release(gpt__buffer *buffer)
{
    gpt__release(buffer->bytes);
    *buffer = (gpt__buffer){0};
}
