/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/tokenizer_json.c: reads a tokenizer.json, the file format of Hugging Face's tokenizers. Each of its parts
 * has a reader with a table of the types that are implemented; here they are called in an order in which each finds
 * what it needs. What a part asks for is done or refused by name.
 */
#include "base/file.h"
#include "base/log.h"
#include "tokenizer/bpe_file.h"
#include "tokenizer/parts.h"
#include "tokenizer/words.h"

#include <string.h>

/*
 * The JSON reader ends strings at NUL, so that a token that holds one, as it is or escaped, would silently become
 * another. No byte-level vocabulary has such a token.
 */
static int has_escaped_nul(const char *text, size_t length)
{
    const char *end = text + length;
    for (const char *at = text; (at = memmem(at, (size_t)(end - at), "\\u0000", 6)) != NULL; at++) {
        size_t backslashes = 1;
        while (at - backslashes >= text && at[-(ptrdiff_t)backslashes] == '\\')
            backslashes++;
        if (backslashes % 2 == 1)
            return 1;
    }
    return 0;
}

/* Settings that encoding here does not apply: the caller decides about length. */
static void log_unapplied(const gpt__json *json, const char *key)
{
    if (gpt__json_member(json->root, key) != NULL)
        gpt__log(GPT_LOG_WARNING, "%s: \"%s\" is not applied: texts are encoded whole", json->path, key);
}

/*
 * Post-processors only add special tokens around a text, or change offsets; libgpt adds no tokens and has no offsets.
 */
static gpt_status check_post_processor(const gpt__json *json, const cJSON *member)
{
    const char *type = NULL;
    const cJSON *list = NULL;
    if (member == NULL)
        return GPT_OK;
    GPT__TRY(gpt__json_string(&type, json, member, "type"));
    if (type == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: the post-processor should be an object with a \"type\"", json->path);
    if (strcmp(type, "ByteLevel") == 0 || strcmp(type, "TemplateProcessing") == 0)
        return GPT_OK;
    if (strcmp(type, "Sequence") != 0)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the post-processor \"%s\" is not supported", json->path, type);
    GPT__TRY(gpt__json_array(&list, json, member, "processors"));
    for (const cJSON *item = list ? list->child : NULL; item != NULL; item = item->next)
        GPT__TRY(check_post_processor(json, item));
    return GPT_OK;
}

/* Refuses a member of the model that is set to something other than "off". */
static gpt_status refuse_unless_off(const gpt__json *json, const cJSON *model, const char *key)
{
    const cJSON *member = gpt__json_member(model, key);
    if (member == NULL || cJSON_IsFalse(member) || (cJSON_IsNumber(member) && member->valuedouble == 0) ||
        (cJSON_IsString(member) && member->valuestring[0] == '\0'))
        return GPT_OK;
    return gpt__fail(GPT_E_UNSUPPORTED, "%s: the model's \"%s\" is not supported", json->path, key);
}

static gpt_status check_model(const gpt__json *json, const cJSON *model)
{
    static const char *const unsupported[] = {"dropout", "continuing_subword_prefix", "byte_fallback"};
    const char *type = "BPE";
    if (model == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: there is no \"model\"", json->path);
    GPT__TRY(gpt__json_string(&type, json, model, "type"));
    if (strcmp(type, "BPE") != 0)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the model \"%s\" is not supported", json->path, type);
    for (size_t i = 0; i < sizeof unsupported / sizeof *unsupported; i++)
        GPT__TRY(refuse_unless_off(json, model, unsupported[i]));
    return GPT_OK;
}

