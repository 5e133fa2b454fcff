/* SPDX-License-Identifier: Apache-2.0 */
/* compute/cpu.h: loops compiled for several instruction sets, one of which the dynamic linker picks at run time. */
#ifndef GPT__COMPUTE_CPU_H
#define GPT__COMPUTE_CPU_H

/*
 * Marks a static function that the compiler makes once for the baseline and once for each named instruction set. It
 * needs GNU ifuncs, which configure probes for; sanitizers start too late for the resolvers, and get the baseline only.
 * Only static ones, as compilers differ in how other files would have to name the clones, and each with a name of its
 * own, as clang makes global functions that choose between them.
 */
#if defined(GPT__HAVE_TARGET_CLONES) && defined(__x86_64__)
#define GPT__CPU_CLONES __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define GPT__CPU_CLONES
#endif

#endif
