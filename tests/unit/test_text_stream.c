/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_text_stream.c: text of a sequence in pieces, against what the whole text says. */
#include "../test.h"

#include "base/random.h"
#include "base/utf8.h"
#include "generate/text_stream.h"

#include <stdlib.h>
#include <string.h>

#define BAD "\xEF\xBF\xBD"

static gpt__settings with_stops(const char *const *stops, size_t count)
{
    gpt__settings settings;
    gpt__settings_default(&settings);
    for (size_t i = 0; i < count; i++)
        EXPECT_OK(gpt__settings_add_stop_string(&settings, stops[i], strlen(stops[i])));
    return settings;
}

/* Feeds tokens, separated by '|', and expects pieces, separated by '|'; the last piece is what finish gives. */
static void expect_pieces(const gpt__settings *settings, const char *tokens, const char *expected, int expect_stop)
{
    gpt__text_stream stream = {0};
    gpt__buffer out = {0};
    int stopped = 0;
    while (!stopped) {
        size_t length = strcspn(tokens, "|");
        EXPECT_OK(gpt__text_stream_add(&stream, &out, &stopped, tokens, length, settings, 1));
        EXPECT_OK(gpt__buffer_add(&out, "|", 1));
        if (tokens[length] == '\0')
            break;
        tokens += length + 1;
    }
    EXPECT_OK(gpt__text_stream_finish(&stream, &out));
    EXPECT_BYTES(out.bytes, out.length, expected, strlen(expected));
    EXPECT_INT(stopped, expect_stop);
    gpt__text_stream_release(&stream);
    gpt__buffer_release(&out);
}

static void unfinished_characters_are_held_back(void)
{
    gpt__settings s = with_stops(NULL, 0);
    expect_pieces(&s, "a|b|c", "a|b|c|", 0);
    expect_pieces(&s, "a\xF0\x9F|\x98|\x80z|", "a||\xF0\x9F\x98\x80z||", 0);
    expect_pieces(&s, "\xE2\x82", "|" BAD, 0);
    expect_pieces(&s, "\xE2\x82|x", "|" BAD "x|", 0);
    expect_pieces(&s, "\xFF|\x80|\xC3|\xC3|\xA9", BAD "|" BAD "||" BAD "|\xC3\xA9|", 0);
    expect_pieces(&s, "", "|", 0);
    gpt__settings_release(&s);
}

static void stop_strings_are_found_across_tokens(void)
{
    gpt__settings s = with_stops((const char *[]){"\n\n", "User:", "aab"}, 3);
    expect_pieces(&s, "Hi\n\nUser", "Hi|", 1);
    expect_pieces(&s, "Hi\n|\nmore", "Hi||", 1);
    expect_pieces(&s, "Hi\n|more", "Hi|\nmore|", 0);
    expect_pieces(&s, "Hi\n", "Hi|\n", 0);
    expect_pieces(&s, "Us|er|, Us|er|: x", "||User, |||", 1);
    expect_pieces(&s, "aa|a|b", "|a||", 1);
    expect_pieces(&s, "aaaab", "aa|", 1);
    expect_pieces(&s, "U|s|U|s|e|r|:", "||Us|||||", 1);
    gpt__settings_release(&s);
}

static void the_earliest_stop_string_counts(void)
{
    gpt__settings s = with_stops((const char *[]){"cd", "bcdef", "b"}, 3);
    expect_pieces(&s, "abcdef", "a|", 1);
    gpt__settings_release(&s);
    /* What is complete first ends the text, even though a longer one was on its way. */
    s = with_stops((const char *[]){"cd", "bcde"}, 2);
    expect_pieces(&s, "ab|c|d|e", "a||b|", 1);
    expect_pieces(&s, "ab|c|de", "a|||", 1);
    expect_pieces(&s, "ab|c|x", "a||bcx|", 0);
    gpt__settings_release(&s);
}

