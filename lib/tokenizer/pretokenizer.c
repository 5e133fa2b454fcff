/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/pretokenizer.c: reads a "pre_tokenizer" into a list of splits, and runs text through them. */
#include "tokenizer/pretokenizer.h"

#include "base/memory.h"
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

static gpt_status read_behavior(gpt__split *split, const gpt__json *json, const cJSON *member)
{
    static const char *const names[] = {"Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"};
    const char *behavior = "";
    GPT__TRY(gpt__json_string(&behavior, json, member, "behavior"));
    GPT__TRY(gpt__json_bool(&split->invert, json, member, "invert"));
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], behavior) == 0) {
            split->behavior = (gpt__behavior)i;
            return GPT_OK;
        }
    return gpt__fail(GPT_E_UNSUPPORTED, "%s: the pre-tokenizer \"Split\" with the behavior \"%s\"", json->path,
                     behavior);
}

/* A plain string as a pattern: all that could mean something else is escaped. */
static gpt_status escape(char **out, const char *string)
{
    gpt__buffer regex = {0};
    size_t length;
    gpt_status status = gpt__buffer_add(&regex, "", 0);
    for (; status == GPT_OK && *string != '\0'; string++) {
        if (strchr("\\^$.[]|()?*+{}", *string) != NULL)
            status = gpt__buffer_add(&regex, "\\", 1);
        if (status == GPT_OK)
            status = gpt__buffer_add(&regex, string, 1);
    }
    if (status == GPT_OK)
        status = gpt__buffer_take(out, &length, &regex);
    gpt__buffer_release(&regex);
    return status;
}

static gpt_status add_pattern(gpt__pretokenizer *pretokenizer, const gpt__json *json, gpt__split split)
{
    gpt_status status = add_split(pretokenizer, json, split);
    if (status != GPT_OK)
        gpt__release(split.regex);
    return status;
}

static gpt_status read_split(gpt__pretokenizer *pretokenizer, const gpt__json *json, const cJSON *member)
{
    const cJSON *pattern = NULL;
    const char *regex = NULL;
    const char *string = NULL;
    gpt__split split = {0};
    GPT__TRY(read_behavior(&split, json, member));
    GPT__TRY(gpt__json_object(&pattern, json, member, "pattern"));
    GPT__TRY(gpt__json_string(&regex, json, pattern, "Regex"));
    GPT__TRY(gpt__json_string(&string, json, pattern, "String"));
    if (regex == NULL && string == NULL)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the pre-tokenizer \"Split\" without a \"Regex\" or \"String\"",
                         json->path);
    /* Scanners are for patterns that leave nothing between matches, so that there is nothing else to remove. */
    if (regex != NULL && (split.behavior == GPT__ISOLATED || (split.behavior == GPT__REMOVED && split.invert)))
        split.scanner = gpt__find_scanner(regex);
    if (split.scanner != NULL)
        return add_split(pretokenizer, json, split);
    if (regex == NULL)
        GPT__TRY(escape(&split.regex, string));
    else if ((split.regex = gpt__copy_string(regex, strlen(regex))) == NULL)
        return GPT_E_MEMORY;
    return add_pattern(pretokenizer, json, split);
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

void gpt__pretokenizer_add(gpt__pretokenizer *pretokenizer, gpt__scanner *scanner)
{
    pretokenizer->splits[pretokenizer->count++] = (gpt__split){.scanner = scanner};
    pretokenizer->byte_level = 1;
}

void gpt__pretokenizer_set_gpt2(gpt__pretokenizer *pretokenizer, int prefix_space)
{
    gpt__pretokenizer_add(pretokenizer, gpt__scan_gpt2);
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

gpt_status gpt__pretokenizer_finish(gpt__pretokenizer *pretokenizer, const gpt__unicode *unicode, const char *path)
{
    for (int i = 0; i < pretokenizer->count; i++) {
        gpt__split *split = pretokenizer->splits + i;
        if (split->regex != NULL)
            GPT__TRY(gpt__pattern_new(&split->pattern, unicode, split->regex, path));
    }
    return GPT_OK;
}

void gpt__pretokenizer_release(gpt__pretokenizer *pretokenizer)
{
    for (int i = 0; i < pretokenizer->count; i++) {
        gpt__release(pretokenizer->splits[i].regex);
        gpt__pattern_free(pretokenizer->splits[i].pattern);
    }
}

/* Joins a segment to the one before it in out, when it is to be, or adds it. */
static void join(gpt__segments *out, gpt__segment segment, int joined)
{
    if (joined && out->count > 0) {
        out->at[out->count - 1].end = segment.end;
        out->at[out->count - 1].is_match = segment.is_match;
    } else {
        out->at[out->count++] = segment;
    }
}

/* A match goes to what follows it, unless that is a match itself; the last one stays alone. */
static void merge_with_next(gpt__segments *s)
{
    size_t to = s->count;
    int previous_match = 0;
    for (size_t from = s->count; from-- > 0;) {
        gpt__segment segment = s->at[from];
        if (segment.is_match && !previous_match && to < s->count)
            s->at[to].begin = segment.begin;
        else
            s->at[--to] = segment;
        previous_match = segment.is_match;
    }
    memmove(s->at, s->at + to, (s->count - to) * sizeof *s->at);
    s->count -= to;
}

/* Makes pieces of segments, in place. As in the reference, behaviors look at neighbours as they were. */
static void apply_behavior(gpt__segments *s, const gpt__split *split)
{
    for (size_t i = 0; i < s->count; i++)
        s->at[i].is_match ^= split->invert;
    if (split->behavior == GPT__MERGED_WITH_NEXT) {
        merge_with_next(s);
        return;
    }
    size_t count = s->count;
    int previous_match = 0;
    s->count = 0;
    for (size_t i = 0; i < count; i++) {
        gpt__segment segment = s->at[i];
        if (split->behavior == GPT__CONTIGUOUS)
            join(s, segment, i > 0 && segment.is_match == previous_match);
        else if (split->behavior == GPT__MERGED_WITH_PREVIOUS)
            join(s, segment, segment.is_match && !previous_match);
        else if (split->behavior != GPT__REMOVED || !segment.is_match)
            join(s, segment, 0);
        previous_match = segment.is_match;
    }
}

static gpt_status divide(const run *r, int which, const char *text, size_t length);

static gpt_status divide_by_pattern(const run *r, int which, const char *text, size_t length)
{
    const gpt__split *split = r->pretokenizer->splits + which;
    gpt__segments segments = {0};
    gpt_status status = gpt__pattern_segments(&segments, split->pattern, text, length);
    if (status == GPT_OK)
        apply_behavior(&segments, split);
    for (size_t i = 0; status == GPT_OK && i < segments.count; i++)
        status = divide(r, which + 1, text + segments.at[i].begin, segments.at[i].end - segments.at[i].begin);
    gpt__release(segments.at);
    return status;
}

static gpt_status divide(const run *r, int which, const char *text, size_t length)
{
    if (which == r->pretokenizer->count)
        return r->take(r->context, text, length);
    const gpt__split *split = r->pretokenizer->splits + which;
    int is_last = which + 1 == r->pretokenizer->count;
    if (split->prefix_space && text[0] != ' ')
        GPT__TRY(add_prefix_space(&text, &length, r->scratch));
    if (split->pattern != NULL)
        return divide_by_pattern(r, which, text, length);
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
