/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/options.c: the tables of options. One row says how an option is called, what --help says of it, how its value
 * is read, and which setting of the generator it is. Names are those of Hugging Face transformers, with dashes.
 */
#include "cli.h"

#define FIELD(name) offsetof(struct cli, name)

static const cli_option model_options[] = {
    {.name = "model", .letter = 'm', .argument = "NAME_OR_PATH", .parse = cli_parse_string, .field = FIELD(model_name),
     .help = "the model: a directory, a GGUF file, or a name looked for in $GPT_MODEL_PATH, the user's store, the "
             "Hugging Face cache and the system's models (default: $GPT_MODEL, else storyteller)"},
    {.name = "dtype", .argument = "TYPE", .parse = cli_parse_dtype,
     .help = "keep the weights as auto, f32, bf16 or int8 (default: auto, what the file has)"},
    {.name = "threads", .argument = "N", .parse = cli_parse_count, .field = FIELD(threads),
     .help = "compute with N threads (default: 0, one for each processor, but fewer for small models)"},
    {0},
};

static const cli_option tokenizer_options[] = {
    {.name = "model", .letter = 'm', .argument = "NAME_OR_PATH", .parse = cli_parse_string, .field = FIELD(model_name),
     .help = "the model whose tokenizer to use, or a tokenizer.json (default: $GPT_MODEL, else storyteller)"},
    {0},
};

static const cli_option prompt_options[] = {
    {.name = "file", .letter = 'f', .argument = "FILE", .parse = cli_parse_string, .field = FIELD(file),
     .help = "read the text from FILE, - for standard input"},
    {.name = "ids", .argument = "LIST", .parse = cli_parse_ids_option,
     .help = "take these token ids, such as 7454,2402,257,640, in place of text; needs no tokenizer"},
    {.name = "ordinary", .parse = cli_parse_flag, .field = FIELD(ordinary),
     .help = "take special tokens in the text, such as <|endoftext|>, for plain text"},
    {.name = "keep-newline", .parse = cli_parse_flag, .field = FIELD(keep_newline),
     .help = "keep the newline at the end of a file or standard input, which is dropped else"},
    {0},
};

static const cli_option template_options[] = {
    {.name = "template", .argument = "STRING", .parse = cli_parse_strings, .field = FIELD(templates),
     .help = "make the prompt in this form: {text} stands for the text, {question} for the question of answer, {{ for "
             "a brace; \\n, \\t, \\xHH and \\\\ are understood"},
    {0},
};

static const cli_option question_options[] = {
    {.name = "question", .letter = 'q', .argument = "STRING", .parse = cli_parse_string, .field = FIELD(question),
     .help = "the question about the text (needed)"},
    {0},
};

static const cli_option example_options[] = {
    {.name = "example", .argument = "TEXT=TRANSLATION", .parse = cli_parse_strings, .field = FIELD(examples),
     .help = "show the model this pair first; may be given several times, and decides the languages"},
    {0},
};

static const cli_option sampling_options[] = {
    {.name = "greedy", .parse = cli_parse_flag, .field = FIELD(greedy),
     .help = "always take the most probable token"},
    {.name = "temperature", .argument = "X", .parse = cli_parse_float, .set_float = gpt_generator_set_temperature,
     .samples = 1, .help = "divide the logits by X: below 1 keeps to the probable, above 1 is more varied; 0 is "
             "greedy"},
    {.name = "top-k", .argument = "N", .parse = cli_parse_int, .set_int = gpt_generator_set_top_k, .samples = 1,
     .help = "draw among the N most probable tokens; 0 is off"},
    {.name = "top-p", .argument = "X", .parse = cli_parse_float, .set_float = gpt_generator_set_top_p, .samples = 1,
     .help = "draw among the fewest tokens that together have probability X; 1 is off"},
    {.name = "min-p", .argument = "X", .parse = cli_parse_float, .set_float = gpt_generator_set_min_p, .samples = 1,
     .help = "draw among tokens at least X times as probable as the best; 0 is off"},
    {.name = "typical-p", .argument = "X", .parse = cli_parse_float, .set_float = gpt_generator_set_typical_p,
     .samples = 1, .help = "draw among the tokens of most typical surprise that together have probability X; 1 is off"},
    {.name = "epsilon-cutoff", .argument = "X", .parse = cli_parse_float,
     .set_float = gpt_generator_set_epsilon_cutoff, .samples = 1,
     .help = "draw among tokens of at least this probability; 0 is off"},
    {.name = "eta-cutoff", .argument = "X", .parse = cli_parse_float, .set_float = gpt_generator_set_eta_cutoff,
     .samples = 1, .help = "the same with a bound that falls where the model is unsure; 0 is off"},
    {.name = "seed", .argument = "N", .parse = cli_parse_seed,
     .help = "the seed of the random numbers (default: a new one each time)"},
    {.name = "samples", .letter = 'n', .argument = "N", .parse = cli_parse_int, .set_int = gpt_generator_set_samples,
     .help = "continue the prompt N times (default: 1)"},
    {.name = "beams", .argument = "N", .parse = cli_parse_int, .set_int = gpt_generator_set_beams,
     .help = "search with N beams for the most probable text, instead of sampling; 1 is off"},
    {.name = "length-penalty", .argument = "X", .parse = cli_parse_float,
     .set_float = gpt_generator_set_length_penalty,
     .help = "with beams, divide scores by the length to the power of X (default: 1)"},
    {.name = "early-stopping", .argument = "0|1", .parse = cli_parse_int, .set_int = gpt_generator_set_early_stopping,
     .help = "with beams, end as soon as N texts have ended"},
    {0},
};

