/* SPDX-License-Identifier: Apache-2.0 */
/* tools/output.c: growing text, standard output, and messages of one line. */
#include "cli.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void end_without_memory(void)
{
    fputs("gpt-cli: out of memory\n", stderr);
    exit(CLI_FAILED);
}

void *cli_resize(void *memory, size_t count, size_t size)
{
    void *resized = reallocarray(memory, count > 0 ? count : 1, size);
    if (resized == NULL)
        end_without_memory();
    return resized;
}

void cli_text_add(cli_text *text, const char *bytes, size_t length)
{
    if (length >= text->capacity - text->length) {
        text->capacity = text->length + length + text->capacity / 2 + 64;
        text->bytes = cli_resize(text->bytes, text->capacity, 1);
    }
    if (length > 0)
        memcpy(text->bytes + text->length, bytes, length);
    text->length += length;
    text->bytes[text->length] = '\0';
}

void cli_text_add_string(cli_text *text, const char *string)
{
    cli_text_add(text, string, strlen(string));
}

static void add_formatted(cli_text *text, const char *format, va_list arguments)
{
    char *line = NULL;
    if (vasprintf(&line, format, arguments) < 0)
        end_without_memory();
    cli_text_add_string(text, line);
    free(line);
}

void cli_text_format(cli_text *text, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    add_formatted(text, format, arguments);
    va_end(arguments);
}

/* The length of the well-formed UTF-8 character at the start of bytes, or 0 when there is none. */
size_t cli_utf8_length(const char *bytes, size_t length)
{
    const unsigned char *b = (const unsigned char *)bytes;
    if (length >= 1 && b[0] < 0x80)
        return 1;
    if (length < 1 || b[0] < 0xC2 || b[0] > 0xF4)
        return 0;
    size_t need = b[0] < 0xE0 ? 2 : b[0] < 0xF0 ? 3 : 4;
    if (length < need)
        return 0;
    for (size_t i = 1; i < need; i++)
        if ((b[i] & 0xC0) != 0x80)
            return 0;
    /* The second byte rules out long forms, surrogates, and what lies above U+10FFFF. */
    if ((b[0] == 0xE0 && b[1] < 0xA0) || (b[0] == 0xED && b[1] > 0x9F) || (b[0] == 0xF0 && b[1] < 0x90) ||
        (b[0] == 0xF4 && b[1] > 0x8F))
        return 0;
    return need;
}

/* Adds bytes so that they stay on one line and do no harm to a terminal. */
static void add_visible(cli_text *text, const char *bytes, size_t length, int double_backslash)
{
    size_t step;
    for (size_t i = 0; i < length; i += step) {
        step = cli_utf8_length(bytes + i, length - i);
        unsigned char c = (unsigned char)bytes[i];
        if (c == '\n')
            cli_text_add_string(text, "\\n");
        else if (c == '\t')
            cli_text_add_string(text, "\\t");
        else if (c == '\\' && double_backslash)
            cli_text_add_string(text, "\\\\");
        else if (step == 0 || c < 0x20 || c == 0x7F)
            cli_text_format(text, "\\x%02X", c);
        else
            cli_text_add(text, bytes + i, step);
        if (step == 0)
            step = 1;
    }
}

/* For lists of tokens: what is printed stands for one string only. */
void cli_text_add_visible(cli_text *text, const char *bytes, size_t length)
{
    add_visible(text, bytes, length, 1);
}

/*
 * A finite number with as many digits as it takes to read it back: a float that was 0.8 shows as 0.8. More than the
 * nine digits of a float mean nothing for what this program prints.
 */
void cli_text_add_number(cli_text *text, double number)
{
    char digits[40];
    for (int count = 6; count <= 9; count++) {
        snprintf(digits, sizeof digits, "%.*g", count, number);
        if (strtof(digits, NULL) == (float)number)
            break;
    }
    cli_text_add_string(text, digits);
}

void cli_text_add_ids(cli_text *text, const int32_t *ids, size_t count)
{
    for (size_t i = 0; i < count; i++)
        cli_text_format(text, i > 0 ? ",%d" : "%d", (int)ids[i]);
}

void cli_text_release(cli_text *text)
{
    free(text->bytes);
    *text = (cli_text){0};
}

void cli_strings_add(cli_strings *strings, const char *bytes, size_t length)
{
    strings->items = cli_resize(strings->items, strings->count + 1, sizeof *strings->items);
    strings->items[strings->count] = (cli_text){0};
    cli_text_add(&strings->items[strings->count++], bytes, length);
}

void cli_strings_release(cli_strings *strings)
{
    for (size_t i = 0; i < strings->count; i++)
        cli_text_release(&strings->items[i]);
    free(strings->items);
    *strings = (cli_strings){0};
}

void cli_ids_add(cli_ids *ids, int32_t id)
{
    if (ids->count == ids->capacity) {
        ids->capacity = ids->capacity * 2 + 16;
        ids->ids = cli_resize(ids->ids, ids->capacity, sizeof *ids->ids);
    }
    ids->ids[ids->count++] = id;
}

/* Writes and flushes, so that text shows as it comes. A reader that has gone away is no failure. */
int cli_write(const char *bytes, size_t length)
{
    errno = 0;
    if (fwrite(bytes, 1, length, stdout) == length && fflush(stdout) == 0)
        return CLI_FINE;
    return errno == EPIPE ? CLI_DONE : cli_fail("standard output: %s", strerror(errno));
}

int cli_write_text(const cli_text *text)
{
    return cli_write(text->bytes, text->length);
}

/* Prints a message as one line, whatever bytes of files and arguments it holds. */
static void print_message(const char *format, va_list arguments, const char *more)
{
    cli_text raw = {0}, line = {0};
    add_formatted(&raw, format, arguments);
    cli_text_add_string(&line, "gpt-cli: ");
    add_visible(&line, raw.bytes, raw.length, 0);
    cli_text_add_string(&line, more);
    cli_text_add_string(&line, "\n");
    fwrite(line.bytes, 1, line.length, stderr);
    cli_text_release(&raw);
    cli_text_release(&line);
}

int cli_fail(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments, "");
    va_end(arguments);
    return CLI_FAILED;
}

int cli_fail_library(void)
{
    return cli_fail("%s", gpt_error_message());
}

int cli_usage(const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_message(format, arguments, " (see gpt-cli --help)");
    va_end(arguments);
    return CLI_USAGE;
}
