/* SPDX-License-Identifier: Apache-2.0 */
/* tools/score.c: the command score: how probable the model finds a text. */
#include "cli.h"

#include <math.h>
#include <stdlib.h>

typedef struct score {
    cli_ids ids;
    float *logprobs; /* [count] of the ids; the first is NaN */
    double sum;      /* of all but the first, in nats */
    size_t scored;
    double perplexity; /* NaN when nothing was scored */
} score;

/* Reads the input first, so that a missing file is told before the model takes its time to open. */
static int read_ids(score *score, cli *cli)
{
    if (cli->ids_text != NULL) {
        if (cli->argument != NULL || cli->file != NULL)
            return cli_usage("text and --ids can not go together");
        for (size_t i = 0; i < cli->ids.count; i++)
            cli_ids_add(&score->ids, cli->ids.ids[i]);
        return cli_open_model(cli);
    }
    cli_text text = {0};
    int code = cli_read_input(&text, cli, 1);
    if (code == CLI_FINE)
        code = cli_open_model(cli);
    if (code == CLI_FINE)
        code = cli_need_tokenizer(cli, "text needs; give token ids with --ids");
    if (code == CLI_FINE)
        code = cli_encode(&score->ids, cli, &text);
    cli_text_release(&text);
    return code;
}

static int compute(score *score, cli *cli)
{
    size_t count = score->ids.count;
    if (count == 0)
        return cli_fail("nothing to score: the text is empty");
    score->logprobs = cli_resize(NULL, count, sizeof *score->logprobs);
    cli_progress_begin("scoring", 0);
    int code = cli_check(gpt_generator_score(score->logprobs, cli->generator, score->ids.ids, count));
    cli_progress_end();
    if (code != CLI_FINE)
        return code;
    for (size_t i = 1; i < count; i++)
        score->sum += score->logprobs[i];
    score->scored = count - 1;
    score->perplexity = score->scored > 0 ? exp(-score->sum / (double)score->scored) : NAN;
    return CLI_FINE;
}

static const char *token_bytes(size_t *length, const cli *cli, int32_t id)
{
    *length = 0;
    const char *bytes = cli->tokenizer != NULL ? gpt_tokenizer_token_bytes(length, cli->tokenizer, id) : NULL;
    return bytes != NULL ? bytes : "";
}

static void add_json(cli_text *out, const score *score, const cli *cli)
{
    size_t length;
    cli_json_open(out, NULL, '{');
    cli_json_text(out, "model", cli->model_name);
    cli_json_integer(out, "count", (int64_t)score->ids.count);
    cli_json_integer(out, "scored", (int64_t)score->scored);
    cli_json_number(out, "logprob", score->sum);
    cli_json_number(out, "perplexity", score->perplexity);
    cli_json_open(out, "tokens", '[');
    for (size_t i = 0; i < score->ids.count; i++) {
        const char *bytes = token_bytes(&length, cli, score->ids.ids[i]);
        cli_json_open(out, NULL, '{');
        cli_json_integer(out, "id", score->ids.ids[i]);
        if (cli->tokenizer != NULL)
            cli_json_string(out, "text", bytes, length);
        else
            cli_json_null(out, "text");
        cli_json_number(out, "logprob", score->logprobs[i]);
        cli_json_close(out, '}');
    }
    cli_json_close(out, ']');
    cli_json_close(out, '}');
    cli_text_add(out, "\n", 1);
}

/* A log-probability of minus infinity is a number for people, though not for JSON. */
static void add_lines(cli_text *out, const score *score, const cli *cli)
{
    for (size_t i = 0; cli->verbose && i < score->ids.count; i++) {
        size_t length;
        const char *bytes = token_bytes(&length, cli, score->ids.ids[i]);
        cli_text_format(out, "%d\t", (int)score->ids.ids[i]);
        if (isfinite(score->logprobs[i]))
            cli_text_format(out, "%.4f\t", score->logprobs[i]);
        else
            cli_text_add_string(out, i == 0 ? "-\t" : "-inf\t");
        cli_text_add_visible(out, bytes, length);
        cli_text_add(out, "\n", 1);
    }
    cli_text_format(out, "tokens: %zu\nscored: %zu\nlogprob: %.4f\n", score->ids.count, score->scored, score->sum);
    if (score->scored > 0)
        cli_text_format(out, "perplexity: %.4f\n", score->perplexity);
    else
        cli_text_add_string(out, "perplexity: -\n");
}

int cli_run_score(cli *cli)
{
    score score = {0};
    cli_text out = {0};
    int code = read_ids(&score, cli);
    if (code == CLI_FINE)
        code = cli_make_generator(cli);
    if (code == CLI_FINE)
        code = compute(&score, cli);
    if (code == CLI_FINE && cli->output == CLI_OUTPUT_JSON)
        add_json(&out, &score, cli);
    else if (code == CLI_FINE)
        add_lines(&out, &score, cli);
    if (code == CLI_FINE)
        code = cli_write_text(&out);
    cli_text_release(&out);
    free(score.ids.ids);
    free(score.logprobs);
    return code;
}