/* The end of words is marked in the vocabulary, made by the division and undone by the decoder: all three or none. */
static gpt_status check_words(const gpt_tokenizer *tokenizer, const gpt__json *json, const cJSON *model)
{
    const char *suffix = "";
    int ignore_merges = 0;
    GPT__TRY(gpt__json_string(&suffix, json, model, "end_of_word_suffix"));
    if (suffix[0] != '\0' && strcmp(suffix, GPT__WORD_END) != 0)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the model's \"end_of_word_suffix\" \"%s\" is not supported",
                         json->path, suffix);
    int marks = suffix[0] != '\0';
    /* Where the reference looks up a word instead of merging, it looks for the word without its mark. */
    GPT__TRY(gpt__json_bool(&ignore_merges, json, model, "ignore_merges"));
    if (marks && ignore_merges)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"end_of_word_suffix\" with \"ignore_merges\" is not supported",
                         json->path);
    if (marks != tokenizer->pretokenizer.words || marks != (tokenizer->decoder == GPT__DECODER_WORDS))
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"end_of_word_suffix\", \"BertPreTokenizer\" and \"BPEDecoder\" are "
                         "supported together only", json->path);
    return GPT_OK;
}

static gpt_status read_merge(gpt__bpe_file *file, const cJSON *item, uint32_t rank)
{
    if (cJSON_IsString(item))
        return gpt__bpe_file_merge_line(file, item->valuestring, strlen(item->valuestring), rank);
    const cJSON *left = cJSON_IsArray(item) ? item->child : NULL;
    const cJSON *right = left != NULL ? left->next : NULL;
    if (right == NULL || right->next != NULL || !cJSON_IsString(left) || !cJSON_IsString(right))
        return gpt__fail(GPT_E_FORMAT, "%s: merge %u should be a list of two strings", file->path, (unsigned)rank);
    return gpt__bpe_file_merge(file, left->valuestring, strlen(left->valuestring), right->valuestring,
                               strlen(right->valuestring), rank);
}

static gpt_status read_merges(gpt__bpe_file *file, const cJSON *merges)
{
    size_t count = 0;
    for (const cJSON *item = merges->child; item != NULL; item = item->next)
        count++;
    GPT__TRY(gpt__merges_begin(&file->bpe->merges, count));
    uint32_t rank = 0;
    for (const cJSON *item = merges->child; item != NULL; item = item->next)
        GPT__TRY(read_merge(file, item, rank++));
    return GPT_OK;
}

static gpt_status read_unknown(gpt__bpe_file *file, const gpt__json *json, const cJSON *model)
{
    const char *unknown = NULL;
    gpt__bpe *bpe = file->bpe;
    bpe->unknown = -1;
    GPT__TRY(gpt__json_bool(&bpe->fuse_unknown, json, model, "fuse_unk"));
    GPT__TRY(gpt__json_bool(&bpe->ignore_merges, json, model, "ignore_merges"));
    GPT__TRY(gpt__json_string(&unknown, json, model, "unk_token"));
    return unknown != NULL ? gpt__bpe_file_find(&bpe->unknown, file, unknown) : GPT_OK;
}

/*
 * A token that comes again keeps its id, and has the flags of the last one; once special, it stays so. The reference
 * looks for a token as each of its entries says, before normalization or after it, which is done for one only here.
 */
static gpt_status repeat_added(gpt__added_token *present, const gpt__added_token *token, const gpt__json *json)
{
    if (present->normalized != token->normalized)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the added token \"%s\" is there with and without \"normalized\"",
                         json->path, present->content);
    present->single_word = token->single_word;
    present->lstrip = token->lstrip;
    present->rstrip = token->rstrip;
    present->special |= token->special;
    return GPT_OK;
}

/* How many there are decides how many ids there are, so they are read first. The file's ids are put aside. */
static gpt_status read_added(gpt__added *added, const gpt__json *json)
{
    const cJSON *list = NULL;
    GPT__TRY(gpt__json_array(&list, json, json->root, "added_tokens"));
    for (const cJSON *item = list ? list->child : NULL; item != NULL; item = item->next) {
        const char *content;
        gpt__added_token token;
        GPT__TRY(gpt__added_read(&content, &token, json, item));
        token.file_id = token.id;
        token.id = -1;
        gpt__added_token *present = gpt__added_find(added, content, strlen(content));
        GPT__TRY(present != NULL ? repeat_added(present, &token, json)
                                 : gpt__added_add(added, content, strlen(content), &token));
    }
    return GPT_OK;
}

