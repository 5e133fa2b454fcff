/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/tokenizer.c: opening by path or name, and the life of a tokenizer. */
#include "base/file.h"
#include "format/gguf.h"
#include "tokenizer/parts.h"

#include <gpt/model.h>

#include <string.h>

static void free_tokenizer(gpt_tokenizer *tokenizer)
{
    gpt__release(tokenizer->unicode);
    gpt__pretokenizer_release(&tokenizer->pretokenizer);
    gpt__added_release(&tokenizer->added);
    gpt__bpe_release(&tokenizer->bpe);
    gpt__release(tokenizer);
}

static int is_named(const char *path, const char *name)
{
    const char *slash = strrchr(path, '/');
    return strcmp(slash != NULL ? slash + 1 : path, name) == 0;
}

static gpt_status read_file(gpt_tokenizer *tokenizer, const char *path)
{
    int is_gguf;
    GPT__TRY(gpt__is_gguf(&is_gguf, path));
    if (is_gguf)
        return gpt__tokenizer_read_gguf(tokenizer, path);
    if (gpt__is_tiktoken(path))
        return gpt__tokenizer_read_tiktoken(tokenizer, path, NULL);
    return is_named(path, "vocab.json") ? gpt__tokenizer_read_vocab(tokenizer, path)
                                        : gpt__tokenizer_read_json(tokenizer, path);
}

/* A directory without tokenizer files of its own may have a GGUF file, which has one. */
static gpt_status read_gguf_in(gpt_tokenizer *tokenizer, const char *directory)
{
    char *gguf;
    GPT__TRY(gpt__gguf_locate(&gguf, directory));
    if (gguf == NULL)
        return gpt__fail(GPT_E_NOT_FOUND, "%s: neither tokenizer.json nor vocab.json nor a GGUF file is there",
                         directory);
    gpt_status status = gpt__tokenizer_read_gguf(tokenizer, gguf);
    gpt__release(gguf);
    return status;
}

/* *used is set when the directory has the file, which was then read. */
static gpt_status read_file_in(int *used, gpt_tokenizer *tokenizer, const char *directory, const char *name)
{
    char *path = gpt__join_path(directory, name);
    gpt_status status = path != NULL ? gpt__has_file(used, path) : GPT_E_MEMORY;
    if (status == GPT_OK && *used)
        status = read_file(tokenizer, path);
    gpt__release(path);
    return status;
}

static gpt_status read_directory(gpt_tokenizer *tokenizer, const char *directory)
{
    int used = 0;
    GPT__TRY(read_file_in(&used, tokenizer, directory, "tokenizer.json"));
    if (!used)
        GPT__TRY(read_file_in(&used, tokenizer, directory, "vocab.json"));
    return used ? GPT_OK : read_gguf_in(tokenizer, directory);
}

/* What can only be done when all files are read. */
static gpt_status finish(gpt_tokenizer *tokenizer, const char *path)
{
    GPT__TRY(gpt__unicode_new(&tokenizer->unicode));
    GPT__TRY(gpt__pretokenizer_finish(&tokenizer->pretokenizer, tokenizer->unicode, path));
    GPT__TRY(gpt__added_finish(&tokenizer->added, path));
    return gpt__bpe_finish(&tokenizer->bpe);
}

static gpt_status read_path(gpt_tokenizer *tokenizer, const char *path)
{
    gpt__kind kind;
    GPT__TRY(gpt__path_kind(&kind, path));
    return kind == GPT__KIND_DIRECTORY ? read_directory(tokenizer, path) : read_file(tokenizer, path);
}

/* encoding is NULL but for a rank file whose encoding the caller names. */
static gpt_status open_path(gpt_tokenizer **out, const char *path, const char *encoding)
{
    *out = NULL;
    gpt_tokenizer *tokenizer = gpt__allocate_zeroed(1, sizeof *tokenizer);
    if (tokenizer == NULL)
        return GPT_E_MEMORY;
    atomic_init(&tokenizer->references, 1);
    gpt_status status = encoding != NULL ? gpt__tokenizer_read_tiktoken(tokenizer, path, encoding)
                                         : read_path(tokenizer, path);
    if (status == GPT_OK)
        status = finish(tokenizer, path);
    if (status == GPT_OK)
        *out = tokenizer;
    else
        free_tokenizer(tokenizer);
    /* The JSON of a tokenizer takes several times the memory of what was made of it. */
    gpt__return_memory();
    return status;
}

gpt_status gpt__tokenizer_open_path(gpt_tokenizer **out, const char *path)
{
    return open_path(out, path, NULL);
}

gpt_status gpt_tokenizer_open_tiktoken(gpt_tokenizer **out, const char *path, const char *encoding)
{
    if (out != NULL)
        *out = NULL;
    GPT__CHECK_ARGUMENT(out != NULL);
    GPT__CHECK_ARGUMENT(path != NULL);
    GPT__CHECK_ARGUMENT(encoding != NULL);
    return open_path(out, path, encoding);
}

gpt_status gpt_tokenizer_open(gpt_tokenizer **out, const char *path)
{
    if (out != NULL)
        *out = NULL;
    GPT__CHECK_ARGUMENT(out != NULL);
    GPT__CHECK_ARGUMENT(path != NULL);
    char *found;
    GPT__TRY(gpt_model_find(&found, path));
    gpt_status status = gpt__tokenizer_open_path(out, found);
    gpt_free(found);
    return status;
}

gpt_tokenizer *gpt_tokenizer_ref(gpt_tokenizer *tokenizer)
{
    if (tokenizer != NULL)
        atomic_fetch_add_explicit(&tokenizer->references, 1, memory_order_relaxed);
    return tokenizer;
}

void gpt_tokenizer_free(gpt_tokenizer *tokenizer)
{
    /* Release, so that what other threads did with it is done before the last one frees it; acquire to see it. */
    if (tokenizer != NULL && atomic_fetch_sub_explicit(&tokenizer->references, 1, memory_order_acq_rel) == 1)
        free_tokenizer(tokenizer);
}
