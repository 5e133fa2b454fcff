/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_gguf_maker.h: GGUF files for tests, put together key by key and tensor by tensor. Nothing is checked, so
 * that files can be wrong in any way; the members may be changed before gguf_bytes joins them.
 */
#ifndef TESTS_TEST_GGUF_MAKER_H
#define TESTS_TEST_GGUF_MAKER_H

#include "format/gguf.h"
#include "test.h"

#include <stdlib.h>
#include <string.h>

/* Types of tensors, by ggml's numbers. */
enum { GGML_F32 = 0, GGML_Q4_0 = 2, GGML_Q8_0 = 8, GGML_IQ2_XS = 17 };

typedef struct gguf_part {
    unsigned char *bytes;
    size_t length;
} gguf_part;

typedef struct gguf_maker {
    uint32_t version;
    uint64_t alignment;
    uint64_t key_count;
    uint64_t tensor_count;
    gguf_part keys;
    gguf_part tensors;
    gguf_part data;
} gguf_maker;

static inline void gguf_begin(gguf_maker *m)
{
    *m = (gguf_maker){.version = 3, .alignment = 32};
}

static inline void gguf_free(gguf_maker *m)
{
    free(m->keys.bytes);
    free(m->tensors.bytes);
    free(m->data.bytes);
}

static inline void gguf_add(gguf_part *part, const void *bytes, size_t length)
{
    part->bytes = realloc(part->bytes, part->length + length + 1);
    if (part->bytes == NULL)
        abort();
    if (bytes != NULL)
        memcpy(part->bytes + part->length, bytes, length);
    else
        memset(part->bytes + part->length, 0, length);
    part->length += length;
}

/* A little-endian number of so many bytes. */
static inline void gguf_number(gguf_part *part, uint64_t value, size_t bytes)
{
    unsigned char out[8];
    for (size_t i = 0; i < bytes; i++)
        out[i] = (unsigned char)(value >> 8 * i);
    gguf_add(part, out, bytes);
}

static inline void gguf_text(gguf_part *part, const char *text)
{
    gguf_number(part, strlen(text), 8);
    gguf_add(part, text, strlen(text));
}

static inline void gguf_key(gguf_maker *m, const char *key, uint32_t type)
{
    m->key_count++;
    gguf_text(&m->keys, key);
    gguf_number(&m->keys, type, 4);
}

static inline void gguf_u32(gguf_maker *m, const char *key, uint32_t value)
{
    gguf_key(m, key, GPT__GGUF_U32);
    gguf_number(&m->keys, value, 4);
}

static inline void gguf_f32(gguf_maker *m, const char *key, float value)
{
    uint32_t bits;
    memcpy(&bits, &value, sizeof bits);
    gguf_key(m, key, GPT__GGUF_F32);
    gguf_number(&m->keys, bits, 4);
}

static inline void gguf_bool(gguf_maker *m, const char *key, int value)
{
    gguf_key(m, key, GPT__GGUF_BOOL);
    gguf_number(&m->keys, (uint64_t)value, 1);
}

static inline void gguf_string(gguf_maker *m, const char *key, const char *value)
{
    gguf_key(m, key, GPT__GGUF_STRING);
    gguf_text(&m->keys, value);
}

/* The beginning of an array, whose elements are to be added to m->keys. */
static inline void gguf_array(gguf_maker *m, const char *key, uint32_t element, uint64_t count)
{
    gguf_key(m, key, GPT__GGUF_ARRAY);
    gguf_number(&m->keys, element, 4);
    gguf_number(&m->keys, count, 8);
}

static inline void gguf_strings(gguf_maker *m, const char *key, const char *const *values, size_t count)
{
    gguf_array(m, key, GPT__GGUF_STRING, count);
    for (size_t i = 0; i < count; i++)
        gguf_text(&m->keys, values[i]);
}

/* The description of a tensor; shape has the slowest dimension first, and the file the fastest. */
static inline void gguf_describe(gguf_maker *m, const char *name, int rank, const int64_t *shape, uint32_t type,
                                 uint64_t offset)
{
    m->tensor_count++;
    gguf_text(&m->tensors, name);
    gguf_number(&m->tensors, (uint64_t)rank, 4);
    for (int i = rank - 1; i >= 0; i--)
        gguf_number(&m->tensors, (uint64_t)shape[i], 8);
    gguf_number(&m->tensors, type, 4);
    gguf_number(&m->tensors, offset, 8);
}

/* A tensor with its data, or zeros for NULL. */
static inline void gguf_tensor(gguf_maker *m, const char *name, int rank, const int64_t *shape, uint32_t type,
                               const void *data, size_t bytes)
{
    gguf_add(&m->data, NULL, (size_t)(-m->data.length % m->alignment));
    gguf_describe(m, name, rank, shape, type, m->data.length);
    gguf_add(&m->data, data, bytes);
}

/* The whole file, freed with free. */
static inline unsigned char *gguf_bytes(size_t *length, const gguf_maker *m)
{
    gguf_part file = {0};
    gguf_add(&file, "GGUF", 4);
    gguf_number(&file, m->version, 4);
    gguf_number(&file, m->tensor_count, 8);
    gguf_number(&file, m->key_count, 8);
    gguf_add(&file, m->keys.bytes, m->keys.length);
    gguf_add(&file, m->tensors.bytes, m->tensors.length);
    gguf_add(&file, NULL, (size_t)(-file.length % m->alignment));
    gguf_add(&file, m->data.bytes, m->data.length);
    *length = file.length;
    return file.bytes;
}

/* Writes the file below test_directory() and returns its path, freed with free. */
static inline char *gguf_write(const gguf_maker *m, const char *name)
{
    size_t length;
    unsigned char *bytes = gguf_bytes(&length, m);
    char *path = test_write_file(name, bytes, length);
    free(bytes);
    return path;
}

#endif
