/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_safetensors.c: any bytes as a model.safetensors; what opens is read to the last element. */
#include "fuzz.h"

#include "format/tensor.h"

const char fuzz_corpus[] = "fuzz/corpus/safetensors";

static void read_all(const gpt__tensor *tensor)
{
    float out[64];
    for (int64_t first = 0; first < tensor->count; first += 64) {
        int64_t count = tensor->count - first < 64 ? tensor->count - first : 64;
        gpt_status status = gpt__tensor_to_f32(out, tensor, first, count);
        fuzz_check((status == GPT_OK) == (gpt__tensor_is_float(tensor) != 0), "float types convert, others do not");
    }
    if (tensor->bytes > 0)
        fuzz_check(tensor->data >= tensor->file->data &&
                       tensor->bytes <= tensor->file->size - (size_t)(tensor->data - tensor->file->data),
                   "a tensor lies in its file");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    gpt__checkpoint *checkpoint;
    const char *directory = fuzz_write_file("model.safetensors", data, size);
    gpt_status status = gpt__checkpoint_open(&checkpoint, directory);
    fuzz_check((status == GPT_OK) == (checkpoint != NULL), "a checkpoint comes with success");
    for (size_t i = 0; status == GPT_OK && i < gpt__checkpoint_count(checkpoint); i++) {
        const gpt__tensor *tensor = gpt__checkpoint_at(checkpoint, i);
        read_all(tensor);
        fuzz_check(gpt__checkpoint_find(checkpoint, tensor->name) == tensor, "a tensor is found by its name");
    }
    gpt__checkpoint_close(checkpoint);
    return 0;
}
