/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/vocab_merges.c: reads vocab.json and merges.txt, the files of GPT-2 and GPT-1, and those that Hugging
 * Face writes beside them, each of which may be missing: added_tokens.json, special_tokens_map.json and
 * tokenizer_config.json.
 */
#include "base/file.h"
#include "tokenizer/parts.h"

#include <string.h>

/* Where special tokens are named, in the order in which the reference numbers those that have no id. */
static const char *const special_keys[] = {"bos_token", "eos_token",  "unk_token", "sep_token",
                                           "pad_token", "cls_token", "mask_token"};
static const char *const special_lists[] = {"additional_special_tokens", "extra_special_tokens"};

/* GPT-2's one special token, which is special though no file says so. */
#define END_OF_TEXT "<|endoftext|>"

/* GPT-1's, likewise. */
#define UNKNOWN "<unk>"

/* The files beside vocab.json; root is NULL for one that is missing. */
typedef struct side_files {
    gpt__json config;
    gpt__json special;
    gpt__json added;
} side_files;

static gpt_status open_side_file(gpt__json *json, const char *directory, const char *name)
{
    char *path = gpt__join_path(directory, name);
    if (path == NULL)
        return GPT_E_MEMORY;
    int there;
    gpt_status status = gpt__has_file(&there, path);
    if (status == GPT_OK && there)
        status = gpt__tokenizer_open_json(json, path);
    if (status == GPT_OK && json->root != NULL && !cJSON_IsObject(json->root))
        status = gpt__fail(GPT_E_FORMAT, "%s: should be a JSON object", path);
    gpt__release(path);
    return status;
}

static gpt_status open_side_files(side_files *files, const char *directory)
{
    GPT__TRY(open_side_file(&files->config, directory, "tokenizer_config.json"));
    GPT__TRY(open_side_file(&files->special, directory, "special_tokens_map.json"));
    return open_side_file(&files->added, directory, "added_tokens.json");
}

static void close_side_files(side_files *files)
{
    gpt__json_close(&files->config);
    gpt__json_close(&files->special);
    gpt__json_close(&files->added);
}

/* Adds a token that a file names as special, or makes it special when it was added before. */
static gpt_status add_special(gpt__added *added, const char *content, gpt__added_token token)
{
    gpt__added_token *present = gpt__added_find(added, content, strlen(content));
    if (present == NULL) {
        token.special = 1;
        return gpt__added_add(added, content, strlen(content), &token);
    }
    present->special = 1;
    present->normalized = token.normalized;
    return GPT_OK;
}

/* A special token is a string, or an object with a content and flags. */
static gpt_status add_special_item(gpt__added *added, const gpt__json *json, const cJSON *item)
{
    if (cJSON_IsString(item))
        return add_special(added, item->valuestring, (gpt__added_token){.id = -1});
    const char *content;
    gpt__added_token token;
    GPT__TRY(gpt__added_read(&content, &token, json, item));
    token.id = -1;
    return add_special(added, content, token);
}

static gpt_status add_specials_of(gpt__added *added, const gpt__json *json)
{
    for (size_t i = 0; i < sizeof special_keys / sizeof *special_keys; i++) {
        const cJSON *item = gpt__json_member(json->root, special_keys[i]);
        if (item != NULL)
            GPT__TRY(add_special_item(added, json, item));
    }
    for (size_t i = 0; i < sizeof special_lists / sizeof *special_lists; i++) {
        const cJSON *list = gpt__json_member(json->root, special_lists[i]);
        for (const cJSON *item = cJSON_IsArray(list) ? list->child : NULL; item != NULL; item = item->next)
            GPT__TRY(add_special_item(added, json, item));
    }
    return GPT_OK;
}

