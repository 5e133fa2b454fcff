/* SPDX-License-Identifier: Apache-2.0 */
/*
 * format/find.c: from a model's name to its directory. The Hugging Face cache is read as its own tools lay it out: for
 * the name "org/model", models--org--model/refs/main holds a commit, and snapshots/<commit> is the directory.
 */
#include "base/buffer.h"
#include "base/file.h"
#include "format/gguf.h"

#include <gpt/model.h>

#include <stdlib.h>
#include <string.h>

/* Collects the places that were looked at, for the message when nothing is found. */
typedef struct search {
    const char *name;
    char *found;
    gpt__buffer places;
} search;

static const char *variable(const char *name)
{
    const char *value = getenv(name);
    return value != NULL && value[0] != '\0' ? value : NULL;
}

/* One that can not be read is as good as none: other places are still to be looked at. */
static gpt_status pass_over(gpt_status status)
{
    return status == GPT_E_MEMORY ? status : GPT_OK;
}

/* A model is a GGUF file, or a directory with one of them or with config.json. */
static gpt_status is_model(int *is, const char *path)
{
    char *config = gpt__join_path(path, "config.json");
    if (config == NULL)
        return GPT_E_MEMORY;
    gpt_status status = pass_over(gpt__has_file(is, config));
    if (status == GPT_OK && !*is)
        status = pass_over(gpt__has_gguf(is, path));
    gpt__release(config);
    return status;
}

/* Takes path over: it is what was found when it is a model, and else freed. */
static gpt_status take_model(search *s, char *path)
{
    int is = 0;
    gpt_status status = path != NULL ? is_model(&is, path) : GPT_E_MEMORY;
    if (is)
        s->found = path;
    else
        gpt__release(path);
    return status;
}

static gpt_status add_place(search *s, const char *directory)
{
    GPT__TRY(gpt__buffer_add_string(&s->places, s->places.length > 0 ? ", " : ""));
    return gpt__buffer_add_string(&s->places, directory);
}

/*
 * A name may have slashes, as in "org/model", but must not lead out of the places that are searched. A path that
 * exists is taken before this is asked.
 */
static int is_plain_name(const char *name)
{
    if (name[0] == '/' || name[0] == '\0')
        return 0;
    for (const char *part = name; part != NULL; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL)
        if (part[0] == '\0' || part[0] == '/' || strncmp(part, "./", 2) == 0 || strncmp(part, "../", 3) == 0 ||
            strcmp(part, ".") == 0 || strcmp(part, "..") == 0)
            return 0;
    return 1;
}

/* Looks for <directory>/<name>, and then for that with .gguf behind it. */
static gpt_status look_in(search *s, const char *directory)
{
    if (s->found != NULL)
        return GPT_OK;
    GPT__TRY(add_place(s, directory));
    GPT__TRY(take_model(s, gpt__join_path(directory, s->name)));
    if (s->found != NULL)
        return GPT_OK;
    gpt__buffer name = {0};
    gpt_status status = gpt__buffer_add_string(&name, s->name);
    if (status == GPT_OK)
        status = gpt__buffer_add_string(&name, ".gguf");
    if (status == GPT_OK)
        status = take_model(s, gpt__join_path(directory, name.bytes));
    gpt__buffer_release(&name);
    return status;
}

/* <base>/<rest>, looked in; base may be NULL, which is nowhere. */
static gpt_status look_below(search *s, const char *base, const char *rest)
{
    if (base == NULL)
        return GPT_OK;
    char *directory = gpt__join_path(base, rest);
    if (directory == NULL)
        return GPT_E_MEMORY;
    gpt_status status = look_in(s, directory);
    gpt__release(directory);
    return status;
}

/* The directories of $GPT_MODEL_PATH, in turn. */
static gpt_status look_in_list(search *s, const char *list)
{
    gpt_status status = GPT_OK;
    while (status == GPT_OK && list != NULL && *list != '\0') {
        size_t length = strcspn(list, ":");
        if (length > 0) {
            char *directory = gpt__copy_string(list, length);
            status = directory != NULL ? look_in(s, directory) : GPT_E_MEMORY;
            gpt__release(directory);
        }
        list += length + (list[length] == ':');
    }
    return status;
}

/* "models--org--model", as huggingface_hub names the folder of "org/model". */
static gpt_status hub_folder(gpt__buffer *out, const char *cache, const char *name)
{
    GPT__TRY(gpt__buffer_add_string(out, cache));
    GPT__TRY(gpt__buffer_add_string(out, "/models--"));
    for (const char *c = name; *c != '\0'; c++)
        GPT__TRY(*c == '/' ? gpt__buffer_add_string(out, "--") : gpt__buffer_add(out, c, 1));
    return GPT_OK;
}

