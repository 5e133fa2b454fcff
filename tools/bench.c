/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/bench.c: the command bench: tokens per second for reading prompts and for generating, where the time goes, and
 * how near that is to what the machine can do. Each figure is measured once to warm up and then several times; the
 * median stands for it, the slowest and fastest run show the spread. A last run is profiled, so that reading the clock
 * disturbs none of the others.
 */
#include "cli.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#define PARTS (GPT_PART_REST + 1)

/* What the profiled run of a figure tells, each for one step. */
typedef struct profile {
    int steps;
    double tokens;
    double seconds; /* by our own clock */
    double parts[PARTS]; /* seconds */
    double operations;
    double weight_bytes;
} profile;

/* One figure: what was measured, and tokens per second of each repeat, sorted in the end. */
typedef struct figure {
    const char *kind; /* "prompt" or "generate" */
    int32_t tokens;
    int32_t batch;
    int32_t context;
    double *rates;
    int count;
    profile profile;
} figure;

typedef struct bench {
    cli *cli;
    cli_text out;
    double open_seconds;
    int64_t open_memory; /* the most while the model was opened, in bytes */
    int threads;         /* for the machine's limits and for the model */
    double reading;      /* of memory, in bytes per second; 0 when it could not be measured */
    double multiplying;  /* oneDNN's best, in operations per second */
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

/* Sequences generate as many tokens, whatever these are. */
static int set_new_tokens(const cli *cli, int64_t count)
{
    int most = count < INT32_MAX ? (int)count : INT32_MAX;
    gpt_status status = gpt_generator_set_max_new_tokens(cli->generator, most);
    if (status == GPT_OK)
        status = gpt_generator_set_min_new_tokens(cli->generator, most);
    return cli_check(status);
}

static int add_sequence(int64_t *sequence, const cli *cli, int32_t number, int64_t prompt)
{
    cli_ids ids = {0};
    fill_ids(&ids, (size_t)prompt, gpt_model_vocab_size(cli->model), (uint32_t)number + 1);
    gpt_status status = gpt_generator_add_ids(sequence, cli->generator, ids.ids, ids.count);
    free(ids.ids);
    return cli_check(status);
}

static int run_step(const cli *cli, profile *profile)
{
    int code = cli_check(gpt_generator_step(cli->generator));
    profile->tokens += (double)gpt_generator_event_count(cli->generator);
    profile->steps++;
    return code;
}

static int read_prompts(const cli *cli, profile *profile)
{
    int code = CLI_FINE;
    while (code == CLI_FINE && gpt_generator_pending(cli->generator) > 0)
        code = run_step(cli, profile);
    return code;
}

/* The time from the ids to the first new token. */
static int measure_prompt(profile *run, const cli *cli, const figure *figure)
{
    double begin = cli_seconds();
    int64_t sequence;
    int code = set_new_tokens(cli, 1);
    if (code == CLI_FINE)
        code = add_sequence(&sequence, cli, 0, figure->tokens);
    if (code == CLI_FINE)
        code = read_prompts(cli, run);
    run->tokens = figure->tokens;
    run->seconds = cli_seconds() - begin;
    return code;
}

/* Steps that read so many tokens of prompts. */
static int64_t steps_to_read(const cli *cli, int64_t tokens)
{
    int64_t chunk = gpt_generator_chunk(cli->generator);
    return (tokens + chunk - 1) / chunk;
}

/*
 * Sequences whose prompts are read first generate while the others are read: their prompts are shorter by as much, so
 * that in the end all have about the same context, and they have tokens enough to go on for all that is measured.
 */
static int add_batch(int64_t *sequences, const cli *cli, const figure *figure)
{
    int64_t context = figure->context, steps = steps_to_read(cli, figure->batch * context);
    int code = set_new_tokens(cli, figure->tokens + steps + 1);
    for (int32_t i = 0; i < figure->batch && code == CLI_FINE; i++) {
        int64_t early = steps - steps_to_read(cli, (i + 1) * context);
        code = add_sequence(&sequences[i], cli, i, early < context ? context - early : 1);
    }
    return code;
}

/* Those that have not ended because their context is full. */
static int drop_batch(const int64_t *sequences, const cli *cli, const figure *figure)
{
    int code = CLI_FINE;
    for (int32_t i = 0; i < figure->batch && code == CLI_FINE; i++) {
        gpt_status status = gpt_generator_drop(cli->generator, sequences[i]);
        code = status == GPT_E_NOT_FOUND ? CLI_FINE : cli_check(status);
    }
    return code;
}

/* As many steps, in each of which all sequences get a token. */
static int time_steps(profile *run, const cli *cli, const figure *figure)
{
    double begin = cli_seconds();
    int code = CLI_FINE;
    for (int32_t i = 0; i < figure->tokens && code == CLI_FINE; i++)
        code = run_step(cli, run);
    run->seconds = cli_seconds() - begin;
    if (code == CLI_FINE && run->tokens < (double)figure->batch * figure->tokens)
        return cli_fail("the context of %d tokens has no room for %d and %d more",
                        (int)gpt_model_context_length(cli->model), (int)figure->context, (int)figure->tokens);
    return code;
}

/* The time of steps that begins when all prompts have been read. */
static int measure_generation(profile *run, const cli *cli, const figure *figure)
{
    profile prompts = {0};
    int64_t *sequences = cli_resize(NULL, (size_t)figure->batch, sizeof *sequences);
    int code = add_batch(sequences, cli, figure);
    if (code == CLI_FINE)
        code = read_prompts(cli, &prompts);
    if (code == CLI_FINE && gpt_generator_profiling(cli->generator))
        code = cli_check(gpt_generator_set_profiling(cli->generator, 1)); /* from here on */
    if (code == CLI_FINE)
        code = time_steps(run, cli, figure);
    if (code == CLI_FINE)
        code = drop_batch(sequences, cli, figure);
    free(sequences);
    return code;
}

static int measure_once(profile *run, const cli *cli, const figure *figure)
{
    *run = (profile){0};
    return figure->kind[0] == 'g' ? measure_generation(run, cli, figure) : measure_prompt(run, cli, figure);
}

/* One more run, with the library's profile on. */
static int measure_parts(figure *figure, const cli *cli)
{
    gpt_generator *generator = cli->generator;
    profile *run = &figure->profile;
    int code = cli_check(gpt_generator_set_profiling(generator, 1));
    if (code == CLI_FINE)
        code = measure_once(run, cli, figure);
    if (code == CLI_FINE)
        code = cli_check(gpt_generator_set_profiling(generator, 0));
    double steps = run->steps > 0 ? run->steps : 1;
    run->tokens /= steps;
    run->seconds /= steps;
    for (int i = 0; i < PARTS; i++)
        run->parts[i] = gpt_generator_profile_seconds(generator, (gpt_part)i) / steps;
    run->operations = gpt_generator_profile_operations(generator) / steps;
    run->weight_bytes = gpt_generator_profile_weight_bytes(generator) / steps;
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

/* How much of what the machine can do in a second the median run does; NaN when that is not known. */
static double share(const figure *figure, double per_step, double limit)
{
    return limit > 0 ? median(figure) / figure->profile.tokens * per_step / limit : NAN;
}

static double reading_share(const bench *bench, const figure *figure)
{
    return share(figure, figure->profile.weight_bytes, bench->reading);
}

static double multiplying_share(const bench *bench, const figure *figure)
{
    return share(figure, figure->profile.operations, bench->multiplying);
}

static void print_figure(bench *bench, const figure *figure)
{
    const profile *run = &figure->profile;
    cli_text *out = &bench->out;
    cli_text_format(out, "%-9s %6d tokens, batch %3d, context %4d: %10.1f tokens/s (%.1f to %.1f)\n", figure->kind,
                    (int)figure->tokens, (int)figure->batch, (int)figure->context, median(figure), figure->rates[0],
                    figure->rates[figure->count - 1]);
    cli_text_format(out, "    %.3f ms a step:", 1e3 * run->seconds);
    for (int i = 0; i < PARTS; i++)
        cli_text_format(out, "%s %s %.3f", i > 0 ? "," : "", gpt_part_name((gpt_part)i), 1e3 * run->parts[i]);
    cli_text_format(out, "\n    %.0f %% of the machine's reading, %.0f %% of its multiplying\n",
                    1e2 * reading_share(bench, figure), 1e2 * multiplying_share(bench, figure));
}

static void add_figure(bench *bench, const figure *figure)
{
    const profile *run = &figure->profile;
    cli_text *out = &bench->out;
    cli_json_open(out, NULL, '{');
    cli_json_text(out, "kind", figure->kind);
    cli_json_integer(out, "tokens", figure->tokens);
    cli_json_integer(out, "batch", figure->batch);
    cli_json_integer(out, "context", figure->context);
    cli_json_number(out, "tokens_per_second", median(figure));
    cli_json_number(out, "slowest", figure->rates[0]);
    cli_json_number(out, "fastest", figure->rates[figure->count - 1]);
    cli_json_integer(out, "steps", run->steps);
    cli_json_number(out, "step_milliseconds", 1e3 * run->seconds);
    cli_json_open(out, "part_milliseconds", '{');
    for (int i = 0; i < PARTS; i++)
        cli_json_number(out, gpt_part_name((gpt_part)i), 1e3 * run->parts[i]);
    cli_json_close(out, '}');
    cli_json_integer(out, "step_operations", (int64_t)(run->operations + 0.5));
    cli_json_integer(out, "step_weight_bytes", (int64_t)(run->weight_bytes + 0.5));
    cli_json_number(out, "reading_share", reading_share(bench, figure));
    cli_json_number(out, "multiplying_share", multiplying_share(bench, figure));
    cli_json_close(out, '}');
}

static int compute_figure(figure *figure, const cli *cli)
{
    int code = CLI_FINE;
    for (int i = -1; i < cli->bench_repeats && code == CLI_FINE; i++) {
        profile run;
        code = measure_once(&run, cli, figure);
        if (i >= 0 && code == CLI_FINE)
            figure->rates[figure->count++] = run.tokens / run.seconds;
    }
    return code == CLI_FINE ? measure_parts(figure, cli) : code;
}

/* Measures one figure. Lines of text are printed as they come, JSON at the end. */
static int measure(bench *bench, figure figure)
{
    const cli *cli = bench->cli;
    figure.rates = cli_resize(NULL, (size_t)cli->bench_repeats, sizeof *figure.rates);
    cli_progress_begin(figure.kind, 0);
    int code = compute_figure(&figure, cli);
    cli_progress_end();
    if (code == CLI_FINE) {
        qsort(figure.rates, (size_t)figure.count, sizeof *figure.rates, compare_rates);
        if (cli->output == CLI_OUTPUT_JSON)
            add_figure(bench, &figure);
        else
            print_figure(bench, &figure);
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
        code = measure(bench, (figure){.kind = "prompt", .tokens = cli->bench_prompts.ids[i], .batch = 1});
    for (size_t i = 0; i < cli->bench_batches.count && cli->bench_generate > 0 && code == CLI_FINE; i++)
        code = measure(bench, (figure){.kind = "generate", .tokens = cli->bench_generate,
                                       .batch = cli->bench_batches.ids[i], .context = cli->bench_context});
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

/* What the machine can do at most. oneDNN can multiply what the model is kept as, so that only memory may lack. */
static int measure_machine(bench *bench)
{
    const cli *cli = bench->cli;
    bench->threads = cli_bench_threads(cli);
    cli_progress_begin("machine", 0);
    bench->reading = cli_measure_reading(bench->threads);
    int code = cli_check(gpt_measure_products(&bench->multiplying, gpt_model_dtype(cli->model), bench->threads));
    cli_progress_end();
    return code;
}

static void print_head(bench *bench)
{
    const cli *cli = bench->cli;
    cli_text *out = &bench->out;
    const char *dtype = gpt_dtype_name(gpt_model_dtype(cli->model));
    cli_text_format(out, "%s, %s, %" PRId64 " parameters, %.1f MiB of weights\n%s, threads: ", cli->model_name, dtype,
                    gpt_model_parameters(cli->model), (double)gpt_model_weight_bytes(cli->model) / 1048576,
                    gpt_backend());
    cli_text_format(out, cli->threads > 0 ? "%d\n" : "default\n", cli->threads);
    cli_text_format(out, "opened in %.3f s, with at most %.1f MiB of memory\n", bench->open_seconds,
                    (double)bench->open_memory / 1048576);
    cli_text_format(out, "machine, with %d threads: reads %.1f GB/s, multiplies %.0f GFLOP/s (%s)\n", bench->threads,
                    1e-9 * bench->reading, 1e-9 * bench->multiplying, dtype);
}

static void add_head(bench *bench)
{
    const cli *cli = bench->cli;
    cli_text *out = &bench->out;
    cli_json_open(out, NULL, '{');
    cli_json_text(out, "model", cli->model_name);
    cli_json_text(out, "dtype", gpt_dtype_name(gpt_model_dtype(cli->model)));
    cli_json_integer(out, "threads", cli->threads);
    cli_json_integer(out, "repeats", cli->bench_repeats);
    cli_json_integer(out, "parameters", gpt_model_parameters(cli->model));
    cli_json_integer(out, "weight_bytes", gpt_model_weight_bytes(cli->model));
    cli_json_number(out, "open_seconds", bench->open_seconds);
    cli_json_integer(out, "open_memory_bytes", bench->open_memory);
    cli_json_text(out, "library", gpt_version());
    cli_json_text(out, "backend", gpt_backend());
    cli_json_open(out, "machine", '{');
    cli_json_integer(out, "threads", bench->threads);
    cli_json_number(out, "read_bytes_per_second", bench->reading > 0 ? bench->reading : NAN);
    cli_json_number(out, "operations_per_second", bench->multiplying);
    cli_json_close(out, '}');
    cli_json_open(out, "figures", '[');
}

static void end_report(bench *bench)
{
    int64_t memory = cli_peak_memory();
    memory = memory > bench->open_memory ? memory : bench->open_memory;
    if (bench->cli->output != CLI_OUTPUT_JSON) {
        cli_text_format(&bench->out, "peak memory %.1f MiB\n", (double)memory / 1048576);
        return;
    }
    cli_json_close(&bench->out, ']');
    cli_json_integer(&bench->out, "peak_memory_bytes", memory);
    cli_json_close(&bench->out, '}');
    cli_text_add(&bench->out, "\n", 1);
}

static int check_options(const cli *cli)
{
    if (cli->argument != NULL)
        return cli_usage("unexpected argument '%s': bench makes its own prompts", cli->argument);
    if (cli->bench_repeats < 1 || cli->bench_context < 1)
        return cli_usage("--repeats and --context: expected a number from 1 up");
    if (cli->bench_generate == INT32_MAX)
        return cli_usage("--generate: expected a number below %d", INT32_MAX);
    return CLI_FINE;
}

/* The memory that measuring the machine takes is no part of what the model takes. */
static int open_and_measure_machine(bench *bench)
{
    cli *cli = bench->cli;
    double begin = cli_seconds();
    int code = cli_open_model(cli);
    bench->open_seconds = cli_seconds() - begin;
    bench->open_memory = cli_peak_memory();
    if (code == CLI_FINE)
        code = measure_machine(bench);
    cli_reset_peak_memory();
    if (code == CLI_FINE)
        code = cli_make_generator(cli);
    return code == CLI_FINE ? cli_check(gpt_generator_set_threads(cli->generator, bench->threads)) : code;
}

int cli_run_bench(cli *cli)
{
    bench bench = {.cli = cli};
    int code = check_options(cli);
    if (code == CLI_FINE)
        code = open_and_measure_machine(&bench);
    if (code == CLI_FINE) {
        set_defaults(cli);
        if (cli->output == CLI_OUTPUT_JSON)
            add_head(&bench);
        else
            print_head(&bench);
        code = measure_all(&bench);
    }
    if (code == CLI_FINE) {
        end_report(&bench);
        code = cli_write_text(&bench.out);
    }
    cli_text_release(&bench.out);
    return code;
}
