/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tokenizer/encode.c: text to ids: added tokens, normalization, added tokens again, division into pieces, byte-pair
 * encoding. What a call needs in memory is its own, so that threads can share a tokenizer.
 */
#include "base/utf8.h"
#include "tokenizer/parts.h"

#define KNOWN_FLAGS ((unsigned)GPT_ENCODE_ORDINARY)

/* One call of gpt_tokenizer_encode. */
typedef struct encoder {
    const gpt_tokenizer *tokenizer;
    int ordinary;
    gpt__ids ids;
    gpt__bpe_scratch merging;
    gpt__buffer normalized, other; /* scratch of the normalizer */
    gpt__buffer divided;           /* scratch of the pre-tokenizer */
} encoder;

static gpt_status take_piece(void *context, const char *piece, size_t length)
{
    encoder *e = context;
    if (e->tokenizer->bpe.words) {
        e->divided.length = 0;
        GPT__TRY(gpt__buffer_add(&e->divided, piece, length));
        GPT__TRY(gpt__buffer_add(&e->divided, " ", 1));
        piece = e->divided.bytes;
        length++;
    }
    return gpt__bpe_encode(&e->ids, &e->merging, &e->tokenizer->bpe, piece, length);
}

/* Text between added tokens, normalized. */
static gpt_status take_normalized(void *context, const char *text, size_t length)
{
    encoder *e = context;
    const gpt_tokenizer *t = e->tokenizer;
    return gpt__pretokenize(&t->pretokenizer, t->unicode, &e->divided, text, length, take_piece, e);
}

/* Text between the added tokens that are looked for in text as it comes. */
static gpt_status take_raw(void *context, const char *text, size_t length)
{
    encoder *e = context;
    const gpt_tokenizer *t = e->tokenizer;
    if (t->normalizer.count > 0) {
        GPT__TRY(gpt__normalizer_apply(&e->normalized, &e->other, &t->normalizer, text, length));
        text = e->normalized.bytes;
        length = e->normalized.length;
    }
    return gpt__added_split(&e->ids, &t->added, &t->added.normalized, t->unicode, text, length, e->ordinary,
                            take_normalized, e);
}

static gpt_status encode(encoder *e, const char *text, size_t length)
{
    const gpt_tokenizer *t = e->tokenizer;
    gpt__buffer valid = {0};
    gpt_status status = GPT_OK;
    if (!gpt__text_valid(text, length)) {
        status = gpt__utf8_add_valid(&valid, text, length);
        text = valid.bytes;
        length = valid.length;
    }
    /* English has about four bytes to a token; more room comes as it is needed. */
    if (status == GPT_OK)
        status = gpt__ids_reserve(&e->ids, length / 4 + 8);
    if (status == GPT_OK)
        status = gpt__added_split(&e->ids, &t->added, &t->added.raw, t->unicode, text, length, e->ordinary, take_raw,
                                  e);
    gpt__buffer_release(&valid);
    return status;
}

static void release_scratch(encoder *e)
{
    gpt__bpe_scratch_release(&e->merging);
    gpt__buffer_release(&e->normalized);
    gpt__buffer_release(&e->other);
    gpt__buffer_release(&e->divided);
}

/* Hands the ids over without the room that was left. */
static void hand_over(int32_t **ids, size_t *count, const gpt__ids *found)
{
    *count = found->count;
    if (found->count == 0) {
        gpt__release(found->at);
        return;
    }
    int32_t *fitted = gpt__resize(found->at, found->count, sizeof *found->at);
    *ids = fitted != NULL ? fitted : found->at;
}

gpt_status gpt_tokenizer_encode(int32_t **ids, size_t *count, const gpt_tokenizer *tokenizer, const char *text,
                                size_t length, unsigned flags)
{
    if (ids != NULL)
        *ids = NULL;
    if (count != NULL)
        *count = 0;
    GPT__CHECK_ARGUMENT(ids != NULL);
    GPT__CHECK_ARGUMENT(count != NULL);
    GPT__CHECK_ARGUMENT(tokenizer != NULL);
    GPT__CHECK_ARGUMENT(text != NULL || length == 0);
    GPT__CHECK_ARGUMENT(length <= PTRDIFF_MAX);
    GPT__CHECK_ARGUMENT((flags & ~KNOWN_FLAGS) == 0);
    if (length == 0)
        return GPT_OK;
    encoder e = {.tokenizer = tokenizer, .ordinary = (flags & GPT_ENCODE_ORDINARY) != 0};
    gpt_status status = encode(&e, text, length);
    release_scratch(&e);
    if (status == GPT_OK)
        hand_over(ids, count, &e.ids);
    else
        gpt__release(e.ids.at);
    return status;
}
