/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_tensors.c: what targets do with files of weights: all that opens is read. */
#include "fuzz.h"

#include "format/tensor.h"

#define AT_ONCE 300

static void read_all(const gpt__tensor *tensor)
{
    float out[AT_ONCE];
    for (int64_t first = 0; first < tensor->count; first += AT_ONCE) {
        int64_t count = tensor->count - first < AT_ONCE ? tensor->count - first : AT_ONCE;
        gpt_status status = gpt__tensor_to_f32(out, tensor, first, count);
        fuzz_check((status == GPT_OK) == (gpt__tensor_is_float(tensor) != 0), "float types convert, others do not");
    }
    if (tensor->bytes > 0)
        fuzz_check(tensor->data >= tensor->file->data &&
                       tensor->bytes <= tensor->file->size - (size_t)(tensor->data - tensor->file->data),
                   "a tensor lies in its file");
}

void fuzz_read_tensors(const char *directory)
{
    gpt__checkpoint *checkpoint;
    gpt_status status = gpt__checkpoint_open(&checkpoint, directory);
    fuzz_check((status == GPT_OK) == (checkpoint != NULL), "a checkpoint comes with success");
    for (size_t i = 0; status == GPT_OK && i < gpt__checkpoint_count(checkpoint); i++) {
        const gpt__tensor *tensor = gpt__checkpoint_at(checkpoint, i);
        read_all(tensor);
        fuzz_check(gpt__checkpoint_find(checkpoint, tensor->name) == tensor, "a tensor is found by its name");
    }
    gpt__checkpoint_close(checkpoint);
}
