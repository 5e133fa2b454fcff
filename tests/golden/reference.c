/* SPDX-License-Identifier: Apache-2.0 */
/* golden/reference.c: reading and comparing with the reference's outputs. */
#include "golden/reference.h"

#include "base/bytes.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The library opens directories; so the file gets one of its own, with the name that the library looks for. */
gpt__checkpoint *reference_open(const char *name)
{
    static int opened;
    char directory[128], link[160];
    snprintf(directory, sizeof directory, "%s/reference-%d", test_directory(), opened++);
    snprintf(link, sizeof link, "%s/model.safetensors", directory);
    char *path = name[0] == '/' ? strdup(name) : test_path(name);
    char *whole = realpath(path, NULL);
    gpt__checkpoint *reference = NULL;
    if (whole == NULL || mkdir(directory, 0700) != 0 || symlink(whole, link) != 0 ||
        gpt__checkpoint_open(&reference, directory) != GPT_OK) {
        printf("Bail out! %s can not be read: %s\n", path, gpt_error_message());
        exit(1);
    }
    free(whole);
    free(path);
    return reference;
}

const gpt__tensor *reference_find(const gpt__checkpoint *reference, const char *kind, int number)
{
    char name[64];
    snprintf(name, sizeof name, "%s.%d", kind, number);
    return gpt__checkpoint_find(reference, name);
}

int32_t *reference_ids(size_t *count, const gpt__tensor *tensor)
{
    int32_t *ids = malloc((size_t)tensor->count * sizeof *ids + 1);
    if (ids == NULL || tensor->element != GPT__ELEMENT_I64)
        abort();
    for (int64_t i = 0; i < tensor->count; i++)
        ids[i] = (int32_t)gpt__read_u64(tensor->data + 8 * i);
    *count = (size_t)tensor->count;
    return ids;
}

float reference_float(const gpt__tensor *tensor, int64_t i)
{
    if (tensor->element != GPT__ELEMENT_F32)
        abort();
    return gpt__read_f32(tensor->data + 4 * i);
}

void reference_compare(const float *values, const gpt__tensor *tensor, const char *what)
{
    double worst = 0;
    int64_t where = 0;
    for (int64_t i = 0; i < tensor->count; i++) {
        double expected = reference_float(tensor, i);
        double excess = fabs(values[i] - expected) / (2e-4 + 1e-4 * fabs(expected));
        if (!(excess <= worst)) {
            worst = isnan(excess) ? INFINITY : excess;
            where = i;
        }
    }
    if (!EXPECT(worst <= 1))
        printf("# %s %s: element %lld is %.7g, expected %.7g\n", what, tensor->name, (long long)where, values[where],
               reference_float(tensor, where));
}

void reference_compare_ids(const int32_t *ids, size_t count, const gpt__tensor *tensor, const char *what)
{
    size_t expected_count;
    int32_t *expected = reference_ids(&expected_count, tensor);
    size_t same = 0;
    while (same < count && same < expected_count && ids[same] == expected[same])
        same++;
    if (!EXPECT(count == expected_count && same == count))
        printf("# %s %s: %zu tokens, expected %zu; the first %zu agree\n", what, tensor->name, count, expected_count,
               same);
    free(expected);
}
