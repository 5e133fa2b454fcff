/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/generate.c: the commands generate, summarize, answer and translate. It goes step by step, to show how far a
 * long prompt is read and to print text as soon as it is certain. Several samples grow together: the first is printed
 * as it comes, the others wait for their turn.
 */
#include "cli.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef struct sample {
    cli_text out;    /* text, or ids in text form, not printed yet; the whole text for JSON */
    cli_text ids;    /* "1,2,3" */
    cli_text tokens; /* JSON objects, when log-probabilities are asked for */
    size_t count;
    gpt_finish finish;
    int has_text; /* some text was kept; what comes before in tasks are blanks */
} sample;

typedef struct run {
    cli *cli;
    cli_text prompt;
    cli_ids ids; /* of the prompt */
    sample *samples;
    int sample_count;
    int shown; /* the sample that is printed as it comes */
    int begun; /* its header and prompt are printed */
    int64_t first;
    size_t new_tokens;
    double started;
} run;

/* What can not go together is found before files are read and the model is opened. */
static int check_usage(const cli *cli)
{
    if (cli->greedy && cli->sampling)
        return cli_usage("--greedy can not go together with an option that turns sampling on");
    if (cli->has_logprobs && cli->output != CLI_OUTPUT_JSON)
        return cli_usage("--logprobs needs --json");
    if (cli->question == NULL && strcmp(cli->command->name, "answer") == 0)
        return cli_usage("answer needs --question");
    if (cli->ids_text == NULL)
        return CLI_FINE;
    if (cli->command->task || cli->templates.count > 0)
        return cli_usage("--ids can not go together with a template");
    if (cli->argument != NULL || cli->file != NULL)
        return cli_usage("text and --ids can not go together");
    return CLI_FINE;
}

/* Opens the model and turns the prompt into ids. */
static int prepare(run *run)
{
    cli *cli = run->cli;
    int code = check_usage(cli);
    if (code == CLI_FINE && cli->ids_text == NULL)
        code = cli_make_prompt(&run->prompt, cli);
    if (code == CLI_FINE)
        code = cli_open_model(cli);
    if (code == CLI_FINE && cli->ids_text == NULL)
        code = cli_need_tokenizer(cli, "a prompt of text needs; give token ids with --ids");
    if (code == CLI_FINE && cli->output == CLI_OUTPUT_TEXT)
        code = cli_need_tokenizer(cli, "--output text needs; ask for --output ids");
    if (code != CLI_FINE)
        return code;
    if (cli->output == CLI_OUTPUT_DEFAULT)
        cli->output = cli->tokenizer != NULL ? CLI_OUTPUT_TEXT : CLI_OUTPUT_IDS;
    if (cli->ids_text == NULL)
        return cli_encode(&run->ids, cli, &run->prompt);
    for (size_t i = 0; i < cli->ids.count; i++)
        cli_ids_add(&run->ids, cli->ids.ids[i]);
    return CLI_FINE;
}

static gpt_status add_prompt(run *run)
{
    /* No tokens at all stand for the beginning of a text. */
    if (run->ids.count == 0 && run->cli->ids_text == NULL)
        return gpt_generator_add(&run->first, run->cli->generator, "", 0);
    return gpt_generator_add_ids(&run->first, run->cli->generator, run->ids.ids, run->ids.count);
}

/* The id and text of a token as members of an object; half a character shows as U+FFFD. */
static void add_token_text(cli_text *json, const cli *cli, int32_t token)
{
    size_t length = 0;
    const char *bytes = cli->tokenizer ? gpt_tokenizer_token_bytes(&length, cli->tokenizer, token) : NULL;
    cli_json_integer(json, "id", token);
    if (bytes != NULL)
        cli_json_string(json, "text", bytes, length);
    else
        cli_json_null(json, "text");
}

/* A token as an object, and the most probable ones in its place, which only events have: NULL for none. */
static void add_logprobs(cli_text *json, const cli *cli, int32_t token, float logprob, const gpt_event *event)
{
    cli_json_open(json, NULL, '{');
    add_token_text(json, cli, token);
    cli_json_number(json, "logprob", logprob);
    cli_json_open(json, "top", '[');
    for (size_t i = 0; i < gpt_event_alternative_count(event); i++) {
        cli_json_open(json, NULL, '{');
        add_token_text(json, cli, gpt_event_alternative_token(event, i));
        cli_json_number(json, "logprob", gpt_event_alternative_logprob(event, i));
        cli_json_close(json, '}');
    }
    cli_json_close(json, ']');
    cli_json_close(json, '}');
}

