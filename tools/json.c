/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/json.c: writes JSON. Not with cJSON, whose strings end at the first NUL: text from a model may hold any
 * character.
 */
#include "cli.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

static void add_quoted(cli_text *text, const char *bytes, size_t length)
{
    cli_text_add(text, "\"", 1);
    size_t step;
    for (size_t i = 0; i < length; i += step) {
        step = cli_utf8_length(bytes + i, length - i);
        unsigned char c = (unsigned char)bytes[i];
        if (step == 0)
            cli_text_add_string(text, "\\ufffd");
        else if (c == '"' || c == '\\')
            cli_text_format(text, "\\%c", c);
        else if (c == '\n')
            cli_text_add_string(text, "\\n");
        else if (c < 0x20 || c == 0x7F)
            cli_text_format(text, "\\u%04x", c);
        else
            cli_text_add(text, bytes + i, step);
        if (step == 0)
            step = 1;
    }
    cli_text_add(text, "\"", 1);
}

/* The comma before a member or element, unless it is the first, and its name. */
static void begin(cli_text *text, const char *name)
{
    char last = text->length > 0 ? text->bytes[text->length - 1] : '[';
    if (last != '{' && last != '[')
        cli_text_add(text, ",", 1);
    if (name != NULL) {
        add_quoted(text, name, strlen(name));
        cli_text_add(text, ":", 1);
    }
}

/* A list of elements that goes into an array later begins as empty text, so that its first element gets no comma. */
void cli_json_array_of(cli_text *text, const char *name, const cli_text *elements)
{
    begin(text, name);
    cli_text_add(text, "[", 1);
    cli_text_add(text, elements->bytes, elements->length);
    cli_text_add(text, "]", 1);
}

void cli_json_open(cli_text *text, const char *name, char bracket)
{
    begin(text, name);
    cli_text_add(text, &bracket, 1);
}

void cli_json_close(cli_text *text, char bracket)
{
    cli_text_add(text, &bracket, 1);
}

void cli_json_string(cli_text *text, const char *name, const char *bytes, size_t length)
{
    begin(text, name);
    add_quoted(text, bytes, length);
}

void cli_json_text(cli_text *text, const char *name, const char *string)
{
    if (string != NULL)
        cli_json_string(text, name, string, strlen(string));
    else
        cli_json_null(text, name);
}

void cli_json_integer(cli_text *text, const char *name, int64_t value)
{
    begin(text, name);
    cli_text_format(text, "%" PRId64, value);
}

void cli_json_unsigned(cli_text *text, const char *name, uint64_t value)
{
    begin(text, name);
    cli_text_format(text, "%" PRIu64, value);
}

/* JSON has no NaN and no infinity. */
void cli_json_number(cli_text *text, const char *name, double value)
{
    begin(text, name);
    if (isfinite(value))
        cli_text_add_number(text, value);
    else
        cli_text_add_string(text, "null");
}

void cli_json_boolean(cli_text *text, const char *name, int value)
{
    begin(text, name);
    cli_text_add_string(text, value ? "true" : "false");
}

void cli_json_null(cli_text *text, const char *name)
{
    begin(text, name);
    cli_text_add_string(text, "null");
}

void cli_json_ids(cli_text *text, const char *name, const int32_t *ids, size_t count)
{
    cli_json_open(text, name, '[');
    cli_text_add_ids(text, ids, count);
    cli_json_close(text, ']');
}
