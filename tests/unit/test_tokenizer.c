/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_tokenizer.c: every function of gpt/tokenizer.h: what it does, and what it refuses. */
#include "test_tokenizer_maker.h"
#include "tokenizer/byte_map.h"

#include <limits.h>
#include <sys/stat.h>

/* U+0120, which stands for a space in the byte alphabet. */
#define SP "\xC4\xA0"

/* Tokens 256 "ab", 257 " ab", 258 "abc", 259 "  "; added: 260 to 265. */
static const maker small = {
    .merges = "a b," SP " ab,ab c," SP " " SP,
    .added = "{\"id\": 260, \"content\": \"<|end|>\", \"special\": true, \"normalized\": false},"
             "{\"id\": 261, \"content\": \"<pad>\", \"special\": true, \"lstrip\": true, \"rstrip\": true},"
             "{\"id\": 262, \"content\": \"cab\", \"single_word\": true, \"normalized\": true},"
             "{\"id\": 263, \"content\": \"<|end|>>\"},"
             "{\"id\": 264, \"content\": \"\xC3\xA9!\"},"
             "{\"id\": 265, \"content\": \"x y\"}"};

static gpt_tokenizer *open_small(void)
{
    gpt_tokenizer *tokenizer = NULL;
    EXPECT_OK(maker_open(&tokenizer, small));
    return tokenizer;
}

static void encodes_by_merging(void)
{
    gpt_tokenizer *t = open_small();
    EXPECT_IDS(t, "ab", 0, 256);
    EXPECT_IDS(t, "abc ab", 0, 258, 257);
    EXPECT_IDS(t, "ba", 0, 'b', 'a');
    EXPECT_IDS(t, "a b", 0, 'a', ' ', 'b');
    EXPECT_IDS(t, "aabbabc", 0, 'a', 256, 'b', 258);
    EXPECT_IDS(t, "  ab", 0, ' ', 257);
    EXPECT_IDS(t, "a\0b", 0, 'a', 0, 'b');
    EXPECT_IDS(t, "ab   ", 0, 256, 259, ' ');
    gpt_tokenizer_free(t);
}

static void reads_broken_utf8_as_replacement_characters(void)
{
    gpt_tokenizer *t = open_small();
    EXPECT_IDS(t, "ab\xFF", 0, 256, 0xEF, 0xBF, 0xBD);
    EXPECT_IDS(t, "\xE2\x82", 0, 0xEF, 0xBF, 0xBD);
    EXPECT_IDS(t, "\xC0\x80", 0, 0xEF, 0xBF, 0xBD, 0xEF, 0xBF, 0xBD);
    EXPECT_IDS(t, "\xED\xA0\x80", 0, 0xEF, 0xBF, 0xBD, 0xEF, 0xBF, 0xBD, 0xEF, 0xBF, 0xBD);
    EXPECT_IDS(t, "\xF0\x9F\x98\x80", 0, 0xF0, 0x9F, 0x98, 0x80);
    gpt_tokenizer_free(t);
}

static void finds_added_tokens(void)
{
    gpt_tokenizer *t = open_small();
    EXPECT_IDS(t, "ab<|end|>ab", 0, 256, 260, 256);
    EXPECT_IDS(t, "<|end|>", 0, 260);
    EXPECT_IDS(t, "<|end|> ab", 0, 260, 257);
    /* The longest one wins only among those that are looked for in the same round: 263 is normalized. */
    EXPECT_IDS(t, "<|end|>>", 0, 260, '>');
    EXPECT_IDS(t, "a x yb", 0, 'a', ' ', 265, 'b');
    gpt_tokenizer_free(t);
}

