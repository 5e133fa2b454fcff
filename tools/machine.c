/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/machine.c: what bench compares the model with: how fast this machine reads memory, and how much memory the
 * program has taken.
 */
#include "cli.h"

#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/* What is read is far larger than the caches, and is read again and again for about half a second. */
#define LEAST_BYTES ((size_t)512 << 20)
#define MOST_BYTES ((size_t)1 << 30)
#define SECONDS 0.5

/* Memory gives most when it is asked some way ahead: a tenth more on a Zen 5. */
#define LINE_WORDS 8
#define AHEAD_WORDS 512

/* The number of processors that the program may run on. */
static int count_processors(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : (int)sysconf(_SC_NPROCESSORS_ONLN);
    return count > 0 ? count : 1;
}

int cli_machine_threads(const cli *cli)
{
    return cli->threads > 0 ? cli->threads : count_processors();
}

/* The part of the memory that a thread reads. */
typedef struct reader {
    pthread_t thread;
    uint64_t *words;
    size_t count;
    uint64_t sum; /* kept, so that the compiler must read */
} reader;

static void *sum_words(void *user)
{
    /* A few sums side by side, as one alone would wait for itself. */
    uint64_t sums[32] = {0};
    reader *r = user;
    for (size_t i = 0; i + 32 <= r->count; i += 32) {
        for (size_t j = 0; j < 32; j += LINE_WORDS)
            __builtin_prefetch(r->words + i + AHEAD_WORDS + j);
        for (size_t j = 0; j < 32; j++)
            sums[j] += r->words[i + j];
    }
    for (int j = 0; j < 32; j++)
        r->sum += sums[j];
    return NULL;
}

/* Memory that nobody has written to is not there. */
static void *write_words(void *user)
{
    reader *r = user;
    memset(r->words, 1, r->count * sizeof *r->words);
    return NULL;
}

/* All parts at once, by a thread each; the calling thread takes those for which none could be started. */
static void run_all(reader *readers, int count, void *(*work)(void *))
{
    int started = 0;
    while (started < count - 1 && pthread_create(&readers[started].thread, NULL, work, &readers[started]) == 0)
        started++;
    for (int i = started; i < count; i++)
        work(&readers[i]);
    for (int i = 0; i < started; i++)
        pthread_join(readers[i].thread, NULL);
}

/* The shortest of many passes over the memory, in seconds: what disturbs only makes them longer. */
static double time_reading(uint64_t *words, size_t words_per_thread, int threads)
{
    reader *readers = cli_resize(NULL, (size_t)threads, sizeof *readers);
    for (int i = 0; i < threads; i++)
        readers[i] = (reader){.words = words + (size_t)i * words_per_thread, .count = words_per_thread};
    run_all(readers, threads, write_words);
    double shortest = 0, end = cli_seconds() + SECONDS;
    for (double begin = cli_seconds(); begin < end || shortest == 0; begin = cli_seconds()) {
        run_all(readers, threads, sum_words);
        double time = cli_seconds() - begin;
        shortest = shortest == 0 || time < shortest ? time : shortest;
    }
    free(readers);
    return shortest;
}

/* Many times the cache, but no more than a quarter of the machine's memory. */
static size_t bytes_to_read(void)
{
    long cache = sysconf(_SC_LEVEL3_CACHE_SIZE), pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    size_t bytes = cache > 0 ? 8 * (size_t)cache : 0;
    size_t most = pages > 0 && page > 0 ? (size_t)pages / 4 * (size_t)page : LEAST_BYTES;
    bytes = bytes < LEAST_BYTES ? LEAST_BYTES : bytes > MOST_BYTES ? MOST_BYTES : bytes;
    return bytes < most ? bytes : most;
}

double cli_measure_reading(int threads)
{
    size_t words_per_thread = bytes_to_read() / (size_t)threads / sizeof(uint64_t) / 32 * 32;
    size_t bytes = words_per_thread * (size_t)threads * sizeof(uint64_t);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return 0;
    madvise(memory, bytes, MADV_HUGEPAGE);
    double seconds = time_reading(memory, words_per_thread, threads);
    munmap(memory, bytes);
    return (double)bytes / seconds;
}

/* Linux tells the most memory since the start or the last reset; elsewhere there is getrusage, without a reset. */
int64_t cli_peak_memory(void)
{
    char line[128];
    long long kib = 0;
    FILE *file = fopen("/proc/self/status", "r");
    while (file != NULL && fgets(line, sizeof line, file) != NULL)
        if (sscanf(line, "VmHWM: %lld kB", &kib) == 1)
            break;
    if (file != NULL)
        fclose(file);
    struct rusage usage;
    if (kib == 0 && getrusage(RUSAGE_SELF, &usage) == 0)
        kib = usage.ru_maxrss;
    return (int64_t)kib * 1024;
}

void cli_reset_peak_memory(void)
{
    FILE *file = fopen("/proc/self/clear_refs", "w");
    if (file == NULL)
        return;
    fputs("5", file);
    fclose(file);
}
