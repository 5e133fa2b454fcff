/* SPDX-License-Identifier: Apache-2.0 */
/* format/tensor.c: the checkpoint that readers of file formats fill, and conversion of what is in it to f32. */
#include "format/tensor.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "format/checkpoint.h"
#include "format/gguf.h"
#include "format/safetensors.h"

#include <stdlib.h>
#include <string.h>

struct gpt__checkpoint {
    char *path;        /* of the file that tells where the tensors are */
    gpt__file **files; /* one allocation each, so that tensors can point to them */
    size_t file_count;
    size_t file_capacity;
    gpt__tensor *tensors;
    size_t tensor_count;
    size_t tensor_capacity;
};

/* A way in which a directory can hold weights. */
typedef struct layout {
    const char *name; /* of the file that tells */
    gpt_status (*read)(gpt__checkpoint *checkpoint, const char *directory, const char *path);
} layout;

/* Files that hold pickled Python objects: reading them means running what is in them. */
static gpt_status refuse_pickle(gpt__checkpoint *checkpoint, const char *directory, const char *path)
{
    (void)checkpoint;
    (void)directory;
    return gpt__fail(GPT_E_UNSUPPORTED,
                     "%s: PyTorch's pickle files are not read; in Python, save the model again with "
                     "model.save_pretrained(directory, safe_serialization=True)",
                     path);
}

/* In the order in which they are preferred; another file format is one more line. */
static const layout layouts[] = {
    {"model.safetensors", gpt__safetensors_read},
    {"model.safetensors.index.json", gpt__safetensors_read_shards},
    {"pytorch_model.bin", refuse_pickle},
    {"pytorch_model.bin.index.json", refuse_pickle},
};

/* *used is set when the directory has the layout's file, which was then read. */
static gpt_status read_layout(int *used, gpt__checkpoint *checkpoint, const char *directory, const layout *layout)
{
    char *path = gpt__join_path(directory, layout->name);
    if (path == NULL)
        return GPT_E_MEMORY;
    gpt_status status = gpt__has_file(used, path);
    if (status != GPT_OK || !*used || checkpoint == NULL) {
        gpt__release(path);
        return status;
    }
    checkpoint->path = path;
    return layout->read(checkpoint, directory, path);
}

gpt_status gpt__has_weights(int *found, const char *directory)
{
    *found = 0;
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0] && !*found; i++)
        GPT__TRY(read_layout(found, NULL, directory, &layouts[i]));
    return GPT_OK;
}

static gpt_status read_path(gpt__checkpoint *checkpoint, const char *path)
{
    int used = 0;
    char *gguf;
    gpt__kind kind;
    GPT__TRY(gpt__gguf_locate(&gguf, path));
    if (gguf != NULL) {
        checkpoint->path = gguf;
        return gpt__gguf_read(checkpoint, gguf);
    }
    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0] && !used; i++)
        GPT__TRY(read_layout(&used, checkpoint, path, &layouts[i]));
    if (used)
        return GPT_OK;
    GPT__TRY(gpt__path_kind(&kind, path));
    return gpt__fail(GPT_E_NOT_FOUND, "%s: %s", path,
                     kind == GPT__KIND_DIRECTORY ? "the directory has no model.safetensors and no GGUF file"
                                                 : "no such directory");
}

gpt_status gpt__checkpoint_open(gpt__checkpoint **out, const char *path)
{
    *out = NULL;
    gpt__checkpoint *checkpoint = gpt__allocate_zeroed(1, sizeof *checkpoint);
    if (checkpoint == NULL)
        return GPT_E_MEMORY;
    gpt_status status = read_path(checkpoint, path);
    if (status != GPT_OK) {
        gpt__checkpoint_close(checkpoint);
        return status;
    }
    *out = checkpoint;
    return GPT_OK;
}

