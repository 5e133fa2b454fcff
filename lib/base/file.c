/* SPDX-License-Identifier: Apache-2.0 */
/*
 * base/file.c: weights are mapped, so that they are read once, straight from the page cache. All else is read into
 * memory, where nobody can shorten it while it is parsed.
 */
#include "base/file.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

gpt_status gpt__fail_errno(const char *path, const char *what)
{
    /* strerror is not safe in threads everywhere, and its text depends on the locale. */
    gpt_status code = errno == ENOENT || errno == ENOTDIR ? GPT_E_NOT_FOUND
                      : errno == ENOMEM                   ? GPT_E_MEMORY
                                                          : GPT_E_FILE;
    const char *why = errno == ENOENT    ? "no such file"
                      : errno == ENOTDIR ? "a part of the path is no directory"
                      : errno == EACCES  ? "permission denied"
                      : errno == ENOMEM  ? "out of memory"
                      : errno == EMFILE  ? "too many open files"
                      : errno == ELOOP   ? "too many symbolic links"
                      : errno == ENAMETOOLONG ? "the name is too long"
                                         : NULL;
    if (why != NULL)
        return gpt__fail(code, "%s: %s", path, why);
    return gpt__fail(code, "%s: cannot %s, error %d", path, what, errno);
}

/* O_NONBLOCK: opening a named pipe must not hang. It means nothing for regular files. */
static gpt_status open_path(int *descriptor, const char *path)
{
    do
        *descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    while (*descriptor < 0 && errno == EINTR);
    return *descriptor >= 0 ? GPT_OK : gpt__fail_errno(path, "open");
}

/* Reads what is there, up to most bytes: a read may give less than was asked for, or be interrupted. */
static gpt_status read_bytes(unsigned char *out, size_t *length, size_t most, int descriptor, const char *path)
{
    *length = 0;
    while (*length < most) {
        ssize_t count = read(descriptor, out + *length, most - *length);
        if (count == 0)
            break;
        if (count > 0)
            *length += (size_t)count;
        else if (errno != EINTR)
            return gpt__fail_errno(path, "read");
    }
    return GPT_OK;
}

gpt_status gpt__file_begin(unsigned char *out, size_t *length, size_t most, const char *path)
{
    int descriptor;
    *length = 0;
    GPT__TRY(open_path(&descriptor, path));
    gpt_status status = read_bytes(out, length, most, descriptor, path);
    close(descriptor);
    return status;
}

/* The size of an open file, which must be a regular one. */
static gpt_status size_of(size_t *size, int descriptor, const char *path)
{
    struct stat about;
    if (fstat(descriptor, &about) != 0)
        return gpt__fail_errno(path, "examine");
    if (!S_ISREG(about.st_mode))
        return gpt__fail(GPT_E_FILE, "%s: not a regular file", path);
    *size = (size_t)about.st_size;
    return GPT_OK;
}

static gpt_status map(gpt__file *file, size_t size, int descriptor, const char *path)
{
    void *data = size > 0 ? mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0) : NULL;
    if (data == MAP_FAILED)
        return gpt__fail_errno(path, "map");
    file->data = data;
    file->size = size;
    return GPT_OK;
}

static gpt_status copy(gpt__file *file, size_t size, int descriptor, const char *path)
{
    file->owned = gpt__allocate(size, 1);
    if (file->owned == NULL)
        return GPT_E_MEMORY;
    file->data = file->owned;
    return read_bytes(file->owned, &file->size, size, descriptor, path);
}

/* Fills a file with one of the two before. */
static gpt_status open_with(gpt_status (*fill)(gpt__file *file, size_t size, int descriptor, const char *path),
                            gpt__file *file, const char *path)
{
    int descriptor;
    size_t size = 0;
    *file = (gpt__file){0};
    GPT__TRY(open_path(&descriptor, path));
    gpt_status status = size_of(&size, descriptor, path);
    if (status == GPT_OK)
        status = fill(file, size, descriptor, path);
    close(descriptor);
    if (status == GPT_OK && (file->path = gpt__copy_string(path, strlen(path))) == NULL)
        status = GPT_E_MEMORY;
    if (status != GPT_OK)
        gpt__file_close(file);
    return status;
}

gpt_status gpt__file_map(gpt__file *file, const char *path)
{
    return open_with(map, file, path);
}

gpt_status gpt__file_read(gpt__file *file, const char *path)
{
    return open_with(copy, file, path);
}

void gpt__file_close(gpt__file *file)
{
    if (file->owned != NULL)
        gpt__release(file->owned);
    else if (file->data != NULL)
        munmap((void *)file->data, file->size);
    gpt__release(file->path);
    *file = (gpt__file){0};
}

void gpt__file_drop_pages(const gpt__file *file, size_t offset, size_t length)
{
    long page = sysconf(_SC_PAGESIZE);
    if (page <= 0 || file->data == NULL || file->owned != NULL || offset > file->size || length > file->size - offset)
        return;
    /* Only whole pages inside the range: its neighbours may still be needed. */
    size_t first = (offset + (size_t)page - 1) / (size_t)page * (size_t)page;
    size_t end = (offset + length) / (size_t)page * (size_t)page;
    if (end > first)
        madvise((char *)file->data + first, end - first, MADV_DONTNEED);
}

char *gpt__join_path(const char *directory, const char *name)
{
    size_t first = strlen(directory);
    size_t second = strlen(name);
    char *path = gpt__allocate(first + second + 2, 1);
    if (path == NULL)
        return NULL;
    memcpy(path, directory, first);
    if (first > 0 && directory[first - 1] != '/')
        path[first++] = '/';
    memcpy(path + first, name, second + 1);
    return path;
}

gpt_status gpt__path_kind(gpt__kind *kind, const char *path)
{
    struct stat about;
    *kind = GPT__KIND_NONE;
    if (stat(path, &about) != 0)
        return errno == ENOENT || errno == ENOTDIR ? GPT_OK : gpt__fail_errno(path, "examine");
    *kind = S_ISDIR(about.st_mode) ? GPT__KIND_DIRECTORY : S_ISREG(about.st_mode) ? GPT__KIND_FILE : GPT__KIND_OTHER;
    return GPT_OK;
}

gpt_status gpt__has_file(int *has, const char *path)
{
    gpt__kind kind;
    gpt_status status = gpt__path_kind(&kind, path);
    *has = kind == GPT__KIND_FILE;
    return status;
}