static void add_text(sample *sample, const cli *cli, const char *text, size_t length)
{
    /* A template ends before a blank, so the answer begins with one; JSON keeps it. */
    if (cli->command->task && cli->output == CLI_OUTPUT_TEXT && !sample->has_text)
        for (; length > 0 && (text[0] == ' ' || text[0] == '\n'); length--)
            text++;
    sample->has_text |= length > 0;
    cli_text_add(&sample->out, text, length);
}

/* Adds a token to its sample. Samples of one prompt have numbers in a row. */
static void take_event(run *run, const gpt_event *event)
{
    int64_t index = gpt_event_sequence(event) - run->first;
    if (index < 0 || index >= run->sample_count)
        return;
    sample *sample = &run->samples[index];
    size_t length;
    const char *text = gpt_event_text(&length, event);
    const char *format = sample->count > 0 ? ",%d" : "%d";
    cli_text_format(&sample->ids, format, (int)gpt_event_token(event));
    if (run->cli->output == CLI_OUTPUT_IDS)
        cli_text_format(&sample->out, format, (int)gpt_event_token(event));
    else
        add_text(sample, run->cli, text, length);
    if (run->cli->has_logprobs)
        add_logprobs(&sample->tokens, run->cli, gpt_event_token(event), gpt_event_logprob(event), event);
    sample->count++;
    run->new_tokens++;
    sample->finish = gpt_event_finish(event);
}

/* What stands before the new text of a sample: which one it is, and the prompt when that is wanted. */
static void add_heading(cli_text *text, const run *run)
{
    const cli *cli = run->cli;
    if (cli->output == CLI_OUTPUT_IDS) {
        if (cli->echo && run->ids.count > 0) {
            cli_text_add_ids(text, run->ids.ids, run->ids.count);
            cli_text_add(text, ",", 1);
        }
        return;
    }
    if (run->sample_count > 1)
        cli_text_format(text, "--- %d of %d ---\n", run->shown + 1, run->sample_count);
    char *decoded = NULL;
    size_t length = run->prompt.length;
    if (cli->echo && cli->ids_text != NULL &&
        gpt_tokenizer_decode(&decoded, &length, cli->tokenizer, run->ids.ids, run->ids.count, 0) != GPT_OK)
        length = 0;
    if (cli->echo)
        cli_text_add(text, decoded != NULL ? decoded : run->prompt.bytes, length);
    gpt_free(decoded);
}

/* Prints what has become certain of the sample whose turn it is, and goes on to the next when it has ended. */
static int show(run *run)
{
    int code = CLI_FINE;
    cli_text text = {0};
    while (run->shown < run->sample_count) {
        sample *sample = &run->samples[run->shown];
        if (!run->begun)
            add_heading(&text, run);
        run->begun = 1;
        cli_text_add(&text, sample->out.bytes, sample->out.length);
        cli_text_release(&sample->out);
        if (sample->finish == GPT_FINISH_NONE)
            break;
        cli_text_add(&text, "\n", 1);
        run->shown++;
        run->begun = 0;
    }
    if (text.length > 0)
        code = cli_write_text(&text);
    cli_text_release(&text);
    return code;
}

/* One step of the generator, and what it means for progress and output. */
static int take_step(run *run)
{
    gpt_generator *generator = run->cli->generator;
    int code = cli_check(gpt_generator_step(generator));
    size_t pending = gpt_generator_pending(generator), had = run->new_tokens;
    for (size_t i = 0; code == CLI_FINE && i < gpt_generator_event_count(generator); i++)
        take_event(run, gpt_generator_event(generator, i));
    int streams = run->cli->output != CLI_OUTPUT_JSON;
    if (run->new_tokens == 0)
        cli_progress_update(run->ids.count > pending ? run->ids.count - pending : 0);
    else if (streams)
        cli_progress_end();
    else if (had == 0)
        cli_progress_begin("generating", 0);
    if (code == CLI_FINE && streams && run->new_tokens > 0)
        code = show(run);
    return code;
}

/* Adds the tokens of one output of a search to its sample. */
static void take_output(run *run, const gpt_result *result, int index)
{
    sample *sample = &run->samples[index];
    size_t count, length;
    const int32_t *ids = gpt_result_ids(&count, result, (size_t)index);
    const char *text = gpt_result_text(&length, result, (size_t)index);
    const float *logprobs = gpt_result_logprobs(result, (size_t)index);
    cli_text_add_ids(&sample->ids, ids, count);
    if (run->cli->output == CLI_OUTPUT_IDS)
        cli_text_add_ids(&sample->out, ids, count);
    else
        add_text(sample, run->cli, text, length);
    for (size_t i = 0; run->cli->has_logprobs && logprobs != NULL && i < count; i++)
        add_logprobs(&sample->tokens, run->cli, ids[i], logprobs[i], NULL);
    sample->count = count;
    sample->finish = gpt_result_finish(result, (size_t)index);
    run->new_tokens += count;
}