static void strips_and_checks_around_added_tokens(void)
{
    gpt_tokenizer *t = open_small();
    EXPECT_IDS(t, "a <pad>\t\xC2\xA0 b", 0, 'a', 261, 'b');
    EXPECT_IDS(t, "<pad> <pad>", 0, 261, 261);
    EXPECT_IDS(t, " \xE3\x80\x80<pad>", 0, 261);
    EXPECT_IDS(t, "cab", 0, 262);
    EXPECT_IDS(t, " cab-", 0, ' ', 262, '-');
    EXPECT_IDS(t, "cabc", 0, 'c', 258);
    EXPECT_IDS(t, "_cab", 0, '_', 'c', 256);
    EXPECT_IDS(t, "cab\xCC\x81", 0, 'c', 256, 0xCC, 0x81);
    EXPECT_IDS(t, "\xE2\x80\x94" "cab", 0, 0xE2, 0x80, 0x94, 262);
    gpt_tokenizer_free(t);
}

static void takes_special_tokens_as_text(void)
{
    gpt_tokenizer *t = open_small();
    EXPECT_IDS(t, "<|end|>", GPT_ENCODE_ORDINARY, '<', '|', 'e', 'n', 'd', '|', '>');
    EXPECT_IDS(t, "a <pad> ", GPT_ENCODE_ORDINARY, 'a', ' ', '<', 'p', 'a', 'd', '>', ' ');
    /* Other added tokens are still found, as the reference does. */
    EXPECT_IDS(t, " cab<|end|>>", GPT_ENCODE_ORDINARY, ' ', 262, 263);
    gpt_tokenizer_free(t);
}

static void decodes(void)
{
    gpt_tokenizer *t = open_small();
    EXPECT_TEXT(t, "abc ab", 0, 258, 257);
    EXPECT_TEXT(t, "", 0, -1);
    EXPECT_TEXT(t, "a\0b", 0, 'a', 0, 'b');
    EXPECT_TEXT(t, "ab<|end|>ab", 0, 256, 260, 256);
    EXPECT_TEXT(t, "abab", GPT_DECODE_SKIP_SPECIAL, 256, 260, 256);
    EXPECT_TEXT(t, "x yab", GPT_DECODE_SKIP_SPECIAL, 265, 256);
    /* A character in parts, the same unfinished, and a byte that never is one. */
    EXPECT_TEXT(t, "\xE2\x82\xAC", 0, 0xE2, 0x82, 0xAC);
    EXPECT_TEXT(t, "\xEF\xBF\xBD", 0, 0xE2, 0x82);
    EXPECT_TEXT(t, "a\xEF\xBF\xBD" "b", 0, 'a', 0xFF, 'b');
    /* The ByteLevel decoder of the reference reads the byte alphabet in added tokens too. */
    EXPECT_TEXT(t, "\xEF\xBF\xBD!", 0, 264);
    gpt_tokenizer_free(t);
}

static void gives_bytes_of_tokens(void)
{
    gpt_tokenizer *t = open_small();
    size_t length = 99;
    const char *bytes = gpt_tokenizer_token_bytes(&length, t, 257);
    EXPECT_BYTES(bytes, length, " ab", 3);
    bytes = gpt_tokenizer_token_bytes(&length, t, 0);
    EXPECT_BYTES(bytes, length, "\0", 1);
    bytes = gpt_tokenizer_token_bytes(&length, t, 0xE2);
    EXPECT_BYTES(bytes, length, "\xE2", 1);
    bytes = gpt_tokenizer_token_bytes(&length, t, 260);
    EXPECT_BYTES(bytes, length, "<|end|>", 7);
    bytes = gpt_tokenizer_token_bytes(&length, t, 265);
    EXPECT_BYTES(bytes, length, "x y", 3);
    const int32_t outside[] = {-1, 266, INT32_MIN, INT32_MAX};
    for (int i = 0; i < 4; i++) {
        length = 99;
        EXPECT(gpt_tokenizer_token_bytes(&length, t, outside[i]) == NULL);
        EXPECT_INT(length, 0);
        EXPECT_MESSAGE("expected 0 to 265");
    }
    EXPECT(gpt_tokenizer_token_bytes(NULL, t, 0) == NULL);
    EXPECT(gpt_tokenizer_token_bytes(&length, NULL, 0) == NULL);
    EXPECT_MESSAGE("tokenizer is NULL");
    gpt_tokenizer_free(t);
}

