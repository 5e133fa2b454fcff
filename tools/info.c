/* SPDX-License-Identifier: Apache-2.0 */
/* tools/info.c: the command info: what a model is, how much memory it takes, and what the library runs on. */
#include "cli.h"

#include <inttypes.h>

/* Writes facts as lines or as JSON, so that both have the same ones. */
typedef struct facts {
    cli_text out;
    int json;
} facts;

static void add_string(facts *facts, const char *name, const char *value)
{
    if (facts->json)
        cli_json_text(&facts->out, name, value);
    else
        cli_text_format(&facts->out, "%-18s %s\n", name, value != NULL ? value : "-");
}

static void add_integer(facts *facts, const char *name, int64_t value)
{
    if (facts->json)
        cli_json_integer(&facts->out, name, value);
    else
        cli_text_format(&facts->out, "%-18s %" PRId64 "\n", name, value);
}

static void add_flag(facts *facts, const char *name, int value)
{
    if (facts->json)
        cli_json_boolean(&facts->out, name, value);
    else
        cli_text_format(&facts->out, "%-18s %s\n", name, value ? "yes" : "no");
}

static void add_bytes(facts *facts, const char *name, int64_t value)
{
    if (facts->json)
        cli_json_integer(&facts->out, name, value);
    else
        cli_text_format(&facts->out, "%-18s %" PRId64 " (%.1f MiB)\n", name, value, (double)value / 1048576);
}

static void add_number(facts *facts, const char *name, double value)
{
    if (facts->json) {
        cli_json_number(&facts->out, name, value);
        return;
    }
    cli_text_format(&facts->out, "%-18s ", name);
    cli_text_add_number(&facts->out, value);
    cli_text_add(&facts->out, "\n", 1);
}

static void add_model(facts *facts, const cli *cli)
{
    const gpt_model *model = cli->model;
    add_string(facts, "model", cli->model_name);
    add_string(facts, "path", gpt_model_path(model));
    add_string(facts, "family", gpt_model_family(model));
    add_string(facts, "dtype", gpt_dtype_name(gpt_model_dtype(model)));
    add_integer(facts, "parameters", gpt_model_parameters(model));
    add_integer(facts, "layers", gpt_model_layers(model));
    add_integer(facts, "width", gpt_model_width(model));
    add_integer(facts, "heads", gpt_model_heads(model));
    add_integer(facts, "kv_heads", gpt_model_kv_heads(model));
    add_integer(facts, "vocab_size", gpt_model_vocab_size(model));
    add_integer(facts, "context_length", gpt_model_context_length(model));
    add_bytes(facts, "weight_bytes", gpt_model_weight_bytes(model));
    add_bytes(facts, "cache_bytes", gpt_generator_cache_bytes(cli->generator, gpt_model_context_length(model)));
}

/* The settings that the model's generation_config.json asks for, where they are the ones that people look for. */
static void add_settings(facts *facts, const gpt_generator *generator)
{
    add_flag(facts, "sampling", gpt_generator_sampling(generator));
    add_number(facts, "temperature", gpt_generator_temperature(generator));
    add_integer(facts, "top_k", gpt_generator_top_k(generator));
    add_number(facts, "top_p", gpt_generator_top_p(generator));
    add_integer(facts, "max_new_tokens", gpt_generator_max_new_tokens(generator));
}

static void add_tokenizer(facts *facts, const cli *cli)
{
    if (cli->tokenizer != NULL)
        add_integer(facts, "tokenizer_size", gpt_tokenizer_vocab_size(cli->tokenizer));
    else
        add_string(facts, "tokenizer_size", facts->json ? NULL : "none");
}

int cli_run_info(cli *cli)
{
    if (cli->argument != NULL)
        cli->model_name = cli->argument;
    int code = cli_open_model(cli);
    if (code == CLI_FINE)
        code = cli_make_generator(cli);
    if (code != CLI_FINE)
        return code;
    facts facts = {.json = cli->output == CLI_OUTPUT_JSON};
    if (facts.json)
        cli_json_open(&facts.out, NULL, '{');
    add_model(&facts, cli);
    add_tokenizer(&facts, cli);
    add_settings(&facts, cli->generator);
    add_string(&facts, "library", gpt_version());
    add_string(&facts, "backend", gpt_backend());
    cli_text_add_string(&facts.out, facts.json ? "}\n" : "");
    code = cli_write_text(&facts.out);
    cli_text_release(&facts.out);
    return code;
}
