/* SPDX-License-Identifier: Apache-2.0 */
/* golden/convert_gguf.h: golden models as GGUF files. */
#ifndef TESTS_GOLDEN_CONVERT_GGUF_H
#define TESTS_GOLDEN_CONVERT_GGUF_H

#include <stdint.h>

/*
 * Writes a golden model below test_directory(), with matrices of ggml's type 0 (F32) or 8 (Q8_0), and returns the path,
 * freed with free. Ends the program for a model that has no GGUF architecture.
 */
char *convert_gguf(const char *golden, uint32_t type);

#endif
