/* SPDX-License-Identifier: Apache-2.0 */
/* gpt/profile.h: where a generator's time goes, and what the machine could do at most. */
#ifndef GPT_PROFILE_H
#define GPT_PROFILE_H

#include <gpt/generator.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What a generator does with its time:
 *
 *     gpt_status status = gpt_generator_set_profiling(generator, 1);
 *     while (status == GPT_OK && gpt_generator_active(generator) > 0)
 *         status = gpt_generator_step(generator);
 *     for (int i = 0; gpt_part_name((gpt_part)i) != NULL; i++)
 *         printf("%s %f s\n", gpt_part_name((gpt_part)i), gpt_generator_profile_seconds(generator, (gpt_part)i));
 */

/** A part of the work of a step. Later releases may add parts. Since 1.0. */
typedef enum gpt_part {
    GPT_PART_LINEAR = 0,      /**< The layers' products with their weights, and what is done as they are stored. */
    GPT_PART_ATTENTION = 1,   /**< Keys and values stored, scores, softmax, and the mean of the values. */
    GPT_PART_ELEMENTWISE = 2, /**< Norms, activations that no product applies, conversions between products. */
    GPT_PART_OUTPUT = 3,      /**< The product that gives the logits. */
    GPT_PART_SAMPLING = 4,    /**< From logits to tokens: hook, settings, choice, log-probabilities. */
    GPT_PART_REST = 5         /**< All else: laying out, the cache's pages, embeddings, text. */
} gpt_part;

/**
 * The name of a part: "linear", "attention", "elementwise", "output", "sampling", "rest"; NULL for a number that is
 * none. Static. Any thread. Since 1.0.
 */
GPT_API const char *gpt_part_name(gpt_part part);

/**
 * Starts (1) or stops (0) measuring. 1 starts with all figures at 0; after 0 they stay to be read. Default: 0, which
 * costs nothing. While it is on, the clock is read at each change from one part to the next, some ten times for each
 * layer of a step.
 *
 * Measured are steps, also those of one-call functions, gpt_generator_evaluate and gpt_generator_score, by the clock of
 * the thread that calls them: time in which its helpers wait for each other is in the part that they work for.
 *
 * @return GPT_OK; GPT_E_ARGUMENT. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_generator_set_profiling(gpt_generator *generator, int profiling);

/** The setting of gpt_generator_set_profiling. Since 1.0. */
GPT_API int gpt_generator_profiling(const gpt_generator *generator);

/**
 * The seconds that a part has taken since measuring began. The parts together are the whole time of the calls that
 * were measured. 0 for NULL and for a number that is no part. Since 1.0.
 */
GPT_API double gpt_generator_profile_seconds(const gpt_generator *generator, gpt_part part);

/**
 * The operations, a multiplication and an addition each being one, in products with weights since measuring began:
 * linear and output parts, without the rows that only fill a product up. 0 for NULL. Since 1.0.
 */
GPT_API double gpt_generator_profile_operations(const gpt_generator *generator);

/**
 * The bytes of weights that these products had to read, once for each product. 0 for NULL. Since 1.0.
 */
GPT_API double gpt_generator_profile_weight_bytes(const gpt_generator *generator);

/**
 * Measures the fastest matrix product that the backend does on this machine: products of several shapes, with packed
 * weights and 512 rows, as a long prompt has them, run for about a second in all, and the best of them counts.
 *
 * @param operations  receives the operations per second, a multiplication and an addition each being one; 0 on failure
 * @param dtype       of both factors; not GPT_DTYPE_AUTO
 * @param threads     0 to 1024; 0 means one for each processor that the process may run on
 *
 * @return GPT_OK; GPT_E_ARGUMENT; GPT_E_UNSUPPORTED when oneDNN has no such products for this processor; GPT_E_MEMORY.
 * Any thread. Since 1.0.
 */
GPT_API GPT_MUST_CHECK gpt_status gpt_measure_products(double *operations, gpt_dtype dtype, int threads);

#ifdef __cplusplus
}
#endif
#endif
