/* SPDX-License-Identifier: Apache-2.0 */
/* format/tensor.h: named tensors in mapped files, whatever the file format. */
#ifndef GPT__FORMAT_TENSOR_H
#define GPT__FORMAT_TENSOR_H

#include "base/file.h"
#include "format/blocks.h"

#define GPT__MAX_RANK 8

/* How a file stores the elements of a tensor. */
typedef enum gpt__element {
    GPT__ELEMENT_F32,
    GPT__ELEMENT_F16,
    GPT__ELEMENT_BF16,
    GPT__ELEMENT_F64,
    GPT__ELEMENT_I8,
    GPT__ELEMENT_U8,
    GPT__ELEMENT_I16,
    GPT__ELEMENT_U16,
    GPT__ELEMENT_I32,
    GPT__ELEMENT_U32,
    GPT__ELEMENT_I64,
    GPT__ELEMENT_U64,
    GPT__ELEMENT_BOOL,
    GPT__ELEMENT_BLOCK, /* packed in blocks: see the member block */
    GPT__ELEMENT_OTHER /* a type that libgpt knows of and does not read, such as an 8-bit float */
} gpt__element;

/* One tensor of a checkpoint. data lies wholly in the file and is as long as type and shape say: that is checked. */
typedef struct gpt__tensor {
    char *name;
    gpt__element element;
    const gpt__block_type *block; /* of GPT__ELEMENT_BLOCK, else NULL */
    char type_name[16];           /* as the file calls it, for messages */
    int rank;
    int64_t shape[GPT__MAX_RANK];
    int64_t count;             /* of elements: the product of shape */
    const unsigned char *data; /* not aligned to anything; NULL when there are no bytes */
    size_t bytes;
    const gpt__file *file;
} gpt__tensor;

/* All tensors of a model, sorted by name, in one file or in several. */
typedef struct gpt__checkpoint gpt__checkpoint;

/*
 * Opens the weights of a model: a GGUF file, or a directory with model.safetensors, with the shards that
 * model.safetensors.index.json names, or with one GGUF file. Every offset, type and shape is checked before this
 * returns.
 */
gpt_status gpt__checkpoint_open(gpt__checkpoint **out, const char *path);
void gpt__checkpoint_close(gpt__checkpoint *checkpoint);

/* Whether a directory has a file of weights that is no GGUF file. */
gpt_status gpt__has_weights(int *found, const char *directory);

size_t gpt__checkpoint_count(const gpt__checkpoint *checkpoint);
const gpt__tensor *gpt__checkpoint_at(const gpt__checkpoint *checkpoint, size_t index);

/* What messages call the checkpoint: the file of the weights, or their index. */
const char *gpt__checkpoint_path(const gpt__checkpoint *checkpoint);

/* The tensor of that name, or NULL. */
const gpt__tensor *gpt__checkpoint_find(const gpt__checkpoint *checkpoint, const char *name);

/*
 * Converts elements [first, first + count) to f32. GPT_E_UNSUPPORTED, naming file, tensor and type, for elements that
 * are neither f32, f16, bf16, f64 nor blocks.
 */
gpt_status gpt__tensor_to_f32(float *out, const gpt__tensor *tensor, int64_t first, int64_t count);

/* Whether gpt__tensor_to_f32 can convert it. */
int gpt__tensor_is_float(const gpt__tensor *tensor);

/* Gives the memory of a tensor's pages back to the system once it has been packed. */
void gpt__tensor_drop_pages(const gpt__tensor *tensor);

#endif
