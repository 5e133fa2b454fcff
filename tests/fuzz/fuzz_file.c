/* SPDX-License-Identifier: Apache-2.0 */
/* fuzz/fuzz_file.c: what fuzz targets share: files for code that takes paths, and properties. */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char directory[64];
static char path[128];

static void remove_all(void)
{
    unlink(path);
    rmdir(directory);
}

const char *fuzz_write_file(const char *name, const uint8_t *data, size_t size)
{
    if (directory[0] == '\0') {
        strcpy(directory, "/tmp/libgpt-fuzz-XXXXXX");
        if (mkdtemp(directory) == NULL)
            abort();
        snprintf(path, sizeof path, "%s/%s", directory, name);
        atexit(remove_all);
    }
    /* A new file each time: some file systems wait for the disk when a file is emptied and written again. */
    unlink(path);
    FILE *file = fopen(path, "wb");
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