static const cli_option penalty_options[] = {
    {.name = "repetition-penalty", .argument = "X", .parse = cli_parse_float,
     .set_float = gpt_generator_set_repetition_penalty,
     .help = "make tokens of prompt and new text less likely, by a factor of the logit; 1 is off"},
    {.name = "presence-penalty", .argument = "X", .parse = cli_parse_float,
     .set_float = gpt_generator_set_presence_penalty, .help = "take X off the logits of tokens that the new text has"},
    {.name = "frequency-penalty", .argument = "X", .parse = cli_parse_float,
     .set_float = gpt_generator_set_frequency_penalty,
     .help = "take X off once for each time that the new text has a token"},
    {.name = "no-repeat-ngram", .argument = "N", .parse = cli_parse_int,
     .set_int = gpt_generator_set_no_repeat_ngram, .help = "never let N tokens in a row appear twice; 0 is off"},
    {.name = "bias", .argument = "ID=X", .parse = cli_parse_bias,
     .help = "add X to the logit of a token; may be given several times"},
    {.name = "ban", .argument = "ID", .parse = cli_parse_token, .set_token = gpt_generator_set_banned,
     .help = "never choose a token; may be given several times"},
    {0},
};

static const cli_option ending_options[] = {
    {.name = "max-new-tokens", .argument = "N", .parse = cli_parse_int, .set_int = gpt_generator_set_max_new_tokens,
     .help = "end after N new tokens; 0 is as many as the context holds (default: what the model's "
             "generation_config.json says, else 256)"},
    {.name = "min-new-tokens", .argument = "N", .parse = cli_parse_int, .set_int = gpt_generator_set_min_new_tokens,
     .help = "do not end before N new tokens"},
    {.name = "max-length", .argument = "N", .parse = cli_parse_int, .set_int = gpt_generator_set_max_length,
     .help = "end when prompt and new tokens together are N, unless --max-new-tokens says when; 0 is off"},
    {.name = "stop", .argument = "STRING", .parse = cli_parse_strings, .field = FIELD(stops),
     .help = "end before this string; may be given several times; \\n, \\t, \\xHH and \\\\ are understood"},
    {.name = "stop-token", .argument = "ID", .parse = cli_parse_token, .set_token = gpt_generator_set_stop_token,
     .help = "end with this token; may be given several times"},
    {.name = "ignore-eos", .parse = cli_parse_flag, .field = FIELD(ignore_eos),
     .help = "never choose the model's own end tokens"},
    {0},
};

static const cli_option generate_output_options[] = {
    {.name = "output", .letter = 'o', .argument = "FORM", .parse = cli_parse_output,
     .help = "print the new text (text), the ids of the new tokens only, separated by commas (ids), or one JSON object "
             "(json); default: text, or ids when the model has no tokenizer"},
    {.name = "json", .parse = cli_parse_json, .help = "the same as --output json"},
    {.name = "logprobs", .argument = "N", .parse = cli_parse_int, .set_int = gpt_generator_set_logprobs,
     .help = "with JSON, tell the log-probability of each token and of the N most probable ones"},
    {.name = "echo", .parse = cli_parse_flag, .field = FIELD(echo), .help = "print the prompt before the new text"},
    {.name = "verbose", .letter = 'v', .parse = cli_parse_flag, .field = FIELD(verbose),
     .help = "tell seed, counts and speed on standard error"},
    {0},
};

