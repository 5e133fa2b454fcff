/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/fuzz_main.c: runs a fuzz target over its corpus and over mutations of it. The mutations depend on a fixed seed
 * and their number only, so that a run can be repeated: after a crash the input is in the file that is named at the
 * start. FUZZ_RUNS sets how many there are, FUZZ_SEED another seed. Arguments are files to run instead.
 */
#include "../test.h"

#include "base/random.h"
#include "fuzz.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>

#define MOST_INPUTS 64
#define MOST_BYTES 65536

typedef struct input {
    char *bytes;
    size_t size;
} input;

static input inputs[MOST_INPUTS];
static size_t input_count;

/* Where the next random number of a mutation comes from. */
static uint64_t seed, stream, position;

static size_t below(size_t limit)
{
    return (size_t)(gpt__random_uniform(seed, stream, position++) * (double)limit);
}

static int compare_names(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static void read_corpus(void)
{
    char *folder = test_path(fuzz_corpus);
    struct dirent **entries;
    int count = scandir(folder, &entries, is_visible, compare_names);
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        input *next = &inputs[input_count];
        if (input_count < MOST_INPUTS && (next->bytes = test_read_file(&next->size, path)) != NULL)
            input_count++;
        free(entries[i]);
    }
    if (count >= 0)
        free(entries);
    free(folder);
}

/* Writes pieces that mean something to parsers: limits, numbers, brackets. */
static size_t put_token(unsigned char *bytes, size_t size)
{
    static const char *const tokens[] = {
        "0",    "-1",   "9223372036854775807", "18446744073709551616", "1e999", "4294967296",
        "null", "true", "[]",                  "{}",                   "\"",    ",",
        "[[",   "}",    "\\u0000",             "\\ud800",              "\xFF",  "\xF0\x9F\x98\x80",
    };
    const char *token = tokens[below(sizeof tokens / sizeof tokens[0])];
    size_t length = strlen(token);
    size_t at = below(size + 1);
    if (size + length > MOST_BYTES)
        return size;
    memmove(bytes + at + length, bytes + at, size - at);
    memcpy(bytes + at, token, length);
    return size + length;
}

static size_t copy_range(unsigned char *bytes, size_t size, const input *from)
{
    size_t first = below(from->size + 1);
    size_t length = below(from->size - first + 1);
    size_t at = below(size + 1);
    if (length > 256)
        length = 256;
    if (size + length > MOST_BYTES)
        return size;
    memmove(bytes + at + length, bytes + at, size - at);
    memcpy(bytes + at, from->bytes + first, length);
    return size + length;
}

static size_t remove_range(unsigned char *bytes, size_t size)
{
    size_t at = below(size + 1);
    size_t length = below((size - at < 64 ? size - at : 64) + 1);
    memmove(bytes + at, bytes + at + length, size - at - length);
    return size - length;
}

static size_t mutate_once(unsigned char *bytes, size_t size)
{
    switch (below(8)) {
    case 0:
        return put_token(bytes, size);
    case 1:
        return copy_range(bytes, size, &inputs[below(input_count)]);
    case 2:
        return remove_range(bytes, size);
    case 3:
        return below(8) == 0 ? below(size + 1) : size;
    case 4:
        if (size > 0)
            bytes[below(size)] = (unsigned char)("0123456789"[below(10)]);
        return size;
    case 5:
        if (size > 0)
            bytes[below(size < 16 ? size : 16)] = (unsigned char)below(256);
        return size;
    case 6:
        if (size > 0)
            bytes[below(size)] = (unsigned char)below(256);
        return size;
    default:
        if (size > 0)
            bytes[below(size)] ^= (unsigned char)(1u << below(8));
        return size;
    }
}

static size_t mutate(unsigned char *bytes)
{
    const input *begin = &inputs[below(input_count)];
    size_t size = begin->size < MOST_BYTES ? begin->size : MOST_BYTES;
    memcpy(bytes, begin->bytes, size);
    for (size_t i = 1 + below(6); i > 0; i--)
        size = mutate_once(bytes, size);
    return size;
}

static uint64_t number_of(const char *variable, uint64_t otherwise)
{
    const char *text = getenv(variable);
    return text != NULL ? strtoull(text, NULL, 10) : otherwise;
}

/* In memory of its own length, so that a sanitizer sees a read past the end. */
static void run_target(const void *bytes, size_t size)
{
    uint8_t *copy = malloc(size + (size == 0));
    memcpy(copy, bytes, size);
    EXPECT_INT(LLVMFuzzerTestOneInput(copy, size), 0);
    free(copy);
}

/* A new file each time: some file systems wait for the disk when a file is emptied and written again. */
static void keep_input(const void *bytes, size_t size)
{
    char path[128];
    snprintf(path, sizeof path, "%s/input", test_directory());
    remove(path);
    free(test_write_file("input", bytes, size));
}

static void corpus_runs(void)
{
    if (!EXPECT(input_count > 0))
        return;
    run_target("", 0);
    for (size_t i = 0; i < input_count; i++)
        run_target(inputs[i].bytes, inputs[i].size);
}

static void mutations_run(void)
{
    static unsigned char bytes[MOST_BYTES];
    uint64_t runs = number_of("FUZZ_RUNS", 20000);
    seed = number_of("FUZZ_SEED", 1);
    if (!EXPECT(input_count > 0))
        return;
    printf("# %llu mutations, seed %llu; the latest is %s/input\n", (unsigned long long)runs, (unsigned long long)seed,
           test_directory());
    for (stream = 0; stream < runs; stream++) {
        position = 0;
        size_t size = mutate(bytes);
        keep_input(bytes, size);
        run_target(bytes, size);
    }
}

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        size_t size;
        char *bytes = test_read_file(&size, argv[i]);
        if (bytes == NULL)
            return 1;
        run_target(bytes, size);
        free(bytes);
    }
    if (argc > 1)
        return 0;
    read_corpus();
    if (getenv("FUZZ_RUNS") != NULL)
        test_limit(0);
    TEST_BEGIN(argc, argv);
    TEST(corpus_runs);
    TEST(mutations_run);
    for (size_t i = 0; i < input_count; i++)
        free(inputs[i].bytes);
    return TEST_END();
}
