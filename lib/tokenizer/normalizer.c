/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/normalizer.c: reads a "normalizer" into a list of steps, and applies them one after the other. */
#include "tokenizer/normalizer.h"

#include "tokenizer/normal_form.h"
#include "tokenizer/words.h"

#include <string.h>

/* The types that are implemented. Another is refused by name, as text that is normalized nearly right has wrong ids. */
static const struct {
    const char *type;
    gpt__normalizer_step *step;
} types[] = {
    {"NFC", gpt__normalize_nfc},   {"NFD", gpt__normalize_nfd},
    {"NFKC", gpt__normalize_nfkc}, {"NFKD", gpt__normalize_nfkd},
    {"Lowercase", gpt__normalize_lowercase},
};

static gpt__normalizer_step *find_step(const char *type)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (strcmp(types[i].type, type) == 0)
            return types[i].step;
    return NULL;
}

static gpt_status add_step(gpt__normalizer *normalizer, const gpt__json *json, gpt__normalizer_step *step)
{
    if (normalizer->count == GPT__MAX_NORMALIZER_STEPS)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: more than %d normalizers", json->path, GPT__MAX_NORMALIZER_STEPS);
    normalizer->steps[normalizer->count++] = step;
    return GPT_OK;
}

/* Accents go with upper case, unless the file says otherwise. */
static gpt_status read_bert(gpt__normalizer *normalizer, const gpt__json *json, const cJSON *member)
{
    int clean = 1, ideographs = 1, lowercase = 1;
    GPT__TRY(gpt__json_bool(&clean, json, member, "clean_text"));
    GPT__TRY(gpt__json_bool(&ideographs, json, member, "handle_chinese_chars"));
    GPT__TRY(gpt__json_bool(&lowercase, json, member, "lowercase"));
    int accents = lowercase;
    GPT__TRY(gpt__json_bool(&accents, json, member, "strip_accents"));
    if (clean)
        GPT__TRY(add_step(normalizer, json, gpt__normalize_clean));
    if (ideographs)
        GPT__TRY(add_step(normalizer, json, gpt__normalize_ideographs));
    if (accents)
        GPT__TRY(add_step(normalizer, json, gpt__normalize_nfd));
    if (accents)
        GPT__TRY(add_step(normalizer, json, gpt__normalize_accents));
    return lowercase ? add_step(normalizer, json, gpt__normalize_lowercase) : GPT_OK;
}

static gpt_status read_sequence(gpt__normalizer *normalizer, const gpt__json *json, const cJSON *member)
{
    const cJSON *list = NULL;
    GPT__TRY(gpt__json_array(&list, json, member, "normalizers"));
    for (const cJSON *item = list ? list->child : NULL; item != NULL; item = item->next)
        GPT__TRY(gpt__normalizer_read(normalizer, json, item));
    return GPT_OK;
}

gpt_status gpt__normalizer_read(gpt__normalizer *normalizer, const gpt__json *json, const cJSON *member)
{
    const char *type = NULL;
    if (member == NULL)
        return GPT_OK;
    GPT__TRY(gpt__json_string(&type, json, member, "type"));
    if (type == NULL)
        return gpt__fail(GPT_E_FORMAT, "%s: a normalizer should be an object with a \"type\"", json->path);
    if (strcmp(type, "Sequence") == 0)
        return read_sequence(normalizer, json, member);
    if (strcmp(type, "BertNormalizer") == 0)
        return read_bert(normalizer, json, member);
    gpt__normalizer_step *step = find_step(type);
    if (step == NULL)
        return gpt__fail(GPT_E_UNSUPPORTED, "%s: the normalizer \"%s\" is not supported", json->path, type);
    return add_step(normalizer, json, step);
}

void gpt__normalizer_set_nfc(gpt__normalizer *normalizer)
{
    *normalizer = (gpt__normalizer){.steps = {gpt__normalize_nfc}, .count = 1};
}

void gpt__normalizer_set_words(gpt__normalizer *normalizer)
{
    *normalizer = (gpt__normalizer){
        .steps = {gpt__normalize_clean, gpt__normalize_ideographs, gpt__normalize_nfd, gpt__normalize_accents,
                  gpt__normalize_lowercase},
        .count = 5,
    };
}

gpt_status gpt__normalizer_apply(gpt__buffer *out, gpt__buffer *other, const gpt__normalizer *normalizer,
                                 const char *text, size_t length)
{
    out->length = 0;
    if (normalizer->count == 0)
        return gpt__buffer_add(out, text, length);
    GPT__TRY(normalizer->steps[0](out, text, length));
    for (int i = 1; i < normalizer->count; i++) {
        gpt__buffer result = *other;
        result.length = 0;
        *other = *out;
        *out = result;
        GPT__TRY(normalizer->steps[i](out, other->bytes, other->length));
    }
    return GPT_OK;
}