/* Beams end together, so that nothing can be shown before. */
static int search(run *run)
{
    gpt_generator *generator = run->cli->generator;
    gpt_result *result = NULL;
    gpt_status status;
    cli_progress_begin("searching", 0);
    if (run->ids.count == 0 && run->cli->ids_text == NULL)
        status = gpt_generator_run(&result, generator, "", 0);
    else
        status = gpt_generator_run_ids(&result, generator, run->ids.ids, run->ids.count);
    cli_progress_end();
    int code = cli_check(status);
    for (int i = 0; code == CLI_FINE && i < run->sample_count; i++)
        take_output(run, result, i);
    gpt_result_free(result);
    if (code == CLI_FINE && run->cli->output != CLI_OUTPUT_JSON)
        code = show(run);
    return code;
}

static int generate(run *run)
{
    gpt_generator *generator = run->cli->generator;
    run->sample_count = gpt_generator_samples(generator);
    run->samples = cli_resize(NULL, (size_t)run->sample_count, sizeof *run->samples);
    memset(run->samples, 0, (size_t)run->sample_count * sizeof *run->samples);
    run->started = cli_seconds();
    if (gpt_generator_beams(generator) > 1)
        return search(run);
    int code = cli_check(add_prompt(run));
    cli_progress_begin("reading the prompt", run->ids.count);
    while (code == CLI_FINE && gpt_generator_active(generator) > 0)
        code = take_step(run);
    cli_progress_end();
    /* The shell's prompt shall not stand behind half a line. */
    if (code == CLI_INTERRUPTED && run->begun && cli_write("\n", 1) == CLI_DONE)
        code = CLI_DONE;
    return code;
}

static void add_sample(cli_text *json, const run *run, const sample *sample)
{
    cli_json_open(json, NULL, '{');
    if (run->cli->tokenizer != NULL)
        cli_json_string(json, "text", sample->out.bytes, sample->out.length);
    else
        cli_json_null(json, "text");
    cli_json_array_of(json, "ids", &sample->ids);
    cli_json_text(json, "finish", gpt_finish_name(sample->finish));
    if (run->cli->has_logprobs)
        cli_json_array_of(json, "tokens", &sample->tokens);
    cli_json_close(json, '}');
}

static int print_json(const run *run)
{
    const cli *cli = run->cli;
    cli_text json = {0};
    cli_json_open(&json, NULL, '{');
    cli_json_text(&json, "model", cli->model_name);
    if (cli->ids_text == NULL)
        cli_json_string(&json, "prompt", run->prompt.bytes, run->prompt.length);
    else
        cli_json_null(&json, "prompt");
    cli_json_ids(&json, "prompt_ids", run->ids.ids, run->ids.count);
    if (gpt_generator_sampling(cli->generator) && gpt_generator_beams(cli->generator) == 1)
        cli_json_unsigned(&json, "seed", gpt_generator_seed(cli->generator));
    else
        cli_json_null(&json, "seed");
    cli_json_open(&json, "samples", '[');
    for (int i = 0; i < run->sample_count; i++)
        add_sample(&json, run, &run->samples[i]);
    cli_json_close(&json, ']');
    cli_json_close(&json, '}');
    cli_text_add(&json, "\n", 1);
    int code = cli_write_text(&json);
    cli_text_release(&json);
    return code;
}

/* For people who tune settings: standard output stays as it is. */
static void print_facts(const run *run)
{
    double seconds = cli_seconds() - run->started;
    fprintf(stderr, "gpt-cli: %zu prompt tokens and %zu new ones in %.2f s", run->ids.count, run->new_tokens, seconds);
    if (seconds > 0)
        fprintf(stderr, ", %.1f tokens/s", (double)(run->ids.count + run->new_tokens) / seconds);
    if (gpt_generator_sampling(run->cli->generator) && gpt_generator_beams(run->cli->generator) == 1)
        fprintf(stderr, ", seed %llu", (unsigned long long)gpt_generator_seed(run->cli->generator));
    fputc('\n', stderr);
}

static void release(run *run)
{
    for (int i = 0; run->samples != NULL && i < run->sample_count; i++) {
        cli_text_release(&run->samples[i].out);
        cli_text_release(&run->samples[i].ids);
        cli_text_release(&run->samples[i].tokens);
    }
    free(run->samples);
    free(run->ids.ids);
    cli_text_release(&run->prompt);
}

int cli_run_generate(cli *cli)
{
    run run = {.cli = cli};
    int code = prepare(&run);
    if (code == CLI_FINE)
        code = cli_make_generator(cli);
    if (code == CLI_FINE)
        code = generate(&run);
    if (code == CLI_FINE && cli->output == CLI_OUTPUT_JSON)
        code = print_json(&run);
    if (code == CLI_FINE && cli->verbose)
        print_facts(&run);
    release(&run);
    return code;
}
