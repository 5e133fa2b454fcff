/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/decoder.c: reads a "decoder". */
#include "tokenizer/decoder.h"

#include "tokenizer/words.h"

#include <string.h>

/* The types that are implemented. */
static const struct {
    const char *type;
    gpt__decoder decoder;
} types[] = {
    {"ByteLevel", GPT__DECODER_BYTE_LEVEL},
    {"BPEDecoder", GPT__DECODER_WORDS},
};

static gpt_status check_suffix(const gpt__json *json, const cJSON *member)
{
    const char *suffix = GPT__WORD_END;
    GPT__TRY(gpt__json_string(&suffix, json, member, "suffix"));
    if (strcmp(suffix, GPT__WORD_END) != 0)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the decoder's suffix \"%s\" is not supported", json->path, suffix);
    return GPT_OK;
}

gpt_status gpt__decoder_read(gpt__decoder *decoder, const gpt__json *json, const cJSON *member)
{
    const char *type = NULL;
    /* Without a decoder the reference puts a space between all tokens, which no model wants. */
    if (member == NULL)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: there is no \"decoder\"", json->path);
    GPT__TRY(gpt__json_string(&type, json, member, "type"));
    if (type == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: the decoder should be an object with a \"type\"", json->path);
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        if (strcmp(types[i].type, type) != 0)
            continue;
        *decoder = types[i].decoder;
        return *decoder == GPT__DECODER_WORDS ? check_suffix(json, member) : GPT_OK;
    }
    return gpt__fail(GPT_E_UNSUPPORTED, "%s: the decoder \"%s\" is not supported", json->path, type);
}
