/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_base.c: lib/base against independent facts: the Unicode standard, IEEE 754, published test vectors. */
#include "../test.h"

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/error.h"
#include "base/file.h"
#include "base/log.h"
#include "base/memory.h"
#include "base/random.h"
#include "base/utf8.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/*
 * UTF-8.
 */

static void expect_repaired(const char *bytes, size_t length, const char *expected)
{
    gpt__buffer out = {0};
    EXPECT_OK(gpt__utf8_add_valid(&out, bytes, length));
    EXPECT_BYTES(out.bytes, out.length, expected, strlen(expected));
    EXPECT(gpt__utf8_valid(out.bytes, out.length));
    gpt__buffer_release(&out);
}

#define BAD "\xEF\xBF\xBD"

/* The examples of the Unicode standard, version 15, section 3.9, "U+FFFD Substitution of Maximal Subparts". */
static void utf8_replaces_maximal_subparts(void)
{
    /* Table 3-8: non-shortest forms. */
    expect_repaired("\xC0\xAF\xE0\x80\xBF\xF0\x81\x82\x41", 9, BAD BAD BAD BAD BAD BAD BAD BAD "A");
    /* Table 3-9: surrogates. */
    expect_repaired("\xED\xA0\x80\xED\xBF\xBF\xED\xAF\x41", 9, BAD BAD BAD BAD BAD BAD BAD BAD "A");
    /* Table 3-10: other ill-formed sequences. */
    expect_repaired("\xF4\x91\x92\x93\xFF\x41\x80\xBF\x42", 9, BAD BAD BAD BAD BAD "A" BAD BAD "B");
    /* Table 3-11: truncated sequences. */
    expect_repaired("\xE1\x80\xE2\xF0\x91\x92\xF1\xBF\x41", 9, BAD BAD BAD BAD "A");
    /* What ends within a character is one U+FFFD. */
    expect_repaired("a\xF0\x9F\x98", 4, "a" BAD);
}

static void utf8_round_trips_every_code_point(void)
{
    int wrong = 0;
    for (int32_t code = 0; code <= 0x10FFFF; code++) {
        char bytes[4];
        int32_t found = 0;
        size_t length = gpt__utf8_encode(bytes, code);
        size_t read = gpt__utf8_decode(&found, bytes, length);
        int surrogate = code >= 0xD800 && code <= 0xDFFF;
        wrong += surrogate ? found != -1 : found != code || read != length;
        /* Every proper beginning is unfinished, and known to be. */
        for (size_t cut = 1; cut < length && !surrogate; cut++)
            wrong += gpt__utf8_decode(&found, bytes, cut) != cut || found != -2 ||
                     gpt__utf8_unfinished(bytes, cut) != cut;
        wrong += !surrogate && gpt__utf8_unfinished(bytes, length) != 0;
    }
    EXPECT_INT(wrong, 0);
}

/* Well-formedness by table 3-7 of the standard, written down once more in another way. */
static int is_well_formed(const unsigned char *b, size_t n)
{
    if (n == 1)
        return b[0] < 0x80;
    for (size_t i = 1; i < n; i++)
        if (b[i] < 0x80 || b[i] > 0xBF)
            return 0;
    if (n == 2)
        return b[0] >= 0xC2 && b[0] <= 0xDF;
    unsigned two = (unsigned)b[0] << 8 | b[1];
    if (n == 3)
        return (two >= 0xE0A0 && two <= 0xECBF) || (two >= 0xED80 && two <= 0xED9F) || (two >= 0xEE80 && two <= 0xEFBF);
    return two >= 0xF090 && two <= 0xF48F;
}

static void utf8_accepts_exactly_the_well_formed(void)
{
    int wrong = 0;
    unsigned char b[4];
    for (unsigned first = 0; first < 256; first++)
        for (unsigned second = 0; second < 256; second++)
            for (unsigned rest = 0; rest < 6; rest++) {
                static const unsigned char tails[6][2] = {{0x80, 0x80}, {0xBF, 0xBF}, {0x7F, 0x80},
                                                          {0x80, 0xC0}, {0xC0, 0x80}, {0x41, 0x41}};
                b[0] = (unsigned char)first, b[1] = (unsigned char)second, b[2] = tails[rest][0], b[3] = tails[rest][1];
                size_t whole = 0;
                for (size_t n = 1; n <= 4 && whole == 0; n++)
                    whole = is_well_formed(b, n) ? n : 0;
                int32_t code;
                size_t length = gpt__utf8_decode(&code, (const char *)b, 4);
                wrong += whole != 0 ? code < 0 || length != whole : code != -1 || length < 1 || length > 3;
            }
    EXPECT_INT(wrong, 0);
}