/* "added_tokens_decoder" of tokenizer_config.json: objects under their ids. */
static gpt_status add_decoder_tokens(gpt__added *added, const gpt__json *json)
{
    const cJSON *object = NULL;
    GPT__TRY(gpt__json_object(&object, json, json->root, "added_tokens_decoder"));
    for (const cJSON *item = object ? object->child : NULL; item != NULL; item = item->next) {
        const char *content;
        gpt__added_token token;
        int64_t id = 0;
        GPT__TRY(gpt__added_read(&content, &token, json, item));
        for (const char *digit = item->string; id < GPT__MAX_VOCAB && *digit != '\0'; digit++)
            id = *digit >= '0' && *digit <= '9' ? id * 10 + (*digit - '0') : GPT__MAX_VOCAB;
        if (id >= GPT__MAX_VOCAB || item->string[0] == '\0')
            return gpt__fail(GPT_E_FORMAT, "%s: \"added_tokens_decoder\" has the key \"%s\", which is no token id",
                             json->path, item->string);
        token.id = id;
        GPT__TRY(gpt__added_add(added, content, strlen(content), &token));
    }
    return GPT_OK;
}

/* added_tokens.json: ids under their strings. */
static gpt_status add_added_tokens(gpt__added *added, const gpt__json *json)
{
    for (const cJSON *item = json->root ? json->root->child : NULL; item != NULL; item = item->next) {
        gpt__added_token token = {.normalized = 1};
        GPT__TRY(gpt__bpe_file_id(&token.id, json->path, item));
        GPT__TRY(gpt__added_add(added, item->string, strlen(item->string), &token));
    }
    return GPT_OK;
}

static gpt_status read_added(gpt__added *added, const side_files *files, const cJSON *vocab,
                             int words)
{
    GPT__TRY(add_decoder_tokens(added, &files->config));
    GPT__TRY(add_added_tokens(added, &files->added));
    GPT__TRY(add_specials_of(added, &files->special));
    GPT__TRY(add_specials_of(added, &files->config));
    const char *own = words ? UNKNOWN : END_OF_TEXT;
    if (cJSON_GetObjectItemCaseSensitive(vocab, own) == NULL)
        return GPT_OK;
    return add_special(added, own, (gpt__added_token){.id = -1});
}

/*
 * GPT-2's files or GPT-1's, which look the same, but are not written in the byte alphabet, in which a space is a
 * character like others. Where no file names the class, that tells them apart.
 */
static gpt_status read_class(int *words, const gpt__json *config, const cJSON *vocab)
{
    int has_space = cJSON_GetObjectItemCaseSensitive(vocab, "\xC4\xA0") != NULL;
    int has_unknown = cJSON_GetObjectItemCaseSensitive(vocab, UNKNOWN) != NULL;
    const char *class = !has_space && has_unknown ? "OpenAIGPTTokenizer" : "GPT2Tokenizer";
    GPT__TRY(gpt__json_string(&class, config, config->root, "tokenizer_class"));
    *words = strcmp(class, "OpenAIGPTTokenizer") == 0 || strcmp(class, "OpenAIGPTTokenizerFast") == 0;
    if (!*words && strcmp(class, "GPT2Tokenizer") != 0 && strcmp(class, "GPT2TokenizerFast") != 0)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the tokenizer class \"%s\" is not supported with vocab.json",
                         config->path, class);
    return GPT_OK;
}

/* The next line of text, without its end. Returns 0 when there is none. */
static int next_line(const char **line, size_t *length, const char **at, const char *end)
{
    if (*at == end)
        return 0;
    const char *newline = memchr(*at, '\n', (size_t)(end - *at));
    const char *stop = newline != NULL ? newline : end;
    *line = *at;
    *at = newline != NULL ? newline + 1 : end;
    *length = (size_t)(stop - *line);
    if (*length > 0 && (*line)[*length - 1] == '\r')
        --*length;
    return 1;
}

static gpt_status read_merge_lines(gpt__bpe_file *file, const char *text, size_t size)
{
    static const char version[] = "#version";
    const char *at = text;
    const char *end = text + size;
    const char *line;
    size_t length;
    size_t lines = 1;
    uint32_t rank = 0;
    while (next_line(&line, &length, &at, end))
        lines++;
    GPT__TRY(gpt__merges_begin(&file->bpe->merges, lines));
    at = text;
    for (size_t number = 0; next_line(&line, &length, &at, end); number++) {
        if (number == 0 && length >= sizeof version - 1 && memcmp(line, version, sizeof version - 1) == 0)
            continue;
        if (length > 0)
            GPT__TRY(gpt__bpe_file_merge_line(file, line, length, rank++));
    }
    return GPT_OK;
}