static void finds_ids_of_bytes(void)
{
    gpt_tokenizer *t = open_small();
    EXPECT_INT(gpt_tokenizer_token_id(t, " ab", 3), 257);
    EXPECT_INT(gpt_tokenizer_token_id(t, "a", 1), 'a');
    EXPECT_INT(gpt_tokenizer_token_id(t, "\0", 1), 0);
    EXPECT_INT(gpt_tokenizer_token_id(t, "<|end|>", 7), 260);
    EXPECT_INT(gpt_tokenizer_token_id(t, "x y", 3), 265);
    EXPECT_INT(gpt_tokenizer_token_id(t, "abcd", 4), -1);
    EXPECT_INT(gpt_tokenizer_token_id(t, "", 0), -1);
    EXPECT_INT(gpt_tokenizer_token_id(t, NULL, 3), -1);
    EXPECT_INT(gpt_tokenizer_token_id(NULL, "a", 1), -1);
    gpt_tokenizer_free(t);
    /* Every token that has bytes of its own is found by them. */
    maker many = {.merges = "a b,c d,ab cd,abcd e,abcde f,abcdef g,abcdefg h,abcdefgh i,abcdefghi j"};
    EXPECT_OK(maker_open(&t, many));
    for (int32_t id = 0; id < gpt_tokenizer_vocab_size(t); id++) {
        size_t length;
        const char *bytes = gpt_tokenizer_token_bytes(&length, t, id);
        EXPECT_INT(gpt_tokenizer_token_id(t, bytes, length), id);
    }
    gpt_tokenizer_free(t);
}

static void tells_special_tokens_and_size(void)
{
    gpt_tokenizer *t = open_small();
    EXPECT_INT(gpt_tokenizer_vocab_size(t), 266);
    EXPECT_INT(gpt_tokenizer_vocab_size(NULL), 0);
    EXPECT_INT(gpt_tokenizer_is_special(t, 260), 1);
    EXPECT_INT(gpt_tokenizer_is_special(t, 261), 1);
    EXPECT_INT(gpt_tokenizer_is_special(t, 262), 0);
    EXPECT_INT(gpt_tokenizer_is_special(t, 'a'), 0);
    EXPECT_INT(gpt_tokenizer_is_special(t, -1), 0);
    EXPECT_INT(gpt_tokenizer_is_special(t, INT32_MAX), 0);
    EXPECT_INT(gpt_tokenizer_is_special(t, INT32_MIN), 0);
    EXPECT_INT(gpt_tokenizer_is_special(NULL, 260), 0);
    gpt_tokenizer_free(t);
}

static void checks_arguments(void)
{
    gpt_tokenizer *t = open_small();
    int32_t *ids = (int32_t *)1;
    size_t count = 99;
    char *text = (char *)1;
    const int32_t bad[] = {'a', 266};
    EXPECT_STATUS(gpt_tokenizer_encode(NULL, &count, t, "a", 1, 0), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_tokenizer_encode(&ids, NULL, t, "a", 1, 0), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_tokenizer_encode(&ids, &count, NULL, "a", 1, 0), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_tokenizer_encode(&ids, &count, t, NULL, 1, 0), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_tokenizer_encode(&ids, &count, t, "a", SIZE_MAX, 0), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_tokenizer_encode(&ids, &count, t, "a", 1, 2), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_tokenizer_encode(&ids, &count, t, "a", 1, UINT_MAX), GPT_E_ARGUMENT);
    EXPECT(ids == NULL);
    EXPECT_INT(count, 0);
    ids = (int32_t *)1;
    EXPECT_OK(gpt_tokenizer_encode(&ids, &count, t, NULL, 0, 0));
    EXPECT(ids == NULL);
    EXPECT_STATUS(gpt_tokenizer_decode(NULL, &count, t, bad, 1, 0), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_tokenizer_decode(&text, NULL, t, bad, 1, 0), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_tokenizer_decode(&text, &count, NULL, bad, 1, 0), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_tokenizer_decode(&text, &count, t, NULL, 1, 0), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_tokenizer_decode(&text, &count, t, bad, 1, 2), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_tokenizer_decode(&text, &count, t, bad, 2, 0), GPT_E_ARGUMENT);
    EXPECT_MESSAGE("ids[1] is 266");
    EXPECT(text == NULL);
    EXPECT_INT(count, 0);
    gpt_tokenizer_free(t);
}

