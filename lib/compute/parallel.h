/* SPDX-License-Identifier: Apache-2.0 */
/*
 * compute/parallel.h: OpenMP's thread count, which oneDNN's products and our own loops go by.
 *
 * Debian's oneDNN runs on GNU's OpenMP runtime. A compiler that would bring another one (clang) builds libgpt without
 * OpenMP, so that a process never has two: our own loops then run on one thread, and oneDNN's still on many, as the
 * functions below are the GNU runtime's in either case.
 */
#ifndef GPT__COMPUTE_PARALLEL_H
#define GPT__COMPUTE_PARALLEL_H

#ifdef _OPENMP
#include <omp.h>

static inline int gpt__thread_number(void)
{
    return omp_get_thread_num();
}
#else
void omp_set_num_threads(int threads);
int omp_get_max_threads(void);
int omp_get_num_procs(void);
int omp_get_thread_limit(void);
int omp_get_dynamic(void);
void omp_set_dynamic(int dynamic);

static inline int gpt__thread_number(void)
{
    return 0;
}
#endif

/* So many threads, or as many as OMP_THREAD_LIMIT leaves. */
static inline int gpt__possible_threads(int threads)
{
    int limit = omp_get_thread_limit();
    return threads < limit ? threads : limit;
}

/* What OpenMP's settings of the calling thread were. */
typedef struct gpt__thread_settings {
    int threads;
    int dynamic;
} gpt__thread_settings;

/*
 * Sets the number of threads for the regions that the calling thread begins, and returns what was set before.
 *
 * oneDNN divides a product among as many threads as omp_get_max_threads tells, and leaves out the shares of those that
 * a region then does not get, without an error. So the number must be one that every region gets: within the limit,
 * and not to be made smaller at will (OMP_DYNAMIC).
 */
static inline gpt__thread_settings gpt__threads_begin(int threads)
{
    gpt__thread_settings before = {omp_get_max_threads(), omp_get_dynamic()};
    omp_set_dynamic(0);
    omp_set_num_threads(gpt__possible_threads(threads));
    return before;
}

static inline void gpt__threads_end(gpt__thread_settings before)
{
    omp_set_num_threads(before.threads);
    omp_set_dynamic(before.dynamic);
}

#endif