void gpt__checkpoint_close(gpt__checkpoint *checkpoint)
{
    if (checkpoint == NULL)
        return;
    for (size_t i = 0; i < checkpoint->tensor_count; i++)
        gpt__release(checkpoint->tensors[i].name);
    for (size_t i = 0; i < checkpoint->file_count; i++) {
        gpt__file_close(checkpoint->files[i]);
        gpt__release(checkpoint->files[i]);
    }
    gpt__release(checkpoint->tensors);
    gpt__release(checkpoint->files);
    gpt__release(checkpoint->path);
    gpt__release(checkpoint);
}

/*
 * What readers use.
 */

gpt_status gpt__checkpoint_map(const gpt__file **file, gpt__checkpoint *checkpoint, const char *path)
{
    *file = NULL;
    GPT__TRY(gpt__reserve((void **)&checkpoint->files, &checkpoint->file_capacity, checkpoint->file_count + 1,
                          sizeof *checkpoint->files));
    gpt__file *mapped = gpt__allocate_zeroed(1, sizeof *mapped);
    if (mapped == NULL)
        return GPT_E_MEMORY;
    gpt_status status = gpt__file_map(mapped, path);
    if (status != GPT_OK) {
        gpt__release(mapped);
        return status;
    }
    checkpoint->files[checkpoint->file_count++] = mapped;
    *file = mapped;
    return GPT_OK;
}

/* The product of the dimensions. */
static gpt_status count_elements(int64_t *count, const gpt__tensor *tensor)
{
    const char *path = tensor->file->path;
    if (tensor->rank < 0 || tensor->rank > GPT__MAX_RANK)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: tensor %s has %d dimensions, expected at most %d", path, tensor->name,
                         tensor->rank, GPT__MAX_RANK);
    *count = 1;
    for (int i = 0; i < tensor->rank; i++) {
        int64_t dimension = tensor->shape[i];
        if (dimension < 0)
            return gpt__fail(GPT_E_FORMAT, "%s: tensor %s has a negative dimension", path, tensor->name);
        if (dimension > 0 && *count > INT64_MAX / dimension)
            return gpt__fail(GPT_E_FORMAT, "%s: the shape of tensor %s is too large", path, tensor->name);
        *count *= dimension;
    }
    return GPT_OK;
}

/* Whether the bytes are as many as type and shape say. */
static int has_right_size(const gpt__tensor *tensor, uint64_t element_bits)
{
    uint64_t count = (uint64_t)tensor->count;
    if (tensor->element == GPT__ELEMENT_BLOCK) {
        uint64_t blocks = count / (uint64_t)tensor->block->elements;
        return count % (uint64_t)tensor->block->elements == 0 && tensor->bytes % (uint64_t)tensor->block->bytes == 0 &&
               tensor->bytes / (uint64_t)tensor->block->bytes == blocks;
    }
    return count <= UINT64_MAX / 64 && element_bits <= 64 && count * element_bits % 8 == 0 &&
           count * element_bits / 8 == tensor->bytes;
}

static gpt_status check_range(const gpt__tensor *tensor, uint64_t offset, uint64_t element_bits)
{
    const char *path = tensor->file->path;
    if (!has_right_size(tensor, element_bits))
        return gpt__fail(GPT_E_FORMAT, "%s: tensor %s has %llu bytes, expected %llu elements of %s", path, tensor->name,
                         (unsigned long long)tensor->bytes, (unsigned long long)tensor->count, tensor->type_name);
    if (offset > tensor->file->size || tensor->bytes > tensor->file->size - offset)
        return gpt__fail(GPT_E_FORMAT, "%s: tensor %s ends at byte %llu + %llu, but the file has %llu bytes", path,
                         tensor->name, (unsigned long long)offset, (unsigned long long)tensor->bytes,
                         (unsigned long long)tensor->file->size);
    return GPT_OK;
}