static void opens_or_says_why_not(void)
{
    gpt_tokenizer *t = (gpt_tokenizer *)1;
    EXPECT_STATUS(gpt_tokenizer_open(NULL, "x"), GPT_E_ARGUMENT);
    EXPECT_STATUS(gpt_tokenizer_open(&t, NULL), GPT_E_ARGUMENT);
    EXPECT(t == NULL);
    t = (gpt_tokenizer *)1;
    EXPECT_STATUS(gpt_tokenizer_open(&t, "no-such-model-or-path"), GPT_E_NOT_FOUND);
    EXPECT(t == NULL);
    EXPECT_STATUS(gpt_tokenizer_open(&t, ""), GPT_E_ARGUMENT);
    char empty[128];
    snprintf(empty, sizeof empty, "%s/empty", test_directory());
    EXPECT_INT(mkdir(empty, 0700), 0);
    EXPECT_STATUS(gpt__tokenizer_open_path(&t, empty), GPT_E_NOT_FOUND);
    EXPECT_MESSAGE("tokenizer.json");
    EXPECT_STATUS(gpt__tokenizer_open_path(&t, "/dev/null"), GPT_E_FILE);
    EXPECT(t == NULL);
}

static void counts_references(void)
{
    gpt_tokenizer *t = open_small();
    EXPECT(gpt_tokenizer_ref(NULL) == NULL);
    EXPECT(gpt_tokenizer_ref(t) == t);
    gpt_tokenizer_free(t);
    EXPECT_IDS(t, "ab", 0, 256);
    gpt_tokenizer_free(t);
    gpt_tokenizer_free(NULL);
}

static void puts_a_space_before(void)
{
    gpt_tokenizer *t = NULL;
    maker m = small;
    m.pre_tokenizer = "{\"type\": \"ByteLevel\", \"add_prefix_space\": true}";
    EXPECT_OK(maker_open(&t, m));
    EXPECT_IDS(t, "ab", 0, 257);
    EXPECT_IDS(t, " ab", 0, 257);
    EXPECT_IDS(t, "\tab", 0, ' ', '\t', 256);
    EXPECT_IDS(t, "ab<|end|>ab<pad>", 0, 257, 260, 257, 261);
    gpt_tokenizer_free(t);
}

static void leaves_text_whole_without_the_pattern(void)
{
    gpt_tokenizer *t = NULL;
    maker m = {.merges = "b " SP ",b" SP " a"};
    m.pre_tokenizer = "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"ByteLevel\","
                      "\"add_prefix_space\": false, \"use_regex\": false, \"trim_offsets\": true}]}";
    EXPECT_OK(maker_open(&t, m));
    EXPECT_IDS(t, "ab ab", 0, 'a', 257, 'b');
    gpt_tokenizer_free(t);
    m.pre_tokenizer = NULL;
    EXPECT_OK(maker_open(&t, m));
    EXPECT_IDS(t, "ab ab", 0, 'a', 'b', ' ', 'a', 'b');
    gpt_tokenizer_free(t);
}

/* As in StarCoder: a number leaves the space before it to itself. */
static void divides_digits_first(void)
{
    gpt_tokenizer *t = NULL;
    maker m = {.merges = "1 2,a 1," SP " 1"};
    m.pre_tokenizer = "{\"type\": \"Sequence\", \"pretokenizers\": ["
                      "{\"type\": \"Digits\", \"individual_digits\": true},"
                      "{\"type\": \"ByteLevel\", \"add_prefix_space\": false}]}";
    EXPECT_OK(maker_open(&t, m));
    EXPECT_IDS(t, "a12 12", 0, 'a', '1', '2', ' ', '1', '2');
    gpt_tokenizer_free(t);
    m.pre_tokenizer = "{\"type\": \"Sequence\", \"pretokenizers\": [{\"type\": \"Digits\"},"
                      "{\"type\": \"ByteLevel\", \"add_prefix_space\": false}]}";
    EXPECT_OK(maker_open(&t, m));
    EXPECT_IDS(t, "a12 12", 0, 'a', 256, ' ', 256);
    gpt_tokenizer_free(t);
}

