/* SPDX-License-Identifier: Apache-2.0 */
/* tools/tokens.c: the commands tokenize and detokenize. They open the tokenizer only, not the weights. */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *token_bytes(size_t *length, const cli *cli, int32_t id)
{
    const char *bytes = gpt_tokenizer_token_bytes(length, cli->tokenizer, id);
    return bytes != NULL ? bytes : "";
}

static void add_json_token(cli_text *out, const cli *cli, int32_t id)
{
    size_t length;
    const char *bytes = token_bytes(&length, cli, id);
    cli_json_open(out, NULL, '{');
    cli_json_integer(out, "id", id);
    cli_json_string(out, "text", bytes, length);
    /* The text of half a character is U+FFFD; its bytes say what it really is. */
    cli_json_open(out, "bytes", '[');
    for (size_t i = 0; i < length; i++)
        cli_json_integer(out, NULL, (unsigned char)bytes[i]);
    cli_json_close(out, ']');
    cli_json_boolean(out, "special", gpt_tokenizer_is_special(cli->tokenizer, id));
    cli_json_close(out, '}');
}

static void add_json_tokens(cli_text *out, const cli *cli, const cli_ids *ids)
{
    cli_json_open(out, NULL, '{');
    cli_json_text(out, "model", cli->model_name);
    cli_json_integer(out, "count", (int64_t)ids->count);
    cli_json_ids(out, "ids", ids->ids, ids->count);
    if (!cli->only_count) {
        cli_json_open(out, "tokens", '[');
        for (size_t i = 0; i < ids->count; i++)
            add_json_token(out, cli, ids->ids[i]);
        cli_json_close(out, ']');
    }
    cli_json_close(out, '}');
    cli_text_add(out, "\n", 1);
}

static void add_token_lines(cli_text *out, const cli *cli, const cli_ids *ids)
{
    for (size_t i = 0; i < ids->count; i++) {
        size_t length;
        const char *bytes = token_bytes(&length, cli, ids->ids[i]);
        cli_text_format(out, "%d\t", (int)ids->ids[i]);
        cli_text_add_visible(out, bytes, length);
        cli_text_add(out, "\n", 1);
    }
}

static int print_tokens(const cli *cli, const cli_ids *ids)
{
    cli_text out = {0};
    if (cli->output == CLI_OUTPUT_JSON) {
        add_json_tokens(&out, cli, ids);
    } else if (cli->only_count) {
        cli_text_format(&out, "%zu\n", ids->count);
    } else if (cli->verbose) {
        add_token_lines(&out, cli, ids);
    } else {
        cli_text_add_ids(&out, ids->ids, ids->count);
        cli_text_add(&out, "\n", 1);
    }
    int code = cli_write_text(&out);
    cli_text_release(&out);
    return code;
}

int cli_run_tokenize(cli *cli)
{
    cli_text text = {0};
    cli_ids ids = {0};
    int code = cli_read_input(&text, cli, 1);
    if (code == CLI_FINE)
        code = cli_open_tokenizer(cli);
    if (code == CLI_FINE)
        code = cli_encode(&ids, cli, &text);
    if (code == CLI_FINE)
        code = print_tokens(cli, &ids);
    free(ids.ids);
    cli_text_release(&text);
    return code;
}

/* Ids come as --ids, or as text like that of other commands. */
static int read_detokenize_ids(cli *cli)
{
    if (cli->ids_text != NULL)
        return cli->argument == NULL && cli->file == NULL ? CLI_FINE : cli_usage("ids are given twice");
    cli_text text = {0};
    int code = cli_read_input(&text, cli, 1);
    const char *what = cli->file != NULL ? cli->file : cli->argument != NULL ? "argument" : "standard input";
    if (code == CLI_FINE)
        code = cli_read_ids(&cli->ids, text.bytes, text.length, what);
    cli_text_release(&text);
    return code;
}

static int join_bytes(cli_text *text, const cli *cli)
{
    for (size_t i = 0; i < cli->ids.count; i++) {
        size_t length;
        int32_t id = cli->ids.ids[i];
        const char *bytes = gpt_tokenizer_token_bytes(&length, cli->tokenizer, id);
        if (bytes == NULL)
            return cli_fail_library();
        if (!cli->skip_special || !gpt_tokenizer_is_special(cli->tokenizer, id))
            cli_text_add(text, bytes, length);
    }
    return CLI_FINE;
}

static int decode(cli_text *text, const cli *cli)
{
    if (cli->raw_bytes)
        return join_bytes(text, cli);
    char *decoded = NULL;
    size_t length = 0;
    unsigned flags = cli->skip_special ? GPT_DECODE_SKIP_SPECIAL : 0;
    int code = cli_check(
        gpt_tokenizer_decode(&decoded, &length, cli->tokenizer, cli->ids.ids, cli->ids.count, flags));
    if (code == CLI_FINE)
        cli_text_add(text, decoded, length);
    gpt_free(decoded);
    return code;
}

/* The text exactly as it is, so that it can go to a file; a newline for people only. */
static int print_decoded(const cli *cli, cli_text *text)
{
    if (cli->output != CLI_OUTPUT_JSON) {
        if (isatty(STDOUT_FILENO))
            cli_text_add(text, "\n", 1);
        return cli_write_text(text);
    }
    cli_text json = {0};
    cli_json_open(&json, NULL, '{');
    cli_json_text(&json, "model", cli->model_name);
    cli_json_ids(&json, "ids", cli->ids.ids, cli->ids.count);
    cli_json_string(&json, "text", text->bytes, text->length);
    cli_json_close(&json, '}');
    cli_text_add(&json, "\n", 1);
    int code = cli_write_text(&json);
    cli_text_release(&json);
    return code;
}

int cli_run_detokenize(cli *cli)
{
    cli_text text = {0};
    int code = read_detokenize_ids(cli);
    if (code == CLI_FINE && cli->raw_bytes && cli->output == CLI_OUTPUT_JSON)
        code = cli_usage("--bytes and --json can not go together: JSON holds text only");
    if (code == CLI_FINE)
        code = cli_open_tokenizer(cli);
    if (code == CLI_FINE)
        code = decode(&text, cli);
    if (code == CLI_FINE)
        code = print_decoded(cli, &text);
    cli_text_release(&text);
    return code;
}
