/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format/gguf.c: the structure of GGUF files. Such a file is a header (magic, version, two counts), the metadata (keys
 * with typed values), descriptions of the tensors, and, from the next multiple of the alignment on, their data. All
 * numbers are little-endian. Each count and length is compared with what is left of the file before it is used.
 */
#include "format/gguf.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

#define MAGIC "GGUF"
#define DEFAULT_ALIGNMENT 32
#define MOST_ALIGNMENT (1 << 20)
#define MOST_KEY_BYTES 65535

/* The fewest bytes that a key with its value takes, and the description of a tensor. */
#define LEAST_ENTRY_BYTES 13
#define LEAST_TENSOR_BYTES 24

/* The size of a value of each type; 0 for those of varying size. */
static const unsigned char type_bytes[GPT__GGUF_TYPES] = {1, 1, 2, 2, 4, 4, 4, 1, 0, 0, 8, 8, 8};

/* A place in the file that moves on as things are read. */
typedef struct cursor {
    const gpt__file *file;
    size_t at;
} cursor;

static size_t left(const cursor *c)
{
    return c->file->size - c->at;
}

/* Steps over count things of size bytes each; *bytes is where they begin. */
static gpt_status take(const unsigned char **bytes, cursor *c, uint64_t count, size_t size, const char *what)
{
    if (size > 0 && count > left(c) / size)
        return gpt__fail(GPT_E_FORMAT, "%s: the file ends within %s: %llu times %zu bytes at %zu of %zu", c->file->path,
                         what, (unsigned long long)count, size, c->at, c->file->size);
    *bytes = c->file->data + c->at;
    c->at += (size_t)count * size;
    return GPT_OK;
}

static gpt_status take_u32(uint32_t *out, cursor *c, const char *what)
{
    const unsigned char *bytes = NULL;
    GPT__TRY(take(&bytes, c, 1, 4, what));
    *out = gpt__read_u32(bytes);
    return GPT_OK;
}

static gpt_status take_u64(uint64_t *out, cursor *c, const char *what)
{
    const unsigned char *bytes = NULL;
    GPT__TRY(take(&bytes, c, 1, 8, what));
    *out = gpt__read_u64(bytes);
    return GPT_OK;
}

static gpt_status take_string(gpt__gguf_string *out, cursor *c, const char *what)
{
    uint64_t length = 0;
    const unsigned char *bytes = NULL;
    GPT__TRY(take_u64(&length, c, what));
    GPT__TRY(take(&bytes, c, length, 1, what));
    *out = (gpt__gguf_string){(const char *)bytes, (size_t)length};
    return GPT_OK;
}

/* A name of something: a string that can stand in messages and be compared as C strings are. */
static gpt_status take_name(gpt__gguf_string *out, cursor *c, const char *what)
{
    size_t at = c->at;
    GPT__TRY(take_string(out, c, what));
    if (out->length == 0 || out->length > MOST_KEY_BYTES || memchr(out->text, '\0', out->length) != NULL ||
        !gpt__utf8_valid(out->text, out->length))
        return gpt__fail(GPT_E_FORMAT, "%s: %s at byte %zu should be 1 to %d bytes of UTF-8 without NUL", c->file->path,
                         what, at, MOST_KEY_BYTES);
    return GPT_OK;
}

/*
 * Metadata.
 */

static gpt_status take_type(gpt__gguf_type *out, cursor *c, gpt__gguf_string key)
{
    uint32_t type = 0;
    GPT__TRY(take_u32(&type, c, "the type of a value"));
    if (type >= GPT__GGUF_TYPES)
        return gpt__fail(GPT_E_FORMAT, "%s: the value of \"%.*s\" has type %u, expected 0 to %d", c->file->path,
                         (int)key.length, key.text, (unsigned)type, GPT__GGUF_TYPES - 1);
    *out = (gpt__gguf_type)type;
    return GPT_OK;
}

