/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_tokenizer.c: any bytes as a tokenizer.json; what opens encodes some text, and decodes what comes out. */
#include "fuzz.h"

#include "tokenizer/tokenizer.h"

const char fuzz_corpus[] = "fuzz/corpus/tokenizer";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gpt_tokenizer *tokenizer;
    gpt_status status = gpt__tokenizer_open_path(&tokenizer, fuzz_write_file("tokenizer.json", data, size));
    fuzz_use_tokenizer(status, tokenizer, data, size);
    return 0;
}
