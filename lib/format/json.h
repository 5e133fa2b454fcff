/* SPDX-License-Identifier: Apache-2.0 */
/* format/json.h: JSON files, read by cJSON, with checks whose messages name the file and the key. */
#ifndef GPT__FORMAT_JSON_H
#define GPT__FORMAT_JSON_H

#include "base/error.h"

#include <cjson/cJSON.h>

/* A parsed file. Begins as {0}. */
typedef struct gpt__json {
    cJSON *root;
    char *path; /* for messages */
} gpt__json;

/* Reads a file. GPT_E_NOT_FOUND when there is none, GPT_E_FORMAT with the line when it is not JSON. */
gpt_status gpt__json_open(gpt__json *json, const char *path);

/* Reads text that stands in the file called path; the text need not be ended by NUL. */
gpt_status gpt__json_parse(gpt__json *json, const char *text, size_t length, const char *path);

/* Takes one that was never opened. */
void gpt__json_close(gpt__json *json);

/*
 * Members of an object. When the key is missing or null, *out keeps the value that the caller put there, the default.
 * A value of another type or range is GPT_E_FORMAT. Strings and objects belong to the json. object may be NULL, which
 * has no members.
 */
gpt_status gpt__json_int(int64_t *out, const gpt__json *json, const cJSON *object, const char *key, int64_t least,
                         int64_t most);
gpt_status gpt__json_number(double *out, const gpt__json *json, const cJSON *object, const char *key);
gpt_status gpt__json_bool(int *out, const gpt__json *json, const cJSON *object, const char *key);
gpt_status gpt__json_string(const char **out, const gpt__json *json, const cJSON *object, const char *key);
gpt_status gpt__json_object(const cJSON **out, const gpt__json *json, const cJSON *object, const char *key);
gpt_status gpt__json_array(const cJSON **out, const gpt__json *json, const cJSON *object, const char *key);

/* Whether a value is a whole number from least to most; *out is set only then. value may be NULL. */
int gpt__json_whole(int64_t *out, const cJSON *value, int64_t least, int64_t most);

/* The member of a key, or NULL when it is missing or null. */
const cJSON *gpt__json_member(const cJSON *object, const char *key);

#endif
