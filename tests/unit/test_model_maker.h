/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_model_maker.h: model directories for tests, made from a golden case, GPT-2's for most, by changing one
 * thing. A maker holds its config.json and its tensors; tests change those, and write them as a directory of their own.
 */
#ifndef TESTS_TEST_MODEL_MAKER_H
#define TESTS_TEST_MODEL_MAKER_H

#include "base/bytes.h"
#include "test.h"
#include "unit/test_floats.h"
#include "unit/test_tokenizer_maker.h"

#include <cjson/cJSON.h>
#include <gpt/gpt.h>
#include <sys/stat.h>
#include <unistd.h>

#define MODEL_MOST_TENSORS 80

/* A tensor as the file will describe it, and its data, which need not fit together. */
typedef struct model_tensor {
    char name[80];
    char dtype[16];
    int rank;
    double shape[12]; /* doubles, as JSON has them: tests ask for impossible ones */
    unsigned char *data;
    size_t bytes;
    double shift_begin, shift_end; /* added to the offsets that would be right */
} model_tensor;

typedef struct model_maker {
    cJSON *config;
    model_tensor tensors[MODEL_MOST_TENSORS];
    size_t count;
} model_maker;

static inline void model_tensor_from_json(model_tensor *t, const cJSON *info, const char *data)
{
    const cJSON *offsets = cJSON_GetObjectItem(info, "data_offsets");
    const cJSON *dimension;
    size_t begin = (size_t)cJSON_GetArrayItem(offsets, 0)->valuedouble;
    memset(t, 0, sizeof *t);
    snprintf(t->name, sizeof t->name, "%s", info->string);
    snprintf(t->dtype, sizeof t->dtype, "%s", cJSON_GetObjectItem(info, "dtype")->valuestring);
    cJSON_ArrayForEach(dimension, cJSON_GetObjectItem(info, "shape")) t->shape[t->rank++] = dimension->valuedouble;
    t->bytes = (size_t)cJSON_GetArrayItem(offsets, 1)->valuedouble - begin;
    t->data = malloc(t->bytes + 1);
    if (t->data == NULL)
        abort();
    memcpy(t->data, data + begin, t->bytes);
}

static inline char *model_golden_file(size_t *length, const char *golden, const char *name)
{
    char part[128];
    snprintf(part, sizeof part, "golden/models/%s/%s", golden, name);
    char *path = test_path(part);
    char *bytes = test_read_file(length, path);
    if (bytes == NULL) {
        printf("Bail out! %s can not be read\n", path);
        exit(1);
    }
    free(path);
    return bytes;
}

/* A golden case as it is. Freed with model_free. */
static inline void model_load_case(model_maker *m, const char *golden)
{
    size_t length;
    char *config = model_golden_file(&length, golden, "config.json");
    char *file = model_golden_file(&length, golden, "model.safetensors");
    size_t header_length = (size_t)gpt__read_u64((const unsigned char *)file);
    cJSON *header = cJSON_ParseWithLength(file + 8, header_length);
    const cJSON *info;
    memset(m, 0, sizeof *m);
    m->config = cJSON_Parse(config);
    cJSON_ArrayForEach(info, header) {
        if (strcmp(info->string, "__metadata__") != 0 && m->count < MODEL_MOST_TENSORS)
            model_tensor_from_json(&m->tensors[m->count++], info, file + 8 + header_length);
    }
    cJSON_Delete(header);
    free(config);
    free(file);
}

/* GPT-2's. */
static inline void model_load(model_maker *m)
{
    model_load_case(m, "gpt2");
}

static inline void model_free(model_maker *m)
{
    for (size_t i = 0; i < m->count; i++)
        free(m->tensors[i].data);
    cJSON_Delete(m->config);
    memset(m, 0, sizeof *m);
}

/* The tensor whose name is or ends with "." and this; the golden case's names may have the prefix or not. */
static inline model_tensor *model_find(model_maker *m, const char *name)
{
    for (size_t i = 0; i < m->count; i++) {
        const char *found = m->tensors[i].name;
        size_t more = strlen(found) < strlen(name) ? 0 : strlen(found) - strlen(name);
        if (strcmp(found + more, name) == 0 && (more == 0 || found[more - 1] == '.'))
            return &m->tensors[i];
    }
    printf("Bail out! the golden case has no tensor %s\n", name);
    exit(1);
}

static inline void model_remove(model_maker *m, const char *name)
{
    model_tensor *t = model_find(m, name);
    free(t->data);
    *t = m->tensors[--m->count];
}

