/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/cli.h: what the files of gpt-cli share. The program uses libgpt through its public headers only.
 *
 * Functions that can fail return the exit code that the program shall end with, after they have said why in one line
 * on standard error; 0 means go on.
 */
#ifndef TOOLS_CLI_H
#define TOOLS_CLI_H

#include <gpt/gpt.h>

#include <stddef.h>
#include <stdint.h>

/* Exit codes, as in the manual page. CLI_DONE ends the program at once with 0: --help, or nobody reads any more. */
enum { CLI_FINE = 0, CLI_FAILED = 1, CLI_USAGE = 2, CLI_INTERRUPTED = 130, CLI_DONE = -1 };

/* Growing bytes. Begins as {0}. A NUL that length does not count follows the bytes once something was added. */
typedef struct cli_text {
    char *bytes;
    size_t length;
    size_t capacity;
} cli_text;

/* A growing list of token ids. Begins as {0}. */
typedef struct cli_ids {
    int32_t *ids;
    size_t count;
    size_t capacity;
} cli_ids;

/* Strings of an option that may be given several times. Begins as {0}. */
typedef struct cli_strings {
    cli_text *items;
    size_t count;
} cli_strings;

struct cli;
struct cli_option;

/* A value for a setter of the generator, kept until there is a generator. */
typedef struct cli_setting {
    const struct cli_option *option;
    double number;
    uint64_t seed;
    int32_t token;
} cli_setting;

/* One row of a table of options. The table parses, applies, and makes --help. */
typedef struct cli_option {
    const char *name;     /* without the dashes */
    const char *argument; /* what --help calls its value; NULL when it has none */
    const char *help;
    int (*parse)(struct cli *cli, const struct cli_option *option, const char *value);
    size_t field; /* for the plain parsers: where in struct cli the value goes */
    gpt_status (*set_float)(gpt_generator *generator, float value);
    gpt_status (*set_int)(gpt_generator *generator, int value);
    gpt_status (*set_token)(gpt_generator *generator, int32_t token, int value);
    char letter;  /* the short form; 0 when it has none */
    char samples; /* 1: turns sampling on */
} cli_option;

/* A table with its heading; the last row has no name. */
typedef struct cli_group {
    const char *title;
    const cli_option *options;
} cli_group;

typedef struct cli_command {
    const char *name;
    const char *usage; /* what follows the name */
    const char *summary;
    const char *notes; /* printed at the end of --help; may be NULL */
    const cli_group *const *groups; /* ended by NULL */
    int (*run)(struct cli *cli);
    int task; /* 1: generate with a template, greedy unless an option for sampling is given */
} cli_command;

typedef enum cli_output { CLI_OUTPUT_DEFAULT, CLI_OUTPUT_TEXT, CLI_OUTPUT_IDS, CLI_OUTPUT_JSON } cli_output;

/* One run of the program: what the user asked for, and the handles that come of it. */
typedef struct cli {
    const cli_command *command;
    const char *model_name;
    gpt_dtype dtype;
    int threads;
    const char *argument; /* the one argument that is no option; NULL when there is none */
    const char *file;
    const char *ids_text;
    cli_ids ids; /* ids_text, parsed */
    cli_strings templates; /* the last one counts */
    const char *question;
    cli_strings stops;
    cli_strings examples;
    cli_setting *settings;
    size_t setting_count;
    cli_output output;
    int greedy;
    int sampling; /* an option that only makes sense with sampling was given */
    int ignore_eos;
    int ordinary;
    int keep_newline;
    int skip_special;
    int raw_bytes;
    int only_count;
    int echo;
    int verbose;
    int has_max_length;
    int has_max_new_tokens;
    int has_logprobs;
    int default_new_tokens; /* when neither the user nor the model's files say */
    cli_ids bench_prompts;
    cli_ids bench_batches;
    int bench_generate;
    int bench_context;
    int bench_repeats;
    gpt_model *model;
    gpt_tokenizer *tokenizer; /* a reference of its own */
    gpt_generator *generator;
} cli;

/* main.c */
extern const cli_command cli_commands[]; /* the last has no name; the first is the default */
int cli_print_version(void);

/* options.c: the groups that commands choose from */
extern const cli_group cli_group_model, cli_group_tokenizer, cli_group_prompt, cli_group_template, cli_group_question,
    cli_group_example, cli_group_sampling, cli_group_penalties, cli_group_ending, cli_group_generate_output,
    cli_group_tokenize, cli_group_detokenize, cli_group_score, cli_group_json, cli_group_bench, cli_group_general;

/* arguments.c */
int cli_parse_arguments(cli *cli, int argc, char **argv);
int cli_print_help(const cli_command *command);
int cli_print_overview(void);

