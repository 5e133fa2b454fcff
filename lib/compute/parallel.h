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

static inline int gpt__thread_number(void)
{
    return 0;
}
#endif

#endif
