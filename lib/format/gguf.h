/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format/gguf.h: GGUF files, versions 2 and 3: metadata under typed keys, and tensors. The format is described in
 * docs/gguf.md of the ggml project. Nothing in a file is trusted.
 */
#ifndef GPT__FORMAT_GGUF_H
#define GPT__FORMAT_GGUF_H

#include "format/checkpoint.h"

/* The types of values, by their numbers in files. */
typedef enum gpt__gguf_type {
    GPT__GGUF_U8, GPT__GGUF_I8, GPT__GGUF_U16, GPT__GGUF_I16, GPT__GGUF_U32, GPT__GGUF_I32, GPT__GGUF_F32,
    GPT__GGUF_BOOL, GPT__GGUF_STRING, GPT__GGUF_ARRAY, GPT__GGUF_U64, GPT__GGUF_I64, GPT__GGUF_F64,
    GPT__GGUF_TYPES
} gpt__gguf_type;

#define GPT__GGUF_MAX_RANK 4

/* A string in the file: UTF-8, not ended by NUL. */
typedef struct gpt__gguf_string {
    const char *text;
    size_t length;
} gpt__gguf_string;

/* A key and its value, which lies wholly in the file. */
typedef struct gpt__gguf_entry {
    gpt__gguf_string key;
    gpt__gguf_type type;
    gpt__gguf_type element;    /* of an array */
    uint64_t count;            /* of an array */
    const unsigned char *data; /* the value; of an array, the first element; of a string, its length */
} gpt__gguf_entry;

/* What the file says of a tensor. The shape has the slowest dimension first, as elsewhere in libgpt. */
typedef struct gpt__gguf_tensor {
    gpt__gguf_string name;
    int rank;
    int64_t shape[GPT__GGUF_MAX_RANK];
    uint32_t type;
    uint64_t offset; /* from data_begin */
} gpt__gguf_tensor;

/* An open file. Begins as {0}. */
typedef struct gpt__gguf {
    const gpt__file *file;
    gpt__file own; /* what file points to, when gpt__gguf_open opened it */
    gpt__gguf_entry *entries; /* sorted by key */
    size_t entry_count;
    gpt__gguf_tensor *tensors; /* in the order of the file */
    size_t tensor_count;
    uint64_t data_begin;
    uint64_t alignment;
} gpt__gguf;

/* Whether a path is that of a GGUF file: by its name's end, or by how it begins. */
gpt_status gpt__is_gguf(int *is, const char *path);

/* Whether a path is that of a GGUF file, or of a directory with at least one. */
gpt_status gpt__has_gguf(int *has, const char *path);

/*
 * The GGUF file that a path stands for: itself, or the only one of a directory that has no other weights, which is
 * then a path to be freed with gpt__release. *out is NULL when there is none. GPT_E_UNSUPPORTED when there are several.
 */
gpt_status gpt__gguf_locate(char **out, const char *path);

/* Reads header, metadata and descriptions of tensors, and checks all but the tensors' types and places. */
gpt_status gpt__gguf_open(gpt__gguf *gguf, const char *path);

/* The same for a file that is mapped already and outlives gguf. */
gpt_status gpt__gguf_parse(gpt__gguf *gguf, const gpt__file *file);

/* Takes one that was never opened. */
void gpt__gguf_close(gpt__gguf *gguf);

/* The reader of checkpoints: maps the file and, if it is the first of several parts, the others; adds, and seals. */
gpt_status gpt__gguf_read(gpt__checkpoint *checkpoint, const char *path);

/* What is under a key, or NULL. */
const gpt__gguf_entry *gpt__gguf_find(const gpt__gguf *gguf, const char *key);

/*
 * The values under keys. When there is none, *out keeps what the caller put there, the default. A value of another type
 * or range is GPT_E_FORMAT. A whole number may have any of the types of whole numbers, a number any but bool.
 */
gpt_status gpt__gguf_int(int64_t *out, const gpt__gguf *gguf, const char *key, int64_t least, int64_t most);
gpt_status gpt__gguf_number(double *out, const gpt__gguf *gguf, const char *key);
gpt_status gpt__gguf_bool(int *out, const gpt__gguf *gguf, const char *key);
gpt_status gpt__gguf_text(gpt__gguf_string *out, const gpt__gguf *gguf, const char *key);

/* Whether a string is text, in which case it has no NUL either. */
int gpt__gguf_is(gpt__gguf_string string, const char *text);

/* An array of elements of one type; *out is NULL when the key is missing. */
gpt_status gpt__gguf_array(const gpt__gguf_entry **out, const gpt__gguf *gguf, const char *key, gpt__gguf_type element);

/* Goes through an array of strings: the one at *at, which then stands behind it. */
gpt__gguf_string gpt__gguf_next_string(const unsigned char **at);

#endif
