/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_file.c: what fuzz targets share: files for code that takes paths, and properties. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define MOST_FILES 8

static char directory[64];
/* What was written last, as most inputs differ from the one before in one of their files. */
static struct written {
    char path[128];
    uint8_t *data;
    size_t size;
} files[MOST_FILES];

static void remove_all(void)
{
    for (size_t i = 0; i < MOST_FILES; i++) {
        if (files[i].path[0] != '\0')
            unlink(files[i].path);
        free(files[i].data);
    }
    rmdir(directory);
}

static struct written *find_file(const char *name)
{
    char path[128];
    snprintf(path, sizeof path, "%s/%s", directory, name);
    for (size_t i = 0; i < MOST_FILES; i++) {
        if (files[i].path[0] == '\0')
            strcpy(files[i].path, path);
        if (strcmp(files[i].path, path) == 0)
            return &files[i];
    }
    abort();
}

/* Whether the file is there with that data; else remembers it. */
static int is_written(struct written *file, const uint8_t *data, size_t size)
{
    if (file->data != NULL && data != NULL && file->size == size && memcmp(file->data, data, size) == 0)
        return 1;
    free(file->data);
    file->data = data != NULL ? malloc(size + 1) : NULL;
    file->size = size;
    if (file->data != NULL)
        memcpy(file->data, data, size);
    return 0;
}

const char *fuzz_write_file(const char *name, const uint8_t *data, size_t size)
{
    if (directory[0] == '\0') {
        strcpy(directory, "/tmp/libgpt-fuzz-XXXXXX");
        if (mkdtemp(directory) == NULL)
            abort();
        atexit(remove_all);
    }
    struct written *written = find_file(name);
    if (is_written(written, data, size))
        return directory;
    /* A new file each time: some file systems wait for the disk when a file is emptied and written again. */
    unlink(written->path);
    if (data == NULL)
        return directory;
    FILE *file = fopen(written->path, "wb");
    if (file == NULL || fwrite(data, 1, size, file) != size || fclose(file) != 0)
        abort();
    return directory;
}

void fuzz_check(int held, const char *property)
{
    if (held)
        return;
    fprintf(stderr, "this does not hold: %s\n", property);
    abort();
}
