/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/normal_form.h: normalizer steps that are Unicode's own: normal forms, lower case. */
#ifndef GPT__TOKENIZER_NORMAL_FORM_H
#define GPT__TOKENIZER_NORMAL_FORM_H

#include "tokenizer/normalizer.h"

gpt__normalizer_step gpt__normalize_nfc;
gpt__normalizer_step gpt__normalize_nfd;
gpt__normalizer_step gpt__normalize_nfkc;
gpt__normalizer_step gpt__normalize_nfkd;

/* Each character by itself, as the reference does: a capital sigma becomes the same letter wherever it stands. */
gpt__normalizer_step gpt__normalize_lowercase;

#endif
