/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/normalizer.h: the "normalizer" of tokenizer.json: what is done to text before it is split. */
#ifndef GPT__TOKENIZER_NORMALIZER_H
#define GPT__TOKENIZER_NORMALIZER_H

#include "base/buffer.h"
#include "format/json.h"

#define GPT__MAX_NORMALIZER_STEPS 16

/* Adds text, which is well-formed UTF-8, to out in its normal form. */
typedef gpt_status gpt__normalizer_step(gpt__buffer *out, const char *text, size_t length);

/* Begins as {0}: text stays as it is. */
typedef struct gpt__normalizer {
    gpt__normalizer_step *steps[GPT__MAX_NORMALIZER_STEPS];
    int count;
} gpt__normalizer;

/* Reads the member "normalizer", which may be NULL. GPT_E_UNSUPPORTED naming a type that is not in the table. */
gpt_status gpt__normalizer_read(gpt__normalizer *normalizer, const gpt__json *json, const cJSON *member);

/* NFC alone. */
void gpt__normalizer_set_nfc(gpt__normalizer *normalizer);

/* GPT-1's: BertNormalizer with all it can do. */
void gpt__normalizer_set_words(gpt__normalizer *normalizer);

/* Normalizes into out, which is emptied first; other is scratch. */
gpt_status gpt__normalizer_apply(gpt__buffer *out, gpt__buffer *other, const gpt__normalizer *normalizer,
                                 const char *text, size_t length);

#endif
