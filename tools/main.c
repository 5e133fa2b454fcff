/* SPDX-License-Identifier: Apache-2.0 */
/* tools/main.c: gpt-cli, a program over libgpt: which command was asked for, and with which exit code it ends. */
#include "cli.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Which options each command has, in the order of its --help. */
static const cli_group *const generate_groups[] = {
    &cli_group_model,  &cli_group_prompt,          &cli_group_template, &cli_group_sampling, &cli_group_penalties,
    &cli_group_ending, &cli_group_generate_output, &cli_group_general,  NULL,
};

static const cli_group *const answer_groups[] = {
    &cli_group_question,  &cli_group_model,  &cli_group_prompt,          &cli_group_template, &cli_group_sampling,
    &cli_group_penalties, &cli_group_ending, &cli_group_generate_output, &cli_group_general,  NULL,
};

static const cli_group *const translate_groups[] = {
    &cli_group_example,   &cli_group_model,  &cli_group_prompt,          &cli_group_template, &cli_group_sampling,
    &cli_group_penalties, &cli_group_ending, &cli_group_generate_output, &cli_group_general,  NULL,
};

static const cli_group *const tokenize_groups[] = {
    &cli_group_tokenizer, &cli_group_tokenize, &cli_group_general, NULL};
static const cli_group *const detokenize_groups[] = {
    &cli_group_tokenizer, &cli_group_detokenize, &cli_group_general, NULL};
static const cli_group *const score_groups[] = {&cli_group_model, &cli_group_score, &cli_group_general, NULL};
static const cli_group *const info_groups[] = {&cli_group_model, &cli_group_json, &cli_group_general, NULL};
static const cli_group *const bench_groups[] = {&cli_group_model, &cli_group_bench, &cli_group_general, NULL};

static const char greedy_note[] =
    "Takes the most probable tokens unless an option for sampling is given. The form of the prompt and the strings "
    "that end the text come from tasks.json in the model's directory, else they are the zero-shot forms of the GPT-2 "
    "paper.";

static const char generate_note[] =
    "The prompt is the argument, --file, --ids, or standard input. Any of --temperature, --top-k, --top-p, --min-p, "
    "--typical-p, --epsilon-cutoff and --eta-cutoff turns sampling on; --greedy turns it off; without them the model's "
    "generation_config.json decides.";

const cli_command cli_commands[] = {
    {.name = "generate", .usage = " [PROMPT]", .groups = generate_groups, .run = cli_run_generate,
     .summary = "Continue a prompt, and print the new text as it comes.", .notes = generate_note},
    {.name = "summarize", .usage = " [TEXT]", .groups = generate_groups, .run = cli_run_generate, .task = 1,
     .summary = "Summarize a text.", .notes = greedy_note},
    {.name = "answer", .usage = " --question STRING [TEXT]", .groups = answer_groups, .run = cli_run_generate,
     .task = 1, .summary = "Answer a question about a text.", .notes = greedy_note},
    {.name = "translate", .usage = " [TEXT]", .groups = translate_groups, .run = cli_run_generate, .task = 1,
     .summary = "Translate a text, from English to French unless examples say otherwise.", .notes = greedy_note},
    {.name = "tokenize", .usage = " [TEXT]", .groups = tokenize_groups, .run = cli_run_tokenize,
     .summary = "Turn text into token ids, separated by commas."},
    {.name = "detokenize", .usage = " [IDS]", .groups = detokenize_groups, .run = cli_run_detokenize,
     .summary = "Turn token ids into text."},
    {.name = "score", .usage = " [TEXT]", .groups = score_groups, .run = cli_run_score,
     .summary = "Tell how probable the model finds a text: its log-probability and perplexity.",
     .notes = "The first token, which has nothing before it, is not scored."},
    {.name = "info", .usage = " [MODEL]", .groups = info_groups, .run = cli_run_info,
     .summary = "Describe a model and the library."},
    {.name = "bench", .usage = "", .groups = bench_groups, .run = cli_run_bench,
     .summary = "Measure how many tokens per second the model reads and generates."},
    {.name = NULL},
};

int cli_print_version(void)
{
    cli_text text = {0};
    cli_text_format(&text, "gpt-cli %s (libgpt %s, %s)\n", GPT_VERSION_STRING, gpt_version(), gpt_backend());
    int code = cli_write_text(&text);
    cli_text_release(&text);
    return code == CLI_FINE ? CLI_DONE : code;
}

/* NULL for a first argument that is no command: it belongs to the default one. */
static const cli_command *find_command(const char *name)
{
    for (size_t i = 0; cli_commands[i].name != NULL; i++)
        if (strcmp(cli_commands[i].name, name) == 0)
            return &cli_commands[i];
    return NULL;
}

/* Warnings of the library always show; with --verbose also its milestones, where that means standard error. */
static void print_log(gpt_log_level level, const char *line, void *user)
{
    (void)user;
    fprintf(stderr, "gpt-cli: %s%s\n", level <= GPT_LOG_WARNING ? "warning: " : "", line);
}

static void release(cli *cli)
{
    cli_close_session(cli);
    cli_strings_release(&cli->templates);
    cli_strings_release(&cli->stops);
    cli_strings_release(&cli->examples);
    free(cli->ids.ids);
    free(cli->bench_prompts.ids);
    free(cli->bench_batches.ids);
    free(cli->settings);
}

static int run(int argc, char **argv)
{
    cli cli = {.default_new_tokens = 256, .bench_generate = 128, .bench_context = 1, .bench_repeats = 5};
    const char *default_model = getenv("GPT_MODEL");
    cli.model_name = default_model != NULL && default_model[0] != '\0' ? default_model : "storyteller";
    cli.command = argc > 1 ? find_command(argv[1]) : NULL;
    int named = cli.command != NULL;
    if (!named)
        cli.command = &cli_commands[0];
    int code = cli_parse_arguments(&cli, argc - named, argv + named);
    if (code == CLI_FINE) {
        int milestones = cli.verbose && cli.command->run == cli_run_generate;
        gpt_log_set_callback(print_log, milestones ? GPT_LOG_INFO : GPT_LOG_WARNING, NULL);
        code = cli.command->run(&cli);
    }
    release(&cli);
    return code;
}

int main(int argc, char **argv)
{
    /* Writing to a pipe that nobody reads then fails with EPIPE, which cli_write takes as the wish to end. */
    signal(SIGPIPE, SIG_IGN);
    cli_catch_interrupt();
    int code;
    if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0))
        code = cli_print_overview();
    else
        code = run(argc, argv);
    return code == CLI_DONE ? CLI_FINE : code;
}
