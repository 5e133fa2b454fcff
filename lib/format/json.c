/* SPDX-License-Identifier: Apache-2.0 */
/* format/json.c: what model files need of JSON: typed members with defaults, and messages that say where. */
#include "format/json.h"

#include "base/file.h"
#include "base/locale.h"
#include "base/memory.h"

#include <errno.h>
#include <math.h>
#include <string.h>

static size_t line_of(const char *text, const char *end)
{
    size_t line = 1;
    for (const char *c = text; c < end; c++)
        line += *c == '\n';
    return line;
}

/* cJSON says only that it failed, and where; malloc, which it asks for each value, says that there is no memory. */
static gpt_status parse_value(gpt__json *json, const char **end, const char *text, size_t length)
{
    gpt__locale locale;
    *end = text;
    GPT__TRY(gpt__locale_enter(&locale));
    errno = 0;
    json->root = length > 0 ? cJSON_ParseWithLengthOpts(text, length, end, 0) : NULL;
    int error = errno;
    gpt__locale_leave(&locale);
    if (json->root != NULL)
        return GPT_OK;
    if (error == ENOMEM)
        return gpt__fail(GPT_E_MEMORY, "%s: out of memory", json->path);
    return gpt__fail(GPT_E_FORMAT, "%s: not valid JSON (line %zu)", json->path, line_of(text, *end));
}

gpt_status gpt__json_parse(gpt__json *json, const char *text, size_t length, const char *path)
{
    *json = (gpt__json){0};
    json->path = gpt__copy_string(path, strlen(path));
    if (json->path == NULL)
        return GPT_E_MEMORY;
    const char *end;
    gpt_status status = parse_value(json, &end, text, length);
    for (; status == GPT_OK && end < text + length; end++)
        if (strchr(" \t\r\n", *end) == NULL || *end == '\0')
            status = gpt__fail(GPT_E_FORMAT, "%s: something follows the JSON value (line %zu)", path,
                               line_of(text, end));
    if (status != GPT_OK)
        gpt__json_close(json);
    return status;
}

gpt_status gpt__json_open(gpt__json *json, const char *path)
{
    gpt__file file;
    *json = (gpt__json){0};
    GPT__TRY(gpt__file_read(&file, path));
    gpt_status status = gpt__json_parse(json, (const char *)file.data, file.size, path);
    gpt__file_close(&file);
    return status;
}

void gpt__json_close(gpt__json *json)
{
    cJSON_Delete(json->root);
    gpt__release(json->path);
    *json = (gpt__json){0};
}

const cJSON *gpt__json_member(const cJSON *object, const char *key)
{
    const cJSON *member = cJSON_GetObjectItemCaseSensitive(object, key);
    return member == NULL || cJSON_IsNull(member) ? NULL : member;
}

static gpt_status wrong_type(const gpt__json *json, const char *key, const char *expected)
{
    return gpt__fail(GPT_E_FORMAT, "%s: \"%s\" should be %s", json->path, key, expected);
}

int gpt__json_whole(int64_t *out, const cJSON *value, int64_t least, int64_t most)
{
    double number = cJSON_IsNumber(value) ? value->valuedouble : NAN;
    /* 2^53: up to here a double holds every whole number. */
    if (!(fabs(number) <= 0x1p53) || number != floor(number) || (int64_t)number < least || (int64_t)number > most)
        return 0;
    *out = (int64_t)number;
    return 1;
}

gpt_status gpt__json_int(int64_t *out, const gpt__json *json, const cJSON *object, const char *key, int64_t least,
                         int64_t most)
{
    const cJSON *member = gpt__json_member(object, key);
    if (member == NULL)
        return GPT_OK;
    int64_t value;
    if (!gpt__json_whole(&value, member, INT64_MIN, INT64_MAX))
        return wrong_type(json, key, "a whole number");
    if (value < least || value > most)
        return gpt__fail(GPT_E_FORMAT, "%s: \"%s\" is %lld, expected %lld to %lld", json->path, key, (long long)value,
                         (long long)least, (long long)most);
    *out = value;
    return GPT_OK;
}

gpt_status gpt__json_number(double *out, const gpt__json *json, const cJSON *object, const char *key)
{
    const cJSON *member = gpt__json_member(object, key);
    if (member == NULL)
        return GPT_OK;
    if (!cJSON_IsNumber(member) || !isfinite(member->valuedouble))
        return wrong_type(json, key, "a finite number");
    *out = member->valuedouble;
    return GPT_OK;
}

gpt_status gpt__json_bool(int *out, const gpt__json *json, const cJSON *object, const char *key)
{
    const cJSON *member = gpt__json_member(object, key);
    if (member == NULL)
        return GPT_OK;
    if (!cJSON_IsBool(member))
        return wrong_type(json, key, "true or false");
    *out = cJSON_IsTrue(member);
    return GPT_OK;
}

gpt_status gpt__json_string(const char **out, const gpt__json *json, const cJSON *object, const char *key)
{
    const cJSON *member = gpt__json_member(object, key);
    if (member == NULL)
        return GPT_OK;
    if (!cJSON_IsString(member))
        return wrong_type(json, key, "a string");
    *out = member->valuestring;
    return GPT_OK;
}

gpt_status gpt__json_object(const cJSON **out, const gpt__json *json, const cJSON *object, const char *key)
{
    const cJSON *member = gpt__json_member(object, key);
    if (member == NULL)
        return GPT_OK;
    if (!cJSON_IsObject(member))
        return wrong_type(json, key, "an object");
    *out = member;
    return GPT_OK;
}

gpt_status gpt__json_array(const cJSON **out, const gpt__json *json, const cJSON *object, const char *key)
{
    const cJSON *member = gpt__json_member(object, key);
    if (member == NULL)
        return GPT_OK;
    if (!cJSON_IsArray(member))
        return wrong_type(json, key, "an array");
    *out = member;
    return GPT_OK;
}
