/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/fuzz_vocab.c: any bytes as vocab.json and the files beside it, one after the other, with a line of a percent
 * sign between two; a file whose part is empty is not there.
 */
#include "fuzz.h"

#include "tokenizer/tokenizer.h"

#include <string.h>

const char fuzz_corpus[] = "fuzz/corpus/vocab";

/* Writes the files and returns their directory. */
static const char *write_parts(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"vocab.json", "merges.txt", "tokenizer_config.json",
                                        "special_tokens_map.json", "added_tokens.json"};
    static const char between[] = "\n%\n";
    const char *directory = NULL;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const uint8_t *end = size > 0 ? memmem(data, size, between, strlen(between)) : NULL;
        size_t length = end != NULL ? (size_t)(end - data) : size;
        size_t used = end != NULL ? length + strlen(between) : size;
        directory = fuzz_write_file(names[i], length > 0 ? data : NULL, length);
        data += used;
        size -= used;
    }
    return directory;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gpt_tokenizer *tokenizer;
    gpt_status status = gpt__tokenizer_open_path(&tokenizer, write_parts(data, size));
    fuzz_use_tokenizer(status, tokenizer, data, size);
    return 0;
}