/* However bytes are cut in pieces, when unfinished characters wait for the next piece the text is the same. */
static void utf8_pieces_make_the_whole(void)
{
    static const char alphabet[] = "\x41\x80\xBF\xC0\xC3\xE0\xE2\xED\xEF\xF0\xF4\xF5\x90\x9F\xA0\xFF";
    int wrong = 0;
    for (uint64_t round = 0; round < 3000; round++) {
        char bytes[24];
        size_t length = 1 + (size_t)(gpt__random_uniform(1, round, 0) * 24);
        for (size_t i = 0; i < length; i++)
            bytes[i] = alphabet[(size_t)(gpt__random_uniform(1, round, i + 1) * 16)];
        gpt__buffer whole = {0}, pieces = {0}, raw = {0};
        wrong += gpt__utf8_add_valid(&whole, bytes, length) != GPT_OK;
        for (size_t i = 0; i < length; i++) {
            wrong += gpt__buffer_add(&raw, bytes + i, 1) != GPT_OK;
            size_t certain = raw.length - gpt__utf8_unfinished(raw.bytes, raw.length);
            wrong += gpt__utf8_add_valid(&pieces, raw.bytes, certain) != GPT_OK;
            gpt__buffer_drop_front(&raw, certain);
        }
        wrong += gpt__utf8_add_valid(&pieces, raw.bytes, raw.length) != GPT_OK;
        wrong += whole.length != pieces.length || memcmp(whole.bytes, pieces.bytes, whole.length) != 0;
        gpt__buffer_release(&whole);
        gpt__buffer_release(&pieces);
        gpt__buffer_release(&raw);
    }
    EXPECT_INT(wrong, 0);
}

/*
 * Numbers.
 */

/* A half's value from the definition, by arithmetic on doubles. */
static double half_value(unsigned half)
{
    int exponent = half >> 10 & 0x1F;
    double fraction = half & 0x3FF;
    double magnitude = exponent == 0 ? ldexp(fraction, -24) : ldexp(1024 + fraction, exponent - 25);
    return half & 0x8000 ? -magnitude : magnitude;
}

static void halves_convert_exactly(void)
{
    int wrong = 0;
    for (unsigned half = 0; half < 65536; half++) {
        float value = gpt__f16_to_f32((uint16_t)half);
        if ((half & 0x7C00) != 0x7C00)
            wrong += value != half_value(half) || !signbit(value) != !(half & 0x8000);
        else if ((half & 0x3FF) == 0)
            wrong += value != (half & 0x8000 ? -INFINITY : INFINITY);
        else
            wrong += !isnan(value);
    }
    EXPECT_INT(wrong, 0);
}

static void bfloats_convert_exactly(void)
{
    int wrong = 0;
    for (unsigned bits = 0; bits < 65536; bits++) {
        float value = gpt__bf16_to_f32((uint16_t)bits);
        int exponent = bits >> 7 & 0xFF;
        double magnitude = exponent == 0 ? ldexp(bits & 0x7F, -133) : ldexp(128 + (bits & 0x7F), exponent - 134);
        if (exponent != 0xFF)
            wrong += value != (bits & 0x8000 ? -magnitude : magnitude) || gpt__f32_to_bf16(value) != bits;
        else if ((bits & 0x7F) == 0)
            wrong += !isinf(value) || gpt__f32_to_bf16(value) != bits;
        else
            wrong += !isnan(value) || !isnan(gpt__bf16_to_f32(gpt__f32_to_bf16(value)));
    }
    EXPECT_INT(wrong, 0);
}

/* To nearest, ties to even: the distance to the result is the least there is. */
static void bfloat_rounding_is_to_nearest_even(void)
{
    EXPECT_INT(gpt__f32_to_bf16(1.0f + 0x1p-8f), 0x3F80);             /* a tie, down to even */
    EXPECT_INT(gpt__f32_to_bf16(1.0f + 0x3p-8f), 0x3F82);             /* a tie, up to even */
    EXPECT_INT(gpt__f32_to_bf16(1.0f + 0x1p-8f + 0x1p-23f), 0x3F81);  /* just above the tie */
    EXPECT_INT(gpt__f32_to_bf16(0x1.FFFFFEp127f), 0x7F80);            /* up to infinity */
    EXPECT_INT(gpt__f32_to_bf16(-0x1.FFFFFEp127f), 0xFF80);
    EXPECT_INT(gpt__f32_to_bf16(0x1p-149f), 0);
    /* A NaN whose fraction is in the lower half only must not become infinity. */
    EXPECT(isnan(gpt__bf16_to_f32(gpt__f32_to_bf16(gpt__float_from_bits(0x7F800001)))));
}

