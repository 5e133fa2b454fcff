/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format/safetensors.c: the reader of safetensors files. Such a file is the length of a header (8 bytes), the header
 * (JSON: the name of each tensor with its type, shape and place), and the data, which the tensors fill without gaps.
 * Nothing in a file is trusted: it may come from anyone.
 */
#include "format/safetensors.h"

#include "base/bytes.h"
#include "base/memory.h"
#include "format/json.h"

#include <string.h>

/* The bound that the reference implementation sets. */
#define MOST_HEADER_BYTES 100000000

typedef struct element_type {
    const char *name;
    gpt__element element;
    unsigned bits;
} element_type;

static const element_type element_types[] = {
    {"F32", GPT__ELEMENT_F32, 32},            {"F16", GPT__ELEMENT_F16, 16},
    {"BF16", GPT__ELEMENT_BF16, 16},          {"F64", GPT__ELEMENT_F64, 64},
    {"I8", GPT__ELEMENT_I8, 8},               {"U8", GPT__ELEMENT_U8, 8},
    {"I16", GPT__ELEMENT_I16, 16},            {"U16", GPT__ELEMENT_U16, 16},
    {"I32", GPT__ELEMENT_I32, 32},            {"U32", GPT__ELEMENT_U32, 32},
    {"I64", GPT__ELEMENT_I64, 64},            {"U64", GPT__ELEMENT_U64, 64},
    {"BOOL", GPT__ELEMENT_BOOL, 8},           {"F8_E4M3", GPT__ELEMENT_OTHER, 8},
    {"F8_E5M2", GPT__ELEMENT_OTHER, 8},       {"F8_E8M0", GPT__ELEMENT_OTHER, 8},
    {"F8_E4M3FNUZ", GPT__ELEMENT_OTHER, 8},   {"F8_E5M2FNUZ", GPT__ELEMENT_OTHER, 8},
    {"F6_E2M3", GPT__ELEMENT_OTHER, 6},       {"F6_E3M2", GPT__ELEMENT_OTHER, 6},
    {"F4", GPT__ELEMENT_OTHER, 4},            {"C64", GPT__ELEMENT_OTHER, 64},
};

/* What is being read, for messages and ranges. */
typedef struct reading {
    gpt__checkpoint *checkpoint;
    const gpt__file *file;
    uint64_t data_begin; /* where the header ends */
    uint64_t data_size;
    uint64_t data_named; /* the bytes of all tensors so far */
} reading;

static const element_type *find_element_type(const char *name)
{
    for (size_t i = 0; i < sizeof element_types / sizeof element_types[0]; i++)
        if (strcmp(element_types[i].name, name) == 0)
            return &element_types[i];
    return NULL;
}

static gpt_status wrong_member(const reading *r, const cJSON *info, const char *key, const char *expected)
{
    return gpt__fail(GPT_E_FORMAT, "%s: \"%s\" of tensor %s should be %s", r->file->path, key, info->string, expected);
}

static gpt_status read_type(gpt__tensor *tensor, unsigned *bits, const reading *r, const cJSON *info)
{
    const cJSON *dtype = gpt__json_member(info, "dtype");
    if (!cJSON_IsString(dtype))
        return wrong_member(r, info, "dtype", "a string");
    const element_type *type = find_element_type(dtype->valuestring);
    if (type == NULL)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: tensor %s has elements of type %s, which libgpt does not know",
                         r->file->path, info->string, dtype->valuestring);
    tensor->element = type->element;
    memcpy(tensor->type_name, type->name, strlen(type->name) + 1);
    *bits = type->bits;
    return GPT_OK;
}

static gpt_status read_shape(gpt__tensor *tensor, const reading *r, const cJSON *info)
{
    const cJSON *shape = gpt__json_member(info, "shape");
    if (!cJSON_IsArray(shape))
        return wrong_member(r, info, "shape", "an array");
    const cJSON *dimension;
    cJSON_ArrayForEach(dimension, shape) {
        int64_t size;
        if (!gpt__json_whole(&size, dimension, 0, INT64_MAX))
            return wrong_member(r, info, "shape", "an array of whole numbers");
        if (tensor->rank == GPT__MAX_RANK)
            return gpt__fail(GPT_E_UNSUPPORTED, "%s: tensor %s has %d dimensions, expected at most %d", r->file->path,
                             info->string, cJSON_GetArraySize(shape), GPT__MAX_RANK);
        tensor->shape[tensor->rank++] = size;
    }
    return GPT_OK;
}

