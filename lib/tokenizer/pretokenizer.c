/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/pretokenizer.c: reads a "pre_tokenizer" into a list of splits, and runs text through them. */
#include "tokenizer/pretokenizer.h"

#include "tokenizer/words.h"

#include <string.h>

/* What a text on its way through the splits needs. */
typedef struct run {
    const gpt__pretokenizer *pretokenizer;
    const gpt__unicode *unicode;
    gpt__buffer *scratch;
    gpt__take_piece *take;
    void *context;
} run;

typedef gpt_status read_type(gpt__pretokenizer *pretokenizer, const gpt__json *json, const cJSON *member);

static gpt_status add_split(gpt__pretokenizer *pretokenizer, const gpt__json *json, gpt__split split)
{
    if (pretokenizer->byte_level || pretokenizer->words)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: a pre-tokenizer after \"%s\"", json->path,
                         pretokenizer->words ? "BertPreTokenizer" : "ByteLevel");
    if (pretokenizer->count == GPT__MAX_SPLITS)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: more than %d pre-tokenizers", json->path, GPT__MAX_SPLITS);
    pretokenizer->splits[pretokenizer->count++] = split;
    return GPT_OK;
}

static gpt_status read_byte_level(gpt__pretokenizer *pretokenizer, const gpt__json *json, const cJSON *member)
{
    int prefix_space = 0;
    int use_regex = 1;
    if (gpt__json_member(member, "add_prefix_space") == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: the pre-tokenizer \"ByteLevel\" has no \"add_prefix_space\"", json->path);
    GPT__TRY(gpt__json_bool(&prefix_space, json, member, "add_prefix_space"));
    GPT__TRY(gpt__json_bool(&use_regex, json, member, "use_regex"));
    gpt__split split = {.scanner = use_regex ? gpt__scan_gpt2 : NULL, .prefix_space = prefix_space};
    GPT__TRY(add_split(pretokenizer, json, split));
    pretokenizer->byte_level = 1;
    return GPT_OK;
}

static gpt_status read_digits(gpt__pretokenizer *pretokenizer, const gpt__json *json, const cJSON *member)
{
    int each = 0;
    GPT__TRY(gpt__json_bool(&each, json, member, "individual_digits"));
    return add_split(pretokenizer, json, (gpt__split){.scanner = each ? gpt__scan_each_digit : gpt__scan_digits});
}

static gpt_status read_words(gpt__pretokenizer *pretokenizer, const gpt__json *json, const cJSON *member)
{
    (void)member;
    if (pretokenizer->count > 0)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"BertPreTokenizer\" together with others", json->path);
    gpt__pretokenizer_set_words(pretokenizer);
    return GPT_OK;
}

/* Only what the well-known patterns come with: matches are pieces, and so is what lies between. */
static gpt_status check_split(const gpt__json *json, const cJSON *member)
{
    const char *behavior = "";
    int invert = 0;
    GPT__TRY(gpt__json_string(&behavior, json, member, "behavior"));
    GPT__TRY(gpt__json_bool(&invert, json, member, "invert"));
    if (strcmp(behavior, "Isolated") != 0)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the pre-tokenizer \"Split\" with the behavior \"%s\"", json->path,
                         behavior);
    if (invert)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the pre-tokenizer \"Split\" with \"invert\"", json->path);
    return GPT_OK;
}

static gpt_status read_split(gpt__pretokenizer *pretokenizer, const gpt__json *json, const cJSON *member)
{
    const cJSON *pattern = NULL;
    const char *regex = NULL;
    GPT__TRY(check_split(json, member));
    GPT__TRY(gpt__json_object(&pattern, json, member, "pattern"));
    GPT__TRY(gpt__json_string(&regex, json, pattern, "Regex"));
    if (regex == NULL)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the pre-tokenizer \"Split\" without a \"Regex\"", json->path);
    gpt__scanner *scanner = gpt__find_scanner(regex);
    if (scanner == NULL)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the split pattern %s is not supported", json->path, regex);
    return add_split(pretokenizer, json, (gpt__split){.scanner = scanner});
}

static gpt_status read_sequence(gpt__pretokenizer *pretokenizer, const gpt__json *json, const cJSON *member);

