/* SPDX-License-Identifier: Apache-2.0 */
/* format/gguf_find.c: telling a GGUF file from others, and finding the one of a directory. */
#include "base/memory.h"
#include "format/gguf.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static int ends_in_gguf(const char *name)
{
    static const char ending[] = ".gguf";
    size_t length = strlen(name);
    return length >= sizeof ending && strcmp(name + length - (sizeof ending - 1), ending) == 0;
}

int gpt__is_gguf(const char *path)
{
    char magic[4];
    if (!gpt__is_file(path))
        return 0;
    if (ends_in_gguf(path))
        return 1;
    FILE *file = fopen(path, "rb");
    int is_gguf = file != NULL && fread(magic, 1, sizeof magic, file) == sizeof magic &&
                  memcmp(magic, "GGUF", sizeof magic) == 0;
    if (file != NULL)
        fclose(file);
    return is_gguf;
}

static int is_name_of_gguf(const struct dirent *entry)
{
    return entry->d_name[0] != '.' && ends_in_gguf(entry->d_name);
}

int gpt__has_gguf(const char *path)
{
    const struct dirent *entry;
    int found = 0;
    DIR *directory = opendir(path);
    if (directory == NULL)
        return gpt__is_gguf(path);
    while (!found && (entry = readdir(directory)) != NULL)
        found = is_name_of_gguf(entry);
    closedir(directory);
    return found;
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
static gpt_status first_name(char **name, size_t *count, DIR *directory)
{
    const struct dirent *entry;
    *name = NULL;
    *count = 0;
    while ((entry = readdir(directory)) != NULL) {
        if (!is_name_of_gguf(entry) || is_later_part(entry->d_name))
            continue;
        if (++*count == 1 && (*name = gpt__copy_string(entry->d_name, strlen(entry->d_name))) == NULL)
            return GPT_E_MEMORY;
    }
    return GPT_OK;
}

static gpt_status locate_in_directory(char **out, const char *path)
{
    DIR *directory = opendir(path);
    char *name;
    size_t count;
    if (directory == NULL)
        return GPT_OK;
    gpt_status status = first_name(&name, &count, directory);
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
    *out = NULL;
    if (gpt__is_gguf(path)) {
        *out = gpt__copy_string(path, strlen(path));
        return *out != NULL ? GPT_OK : GPT_E_MEMORY;
    }
    int others = 0;
    GPT__TRY(gpt__has_weights(&others, path));
    return others ? GPT_OK : locate_in_directory(out, path);
}