gpt_status gpt__checkpoint_add(gpt__checkpoint *checkpoint, const gpt__tensor *tensor, uint64_t offset,
                               uint64_t element_bits)
{
    gpt__tensor added = *tensor;
    GPT__TRY(count_elements(&added.count, tensor));
    GPT__TRY(check_range(&added, offset, element_bits));
    added.data = added.bytes > 0 ? added.file->data + offset : NULL;
    GPT__TRY(gpt__reserve((void **)&checkpoint->tensors, &checkpoint->tensor_capacity, checkpoint->tensor_count + 1,
                          sizeof *checkpoint->tensors));
    added.name = gpt__copy_string(tensor->name, strlen(tensor->name));
    if (added.name == NULL)
        return GPT_E_MEMORY;
    checkpoint->tensors[checkpoint->tensor_count++] = added;
    return GPT_OK;
}

static int compare_names(const void *a, const void *b)
{
    const gpt__tensor *first = a;
    const gpt__tensor *second = b;
    return strcmp(first->name, second->name);
}

/* By address: files are mapped apart, so that this sorts by file and offset. Tensors without bytes come first. */
static int compare_places(const void *a, const void *b)
{
    uintptr_t first = (uintptr_t)(*(const gpt__tensor *const *)a)->data;
    uintptr_t second = (uintptr_t)(*(const gpt__tensor *const *)b)->data;
    return (first > second) - (first < second);
}

static gpt_status check_names(const gpt__checkpoint *checkpoint)
{
    for (size_t i = 1; i < checkpoint->tensor_count; i++) {
        const gpt__tensor *tensor = &checkpoint->tensors[i];
        const gpt__tensor *other = tensor - 1;
        if (strcmp(tensor->name, other->name) == 0)
            return gpt__fail(GPT_E_FORMAT, "%s: tensor %s is there twice%s%s", tensor->file->path, tensor->name,
                             tensor->file == other->file ? "" : ", also in ",
                             tensor->file == other->file ? "" : other->file->path);
    }
    return GPT_OK;
}

static gpt_status check_overlap(const gpt__checkpoint *checkpoint)
{
    size_t count = checkpoint->tensor_count;
    const gpt__tensor **places = gpt__allocate(count, sizeof *places);
    if (places == NULL)
        return GPT_E_MEMORY;
    for (size_t i = 0; i < count; i++)
        places[i] = &checkpoint->tensors[i];
    qsort(places, count, sizeof *places, compare_places);
    gpt_status status = GPT_OK;
    for (size_t i = 1; i < count && status == GPT_OK; i++) {
        uintptr_t end = (uintptr_t)places[i - 1]->data + places[i - 1]->bytes;
        if (places[i - 1]->bytes > 0 && (uintptr_t)places[i]->data < end)
            status = gpt__fail(GPT_E_FORMAT, "%s: tensors %s and %s overlap", places[i]->file->path,
                               places[i - 1]->name, places[i]->name);
    }
    gpt__release(places);
    return status;
}

gpt_status gpt__checkpoint_seal(gpt__checkpoint *checkpoint)
{
    if (checkpoint->tensor_count == 0)
        return GPT_OK;
    qsort(checkpoint->tensors, checkpoint->tensor_count, sizeof *checkpoint->tensors, compare_names);
    GPT__TRY(check_names(checkpoint));
    return check_overlap(checkpoint);
}

/*
 * What users of a checkpoint call.
 */

const char *gpt__checkpoint_path(const gpt__checkpoint *checkpoint)
{
    return checkpoint->path;
}

size_t gpt__checkpoint_count(const gpt__checkpoint *checkpoint)
{
    return checkpoint->tensor_count;
}

const gpt__tensor *gpt__checkpoint_at(const gpt__checkpoint *checkpoint, size_t index)
{
    return index < checkpoint->tensor_count ? &checkpoint->tensors[index] : NULL;
}

