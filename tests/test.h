/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/test.h: the whole test framework. A test program lists its cases and prints one line of TAP (Test Anything
 * Protocol) for each, which automake's TAP driver counts:
 *
 *     static void adds_up(void) { EXPECT_INT(1 + 1, 2); }
 *     int main(int argc, char **argv) { TEST_BEGIN(argc, argv); TEST(adds_up); return TEST_END(); }
 *
 * Arguments name the cases to run; without any, all run. A case without an expectation fails: it would prove nothing.
 */
#ifndef TESTS_TEST_H
#define TESTS_TEST_H

#include <gpt/status.h>

#include <stdint.h>
#include <stdio.h>

/* Each returns whether it held, and counts; a failure prints where, what was expected and what was found. */
int test_true(int held, const char *text, const char *file, int line);
int test_int(int64_t found, int64_t expected, const char *text, const char *file, int line);
int test_bytes(const char *found, size_t found_length, const char *expected, size_t expected_length, const char *text,
               const char *file, int line);
int test_near(double found, double expected, double tolerance, const char *text, const char *file, int line);
int test_status(gpt_status found, gpt_status expected, const char *text, const char *file, int line);
int test_contains(const char *found, const char *part, const char *text, const char *file, int line);

#define EXPECT(condition) test_true((condition) != 0, #condition, __FILE__, __LINE__)
#define EXPECT_INT(found, expected) test_int((int64_t)(found), (int64_t)(expected), #found, __FILE__, __LINE__)
#define EXPECT_BYTES(found, length, expected, expected_length) \
    test_bytes(found, length, expected, expected_length, #found, __FILE__, __LINE__)
#define EXPECT_STRING(found, expected) test_bytes(found, SIZE_MAX, expected, SIZE_MAX, #found, __FILE__, __LINE__)
#define EXPECT_NEAR(found, expected, tolerance) test_near(found, expected, tolerance, #found, __FILE__, __LINE__)
#define EXPECT_STATUS(call, expected) test_status(call, expected, #call, __FILE__, __LINE__)
#define EXPECT_OK(call) test_status(call, GPT_OK, #call, __FILE__, __LINE__)
/* The last error message of this thread has this part. */
#define EXPECT_MESSAGE(part) test_contains(gpt_error_message(), part, "gpt_error_message()", __FILE__, __LINE__)

/* The larger error, or NaN when one of them is NaN, which is below no tolerance; fmax would drop it. */
double test_worse(double worst, double error);

/* Ends the case: it can not run here, for this reason. */
void test_skip(const char *reason);

/*
 * How many seconds of processor time each case may take from now on, those of its threads in all; 0 for any number. At
 * first 300, many times what the slowest takes with sanitizers: no speed is measured, but what would never end does,
 * and is named.
 */
void test_limit(unsigned seconds);

void test_begin(int argc, char **argv);
void test_run(const char *name, void (*run)(void));
int test_end(void);

#define TEST_BEGIN(argc, argv) test_begin(argc, argv)
#define TEST(function) test_run(#function, function)
#define TEST_END() test_end()

/* The path of a file of tests/, freed with free: the directory comes from the environment (TEST_SOURCE_DIR). */
char *test_path(const char *name);

/* A new empty directory for files the case makes, removed with all in it when the program ends. */
const char *test_directory(void);

/* Writes a file of test_directory() and returns its path, freed with free. */
char *test_write_file(const char *name, const void *bytes, size_t length);

/* Reads a whole file, with a NUL after it; NULL when it can not be read. Freed with free. */
char *test_read_file(size_t *length, const char *path);

#endif