/* The reference numbers added tokens by itself, whatever the file says, behind as many ids as the model has tokens. */
static void log_other_ids(const gpt__added *added, const gpt__json *json)
{
    for (size_t i = 0; i < added->count; i++) {
        const gpt__added_token *token = added->tokens + i;
        if (token->file_id >= 0 && token->file_id != token->id)
            gpt__log(GPT_LOG_WARNING, "%s: the added token \"%s\" gets the id %lld; the file says %lld", json->path,
                     token->content, (long long)token->id, (long long)token->file_id);
    }
}

static gpt_status read_model(gpt_tokenizer *tokenizer, gpt__bpe_file *file, const gpt__json *json)
{
    const cJSON *model = NULL;
    const cJSON *vocab = NULL;
    const cJSON *merges = NULL;
    GPT__TRY(gpt__json_object(&model, json, json->root, "model"));
    GPT__TRY(check_model(json, model));
    GPT__TRY(check_words(tokenizer, json, model));
    file->bpe->words = tokenizer->pretokenizer.words;
    GPT__TRY(gpt__json_object(&vocab, json, model, "vocab"));
    GPT__TRY(gpt__json_array(&merges, json, model, "merges"));
    if (vocab == NULL || merges == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: the model has no \"%s\"", json->path, vocab == NULL ? "vocab" : "merges");
    GPT__TRY(gpt__tokenizer_begin_vocab(tokenizer, file, vocab));
    GPT__TRY(read_merges(file, merges));
    GPT__TRY(read_unknown(file, json, model));
    GPT__TRY(gpt__tokenizer_enter_added(tokenizer, file, cJSON_GetArraySize(vocab)));
    log_other_ids(&tokenizer->added, json);
    return GPT_OK;
}

static gpt_status read_parts(gpt_tokenizer *tokenizer, const gpt__json *json)
{
    const cJSON *root = json->root;
    if (!cJSON_IsObject(root))
        return gpt__fail(GPT_E_FORMAT, "%s: should be a JSON object", json->path);
    log_unapplied(json, "truncation");
    log_unapplied(json, "padding");
    GPT__TRY(gpt__normalizer_read(&tokenizer->normalizer, json, gpt__json_member(root, "normalizer")));
    GPT__TRY(gpt__pretokenizer_read(&tokenizer->pretokenizer, json, gpt__json_member(root, "pre_tokenizer")));
    GPT__TRY(gpt__decoder_read(&tokenizer->decoder, json, gpt__json_member(root, "decoder")));
    GPT__TRY(check_post_processor(json, gpt__json_member(root, "post_processor")));
    GPT__TRY(read_added(&tokenizer->added, json));
    gpt__bpe_file file;
    gpt__bpe_file_begin(&file, &tokenizer->bpe, json->path);
    gpt_status status = read_model(tokenizer, &file, json);
    gpt__bpe_file_end(&file);
    return status;
}

gpt_status gpt__tokenizer_open_json(gpt__json *json, const char *path)
{
    gpt__file file;
    GPT__TRY(gpt__file_read(&file, path));
    const char *text = (const char *)file.data;
    gpt_status status = GPT_OK;
    if (file.size > 0 && !gpt__text_valid(text, file.size))
        status = gpt__fail(GPT_E_FORMAT, "%s: not valid UTF-8", path);
    else if (file.size > 0 && memchr(text, '\0', file.size) != NULL)
        status = gpt__fail(GPT_E_FORMAT, "%s: not valid JSON: it has a byte that is zero", path);
    else if (file.size > 0 && has_escaped_nul(text, file.size))
        status = gpt__fail(GPT_E_UNSUPPORTED, "%s: a string with the character U+0000", path);
    else
        status = gpt__json_parse(json, text, file.size, path);
    gpt__file_close(&file);
    return status;
}

gpt_status gpt__tokenizer_read_json(gpt_tokenizer *tokenizer, const char *path)
{
    gpt__json json = {0};
    GPT__TRY(gpt__tokenizer_open_json(&json, path));
    gpt_status status = read_parts(tokenizer, &json);
    gpt__json_close(&json);
    return status;
}