/* "abc" can not come about by these merges, as "bc" merges first. */
static void obeys_ignore_merges(void)
{
    gpt_tokenizer *t = NULL;
    maker m = {.merges = "b c,a b,ab c"};
    EXPECT_OK(maker_open(&t, m));
    EXPECT_IDS(t, "abc", 0, 'a', 256);
    EXPECT_IDS(t, "ab", 0, 257);
    gpt_tokenizer_free(t);
    m.model = "\"ignore_merges\": true,";
    EXPECT_OK(maker_open(&t, m));
    EXPECT_IDS(t, "abc", 0, 258);
    EXPECT_IDS(t, "abcd", 0, 'a', 256, 'd');
    gpt_tokenizer_free(t);
}

static void knows_unknown_bytes(void)
{
    static const char start[] = "{\"pre_tokenizer\": {\"type\": \"ByteLevel\", \"add_prefix_space\": false},"
                                "\"decoder\": {\"type\": \"ByteLevel\"}, \"model\": {\"vocab\": {\"a\": 0, \"?\": 1}, ";
    static const char *const ends[] = {"\"merges\": []}}", "\"unk_token\": \"?\", \"merges\": []}}",
                                       "\"unk_token\": \"?\", \"fuse_unk\": true, \"merges\": []}}"};
    gpt_tokenizer *t[3];
    for (int i = 0; i < 3; i++) {
        char text[512];
        int length = snprintf(text, sizeof text, "%s%s", start, ends[i]);
        EXPECT_OK(maker_open_text(&t[i], text, (size_t)length));
    }
    int32_t *ids;
    size_t count;
    EXPECT_IDS(t[0], "aa", 0, 0, 0);
    EXPECT_STATUS(gpt_tokenizer_encode(&ids, &count, t[0], "ab", 2, 0), GPT_E_FORMAT);
    EXPECT_MESSAGE("0x62");
    EXPECT(ids == NULL);
    EXPECT_IDS(t[1], "abba", 0, 0, 1, 1, 0);
    EXPECT_IDS(t[2], "abba", 0, 0, 1, 0);
    for (int i = 0; i < 3; i++)
        gpt_tokenizer_free(t[i]);
}

/* A tokenizer of GPT-1's kind, with members of the model that are each followed by a comma. */
static gpt_status open_words(gpt_tokenizer **out, const char *vocab, const char *merges, const char *members)
{
    char text[1024];
    int length = snprintf(text, sizeof text, "{\"normalizer\": {\"type\": \"BertNormalizer\"}, "
                          "\"pre_tokenizer\": {\"type\": \"BertPreTokenizer\"}, "
                          "\"decoder\": {\"type\": \"BPEDecoder\"}, \"model\": {\"end_of_word_suffix\": \"</w>\", %s "
                          "\"vocab\": {%s}, \"merges\": [%s]}}", members, vocab, merges);
    return maker_open_text(out, text, (size_t)length);
}

/* A token with a character that is none, which no text leads to, does no harm where nothing stands for the unknown. */
static void opens_words_that_none_can_write(void)
{
    gpt_tokenizer *t = NULL;
    EXPECT_OK(open_words(&t, "\"a</w>\": 0, \"xyz</w>\": 1, \"a\": 2, \"aa</w>\": 3", "\"a a</w>\"", ""));
    EXPECT_IDS(t, "a aa aaa", 0, 0, 3, 2, 3);
    gpt_tokenizer_free(t);
    EXPECT_STATUS(open_words(&t, "\"a</w>\": 0", "", "\"ignore_merges\": true,"), GPT_E_UNSUPPORTED);
    EXPECT_MESSAGE("\"ignore_merges\"");
}