/* One more tensor, a copy of an old one under a new name. */
static inline model_tensor *model_copy(model_maker *m, const char *name, const char *new_name)
{
    if (m->count == MODEL_MOST_TENSORS)
        abort();
    const model_tensor *t = model_find(m, name);
    model_tensor *copy = &m->tensors[m->count++];
    *copy = *t;
    copy->data = malloc(t->bytes + 1);
    if (copy->data == NULL)
        abort();
    memcpy(copy->data, t->data, t->bytes);
    snprintf(copy->name, sizeof copy->name, "%s", new_name);
    return copy;
}

/* Sets a member of config.json to this text, which should be JSON, or takes it away with NULL. */
static inline void model_set(model_maker *m, const char *key, const char *value)
{
    cJSON_DeleteItemFromObjectCaseSensitive(m->config, key);
    if (value != NULL)
        cJSON_AddItemToObject(m->config, key, cJSON_CreateRaw(value));
}

/* Fits the data to type and shape, so that only the change itself is wrong: zeros, or the beginning of the old data. */
static inline void model_resize(model_tensor *t, const char *dtype, size_t element_bytes)
{
    double count = 1;
    for (int i = 0; i < t->rank; i++)
        count *= t->shape[i];
    size_t bytes = (size_t)count * element_bytes;
    unsigned char *data = calloc(bytes + 1, 1);
    if (data == NULL)
        abort();
    memcpy(data, t->data, bytes < t->bytes ? bytes : t->bytes);
    free(t->data);
    t->data = data;
    t->bytes = bytes;
    snprintf(t->dtype, sizeof t->dtype, "%s", dtype);
}

static inline float model_float(const model_tensor *t, size_t i)
{
    return gpt__read_f32(t->data + 4 * i);
}

static inline void model_set_float(model_tensor *t, size_t i, float value)
{
    uint32_t bits = gpt__bits_from_float(value);
    for (int byte = 0; byte < 4; byte++)
        t->data[4 * i + (size_t)byte] = (unsigned char)(bits >> 8 * byte);
}

/* Rounds all weights, which stay F32, so that both 16-bit types hold them exactly. */
static inline void model_round(model_maker *m)
{
    for (size_t i = 0; i < m->count; i++)
        for (size_t j = 0; j < m->tensors[i].bytes / 4; j++) {
            uint32_t bits = gpt__bits_from_float(model_float(&m->tensors[i], j)) & 0xFFFF0000;
            uint32_t exponent = bits >> 23 & 0xFF;
            model_set_float(&m->tensors[i], j, exponent < 113 ? 0.0f : gpt__float_from_bits(bits));
        }
}

/* Stores an F32 tensor in 16 bits, "BF16" or "F16". */
static inline void model_halve_tensor(model_tensor *t, const char *dtype)
{
    int is_bf16 = strcmp(dtype, "BF16") == 0;
    for (size_t j = 0; j < t->bytes / 4; j++) {
        uint16_t half = is_bf16 ? float_to_bf16(model_float(t, j)) : float_to_f16(model_float(t, j));
        t->data[2 * j] = (unsigned char)half;
        t->data[2 * j + 1] = (unsigned char)(half >> 8);
    }
    t->bytes /= 2;
    snprintf(t->dtype, sizeof t->dtype, "%s", dtype);
}

/* All of them; tensors of other types stay. */
static inline void model_halve(model_maker *m, const char *dtype)
{
    for (size_t i = 0; i < m->count; i++)
        if (strcmp(m->tensors[i].dtype, "F32") == 0)
            model_halve_tensor(&m->tensors[i], dtype);
}

/* The bytes of model.safetensors, freed with gpt__buffer_release. */
static inline void model_bytes(gpt__buffer *out, const model_maker *m)
{
    gpt__buffer header = {0};
    char text[200];
    double offset = 0;
    maker_add(&header, "{");
    for (size_t i = 0; i < m->count; i++) {
        const model_tensor *t = &m->tensors[i];
        snprintf(text, sizeof text, "%s\"%s\":{\"dtype\":\"%s\",\"shape\":[", i > 0 ? "," : "", t->name, t->dtype);
        maker_add(&header, text);
        for (int d = 0; d < t->rank; d++) {
            snprintf(text, sizeof text, "%s%.17g", d > 0 ? "," : "", t->shape[d]);
            maker_add(&header, text);
        }
        double end = offset + (double)t->bytes;
        snprintf(text, sizeof text, "],\"data_offsets\":[%.17g,%.17g]}", offset + t->shift_begin, end + t->shift_end);
        maker_add(&header, text);
        offset = end;
    }
    maker_add(&header, "}");
    unsigned char length[8];
    for (int i = 0; i < 8; i++)
        length[i] = (unsigned char)(header.length >> 8 * i);
    int ok = gpt__buffer_add(out, (const char *)length, 8) == GPT_OK &&
             gpt__buffer_add(out, header.bytes, header.length) == GPT_OK;
    for (size_t i = 0; ok && i < m->count; i++)
        ok = gpt__buffer_add(out, (const char *)m->tensors[i].data, m->tensors[i].bytes) == GPT_OK;
    if (!ok)
        abort();
    gpt__buffer_release(&header);
}

