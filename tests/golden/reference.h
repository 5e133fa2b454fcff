/* SPDX-License-Identifier: Apache-2.0 */
/* golden/reference.h: the reference's outputs, which lie in safetensors files beside the models. */
#ifndef TESTS_GOLDEN_REFERENCE_H
#define TESTS_GOLDEN_REFERENCE_H

#include "format/tensor.h"

#include <gpt/gpt.h>

/* Opens one safetensors file of any name, given in full or relative to tests/. Ends the program when it can not. */
gpt__checkpoint *reference_open(const char *name);

/* The tensor called <kind>.<number>, or NULL. */
const gpt__tensor *reference_find(const gpt__checkpoint *reference, const char *kind, int number);

/* The ids of an int64 tensor [count], freed with free. */
int32_t *reference_ids(size_t *count, const gpt__tensor *tensor);

/* Element i of an f32 tensor. */
float reference_float(const gpt__tensor *tensor, int64_t i);

/*
 * Compares values [count] with a tensor: within 2e-4 absolute plus 1e-4 relative. Prints the worst of them and counts
 * as one expectation.
 */
void reference_compare(const float *values, const gpt__tensor *tensor, const char *what);

/* Compares token lists; one expectation. */
void reference_compare_ids(const int32_t *ids, size_t count, const gpt__tensor *tensor, const char *what);

#endif
