/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/gguf.c: reads the tokenizer in a GGUF file: a list of tokens, what kind each is, and merges. How text is
 * divided is only named there; the names are llama.cpp's, and stand here for what the tokenizer.json of the models that
 * they are used for says.
 */
#include "base/bytes.h"
#include "base/log.h"
#include "base/utf8.h"
#include "format/gguf.h"
#include "tokenizer/parts.h"

#include <string.h>

/* Kinds of tokens, by their numbers in tokenizer.ggml.token_type. */
enum { NORMAL = 1, UNKNOWN = 2, CONTROL = 3, USER_DEFINED = 4, UNUSED = 5 };

/* The values of tokenizer.ggml.pre: scanners that divide text one after the other, and whether it is normalized. */
typedef struct division {
    const char *name;
    gpt__scanner *scanners[2]; /* NULL: none */
    int nfc;
} division;

static const division divisions[] = {
    {"gpt-2", {gpt__scan_gpt2}, 0},
    {"phi-2", {gpt__scan_gpt2}, 0},
    {"mpt", {gpt__scan_gpt2}, 1},
    {"olmo", {gpt__scan_gpt2}, 1},
    {"starcoder", {gpt__scan_each_digit, gpt__scan_gpt2}, 0},
    {"refact", {gpt__scan_each_digit, gpt__scan_gpt2}, 0},
    {"dbrx", {gpt__scan_cl100k}, 0},
    {"gpt-4o", {gpt__scan_o200k}, 0},
};

/* Files that were made before there were names, or by a converter that knew none, have what their architecture has. */
static const struct {
    const char *architecture;
    const char *pre;
} unnamed[] = {
    {"gpt2", "gpt-2"},
    {"gptneox", "olmo"},
    {"starcoder", "starcoder"},
    {"gpt-oss", "gpt-4o"},
};

/* What is being read. */
typedef struct reading {
    gpt_tokenizer *tokenizer;
    const gpt__gguf *gguf;
    gpt__bpe_file *file;
    gpt__buffer string;  /* the token at hand, ended by NUL */
    int64_t specials[3]; /* what the file names for a beginning, an end or a filler; -1: none */
} reading;

static gpt_status find_unnamed(gpt__gguf_string *pre, const gpt__gguf *gguf)
{
    gpt__gguf_string architecture = {"", 0};
    GPT__TRY(gpt__gguf_text(&architecture, gguf, "general.architecture"));
    for (size_t i = 0; i < sizeof unnamed / sizeof *unnamed; i++)
        if (gpt__gguf_is(architecture, unnamed[i].architecture))
            *pre = (gpt__gguf_string){unnamed[i].pre, strlen(unnamed[i].pre)};
    return GPT_OK;
}

static gpt_status find_division(const division **out, const gpt__gguf *gguf)
{
    gpt__gguf_string pre = {"default", 7};
    GPT__TRY(gpt__gguf_text(&pre, gguf, "tokenizer.ggml.pre"));
    if (gpt__gguf_is(pre, "default"))
        GPT__TRY(find_unnamed(&pre, gguf));
    for (size_t i = 0; i < sizeof divisions / sizeof *divisions; i++) {
        if (gpt__gguf_is(pre, divisions[i].name)) {
            *out = &divisions[i];
            return GPT_OK;
        }
    }
    return gpt__fail(GPT_E_UNSUPPORTED, "%s: the pre-tokenizer \"%.*s\" is not supported", gguf->file->path,
                     (int)(pre.length < 64 ? pre.length : 64), pre.text);
}

static gpt_status read_division(gpt_tokenizer *tokenizer, const gpt__gguf *gguf)
{
    const division *division = NULL;
    GPT__TRY(find_division(&division, gguf));
    for (size_t i = 0; i < sizeof division->scanners / sizeof *division->scanners; i++)
        if (division->scanners[i] != NULL)
            gpt__pretokenizer_add(&tokenizer->pretokenizer, division->scanners[i]);
    if (division->nfc)
        gpt__normalizer_set_nfc(&tokenizer->normalizer);
    tokenizer->decoder = GPT__DECODER_BYTE_LEVEL;
    return GPT_OK;
}

