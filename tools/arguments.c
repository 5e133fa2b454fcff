/* SPDX-License-Identifier: Apache-2.0 */
/* tools/arguments.c: the command line, read by the tables of options.c, and the help that is made of them. */
#include "cli.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_OPTIONS = 96, HELP_WIDTH = 80, HELP_COLUMN = 28 };

/* The rows of all groups of a command, in the form that getopt_long wants: option i has the number 256 + i. */
typedef struct rows {
    const cli_option *options[MOST_OPTIONS];
    struct option longs[MOST_OPTIONS + 1];
    char shorts[2 * MOST_OPTIONS + 2];
    int count;
} rows;

static void collect_rows(rows *rows, const cli_command *command)
{
    memset(rows, 0, sizeof *rows);
    char *letter = rows->shorts;
    *letter++ = ':'; /* getopt_long tells a missing value from an unknown option, and prints nothing itself */
    for (size_t g = 0; command->groups[g] != NULL; g++) {
        for (const cli_option *o = command->groups[g]->options; o->name != NULL && rows->count < MOST_OPTIONS; o++) {
            int needs = o->argument != NULL ? required_argument : no_argument;
            rows->longs[rows->count] = (struct option){o->name, needs, NULL, 256 + rows->count};
            rows->options[rows->count++] = o;
            if (o->letter != 0) {
                *letter++ = o->letter;
                if (needs)
                    *letter++ = ':';
            }
        }
    }
}

/* From what getopt_long returns, a letter or 256 + i, to the row; NULL for a letter that no row has. */
static const cli_option *row_of(const rows *rows, int found)
{
    if (found >= 256)
        return rows->options[found - 256];
    for (int i = 0; i < rows->count; i++)
        if (rows->options[i]->letter == found)
            return rows->options[i];
    return NULL;
}

/* Says in one line what is wrong; optopt is the number or letter of the option, or 0 for a long one not known. */
static int refuse_option(const rows *rows, int found, char **argv)
{
    const cli_option *row = optopt != 0 ? row_of(rows, optopt) : NULL;
    const char *given = argv[optind - 1];
    if (found == ':' && row != NULL)
        return cli_usage("--%s needs a value: %s", row->name, row->argument);
    if (row != NULL)
        return cli_usage("--%s takes no value", row->name);
    if (optopt > 0 && optopt < 256)
        return cli_usage("unknown option '-%c'", optopt);
    return cli_usage("unknown or ambiguous option '%s'", given);
}

/* getopt_long has moved the arguments that are no options to the end. No command takes more than one. */
static int take_argument(cli *cli, int argc, char **argv)
{
    if (optind < argc)
        cli->argument = argv[optind++];
    if (optind < argc)
        return cli_usage("unexpected argument '%s': several words need quotes, and a command comes first",
                         argv[optind]);
    return CLI_FINE;
}

int cli_parse_arguments(cli *cli, int argc, char **argv)
{
    rows rows;
    collect_rows(&rows, cli->command);
    opterr = 0;
    for (;;) {
        int found = getopt_long(argc, argv, rows.shorts, rows.longs, NULL);
        if (found == -1)
            return take_argument(cli, argc, argv);
        if (found == ':' || found == '?')
            return refuse_option(&rows, found, argv);
        const cli_option *row = row_of(&rows, found);
        int code = row->parse(cli, row, optarg);
        if (code != CLI_FINE)
            return code;
    }
}

/* Adds words from column on, broken into lines. The text ends in some column before it. */
static void add_wrapped(cli_text *text, const char *words, size_t used, size_t column)
{
    cli_text_format(text, "%*s", (int)(column - used), "");
    size_t at = column;
    while (*words != '\0') {
        size_t length = strcspn(words, " ");
        if (at > column && at + 1 + length > HELP_WIDTH) {
            cli_text_format(text, "\n%*s", (int)column, "");
            at = column;
        } else if (at > column) {
            cli_text_add(text, " ", 1);
            at++;
        }
        cli_text_add(text, words, length);
        at += length;
        words += length + (words[length] == ' ');
    }
    cli_text_add(text, "\n", 1);
}

/* A name that reaches into the column of the explanation gets a line of its own. */
static void add_option_help(cli_text *text, const cli_option *option)
{
    size_t begin = text->length;
    if (option->letter != 0)
        cli_text_format(text, "  -%c, --%s", option->letter, option->name);
    else
        cli_text_format(text, "      --%s", option->name);
    if (option->argument != NULL)
        cli_text_format(text, " %s", option->argument);
    size_t used = text->length - begin;
    if (used + 2 > HELP_COLUMN) {
        cli_text_add(text, "\n", 1);
        used = 0;
    }
    add_wrapped(text, option->help, used, HELP_COLUMN);
}

/* Prints, frees, and ends the program. */
static int print_and_end(cli_text *text)
{
    int code = cli_write_text(text);
    cli_text_release(text);
    return code == CLI_FINE ? CLI_DONE : code;
}

int cli_print_help(const cli_command *command)
{
    cli_text text = {0};
    cli_text_format(&text, "Usage: gpt-cli %s [OPTION]...%s\n\n", command->name, command->usage);
    add_wrapped(&text, command->summary, 0, 0);
    for (size_t g = 0; command->groups[g] != NULL; g++) {
        cli_text_format(&text, "\n%s:\n", command->groups[g]->title);
        for (const cli_option *o = command->groups[g]->options; o->name != NULL; o++)
            add_option_help(&text, o);
    }
    if (command->notes != NULL) {
        cli_text_add(&text, "\n", 1);
        add_wrapped(&text, command->notes, 0, 0);
    }
    return print_and_end(&text);
}

int cli_print_overview(void)
{
    cli_text text = {0};
    cli_text_add_string(&text, "Usage: gpt-cli [COMMAND] [OPTION]... [ARGUMENT]\n\n"
                               "Runs GPT models on this computer's processors.\n\nCommands:\n");
    for (size_t i = 0; cli_commands[i].name != NULL; i++) {
        size_t begin = text.length;
        cli_text_format(&text, "  %s", cli_commands[i].name);
        add_wrapped(&text, cli_commands[i].summary, text.length - begin, 14);
    }
    cli_text_add_string(&text, "\nWithout a command, generate is meant:\n\n"
                               "  gpt-cli \"Once upon a time\"\n\n"
                               "'gpt-cli COMMAND --help' lists the options of a command; gpt-cli(1) tells all.\n");
    return print_and_end(&text);
}