/*
 * The commit that refs/main of a folder holds: hexadecimal digits, so that it can not lead elsewhere. *commit is NULL
 * when there is none.
 */
static gpt_status read_commit(char **commit, const char *folder)
{
    unsigned char digits[64];
    size_t size = 0;
    size_t length = 0;
    char *path = gpt__join_path(folder, "refs/main");
    gpt_status status = path != NULL ? pass_over(gpt__file_begin(digits, &size, sizeof digits, path)) : GPT_E_MEMORY;
    *commit = NULL;
    while (length < size && digits[length] != '\0' && strchr("0123456789abcdef", digits[length]) != NULL)
        length++;
    if (status == GPT_OK && length > 0 && (*commit = gpt__copy_string((const char *)digits, length)) == NULL)
        status = GPT_E_MEMORY;
    gpt__release(path);
    return status;
}

static gpt_status look_in_snapshot(search *s, const char *folder)
{
    char *commit;
    GPT__TRY(read_commit(&commit, folder));
    if (commit == NULL)
        return GPT_OK;
    char *snapshots = gpt__join_path(folder, "snapshots");
    gpt_status status = GPT_E_MEMORY;
    if (snapshots != NULL)
        status = take_model(s, gpt__join_path(snapshots, commit));
    gpt__release(snapshots);
    gpt__release(commit);
    return status;
}

static gpt_status look_in_hub(search *s, const char *cache)
{
    if (s->found != NULL)
        return GPT_OK;
    gpt__buffer folder = {0};
    GPT__TRY(add_place(s, cache));
    gpt_status status = hub_folder(&folder, cache, s->name);
    if (status == GPT_OK)
        status = look_in_snapshot(s, folder.bytes);
    gpt__buffer_release(&folder);
    return status;
}

/* $HF_HUB_CACHE, else $HF_HOME/hub, else $XDG_CACHE_HOME/huggingface/hub, else ~/.cache/huggingface/hub. */
static gpt_status look_in_hugging_face_cache(search *s)
{
    if (variable("HF_HUB_CACHE") != NULL)
        return look_in_hub(s, variable("HF_HUB_CACHE"));
    const char *base = variable("HF_HOME");
    const char *rest = "hub";
    if (base == NULL) {
        base = variable("XDG_CACHE_HOME");
        rest = "huggingface/hub";
    }
    if (base == NULL) {
        base = variable("HOME");
        rest = ".cache/huggingface/hub";
    }
    if (base == NULL)
        return GPT_OK;
    char *cache = gpt__join_path(base, rest);
    gpt_status status = cache != NULL ? look_in_hub(s, cache) : GPT_E_MEMORY;
    gpt__release(cache);
    return status;
}

static gpt_status look_everywhere(search *s)
{
    GPT__TRY(look_in_list(s, variable("GPT_MODEL_PATH")));
    if (variable("XDG_DATA_HOME") != NULL)
        GPT__TRY(look_below(s, variable("XDG_DATA_HOME"), "gpt/models"));
    else
        GPT__TRY(look_below(s, variable("HOME"), ".local/share/gpt/models"));
    GPT__TRY(look_in_hugging_face_cache(s));
    return look_in(s, GPT_MODELS_DIR);
}

static gpt_status find_name(char **path, const char *name)
{
    search s = {.name = name};
    gpt_status status = look_everywhere(&s);
    if (status == GPT_OK && s.found == NULL)
        status = gpt__fail(GPT_E_NOT_FOUND, "%s: no such path, and no model of that name in %s", name, s.places.bytes);
    if (status == GPT_OK)
        *path = s.found;
    else
        gpt__release(s.found);
    gpt__buffer_release(&s.places);
    return status;
}

static gpt_status find(char **path, const char *name_or_path)
{
    gpt__kind kind;
    gpt_status status = gpt__path_kind(&kind, name_or_path);
    if (kind != GPT__KIND_NONE) {
        *path = gpt__copy_string(name_or_path, strlen(name_or_path));
        return *path != NULL ? GPT_OK : GPT_E_MEMORY;
    }
    if (is_plain_name(name_or_path))
        return find_name(path, name_or_path);
    GPT__TRY(status);
    return gpt__fail(GPT_E_NOT_FOUND, "%s: no such file or directory", name_or_path);
}

gpt_status gpt_model_find(char **path, const char *name_or_path)
{
    GPT__CHECK_ARGUMENT(path != NULL);
    *path = NULL;
    GPT__CHECK_ARGUMENT(name_or_path != NULL && name_or_path[0] != '\0');
    gpt__message kept;
    gpt__message_keep(&kept);
    return gpt__message_restore(find(path, name_or_path), &kept);
}