/* An id without a token is as if it were not there: the space of the word before it is the last one all the same. */
static void decodes_words_around_gaps(void)
{
    gpt_tokenizer *t = NULL;
    EXPECT_OK(open_words(&t, "\"a</w>\": 0, \"b</w>\": 1, \"x\": 7", "", ""));
    EXPECT_TEXT(t, "a b", 0, 0, 5, 1);
    EXPECT_TEXT(t, "a", 0, 0, 5);
    EXPECT_TEXT(t, "", 0, 5);
    EXPECT_TEXT(t, "xa", 0, 7, 0, 5, 5);
    gpt_tokenizer_free(t);
}

/* Byte-pair encoding as the papers describe it, over and over through all pairs; ids as in the maker. */
static size_t merge_naively(int32_t *ids, size_t count, const int32_t (*merges)[2], int merge_count)
{
    for (;;) {
        int best = merge_count;
        size_t at = 0;
        for (size_t i = 0; i + 1 < count; i++)
            for (int m = 0; m < best; m++)
                if (merges[m][0] == ids[i] && merges[m][1] == ids[i + 1]) {
                    best = m;
                    at = i;
                }
        if (best == merge_count)
            return count;
        ids[at] = 256 + best;
        count--;
        memmove(ids + at + 1, ids + at + 2, (count - at - 1) * sizeof *ids);
    }
}

/* Merges that compete, and later ones that rank before what they are made of. */
static const char rivals[] = "ab ab,b a,a b,c a,ab c,ba b,a a,aa aa,abc a,c c,abab a,a abab,ba ba";
static const int32_t rival_ids[][2] = {{258, 258}, {'b', 'a'},   {'a', 'b'},   {'c', 'a'},
                                       {258, 'c'}, {257, 'b'},   {'a', 'a'},   {262, 262},
                                       {260, 'a'}, {'c', 'c'},   {256, 'a'},   {'a', 256},
                                       {257, 257}};

static void merges_like_the_definition(void)
{
    gpt_tokenizer *t = NULL;
    maker m = {.merges = rivals};
    unsigned state = 7;
    EXPECT_OK(maker_open(&t, m));
    for (size_t length = 1; length <= 400; length += length < 130 ? 1 : 45) {
        char text[400];
        int32_t expected[400];
        int32_t *ids = NULL;
        size_t count = 0;
        for (size_t i = 0; i < length; i++) {
            state = state * 1664525u + 1013904223u;
            text[i] = "aabbc"[(state >> 16) % 5];
            expected[i] = text[i];
        }
        size_t wanted = merge_naively(expected, length, rival_ids, 13);
        EXPECT_OK(gpt_tokenizer_encode(&ids, &count, t, text, length, 0));
        EXPECT_BYTES((char *)ids, count * sizeof *ids, (char *)expected, wanted * sizeof *ids);
        gpt_free(ids);
    }
    gpt_tokenizer_free(t);
}

#define MADE_MERGES 24

/* Random merges of the letters a and b, each of a new string; the strings, and ids as merge_naively has them. */
static void make_merges(char list[1024], char strings[][16], int32_t ids[][2], unsigned *state)
{
    int made = 0;
    list[0] = '\0';
    strcpy(strings[0], "a");
    strcpy(strings[1], "b");
    while (made < MADE_MERGES) {
        int parts[2];
        char both[32];
        int known = 0;
        for (int side = 0; side < 2; side++) {
            *state = *state * 1664525u + 1013904223u;
            parts[side] = (int)((*state >> 16) % (unsigned)(made + 2));
            ids[made][side] = parts[side] < 2 ? "ab"[parts[side]] : 254 + parts[side];
        }
        snprintf(both, sizeof both, "%s%s", strings[parts[0]], strings[parts[1]]);
        for (int i = 0; i < made + 2; i++)
            known |= strcmp(strings[i], both) == 0;
        if (known || strlen(both) > 12)
            continue;
        sprintf(list + strlen(list), "%s%s %s", made > 0 ? "," : "", strings[parts[0]], strings[parts[1]]);
        strcpy(strings[2 + made++], both);
    }
}

