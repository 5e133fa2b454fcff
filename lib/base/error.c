/* SPDX-License-Identifier: Apache-2.0 */
/* base/error.c: status names and texts, and the message of the last failure on each thread. */
#include "base/error.h"

#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

/* No allocation here: a message must come through when memory is what has run out. */
static _Thread_local gpt__message message;

/*
 * Control characters, and bytes that are no UTF-8 or half a character at a cut end, become '?'. They can only come from
 * a file or the caller.
 */
static void clean_line(char *line)
{
    size_t length = strlen(line);
    for (size_t at = 0; at < length;) {
        int32_t code;
        size_t step = gpt__utf8_decode(&code, line + at, length - at);
        if (code < 0x20 || code == 0x7F)
            memset(line + at, '?', step);
        at += step;
    }
}

void gpt__format_line(char *line, size_t size, const char *format, va_list arguments)
{
    if (vsnprintf(line, size, format, arguments) < 0)
        line[0] = '\0';
    clean_line(line);
}

gpt_status gpt__fail(gpt_status code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    gpt__format_line(message.text, sizeof message.text, format, arguments);
    va_end(arguments);
    return code;
}

void gpt__message_keep(gpt__message *kept)
{
    *kept = message;
}

gpt_status gpt__message_restore(gpt_status status, const gpt__message *kept)
{
    if (status == GPT_OK)
        message = *kept;
    return status;
}

const char *gpt_error_message(void)
{
    return message.text;
}

const char *gpt_status_name(gpt_status status)
{
    switch (status) {
    case GPT_OK:
        return "GPT_OK";
#define STATUS_NAME(name, number, text) \
    case GPT_E_##name:                  \
        return "GPT_E_" #name;
    GPT_STATUS_MAP(STATUS_NAME)
#undef STATUS_NAME
    }
    return "GPT_E_UNKNOWN";
}

const char *gpt_status_text(gpt_status status)
{
    switch (status) {
    case GPT_OK:
        return "success";
#define STATUS_TEXT(name, number, text) \
    case GPT_E_##name:                  \
        return text;
    GPT_STATUS_MAP(STATUS_TEXT)
#undef STATUS_TEXT
    }
    return "unknown status";
}
