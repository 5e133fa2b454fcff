/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format/gguf_metadata.c: typed look-ups in the metadata of a GGUF file. Writers differ in which of the types of whole
 * numbers they choose for a key, so that any of them will do.
 */
#include "base/bytes.h"
#include "base/memory.h"
#include "base/utf8.h"
#include "format/gguf.h"

#include <math.h>
#include <string.h>

static gpt_status wrong_type(const gpt__gguf *gguf, const char *key, const char *expected)
{
    return gpt__fail(GPT_E_FORMAT, "%s: \"%s\" should be %s", gguf->file->path, key, expected);
}

/* A value of one of the signed types, or what an unsigned one of the same size holds, as its bits. */
static uint64_t read_bits(const gpt__gguf_entry *entry)
{
    switch (entry->type) {
    case GPT__GGUF_U8:
    case GPT__GGUF_BOOL:
        return entry->data[0];
    case GPT__GGUF_I8:
        return (uint64_t)(int64_t)(int8_t)entry->data[0];
    case GPT__GGUF_U16:
        return gpt__read_u16(entry->data);
    case GPT__GGUF_I16:
        return (uint64_t)(int64_t)(int16_t)gpt__read_u16(entry->data);
    case GPT__GGUF_U32:
        return gpt__read_u32(entry->data);
    case GPT__GGUF_I32:
        return (uint64_t)(int64_t)(int32_t)gpt__read_u32(entry->data);
    default:
        return gpt__read_u64(entry->data);
    }
}

static int is_whole_number(gpt__gguf_type type)
{
    return type <= GPT__GGUF_I32 || type == GPT__GGUF_U64 || type == GPT__GGUF_I64;
}

gpt_status gpt__gguf_int(int64_t *out, const gpt__gguf *gguf, const char *key, int64_t least, int64_t most)
{
    const gpt__gguf_entry *entry = gpt__gguf_find(gguf, key);
    if (entry == NULL)
        return GPT_OK;
    if (!is_whole_number(entry->type))
        return wrong_type(gguf, key, "a whole number");
    uint64_t bits = read_bits(entry);
    if (entry->type == GPT__GGUF_U64 && bits > INT64_MAX)
        return gpt__fail(GPT_E_FORMAT, "%s: \"%s\" is %llu, expected %lld to %lld", gguf->file->path, key,
                         (unsigned long long)bits, (long long)least, (long long)most);
    int64_t value = (int64_t)bits;
    if (value < least || value > most)
        return gpt__fail(GPT_E_FORMAT, "%s: \"%s\" is %lld, expected %lld to %lld", gguf->file->path, key,
                         (long long)value, (long long)least, (long long)most);
    *out = value;
    return GPT_OK;
}

gpt_status gpt__gguf_number(double *out, const gpt__gguf *gguf, const char *key)
{
    const gpt__gguf_entry *entry = gpt__gguf_find(gguf, key);
    double value = 0;
    if (entry == NULL)
        return GPT_OK;
    if (entry->type == GPT__GGUF_F32) {
        value = gpt__read_f32(entry->data);
    } else if (entry->type == GPT__GGUF_F64) {
        uint64_t bits = gpt__read_u64(entry->data);
        memcpy(&value, &bits, sizeof value);
    } else {
        int64_t whole = 0;
        GPT__TRY(gpt__gguf_int(&whole, gguf, key, INT64_MIN, INT64_MAX));
        value = (double)whole;
    }
    if (!isfinite(value))
        return wrong_type(gguf, key, "a finite number");
    *out = value;
    return GPT_OK;
}

gpt_status gpt__gguf_bool(int *out, const gpt__gguf *gguf, const char *key)
{
    const gpt__gguf_entry *entry = gpt__gguf_find(gguf, key);
    if (entry == NULL)
        return GPT_OK;
    if (entry->type != GPT__GGUF_BOOL || entry->data[0] > 1)
        return wrong_type(gguf, key, "true or false");
    *out = entry->data[0];
    return GPT_OK;
}

gpt_status gpt__gguf_text(gpt__gguf_string *out, const gpt__gguf *gguf, const char *key)
{
    const gpt__gguf_entry *entry = gpt__gguf_find(gguf, key);
    if (entry == NULL)
        return GPT_OK;
    if (entry->type != GPT__GGUF_STRING)
        return wrong_type(gguf, key, "a string");
    const unsigned char *at = entry->data;
    gpt__gguf_string string = gpt__gguf_next_string(&at);
    if (!gpt__utf8_valid(string.text, string.length))
        return wrong_type(gguf, key, "UTF-8");
    *out = string;
    return GPT_OK;
}

int gpt__gguf_is(gpt__gguf_string string, const char *text)
{
    return string.length == strlen(text) && (string.length == 0 || memcmp(string.text, text, string.length) == 0);
}

gpt_status gpt__gguf_array(const gpt__gguf_entry **out, const gpt__gguf *gguf, const char *key, gpt__gguf_type element)
{
    const gpt__gguf_entry *entry = gpt__gguf_find(gguf, key);
    *out = NULL;
    if (entry == NULL)
        return GPT_OK;
    if (entry->type != GPT__GGUF_ARRAY || entry->element != element)
        return wrong_type(gguf, key, element == GPT__GGUF_STRING ? "an array of strings" : "an array of whole numbers");
    *out = entry;
    return GPT_OK;
}

gpt__gguf_string gpt__gguf_next_string(const unsigned char **at)
{
    gpt__gguf_string string = {(const char *)*at + 8, (size_t)gpt__read_u64(*at)};
    *at += 8 + string.length;
    return string;
}
