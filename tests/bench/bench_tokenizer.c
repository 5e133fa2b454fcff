/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/bench_tokenizer.c: how fast a tokenizer opens, encodes and decodes, on one thread.
 *
 *     bench_tokenizer TOKENIZER [TEXT_FILE]
 *
 * Without a file it makes 8 MB of words by itself, which is easier than English, so compare with files.
 */
#include <gpt/tokenizer.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ROUNDS 7
#define MADE_BYTES (8 << 20)

static double seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static char *read_text(size_t *length, const char *path)
{
    FILE *file = fopen(path, "rb");
    char *text = NULL;
    *length = 0;
    if (file == NULL)
        return NULL;
    if (fseek(file, 0, SEEK_END) == 0) {
        long size = ftell(file);
        rewind(file);
        text = size >= 0 ? malloc((size_t)size + 1) : NULL;
        *length = text != NULL ? fread(text, 1, (size_t)size, file) : 0;
    }
    fclose(file);
    return text;
}

/* Words with the lengths of English ones, from a fixed sequence of random numbers. */
static char *make_text(size_t *length)
{
    static const char *const words[] = {"the",  "of",    "a",     "little", "house",  "and",  "she",   "wandered",
                                        "into", "river", "under", "moon,",  "said",   "it's", "don't", "1984",
                                        "was",  "found", "again", "forest", "strange", "who", "them.", "\"Yes,\""};
    char *text = malloc(MADE_BYTES + 16);
    unsigned state = 1;
    for (*length = 0; text != NULL && *length < MADE_BYTES;) {
        state = state * 1664525u + 1013904223u;
        *length += (size_t)sprintf(text + *length, "%s%c", words[(state >> 16) % 24], state >> 28 == 0 ? '\n' : ' ');
    }
    return text;
}

/* Prints the best of some rounds of opening. Returns the last tokenizer. */
static gpt_tokenizer *time_open(const char *path)
{
    gpt_tokenizer *tokenizer = NULL;
    double best = 1e9;
    for (int round = 0; round < ROUNDS; round++) {
        gpt_tokenizer_free(tokenizer);
        double start = seconds();
        if (gpt_tokenizer_open(&tokenizer, path) != GPT_OK)
            return NULL;
        double took = seconds() - start;
        best = took < best ? took : best;
    }
    printf("open    %8.2f ms\n", best * 1e3);
    return tokenizer;
}

static int time_texts(const gpt_tokenizer *tokenizer, const char *text, size_t length)
{
    double best_encode = 1e9;
    double best_decode = 1e9;
    size_t count = 0;
    for (int round = 0; round < ROUNDS; round++) {
        int32_t *ids;
        char *back;
        size_t back_length;
        double start = seconds();
        if (gpt_tokenizer_encode(&ids, &count, tokenizer, text, length, 0) != GPT_OK)
            return 0;
        double encoded = seconds();
        gpt_status status = gpt_tokenizer_decode(&back, &back_length, tokenizer, ids, count, 0);
        double decoded = seconds();
        gpt_free(ids);
        gpt_free(back);
        if (status != GPT_OK)
            return 0;
        best_encode = encoded - start < best_encode ? encoded - start : best_encode;
        best_decode = decoded - encoded < best_decode ? decoded - encoded : best_decode;
    }
    double megabytes = (double)length * 1e-6;
    printf("encode  %8.1f MB/s  %zu bytes, %zu tokens\n", megabytes / best_encode, length, count);
    printf("decode  %8.1f MB/s\n", megabytes / best_decode);
    return 1;
}

int main(int argc, char **argv)
{
    size_t length = 0;
    if (argc < 2) {
        fprintf(stderr, "usage: %s TOKENIZER [TEXT_FILE]\n", argv[0]);
        return 2;
    }
    char *text = argc > 2 ? read_text(&length, argv[2]) : make_text(&length);
    gpt_tokenizer *tokenizer = text != NULL ? time_open(argv[1]) : NULL;
    int good = tokenizer != NULL && time_texts(tokenizer, text, length);
    if (!good)
        fprintf(stderr, "%s: %s\n", argv[0], text == NULL ? "no text" : gpt_error_message());
    gpt_tokenizer_free(tokenizer);
    free(text);
    return good ? 0 : 1;
}