static void stop_strings_may_be_any_text(void)
{
    gpt__settings s = with_stops((const char *[]){"\xC3\xA9!", BAD BAD}, 2);
    expect_pieces(&s, "caf\xC3|\xA9|! yes", "caf|||", 1);
    expect_pieces(&s, "caf\xC3|\xA9|?", "caf||\xC3\xA9?|", 0);
    expect_pieces(&s, "x\xFF|\xFF", "x||", 1);
    gpt__settings_release(&s);
    gpt__settings_default(&s);
    EXPECT_OK(gpt__settings_add_stop_string(&s, "\0\0", 2));
    gpt__text_stream stream = {0};
    gpt__buffer out = {0};
    int stopped;
    EXPECT_OK(gpt__text_stream_add(&stream, &out, &stopped, "a\0b\0", 4, &s, 1));
    EXPECT_BYTES(out.bytes, out.length, "a\0b", 3);
    EXPECT_INT(stopped, 0);
    EXPECT_OK(gpt__text_stream_add(&stream, &out, &stopped, "\0", 1, &s, 1));
    EXPECT_BYTES(out.bytes, out.length, "a\0b", 3);
    EXPECT_INT(stopped, 1);
    gpt__text_stream_release(&stream);
    gpt__buffer_release(&out);
    gpt__settings_release(&s);
}

static void nothing_is_looked_for_when_told_so(void)
{
    gpt__settings s = with_stops((const char *[]){"stop"}, 1);
    gpt__text_stream stream = {0};
    gpt__buffer out = {0};
    int stopped;
    EXPECT_OK(gpt__text_stream_add(&stream, &out, &stopped, "a stop, st", 10, &s, 0));
    EXPECT_BYTES(out.bytes, out.length, "a stop, st", 10);
    EXPECT_OK(gpt__text_stream_add(&stream, &out, &stopped, "op stop", 7, &s, 1));
    EXPECT_BYTES(out.bytes, out.length, "a stop, stop ", 13);
    EXPECT_INT(stopped, 1);
    /* What was held back comes out when looking ends. */
    out.length = 0;
    EXPECT_OK(gpt__text_stream_add(&stream, &out, &stopped, "x sto", 5, &s, 1));
    EXPECT_BYTES(out.bytes, out.length, "x ", 2);
    EXPECT_OK(gpt__text_stream_add(&stream, &out, &stopped, "p", 1, &s, 0));
    EXPECT_BYTES(out.bytes, out.length, "x stop", 6);
    EXPECT_INT(stopped, 0);
    gpt__text_stream_release(&stream);
    gpt__buffer_release(&out);
    gpt__settings_release(&s);
}

/* Where the first stop string that is complete in text begins; SIZE_MAX when none is. */
static size_t first_stop(const gpt__buffer *text, const gpt__settings *s)
{
    for (size_t at = 0; at < text->length; at++)
        for (size_t i = 0; i < s->stop_string_count; i++)
            if (s->stop_strings[i].length <= text->length - at &&
                memcmp(text->bytes + at, s->stop_strings[i].bytes, s->stop_strings[i].length) == 0)
                return at;
    return SIZE_MAX;
}

/* The longest end of text that a stop string begins with, but for a whole stop string. */
static size_t longest_beginning(const gpt__buffer *text, const gpt__settings *s)
{
    for (size_t at = 0; at < text->length; at++)
        for (size_t i = 0; i < s->stop_string_count; i++)
            if (s->stop_strings[i].length > text->length - at &&
                memcmp(text->bytes + at, s->stop_strings[i].bytes, text->length - at) == 0)
                return text->length - at;
    return 0;
}

static double uniform(uint64_t stream, uint64_t position)
{
    return gpt__random_uniform(31, stream, position);
}

