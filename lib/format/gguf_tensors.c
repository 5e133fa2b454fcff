/* SPDX-License-Identifier: Apache-2.0 */
/* format/gguf_tensors.c: from the descriptions of tensors in a GGUF file to a checkpoint. */
#include "base/memory.h"
#include "format/gguf.h"

#include <stdio.h>
#include <string.h>

/* ggml's types of tensors by their numbers; one without a name is none. Blocks are looked up by name. */
static const struct {
    const char *name;
    gpt__element element;
    unsigned bits;
} types[] = {
    [0] = {"F32", GPT__ELEMENT_F32, 32},   [1] = {"F16", GPT__ELEMENT_F16, 16},
    [2] = {"Q4_0", GPT__ELEMENT_BLOCK, 0}, [3] = {"Q4_1", GPT__ELEMENT_BLOCK, 0},
    [6] = {"Q5_0", GPT__ELEMENT_BLOCK, 0}, [7] = {"Q5_1", GPT__ELEMENT_BLOCK, 0},
    [8] = {"Q8_0", GPT__ELEMENT_BLOCK, 0}, [9] = {"Q8_1", GPT__ELEMENT_OTHER, 0},
    [10] = {"Q2_K", GPT__ELEMENT_BLOCK, 0}, [11] = {"Q3_K", GPT__ELEMENT_BLOCK, 0},
    [12] = {"Q4_K", GPT__ELEMENT_BLOCK, 0}, [13] = {"Q5_K", GPT__ELEMENT_BLOCK, 0},
    [14] = {"Q6_K", GPT__ELEMENT_BLOCK, 0}, [15] = {"Q8_K", GPT__ELEMENT_OTHER, 0},
    [16] = {"IQ2_XXS", GPT__ELEMENT_OTHER, 0}, [17] = {"IQ2_XS", GPT__ELEMENT_OTHER, 0},
    [18] = {"IQ3_XXS", GPT__ELEMENT_OTHER, 0}, [19] = {"IQ1_S", GPT__ELEMENT_OTHER, 0},
    [20] = {"IQ4_NL", GPT__ELEMENT_BLOCK, 0}, [21] = {"IQ3_S", GPT__ELEMENT_OTHER, 0},
    [22] = {"IQ2_S", GPT__ELEMENT_OTHER, 0}, [23] = {"IQ4_XS", GPT__ELEMENT_BLOCK, 0},
    [24] = {"I8", GPT__ELEMENT_I8, 8},     [25] = {"I16", GPT__ELEMENT_I16, 16},
    [26] = {"I32", GPT__ELEMENT_I32, 32},  [27] = {"I64", GPT__ELEMENT_I64, 64},
    [28] = {"F64", GPT__ELEMENT_F64, 64},  [29] = {"IQ1_M", GPT__ELEMENT_OTHER, 0},
    [30] = {"BF16", GPT__ELEMENT_BF16, 16}, [34] = {"TQ1_0", GPT__ELEMENT_OTHER, 0},
    [35] = {"TQ2_0", GPT__ELEMENT_OTHER, 0}, [39] = {"MXFP4", GPT__ELEMENT_BLOCK, 0},
};

/* element, block, type_name and the bits of an element. */
static gpt_status set_type(gpt__tensor *tensor, uint64_t *bits, uint32_t type)
{
    const char *name = type < sizeof types / sizeof *types ? types[type].name : NULL;
    if (name == NULL)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: tensor %s has type %u, which libgpt does not know", tensor->file->path,
                         tensor->name, (unsigned)type);
    if (types[type].element == GPT__ELEMENT_OTHER)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: tensor %s has type %s, which is not supported", tensor->file->path,
                         tensor->name, name);
    tensor->element = types[type].element;
    tensor->block = gpt__block_type_find(name);
    memcpy(tensor->type_name, name, strlen(name) + 1);
    *bits = types[type].bits;
    return GPT_OK;
}

/* The bytes that type and shape ask for. A block does not reach over the end of a row. */
static gpt_status set_size(gpt__tensor *tensor, uint64_t bits)
{
    uint64_t elements = tensor->block != NULL ? (uint64_t)tensor->block->elements : 1;
    uint64_t bytes = tensor->block != NULL ? (uint64_t)tensor->block->bytes : bits / 8;
    uint64_t row = tensor->rank > 0 ? (uint64_t)tensor->shape[tensor->rank - 1] : 1;
    if (row % elements != 0)
        return gpt__fail(GPT_E_FORMAT, "%s: tensor %s has rows of %llu elements, expected a multiple of %llu for %s",
                         tensor->file->path, tensor->name, (unsigned long long)row, (unsigned long long)elements,
                         tensor->type_name);
    uint64_t size = bytes;
    for (int i = 0; i < tensor->rank; i++) {
        uint64_t count = (uint64_t)tensor->shape[i] / (i == tensor->rank - 1 ? elements : 1);
        if (count > 0 && size > tensor->file->size / count)
            return gpt__fail(GPT_E_FORMAT, "%s: tensor %s is larger than the file", tensor->file->path, tensor->name);
        size *= count;
    }
    tensor->bytes = (size_t)size;
    return GPT_OK;
}

