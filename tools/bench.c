/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/bench.c: the command bench: tokens per second for reading prompts and for generating. Each figure is measured
 * once to warm up and then several times; the median stands for it, the slowest and fastest run show the spread.
 */
#include "cli.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/resource.h>

/* One figure: what was measured, and tokens per second of each repeat, sorted in the end. */
typedef struct figure {
    const char *kind; /* "prompt" or "generate" */
    int32_t tokens;
    int32_t batch;
    int32_t context;
    double *rates;
    int count;
} figure;

typedef struct bench {
    cli *cli;
    cli_text out;
    double open_seconds;
} bench;

/* The prompt's tokens do not matter for the speed, but they shall be the same each time: a small linear congruential
 * generator. */
static void fill_ids(cli_ids *ids, size_t count, int32_t V, uint32_t seed)
{
    ids->count = 0;
    for (size_t i = 0; i < count; i++) {
        seed = seed * 1664525u + 1013904223u;
        cli_ids_add(ids, (int32_t)((seed >> 8) % (uint32_t)V));
    }
}

static int add_sequences(const cli *cli, int32_t batch, int32_t prompt, int new_tokens)
{
    gpt_generator *generator = cli->generator;
    cli_ids ids = {0};
    gpt_status status = gpt_generator_set_max_new_tokens(generator, new_tokens);
    if (status == GPT_OK)
        status = gpt_generator_set_min_new_tokens(generator, new_tokens);
    for (int32_t i = 0; i < batch && status == GPT_OK; i++) {
        int64_t sequence;
        fill_ids(&ids, (size_t)prompt, gpt_model_vocab_size(cli->model), (uint32_t)i + 1);
        status = gpt_generator_add_ids(&sequence, generator, ids.ids, ids.count);
    }
    free(ids.ids);
    return cli_check(status);
}

/* Steps until every sequence has its first token, or none is left. */
static int read_prompts(const cli *cli, int32_t batch)
{
    int code = CLI_FINE;
    size_t events = 0;
    while (code == CLI_FINE && events < (size_t)batch && gpt_generator_active(cli->generator) > 0) {
        code = cli_check(gpt_generator_step(cli->generator));
        events += gpt_generator_event_count(cli->generator);
        if (gpt_generator_pending(cli->generator) == 0)
            break;
    }
    return code;
}

/* The time from the ids to the first new token. */
static int measure_prompt(double *rate, const cli *cli, const figure *figure)
{
    double begin = cli_seconds();
    int code = add_sequences(cli, 1, figure->tokens, 1);
    if (code == CLI_FINE)
        code = read_prompts(cli, 1);
    *rate = figure->tokens / (cli_seconds() - begin);
    return code;
}

static int measure_generation(double *rate, const cli *cli, const figure *figure)
{
    /* The first token comes with the prompt and is not counted. */
    int code = add_sequences(cli, figure->batch, figure->context, figure->tokens + 1);
    if (code == CLI_FINE)
        code = read_prompts(cli, figure->batch);
    size_t tokens = 0;
    double begin = cli_seconds();
    while (code == CLI_FINE && gpt_generator_active(cli->generator) > 0) {
        code = cli_check(gpt_generator_step(cli->generator));
        tokens += gpt_generator_event_count(cli->generator);
    }
    *rate = (double)tokens / (cli_seconds() - begin);
    return code;
}

