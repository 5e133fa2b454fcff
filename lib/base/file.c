/* SPDX-License-Identifier: Apache-2.0 */
/* base/file.c: files are mapped, so that weights are read once, straight from the page cache. */
#include "base/file.h"

#include "base/memory.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* strerror is not safe in threads everywhere, and its text depends on the locale. */
static gpt_status fail_errno(const char *path, const char *what)
{
    gpt_status code = errno == ENOENT || errno == ENOTDIR ? GPT_E_NOT_FOUND
                      : errno == ENOMEM                   ? GPT_E_MEMORY
                                                          : GPT_E_FILE;
    const char *why = errno == ENOENT    ? "no such file"
                      : errno == ENOTDIR ? "a part of the path is no directory"
                      : errno == EACCES  ? "permission denied"
                      : errno == ENOMEM  ? "out of memory"
                      : errno == EMFILE  ? "too many open files"
                      : errno == ELOOP   ? "too many symbolic links"
                                         : NULL;
    if (why != NULL)
        return gpt__fail(code, "%s: %s", path, why);
    return gpt__fail(code, "%s: cannot %s, error %d", path, what, errno);
}

static gpt_status map(gpt__file *file, int descriptor, const char *path)
{
    struct stat about;
    if (fstat(descriptor, &about) != 0)
        return fail_errno(path, "examine");
    if (!S_ISREG(about.st_mode))
        return gpt__fail(GPT_E_FILE, "%s: not a regular file", path);
    if ((uintmax_t)about.st_size > PTRDIFF_MAX)
        return gpt__fail(GPT_E_FILE, "%s: too large for this machine's addresses", path);
    size_t size = (size_t)about.st_size;
    if (size > 0) {
        void *data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
        if (data == MAP_FAILED)
            return fail_errno(path, "map");
        file->data = data;
    }
    file->size = size;
    return GPT_OK;
}

gpt_status gpt__file_open(gpt__file *file, const char *path)
{
    *file = (gpt__file){0};
    /* O_NONBLOCK: opening a named pipe must not hang. It means nothing for regular files. */
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (descriptor < 0)
        return fail_errno(path, "open");
    gpt_status status = map(file, descriptor, path);
    close(descriptor);
    if (status != GPT_OK)
        return status;
    file->path = gpt__copy_string(path, strlen(path));
    if (file->path == NULL) {
        gpt__file_close(file);
        return GPT_E_MEMORY;
    }
    return GPT_OK;
}

void gpt__file_close(gpt__file *file)
{
    if (file->data != NULL)
        munmap((void *)file->data, file->size);
    gpt__release(file->path);
    *file = (gpt__file){0};
}

void gpt__file_drop_pages(const gpt__file *file, size_t offset, size_t length)
{
    long page = sysconf(_SC_PAGESIZE);
    if (page <= 0 || file->data == NULL || offset > file->size || length > file->size - offset)
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

int gpt__is_directory(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode);
}

int gpt__is_file(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISREG(about.st_mode);
}
