/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/added.c: added tokens, as the AddedVocabulary of Hugging Face's tokenizers finds them: first those that are
 * looked for in the text as it comes, then, in the normalized rest, the others; each time leftmost first, then longest.
 */
#include "tokenizer/added.h"

#include <string.h>

/* Of an added token. Those of models have less than a hundred. */
#define MOST_BYTES 1024

static gpt__byte_source source_of(const gpt__added *added)
{
    return (gpt__byte_source){added->contents.bytes, added->starts};
}

/* Enters the content of the token that comes next into the map. */
static gpt_status enter_content(gpt__added *added, const char *content, size_t length)
{
    int32_t present;
    if (length > UINT32_MAX - added->contents.length || added->count >= INT32_MAX)
        return gpt__fail(GPT_E_FORMAT, "the added tokens have more than 4 GB");
    GPT__TRY(gpt__reserve((void **)&added->starts, &added->starts_capacity, added->count + 1, sizeof *added->starts));
    added->starts[added->count] = (uint32_t)added->contents.length;
    GPT__TRY(gpt__buffer_add(&added->contents, content, length));
    return gpt__byte_map_add(&added->by_content, &present, source_of(added), (int32_t)added->count, length);
}

gpt__added_token *gpt__added_find(const gpt__added *added, const char *content, size_t length)
{
    int32_t index = gpt__byte_map_find(&added->by_content, source_of(added), content, length);
    return index < 0 ? NULL : added->tokens + index;
}

gpt_status gpt__added_add(gpt__added *added, const char *content, size_t length, const gpt__added_token *token)
{
    if (length == 0 || gpt__added_find(added, content, length) != NULL)
        return GPT_OK;
    GPT__TRY(gpt__reserve((void **)&added->tokens, &added->capacity, added->count + 1, sizeof *added->tokens));
    GPT__TRY(enter_content(added, content, length));
    char *copy = gpt__copy_string(content, length);
    if (copy == NULL)
        return GPT_E_MEMORY;
    gpt__added_token *new = added->tokens + added->count++;
    *new = *token;
    new->content = copy;
    new->length = length;
    new->normalized_content = NULL;
    return GPT_OK;
}

gpt_status gpt__added_read(const char **content, gpt__added_token *token, const gpt__json *json, const cJSON *item)
{
    *token = (gpt__added_token){.id = -1};
    *content = NULL;
    if (!cJSON_IsObject(item))
        return gpt__fail(GPT_E_FORMAT, "%s: an added token should be an object", json->path);
    GPT__TRY(gpt__json_string(content, json, item, "content"));
    if (*content == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: an added token has no \"content\"", json->path);
    GPT__TRY(gpt__json_int(&token->id, json, item, "id", 0, GPT__MAX_VOCAB - 1));
    GPT__TRY(gpt__json_bool(&token->special, json, item, "special"));
    GPT__TRY(gpt__json_bool(&token->single_word, json, item, "single_word"));
    GPT__TRY(gpt__json_bool(&token->lstrip, json, item, "lstrip"));
    GPT__TRY(gpt__json_bool(&token->rstrip, json, item, "rstrip"));
    token->normalized = !token->special;
    return gpt__json_bool(&token->normalized, json, item, "normalized");
}

static gpt_status normalize_content(gpt__added_token *token, const gpt__normalizer *normalizer)
{
    gpt__buffer out = {0};
    gpt__buffer other = {0};
    size_t length;
    gpt_status status = gpt__normalizer_apply(&out, &other, normalizer, token->content, token->length);
    if (status == GPT_OK)
        status = gpt__buffer_take(&token->normalized_content, &length, &out);
    gpt__buffer_release(&out);
    gpt__buffer_release(&other);
    return status;
}

/* What is looked for is compared at each place of a text, so its length is bounded. */
static gpt_status check_lengths(const gpt__added *added, const char *path)
{
    for (size_t i = 0; i < added->count; i++) {
        const gpt__added_token *token = added->tokens + i;
        const char *text = token->normalized_content != NULL ? token->normalized_content : token->content;
        if (strlen(text) > MOST_BYTES)
            return gpt__fail(GPT_E_UNSUPPORTED, "%s: the added token %lld has %zu bytes, at most %d are supported",
                             path, (long long)token->id, strlen(text), MOST_BYTES);
    }
    return GPT_OK;
}

