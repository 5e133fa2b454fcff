/* SPDX-License-Identifier: Apache-2.0 */
/* tools/session.c: opens the model, makes the generator that the options ask for, and lets Ctrl-C stop it. */
#include "cli.h"

#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The generator that works, for the signal handler; NULL while there is none. */
static _Atomic(gpt_generator *) working;
static volatile sig_atomic_t interrupted;

/* gpt_generator_cancel only stores an atomic flag, so a signal handler may call it. A second Ctrl-C kills. */
static void handle_interrupt(int number)
{
    gpt_generator *generator = atomic_load(&working);
    interrupted = 1;
    signal(number, SIG_DFL);
    if (generator != NULL) {
        gpt_generator_cancel(generator);
        return;
    }
    ssize_t written = write(STDERR_FILENO, "\n", 1);
    (void)written;
    _exit(CLI_INTERRUPTED);
}

void cli_catch_interrupt(void)
{
    struct sigaction action = {.sa_handler = handle_interrupt, .sa_flags = SA_RESTART};
    sigemptyset(&action.sa_mask);
    struct sigaction before;
    /* A shell starts background jobs with SIGINT ignored; that is to stay so. */
    if (sigaction(SIGINT, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
        sigaction(SIGINT, &action, NULL);
}

int cli_check(gpt_status status)
{
    if (status == GPT_OK)
        return CLI_FINE;
    cli_progress_end();
    return status == GPT_E_CANCELLED && interrupted ? CLI_INTERRUPTED : cli_fail_library();
}

double cli_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

/* A number of threads that is out of range is a wrong call, everything else a failure. */
static int open_with_options(cli *cli)
{
    gpt_model_options *options = NULL;
    int code = cli_check(gpt_model_options_new(&options));
    if (code == CLI_FINE)
        code = cli_check(gpt_model_options_set_dtype(options, cli->dtype));
    if (code == CLI_FINE && gpt_model_options_set_threads(options, cli->threads) != GPT_OK)
        code = cli_usage("--threads: %s", gpt_error_message());
    if (code == CLI_FINE)
        code = cli_check(gpt_model_open(&cli->model, cli->model_name, options));
    gpt_model_options_free(options);
    return code;
}

int cli_open_model(cli *cli)
{
    cli_text label = {0};
    cli_text_format(&label, "opening %s", cli->model_name);
    cli_progress_begin(label.bytes, 0);
    int code = open_with_options(cli);
    cli_progress_end();
    cli_text_release(&label);
    if (code == CLI_FINE)
        cli->tokenizer = gpt_tokenizer_ref(gpt_model_tokenizer(cli->model));
    return code;
}

/* For commands that need no weights, whose opening would take longer than the work. */
int cli_open_tokenizer(cli *cli)
{
    return cli_check(gpt_tokenizer_open(&cli->tokenizer, cli->model_name));
}

int cli_need_tokenizer(const cli *cli, const char *why)
{
    if (cli->tokenizer != NULL)
        return CLI_FINE;
    return cli_fail("%s: the model has no tokenizer, which %s", gpt_model_path(cli->model), why);
}

/* Copies, so that all ids of the program are freed the same way. An empty text gives none. */
int cli_encode(cli_ids *ids, const cli *cli, const cli_text *text)
{
    int32_t *encoded = NULL;
    size_t count = 0;
    unsigned flags = cli->ordinary ? GPT_ENCODE_ORDINARY : 0;
    int code = cli_check(gpt_tokenizer_encode(&encoded, &count, cli->tokenizer, text->bytes, text->length, flags));
    if (code != CLI_FINE)
        return code;
    ids->ids = cli_resize(ids->ids, count, sizeof *ids->ids);
    ids->count = ids->capacity = count;
    if (count > 0)
        memcpy(ids->ids, encoded, count * sizeof *encoded);
    gpt_free(encoded);
    return CLI_FINE;
}

/* Bans each token that ends sequences, so that none of them is ever chosen. */
static gpt_status ignore_end_tokens(gpt_generator *generator)
{
    int32_t V = gpt_model_vocab_size(gpt_generator_model(generator));
    gpt_status status = GPT_OK;
    for (int32_t token = 0; token < V && status == GPT_OK; token++)
        if (gpt_generator_stop_token(generator, token))
            status = gpt_generator_set_banned(generator, token, 1);
    return status;
}

/* What holds when neither the user nor the model's files say more. */
static gpt_status set_defaults(cli *cli)
{
    gpt_generator *generator = cli->generator;
    gpt_status status = gpt_generator_set_threads(generator, cli->threads);
    int endless = gpt_generator_max_new_tokens(generator) == 0 && gpt_generator_max_length(generator) == 0;
    if (status == GPT_OK && cli->has_max_length)
        status = gpt_generator_set_max_new_tokens(generator, 0); /* the user's bound, not that of the files */
    else if (status == GPT_OK && endless)
        status = gpt_generator_set_max_new_tokens(generator, cli->default_new_tokens);
    if (status == GPT_OK && cli->has_max_new_tokens)
        status = gpt_generator_set_max_length(generator, 0);
    if (status == GPT_OK && (cli->greedy || cli->command->task))
        status = gpt_generator_set_sampling(generator, 0);
    if (status == GPT_OK && cli->sampling)
        status = gpt_generator_set_sampling(generator, 1);
    return status == GPT_OK && cli->ignore_eos ? ignore_end_tokens(generator) : status;
}

static gpt_status apply_setting(gpt_generator *generator, const cli_setting *setting)
{
    const cli_option *option = setting->option;
    if (option->set_float == gpt_generator_set_temperature) {
        /* The limit of ever smaller temperatures is the most probable token. */
        gpt_status status = gpt_generator_set_sampling(generator, setting->number != 0);
        if (status != GPT_OK || setting->number == 0)
            return status;
    }
    if (option->set_float != NULL)
        return option->set_float(generator, (float)setting->number);
    if (option->set_int != NULL)
        return option->set_int(generator, (int)setting->number);
    if (option->set_token != NULL)
        return option->set_token(generator, setting->token, 1);
    if (option->parse == cli_parse_seed)
        return gpt_generator_set_seed(generator, setting->seed);
    return gpt_generator_set_bias(generator, setting->token, (float)setting->number);
}

/* In the order of the command line, so that the last of several values for the same setting counts. */
static int apply_settings(cli *cli)
{
    gpt_status status = GPT_OK;
    for (size_t i = 0; i < cli->setting_count && status == GPT_OK; i++) {
        status = apply_setting(cli->generator, &cli->settings[i]);
        if (status == GPT_E_ARGUMENT)
            return cli_usage("--%s: %s", cli->settings[i].option->name, gpt_error_message());
    }
    for (size_t i = 0; i < cli->stops.count && status == GPT_OK; i++) {
        const cli_text *stop = &cli->stops.items[i];
        status = gpt_generator_add_stop_string(cli->generator, stop->bytes, stop->length);
        if (status == GPT_E_ARGUMENT)
            return cli_usage("--stop: %s", gpt_error_message());
    }
    return cli_check(status);
}

/* The signal handler must not meet a generator that has been freed. */
void cli_close_session(cli *cli)
{
    atomic_store(&working, NULL);
    gpt_generator_free(cli->generator);
    gpt_tokenizer_free(cli->tokenizer);
    gpt_model_free(cli->model);
}

int cli_make_generator(cli *cli)
{
    int code = cli_check(gpt_generator_new(&cli->generator, cli->model));
    if (code == CLI_FINE)
        code = cli_check(set_defaults(cli));
    if (code == CLI_FINE)
        code = apply_settings(cli);
    if (code == CLI_FINE)
        atomic_store(&working, cli->generator);
    return code;
}
