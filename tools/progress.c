/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tools/progress.c: one line on the terminal for work that takes over a second. A thread of its own draws it, because
 * the work may be one long call. Nothing is drawn, and no thread started, when standard error is no terminal.
 */
#include "cli.h"

#include <pthread.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

static struct {
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t ended_now;
    const char *what;
    size_t total;
    size_t done;
    int running; /* touched by the main thread only */
    int ended;
    int shown;
} progress = {.mutex = PTHREAD_MUTEX_INITIALIZER};

/* The escape sequence clears the rest of the line: numbers may get shorter. */
static void draw(int seconds)
{
    if (progress.total > 0)
        fprintf(stderr, "\r\033[K%s: %zu of %zu", progress.what, progress.done, progress.total);
    else
        fprintf(stderr, "\r\033[K%s: %d s", progress.what, seconds);
    fflush(stderr);
    progress.shown = 1;
}

/* Wakes up every quarter of a second, and at once when the work has ended. */
static void *watch(void *unused)
{
    (void)unused;
    struct timespec next;
    clock_gettime(CLOCK_MONOTONIC, &next);
    pthread_mutex_lock(&progress.mutex);
    for (int quarters = 0; !progress.ended; quarters++) {
        if (quarters >= 4)
            draw(quarters / 4);
        next.tv_nsec += 250000000;
        next.tv_sec += next.tv_nsec / 1000000000;
        next.tv_nsec %= 1000000000;
        while (!progress.ended && pthread_cond_timedwait(&progress.ended_now, &progress.mutex, &next) == 0)
            ;
    }
    pthread_mutex_unlock(&progress.mutex);
    return NULL;
}

/* One at a time; what must live until the end. */
void cli_progress_begin(const char *what, size_t total)
{
    cli_progress_end();
    if (!isatty(STDERR_FILENO))
        return;
    progress.what = what;
    progress.total = total;
    progress.done = 0;
    progress.ended = progress.shown = 0;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&progress.ended_now, &attributes);
    pthread_condattr_destroy(&attributes);
    progress.running = pthread_create(&progress.thread, NULL, watch, NULL) == 0;
}

void cli_progress_update(size_t done)
{
    if (!progress.running)
        return;
    pthread_mutex_lock(&progress.mutex);
    progress.done = done;
    pthread_mutex_unlock(&progress.mutex);
}

void cli_progress_end(void)
{
    if (!progress.running)
        return;
    pthread_mutex_lock(&progress.mutex);
    progress.ended = 1;
    pthread_cond_signal(&progress.ended_now);
    pthread_mutex_unlock(&progress.mutex);
    pthread_join(progress.thread, NULL);
    pthread_cond_destroy(&progress.ended_now);
    progress.running = 0;
    if (progress.shown)
        fputs("\r\033[K", stderr);
}