static gpt_status begin_matcher(gpt__matcher *matcher, const gpt__added *added, int normalized)
{
    size_t count = 0;
    gpt__needle *needles = gpt__allocate(added->count, sizeof *needles);
    if (needles == NULL)
        return GPT_E_MEMORY;
    for (size_t i = 0; i < added->count; i++) {
        const gpt__added_token *token = added->tokens + i;
        const char *text = token->normalized_content != NULL ? token->normalized_content : token->content;
        /* A token that normalization leaves nothing of stands nowhere in normalized text. */
        if (token->normalized == normalized && text[0] != '\0')
            needles[count++] = (gpt__needle){text, strlen(text), i};
    }
    return gpt__matcher_begin(matcher, needles, count);
}

gpt_status gpt__added_normalize(gpt__added *added, const gpt__normalizer *normalizer)
{
    for (size_t i = 0; i < added->count; i++)
        if (added->tokens[i].normalized && normalizer->count > 0)
            GPT__TRY(normalize_content(added->tokens + i, normalizer));
    return GPT_OK;
}

gpt_status gpt__added_finish(gpt__added *added, const char *path)
{
    GPT__TRY(check_lengths(added, path));
    GPT__TRY(begin_matcher(&added->raw, added, 0));
    return begin_matcher(&added->normalized, added, 1);
}

static int is_word_char(const gpt__unicode *unicode, const char *at)
{
    size_t length;
    return (unicode->properties[gpt__valid_char(at, &length)] & GPT__WORD) != 0;
}

/* Whether no word character touches text[start .. end). */
static int stands_alone(const gpt__unicode *unicode, const char *text, size_t length, size_t start, size_t end)
{
    if (start > 0 && is_word_char(unicode, text + gpt__previous_char(text, start)))
        return 0;
    return end == length || !is_word_char(unicode, text + end);
}

/* Goes back from start over white space, not beyond least. */
static size_t skip_space_back(const gpt__unicode *unicode, const char *text, size_t start, size_t least)
{
    while (start > least) {
        size_t length;
        size_t before = gpt__previous_char(text, start);
        if (!(unicode->properties[gpt__valid_char(text + before, &length)] & GPT__WHITE_SPACE))
            break;
        start = before;
    }
    return start;
}

static size_t skip_space(const gpt__unicode *unicode, const char *text, size_t length, size_t end)
{
    while (end < length) {
        size_t step;
        if (!(unicode->properties[gpt__valid_char(text + end, &step)] & GPT__WHITE_SPACE))
            break;
        end += step;
    }
    return end;
}

gpt_status gpt__added_split(gpt__ids *out, const gpt__added *added, const gpt__matcher *matcher,
                            const gpt__unicode *unicode, const char *text, size_t length, int ordinary,
                            gpt__take_text *take, void *context)
{
    size_t done = 0;
    size_t start = 0;
    size_t end = 0;
    size_t space_end = 0; /* of the white space behind a token that was looked at last, which is looked at once */
    const gpt__needle *match;
    /*
     * The search goes on after the bytes that matched, even where a token has taken the space behind them too. Of a
     * token found in that space nothing is left when it takes the space before it as well; else it counts, as in the
     * reference.
     */
    for (size_t from = 0; (match = gpt__matcher_find(&start, matcher, text, length, from)) != NULL;) {
        const gpt__added_token *token = added->tokens + match->index;
        end = from = start + match->length;
        if (ordinary && token->special)
            continue;
        if (token->single_word && !stands_alone(unicode, text, length, start, end))
            continue;
        if (token->lstrip)
            start = start > done ? skip_space_back(unicode, text, start, done) : done;
        if (start >= end)
            continue;
        if (token->rstrip)
            end = space_end = end < space_end ? space_end : skip_space(unicode, text, length, end);
        if (start > done)
            GPT__TRY(take(context, text + done, start - done));
        GPT__TRY(gpt__ids_add(out, (int32_t)token->id));
        done = end;
    }
    return done < length ? take(context, text + done, length - done) : GPT_OK;
}

void gpt__added_release(gpt__added *added)
{
    for (size_t i = 0; i < added->count; i++) {
        gpt__release(added->tokens[i].content);
        gpt__release(added->tokens[i].normalized_content);
    }
    gpt__release(added->tokens);
    gpt__buffer_release(&added->contents);
    gpt__release(added->starts);
    gpt__byte_map_release(&added->by_content);
    gpt__matcher_release(&added->raw);
    gpt__matcher_release(&added->normalized);
    *added = (gpt__added){0};
}
