/* SPDX-License-Identifier: Apache-2.0 */
/* base/file.h: the one file reader: files mapped read-only, or read. Also paths and what they lead to. */
#ifndef GPT__BASE_FILE_H
#define GPT__BASE_FILE_H

#include "base/error.h"

/* An open file. Begins as {0}. */
typedef struct gpt__file {
    const unsigned char *data; /* NULL when nothing was mapped, as the file is empty */
    size_t size;
    unsigned char *owned; /* NULL: data is mapped */
    char *path;
} gpt__file;

/*
 * Maps a regular file, for weights; or reads one, for files that are small or become something else. GPT_E_NOT_FOUND
 * when there is none, GPT_E_FILE when it can not be read.
 */
gpt_status gpt__file_map(gpt__file *file, const char *path);
gpt_status gpt__file_read(gpt__file *file, const char *path);

/* Unmaps or frees. Takes a file that was never opened. */
void gpt__file_close(gpt__file *file);

/*
 * Tells the system that a range of the mapping is not needed any more, so that it does not count as memory of the
 * process. The range may be read again; it then comes from the file anew.
 */
void gpt__file_drop_pages(const gpt__file *file, size_t offset, size_t length);

/* Reads up to most of a file's first bytes, and says how many there were. */
gpt_status gpt__file_begin(unsigned char *out, size_t *length, size_t most, const char *path);

/* directory + "/" + name, freed with gpt__release; NULL when there is no memory. */
char *gpt__join_path(const char *directory, const char *name);

/* What a path leads to. */
typedef enum gpt__kind {
    GPT__KIND_NONE, /* nothing is there */
    GPT__KIND_FILE,
    GPT__KIND_DIRECTORY,
    GPT__KIND_OTHER
} gpt__kind;

/* GPT_E_FILE when the system does not let one know, which is not the same as GPT__KIND_NONE. */
gpt_status gpt__path_kind(gpt__kind *kind, const char *path);

/* The same, when only a regular file matters. */
gpt_status gpt__has_file(int *has, const char *path);

/*
 * Fails with what errno says of a path; what is the verb of what was tried. GPT_E_NOT_FOUND when nothing is there,
 * GPT_E_MEMORY, else GPT_E_FILE.
 */
gpt_status gpt__fail_errno(const char *path, const char *what);

#endif