/* Settings of other kinds of tokenizers, which change what a text becomes. */
static gpt_status refuse_settings(const gpt__gguf *gguf)
{
    static const char *const switches[] = {"tokenizer.ggml.add_space_prefix",
                                           "tokenizer.ggml.remove_extra_whitespaces"};
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        int on = 0;
        GPT__TRY(gpt__gguf_bool(&on, gguf, switches[i]));
        if (on)
            return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"%s\" is not supported", gguf->file->path, switches[i]);
    }
    if (gpt__gguf_find(gguf, "tokenizer.ggml.precompiled_charsmap") != NULL)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"tokenizer.ggml.precompiled_charsmap\" is not supported",
                         gguf->file->path);
    return GPT_OK;
}

/* libgpt adds no tokens to a text: the caller does. */
static gpt_status log_unapplied(const gpt__gguf *gguf)
{
    static const char *const switches[] = {"tokenizer.ggml.add_bos_token", "tokenizer.ggml.add_eos_token",
                                           "tokenizer.ggml.add_sep_token"};
    for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
        int on = 0;
        GPT__TRY(gpt__gguf_bool(&on, gguf, switches[i]));
        if (on)
            gpt__log(GPT_LOG_WARNING, "%s: \"%s\" is not applied: no tokens are added to texts", gguf->file->path,
                     switches[i]);
    }
    return GPT_OK;
}

/* The next string of an array into r->string. */
static gpt_status next_string(reading *r, const unsigned char **at, const char *what, uint64_t number)
{
    gpt__gguf_string string = gpt__gguf_next_string(at);
    if (memchr(string.text, '\0', string.length) != NULL || !gpt__utf8_valid(string.text, string.length))
        return gpt__fail(GPT_E_FORMAT, "%s: %s %llu should be UTF-8 without NUL", r->gguf->file->path, what,
                         (unsigned long long)number);
    r->string.length = 0;
    return gpt__buffer_add(&r->string, string.text, string.length);
}

static gpt_status read_specials(reading *r)
{
    static const char *const keys[] = {"tokenizer.ggml.bos_token_id", "tokenizer.ggml.eos_token_id",
                                       "tokenizer.ggml.padding_token_id"};
    for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
        r->specials[i] = -1;
        GPT__TRY(gpt__gguf_int(&r->specials[i], r->gguf, keys[i], 0, UINT32_MAX));
    }
    return GPT_OK;
}

/* A file without kinds has no control tokens but those. */
static int32_t kind_of(const reading *r, const gpt__gguf_entry *kinds, uint64_t id)
{
    if (kinds != NULL)
        return (int32_t)gpt__read_u32(kinds->data + 4 * id);
    for (size_t i = 0; i < sizeof r->specials / sizeof *r->specials; i++)
        if (r->specials[i] == (int64_t)id)
            return CONTROL;
    return NORMAL;
}

/*
 * The file does not tell whether an added token is one of the model's, too, which merges may lead to. It is entered as
 * one: without such merges this changes nothing.
 */
static gpt_status add_token(reading *r, int64_t id, int32_t kind)
{
    const char *string = r->string.bytes;
    gpt__added_token added = {.id = id, .special = kind != USER_DEFINED, .normalized = kind == USER_DEFINED};
    if (kind == UNUSED)
        return GPT_OK;
    if (kind < NORMAL || kind > UNUSED)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: token %lld is of kind %d, expected 1 to 5", r->gguf->file->path,
                         (long long)id, (int)kind);
    GPT__TRY(gpt__bpe_file_token(r->file, (int32_t)id, string, 1));
    return kind == NORMAL ? GPT_OK : gpt__added_add(&r->tokenizer->added, string, r->string.length, &added);
}