const gpt__tensor *gpt__checkpoint_find(const gpt__checkpoint *checkpoint, const char *name)
{
    size_t low = 0;
    size_t high = checkpoint->tensor_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = strcmp(checkpoint->tensors[middle].name, name);
        if (order == 0)
            return &checkpoint->tensors[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}

/*
 * Conversion. Numbers go in runs of a fixed length: compilers turn such loops into vector instructions at -O2 already.
 */

#define RUN 16

/* The first reader of a run puts the machine's byte order right; the loop after it is left to vectors. */
static inline void load_halves(uint16_t halves[RUN], const unsigned char *data)
{
    for (int i = 0; i < RUN; i++)
        halves[i] = gpt__read_u16(data + 2 * i);
}

static void f16_to_f32(float *restrict out, const unsigned char *restrict data, int64_t count)
{
    uint16_t halves[RUN];
    for (; count >= RUN; count -= RUN, out += RUN, data += 2 * RUN) {
        load_halves(halves, data);
        for (int i = 0; i < RUN; i++)
            out[i] = gpt__f16_to_f32(halves[i]);
    }
    for (int64_t i = 0; i < count; i++)
        out[i] = gpt__f16_to_f32(gpt__read_u16(data + 2 * i));
}

static void bf16_to_f32(float *restrict out, const unsigned char *restrict data, int64_t count)
{
    uint16_t halves[RUN];
    for (; count >= RUN; count -= RUN, out += RUN, data += 2 * RUN) {
        load_halves(halves, data);
        for (int i = 0; i < RUN; i++)
            out[i] = gpt__bf16_to_f32(halves[i]);
    }
    for (int64_t i = 0; i < count; i++)
        out[i] = gpt__bf16_to_f32(gpt__read_u16(data + 2 * i));
}

static void f32_to_f32(float *restrict out, const unsigned char *restrict data, int64_t count)
{
    for (int64_t i = 0; i < count; i++)
        out[i] = gpt__read_f32(data + 4 * i);
}

static void f64_to_f32(float *restrict out, const unsigned char *restrict data, int64_t count)
{
    for (int64_t i = 0; i < count; i++) {
        uint64_t bits = gpt__read_u64(data + 8 * i);
        double value;
        memcpy(&value, &bits, sizeof value);
        out[i] = (float)value;
    }
}

int gpt__tensor_is_float(const gpt__tensor *tensor)
{
    return tensor->element == GPT__ELEMENT_F32 || tensor->element == GPT__ELEMENT_F16 ||
           tensor->element == GPT__ELEMENT_BF16 || tensor->element == GPT__ELEMENT_F64 ||
           tensor->element == GPT__ELEMENT_BLOCK;
}

gpt_status gpt__tensor_to_f32(float *out, const gpt__tensor *tensor, int64_t first, int64_t count)
{
    if (first < 0 || count < 0 || first > tensor->count || count > tensor->count - first)
        return gpt__fail(GPT_E_INTERNAL, "%s: tensor %s has %lld elements, but %lld from %lld on were asked for",
                         tensor->file->path, tensor->name, (long long)tensor->count, (long long)count,
                         (long long)first);
    if (!gpt__tensor_is_float(tensor))
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: tensor %s has elements of type %s, expected F32, F16, BF16 or F64",
                         tensor->file->path, tensor->name, tensor->type_name);
    if (count == 0)
        return GPT_OK;
    if (tensor->element == GPT__ELEMENT_F32)
        f32_to_f32(out, tensor->data + 4 * first, count);
    else if (tensor->element == GPT__ELEMENT_F16)
        f16_to_f32(out, tensor->data + 2 * first, count);
    else if (tensor->element == GPT__ELEMENT_BF16)
        bf16_to_f32(out, tensor->data + 2 * first, count);
    else if (tensor->element == GPT__ELEMENT_F64)
        f64_to_f32(out, tensor->data + 8 * first, count);
    else
        gpt__blocks_to_f32(out, tensor->block, tensor->data, first, count);
    return GPT_OK;
}

void gpt__tensor_drop_pages(const gpt__tensor *tensor)
{
    if (tensor->data != NULL)
        gpt__file_drop_pages(tensor->file, (size_t)(tensor->data - tensor->file->data), tensor->bytes);
}