/* The place of the data, counted from the end of the header. */
static gpt_status read_offsets(gpt__tensor *tensor, uint64_t *begin, const reading *r, const cJSON *info)
{
    const cJSON *offsets = gpt__json_member(info, "data_offsets");
    if (!cJSON_IsArray(offsets) || cJSON_GetArraySize(offsets) != 2)
        return wrong_member(r, info, "data_offsets", "an array of 2 numbers");
    int64_t from, to;
    if (!gpt__json_whole(&from, offsets->child, 0, INT64_MAX) ||
        !gpt__json_whole(&to, offsets->child->next, from, INT64_MAX))
        return wrong_member(r, info, "data_offsets", "two whole numbers, the first not above the second");
    if ((uint64_t)to > r->data_size)
        return gpt__fail(GPT_E_FORMAT, "%s: tensor %s ends at byte %lld of the data, but there are only %llu",
                         r->file->path, info->string, (long long)to, (unsigned long long)r->data_size);
    *begin = (uint64_t)from;
    tensor->bytes = (size_t)(to - from);
    return GPT_OK;
}

static gpt_status read_tensor(reading *r, const cJSON *info)
{
    gpt__tensor tensor = {.name = info->string, .file = r->file};
    unsigned bits = 0;
    uint64_t begin = 0;
    if (!cJSON_IsObject(info))
        return gpt__fail(GPT_E_FORMAT, "%s: the description of tensor %s should be an object", r->file->path,
                         info->string);
    GPT__TRY(read_type(&tensor, &bits, r, info));
    GPT__TRY(read_shape(&tensor, r, info));
    GPT__TRY(read_offsets(&tensor, &begin, r, info));
    GPT__TRY(gpt__checkpoint_add(r->checkpoint, &tensor, r->data_begin + begin, bits));
    r->data_named += tensor.bytes;
    return GPT_OK;
}

static gpt_status read_header(reading *r, const gpt__json *header)
{
    if (!cJSON_IsObject(header->root))
        return gpt__fail(GPT_E_FORMAT, "%s: the header should be a JSON object", r->file->path);
    const cJSON *member;
    cJSON_ArrayForEach(member, header->root) {
        if (strcmp(member->string, "__metadata__") != 0)
            GPT__TRY(read_tensor(r, member));
        else if (!cJSON_IsObject(member))
            return gpt__fail(GPT_E_FORMAT, "%s: \"__metadata__\" should be an object", r->file->path);
    }
    return GPT_OK;
}

static gpt_status read_file(gpt__checkpoint *checkpoint, const char *path)
{
    reading r = {.checkpoint = checkpoint};
    GPT__TRY(gpt__checkpoint_map(&r.file, checkpoint, path));
    if (r.file->size < 8)
        return gpt__fail(GPT_E_FORMAT, "%s: %zu bytes are too few for a safetensors file", path, r.file->size);
    uint64_t length = gpt__read_u64(r.file->data);
    if (length > r.file->size - 8 || length > MOST_HEADER_BYTES)
        return gpt__fail(GPT_E_FORMAT, "%s: a header of %llu bytes is too long: the file has %zu, and the limit is %d",
                         path, (unsigned long long)length, r.file->size, MOST_HEADER_BYTES);
    r.data_begin = 8 + length;
    r.data_size = r.file->size - r.data_begin;
    gpt__json header;
    GPT__TRY(gpt__json_parse(&header, (const char *)r.file->data + 8, (size_t)length, path));
    gpt_status status = read_header(&r, &header);
    gpt__json_close(&header);
    /* As the tensors lie within the data and apart, equal sums mean that there is no gap. */
    if (status == GPT_OK && r.data_named < r.data_size)
        status = gpt__fail(GPT_E_FORMAT, "%s: the tensors have %llu bytes, but the file holds %llu", path,
                           (unsigned long long)r.data_named, (unsigned long long)r.data_size);
    return status;
}

