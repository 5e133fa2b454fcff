/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/machine.c: what bench compares the model with: how fast this machine reads memory, and how much memory the
 * program has taken.
 */
#include "cli.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

/*
 * What is read is far larger than the caches, also where each few processors have one, and is read again and again for
 * about half a second.
 */
#define LEAST_BYTES ((size_t)512 << 20)
#define LEAST_BYTES_PER_THREAD ((size_t)64 << 20)
#define MOST_BYTES_PER_THREAD ((size_t)256 << 20) /* but for the caches: virtual machines tell of all as one */
#define CACHES 4
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

/* As generators choose, when nobody says (gpt_generator_set_threads). */
#define BYTES_PER_THREAD (8 << 20)

int cli_bench_threads(const cli *cli)
{
    int64_t most = gpt_model_weight_bytes(cli->model) / BYTES_PER_THREAD;
    int processors = count_processors();
    if (cli->threads > 0)
        return cli->threads;
    return most < 1 ? 1 : most < processors ? (int)most : processors;
}

/* What the threads of a measurement have in common. */
typedef struct measurement {
    pthread_mutex_t gate; /* locked until it is known how many threads there are */
    pthread_barrier_t barrier;
    int is_last;     /* the pass that is under way */
    double shortest; /* pass, in seconds: what disturbs only makes them longer */
} measurement;

/* The part of the memory that a thread reads. */
typedef struct reader {
    pthread_t thread;
    measurement *all;
    int is_first; /* which runs on the calling thread, and has the clock */
    uint64_t *words;
    size_t count;
    uint64_t sum; /* kept, so that the compiler must read */
} reader;

static void sum_words(reader *r)
{
    /* A few sums side by side, as one alone would wait for itself. */
    uint64_t sums[32] = {0};
    for (size_t i = 0; i + 32 <= r->count; i += 32) {
        for (size_t j = 0; j < 32; j += LINE_WORDS)
            __builtin_prefetch(r->words + i + AHEAD_WORDS + j);
        for (size_t j = 0; j < 32; j++)
            sums[j] += r->words[i + j];
    }
    for (int j = 0; j < 32; j++)
        r->sum += sums[j];
}

/*
 * Each thread writes its part, as memory that nobody has written to is not there, and lies near to who writes it first;
 * and reads it in passes, before and after which all wait for each other. The first looks at the clock while the others
 * wait for it, and says which pass is the last.
 */
static void *read_passes(void *user)
{
    reader *r = user;
    measurement *all = r->all;
    memset(r->words, 1, r->count * sizeof *r->words);
    pthread_barrier_wait(&all->barrier);
    double end = cli_seconds() + SECONDS;
    for (int is_last = 0; !is_last;) {
        double begin = cli_seconds();
        if (r->is_first)
            all->is_last = begin >= end;
        pthread_barrier_wait(&all->barrier);
        is_last = all->is_last;
        sum_words(r);
        pthread_barrier_wait(&all->barrier);
        double time = cli_seconds() - begin;
        if (r->is_first && time < all->shortest)
            all->shortest = time;
    }
    return NULL;
}

static void *begin_reading(void *user)
{
    reader *r = user;
    pthread_mutex_lock(&r->all->gate);
    pthread_mutex_unlock(&r->all->gate);
    return read_passes(user);
}

/* Runs as many of the readers as there can be threads, the first on the calling one. Returns how many these were. */
static int run_readers(measurement *all, reader *readers, int count)
{
    int started = 1;
    pthread_mutex_lock(&all->gate);
    while (started < count &&
           pthread_create(&readers[started].thread, NULL, begin_reading, &readers[started]) == 0)
        started++;
    pthread_barrier_init(&all->barrier, NULL, (unsigned)started);
    pthread_mutex_unlock(&all->gate);
    read_passes(&readers[0]);
    for (int i = 1; i < started; i++)
        pthread_join(readers[i].thread, NULL);
    pthread_barrier_destroy(&all->barrier);
    return started;
}

/* Bytes per second that threads read who have so many words each. */
static double time_reading(uint64_t *words, size_t words_per_thread, int threads)
{
    measurement all = {.gate = PTHREAD_MUTEX_INITIALIZER, .shortest = INFINITY};
    reader *readers = cli_resize(NULL, (size_t)threads, sizeof *readers);
    for (int i = 0; i < threads; i++)
        readers[i] = (reader){.all = &all, .is_first = i == 0, .words = words + (size_t)i * words_per_thread,
                              .count = words_per_thread};
    int started = run_readers(&all, readers, threads);
    free(readers);
    return (double)started * (double)words_per_thread * sizeof *words / all.shortest;
}

/* Many times the caches, but no more than a quarter of the machine's memory. */
static size_t bytes_to_read(int threads)
{
    long cache = sysconf(_SC_LEVEL3_CACHE_SIZE), pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    size_t least = cache > 0 ? CACHES * (size_t)cache : 0;
    size_t each = least < LEAST_BYTES_PER_THREAD ? LEAST_BYTES_PER_THREAD : least;
    each = each < MOST_BYTES_PER_THREAD ? each : MOST_BYTES_PER_THREAD;
    size_t most = pages > 0 && page > 0 ? (size_t)pages / 4 * (size_t)page : LEAST_BYTES;
    size_t bytes = (size_t)threads * each;
    bytes = bytes < least ? least : bytes;
    bytes = bytes < LEAST_BYTES ? LEAST_BYTES : bytes;
    return bytes < most ? bytes : most;
}

double cli_measure_reading(int threads)
{
    size_t words_per_thread = bytes_to_read(threads) / (size_t)threads / sizeof(uint64_t) / 32 * 32;
    size_t bytes = words_per_thread * (size_t)threads * sizeof(uint64_t);
    void *memory = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        return 0;
    madvise(memory, bytes, MADV_HUGEPAGE);
    double speed = time_reading(memory, words_per_thread, threads);
    munmap(memory, bytes);
    return speed;
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
