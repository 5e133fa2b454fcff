/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/tasks.c: makes the prompt. A GPT does a task when the prompt makes its answer the likely continuation, so
 * summarize, answer and translate are generate with a template around the text and strings that end the new text.
 *
 * They come, in this order, from --template and --stop; from tasks.json in the model's directory, an object such as
 * {"summarize": {"template": "{text}\nTL;DR:", "stop": ["\n"]}}; from the zero-shot forms of the GPT-2 paper (Radford
 * et al. 2019, sections 3.5 to 3.8).
 */
#include "cli.h"

#include <cjson/cJSON.h>

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

enum { MOST_TASK_BYTES = 1 << 20 };

typedef struct zero_shot {
    const char *name;
    const char *form;
    const char *stop; /* NULL when nothing but an end token ends it */
    int new_tokens;   /* 0: no bound of its own */
} zero_shot;

/* The paper takes 100 tokens for a summary, and shows pairs of sentences before the one to translate. */
static const zero_shot zero_shots[] = {
    {"generate", "{text}", NULL, 0},
    {"summarize", "{text}\nTL;DR:", "\n\n", 100},
    {"answer", "{text}\nQ: {question}\nA:", "\n", 0},
    {"translate", "{text} =", "\n", 0},
};

static const char *const translate_examples[] = {
    "The weather is nice today.=Il fait beau aujourd'hui.",
    "Where is the train station?=Où est la gare ?",
    "I would like a cup of coffee, please.=Je voudrais une tasse de café, s'il vous plaît.",
};

/* The form of the prompt: the template, and what messages call the place where it comes from. */
typedef struct form {
    cli_text template;
    cli_text source;
} form;

/* A list of strings, or nothing. */
static int read_stops(cli_strings *stops, const cJSON *stop, const char *source)
{
    const cJSON *item;
    if (stop == NULL)
        return CLI_FINE;
    if (!cJSON_IsArray(stop))
        return cli_fail("%s: expected \"stop\" to be a list of strings", source);
    cJSON_ArrayForEach(item, stop) {
        if (!cJSON_IsString(item) || item->valuestring[0] == '\0')
            return cli_fail("%s: expected \"stop\" to hold strings that are not empty", source);
        cli_strings_add(stops, item->valuestring, strlen(item->valuestring));
    }
    return CLI_FINE;
}

/* Takes the entry of a task, when the file has one, into form and stops. */
static int take_task(form *form, cli_strings *stops, const cJSON *tasks, const char *name, const char *path)
{
    if (!cJSON_IsObject(tasks))
        return cli_fail("%s: expected a JSON object", path);
    const cJSON *task = cJSON_GetObjectItemCaseSensitive(tasks, name);
    if (task == NULL)
        return CLI_FINE;
    cli_text_format(&form->source, "%s: %s", path, name);
    const cJSON *template = cJSON_GetObjectItemCaseSensitive(task, "template");
    if (!cJSON_IsString(template))
        return cli_fail("%s: expected an object with the string \"template\"", form->source.bytes);
    cli_text_add_string(&form->template, template->valuestring);
    return read_stops(stops, cJSON_GetObjectItemCaseSensitive(task, "stop"), form->source.bytes);
}

static int read_tasks(form *form, cli_strings *stops, const char *name, const char *path)
{
    struct stat about;
    if (stat(path, &about) != 0)
        return CLI_FINE; /* most models have no such file */
    cli_text bytes = {0};
    int code = cli_read_file(&bytes, path, MOST_TASK_BYTES);
    cJSON *tasks = code == CLI_FINE ? cJSON_ParseWithLength(bytes.bytes, bytes.length) : NULL;
    if (code == CLI_FINE && tasks == NULL)
        code = cli_fail("%s: not valid JSON", path);
    if (code == CLI_FINE)
        code = take_task(form, stops, tasks, name, path);
    cJSON_Delete(tasks);
    cli_text_release(&bytes);
    return code;
}

/* Finds the model without opening it: a mistake in the template shall not cost the time of that. */
static int find_in_model(form *form, cli_strings *stops, const cli *cli)
{
    char *found = NULL;
    int code = cli_check(gpt_model_find(&found, cli->model_name));
    if (code != CLI_FINE)
        return code;
    cli_text path = {0};
    cli_text_format(&path, "%s/tasks.json", found);
    code = read_tasks(form, stops, cli->command->name, path.bytes);
    cli_text_release(&path);
    gpt_free(found);
    return code;
}

/* Takes the zero-shot form, with everything that belongs to it but that the user did not give. */
static void take_zero_shot(form *form, cli_strings *stops, cli *cli)
{
    const zero_shot *shot = zero_shots;
    while (strcmp(shot->name, cli->command->name) != 0)
        shot++;
    cli_text_add_string(&form->source, shot->name);
    cli_text_add_string(&form->template, shot->form);
    if (shot->stop != NULL)
        cli_strings_add(stops, shot->stop, strlen(shot->stop));
    if (shot->new_tokens > 0)
        cli->default_new_tokens = shot->new_tokens;
    if (strcmp(shot->name, "translate") != 0 || cli->examples.count > 0 || cli->templates.count > 0)
        return;
    for (size_t i = 0; i < sizeof translate_examples / sizeof *translate_examples; i++)
        cli_strings_add(&cli->examples, translate_examples[i], strlen(translate_examples[i]));
}

