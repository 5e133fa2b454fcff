/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_safetensors.c: any bytes as a model.safetensors; what opens is read to the last element. */
#include "fuzz.h"

const char fuzz_corpus[] = "fuzz/corpus/safetensors";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    fuzz_read_tensors(fuzz_write_file("model.safetensors", data, size));
    return 0;
}