/* A directory below test_directory(), made with those above it. Freed with free. */
static inline char *model_directory(const char *name)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", test_directory(), name) < 0)
        abort();
    for (char *slash = path + strlen(test_directory()); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(path, 0755);
        *slash = '/';
    }
    mkdir(path, 0755);
    return path;
}

/* Writes <directory>/<name>; directory is one of model_directory. */
static inline void model_write_file(const char *directory, const char *name, const void *bytes, size_t length)
{
    char *relative = NULL;
    if (asprintf(&relative, "%s/%s", directory + strlen(test_directory()) + 1, name) < 0)
        abort();
    free(test_write_file(relative, bytes, length));
    free(relative);
}

static inline void model_write_text(const char *directory, const char *name, const char *text)
{
    model_write_file(directory, name, text, strlen(text));
}

static inline void model_write_config(const model_maker *m, const char *directory)
{
    char *config = cJSON_Print(m->config);
    model_write_text(directory, "config.json", config);
    cJSON_free(config);
}

static inline void model_write_weights(const model_maker *m, const char *directory, const char *name)
{
    gpt__buffer bytes = {0};
    model_bytes(&bytes, m);
    model_write_file(directory, name, bytes.bytes, bytes.length);
    gpt__buffer_release(&bytes);
}

/* Writes config.json and model.safetensors of a maker. Returns the directory, freed with free. */
static inline char *model_write(const model_maker *m, const char *name)
{
    char *directory = model_directory(name);
    model_write_config(m, directory);
    model_write_weights(m, directory, "model.safetensors");
    return directory;
}

/* The same in shards: tensor i is in shard i modulo count, as model.safetensors.index.json says. */
static inline char *model_write_shards(const model_maker *m, const char *name, size_t count)
{
    char *directory = model_directory(name);
    cJSON *index = cJSON_CreateObject();
    cJSON *map = cJSON_AddObjectToObject(index, "weight_map");
    model_write_config(m, directory);
    for (size_t shard = 0; shard < count; shard++) {
        char file[64];
        model_maker part = {0};
        snprintf(file, sizeof file, "model-%05zu-of-%05zu.safetensors", shard + 1, count);
        for (size_t i = shard; i < m->count; i += count) {
            part.tensors[part.count++] = m->tensors[i];
            cJSON_AddStringToObject(map, m->tensors[i].name, file);
        }
        model_write_weights(&part, directory, file);
    }
    char *text = cJSON_Print(index);
    model_write_text(directory, "model.safetensors.index.json", text);
    cJSON_free(text);
    cJSON_Delete(index);
    return directory;
}

/* Gives a directory a byte-level tokenizer of 260 tokens, the last of which, "<end>", is special. */
static inline void model_add_tokenizer(const char *directory)
{
    static const maker small = {.merges = "a b,ab c,b c",
                                .added = "{\"id\": 259, \"content\": \"<end>\", \"special\": true}"};
    char *text = maker_text(&small);
    model_write_text(directory, "tokenizer.json", text);
    gpt_free(text);
}

/* The golden case with that tokenizer, as a directory. Freed with free. */
static inline char *model_with_tokenizer(const char *name)
{
    model_maker m;
    model_load(&m);
    char *directory = model_write(&m, name);
    model_add_tokenizer(directory);
    model_free(&m);
    return directory;
}

static inline gpt_status model_open_as(gpt_model **out, const char *directory, gpt_dtype dtype)
{
    gpt_model_options *options = NULL;
    if (gpt_model_options_new(&options) != GPT_OK || gpt_model_options_set_dtype(options, dtype) != GPT_OK ||
        gpt_model_options_set_threads(options, 1) != GPT_OK)
        abort();
    gpt_status status = gpt_model_open(out, directory, options);
    gpt_model_options_free(options);
    return status;
}

/* A generator that computes on one thread: a test machine is busy with other tests. */
static inline gpt_status model_generator(gpt_generator **out, gpt_model *model)
{
    gpt_status status = gpt_generator_new(out, model);
    return status == GPT_OK ? gpt_generator_set_threads(*out, 1) : status;
}

#endif