static gpt_status read_tokens(reading *r)
{
    const gpt__gguf_entry *tokens;
    const gpt__gguf_entry *kinds;
    GPT__TRY(read_specials(r));
    GPT__TRY(gpt__gguf_array(&tokens, r->gguf, "tokenizer.ggml.tokens", GPT__GGUF_STRING));
    GPT__TRY(gpt__gguf_array(&kinds, r->gguf, "tokenizer.ggml.token_type", GPT__GGUF_I32));
    if (tokens == NULL || tokens->count == 0)
        return gpt__fail(GPT_E_FORMAT, "%s: \"tokenizer.ggml.tokens\" is missing", r->gguf->file->path);
    if (kinds != NULL && kinds->count != tokens->count)
        return gpt__fail(GPT_E_FORMAT, "%s: %llu kinds for %llu tokens", r->gguf->file->path,
                         (unsigned long long)kinds->count, (unsigned long long)tokens->count);
    if (tokens->count > GPT__MAX_VOCAB)
        return gpt__fail(GPT_E_FORMAT, "%s: %llu tokens, at most %d are expected", r->gguf->file->path,
                         (unsigned long long)tokens->count, GPT__MAX_VOCAB);
    GPT__TRY(gpt__tokens_begin(&r->tokenizer->bpe.tokens, (int64_t)tokens->count, (size_t)tokens->count,
                               r->gguf->file->path));
    const unsigned char *at = tokens->data;
    for (uint64_t i = 0; i < tokens->count; i++) {
        GPT__TRY(next_string(r, &at, "token", i));
        GPT__TRY(add_token(r, (int64_t)i, kind_of(r, kinds, i)));
    }
    return gpt__tokenizer_enter_added(r->tokenizer, r->file, -1);
}

static gpt_status read_merges(reading *r)
{
    const gpt__gguf_entry *merges;
    GPT__TRY(gpt__gguf_array(&merges, r->gguf, "tokenizer.ggml.merges", GPT__GGUF_STRING));
    if (merges == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: \"tokenizer.ggml.merges\" is missing", r->gguf->file->path);
    if (merges->count > UINT32_MAX / 2)
        return gpt__fail(GPT_E_FORMAT, "%s: %llu merges are too many", r->gguf->file->path,
                         (unsigned long long)merges->count);
    GPT__TRY(gpt__merges_begin(&r->tokenizer->bpe.merges, (size_t)merges->count));
    const unsigned char *at = merges->data;
    for (uint64_t i = 0; i < merges->count; i++) {
        GPT__TRY(next_string(r, &at, "merge", i));
        GPT__TRY(gpt__bpe_file_merge_line(r->file, r->string.bytes, r->string.length, (uint32_t)i));
    }
    return GPT_OK;
}

static gpt_status read_parts(gpt_tokenizer *tokenizer, const gpt__gguf *gguf)
{
    gpt__gguf_string model = {"none", 4};
    GPT__TRY(gpt__gguf_text(&model, gguf, "tokenizer.ggml.model"));
    if (gpt__gguf_is(model, "none") || gpt__gguf_is(model, "no_vocab"))
        return gpt__fail(GPT_E_NOT_FOUND, "%s: the file has no tokenizer", gguf->file->path);
    if (!gpt__gguf_is(model, "gpt2"))
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the tokenizer \"%.*s\" is not supported", gguf->file->path,
                         (int)(model.length < 64 ? model.length : 64), model.text);
    GPT__TRY(refuse_settings(gguf));
    GPT__TRY(log_unapplied(gguf));
    GPT__TRY(read_division(tokenizer, gguf));
    tokenizer->bpe.unknown = -1;

    gpt__bpe_file file;
    gpt__bpe_file_begin(&file, &tokenizer->bpe, gguf->file->path);
    reading r = {.tokenizer = tokenizer, .gguf = gguf, .file = &file};
    gpt_status status = read_tokens(&r);
    if (status == GPT_OK)
        status = read_merges(&r);
    gpt__buffer_release(&r.string);
    gpt__bpe_file_end(&file);
    return status;
}

gpt_status gpt__tokenizer_read_gguf(gpt_tokenizer *tokenizer, const char *path)
{
    gpt__gguf gguf;
    GPT__TRY(gpt__gguf_open(&gguf, path));
    gpt_status status = read_parts(tokenizer, &gguf);
    gpt__gguf_close(&gguf);
    return status;
}