/* The text of a token is that token only where merging leads to it: here often it does not. */
static void looks_up_only_what_merging_gives(void)
{
    unsigned state = 99;
    int apart = 0;
    for (int round = 0; round < 40; round++) {
        char list[1024];
        char strings[MADE_MERGES + 2][16];
        int32_t merges[MADE_MERGES][2];
        gpt_tokenizer *t = NULL;
        make_merges(list, strings, merges, &state);
        EXPECT_OK(maker_open(&t, (maker){.merges = list}));
        for (int i = 2; i < MADE_MERGES + 2; i++) {
            int32_t expected[16];
            int32_t *ids = NULL;
            size_t count = 0;
            size_t length = strlen(strings[i]);
            for (size_t at = 0; at < length; at++)
                expected[at] = strings[i][at];
            size_t wanted = merge_naively(expected, length, merges, MADE_MERGES);
            apart += wanted > 1;
            EXPECT_OK(gpt_tokenizer_encode(&ids, &count, t, strings[i], length, 0));
            EXPECT_BYTES((char *)ids, count * sizeof *ids, (char *)expected, wanted * sizeof *ids);
            gpt_free(ids);
        }
        gpt_tokenizer_free(t);
    }
    EXPECT(apart > 20);
}

/* A megabyte of one letter, and of one space, in a moment: a test that waited would be seen. */
static void merges_a_megabyte(void)
{
    gpt_tokenizer *t = NULL;
    maker m = {.merges = "a a,aa aa," SP " " SP};
    size_t length = 1 << 20;
    char *text = malloc(length);
    int32_t *ids;
    size_t count;
    EXPECT_OK(maker_open(&t, m));
    memset(text, 'a', length);
    EXPECT_OK(gpt_tokenizer_encode(&ids, &count, t, text, length, 0));
    EXPECT_INT(count, length / 4);
    for (size_t i = 0; i < count; i++)
        if (ids[i] != 257)
            EXPECT_INT(ids[i], 257);
    gpt_free(ids);
    memset(text, ' ', length);
    EXPECT_OK(gpt_tokenizer_encode(&ids, &count, t, text, length, 0));
    EXPECT_INT(count, length / 2);
    gpt_free(ids);
    free(text);
    gpt_tokenizer_free(t);
}

/* Tokens that take the white space around them look at each character of it once, however many there are. */
static void strips_a_megabyte(void)
{
    gpt_tokenizer *t = NULL;
    maker m = {.added = "{\"id\": 256, \"content\": \"\\t\", \"lstrip\": true},"
                        "{\"id\": 257, \"content\": \"\\n\", \"rstrip\": true}, {\"id\": 258, \"content\": \"\\r\"}"};
    size_t length = 1 << 20;
    char *text = malloc(length);
    int32_t *ids;
    size_t count;
    EXPECT_OK(maker_open(&t, m));
    EXPECT_IDS(t, "a \t\t b\n \r\n  c", 0, 'a', 256, 256, ' ', 'b', 257, 258, 257, 'c');
    memset(text, '\t', length);
    EXPECT_OK(gpt_tokenizer_encode(&ids, &count, t, text, length, 0));
    EXPECT_INT(count, length);
    gpt_free(ids);
    for (size_t i = 0; i < length; i++)
        text[i] = i % 2 == 0 ? '\n' : '\r';
    EXPECT_OK(gpt_tokenizer_encode(&ids, &count, t, text, length, 0));
    EXPECT_INT(count, length);
    gpt_free(ids);
    free(text);
    gpt_tokenizer_free(t);
}