gpt_status gpt__safetensors_read(gpt__checkpoint *checkpoint, const char *directory, const char *path)
{
    (void)directory;
    GPT__TRY(read_file(checkpoint, path));
    return gpt__checkpoint_seal(checkpoint);
}

/*
 * Shards.
 */

/* The shards that were read so far. The names belong to the index. */
typedef struct shard_list {
    const char **names;
    size_t count;
    size_t capacity;
} shard_list;

/* The index must not lead to files elsewhere. */
static int is_plain_file_name(const char *name)
{
    return name[0] != '\0' && strchr(name, '/') == NULL && strcmp(name, ".") != 0 && strcmp(name, "..") != 0;
}

static int has_shard(const shard_list *shards, const char *name)
{
    /* Neighbours in the index mostly lie in the same shard: the newest is looked at first. */
    for (size_t i = shards->count; i-- > 0;)
        if (strcmp(shards->names[i], name) == 0)
            return 1;
    return 0;
}

static gpt_status read_shard(gpt__checkpoint *checkpoint, shard_list *shards, const char *directory,
                             const char *index_path, const cJSON *entry)
{
    const char *name = entry->valuestring;
    if (!cJSON_IsString(entry) || !is_plain_file_name(name))
        return gpt__fail(GPT_E_FORMAT, "%s: the shard of tensor %s should be the name of a file in the same directory",
                         index_path, entry->string);
    if (has_shard(shards, name))
        return GPT_OK;
    GPT__TRY(gpt__reserve((void **)&shards->names, &shards->capacity, shards->count + 1, sizeof *shards->names));
    shards->names[shards->count++] = name;
    char *path = gpt__join_path(directory, name);
    if (path == NULL)
        return GPT_E_MEMORY;
    gpt_status status = read_file(checkpoint, path);
    if (status == GPT_E_NOT_FOUND)
        status = gpt__fail(GPT_E_FORMAT, "%s: shard %s, which should hold tensor %s, is missing", index_path, name,
                           entry->string);
    gpt__release(path);
    return status;
}

/* Whether a file is the one of that name in its directory. */
static int is_file_named(const gpt__file *file, const char *name)
{
    const char *slash = strrchr(file->path, '/');
    return strcmp(slash != NULL ? slash + 1 : file->path, name) == 0;
}

static gpt_status check_entry(const gpt__checkpoint *checkpoint, const char *index_path, const cJSON *entry)
{
    const gpt__tensor *tensor = gpt__checkpoint_find(checkpoint, entry->string);
    if (tensor == NULL || !is_file_named(tensor->file, entry->valuestring))
        return gpt__fail(GPT_E_FORMAT, "%s: shard %s should hold tensor %s, but does not", index_path,
                         entry->valuestring, entry->string);
    return GPT_OK;
}

static gpt_status read_index(gpt__checkpoint *checkpoint, shard_list *shards, const char *directory,
                             const gpt__json *index)
{
    const cJSON *map = NULL;
    GPT__TRY(gpt__json_object(&map, index, index->root, "weight_map"));
    if (map == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: \"weight_map\" is missing", index->path);
    const cJSON *entry;
    cJSON_ArrayForEach(entry, map)
        GPT__TRY(read_shard(checkpoint, shards, directory, index->path, entry));
    GPT__TRY(gpt__checkpoint_seal(checkpoint));
    cJSON_ArrayForEach(entry, map)
        GPT__TRY(check_entry(checkpoint, index->path, entry));
    return GPT_OK;
}

gpt_status gpt__safetensors_read_shards(gpt__checkpoint *checkpoint, const char *directory, const char *path)
{
    gpt__json index;
    shard_list shards = {0};
    GPT__TRY(gpt__json_open(&index, path));
    gpt_status status = read_index(checkpoint, &shards, directory, &index);
    gpt__release(shards.names);
    gpt__json_close(&index);
    return status;
}
