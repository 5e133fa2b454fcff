/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_text.c: what targets do with a tokenizer that opens: its ids are ids, and decode to valid text. */
#include "base/utf8.h"
#include "fuzz.h"

static void round_trip(const gpt_tokenizer *tokenizer, const char *text, size_t length, unsigned flags)
{
    int32_t *ids = NULL;
    char *decoded = NULL;
    size_t count = 0, decoded_length = 0;
    if (gpt_tokenizer_encode(&ids, &count, tokenizer, text, length, flags) != GPT_OK)
        return;
    for (size_t i = 0; i < count; i++)
        fuzz_check(ids[i] >= 0 && ids[i] < gpt_tokenizer_vocab_size(tokenizer), "ids are in the vocabulary");
    fuzz_check(gpt_tokenizer_decode(&decoded, &decoded_length, tokenizer, ids, count, 0) == GPT_OK, "its ids decode");
    fuzz_check(gpt__utf8_valid(decoded, decoded_length), "decoded text is valid");
    gpt_free(ids);
    gpt_free(decoded);
}

void fuzz_use_tokenizer(gpt_status status, gpt_tokenizer *tokenizer, const uint8_t *data, size_t size)
{
    static const char text[] = "Once upon a time, in the year 2024:\n\n  caf\xC3\xA9 \xE4\xB8\xAD\xE6\x96\x87 "
                               "<|endoftext|> x\xFF\0y's";
    fuzz_check((status == GPT_OK) == (tokenizer != NULL), "a tokenizer comes with success");
    if (tokenizer == NULL)
        return;
    round_trip(tokenizer, text, sizeof text - 1, 0);
    round_trip(tokenizer, text, sizeof text - 1, GPT_ENCODE_ORDINARY);
    round_trip(tokenizer, (const char *)data, size < 200 ? size : 200, 0);
    gpt_tokenizer_free(tokenizer);
}