/* values.c: parsers that rows of the tables point to, and lists of numbers */
int cli_parse_string(cli *cli, const cli_option *option, const char *value);
int cli_parse_flag(cli *cli, const cli_option *option, const char *value);
int cli_parse_count(cli *cli, const cli_option *option, const char *value);
int cli_parse_counts(cli *cli, const cli_option *option, const char *value);
int cli_parse_strings(cli *cli, const cli_option *option, const char *value);
int cli_parse_dtype(cli *cli, const cli_option *option, const char *value);
int cli_parse_output(cli *cli, const cli_option *option, const char *value);
int cli_parse_json(cli *cli, const cli_option *option, const char *value);
int cli_parse_ids_option(cli *cli, const cli_option *option, const char *value);
int cli_parse_float(cli *cli, const cli_option *option, const char *value);
int cli_parse_int(cli *cli, const cli_option *option, const char *value);
int cli_parse_token(cli *cli, const cli_option *option, const char *value);
int cli_parse_bias(cli *cli, const cli_option *option, const char *value);
int cli_parse_seed(cli *cli, const cli_option *option, const char *value);
int cli_parse_help(cli *cli, const cli_option *option, const char *value);
int cli_parse_version(cli *cli, const cli_option *option, const char *value);

/* Reads "1,2,3", also with blanks between and square brackets around. what names the source in the message. */
int cli_read_ids(cli_ids *ids, const char *text, size_t length, const char *what);

/* input.c: text from the argument, --file or standard input; exactly as it is, but for a last newline unless keep. */
int cli_read_file(cli_text *text, const char *path, size_t limit);
int cli_read_input(cli_text *text, const cli *cli, int keep_newline);

/* session.c: model, tokenizer and generator, and Ctrl-C while they work */
int cli_open_model(cli *cli);
int cli_open_tokenizer(cli *cli);
int cli_make_generator(cli *cli);
int cli_need_tokenizer(const cli *cli, const char *why);
int cli_encode(cli_ids *ids, const cli *cli, const cli_text *text);
double cli_seconds(void);

/* What a status of the library means for the exit code; says why, but for an interrupt. */
int cli_check(gpt_status status);
void cli_catch_interrupt(void);
void cli_close_session(cli *cli);

/* tasks.c: summarize, answer and translate are generate with a prompt that a template makes */
int cli_make_prompt(cli_text *prompt, cli *cli);

/* progress.c: one line on a terminal for what takes over a second, erased afterwards. total 0: no count is shown. */
void cli_progress_begin(const char *what, size_t total);
void cli_progress_update(size_t done);
void cli_progress_end(void);

/*
 * machine.c: the number of threads for the machine and for the model, bytes per second that so many read (0 when that
 * failed), and the most memory the program took
 */
int cli_bench_threads(const cli *cli);
double cli_measure_reading(int threads);
int64_t cli_peak_memory(void);
void cli_reset_peak_memory(void);

/* generate.c, tokens.c, score.c, info.c, bench.c: one run function for each command */
int cli_run_generate(cli *cli);
int cli_run_tokenize(cli *cli);
int cli_run_detokenize(cli *cli);
int cli_run_score(cli *cli);
int cli_run_info(cli *cli);
int cli_run_bench(cli *cli);

/* output.c: memory (ends the program when there is none), bytes, messages */
void *cli_resize(void *memory, size_t count, size_t size);
void cli_text_add(cli_text *text, const char *bytes, size_t length);
void cli_text_add_string(cli_text *text, const char *string);
void cli_text_format(cli_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void cli_text_add_number(cli_text *text, double number);
void cli_text_add_visible(cli_text *text, const char *bytes, size_t length);
void cli_text_add_ids(cli_text *text, const int32_t *ids, size_t count);
void cli_text_release(cli_text *text);
void cli_strings_add(cli_strings *strings, const char *bytes, size_t length);
void cli_strings_release(cli_strings *strings);
void cli_ids_add(cli_ids *ids, int32_t id);
int cli_write(const char *bytes, size_t length);
int cli_write_text(const cli_text *text);
int cli_fail(const char *format, ...) __attribute__((format(printf, 1, 2)));
int cli_fail_library(void);
int cli_usage(const char *format, ...) __attribute__((format(printf, 1, 2)));
size_t cli_utf8_length(const char *bytes, size_t length);

/* json.c: a writer that puts commas by itself; name is NULL for the elements of an array */
void cli_json_open(cli_text *text, const char *name, char bracket);
void cli_json_close(cli_text *text, char bracket);
void cli_json_string(cli_text *text, const char *name, const char *bytes, size_t length);
void cli_json_text(cli_text *text, const char *name, const char *string);
void cli_json_integer(cli_text *text, const char *name, int64_t value);
void cli_json_unsigned(cli_text *text, const char *name, uint64_t value);
void cli_json_number(cli_text *text, const char *name, double value);
void cli_json_boolean(cli_text *text, const char *name, int value);
void cli_json_null(cli_text *text, const char *name);
void cli_json_ids(cli_text *text, const char *name, const int32_t *ids, size_t count);
void cli_json_array_of(cli_text *text, const char *name, const cli_text *elements);

#endif
