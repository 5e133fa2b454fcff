/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/decoder.h: the "decoder" of tokenizer.json: how the strings of tokens become text again. */
#ifndef GPT__TOKENIZER_DECODER_H
#define GPT__TOKENIZER_DECODER_H

#include "format/json.h"

/* What a token's string in the vocabulary stands for. */
typedef enum gpt__decoder {
    GPT__DECODER_BYTE_LEVEL, /* bytes in the byte alphabet; the bytes of all tokens together are UTF-8 */
    GPT__DECODER_WORDS       /* text, in which a space stands for the end of a word; the last one ends without */
} gpt__decoder;

/* Reads the member "decoder". GPT_E_UNSUPPORTED naming a type that is not in the table. */
gpt_status gpt__decoder_read(gpt__decoder *decoder, const gpt__json *json, const cJSON *member);

#endif