static void numbers_are_little_endian(void)
{
    static const unsigned char bytes[] = {0x01, 0x02, 0x03, 0x84, 0x05, 0x06, 0x07, 0x88};
    EXPECT_INT(gpt__read_u16(bytes), 0x0201);
    EXPECT_INT(gpt__read_u32(bytes), 0x84030201);
    EXPECT(gpt__read_u64(bytes) == 0x8807060584030201);
    static const unsigned char one[] = {0, 0, 0x80, 0x3F};
    EXPECT(gpt__read_f32(one) == 1.0f);
}

/*
 * Random numbers.
 */

static void expect_philox(const uint32_t counter[4], const uint32_t key[2], const uint32_t expected[4])
{
    uint32_t out[4];
    gpt__philox(out, counter, key);
    for (int i = 0; i < 4; i++)
        EXPECT_INT(out[i], expected[i]);
}

/* The three lines for "philox4x32 10" in the file kat_vectors of the Random123 distribution. */
static void philox_gives_the_known_answers(void)
{
    expect_philox((const uint32_t[4]){0, 0, 0, 0}, (const uint32_t[2]){0, 0},
                  (const uint32_t[4]){0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
    expect_philox((const uint32_t[4]){0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
                  (const uint32_t[2]){0xffffffff, 0xffffffff},
                  (const uint32_t[4]){0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
    expect_philox((const uint32_t[4]){0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
                  (const uint32_t[2]){0xa4093822, 0x299f31d0},
                  (const uint32_t[4]){0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

static void uniform_numbers_are_uniform(void)
{
    /* From the known answer for zeros: the upper 53 bits of its first two words. */
    EXPECT(gpt__random_uniform(0, 0, 0) == (double)(0x6627e8d5e169c58dULL >> 11) * 0x1p-53);
    int cells[16] = {0};
    double least = 1, most = 0;
    for (uint64_t i = 0; i < 160000; i++) {
        double u = gpt__random_uniform(42, 7, i);
        least = u < least ? u : least;
        most = u > most ? u : most;
        if (u >= 0 && u < 1)
            cells[(int)(u * 16)]++;
    }
    EXPECT(least >= 0 && most < 1);
    /* Pearson's statistic with 15 degrees of freedom is above 44.3 once in ten thousand times. */
    double statistic = 0;
    for (int i = 0; i < 16; i++)
        statistic += (cells[i] - 10000.0) * (cells[i] - 10000.0) / 10000.0;
    EXPECT(statistic < 44.3);
    EXPECT(gpt__random_uniform(42, 7, 1) != gpt__random_uniform(42, 8, 1));
    EXPECT(gpt__random_uniform(42, 7, 1) != gpt__random_uniform(43, 7, 1));
    EXPECT(gpt__random_uniform(42, 7, 1) != gpt__random_uniform(42, 7, 1 + (1ULL << 32)));
    EXPECT(gpt__random_seed() != gpt__random_seed());
}

/*
 * Memory and buffers.
 */

static void impossible_sizes_are_refused(void)
{
    EXPECT(gpt__allocate(SIZE_MAX, 2) == NULL);
    EXPECT_MESSAGE("out of memory");
    EXPECT(gpt__allocate(SIZE_MAX / 2 + 1, 1) == NULL);
    EXPECT(gpt__allocate_zeroed(SIZE_MAX / 4, 8) == NULL);
    EXPECT(gpt__allocate_tensor(PTRDIFF_MAX, 2) == NULL);
    EXPECT(gpt__resize(NULL, SIZE_MAX, SIZE_MAX) == NULL);
    EXPECT(gpt__copy_string("", SIZE_MAX) == NULL);
    void *array = NULL;
    size_t capacity = 0;
    EXPECT_STATUS(gpt__reserve(&array, &capacity, SIZE_MAX, 16), GPT_E_MEMORY);
    EXPECT(array == NULL && capacity == 0);
    gpt__release(NULL);
}

static void allocations_are_as_asked(void)
{
    unsigned char *zeroed = gpt__allocate_zeroed(1000, 3);
    int sum = 0;
    for (int i = 0; zeroed != NULL && i < 3000; i++)
        sum += zeroed[i];
    EXPECT(zeroed != NULL && sum == 0);
    gpt__release(zeroed);
    void *tensor = gpt__allocate_tensor(3, 5);
    EXPECT(tensor != NULL && (uintptr_t)tensor % GPT__TENSOR_ALIGNMENT == 0);
    gpt__release(tensor);
    void *none = gpt__allocate(0, 8);
    EXPECT(none != NULL);
    gpt__release(none);
    char *copy = gpt__copy_string("a\0b", 3);
    EXPECT_BYTES(copy, 4, "a\0b", 4);
    gpt__release(copy);
}

static void reserve_keeps_and_doubles(void)
{
    int *array = NULL;
    size_t capacity = 0;
    int grown = 0, wrong = 0;
    for (size_t i = 0; i < 10000; i++) {
        size_t before = capacity;
        wrong += gpt__reserve((void **)&array, &capacity, i + 1, sizeof *array) != GPT_OK;
        grown += capacity != before;
        array[i] = (int)i;
    }
    for (size_t i = 0; i < 10000; i++)
        wrong += array[i] != (int)i;
    EXPECT_INT(wrong, 0);
    EXPECT(grown < 15);
    gpt__release(array);
}

static void buffers_add_drop_and_hand_over(void)
{
    gpt__buffer buffer = {0};
    char *bytes;
    size_t length;
    gpt__buffer_drop_front(&buffer, 0);
    EXPECT_OK(gpt__buffer_add(&buffer, "a\0b", 3));
    EXPECT_OK(gpt__buffer_add_string(&buffer, "cd"));
    EXPECT_BYTES(buffer.bytes, buffer.length + 1, "a\0bcd", 6);
    gpt__buffer_drop_front(&buffer, 2);
    EXPECT_BYTES(buffer.bytes, buffer.length + 1, "bcd", 4);
    EXPECT_STATUS(gpt__buffer_add(&buffer, "x", SIZE_MAX - 1), GPT_E_MEMORY);
    EXPECT_BYTES(buffer.bytes, buffer.length, "bcd", 3);
    EXPECT_OK(gpt__buffer_take(&bytes, &length, &buffer));
    EXPECT_BYTES(bytes, length + 1, "bcd", 4);
    EXPECT(buffer.bytes == NULL && buffer.length == 0);
    gpt__release(bytes);
    EXPECT_OK(gpt__buffer_take(&bytes, &length, &buffer));
    EXPECT_BYTES(bytes, length + 1, "", 1);
    gpt__release(bytes);
}

static void buffers_survive_failing_allocations(void)
{
    gpt__buffer buffer = {0};
    char *bytes = NULL;
    size_t length;
    gpt__fail_allocation_after(0, 1);
    EXPECT_STATUS(gpt__buffer_add(&buffer, "abc", 3), GPT_E_MEMORY);
    EXPECT_STATUS(gpt__buffer_take(&bytes, &length, &buffer), GPT_E_MEMORY);
    EXPECT_STATUS(gpt__utf8_add_valid(&buffer, "a\xFF", 2), GPT_E_MEMORY);
    EXPECT(gpt__join_path("a", "b") == NULL);
    gpt__fail_allocation_after(-1, 0);
    EXPECT(buffer.bytes == NULL && buffer.length == 0);
    /* Only one fails when that is asked for. */
    gpt__fail_allocation_after(0, 0);
    EXPECT_STATUS(gpt__buffer_add(&buffer, "abc", 3), GPT_E_MEMORY);
    EXPECT_OK(gpt__buffer_add(&buffer, "abc", 3));
    gpt__buffer_release(&buffer);
}

/*
 * Messages.
 */

static void keep_line(gpt_log_level level, const char *line, void *user)
{
    (void)level;
    snprintf(user, 2000, "%s", line);
}

/* The log has what comes from files, too: names of tensors, paths. */
static void log_lines_are_one_valid_line(void)
{
    static char line[2000], name[1500];
    gpt_log_set_callback(keep_line, GPT_LOG_WARNING, line);
    gpt__log(GPT_LOG_WARNING, "a\nb\tc\x7F%d", 1);
    EXPECT_STRING(line, "a?b?c?1");
    gpt__log(GPT_LOG_WARNING, "%s", "a\xFF\xC3\xA4\xE2\x82");
    EXPECT_STRING(line, "a?\xC3\xA4??");
    for (size_t shift = 0; shift < 4; shift++) {
        memset(name, 'x', shift);
        for (size_t i = shift; i + 4 < sizeof name; i += 3)
            memcpy(name + i, "\xE2\x82\xAC", 4);
        gpt__log(GPT_LOG_WARNING, "%s", name);
        size_t length = strlen(line);
        EXPECT(length > 1000 && length < 1024);
        EXPECT(gpt__utf8_valid(line, length));
    }
    gpt_log_set_callback(NULL, GPT_LOG_WARNING, NULL);
}

static void messages_are_one_valid_line(void)
{
    EXPECT_STATUS(gpt__fail(GPT_E_FORMAT, "a%cb%cc%s", '\n', 0x7F, "\t"), GPT_E_FORMAT);
    EXPECT_STRING(gpt_error_message(), "a?b?c?");
    /* Long messages are cut between characters, wherever the limit falls. */
    for (int shift = 0; shift < 5; shift++) {
        char text[9000];
        memset(text, 'x', sizeof text);
        for (size_t i = (size_t)shift; i + 4 < sizeof text; i += 4)
            memcpy(text + i, "\xF0\x9F\x98\x80", 4);
        text[sizeof text - 1] = '\0';
        (void)gpt__fail(GPT_E_FILE, "%s", text);
        size_t length = strlen(gpt_error_message());
        EXPECT(length > 5000 && length < 9000);
        EXPECT(gpt__utf8_valid(gpt_error_message(), length));
    }
}

/* Paths and what stands in files are bytes; half a character can be cut off by a precision, too. */
static void messages_are_utf8(void)
{
    (void)gpt__fail(GPT_E_FILE, "%s: %.*s, %s", "a\xFF\xC3x\xED\xA0\x80", 2, "\xE2\x82\xAC", "\xC3\xA4");
    EXPECT_STRING(gpt_error_message(), "a??x???: ??, \xC3\xA4");
    (void)gpt__fail(GPT_E_FILE, "%s", "\xF0\x9F\x98");
    EXPECT_STRING(gpt_error_message(), "???");
}

/* The longest path leaves room for what is wrong with it. */
static void messages_have_room(void)
{
    char path[4097];
    memset(path, 'x', sizeof path - 1);
    path[sizeof path - 1] = '\0';
    (void)gpt__fail(GPT_E_FILE, "%s: the reason", path);
    EXPECT_MESSAGE("x: the reason");
}

static void every_status_has_name_and_text(void)
{
    for (int status = 0; status >= -9; status--) {
        EXPECT(strncmp(gpt_status_name((gpt_status)status), "GPT_", 4) == 0);
        EXPECT(strcmp(gpt_status_name((gpt_status)status), "GPT_E_UNKNOWN") != 0);
        EXPECT(strcmp(gpt_status_text((gpt_status)status), "unknown status") != 0);
    }
    EXPECT_STRING(gpt_status_name((gpt_status)-12345), "GPT_E_UNKNOWN");
    EXPECT_STRING(gpt_status_name((gpt_status)7), "GPT_E_UNKNOWN");
    EXPECT_STRING(gpt_status_text((gpt_status)7), "unknown status");
}

/*
 * Files.
 */

typedef gpt_status (*file_opener)(gpt__file *file, const char *path);

static void open_or_refuse(file_opener open_file)
{
    gpt__file file;
    char *path = test_write_file("some", "abc", 3);
    EXPECT_OK(open_file(&file, path));
    EXPECT_BYTES((const char *)file.data, file.size, "abc", 3);
    EXPECT_STRING(file.path, path);
    gpt__file_drop_pages(&file, 0, 3);
    gpt__file_drop_pages(&file, 2, SIZE_MAX);
    EXPECT_BYTES((const char *)file.data, file.size, "abc", 3);
    gpt__file_close(&file);
    gpt__file_close(&file);
    gpt__fail_allocation_after(0, 1);
    EXPECT_STATUS(open_file(&file, path), GPT_E_MEMORY);
    gpt__fail_allocation_after(-1, 0);
    EXPECT(file.data == NULL);
    free(path);
    path = test_write_file("empty", "", 0);
    EXPECT_OK(open_file(&file, path));
    EXPECT_INT(file.size, 0);
    gpt__file_close(&file);
    free(path);
    EXPECT_STATUS(open_file(&file, "/nonexistent/file"), GPT_E_NOT_FOUND);
    EXPECT_MESSAGE("/nonexistent/file");
    EXPECT_STATUS(open_file(&file, test_directory()), GPT_E_FILE);
    EXPECT_MESSAGE("regular");
}

static void files_are_opened_or_refused(void)
{
    open_or_refuse(gpt__file_map);
    open_or_refuse(gpt__file_read);
}

/* Who shortens a file that is mapped ends the process that looks at it: what is parsed is read before. */
static void files_that_were_read_stay(void)
{
    gpt__file file;
    char *path = test_write_file("shrinks", "abc", 3);
    if (EXPECT_OK(gpt__file_read(&file, path))) {
        EXPECT_INT(truncate(path, 0), 0);
        EXPECT_BYTES((const char *)file.data, file.size, "abc", 3);
    }
    gpt__file_close(&file);
    free(path);
}

static void files_begin(void)
{
    unsigned char bytes[4] = "----";
    size_t length = 9;
    char *path = test_write_file("begins", "abc", 3);
    EXPECT_OK(gpt__file_begin(bytes, &length, 2, path));
    EXPECT_BYTES((const char *)bytes, 4, "ab--", 4);
    EXPECT_INT(length, 2);
    EXPECT_OK(gpt__file_begin(bytes, &length, sizeof bytes, path));
    EXPECT_BYTES((const char *)bytes, length, "abc", 3);
    EXPECT_STATUS(gpt__file_begin(bytes, &length, sizeof bytes, "/nonexistent"), GPT_E_NOT_FOUND);
    EXPECT_STATUS(gpt__file_begin(bytes, &length, sizeof bytes, test_directory()), GPT_E_FILE);
    free(path);
}

static void paths_are_joined(void)
{
    char *path = gpt__join_path("a/b", "c");
    EXPECT_STRING(path, "a/b/c");
    gpt__release(path);
    path = gpt__join_path("a/", "c");
    EXPECT_STRING(path, "a/c");
    gpt__release(path);
    path = gpt__join_path("", "c");
    EXPECT_STRING(path, "c");
    gpt__release(path);
}

static void expect_kind(const char *path, gpt__kind expected)
{
    gpt__kind kind = GPT__KIND_OTHER;
    int has = 1;
    EXPECT_OK(gpt__path_kind(&kind, path));
    EXPECT_INT(kind, expected);
    EXPECT_OK(gpt__has_file(&has, path));
    EXPECT_INT(has, expected == GPT__KIND_FILE);
}

/* What can not be looked at is not the same as what is not there. */
static void paths_have_kinds(void)
{
    char loop[512];
    gpt__kind kind = GPT__KIND_FILE;
    int has = 1;
    char *file = test_write_file("kind", "x", 1);
    char *below = gpt__join_path(file, "below");
    expect_kind(test_directory(), GPT__KIND_DIRECTORY);
    expect_kind(file, GPT__KIND_FILE);
    expect_kind(below, GPT__KIND_NONE);
    expect_kind("/nonexistent", GPT__KIND_NONE);
    expect_kind("/dev/null", GPT__KIND_OTHER);
    snprintf(loop, sizeof loop, "%s/loop", test_directory());
    EXPECT_INT(symlink("loop", loop), 0);
    EXPECT_STATUS(gpt__path_kind(&kind, loop), GPT_E_FILE);
    EXPECT_MESSAGE("loop: too many symbolic links");
    EXPECT_STATUS(gpt__has_file(&has, loop), GPT_E_FILE);
    EXPECT(kind == GPT__KIND_NONE && has == 0);
    gpt__release(below);
    free(file);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(utf8_replaces_maximal_subparts);
    TEST(utf8_round_trips_every_code_point);
    TEST(utf8_accepts_exactly_the_well_formed);
    TEST(utf8_pieces_make_the_whole);
    TEST(halves_convert_exactly);
    TEST(bfloats_convert_exactly);
    TEST(bfloat_rounding_is_to_nearest_even);
    TEST(numbers_are_little_endian);
    TEST(philox_gives_the_known_answers);
    TEST(uniform_numbers_are_uniform);
    TEST(impossible_sizes_are_refused);
    TEST(allocations_are_as_asked);
    TEST(reserve_keeps_and_doubles);
    TEST(buffers_add_drop_and_hand_over);
    TEST(buffers_survive_failing_allocations);
    TEST(messages_are_one_valid_line);
    TEST(log_lines_are_one_valid_line);
    TEST(messages_are_utf8);
    TEST(messages_have_room);
    TEST(every_status_has_name_and_text);
    TEST(files_are_opened_or_refused);
    TEST(files_that_were_read_stay);
    TEST(files_begin);
    TEST(paths_are_joined);
    TEST(paths_have_kinds);
    return TEST_END();
}
