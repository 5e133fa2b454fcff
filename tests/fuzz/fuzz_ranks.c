/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_ranks.c: a line with the name of an encoding, and any bytes as its rank file. */
#include "fuzz.h"

#include <stdio.h>
#include <string.h>

const char fuzz_corpus[] = "fuzz/corpus/ranks";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gpt_tokenizer *tokenizer;
    char path[128], name[32] = "";
    const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t length = newline != NULL ? (size_t)(newline - data) : 0;
    if (newline == NULL || length >= sizeof name)
        return 0;
    memcpy(name, data, length);
    snprintf(path, sizeof path, "%s/ranks", fuzz_write_file("ranks", newline + 1, size - length - 1));
    gpt_status status = gpt_tokenizer_open_tiktoken(&tokenizer, path, name);
    fuzz_use_tokenizer(status, tokenizer, data, size);
    return 0;
}