static const cli_option tokenize_options[] = {
    {.name = "file", .letter = 'f', .argument = "FILE", .parse = cli_parse_string, .field = FIELD(file),
     .help = "read the text from FILE, - for standard input; every byte counts"},
    {.name = "ordinary", .parse = cli_parse_flag, .field = FIELD(ordinary),
     .help = "take special tokens in the text, such as <|endoftext|>, for plain text"},
    {.name = "count", .parse = cli_parse_flag, .field = FIELD(only_count), .help = "print the number of tokens only"},
    {.name = "verbose", .letter = 'v', .parse = cli_parse_flag, .field = FIELD(verbose),
     .help = "print one token a line: its id, a tab, and what it stands for"},
    {.name = "json", .parse = cli_parse_json, .help = "print one JSON object"},
    {0},
};

static const cli_option detokenize_options[] = {
    {.name = "ids", .argument = "LIST", .parse = cli_parse_ids_option, .help = "the token ids, such as 464,2068"},
    {.name = "file", .letter = 'f', .argument = "FILE", .parse = cli_parse_string, .field = FIELD(file),
     .help = "read the ids from FILE, - for standard input"},
    {.name = "skip-special", .parse = cli_parse_flag, .field = FIELD(skip_special),
     .help = "leave special tokens out"},
    {.name = "bytes", .parse = cli_parse_flag, .field = FIELD(raw_bytes),
     .help = "print the raw bytes of the tokens, also where they are not valid UTF-8"},
    {.name = "json", .parse = cli_parse_json, .help = "print one JSON object"},
    {0},
};

static const cli_option score_options[] = {
    {.name = "file", .letter = 'f', .argument = "FILE", .parse = cli_parse_string, .field = FIELD(file),
     .help = "read the text from FILE, - for standard input; every byte counts"},
    {.name = "ids", .argument = "LIST", .parse = cli_parse_ids_option,
     .help = "take these token ids in place of text; needs no tokenizer"},
    {.name = "ordinary", .parse = cli_parse_flag, .field = FIELD(ordinary),
     .help = "take special tokens in the text, such as <|endoftext|>, for plain text"},
    {.name = "verbose", .letter = 'v', .parse = cli_parse_flag, .field = FIELD(verbose),
     .help = "print one token a line too: its id, log-probability, and what it stands for"},
    {.name = "json", .parse = cli_parse_json, .help = "print one JSON object, with a list of the tokens"},
    {0},
};

static const cli_option json_options[] = {
    {.name = "json", .parse = cli_parse_json, .help = "print one JSON object"},
    {0},
};

static const cli_option bench_options[] = {
    {.name = "prompt", .letter = 'p', .argument = "LIST", .parse = cli_parse_counts, .field = FIELD(bench_prompts),
     .help = "the lengths of prompts to read, in tokens (default: 32,512, or what the context holds)"},
    {.name = "generate", .letter = 'g', .argument = "N", .parse = cli_parse_count, .field = FIELD(bench_generate),
     .help = "the number of tokens to generate; 0 leaves it out (default: 128)"},
    {.name = "batch", .letter = 'b', .argument = "LIST", .parse = cli_parse_counts, .field = FIELD(bench_batches),
     .help = "the numbers of sequences to generate at once (default: 1)"},
    {.name = "context", .letter = 'c', .argument = "N", .parse = cli_parse_count, .field = FIELD(bench_context),
     .help = "the number of tokens before those to generate (default: 1)"},
    {.name = "repeats", .letter = 'r', .argument = "N", .parse = cli_parse_count, .field = FIELD(bench_repeats),
     .help = "measure each figure N times (default: 5)"},
    {.name = "json", .parse = cli_parse_json, .help = "print one JSON object"},
    {0},
};

static const cli_option general_options[] = {
    {.name = "help", .letter = 'h', .parse = cli_parse_help, .help = "print this help"},
    {.name = "version", .letter = 'V', .parse = cli_parse_version, .help = "print the versions of program and library"},
    {0},
};

const cli_group cli_group_model = {"Model", model_options};
const cli_group cli_group_tokenizer = {"Tokenizer", tokenizer_options};
const cli_group cli_group_prompt = {"Prompt", prompt_options};
const cli_group cli_group_template = {"Form of the prompt", template_options};
const cli_group cli_group_question = {"Question", question_options};
const cli_group cli_group_example = {"Examples", example_options};
const cli_group cli_group_sampling = {"Choice of tokens", sampling_options};
const cli_group cli_group_penalties = {"Tokens made more or less likely", penalty_options};
const cli_group cli_group_ending = {"End", ending_options};
const cli_group cli_group_generate_output = {"Output", generate_output_options};
const cli_group cli_group_tokenize = {"Text and output", tokenize_options};
const cli_group cli_group_detokenize = {"Ids and output", detokenize_options};
const cli_group cli_group_score = {"Text and output", score_options};
const cli_group cli_group_json = {"Output", json_options};
const cli_group cli_group_bench = {"What to measure", bench_options};
const cli_group cli_group_general = {"General", general_options};
