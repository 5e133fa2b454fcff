/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/added.h: tokens that are found in text as they are, before it is divided into pieces. */
#ifndef GPT__TOKENIZER_ADDED_H
#define GPT__TOKENIZER_ADDED_H

#include "format/json.h"
#include "tokenizer/byte_map.h"
#include "tokenizer/ids.h"
#include "tokenizer/matcher.h"
#include "tokenizer/normalizer.h"
#include "tokenizer/unicode.h"

typedef struct gpt__added_token {
    char *content;
    size_t length;
    char *normalized_content; /* what is looked for in normalized text; NULL when content itself is */
    int64_t id;               /* -1 while it has none */
    int64_t file_id;          /* what a tokenizer.json says, for comparison; -1: nothing */
    int single_word;          /* only where no word character stands beside it */
    int lstrip;               /* takes the white space before it */
    int rstrip;               /* takes the white space after it */
    int normalized;           /* is looked for in normalized text */
    int special;              /* control, not text */
    int in_model;             /* the model has it among its own tokens */
} gpt__added_token;

/* Begins as {0}. */
typedef struct gpt__added {
    gpt__added_token *tokens;
    size_t count;
    size_t capacity;
    gpt__buffer contents; /* of all tokens, for the map */
    uint32_t *starts;
    size_t starts_capacity;
    gpt__byte_map by_content; /* to indexes of tokens */
    gpt__matcher raw;        /* the tokens that are looked for in text as it comes */
    gpt__matcher normalized; /* those looked for in what is left, once it is normalized */
} gpt__added;

/*
 * Adds a token of that content, unless it is empty or there already. content is copied, id and flags are taken from
 * token.
 */
gpt_status gpt__added_add(gpt__added *added, const char *content, size_t length, const gpt__added_token *token);

/* The token of that content, or NULL. */
gpt__added_token *gpt__added_find(const gpt__added *added, const char *content, size_t length);

/* Reads the members of one object of "added_tokens" into token (not its content) and *content. */
gpt_status gpt__added_read(const char **content, gpt__added_token *token, const gpt__json *json, const cJSON *item);

/* To be called when all are added: normalizes the contents of those that are looked for in normalized text. */
gpt_status gpt__added_normalize(gpt__added *added, const gpt__normalizer *normalizer);

/* To be called when all have their ids: prepares the search. GPT_E_UNSUPPORTED for a very long token; path names it. */
gpt_status gpt__added_finish(gpt__added *added, const char *path);

/* Takes text that lies between two tokens. */
typedef gpt_status gpt__take_text(void *context, const char *text, size_t length);

/*
 * Finds the tokens of one matcher in text: adds their ids to out, and hands what lies between to take, in order. With
 * ordinary set special tokens are passed over.
 */
gpt_status gpt__added_split(gpt__ids *out, const gpt__added *added, const gpt__matcher *matcher,
                            const gpt__unicode *unicode, const char *text, size_t length, int ordinary,
                            gpt__take_text *take, void *context);

void gpt__added_release(gpt__added *added);

#endif
