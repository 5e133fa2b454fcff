/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/tiktoken.c: OpenAI's rank files, one token to a line: its bytes in base64, a space, its rank, which is its
 * id. They hold no merges: of two neighbours, those merge first whose bytes together have the smallest rank. So every
 * way to cut a token into two tokens is a merge of the token's rank. Division and special tokens are not in the file;
 * they are those of a named encoding (openai_public.py of tiktoken).
 */
#include "base/file.h"
#include "tokenizer/parts.h"

#include <stdio.h>
#include <string.h>

typedef struct special {
    const char *content;
    int32_t id;
} special;

static const special gpt2_specials[] = {{"<|endoftext|>", 50256}, {NULL, 0}};

static const special p50k_edit_specials[] = {
    {"<|endoftext|>", 50256},  {"<|fim_prefix|>", 50281}, {"<|fim_middle|>", 50282},
    {"<|fim_suffix|>", 50283}, {NULL, 0},
};

static const special cl100k_specials[] = {
    {"<|endoftext|>", 100257},  {"<|fim_prefix|>", 100258},   {"<|fim_middle|>", 100259},
    {"<|fim_suffix|>", 100260}, {"<|endofprompt|>", 100276}, {NULL, 0},
};

static const special o200k_specials[] = {{"<|endoftext|>", 199999}, {"<|endofprompt|>", 200018}, {NULL, 0}};

static const special harmony_specials[] = {
    {"<|startoftext|>", 199998}, {"<|endoftext|>", 199999}, {"<|return|>", 200002},  {"<|constrain|>", 200003},
    {"<|channel|>", 200005},     {"<|start|>", 200006},     {"<|end|>", 200007},     {"<|message|>", 200008},
    {"<|call|>", 200012},        {"<|endofprompt|>", 200018}, {NULL, 0},
};

typedef struct encoding {
    const char *name;
    gpt__scanner *scanner;
    const special *specials;
    int32_t first_reserved, last_reserved; /* ids of <|reserved_ID|>, but for those that have a name; 0: none */
} encoding;

/* One id of harmony has both a name and a reserved one, which stays a second way to write it. */
#define NAMED_AND_RESERVED 200018

static const encoding encodings[] = {
    {"r50k_base", gpt__scan_gpt2, gpt2_specials, 0, 0},
    {"p50k_base", gpt__scan_gpt2, gpt2_specials, 0, 0},
    {"p50k_edit", gpt__scan_gpt2, p50k_edit_specials, 0, 0},
    {"cl100k_base", gpt__scan_cl100k_tiktoken, cl100k_specials, 0, 0},
    {"o200k_base", gpt__scan_o200k, o200k_specials, 0, 0},
    {"o200k_harmony", gpt__scan_o200k, harmony_specials, 200000, 201087},
};

#define ENDING ".tiktoken"

int gpt__is_tiktoken(const char *path)
{
    size_t length = strlen(path), ending = strlen(ENDING);
    return length > ending && strcmp(path + length - ending, ENDING) == 0;
}

/* The encoding of that name; by the file's name for NULL. */
static gpt_status find_encoding(const encoding **out, const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    const char *base = slash != NULL ? slash + 1 : path;
    size_t length = gpt__is_tiktoken(base) ? strlen(base) - strlen(ENDING) : strlen(base);
    if (name != NULL) {
        base = name;
        length = strlen(name);
    }
    for (size_t i = 0; i < sizeof encodings / sizeof *encodings; i++) {
        if (strlen(encodings[i].name) != length || memcmp(encodings[i].name, base, length) != 0)
            continue;
        *out = &encodings[i];
        return GPT_OK;
    }
    return gpt__fail(GPT_E_UNSUPPORTED, "%s: \"%.*s\" is none of the encodings r50k_base, p50k_base, p50k_edit, "
                     "cl100k_base, o200k_base, o200k_harmony", path, (int)(length < 64 ? length : 64), base);
}

/*
 * Ranks.
 */

typedef struct reading {
    const char *path;
    const char *at;
    const char *end;
    long line;
    gpt__buffer bytes; /* of the token of the line */
    int64_t rank;
} reading;

/* Each token is cut at each byte, which takes quadratic time; the longest of the encodings have some hundred bytes. */
#define MOST_TOKEN_BYTES 1024

