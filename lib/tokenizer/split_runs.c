/* SPDX-License-Identifier: Apache-2.0 */
/* tokenizer/split_runs.c: the alternatives that OpenAI's later split patterns share. */
#include "tokenizer/split_runs.h"

#include <string.h>

size_t gpt__any_case_contraction(const char *text, size_t at, size_t end)
{
    /* The long s U+017F is an s when case is ignored. */
    if (end - at > 2 && memcmp(text + at + 1, "\xC5\xBF", 2) == 0)
        return 3;
    char first = at + 1 < end ? (char)(text[at + 1] | 0x20) : '\0';
    char second = at + 2 < end ? (char)(text[at + 2] | 0x20) : '\0';
    if (at + 1 < end && !gpt__is_ascii_letter(text[at + 1]))
        return 0;
    if (first == 's' || first == 't' || first == 'm' || first == 'd')
        return 2;
    if (at + 2 < end && !gpt__is_ascii_letter(text[at + 2]))
        return 0;
    if ((first == 'r' && second == 'e') || (first == 'v' && second == 'e') || (first == 'l' && second == 'l'))
        return 3;
    return 0;
}

/* \p{N}{1,3} after its first character. */
static size_t number_end(const gpt__unicode *unicode, const char *text, size_t at, size_t end)
{
    size_t length;
    for (int more = 2; more > 0 && at < end; more--) {
        if (gpt__kind_at(unicode, text + at, &length) != GPT__KIND_NUMBER)
            break;
        at += length;
    }
    return at;
}

/* Where the last line break of a run of white space ends, or at when it has none. */
static size_t last_break_end(const char *text, size_t at, size_t run)
{
    while (run > at && text[run - 1] != '\n' && text[run - 1] != '\r')
        run--;
    return run;
}

size_t gpt__number_other_or_space_end(const gpt__unicode *unicode, const char *text, size_t at, size_t end,
                                      const char *closers)
{
    size_t length;
    gpt__kind first = gpt__kind_at(unicode, text + at, &length);
    if (first == GPT__KIND_NUMBER)
        return number_end(unicode, text, at + length, end);
    size_t other = text[at] == ' ' ? at + 1 : at;
    if (other < end && gpt__kind_at(unicode, text + other, &length) == GPT__KIND_OTHER) {
        other = gpt__run_end(unicode, text, other + length, end, GPT__KIND_OTHER);
        while (other < end && text[other] != '\0' && strchr(closers, text[other]) != NULL)
            other++;
        return other;
    }
    size_t run = gpt__run_end(unicode, text, at, end, GPT__KIND_SPACE);
    size_t line = last_break_end(text, at, run);
    return line > at ? line : gpt__space_end(text, at, end, run);
}
