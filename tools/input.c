/* SPDX-License-Identifier: Apache-2.0 */
/* tools/input.c: where text comes from: the argument, a file, or standard input. */
#include "cli.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Reads to the end. There is always a NUL after the bytes, also when there are none. */
static int read_stream(cli_text *text, FILE *file, const char *name, size_t limit)
{
    char block[16384];
    size_t count;
    cli_text_add(text, "", 0);
    errno = 0;
    while ((count = fread(block, 1, sizeof block, file)) > 0) {
        if (text->length + count > limit)
            return cli_fail("%s: expected at most %zu bytes", name, limit);
        cli_text_add(text, block, count);
    }
    return ferror(file) ? cli_fail("%s: %s", name, strerror(errno)) : CLI_FINE;
}

int cli_read_file(cli_text *text, const char *path, size_t limit)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return cli_fail("%s: %s", path, strerror(errno));
    int code = read_stream(text, file, path, limit);
    fclose(file);
    return code;
}

int cli_read_input(cli_text *text, const cli *cli, int keep_newline)
{
    if (cli->argument != NULL && cli->file != NULL)
        return cli_usage("text is given twice, as an argument and with --file");
    if (cli->argument != NULL && strcmp(cli->argument, "-") != 0) {
        cli_text_add_string(text, cli->argument);
        return CLI_FINE;
    }
    int code;
    if (cli->file != NULL && strcmp(cli->file, "-") != 0)
        code = cli_read_file(text, cli->file, SIZE_MAX);
    else if (cli->file == NULL && cli->argument == NULL && isatty(STDIN_FILENO))
        code = cli_usage("no text: give it as an argument, with --file, or on standard input");
    else
        code = read_stream(text, stdin, "standard input", SIZE_MAX);
    /* Editors and echo end the last line; a prompt that ends there would go on differently. */
    if (code == CLI_FINE && !keep_newline && text->length > 0 && text->bytes[text->length - 1] == '\n')
        text->bytes[--text->length] = '\0';
    return code;
}