static gpt_status fail_line(const reading *r)
{
    return gpt__fail(GPT_E_FORMAT, "%s: line %ld should be a token in base64, a space and a rank", r->path, r->line);
}

static int base64_value(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *found = c != '\0' ? strchr(digits, c) : NULL;
    return found != NULL ? (int)(found - digits) : -1;
}

/* RFC 4648, with padding, and without bits that stand for nothing. */
static gpt_status decode_base64(reading *r, const char *text, size_t length)
{
    size_t padding = length > 0 && text[length - 1] == '=' ? 1 + (length > 1 && text[length - 2] == '=') : 0;
    uint32_t bits = 0;
    int count = 0;
    r->bytes.length = 0;
    if (length == 0 || length % 4 != 0)
        return fail_line(r);
    if (length / 4 * 3 - padding > MOST_TOKEN_BYTES)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the token of line %ld has more than %d bytes", r->path, r->line,
                         MOST_TOKEN_BYTES);
    for (size_t i = 0; i < length - padding; i++) {
        int value = base64_value(text[i]);
        if (value < 0)
            return fail_line(r);
        bits = bits << 6 | (uint32_t)value;
        count += 6;
        if (count >= 8) {
            count -= 8;
            char byte = (char)(bits >> count);
            GPT__TRY(gpt__buffer_add(&r->bytes, &byte, 1));
            bits &= (1u << count) - 1;
        }
    }
    return bits == 0 ? GPT_OK : fail_line(r);
}

/* Reads the next line that is not empty; *more is 0 at the end of the file. */
static gpt_status next_line(reading *r, int *more)
{
    *more = 0;
    while (r->at < r->end && *r->at == '\n') {
        r->at++;
        r->line++;
    }
    if (r->at == r->end)
        return GPT_OK;
    const char *newline = memchr(r->at, '\n', (size_t)(r->end - r->at));
    const char *end = newline != NULL ? newline : r->end;
    const char *space = memchr(r->at, ' ', (size_t)(end - r->at));
    if (space == NULL || space + 1 == end || end - space > 10)
        return fail_line(r);
    r->rank = 0;
    for (const char *digit = space + 1; digit < end; digit++) {
        if (*digit < '0' || *digit > '9')
            return fail_line(r);
        r->rank = 10 * r->rank + (*digit - '0');
    }
    GPT__TRY(decode_base64(r, r->at, (size_t)(space - r->at)));
    r->at = end;
    *more = 1;
    return GPT_OK;
}

/* One more than the largest id of file and encoding, and how many tokens the file has. */
static gpt_status measure(int64_t *size, size_t *count, reading r, const encoding *e)
{
    int more = 1;
    *size = e->last_reserved + 1;
    *count = 0;
    for (const special *s = e->specials; s->content != NULL; s++)
        *size = s->id >= *size ? s->id + 1 : *size;
    gpt_status status = next_line(&r, &more);
    for (; status == GPT_OK && more; status = next_line(&r, &more)) {
        *size = r.rank >= *size ? r.rank + 1 : *size;
        ++*count;
    }
    gpt__buffer_release(&r.bytes);
    return status;
}

static gpt_status read_tokens(gpt__tokens *tokens, reading *r)
{
    int more;
    GPT__TRY(next_line(r, &more));
    while (more) {
        GPT__TRY(gpt__tokens_add(tokens, (int32_t)r->rank, r->bytes.bytes, r->bytes.length, 1, r->path));
        GPT__TRY(next_line(r, &more));
    }
    return GPT_OK;
}

/*
 * Merges.
 */

typedef struct pair {
    int32_t left, right, merged;
} pair;

typedef struct pairs {
    pair *at;
    size_t count;
    size_t capacity;
} pairs;

/* Adds each way to cut a token in two. */
static gpt_status add_cuts(pairs *found, const gpt__tokens *tokens, int32_t id)
{
    const char *bytes = tokens->bytes.bytes + tokens->starts[id];
    size_t length = tokens->lengths[id];
    for (size_t cut = 1; cut < length; cut++) {
        int32_t left = gpt__tokens_find_piece(tokens, bytes, cut);
        int32_t right = left >= 0 ? gpt__tokens_find_piece(tokens, bytes + cut, length - cut) : -1;
        if (right < 0)
            continue;
        GPT__TRY(gpt__reserve((void **)&found->at, &found->capacity, found->count + 1, sizeof *found->at));
        found->at[found->count++] = (pair){left, right, id};
    }
    return GPT_OK;
}

