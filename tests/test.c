/* SPDX-License-Identifier: Apache-2.0 */
/* tests/test.c: counting, comparing, and files for tests. */
#include "test.h"

#include <ftw.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

static int wanted_count;
static char **wanted;
static int cases, failed_cases;
static int expectations, failures; /* of the case that runs */
static const char *skip_reason;
static char directory[64];
static unsigned most_seconds = 300;
static char last_words[160]; /* for the case that runs, if it takes longer */

static int fail_at(const char *file, int line)
{
    failures++;
    printf("# %s:%d: ", file, line);
    return 0;
}

int test_true(int held, const char *text, const char *file, int line)
{
    expectations++;
    if (!held) {
        fail_at(file, line);
        printf("expected %s\n", text);
    }
    return held;
}

int test_int(int64_t found, int64_t expected, const char *text, const char *file, int line)
{
    expectations++;
    if (found == expected)
        return 1;
    fail_at(file, line);
    printf("%s is %lld, expected %lld\n", text, (long long)found, (long long)expected);
    return 0;
}

static void print_bytes(const char *bytes, size_t length)
{
    if (bytes == NULL) {
        printf("NULL");
        return;
    }
    putchar('"');
    for (size_t i = 0; i < length && i < 200; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if (c < 0x20 || c == '"' || c >= 0x7F)
            printf("\\x%02X", c);
        else
            putchar(c);
    }
    printf(length > 200 ? "\"... (%zu bytes)" : "\" (%zu bytes)", length);
}

int test_bytes(const char *found, size_t found_length, const char *expected, size_t expected_length, const char *text,
               const char *file, int line)
{
    expectations++;
    if (found_length == SIZE_MAX)
        found_length = found ? strlen(found) : 0;
    if (expected_length == SIZE_MAX)
        expected_length = expected ? strlen(expected) : 0;
    int same_null = (found == NULL) == (expected == NULL);
    if (same_null && found_length == expected_length && (found_length == 0 || !memcmp(found, expected, found_length)))
        return 1;
    fail_at(file, line);
    printf("%s is ", text);
    print_bytes(found, found_length);
    printf(", expected ");
    print_bytes(expected, expected_length);
    putchar('\n');
    return 0;
}

int test_near(double found, double expected, double tolerance, const char *text, const char *file, int line)
{
    expectations++;
    if (found == expected || fabs(found - expected) <= tolerance)
        return 1;
    fail_at(file, line);
    printf("%s is %.9g, expected %.9g within %g\n", text, found, expected, tolerance);
    return 0;
}

int test_status(gpt_status found, gpt_status expected, const char *text, const char *file, int line)
{
    expectations++;
    if (found == expected)
        return 1;
    fail_at(file, line);
    printf("%s gave %s (%s), expected %s\n", text, gpt_status_name(found), gpt_error_message(),
           gpt_status_name(expected));
    return 0;
}

int test_contains(const char *found, const char *part, const char *text, const char *file, int line)
{
    expectations++;
    if (found != NULL && strstr(found, part) != NULL)
        return 1;
    fail_at(file, line);
    printf("%s is \"%s\", expected it to have \"%s\"\n", text, found ? found : "NULL", part);
    return 0;
}

double test_worse(double worst, double error)
{
    return isnan(error) || error > worst ? error : worst;
}

void test_skip(const char *reason)
{
    skip_reason = reason;
}

void test_limit(unsigned seconds)
{
    most_seconds = seconds;
}

static void bail_out(int signal)
{
    (void)signal;
    _exit(write(STDOUT_FILENO, last_words, strlen(last_words)) < 0 ? 2 : 1);
}

/* Gives the case that begins its time, counted from what the program has used. */
static void limit_time(const char *name)
{
    struct rusage used;
    struct rlimit limit;
    if (getrusage(RUSAGE_SELF, &used) != 0 || getrlimit(RLIMIT_CPU, &limit) != 0)
        return;
    rlim_t end = (rlim_t)(used.ru_utime.tv_sec + used.ru_stime.tv_sec) + most_seconds;
    limit.rlim_cur = most_seconds > 0 && end < limit.rlim_max ? end : limit.rlim_max;
    snprintf(last_words, sizeof last_words, "Bail out! %.80s takes more than %u seconds of processor time\n", name,
             most_seconds);
    signal(SIGXCPU, most_seconds > 0 ? bail_out : SIG_DFL);
    setrlimit(RLIMIT_CPU, &limit);
}

void test_begin(int argc, char **argv)
{
    wanted_count = argc - 1;
    wanted = argv + 1;
    setvbuf(stdout, NULL, _IOLBF, 0);
}

void test_run(const char *name, void (*run)(void))
{
    int chosen = wanted_count <= 0;
    for (int i = 0; i < wanted_count; i++)
        chosen |= strcmp(wanted[i], name) == 0;
    if (!chosen)
        return;
    expectations = failures = 0;
    skip_reason = NULL;
    limit_time(name);
    run();
    cases++;
    if (skip_reason != NULL && failures == 0) {
        printf("ok %d - %s # SKIP %s\n", cases, name, skip_reason);
        return;
    }
    if (expectations == 0) {
        printf("# %s: no expectation was checked\n", name);
        failures++;
    }
    failed_cases += failures > 0;
    printf("%s %d - %s (%d expectations)\n", failures > 0 ? "not ok" : "ok", cases, name, expectations);
}

static int remove_entry(const char *path, const struct stat *about, int kind, struct FTW *walk)
{
    (void)about, (void)kind, (void)walk;
    return remove(path);
}

int test_end(void)
{
    if (directory[0] != '\0')
        nftw(directory, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
    printf("1..%d\n", cases);
    return failed_cases > 0 || cases == 0;
}

char *test_path(const char *name)
{
    const char *source = getenv("TEST_SOURCE_DIR");
    char *path = NULL;
    if (asprintf(&path, "%s/%s", source ? source : "tests", name) < 0)
        abort();
    return path;
}

const char *test_directory(void)
{
    if (directory[0] == '\0') {
        strcpy(directory, "/tmp/libgpt-test-XXXXXX");
        if (mkdtemp(directory) == NULL)
            abort();
    }
    return directory;
}

char *test_write_file(const char *name, const void *bytes, size_t length)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%s", test_directory(), name) < 0)
        abort();
    FILE *file = fopen(path, "wb");
    if (file == NULL || fwrite(bytes, 1, length, file) != length || fclose(file) != 0)
        abort();
    return path;
}

char *test_read_file(size_t *length, const char *path)
{
    FILE *file = fopen(path, "rb");
    if (file == NULL)
        return NULL;
    char *bytes = NULL;
    long size = -1;
    if (fseek(file, 0, SEEK_END) == 0 && (size = ftell(file)) >= 0 && fseek(file, 0, SEEK_SET) == 0)
        bytes = malloc((size_t)size + 1);
    if (bytes != NULL) {
        *length = fread(bytes, 1, (size_t)size, file);
        bytes[*length] = '\0';
    }
    fclose(file);
    return bytes;
}