/* Random bytes in random pieces, over few letters, so that stop strings come up; checked after each piece. */
static int check_random_stream(uint64_t round, const gpt__settings *s)
{
    static const char *const parts[] = {"a",        "b",        "ab",   "\xC3", "\xA9",
                                        "\xF0\x9F", "\x98\x80", "\xFF", "ba",   "\xC3\xA9"};
    gpt__text_stream stream = {0};
    gpt__buffer raw = {0}, whole = {0}, out = {0};
    int wrong = 0, stopped = 0;
    for (uint64_t i = 0; i < 30 && !stopped; i++) {
        char token[16] = "";
        for (int j = 0; j < 1 + (int)(uniform(round, 90 + i) * 3); j++)
            strcat(token, parts[(size_t)(uniform(round, 10 * i + (uint64_t)j + 1000) * 10)]);
        size_t length = strlen(token);
        wrong += gpt__buffer_add(&raw, token, length) != GPT_OK;
        whole.length = 0;
        size_t finished = raw.length - gpt__utf8_unfinished(raw.bytes, raw.length);
        wrong += gpt__utf8_add_valid(&whole, raw.bytes, finished) != GPT_OK;
        wrong += gpt__text_stream_add(&stream, &out, &stopped, token, length, s, 1) != GPT_OK;
        size_t stop = first_stop(&whole, s);
        size_t certain = stop != SIZE_MAX ? stop : whole.length - longest_beginning(&whole, s);
        wrong += stopped != (stop != SIZE_MAX) || out.length != certain || memcmp(out.bytes, whole.bytes, certain) != 0;
        wrong += !gpt__utf8_valid(out.bytes, out.length);
    }
    if (!stopped) {
        whole.length = 0;
        wrong += gpt__utf8_add_valid(&whole, raw.bytes, raw.length) != GPT_OK;
        wrong += gpt__text_stream_finish(&stream, &out) != GPT_OK;
        wrong += out.length != whole.length || memcmp(out.bytes, whole.bytes, whole.length) != 0;
    }
    gpt__text_stream_release(&stream);
    gpt__buffer_release(&raw);
    gpt__buffer_release(&whole);
    gpt__buffer_release(&out);
    return wrong;
}

static void pieces_equal_the_whole(void)
{
    gpt__settings none = with_stops(NULL, 0);
    gpt__settings some = with_stops((const char *[]){"abab\xC3\xA9", "bb\xC3\xA9", "aaab", BAD "a" BAD, "babab"}, 5);
    int wrong = 0;
    for (uint64_t round = 0; round < 3000; round++)
        wrong += check_random_stream(round, round % 3 == 0 ? &none : &some);
    EXPECT_INT(wrong, 0);
    gpt__settings_release(&none);
    gpt__settings_release(&some);
}

/* A stop string that nearly matches everywhere must not make the time explode. */
static void long_stop_strings_are_fast(void)
{
    static char stop[GPT__MOST_STOP_BYTES], text[1 << 20];
    gpt__settings s;
    gpt__text_stream stream = {0};
    gpt__buffer out = {0};
    int stopped = 0;
    memset(stop, 'a', sizeof stop);
    memset(text, 'a', sizeof text);
    stop[sizeof stop - 1] = 'b';
    gpt__settings_default(&s);
    EXPECT_OK(gpt__settings_add_stop_string(&s, stop, sizeof stop));
    for (size_t at = 0; at < sizeof text; at += 4096)
        (void)!gpt__text_stream_add(&stream, &out, &stopped, text + at, 4096, &s, 1);
    EXPECT_INT(out.length, sizeof text - (sizeof stop - 1));
    EXPECT_OK(gpt__text_stream_add(&stream, &out, &stopped, "b", 1, &s, 1));
    EXPECT_INT(stopped, 1);
    EXPECT_INT(out.length, sizeof text - (sizeof stop - 1));
    gpt__text_stream_release(&stream);
    gpt__buffer_release(&out);
    gpt__settings_release(&s);
}

