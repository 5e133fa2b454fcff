/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_locale.c: numbers in files and messages have a point, also in programs whose locale writes another
 * character, and the program's locale is left as it is.
 */
#include "../test.h"

#include "format/json.h"
#include "generate/settings.h"

#include <locale.h>
#include <stdlib.h>
#include <string.h>

/* Makes a locale below test_directory(), for machines on which it is not installed. */
static int make_locale(const char *source)
{
    char command[1000];
    snprintf(command, sizeof command, "localedef -i %s -f UTF-8 '%s/%s.UTF-8' >/dev/null 2>&1", source,
             test_directory(), source);
    return system(command) == 0;
}

/* Changes the program's locale to one with that character before fractions, or skips the case. */
static int choose_locale(const char *source, const char *point)
{
    char name[100];
    snprintf(name, sizeof name, "%s.UTF-8", source);
    /* A name that was not found once is not looked for again in the same place. */
    unsetenv("LOCPATH");
    if (setlocale(LC_NUMERIC, name) == NULL && make_locale(source)) {
        setenv("LOCPATH", test_directory(), 1);
        setlocale(LC_NUMERIC, name);
    }
    if (strcmp(localeconv()->decimal_point, point) == 0)
        return 1;
    test_skip("the locale is not installed, and localedef does not make it");
    return 0;
}

static const struct {
    const char *source;
    const char *point;
} locales[] = {{"de_DE", ","}, {"ps_AF", "\xD9\xAB"}};

static void json_numbers_in(const char *source, const char *point)
{
    static const char text[] = "{\"half\": 0.5, \"small\": 1.25e-3}";
    double half = 0, small = 0;
    gpt__json json;
    if (!choose_locale(source, point))
        return;
    if (EXPECT_OK(gpt__json_parse(&json, text, sizeof text - 1, "config.json"))) {
        EXPECT_OK(gpt__json_number(&half, &json, json.root, "half"));
        EXPECT_OK(gpt__json_number(&small, &json, json.root, "small"));
        EXPECT_NEAR(half, 0.5, 0);
        EXPECT_NEAR(small, 0.00125, 0);
    }
    gpt__json_close(&json);
    EXPECT_STRING(localeconv()->decimal_point, point);
    setlocale(LC_NUMERIC, "C");
}

/* cJSON makes the point of a number the first byte of the locale's, which can have two. */
static void json_numbers(void)
{
    for (size_t i = 0; i < sizeof locales / sizeof *locales; i++)
        json_numbers_in(locales[i].source, locales[i].point);
}

static void numbers_in_messages(void)
{
    if (!choose_locale("de_DE", ","))
        return;
    EXPECT_STATUS(gpt__settings_check_number("top_p", 1.5), GPT_E_ARGUMENT);
    EXPECT_STRING(gpt_error_message(), "top_p is 1.5, expected a number from 0 to 1");
    EXPECT_STRING(localeconv()->decimal_point, ",");
    setlocale(LC_NUMERIC, "C");
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(json_numbers);
    TEST(numbers_in_messages);
    return TEST_END();
}
