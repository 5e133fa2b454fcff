/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_settings.c: defaults, ranges, copies and lists of generation settings. */
#include "../test.h"

#include "base/memory.h"
#include "generate/settings.h"

#include <limits.h>
#include <math.h>
#include <string.h>

static void defaults_are_those_of_the_header(void)
{
    gpt__settings s;
    gpt__settings_default(&s);
    EXPECT_INT(s.sampling, 0);
    EXPECT(s.temperature == 1 && s.top_p == 1 && s.typical_p == 1 && s.repetition_penalty == 1);
    EXPECT(s.min_p == 0 && s.epsilon_cutoff == 0 && s.eta_cutoff == 0);
    EXPECT(s.presence_penalty == 0 && s.frequency_penalty == 0);
    EXPECT(s.top_k == 0 && s.no_repeat_ngram == 0 && s.min_new_tokens == 0);
    EXPECT(s.max_new_tokens == 0 && s.max_length == 0);
    EXPECT_INT(s.samples, 1);
    EXPECT_INT(s.logprobs, -1);
    EXPECT(!s.has_seed && s.hook == NULL);
    EXPECT(s.bias.count == 0 && s.banned.count == 0 && s.stop_tokens.count == 0 && s.stop_string_count == 0);
    gpt__settings_release(&s);
}