/* --template replaces the form but not the stop strings of the task, which only --stop replaces. */
static int find_form(form *form, cli *cli)
{
    cli_strings stops = {0};
    int code = find_in_model(form, &stops, cli);
    if (code == CLI_FINE && form->template.bytes == NULL)
        take_zero_shot(form, &stops, cli);
    if (code == CLI_FINE && cli->templates.count > 0) {
        const cli_text *own = &cli->templates.items[cli->templates.count - 1];
        form->template.length = form->source.length = 0;
        cli_text_add(&form->template, own->bytes, own->length);
        cli_text_add_string(&form->source, "--template");
    }
    if (cli->stops.count == 0)
        cli->stops = stops;
    else
        cli_strings_release(&stops);
    return code;
}

/* The user's own template is a wrong call; one of a file is a failure that names the file. */
static int bad_form(const form *form, const cli *cli, const char *what, const char *bytes, size_t length)
{
    const char *format = "%s: %s '%.*s'; the fields are {text}%s, and {{ stands for a brace";
    const char *more = cli->question != NULL ? " and {question}" : "";
    int shown = (int)(length < 40 ? length : 40);
    if (strcmp(form->source.bytes, "--template") == 0)
        return cli_usage(format, form->source.bytes, what, shown, bytes, more);
    return cli_fail(format, form->source.bytes, what, shown, bytes, more);
}

static int add_field(cli_text *out, const form *form, const cli *cli, const char *field, size_t length,
                     const cli_text *text)
{
    if (length == 6 && memcmp(field, "{text}", 6) == 0)
        cli_text_add(out, text->bytes, text->length);
    else if (length == 10 && memcmp(field, "{question}", 10) == 0 && cli->question != NULL)
        cli_text_add_string(out, cli->question);
    else
        return bad_form(form, cli, "unknown field", field, length);
    return CLI_FINE;
}

/* Adds the template to out with its fields filled in. */
static int fill_in(cli_text *out, const form *form, const cli *cli, const cli_text *text)
{
    const char *at = form->template.bytes, *end = at + form->template.length;
    int code = CLI_FINE;
    while (at < end && code == CLI_FINE) {
        if (end - at >= 2 && (memcmp(at, "{{", 2) == 0 || memcmp(at, "}}", 2) == 0)) {
            cli_text_add(out, at, 1);
            at += 2;
        } else if (*at == '{') {
            const char *close = memchr(at, '}', (size_t)(end - at));
            if (close == NULL)
                return bad_form(form, cli, "a brace that is not closed:", at, (size_t)(end - at));
            code = add_field(out, form, cli, at, (size_t)(close + 1 - at), text);
            at = close + 1;
        } else {
            cli_text_add(out, at++, 1);
        }
    }
    return code;
}

/* An example is the template with its answer, as the model would have continued it. */
static int add_example(cli_text *prompt, const form *form, const cli *cli, const cli_text *example)
{
    const char *equals = memchr(example->bytes, '=', example->length);
    if (equals == NULL)
        return cli_usage("--example: expected TEXT=TRANSLATION, found '%s'", example->bytes);
    cli_text source = {0};
    const char *source_end = equals, *target = equals + 1;
    while (source_end > example->bytes && source_end[-1] == ' ')
        source_end--;
    while (*target == ' ')
        target++;
    cli_text_add(&source, example->bytes, (size_t)(source_end - example->bytes));
    int code = fill_in(prompt, form, cli, &source);
    cli_text_format(prompt, " %s\n", target);
    cli_text_release(&source);
    return code;
}

static int fill_prompt(cli_text *prompt, const form *form, const cli *cli)
{
    cli_text text = {0};
    /* A template without {text}, such as a bare question, needs no input. */
    int wants_text = memmem(form->template.bytes, form->template.length, "{text}", 6) != NULL;
    /* Finds mistakes in the template before waiting for standard input. */
    cli_text probe = {0};
    int code = fill_in(&probe, form, cli, &text);
    cli_text_release(&probe);
    if (code == CLI_FINE && !wants_text && (cli->argument != NULL || cli->file != NULL))
        code = cli_usage("the template has no {text}, but a text is given");
    for (size_t i = 0; i < cli->examples.count && code == CLI_FINE; i++)
        code = add_example(prompt, form, cli, &cli->examples.items[i]);
    if (code == CLI_FINE && wants_text)
        code = cli_read_input(&text, cli, cli->keep_newline);
    if (code == CLI_FINE)
        code = fill_in(prompt, form, cli, &text);
    cli_text_release(&text);
    return code;
}

int cli_make_prompt(cli_text *prompt, cli *cli)
{
    form form = {0};
    int code = find_form(&form, cli);
    if (code == CLI_FINE)
        code = fill_prompt(prompt, &form, cli);
    cli_text_release(&form.template);
    cli_text_release(&form.source);
    return code;
}