static gpt_status add_tensor(gpt__checkpoint *checkpoint, const gpt__gguf *gguf, const gpt__gguf_tensor *info,
                             char *name)
{
    gpt__tensor tensor = {.name = name, .rank = info->rank, .file = gguf->file};
    uint64_t bits = 0;
    memcpy(tensor.shape, info->shape, sizeof info->shape);
    GPT__TRY(set_type(&tensor, &bits, info->type));
    GPT__TRY(set_size(&tensor, bits));
    if (info->offset % gguf->alignment != 0)
        return gpt__fail(GPT_E_FORMAT, "%s: tensor %s begins at byte %llu of the data, expected a multiple of %llu",
                         gguf->file->path, name, (unsigned long long)info->offset,
                         (unsigned long long)gguf->alignment);
    if (info->offset > gguf->file->size || gguf->data_begin > gguf->file->size)
        return gpt__fail(GPT_E_FORMAT, "%s: tensor %s begins at byte %llu of the data, behind the file's end",
                         gguf->file->path, name, (unsigned long long)info->offset);
    return gpt__checkpoint_add(checkpoint, &tensor, gguf->data_begin + info->offset, bits);
}

static gpt_status add_tensors(gpt__checkpoint *checkpoint, const gpt__gguf *gguf)
{
    for (size_t i = 0; i < gguf->tensor_count; i++) {
        const gpt__gguf_tensor *info = &gguf->tensors[i];
        char *name = gpt__copy_string(info->name.text, info->name.length);
        if (name == NULL)
            return GPT_E_MEMORY;
        gpt_status status = add_tensor(checkpoint, gguf, info, name);
        gpt__release(name);
        GPT__TRY(status);
    }
    return GPT_OK;
}

/*
 * Models in several parts, as llama.cpp's gguf-split cuts them: <name>-00001-of-00003.gguf and so on. Each part says
 * which it is, counted from 0, and of how many; the metadata are in the first.
 */

#define MOST_PARTS 65535
#define ENDING_LENGTH 64

/* One part: it must be number `wanted` of *count, which the first one sets. */
static gpt_status read_part(gpt__checkpoint *checkpoint, const char *path, int64_t wanted, int64_t *count)
{
    const gpt__file *file;
    gpt__gguf gguf;
    int64_t number = 0;
    int64_t parts = 1;
    GPT__TRY(gpt__checkpoint_map(&file, checkpoint, path));
    GPT__TRY(gpt__gguf_parse(&gguf, file));
    gpt_status status = gpt__gguf_int(&parts, &gguf, "split.count", 0, MOST_PARTS);
    if (status == GPT_OK)
        status = gpt__gguf_int(&number, &gguf, "split.no", 0, MOST_PARTS);
    if (wanted == 0)
        *count = parts > 1 ? parts : 1;
    if (status == GPT_OK && (number != wanted || (parts > 1 ? parts : 1) != *count))
        status = gpt__fail(GPT_E_FORMAT, "%s: part %lld of %lld of a model, expected part %lld of %lld", path,
                           (long long)number + 1, (long long)parts, (long long)wanted + 1, (long long)*count);
    if (status == GPT_OK)
        status = add_tensors(checkpoint, &gguf);
    gpt__gguf_close(&gguf);
    return status;
}

/* The path of another part, from that of the first; freed with gpt__release. */
static gpt_status part_path(char **out, const char *first, int64_t number, int64_t count)
{
    char ending[ENDING_LENGTH];
    size_t length = strlen(first);
    *out = NULL;
    snprintf(ending, sizeof ending, "-%05d-of-%05lld.gguf", 1, (long long)count);
    size_t ending_length = strlen(ending);
    if (length < ending_length || strcmp(first + length - ending_length, ending) != 0)
        return gpt__fail(GPT_E_FORMAT, "%s: the first of %lld parts of a model; expected a name that ends in %s", first,
                         (long long)count, ending);
    *out = gpt__copy_string(first, length);
    if (*out == NULL)
        return GPT_E_MEMORY;
    /* The same length again, as there are no more parts than five digits can count. */
    snprintf(ending, sizeof ending, "-%05lld-of-%05lld.gguf", (long long)number + 1, (long long)count);
    memcpy(*out + length - ending_length, ending, ending_length);
    return GPT_OK;
}

gpt_status gpt__gguf_read(gpt__checkpoint *checkpoint, const char *path)
{
    int64_t count = 1;
    GPT__TRY(read_part(checkpoint, path, 0, &count));
    for (int64_t i = 1; i < count; i++) {
        char *part = NULL;
        GPT__TRY(part_path(&part, path, i, count));
        gpt_status status = read_part(checkpoint, part, i, &count);
        gpt__release(part);
        GPT__TRY(status);
    }
    return gpt__checkpoint_seal(checkpoint);
}
