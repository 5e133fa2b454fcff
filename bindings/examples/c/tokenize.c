/* SPDX-License-Identifier: Apache-2.0 */
/*
 * c/tokenize.c: turns texts into token ids and back, and shows the bytes of each token.
 *
 *     tokenize [MODEL [TEXT...]]
 */
#include <gpt/gpt.h>
#include <stdio.h>
#include <string.h>

/* A token on a line: its id, and its bytes in hexadecimal, since they need not be whole characters. */
static void show_token(const gpt_tokenizer *tokenizer, int32_t id)
{
    size_t length;
    const char *bytes = gpt_tokenizer_token_bytes(&length, tokenizer, id);
    printf("%d", (int)id);
    for (size_t i = 0; i < length; i++)
        printf("%s%02x", i == 0 ? " " : "", (unsigned char)bytes[i]);
    printf("\n");
}

static gpt_status tokenize(const gpt_tokenizer *tokenizer, const char *text)
{
    int32_t *ids;
    size_t count, length;
    char *back = NULL;
    gpt_status status = gpt_tokenizer_encode(&ids, &count, tokenizer, text, strlen(text), 0);
    for (size_t i = 0; i < count; i++)
        show_token(tokenizer, ids[i]);
    if (status == GPT_OK)
        status = gpt_tokenizer_decode(&back, &length, tokenizer, ids, count, 0);
    if (status == GPT_OK)
        printf("%zu tokens: %s\n", count, back);
    gpt_free(back);
    gpt_free(ids);
    return status;
}

int main(int argc, char **argv)
{
    char *defaults[] = {"Once upon a time", "caf\xc3\xa9 \xf0\x9f\xa6\x8a", ""};
    char **texts = argc > 2 ? argv + 2 : defaults;
    int count = argc > 2 ? argc - 2 : 3;
    gpt_tokenizer *tokenizer;
    gpt_status status = gpt_tokenizer_open(&tokenizer, argc > 1 ? argv[1] : "storyteller");
    for (int i = 0; i < count && status == GPT_OK; i++)
        status = tokenize(tokenizer, texts[i]);
    if (status != GPT_OK)
        fprintf(stderr, "%s\n", gpt_error_message());
    gpt_tokenizer_free(tokenizer);
    return status != GPT_OK;
}
