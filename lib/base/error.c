/* SPDX-License-Identifier: Apache-2.0 */
/* base/error.c: status names and texts, and the message of the last failure on each thread. */
#include "base/error.h"

#include <stdio.h>
#include <string.h>

/* No allocation here: a message must come through when memory is what has run out. */
static _Thread_local char message[1024];

/* Ends text at the last whole UTF-8 character, as vsnprintf cuts anywhere. */
static void cut_partial_character(char *text)
{
    size_t end = strlen(text);
    size_t start = end;
    while (start > 0 && ((unsigned char)text[start - 1] & 0xC0) == 0x80)
        start--;
    if (start == 0)
        return;
    unsigned char lead = (unsigned char)text[start - 1];
    size_t length = lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : lead >= 0xC0 ? 2 : 1;
    if (length > 1 && end - (start - 1) < length)
        text[start - 1] = '\0';
}

void gpt__format_line(char *line, size_t size, const char *format, va_list arguments)
{
    int length = vsnprintf(line, size, format, arguments);
    if (length < 0)
        line[0] = '\0';
    if (length >= 0 && (size_t)length >= size)
        cut_partial_character(line);
    for (char *c = line; *c; c++)
        if ((unsigned char)*c < 0x20 || *c == 0x7F)
            *c = '?';
}

gpt_status gpt__fail(gpt_status code, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    gpt__format_line(message, sizeof message, format, arguments);
    va_end(arguments);
    return code;
}

const char *gpt_error_message(void)
{
    return message;
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