/* A token of the greatest length, which a text of its first letter alone could be at each place. */
static void looks_for_a_long_token(void)
{
    gpt_tokenizer *t = NULL;
    char added[1200];
    size_t length = 1 << 20;
    char *text = malloc(length);
    int32_t *ids;
    size_t count;
    strcpy(added, "{\"id\": 256, \"content\": \"");
    size_t begin = strlen(added);
    memset(added + begin, 'a', 1024);
    strcpy(added + begin + 1023, "b\"}");
    EXPECT_OK(maker_open(&t, (maker){.added = added}));
    memset(text, 'a', length);
    text[length - 1] = 'b';
    EXPECT_OK(gpt_tokenizer_encode(&ids, &count, t, text, length, 0));
    EXPECT_INT(count, length - 1023);
    gpt_free(ids);
    gpt_tokenizer_free(t);
    strcpy(added + begin + 1023, "ab\"}");
    EXPECT_STATUS(maker_open(&t, (maker){.added = added}), GPT_E_UNSUPPORTED);
    EXPECT_MESSAGE("the added token 256 has 1025 bytes, at most 1024");
    free(text);
}

/* The number whose product with an odd number is 1, by Newton's iteration. */
static uint64_t inverse(uint64_t odd)
{
    uint64_t found = odd;
    for (int i = 0; i < 6; i++)
        found *= 2 - odd * found;
    return found;
}

/* What gpt__mix makes value of. */
static uint64_t unmix(uint64_t value)
{
    value *= inverse(0xC4CEB9FE1A85EC53u);
    value ^= value >> 33;
    value *= inverse(0xFF51AFD7ED558CCDu);
    return value ^ value >> 33;
}

/* Adds strings of that length to a map, and returns how many slots beside each other are taken at most. */
static int longest_run(const uint64_t *words, size_t count, size_t length)
{
    gpt__byte_map map = {0};
    uint32_t *starts = malloc(count * sizeof *starts);
    int run = 0, longest = 0;
    EXPECT_OK(gpt__byte_map_reserve(&map, 1 << 16));
    for (size_t i = 0; i < count; i++) {
        int32_t present;
        starts[i] = (uint32_t)(i * length);
        gpt__byte_source source = {(const char *)words, starts};
        EXPECT_OK(gpt__byte_map_add(&map, &present, source, (int32_t)i, length));
    }
    for (size_t i = 0; i <= map.mask; i++) {
        run = map.slots[i].id_and_flag == GPT__EMPTY_SLOT ? 0 : run + 1;
        longest = run > longest ? run : longest;
    }
    gpt__byte_map_release(&map);
    free(starts);
    return longest;
}

/* Strings that the hash, when it is known, sends all into one slot: eight bytes each, then sixteen. */
static void spreads_hostile_strings(void)
{
    enum { COUNT = 1000 };
    static uint64_t words[2 * COUNT];
    EXPECT_INT(gpt__mix(unmix(12345)), 12345);
    for (uint64_t i = 0; i < COUNT; i++)
        words[i] = unmix(i) ^ (uint64_t)8 << 56;
    EXPECT(longest_run(words, COUNT, 8) < 20);
    for (uint64_t i = 0; i < COUNT; i++) {
        words[2 * i] = i;
        words[2 * i + 1] = gpt__mix(16 ^ i);
    }
    EXPECT(longest_run(words, COUNT, 16) < 20);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(encodes_by_merging);
    TEST(reads_broken_utf8_as_replacement_characters);
    TEST(finds_added_tokens);
    TEST(strips_and_checks_around_added_tokens);
    TEST(takes_special_tokens_as_text);
    TEST(decodes);
    TEST(gives_bytes_of_tokens);
    TEST(finds_ids_of_bytes);
    TEST(tells_special_tokens_and_size);
    TEST(checks_arguments);
    TEST(opens_or_says_why_not);
    TEST(counts_references);
    TEST(puts_a_space_before);
    TEST(leaves_text_whole_without_the_pattern);
    TEST(divides_digits_first);
    TEST(obeys_ignore_merges);
    TEST(knows_unknown_bytes);
    TEST(opens_words_that_none_can_write);
    TEST(decodes_words_around_gaps);
    TEST(merges_like_the_definition);
    TEST(looks_up_only_what_merging_gives);
    TEST(spreads_hostile_strings);
    TEST(merges_a_megabyte);
    TEST(strips_a_megabyte);
    TEST(looks_for_a_long_token);
    return TEST_END();
}