static void copies_go_on_alone(void)
{
    gpt__settings s = with_stops((const char *[]){"stop"}, 1);
    gpt__text_stream stream = {0}, copy = {0};
    gpt__buffer first = {0}, second = {0};
    int stopped;
    EXPECT_OK(gpt__text_stream_add(&stream, &first, &stopped, "a st\xC3", 5, &s, 1));
    EXPECT_BYTES(first.bytes, first.length, "a ", 2);
    EXPECT_OK(gpt__text_stream_add(&copy, &second, &stopped, "other sto\xE2\x82", 11, &s, 1));
    second.length = 0;
    EXPECT_OK(gpt__text_stream_assign(&copy, &stream));
    first.length = 0;
    EXPECT_OK(gpt__text_stream_add(&stream, &first, &stopped, "\xA9", 1, &s, 1));
    EXPECT_BYTES(first.bytes, first.length, "st\xC3\xA9", 4);
    EXPECT_OK(gpt__text_stream_finish(&copy, &second));
    EXPECT_BYTES(second.bytes, second.length, "st" BAD, 5);
    /* What both share is how far the stop string had come. */
    EXPECT_OK(gpt__text_stream_add(&stream, &first, &stopped, " st", 3, &s, 1));
    EXPECT_OK(gpt__text_stream_assign(&copy, &stream));
    EXPECT_OK(gpt__text_stream_add(&copy, &second, &stopped, "op", 2, &s, 1));
    EXPECT_INT(stopped, 1);
    gpt__text_stream_release(&copy);
    gpt__text_stream_release(&stream);
    EXPECT_OK(gpt__text_stream_assign(&copy, &stream));
    gpt__text_stream_release(&copy);
    gpt__buffer_release(&first);
    gpt__buffer_release(&second);
    gpt__settings_release(&s);
}

/* After a failed call the same call must give what it would have given. */
static void failing_allocations_change_nothing(void)
{
    gpt__settings s = with_stops((const char *[]){"stop", "xyz"}, 2);
    static const char *const tokens[] = {"one sto", "ry s\xC3", "\xA9 and \xFF then some longer text", " st",
                                         "o",       "p",       "s"};
    gpt__text_stream stream = {0};
    gpt__buffer out = {0};
    int stopped = 0, failures = 0;
    for (size_t i = 0; i < 7 && !stopped; i++)
        for (long n = 0;; n++) {
            gpt__buffer piece = {0};
            gpt__fail_allocation_after(n, 1);
            gpt_status status =
                gpt__text_stream_add(&stream, &piece, &stopped, tokens[i], strlen(tokens[i]), &s, 1);
            gpt__fail_allocation_after(-1, 0);
            EXPECT(status == GPT_OK || (status == GPT_E_MEMORY && piece.length == 0 && !stopped));
            failures += status != GPT_OK;
            if (status == GPT_OK && piece.length > 0)
                EXPECT_OK(gpt__buffer_add(&out, piece.bytes, piece.length));
            gpt__buffer_release(&piece);
            if (status == GPT_OK)
                break;
        }
    EXPECT(failures > 5);
    static const char expected[] = "one story s\xC3\xA9 and " BAD " then some longer text ";
    EXPECT_BYTES(out.bytes, out.length, expected, sizeof expected - 1);
    EXPECT_INT(stopped, 1);
    EXPECT_OK(gpt__text_stream_add(&stream, &out, &stopped, "x\xC3", 2, &s, 1));
    int done = 0;
    for (long n = 0; n < 20 && !done; n++) {
        gpt__text_stream copy = {0};
        gpt__fail_allocation_after(n, 1);
        gpt_status status = gpt__text_stream_assign(&copy, &stream);
        gpt__fail_allocation_after(-1, 0);
        EXPECT(status == GPT_OK ? copy.text.length == 1 : status == GPT_E_MEMORY);
        done = status == GPT_OK;
        gpt__text_stream_release(&copy);
    }
    EXPECT(done);
    done = 0;
    for (long n = 0; n < 20 && !done; n++) {
        gpt__buffer piece = {0};
        gpt__fail_allocation_after(n, 1);
        gpt_status status = gpt__text_stream_finish(&stream, &piece);
        gpt__fail_allocation_after(-1, 0);
        EXPECT_INT(piece.length, status == GPT_OK ? 4 : 0);
        done = status == GPT_OK;
        gpt__buffer_release(&piece);
    }
    EXPECT(done);
    gpt__text_stream_release(&stream);
    gpt__buffer_release(&out);
    gpt__settings_release(&s);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(unfinished_characters_are_held_back);
    TEST(stop_strings_are_found_across_tokens);
    TEST(the_earliest_stop_string_counts);
    TEST(stop_strings_may_be_any_text);
    TEST(nothing_is_looked_for_when_told_so);
    TEST(pieces_equal_the_whole);
    TEST(long_stop_strings_are_fast);
    TEST(copies_go_on_alone);
    TEST(failing_allocations_change_nothing);
    return TEST_END();
}
