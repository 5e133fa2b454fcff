/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/values.c: reads the values of options. The program never sets a locale, so the numbers of libc have a point
 * whatever the user's language is.
 */
#include "cli.h"

#include <ctype.h>
#include <errno.h>
#include <float.h>
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The plain parsers store at the offset that the row of the option names. */
static void *field_of(cli *cli, const cli_option *option)
{
    return (char *)cli + option->field;
}

/* A whole string that is a decimal number, and nothing else. Returns 0 when it is not one or does not fit. */
static int read_integer(int64_t *number, const char *value)
{
    char *end = NULL;
    errno = 0;
    long long parsed = strtoll(value, &end, 10);
    *number = parsed;
    return end != value && *end == '\0' && errno == 0 && !isspace((unsigned char)value[0]);
}

/* The same for a number with a point or an exponent. Neither takes the blanks before it that libc would skip. */
static int read_number(double *number, const char *value)
{
    char *end = NULL;
    *number = strtod(value, &end);
    /* Settings are floats; what does not fit in one is refused here. */
    return end != value && *end == '\0' && fabs(*number) <= FLT_MAX && !isspace((unsigned char)value[0]);
}

static int read_token(int32_t *token, const char *value)
{
    int64_t number;
    if (!read_integer(&number, value) || number < 0 || number > INT32_MAX)
        return 0;
    *token = (int32_t)number;
    return 1;
}

static int bad_value(const cli_option *option, const char *expected, const char *value)
{
    return cli_usage("--%s: expected %s, found '%s'", option->name, expected, value);
}

/* Keeps a value for later: the setters need a generator, and that needs the model to be open. */
static cli_setting *add_setting(cli *cli, const cli_option *option)
{
    cli->settings = cli_resize(cli->settings, cli->setting_count + 1, sizeof *cli->settings);
    cli_setting *setting = &cli->settings[cli->setting_count++];
    *setting = (cli_setting){.option = option};
    cli->sampling |= option->samples;
    return setting;
}

/* Adds value with \n, \t, \r, \0, \xHH and \\ replaced; other backslashes stay. Shells make newlines awkward. */
static void unescape(cli_text *text, const char *value)
{
    static const char letters[] = "ntr0\\", meanings[] = "\n\t\r\0\\";
    for (const char *at = value; *at != '\0'; at++) {
        const char *letter = at[0] == '\\' && at[1] != '\0' ? strchr(letters, at[1]) : NULL;
        if (letter != NULL) {
            cli_text_add(text, &meanings[letter - letters], 1);
            at++;
        } else if (at[0] == '\\' && at[1] == 'x' && isxdigit((unsigned char)at[2]) && isxdigit((unsigned char)at[3])) {
            char byte = (char)strtol((char[]){at[2], at[3], '\0'}, NULL, 16);
            cli_text_add(text, &byte, 1);
            at += 3;
        } else {
            cli_text_add(text, at, 1);
        }
    }
}

int cli_parse_string(cli *cli, const cli_option *option, const char *value)
{
    *(const char **)field_of(cli, option) = value;
    return CLI_FINE;
}

int cli_parse_flag(cli *cli, const cli_option *option, const char *value)
{
    (void)value;
    *(int *)field_of(cli, option) = 1;
    return CLI_FINE;
}

int cli_parse_count(cli *cli, const cli_option *option, const char *value)
{
    int64_t number;
    if (!read_integer(&number, value) || number < 0 || number > INT_MAX)
        return bad_value(option, "a number from 0 up", value);
    *(int *)field_of(cli, option) = (int)number;
    return CLI_FINE;
}

int cli_parse_counts(cli *cli, const cli_option *option, const char *value)
{
    cli_ids *counts = field_of(cli, option);
    counts->count = 0;
    int code = cli_read_ids(counts, value, strlen(value), option->name);
    for (size_t i = 0; i < counts->count && code == CLI_FINE; i++)
        if (counts->ids[i] < 1)
            code = bad_value(option, "numbers from 1 up, separated by commas", value);
    if (code == CLI_FINE && counts->count == 0)
        code = bad_value(option, "numbers from 1 up, separated by commas", value);
    return code == CLI_FINE ? CLI_FINE : CLI_USAGE;
}

int cli_parse_strings(cli *cli, const cli_option *option, const char *value)
{
    cli_text text = {0};
    unescape(&text, value);
    cli_strings_add(field_of(cli, option), text.bytes, text.length);
    cli_text_release(&text);
    return CLI_FINE;
}

/* Asks the library for the names, so that types of later releases need no change here. */
int cli_parse_dtype(cli *cli, const cli_option *option, const char *value)
{
    cli_text known = {0};
    for (int i = 0; gpt_dtype_name((gpt_dtype)i) != NULL; i++) {
        const char *name = gpt_dtype_name((gpt_dtype)i);
        if (strcmp(name, value) == 0) {
            cli->dtype = (gpt_dtype)i;
            cli_text_release(&known);
            return CLI_FINE;
        }
        cli_text_format(&known, "%s%s", i > 0 ? ", " : "one of ", name);
    }
    int code = bad_value(option, known.bytes, value);
    cli_text_release(&known);
    return code;
}