static gpt_status take_array(gpt__gguf_entry *entry, cursor *c)
{
    const unsigned char *bytes = NULL;
    gpt__gguf_string string;
    GPT__TRY(take_type(&entry->element, c, entry->key));
    GPT__TRY(take_u64(&entry->count, c, "the length of an array"));
    if (entry->element == GPT__GGUF_ARRAY)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the value of \"%.*s\" is an array of arrays", c->file->path,
                         (int)entry->key.length, entry->key.text);
    entry->data = c->file->data + c->at;
    if (entry->element != GPT__GGUF_STRING)
        return take(&bytes, c, entry->count, type_bytes[entry->element], "an array");
    for (uint64_t i = 0; i < entry->count; i++)
        GPT__TRY(take_string(&string, c, "an array of strings"));
    return GPT_OK;
}

static gpt_status take_entry(gpt__gguf_entry *entry, cursor *c)
{
    gpt__gguf_string string;
    GPT__TRY(take_name(&entry->key, c, "a key"));
    GPT__TRY(take_type(&entry->type, c, entry->key));
    if (entry->type == GPT__GGUF_ARRAY)
        return take_array(entry, c);
    entry->data = c->file->data + c->at;
    if (entry->type == GPT__GGUF_STRING)
        return take_string(&string, c, "a string");
    return take(&entry->data, c, 1, type_bytes[entry->type], "a value");
}

static int compare_strings(gpt__gguf_string a, gpt__gguf_string b)
{
    int order = memcmp(a.text, b.text, a.length < b.length ? a.length : b.length);
    return order != 0 ? order : (a.length > b.length) - (a.length < b.length);
}

static int compare_entries(const void *a, const void *b)
{
    return compare_strings(((const gpt__gguf_entry *)a)->key, ((const gpt__gguf_entry *)b)->key);
}

static gpt_status read_entries(gpt__gguf *gguf, cursor *c, uint64_t count)
{
    if (count > left(c) / LEAST_ENTRY_BYTES)
        return gpt__fail(GPT_E_FORMAT, "%s: %llu keys do not fit in %zu bytes", c->file->path,
                         (unsigned long long)count, c->file->size);
    gguf->entries = gpt__allocate_zeroed((size_t)count, sizeof *gguf->entries);
    if (gguf->entries == NULL)
        return GPT_E_MEMORY;
    gguf->entry_count = (size_t)count;
    for (size_t i = 0; i < gguf->entry_count; i++)
        GPT__TRY(take_entry(&gguf->entries[i], c));
    qsort(gguf->entries, gguf->entry_count, sizeof *gguf->entries, compare_entries);
    for (size_t i = 1; i < gguf->entry_count; i++)
        if (compare_entries(&gguf->entries[i - 1], &gguf->entries[i]) == 0)
            return gpt__fail(GPT_E_FORMAT, "%s: the key \"%.*s\" is there twice", c->file->path,
                             (int)gguf->entries[i].key.length, gguf->entries[i].key.text);
    return GPT_OK;
}

const gpt__gguf_entry *gpt__gguf_find(const gpt__gguf *gguf, const char *key)
{
    gpt__gguf_entry wanted = {.key = {key, strlen(key)}};
    return gguf->entry_count == 0
               ? NULL
               : bsearch(&wanted, gguf->entries, gguf->entry_count, sizeof *gguf->entries, compare_entries);
}

/*
 * Descriptions of tensors.
 */

/* The file has the fastest dimension first. */
static gpt_status take_shape(gpt__gguf_tensor *tensor, cursor *c)
{
    uint32_t rank = 0;
    int length = (int)tensor->name.length;
    GPT__TRY(take_u32(&rank, c, "the description of a tensor"));
    if (rank > GPT__GGUF_MAX_RANK)
        return gpt__fail(GPT_E_FORMAT, "%s: tensor %.*s has %u dimensions, expected at most %d", c->file->path, length,
                         tensor->name.text, (unsigned)rank, GPT__GGUF_MAX_RANK);
    tensor->rank = (int)rank;
    for (int i = tensor->rank - 1; i >= 0; i--) {
        uint64_t size = 0;
        GPT__TRY(take_u64(&size, c, "the description of a tensor"));
        if (size > INT64_MAX)
            return gpt__fail(GPT_E_FORMAT, "%s: the shape of tensor %.*s is too large", c->file->path, length,
                             tensor->name.text);
        tensor->shape[i] = (int64_t)size;
    }
    return GPT_OK;
}