static int compare_rates(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(const figure *figure)
{
    int middle = figure->count / 2;
    return figure->count % 2 ? figure->rates[middle] : (figure->rates[middle - 1] + figure->rates[middle]) / 2;
}

static void add_figure(bench *bench, const figure *figure)
{
    double slowest = figure->rates[0], fastest = figure->rates[figure->count - 1];
    if (bench->cli->output != CLI_OUTPUT_JSON) {
        cli_text_format(&bench->out, "%-9s %6d tokens, batch %3d, context %4d: %10.1f tokens/s (%.1f to %.1f)\n",
                        figure->kind, (int)figure->tokens, (int)figure->batch, (int)figure->context, median(figure),
                        slowest, fastest);
        return;
    }
    cli_json_open(&bench->out, NULL, '{');
    cli_json_text(&bench->out, "kind", figure->kind);
    cli_json_integer(&bench->out, "tokens", figure->tokens);
    cli_json_integer(&bench->out, "batch", figure->batch);
    cli_json_integer(&bench->out, "context", figure->context);
    cli_json_number(&bench->out, "tokens_per_second", median(figure));
    cli_json_number(&bench->out, "slowest", slowest);
    cli_json_number(&bench->out, "fastest", fastest);
    cli_json_close(&bench->out, '}');
}

/* Measures one figure. Lines of text are printed as they come, JSON at the end. */
static int measure(bench *bench, figure figure)
{
    const cli *cli = bench->cli;
    int generates = figure.kind[0] == 'g', code = CLI_FINE;
    figure.rates = cli_resize(NULL, (size_t)cli->bench_repeats, sizeof *figure.rates);
    cli_progress_begin(figure.kind, 0);
    for (int i = -1; i < cli->bench_repeats && code == CLI_FINE; i++) {
        double rate;
        code = generates ? measure_generation(&rate, cli, &figure) : measure_prompt(&rate, cli, &figure);
        if (i >= 0 && code == CLI_FINE)
            figure.rates[figure.count++] = rate;
    }
    cli_progress_end();
    if (code == CLI_FINE) {
        qsort(figure.rates, (size_t)figure.count, sizeof *figure.rates, compare_rates);
        add_figure(bench, &figure);
    }
    free(figure.rates);
    if (code == CLI_FINE && cli->output != CLI_OUTPUT_JSON) {
        code = cli_write_text(&bench->out);
        bench->out.length = 0;
    }
    return code;
}

static int measure_all(bench *bench)
{
    const cli *cli = bench->cli;
    int code = CLI_FINE;
    for (size_t i = 0; i < cli->bench_prompts.count && code == CLI_FINE; i++)
        code = measure(bench, (figure){"prompt", cli->bench_prompts.ids[i], 1, 0, NULL, 0});
    for (size_t i = 0; i < cli->bench_batches.count && cli->bench_generate > 0 && code == CLI_FINE; i++)
        code = measure(bench, (figure){"generate", cli->bench_generate, cli->bench_batches.ids[i], cli->bench_context,
                                       NULL, 0});
    return code;
}

/* Prompts leave room for the one token that they are asked for. */
static void set_defaults(cli *cli)
{
    int32_t most = gpt_model_context_length(cli->model) - 1;
    if (cli->bench_prompts.count == 0) {
        cli_ids_add(&cli->bench_prompts, most < 32 ? most : 32);
        cli_ids_add(&cli->bench_prompts, most < 512 ? most : 512);
    }
    if (cli->bench_batches.count == 0)
        cli_ids_add(&cli->bench_batches, 1);
}

static int64_t peak_memory(void)
{
    struct rusage usage;
    return getrusage(RUSAGE_SELF, &usage) == 0 ? (int64_t)usage.ru_maxrss * 1024 : 0; /* Linux counts KiB */
}

static void begin_report(bench *bench)
{
    const cli *cli = bench->cli;
    cli_text *out = &bench->out;
    const char *dtype = gpt_dtype_name(gpt_model_dtype(cli->model));
    int64_t weights = gpt_model_weight_bytes(cli->model);
    if (cli->output != CLI_OUTPUT_JSON) {
        cli_text_format(out, "%s, %s, %" PRId64 " parameters, %.1f MiB of weights, opened in %.3f s\n%s, threads: ",
                        cli->model_name, dtype, gpt_model_parameters(cli->model), (double)weights / 1048576,
                        bench->open_seconds, gpt_backend());
        cli_text_format(out, cli->threads > 0 ? "%d\n" : "all\n", cli->threads);
        return;
    }
    cli_json_open(out, NULL, '{');
    cli_json_text(out, "model", cli->model_name);
    cli_json_text(out, "dtype", dtype);
    cli_json_integer(out, "threads", cli->threads);
    cli_json_integer(out, "repeats", cli->bench_repeats);
    cli_json_integer(out, "parameters", gpt_model_parameters(cli->model));
    cli_json_integer(out, "weight_bytes", weights);
    cli_json_number(out, "open_seconds", bench->open_seconds);
    cli_json_text(out, "library", gpt_version());
    cli_json_text(out, "backend", gpt_backend());
    cli_json_open(out, "figures", '[');
}

static void end_report(bench *bench)
{
    if (bench->cli->output != CLI_OUTPUT_JSON) {
        cli_text_format(&bench->out, "peak memory %.1f MiB\n", (double)peak_memory() / 1048576);
        return;
    }
    cli_json_close(&bench->out, ']');
    cli_json_integer(&bench->out, "peak_memory_bytes", peak_memory());
    cli_json_close(&bench->out, '}');
    cli_text_add(&bench->out, "\n", 1);
}

int cli_run_bench(cli *cli)
{
    bench bench = {.cli = cli};
    if (cli->argument != NULL)
        return cli_usage("unexpected argument '%s': bench makes its own prompts", cli->argument);
    if (cli->bench_repeats < 1 || cli->bench_context < 1)
        return cli_usage("--repeats and --context: expected a number from 1 up");
    if (cli->bench_generate == INT32_MAX)
        return cli_usage("--generate: expected a number below %d", INT32_MAX);
    double begin = cli_seconds();
    int code = cli_open_model(cli);
    bench.open_seconds = cli_seconds() - begin;
    if (code == CLI_FINE)
        code = cli_make_generator(cli);
    if (code == CLI_FINE) {
        set_defaults(cli);
        begin_report(&bench);
        code = measure_all(&bench);
    }
    if (code == CLI_FINE) {
        end_report(&bench);
        code = cli_write_text(&bench.out);
    }
    cli_text_release(&bench.out);
    return code;
}