/* The ranges as gpt/generator.h states them: numbers just inside and just outside. */
static void ranges_are_those_of_the_header(void)
{
    static const struct {
        const char *name;
        double inside[4];
        double outside[4];
    } cases[] = {
        {"sampling", {0, 1, 0, 1}, {-1, 2, 0.5, INT_MIN}},
        {"temperature", {1e-45, 1, 2, 3.4028234663852886e38}, {0, -1, 1e-60, 3.5e38}},
        {"top_k", {0, 1, 40, INT_MAX}, {-1, 0.5, INT_MIN, 2147483648.0}},
        {"top_p", {0, 0.5, 1, 1e-60}, {-0.01, 1.01, 1e300, -1}},
        {"min_p", {0, 0.5, 1, 1e-60}, {-0.01, 1.01, 1e300, -1}},
        {"typical_p", {1e-45, 0.5, 0.9, 1}, {0, 1.01, -0.5, 1e-60}},
        {"epsilon_cutoff", {0, 0.5, 0.999, 1e-9}, {-0.01, 1, 0.99999999999, 2}},
        {"eta_cutoff", {0, 0.5, 0.999, 1e-9}, {-0.01, 1, 0.99999999999, 2}},
        {"repetition_penalty", {1e-45, 0.5, 1, 1000}, {0, -1, 1e-60, 1e39}},
        {"presence_penalty", {-3e38, -2, 0, 3e38}, {3.5e38, -3.5e38, 1e300, -1e300}},
        {"frequency_penalty", {-3e38, -2, 0, 3e38}, {3.5e38, -3.5e38, 1e300, -1e300}},
        {"no_repeat_ngram", {0, 1, 3, INT_MAX}, {-1, 1.5, INT_MIN, 2147483648.0}},
        {"min_new_tokens", {0, 1, 3, INT_MAX}, {-1, 1.5, INT_MIN, 2147483648.0}},
        {"max_new_tokens", {0, 1, 3, INT_MAX}, {-1, 1.5, INT_MIN, 2147483648.0}},
        {"max_length", {0, 1, 3, INT_MAX}, {-1, 1.5, INT_MIN, 2147483648.0}},
        {"beams", {1, 2, 100, 256}, {0, -1, 257, INT_MIN}},
        {"samples", {1, 2, 100, 4096}, {0, -1, 4097, INT_MIN}},
        {"logprobs", {-1, 0, 5, 1024}, {-2, 1025, 0.5, INT_MAX}},
        {"threads", {0, 1, 100, 1024}, {-1, 1025, 0.5, INT_MAX}},
        {"chunk", {1, 2, 512, 65536}, {0, -1, 65537, 1.5}},
        {"cache_tokens", {0, 1, 1e9, 9223372036854774784.0}, {-1, 0.5, 9223372036854775808.0, 1e300}},
        {"bias", {-3e38, -2, 0, 3e38}, {3.5e38, -3.5e38, 1e300, -1e300}},
        {"banned", {0, 1, 0, 1}, {-1, 2, 0.5, INT_MIN}},
        {"stop_token", {0, 1, 0, 1}, {-1, 2, 0.5, INT_MIN}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *name = cases[i].name;
        for (int j = 0; j < 4; j++) {
            if (!EXPECT_OK(gpt__settings_check_number(name, cases[i].inside[j])))
                printf("# %s %g\n", name, cases[i].inside[j]);
            if (!EXPECT_STATUS(gpt__settings_check_number(name, cases[i].outside[j]), GPT_E_ARGUMENT))
                printf("# %s %g\n", name, cases[i].outside[j]);
            EXPECT_MESSAGE(name);
        }
        EXPECT_STATUS(gpt__settings_check_number(name, NAN), GPT_E_ARGUMENT);
        EXPECT_STATUS(gpt__settings_check_number(name, INFINITY), GPT_E_ARGUMENT);
        EXPECT_STATUS(gpt__settings_check_number(name, -INFINITY), GPT_E_ARGUMENT);
    }
    EXPECT_STATUS(gpt__settings_check_number("beauty", 1), GPT_E_NOT_FOUND);
    EXPECT_MESSAGE("beauty");
    EXPECT_STATUS(gpt__settings_check_number("temperature", -1), GPT_E_ARGUMENT);
    EXPECT_STRING(gpt_error_message(), "temperature is -1, expected a finite number above 0");
}

static void token_maps_stay_sorted(void)
{
    gpt__token_map map = {0};
    static const int32_t tokens[] = {5, 1, 9, INT32_MAX, 0, 7, INT32_MIN, 5, 9};
    for (int i = 0; i < 9; i++)
        EXPECT_OK(gpt__token_map_set(&map, tokens[i], (float)i));
    EXPECT_INT(map.count, 7);
    for (size_t i = 1; i < map.count; i++)
        EXPECT(map.entries[i - 1].token < map.entries[i].token);
    EXPECT(gpt__token_map_find(&map, 5)->value == 7 && gpt__token_map_find(&map, 9)->value == 8);
    EXPECT(gpt__token_map_find(&map, INT32_MIN)->value == 6 && gpt__token_map_find(&map, INT32_MAX)->value == 3);
    EXPECT(gpt__token_map_find(&map, 6) == NULL && gpt__token_map_find(&map, -1) == NULL);
    gpt__token_map_remove(&map, 6);
    gpt__token_map_remove(&map, 5);
    gpt__token_map_remove(&map, INT32_MAX);
    EXPECT_INT(map.count, 5);
    EXPECT(gpt__token_map_find(&map, 5) == NULL && gpt__token_map_find(&map, 7) != NULL);
    while (map.count > 0)
        gpt__token_map_remove(&map, map.entries[0].token);
    gpt__token_map_remove(&map, 1);
    EXPECT_INT(map.count, 0);
    gpt__release(map.entries);
}

static void stop_strings_are_checked(void)
{
    static char large[GPT__MOST_STOP_BYTES + 1];
    gpt__settings s;
    gpt__settings_default(&s);
    memset(large, 'a', sizeof large);
    EXPECT_STATUS(gpt__settings_add_stop_string(&s, "x", 0), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt__settings_add_stop_string(&s, NULL, 3), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt__settings_add_stop_string(&s, large, sizeof large), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt__settings_add_stop_string(&s, large, SIZE_MAX), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt__settings_add_stop_string(&s, "\xE2\x82", 2), GPT_E_ARGUMENT);
    EXPECT_MESSAGE("UTF-8");
    EXPECT_INT(s.stop_string_count, 0);
    EXPECT_OK(gpt__settings_add_stop_string(&s, large, GPT__MOST_STOP_BYTES));
    EXPECT_OK(gpt__settings_add_stop_string(&s, "a\0b", 3));
    EXPECT_INT(s.stop_string_count, 2);
    EXPECT_INT(s.stop_strings[0].length, 65536);
    EXPECT_BYTES(s.stop_strings[1].bytes, s.stop_strings[1].length, "a\0b", 3);
    gpt__settings_clear_stop_strings(&s);
    EXPECT_INT(s.stop_string_count, 0);
    EXPECT_OK(gpt__settings_add_stop_string(&s, "again", 5));
    gpt__settings_release(&s);
    gpt__settings_release(&s);
}

static gpt_status fill(gpt__settings *s)
{
    gpt__settings_default(s);
    s->temperature = 0.5f;
    s->has_seed = 1;
    s->seed = UINT64_MAX;
    gpt_status status = gpt__token_map_set(&s->bias, 3, 1.5f);
    if (status == GPT_OK)
        status = gpt__token_map_set(&s->banned, 4, 0);
    if (status == GPT_OK)
        status = gpt__token_map_set(&s->stop_tokens, 5, 0);
    if (status == GPT_OK)
        status = gpt__settings_add_stop_string(s, "one", 3);
    if (status == GPT_OK)
        status = gpt__settings_add_stop_string(s, "two", 3);
    return status;
}

static void copies_are_independent(void)
{
    gpt__settings s, copy;
    EXPECT_OK(fill(&s));
    EXPECT_OK(gpt__settings_copy(&copy, &s));
    EXPECT_OK(gpt__token_map_set(&s.bias, 3, 9));
    gpt__settings_release(&s);
    EXPECT(copy.temperature == 0.5f && copy.has_seed && copy.seed == UINT64_MAX);
    EXPECT(copy.bias.count == 1 && gpt__token_map_find(&copy.bias, 3)->value == 1.5f);
    EXPECT(gpt__token_map_find(&copy.banned, 4) != NULL && gpt__token_map_find(&copy.stop_tokens, 5) != NULL);
    EXPECT_INT(copy.stop_string_count, 2);
    EXPECT_BYTES(copy.stop_strings[1].bytes, copy.stop_strings[1].length, "two", 3);
    gpt__settings_release(&copy);
}

static void failing_allocations_leave_nothing(void)
{
    gpt__settings s, copy;
    EXPECT_OK(fill(&s));
    int succeeded = 0;
    for (long n = 0; n < 30 && !succeeded; n++) {
        gpt__fail_allocation_after(n, 1);
        gpt_status status = gpt__settings_copy(&copy, &s);
        gpt__fail_allocation_after(-1, 0);
        succeeded = status == GPT_OK;
        EXPECT(status == GPT_OK || status == GPT_E_MEMORY);
        EXPECT(succeeded || (copy.bias.entries == NULL && copy.stop_strings == NULL));
    }
    EXPECT(succeeded);
    gpt__settings_release(&copy);
    for (long n = 0; n < 3; n++) {
        gpt__settings_default(&copy);
        gpt__fail_allocation_after(n, 1);
        EXPECT_STATUS(gpt__settings_add_stop_string(&copy, "abc", 3), GPT_E_MEMORY);
        gpt__fail_allocation_after(-1, 0);
        EXPECT_INT(copy.stop_string_count, 0);
        gpt__settings_release(&copy);
    }
    gpt__settings_default(&copy);
    gpt__fail_allocation_after(0, 1);
    EXPECT_STATUS(gpt__token_map_set(&copy.bias, 1, 1), GPT_E_MEMORY);
    gpt__fail_allocation_after(-1, 0);
    EXPECT_INT(copy.bias.count, 0);
    gpt__settings_release(&s);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(defaults_are_those_of_the_header);
    TEST(ranges_are_those_of_the_header);
    TEST(token_maps_stay_sorted);
    TEST(stop_strings_are_checked);
    TEST(copies_are_independent);
    TEST(failing_allocations_leave_nothing);
    return TEST_END();
}