static gpt_status read_merges(gpt__bpe *bpe, const char *path)
{
    gpt__file text;
    gpt__bpe_file file;
    gpt_status status = gpt__file_read(&text, path);
    /* Without merges vocab.json is of no use: not "no tokenizer" but a broken one. */
    if (status == GPT_E_NOT_FOUND)
        return GPT_E_FILE;
    GPT__TRY(status);
    gpt__bpe_file_begin(&file, bpe, path);
    status = read_merge_lines(&file, text.data != NULL ? (const char *)text.data : "", text.size);
    gpt__bpe_file_end(&file);
    gpt__file_close(&text);
    return status;
}

static gpt_status read_tokens(gpt_tokenizer *tokenizer, const gpt__json *vocab)
{
    gpt__bpe_file file;
    gpt__bpe_file_begin(&file, &tokenizer->bpe, vocab->path);
    gpt_status status = gpt__tokenizer_begin_vocab(tokenizer, &file, vocab->root);
    if (status == GPT_OK && !tokenizer->bpe.words && gpt__tokens_find_piece(&tokenizer->bpe.tokens, " ", 1) < 0)
        status = gpt__fail(GPT_E_UNSUPPORTED, "%s: not a byte-level vocabulary: it has no token for a space",
                           vocab->path);
    if (status == GPT_OK)
        status = gpt__tokenizer_enter_added(tokenizer, &file, -1);
    if (status == GPT_OK && tokenizer->bpe.words)
        status = gpt__bpe_file_find(&tokenizer->bpe.unknown, &file, UNKNOWN);
    gpt__bpe_file_end(&file);
    return status;
}

static gpt_status read_files(gpt_tokenizer *tokenizer, const side_files *files, const gpt__json *vocab,
                             const char *directory)
{
    int prefix_space = 0;
    if (!cJSON_IsObject(vocab->root))
        return gpt__fail(GPT_E_FORMAT, "%s: should be a JSON object", vocab->path);
    GPT__TRY(read_class(&tokenizer->bpe.words, &files->config, vocab->root));
    GPT__TRY(gpt__json_bool(&prefix_space, &files->config, files->config.root, "add_prefix_space"));
    if (tokenizer->bpe.words) {
        gpt__normalizer_set_words(&tokenizer->normalizer);
        gpt__pretokenizer_set_words(&tokenizer->pretokenizer);
    } else {
        gpt__pretokenizer_set_gpt2(&tokenizer->pretokenizer, prefix_space);
    }
    tokenizer->decoder = tokenizer->bpe.words ? GPT__DECODER_WORDS : GPT__DECODER_BYTE_LEVEL;
    tokenizer->bpe.unknown = -1;
    GPT__TRY(read_added(&tokenizer->added, files, vocab->root, tokenizer->bpe.words));
    GPT__TRY(read_tokens(tokenizer, vocab));
    char *merges = gpt__join_path(directory, "merges.txt");
    if (merges == NULL)
        return GPT_E_MEMORY;
    gpt_status status = read_merges(&tokenizer->bpe, merges);
    gpt__release(merges);
    return status;
}

static gpt_status read_in_directory(gpt_tokenizer *tokenizer, const char *vocab_path, const char *directory)
{
    side_files files = {0};
    gpt__json vocab = {0};
    gpt_status status = open_side_files(&files, directory);
    if (status == GPT_OK)
        status = gpt__tokenizer_open_json(&vocab, vocab_path);
    if (status == GPT_OK)
        status = read_files(tokenizer, &files, &vocab, directory);
    gpt__json_close(&vocab);
    close_side_files(&files);
    return status;
}

gpt_status gpt__tokenizer_read_vocab(gpt_tokenizer *tokenizer, const char *vocab_path)
{
    const char *slash = strrchr(vocab_path, '/');
    size_t length = slash != NULL ? (size_t)(slash + 1 - vocab_path) : 1;
    char *directory = gpt__copy_string(slash != NULL ? vocab_path : ".", length);
    if (directory == NULL)
        return GPT_E_MEMORY;
    gpt_status status = read_in_directory(tokenizer, vocab_path, directory);
    gpt__release(directory);
    return status;
}
