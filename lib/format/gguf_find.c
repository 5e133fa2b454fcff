/* SPDX-License-Identifier: Apache-2.0 */
/* format/gguf_find.c: telling a GGUF file from others, and finding the one of a directory. */
#include "base/memory.h"
#include "format/gguf.h"

#include <dirent.h>
#include <errno.h>
#include <string.h>

static int ends_in_gguf(const char *name)
{
    static const char ending[] = ".gguf";
    size_t length = strlen(name);
    return length >= sizeof ending && strcmp(name + length - (sizeof ending - 1), ending) == 0;
}

gpt_status gpt__is_gguf(int *is, const char *path)
{
    unsigned char magic[4];
    size_t length;
    GPT__TRY(gpt__has_file(is, path));
    if (!*is || ends_in_gguf(path))
        return GPT_OK;
    *is = 0;
    GPT__TRY(gpt__file_begin(magic, &length, sizeof magic, path));
    *is = length == sizeof magic && memcmp(magic, "GGUF", sizeof magic) == 0;
    return GPT_OK;
}

/* The next name of a GGUF file, or NULL at the end. */
static gpt_status next_name(const char **name, DIR *directory, const char *path)
{
    const struct dirent *entry;
    do {
        errno = 0;
        entry = readdir(directory);
    } while (entry != NULL && (entry->d_name[0] == '.' || !ends_in_gguf(entry->d_name)));
    *name = entry != NULL ? entry->d_name : NULL;
    return entry != NULL || errno == 0 ? GPT_OK : gpt__fail_errno(path, "list");
}

/* directory is NULL when the path is none. */
static gpt_status open_directory(DIR **directory, const char *path)
{
    *directory = opendir(path);
    return *directory != NULL || errno == ENOENT || errno == ENOTDIR ? GPT_OK : gpt__fail_errno(path, "list");
}

gpt_status gpt__has_gguf(int *has, const char *path)
{
    DIR *directory;
    const char *name = NULL;
    *has = 0;
    GPT__TRY(open_directory(&directory, path));
    if (directory == NULL)
        return gpt__is_gguf(has, path);
    gpt_status status = next_name(&name, directory, path);
    *has = name != NULL;
    closedir(directory);
    return status;
}

/* Whether a name is that of a part after the first: it ends in -<digits>-of-<digits>.gguf, and its number is not 1. */
static int is_later_part(const char *name)
{
    static const char pattern[] = "-#####-of-#####.gguf";
    size_t length = sizeof pattern - 1;
    const char *end = name + strlen(name) - (strlen(name) < length ? strlen(name) : length);
    for (size_t i = 0; i < length; i++)
        if (pattern[i] == '#' ? end[i] < '0' || end[i] > '9' : end[i] != pattern[i])
            return 0;
    return strncmp(end, "-00001", 6) != 0;
}

/* The first name of a model in a directory, freed with gpt__release, and how many there are. */
static gpt_status first_name(char **first, size_t *count, DIR *directory, const char *path)
{
    const char *name;
    *first = NULL;
    *count = 0;
    do {
        GPT__TRY(next_name(&name, directory, path));
        if (name == NULL || is_later_part(name))
            continue;
        if (++*count == 1 && (*first = gpt__copy_string(name, strlen(name))) == NULL)
            return GPT_E_MEMORY;
    } while (name != NULL);
    return GPT_OK;
}

static gpt_status locate_in_directory(char **out, const char *path)
{
    DIR *directory;
    char *name;
    size_t count;
    GPT__TRY(open_directory(&directory, path));
    if (directory == NULL)
        return GPT_OK;
    gpt_status status = first_name(&name, &count, directory, path);
    closedir(directory);
    if (status == GPT_OK && count > 1)
        status = gpt__fail(GPT_E_UNSUPPORTED, "%s: %zu GGUF files are in this directory; expected the path of one",
                           path, count);
    if (status == GPT_OK && count == 1 && (*out = gpt__join_path(path, name)) == NULL)
        status = GPT_E_MEMORY;
    gpt__release(name);
    return status;
}

gpt_status gpt__gguf_locate(char **out, const char *path)
{
    int is_gguf;
    int others = 0;
    *out = NULL;
    GPT__TRY(gpt__is_gguf(&is_gguf, path));
    if (is_gguf) {
        *out = gpt__copy_string(path, strlen(path));
        return *out != NULL ? GPT_OK : GPT_E_MEMORY;
    }
    GPT__TRY(gpt__has_weights(&others, path));
    return others ? GPT_OK : locate_in_directory(out, path);
}