/* The types that are implemented. Another is refused by name, as a split that is nearly right gives wrong ids. */
static const struct {
    const char *type;
    read_type *read;
} types[] = {
    {"BertPreTokenizer", read_words},
    {"ByteLevel", read_byte_level},
    {"Digits", read_digits},
    {"Split", read_split},
    {"Sequence", read_sequence},
};

static gpt_status read_any(gpt__pretokenizer *pretokenizer, const gpt__json *json, const cJSON *member)
{
    const char *type = NULL;
    GPT__TRY(gpt__json_string(&type, json, member, "type"));
    if (type == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: a pre-tokenizer should be an object with a \"type\"", json->path);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].type, type) == 0)
            return types[i].read(pretokenizer, json, member);
    return gpt__fail(GPT_E_UNSUPPORTED, "%s: the pre-tokenizer \"%s\" is not supported", json->path, type);
}

static gpt_status read_sequence(gpt__pretokenizer *pretokenizer, const gpt__json *json, const cJSON *member)
{
    const cJSON *list = NULL;
    GPT__TRY(gpt__json_array(&list, json, member, "pretokenizers"));
    for (const cJSON *item = list ? list->child : NULL; item != NULL; item = item->next)
        GPT__TRY(read_any(pretokenizer, json, item));
    return GPT_OK;
}

gpt_status gpt__pretokenizer_read(gpt__pretokenizer *pretokenizer, const gpt__json *json, const cJSON *member)
{
    if (member != NULL)
        GPT__TRY(read_any(pretokenizer, json, member));
    if (!pretokenizer->byte_level && !pretokenizer->words)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the \"pre_tokenizer\" has no \"ByteLevel\"", json->path);
    return GPT_OK;
}

void gpt__pretokenizer_set(gpt__pretokenizer *pretokenizer, gpt__scanner *scanner)
{
    pretokenizer->splits[0] = (gpt__split){.scanner = scanner};
    pretokenizer->count = 1;
    pretokenizer->byte_level = 1;
}

void gpt__pretokenizer_set_gpt2(gpt__pretokenizer *pretokenizer, int prefix_space)
{
    gpt__pretokenizer_set(pretokenizer, gpt__scan_gpt2);
    pretokenizer->splits[0].prefix_space = prefix_space;
}

void gpt__pretokenizer_set_words(gpt__pretokenizer *pretokenizer)
{
    *pretokenizer = (gpt__pretokenizer){.splits = {{.scanner = gpt__scan_words}}, .count = 1, .words = 1};
}

static int begins_with_space(const gpt__unicode *unicode, const char *text)
{
    size_t length;
    return (unicode->properties[gpt__valid_char(text, &length)] & GPT__WHITE_SPACE) != 0;
}

/* Only the last split has a prefix space, so that one scratch buffer is enough. */
static gpt_status add_prefix_space(const char **text, size_t *length, gpt__buffer *scratch)
{
    scratch->length = 0;
    GPT__TRY(gpt__buffer_add(scratch, " ", 1));
    GPT__TRY(gpt__buffer_add(scratch, *text, *length));
    *text = scratch->bytes;
    *length = scratch->length;
    return GPT_OK;
}

static gpt_status divide(const run *r, int which, const char *text, size_t length)
{
    if (which == r->pretokenizer->count)
        return r->take(r->context, text, length);
    const gpt__split *split = r->pretokenizer->splits + which;
    int is_last = which + 1 == r->pretokenizer->count;
    if (split->prefix_space && text[0] != ' ')
        GPT__TRY(add_prefix_space(&text, &length, r->scratch));
    if (split->scanner == NULL)
        return divide(r, which + 1, text, length);
    for (size_t at = 0; at < length;) {
        size_t end = split->scanner(r->unicode, text, at, length);
        if (r->pretokenizer->words && begins_with_space(r->unicode, text + at)) {
            at = end;
            continue;
        }
        GPT__TRY(is_last ? r->take(r->context, text + at, end - at) : divide(r, which + 1, text + at, end - at));
        at = end;
    }
    return GPT_OK;
}

gpt_status gpt__pretokenize(const gpt__pretokenizer *pretokenizer, const gpt__unicode *unicode, gpt__buffer *scratch,
                            const char *text, size_t length, gpt__take_piece *take, void *context)
{
    run r = {pretokenizer, unicode, scratch, take, context};
    return divide(&r, 0, text, length);
}