int cli_parse_output(cli *cli, const cli_option *option, const char *value)
{
    static const char *const names[] = {
        [CLI_OUTPUT_TEXT] = "text", [CLI_OUTPUT_IDS] = "ids", [CLI_OUTPUT_JSON] = "json"};
    for (int i = CLI_OUTPUT_TEXT; i <= CLI_OUTPUT_JSON; i++) {
        if (strcmp(names[i], value) == 0) {
            cli->output = (cli_output)i;
            return CLI_FINE;
        }
    }
    return bad_value(option, "text, ids or json", value);
}

int cli_parse_json(cli *cli, const cli_option *option, const char *value)
{
    (void)option, (void)value;
    cli->output = CLI_OUTPUT_JSON;
    return CLI_FINE;
}

int cli_parse_ids_option(cli *cli, const cli_option *option, const char *value)
{
    (void)option;
    cli->ids.count = 0;
    cli->ids_text = value;
    return cli_read_ids(&cli->ids, value, strlen(value), "--ids") == CLI_FINE ? CLI_FINE : CLI_USAGE;
}

int cli_parse_float(cli *cli, const cli_option *option, const char *value)
{
    double number;
    if (!read_number(&number, value))
        return bad_value(option, "a number such as 0.8", value);
    add_setting(cli, option)->number = number;
    return CLI_FINE;
}

int cli_parse_int(cli *cli, const cli_option *option, const char *value)
{
    int64_t number;
    if (!read_integer(&number, value) || number < INT_MIN || number > INT_MAX)
        return bad_value(option, "a whole number", value);
    add_setting(cli, option)->number = (double)number;
    /* These decide what other settings default to, before they are applied. */
    cli->has_max_length |= option->set_int == gpt_generator_set_max_length;
    cli->has_max_new_tokens |= option->set_int == gpt_generator_set_max_new_tokens;
    cli->has_logprobs |= option->set_int == gpt_generator_set_logprobs;
    return CLI_FINE;
}

int cli_parse_token(cli *cli, const cli_option *option, const char *value)
{
    int32_t token;
    if (!read_token(&token, value))
        return bad_value(option, "a token id", value);
    add_setting(cli, option)->token = token;
    return CLI_FINE;
}

/* ID=VALUE, the last of the deferred settings; an empty id or value is no number and refused with the rest. */
int cli_parse_bias(cli *cli, const cli_option *option, const char *value)
{
    const char *equals = strchr(value, '=');
    char *id = equals != NULL ? strndup(value, (size_t)(equals - value)) : NULL;
    int32_t token = 0;
    double bias = 0;
    int good = id != NULL && read_token(&token, id) && read_number(&bias, equals + 1);
    free(id);
    if (!good)
        return bad_value(option, "ID=VALUE such as 262=-1.5", value);
    cli_setting *setting = add_setting(cli, option);
    setting->token = token;
    setting->number = bias;
    return CLI_FINE;
}

int cli_parse_seed(cli *cli, const cli_option *option, const char *value)
{
    char *end = NULL;
    errno = 0;
    unsigned long long seed = strtoull(value, &end, 10);
    if (!isdigit((unsigned char)value[0]) || *end != '\0' || errno != 0)
        return bad_value(option, "a number from 0 to 18446744073709551615", value);
    add_setting(cli, option)->seed = seed;
    return CLI_FINE;
}

int cli_parse_help(cli *cli, const cli_option *option, const char *value)
{
    (void)option, (void)value;
    return cli_print_help(cli->command);
}

int cli_parse_version(cli *cli, const cli_option *option, const char *value)
{
    (void)cli, (void)option, (void)value;
    return cli_print_version();
}

static int is_separator(char c)
{
    return c == ',' || c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

int cli_read_ids(cli_ids *ids, const char *text, size_t length, const char *what)
{
    while (length > 0 && is_separator(text[length - 1]))
        length--;
    size_t at = 0;
    while (at < length && is_separator(text[at]))
        at++;
    if (length - at >= 2 && text[at] == '[' && text[length - 1] == ']')
        at++, length--;
    while (at < length) {
        int64_t id = 0;
        size_t begin = at;
        /* Stops at the first number that is too large, so that no count of digits overflows. */
        for (; at < length && text[at] >= '0' && text[at] <= '9' && id <= INT32_MAX; at++)
            id = id * 10 + (text[at] - '0');
        if (id > INT32_MAX || at == begin || (at < length && !is_separator(text[at])))
            return cli_fail("%s: expected token ids separated by commas, found '%.*s'", what,
                            (int)(length - begin < 20 ? length - begin : 20), text + begin);
        cli_ids_add(ids, (int32_t)id);
        while (at < length && is_separator(text[at]))
            at++;
    }
    return CLI_FINE;
}
