/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fuzz/fuzz.h: a fuzz target is a function that takes any bytes and must neither crash nor leak. It can be driven by
 * libFuzzer (clang -fsanitize=fuzzer,address,undefined, with target, fuzz_file.c and the library's sources) or by
 * fuzz_main.c, which needs no special compiler.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <gpt/gpt.h>

#include <stddef.h>
#include <stdint.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The folder of tests/fuzz/corpus that the target's mutations begin from. */
extern const char fuzz_corpus[];

/*
 * Writes a file of a directory that is removed at exit, and returns the directory; without data it removes the file.
 * Eight names at most.
 */
const char *fuzz_write_file(const char *name, const uint8_t *data, size_t size);

/*
 * What opening the input gave: a tokenizer comes with success only. It encodes some text and the input itself, decodes
 * what comes out, and is freed; for targets built with fuzz_text.c.
 */
void fuzz_use_tokenizer(gpt_status status, gpt_tokenizer *tokenizer, const uint8_t *data, size_t size);

/* Computes and generates a little; for targets that are built with fuzz_use.c. */
void fuzz_use_model(gpt_model *model);

/* Opens the weights of a directory and reads them to the last element; for targets built with fuzz_tensors.c. */
void fuzz_read_tensors(const char *directory);

/* Ends the program with a message when a property does not hold, so that the fuzzer keeps the input. */
void fuzz_check(int held, const char *property);

#endif