static gpt_status make_merges(gpt__bpe *bpe)
{
    pairs found = {0};
    gpt_status status = GPT_OK;
    for (int32_t id = 0; status == GPT_OK && id < bpe->tokens.size; id++)
        if (bpe->tokens.flags[id] != 0)
            status = add_cuts(&found, &bpe->tokens, id);
    if (status == GPT_OK)
        status = gpt__merges_begin(&bpe->merges, found.count);
    for (size_t i = 0; status == GPT_OK && i < found.count; i++)
        gpt__merges_set(&bpe->merges, found.at[i].left, found.at[i].right, (uint32_t)found.at[i].merged,
                        found.at[i].merged);
    gpt__release(found.at);
    return status;
}

/*
 * Special tokens.
 */

static gpt_status add_special(gpt_tokenizer *tokenizer, const char *content, int32_t id, int is_alias,
                              const char *path)
{
    gpt__tokens *tokens = &tokenizer->bpe.tokens;
    const gpt__added_token token = {.id = id, .special = 1, .in_model = is_alias};
    GPT__TRY(gpt__added_add(&tokenizer->added, content, strlen(content), &token));
    if (!is_alias)
        GPT__TRY(gpt__tokens_add(tokens, id, content, strlen(content), 0, path));
    tokens->flags[id] |= GPT__TOKEN_SPECIAL;
    return GPT_OK;
}

static int is_named(const encoding *e, int32_t id)
{
    for (const special *s = e->specials; s->content != NULL; s++)
        if (s->id == id)
            return 1;
    return 0;
}

static gpt_status add_specials(gpt_tokenizer *tokenizer, const encoding *e, const char *path)
{
    for (const special *s = e->specials; s->content != NULL; s++)
        GPT__TRY(add_special(tokenizer, s->content, s->id, 0, path));
    for (int32_t id = e->first_reserved; e->first_reserved > 0 && id <= e->last_reserved; id++) {
        char content[32];
        if (is_named(e, id) && id != NAMED_AND_RESERVED)
            continue;
        snprintf(content, sizeof content, "<|reserved_%d|>", (int)id);
        GPT__TRY(add_special(tokenizer, content, id, id == NAMED_AND_RESERVED, path));
    }
    return GPT_OK;
}

static gpt_status read_all(gpt_tokenizer *tokenizer, const encoding *e, const char *path, const gpt__file *file)
{
    int64_t size;
    size_t count;
    gpt__bpe *bpe = &tokenizer->bpe;
    const char *text = (const char *)file->data;
    reading r = {.path = path, .at = text, .end = text + file->size, .line = 1};
    GPT__TRY(measure(&size, &count, r, e));
    if (count == 0)
        return gpt__fail(GPT_E_FORMAT, "%s: the file has no tokens", path);
    GPT__TRY(gpt__tokens_begin(&bpe->tokens, size, count, path));
    gpt_status status = read_tokens(&bpe->tokens, &r);
    gpt__buffer_release(&r.bytes);
    if (status == GPT_OK)
        status = make_merges(bpe);
    return status == GPT_OK ? add_specials(tokenizer, e, path) : status;
}

gpt_status gpt__tokenizer_read_tiktoken(gpt_tokenizer *tokenizer, const char *path, const char *name)
{
    const encoding *e = NULL;
    gpt__file file;
    GPT__TRY(find_encoding(&e, path, name));
    GPT__TRY(gpt__file_read(&file, path));
    gpt__pretokenizer_add(&tokenizer->pretokenizer, e->scanner);
    tokenizer->decoder = GPT__DECODER_BYTE_LEVEL;
    tokenizer->bpe.unknown = -1;
    /* A piece that is a token is looked up before anything merges, as tiktoken does. */
    tokenizer->bpe.ignore_merges = 1;
    gpt_status status = read_all(tokenizer, e, path, &file);
    gpt__file_close(&file);
    return status;
}