static gpt_status read_tensors(gpt__gguf *gguf, cursor *c, uint64_t count)
{
    if (count > left(c) / LEAST_TENSOR_BYTES)
        return gpt__fail(GPT_E_FORMAT, "%s: %llu tensors do not fit in %zu bytes", c->file->path,
                         (unsigned long long)count, c->file->size);
    gguf->tensors = gpt__allocate_zeroed((size_t)count, sizeof *gguf->tensors);
    if (gguf->tensors == NULL)
        return GPT_E_MEMORY;
    gguf->tensor_count = (size_t)count;
    for (size_t i = 0; i < gguf->tensor_count; i++) {
        gpt__gguf_tensor *tensor = &gguf->tensors[i];
        GPT__TRY(take_name(&tensor->name, c, "the name of a tensor"));
        GPT__TRY(take_shape(tensor, c));
        GPT__TRY(take_u32(&tensor->type, c, "the description of a tensor"));
        GPT__TRY(take_u64(&tensor->offset, c, "the description of a tensor"));
    }
    return GPT_OK;
}

/*
 * The whole.
 */

static gpt_status read_header(cursor *c, uint64_t *tensors, uint64_t *entries)
{
    const unsigned char *magic = NULL;
    uint32_t version = 0;
    GPT__TRY(take(&magic, c, 1, 4, "the header"));
    if (memcmp(magic, MAGIC, 4) != 0)
        return gpt__fail(GPT_E_FORMAT, "%s: not a GGUF file: it does not begin with \"" MAGIC "\"", c->file->path);
    GPT__TRY(take_u32(&version, c, "the header"));
    if (version == 0x02000000 || version == 0x03000000)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: a big-endian GGUF file", c->file->path);
    if (version != 2 && version != 3)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: GGUF version %u, expected 2 or 3", c->file->path, (unsigned)version);
    GPT__TRY(take_u64(tensors, c, "the header"));
    return take_u64(entries, c, "the header");
}

static gpt_status find_data(gpt__gguf *gguf, const cursor *c)
{
    int64_t alignment = DEFAULT_ALIGNMENT;
    GPT__TRY(gpt__gguf_int(&alignment, gguf, "general.alignment", 1, MOST_ALIGNMENT));
    if ((alignment & (alignment - 1)) != 0)
        return gpt__fail(GPT_E_FORMAT, "%s: \"general.alignment\" is %lld, expected a power of two", c->file->path,
                         (long long)alignment);
    gguf->alignment = (uint64_t)alignment;
    gguf->data_begin = (c->at + gguf->alignment - 1) / gguf->alignment * gguf->alignment;
    return GPT_OK;
}

static gpt_status read_all(gpt__gguf *gguf)
{
    cursor c = {gguf->file, 0};
    uint64_t tensors = 0;
    uint64_t entries = 0;
    GPT__TRY(read_header(&c, &tensors, &entries));
    GPT__TRY(read_entries(gguf, &c, entries));
    GPT__TRY(read_tensors(gguf, &c, tensors));
    return find_data(gguf, &c);
}

gpt_status gpt__gguf_parse(gpt__gguf *gguf, const gpt__file *file)
{
    *gguf = (gpt__gguf){.file = file};
    gpt_status status = read_all(gguf);
    if (status != GPT_OK)
        gpt__gguf_close(gguf);
    return status;
}

gpt_status gpt__gguf_open(gpt__gguf *gguf, const char *path)
{
    *gguf = (gpt__gguf){0};
    GPT__TRY(gpt__file_map(&gguf->own, path));
    gguf->file = &gguf->own;
    gpt_status status = read_all(gguf);
    if (status != GPT_OK)
        gpt__gguf_close(gguf);
    return status;
}

void gpt__gguf_close(gpt__gguf *gguf)
{
    gpt__release(gguf->entries);
    gpt__release(gguf->tensors);
    gpt__file_close(&gguf->own);
    *gguf = (gpt__gguf){0};
}
