/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_gguf.c: GGUF files as such: what is read of a good one, and what is said of one that is broken anywhere. */
#include "test_gguf_maker.h"

#include "base/memory.h"

/* A file with a value of each type and three tensors. */
static void make_file(gguf_maker *m)
{
    static const char *const words[] = {"one", "", "three"};
    static const float floats[6] = {1, -2, 3.5f, 0, 1e30f, -0.25f};
    unsigned char blocks[2 * 34] = {0x00, 0x3C, 1, 2, 0xFF};
    gguf_begin(m);
    gguf_string(m, "general.architecture", "gpt2");
    gguf_u32(m, "a.u32", 4000000000u);
    gguf_f32(m, "a.f32", 0.5f);
    gguf_bool(m, "a.bool", 1);
    gguf_strings(m, "a.words", words, 3);
    gguf_key(m, "a.i8", GPT__GGUF_I8);
    gguf_number(&m->keys, (uint64_t)-3, 1);
    gguf_key(m, "a.u8", GPT__GGUF_U8);
    gguf_number(&m->keys, 200, 1);
    gguf_key(m, "a.i16", GPT__GGUF_I16);
    gguf_number(&m->keys, (uint64_t)-300, 2);
    gguf_key(m, "a.u16", GPT__GGUF_U16);
    gguf_number(&m->keys, 60000, 2);
    gguf_key(m, "a.i32", GPT__GGUF_I32);
    gguf_number(&m->keys, (uint64_t)-70000, 4);
    gguf_key(m, "a.i64", GPT__GGUF_I64);
    gguf_number(&m->keys, (uint64_t)-5000000000, 8);
    gguf_key(m, "a.u64", GPT__GGUF_U64);
    gguf_number(&m->keys, UINT64_MAX, 8);
    gguf_key(m, "a.f64", GPT__GGUF_F64);
    gguf_number(&m->keys, 0x3FF8000000000000u, 8);
    gguf_array(m, "a.numbers", GPT__GGUF_I32, 2);
    gguf_number(&m->keys, 7, 4);
    gguf_number(&m->keys, 8, 4);
    gguf_tensor(m, "floats", 2, (int64_t[]){2, 3}, GGML_F32, floats, sizeof floats);
    gguf_tensor(m, "blocks", 3, (int64_t[]){1, 2, 32}, GGML_Q8_0, blocks, sizeof blocks);
    gguf_tensor(m, "last", 1, (int64_t[]){1}, GGML_F32, floats, 4);
}

static void reads_tensors(void)
{
    gguf_maker m;
    gpt__checkpoint *checkpoint = NULL;
    float values[64] = {0};
    make_file(&m);
    char *path = gguf_write(&m, "good.gguf");
    if (EXPECT_OK(gpt__checkpoint_open(&checkpoint, path))) {
        EXPECT_INT(gpt__checkpoint_count(checkpoint), 3);
        const gpt__tensor *floats = gpt__checkpoint_find(checkpoint, "floats");
        EXPECT_INT(floats->rank, 2);
        EXPECT_INT(floats->shape[0], 2);
        EXPECT_INT(floats->shape[1], 3);
        EXPECT_OK(gpt__tensor_to_f32(values, floats, 1, 3));
        EXPECT_NEAR(values[0], -2, 0);
        EXPECT_NEAR(values[1], 3.5, 0);
        const gpt__tensor *blocks = gpt__checkpoint_find(checkpoint, "blocks");
        EXPECT_STRING(blocks->type_name, "Q8_0");
        EXPECT_INT(blocks->count, 64);
        EXPECT_INT(blocks->bytes, 68);
        EXPECT_OK(gpt__tensor_to_f32(values, blocks, 0, 64));
        EXPECT_NEAR(values[0], 1, 0);
        EXPECT_NEAR(values[1], 2, 0);
        EXPECT_NEAR(values[2], -1, 0);
        EXPECT_NEAR(values[63], 0, 0);
        EXPECT_STATUS(gpt__tensor_to_f32(values, blocks, 60, 5), GPT_E_INTERNAL);
    }
    gpt__checkpoint_close(checkpoint);
    free(path);
    gguf_free(&m);
}

static void expect_int(const gpt__gguf *gguf, const char *key, int64_t expected)
{
    int64_t value = 12345;
    double number = 0;
    EXPECT_OK(gpt__gguf_int(&value, gguf, key, INT64_MIN, INT64_MAX));
    EXPECT_INT(value, expected);
    EXPECT_OK(gpt__gguf_number(&number, gguf, key));
    EXPECT_NEAR(number, (double)expected, 0);
    EXPECT_STATUS(gpt__gguf_int(&value, gguf, key, expected + 1, INT64_MAX), GPT_E_FORMAT);
    EXPECT_MESSAGE(key);
    EXPECT_STATUS(gpt__gguf_int(&value, gguf, key, INT64_MIN, expected - 1), GPT_E_FORMAT);
    EXPECT_INT(value, expected);
}

static void reads_whole_numbers(void)
{
    gguf_maker m;
    gpt__gguf gguf;
    int64_t value = 5;
    make_file(&m);
    char *path = gguf_write(&m, "numbers.gguf");
    if (EXPECT_OK(gpt__gguf_open(&gguf, path))) {
        expect_int(&gguf, "a.u8", 200);
        expect_int(&gguf, "a.i8", -3);
        expect_int(&gguf, "a.u16", 60000);
        expect_int(&gguf, "a.i16", -300);
        expect_int(&gguf, "a.u32", 4000000000);
        expect_int(&gguf, "a.i32", -70000);
        expect_int(&gguf, "a.i64", -5000000000);
        EXPECT_OK(gpt__gguf_int(&value, &gguf, "a.missing", 0, 1));
        EXPECT_INT(value, 5);
        EXPECT_STATUS(gpt__gguf_int(&value, &gguf, "a.u64", INT64_MIN, INT64_MAX), GPT_E_FORMAT);
        EXPECT_STATUS(gpt__gguf_int(&value, &gguf, "a.f32", 0, 10), GPT_E_FORMAT);
        EXPECT_MESSAGE("\"a.f32\" should be a whole number");
        EXPECT_STATUS(gpt__gguf_int(&value, &gguf, "a.bool", 0, 10), GPT_E_FORMAT);
        EXPECT_STATUS(gpt__gguf_int(&value, &gguf, "a.numbers", 0, 10), GPT_E_FORMAT);
        gpt__gguf_close(&gguf);
    }
    free(path);
    gguf_free(&m);
}

static void reads_other_values(void)
{
    gguf_maker m;
    gpt__gguf gguf;
    double number = 0;
    int on = 0;
    gpt__gguf_string text = {0};
    const gpt__gguf_entry *array;
    make_file(&m);
    char *path = gguf_write(&m, "values.gguf");
    if (EXPECT_OK(gpt__gguf_open(&gguf, path))) {
        EXPECT_OK(gpt__gguf_number(&number, &gguf, "a.f32"));
        EXPECT_NEAR(number, 0.5, 0);
        EXPECT_OK(gpt__gguf_number(&number, &gguf, "a.f64"));
        EXPECT_NEAR(number, 1.5, 0);
        EXPECT_OK(gpt__gguf_bool(&on, &gguf, "a.bool"));
        EXPECT_INT(on, 1);
        EXPECT_OK(gpt__gguf_text(&text, &gguf, "general.architecture"));
        EXPECT(gpt__gguf_is(text, "gpt2") && !gpt__gguf_is(text, "gpt") && !gpt__gguf_is(text, "gpt22"));
        EXPECT_OK(gpt__gguf_array(&array, &gguf, "a.words", GPT__GGUF_STRING));
        const unsigned char *at = array->data;
        EXPECT_INT(array->count, 3);
        EXPECT(gpt__gguf_is(gpt__gguf_next_string(&at), "one"));
        EXPECT(gpt__gguf_is(gpt__gguf_next_string(&at), ""));
        EXPECT(gpt__gguf_is(gpt__gguf_next_string(&at), "three"));
        EXPECT_STATUS(gpt__gguf_array(&array, &gguf, "a.numbers", GPT__GGUF_STRING), GPT_E_FORMAT);
        EXPECT_STATUS(gpt__gguf_bool(&on, &gguf, "a.u8"), GPT_E_FORMAT);
        EXPECT_STATUS(gpt__gguf_text(&text, &gguf, "a.u8"), GPT_E_FORMAT);
        EXPECT_STATUS(gpt__gguf_number(&number, &gguf, "a.words"), GPT_E_FORMAT);
        gpt__gguf_close(&gguf);
    }
    free(path);
    gguf_free(&m);
}

/* What opening says of the file that m makes; m is freed. */
static void expect_failure(gguf_maker *m, gpt_status status, const char *message)
{
    gpt__checkpoint *checkpoint = (gpt__checkpoint *)m;
    char *path = gguf_write(m, "broken.gguf");
    EXPECT_STATUS(gpt__checkpoint_open(&checkpoint, path), status);
    EXPECT_MESSAGE(message);
    EXPECT_MESSAGE("broken.gguf: ");
    EXPECT(checkpoint == NULL);
    free(path);
    gguf_free(m);
}

/* The data end the file, so that no prefix of it is whole. */
static void truncated_at_every_length(void)
{
    gguf_maker m;
    size_t length;
    int failures = 0;
    make_file(&m);
    unsigned char *bytes = gguf_bytes(&length, &m);
    for (size_t cut = 0; cut < length; cut++) {
        gpt__checkpoint *checkpoint = NULL;
        char *path = test_write_file("cut.gguf", bytes, cut);
        failures += gpt__checkpoint_open(&checkpoint, path) == GPT_E_FORMAT && checkpoint == NULL;
        gpt__checkpoint_close(checkpoint);
        free(path);
    }
    EXPECT_INT(failures, length);
    free(bytes);
    gguf_free(&m);
}

static void wrong_headers(void)
{
    gguf_maker m;
    static const uint32_t versions[] = {0, 1, 4, UINT32_MAX};
    for (size_t i = 0; i < sizeof versions / sizeof *versions; i++) {
        make_file(&m);
        m.version = versions[i];
        expect_failure(&m, GPT_E_UNSUPPORTED, "expected 2 or 3");
    }
    make_file(&m);
    m.version = 0x03000000;
    expect_failure(&m, GPT_E_UNSUPPORTED, "big-endian");
    gpt__checkpoint *checkpoint = NULL;
    char *path = test_write_file("magic.gguf", "GGML\3\0\0\0........................", 32);
    EXPECT_STATUS(gpt__checkpoint_open(&checkpoint, path), GPT_E_FORMAT);
    EXPECT_MESSAGE("not a GGUF file");
    free(path);
}

static void version_2_is_read(void)
{
    gguf_maker m;
    gpt__checkpoint *checkpoint = NULL;
    make_file(&m);
    m.version = 2;
    char *path = gguf_write(&m, "two.gguf");
    EXPECT_OK(gpt__checkpoint_open(&checkpoint, path));
    EXPECT_INT(gpt__checkpoint_count(checkpoint), 3);
    gpt__checkpoint_close(checkpoint);
    free(path);
    gguf_free(&m);
}

static void wrong_counts(void)
{
    gguf_maker m;
    static const uint64_t counts[] = {1000, (uint64_t)1 << 32, (uint64_t)1 << 60, UINT64_MAX};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
        make_file(&m);
        m.key_count = counts[i];
        expect_failure(&m, GPT_E_FORMAT, "keys do not fit");
        make_file(&m);
        m.tensor_count = counts[i];
        expect_failure(&m, GPT_E_FORMAT, "tensors do not fit");
    }
    /* One too few: what follows is read as something else. */
    make_file(&m);
    m.key_count--;
    gpt__checkpoint *checkpoint = NULL;
    char *path = gguf_write(&m, "few.gguf");
    EXPECT_STATUS(gpt__checkpoint_open(&checkpoint, path), GPT_E_FORMAT);
    free(path);
    gguf_free(&m);
}

static void wrong_keys(void)
{
    gguf_maker m;
    make_file(&m);
    gguf_u32(&m, "a.u8", 1);
    expect_failure(&m, GPT_E_FORMAT, "the key \"a.u8\" is there twice");
    make_file(&m);
    gguf_u32(&m, "", 1);
    expect_failure(&m, GPT_E_FORMAT, "a key at byte");
    make_file(&m);
    gguf_u32(&m, "\xFF", 1);
    expect_failure(&m, GPT_E_FORMAT, "UTF-8");
    make_file(&m);
    m.key_count++;
    gguf_number(&m.keys, 3, 8);
    gguf_add(&m.keys, "a\0b", 3);
    gguf_number(&m.keys, GPT__GGUF_U8, 4);
    gguf_number(&m.keys, 0, 1);
    expect_failure(&m, GPT_E_FORMAT, "without NUL");
    static const uint64_t lengths[] = {100000, (uint64_t)1 << 40, (uint64_t)1 << 63, UINT64_MAX, UINT64_MAX - 7};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        make_file(&m);
        m.key_count++;
        gguf_number(&m.keys, lengths[i], 8);
        gguf_add(&m.keys, "xxxxxxxxx", 9);
        expect_failure(&m, GPT_E_FORMAT, "the file ends within a key");
    }
}

static void long_keys_are_refused(void)
{
    gguf_maker m;
    static char key[70001];
    memset(key, 'k', sizeof key - 1);
    make_file(&m);
    gguf_u32(&m, key, 1);
    expect_failure(&m, GPT_E_FORMAT, "1 to 65535 bytes");
}

static void wrong_values(void)
{
    gguf_maker m;
    static const uint64_t lengths[] = {1 << 20, (uint64_t)1 << 61, (uint64_t)1 << 62, UINT64_MAX};
    static const uint32_t element_types[] = {GPT__GGUF_U8, GPT__GGUF_U64, GPT__GGUF_STRING, GPT__GGUF_BOOL};
    make_file(&m);
    gguf_key(&m, "b", 13);
    gguf_number(&m.keys, 0, 8);
    expect_failure(&m, GPT_E_FORMAT, "the value of \"b\" has type 13");
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        make_file(&m);
        gguf_key(&m, "b", GPT__GGUF_STRING);
        gguf_number(&m.keys, lengths[i], 8);
        expect_failure(&m, GPT_E_FORMAT, "the file ends within a string");
        for (size_t j = 0; j < sizeof element_types / sizeof *element_types; j++) {
            make_file(&m);
            gguf_array(&m, "b", element_types[j], lengths[i]);
            expect_failure(&m, GPT_E_FORMAT, "");
        }
    }
    make_file(&m);
    gguf_array(&m, "b", GPT__GGUF_ARRAY, 1);
    gguf_number(&m.keys, GPT__GGUF_ARRAY, 4);
    gguf_number(&m.keys, 1, 8);
    expect_failure(&m, GPT_E_UNSUPPORTED, "an array of arrays");
    make_file(&m);
    gguf_array(&m, "b", 99, 1);
    expect_failure(&m, GPT_E_FORMAT, "has type 99");
}

static void alignments(void)
{
    gguf_maker m;
    static const uint32_t wrong[] = {0, 3, 33, 1 << 21, UINT32_MAX};
    static const uint32_t right[] = {1, 8, 64, 4096};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        make_file(&m);
        gguf_u32(&m, "general.alignment", wrong[i]);
        expect_failure(&m, GPT_E_FORMAT, "general.alignment");
    }
    for (size_t i = 0; i < sizeof right / sizeof *right; i++) {
        gpt__checkpoint *checkpoint = NULL;
        float value = 0;
        gguf_begin(&m);
        m.alignment = right[i];
        gguf_u32(&m, "general.alignment", right[i]);
        gguf_tensor(&m, "a", 1, (int64_t[]){1}, GGML_F32, &value, 4);
        value = 7;
        gguf_tensor(&m, "b", 1, (int64_t[]){1}, GGML_F32, &value, 4);
        char *path = gguf_write(&m, "aligned.gguf");
        if (EXPECT_OK(gpt__checkpoint_open(&checkpoint, path))) {
            EXPECT_OK(gpt__tensor_to_f32(&value, gpt__checkpoint_find(checkpoint, "b"), 0, 1));
            EXPECT_NEAR(value, 7, 0);
        }
        gpt__checkpoint_close(checkpoint);
        free(path);
        gguf_free(&m);
    }
}

static void wrong_shapes(void)
{
    gguf_maker m;
    const int64_t ones[8] = {1, 1, 1, 1, 1, 1, 1, 1};
    make_file(&m);
    gguf_describe(&m, "x", 5, ones, GGML_F32, 0);
    expect_failure(&m, GPT_E_FORMAT, "tensor x has 5 dimensions");
    make_file(&m);
    gguf_describe(&m, "x", -1, ones, GGML_F32, 0);
    expect_failure(&m, GPT_E_FORMAT, "dimensions");
    make_file(&m);
    gguf_describe(&m, "x", 2, (int64_t[]){-1, 4}, GGML_F32, 0);
    expect_failure(&m, GPT_E_FORMAT, "the shape of tensor x is too large");
    make_file(&m);
    gguf_describe(&m, "x", 4, (int64_t[]){1 << 20, 1 << 20, 1 << 20, 1 << 20}, GGML_F32, 0);
    expect_failure(&m, GPT_E_FORMAT, "tensor x is larger than the file");
    make_file(&m);
    gguf_describe(&m, "x", 2, (int64_t[]){INT64_MAX, INT64_MAX - 31}, GGML_Q8_0, 0);
    expect_failure(&m, GPT_E_FORMAT, "tensor x");
    make_file(&m);
    gguf_describe(&m, "x", 2, (int64_t[]){2, 33}, GGML_Q8_0, 0);
    expect_failure(&m, GPT_E_FORMAT, "rows of 33 elements, expected a multiple of 32 for Q8_0");
    make_file(&m);
    gguf_describe(&m, "x", 0, ones, GGML_Q4_0, 0);
    expect_failure(&m, GPT_E_FORMAT, "rows of 1 elements");
}

static void wrong_types(void)
{
    gguf_maker m;
    static const uint32_t types[] = {4, 5, 31, 36, 40, 1000, UINT32_MAX};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        make_file(&m);
        gguf_describe(&m, "x", 1, (int64_t[]){256}, types[i], 0);
        expect_failure(&m, GPT_E_UNSUPPORTED, "tensor x has type");
    }
    make_file(&m);
    gguf_describe(&m, "x", 1, (int64_t[]){256}, GGML_IQ2_XS, 0);
    expect_failure(&m, GPT_E_UNSUPPORTED, "tensor x has type IQ2_XS, which is not supported");
}

static void wrong_places(void)
{
    gguf_maker m;
    static const uint64_t offsets[] = {1 << 20, (uint64_t)1 << 40, (uint64_t)1 << 63, UINT64_MAX - 31};
    for (size_t i = 0; i < sizeof offsets / sizeof *offsets; i++) {
        make_file(&m);
        gguf_describe(&m, "x", 1, (int64_t[]){4}, GGML_F32, offsets[i]);
        expect_failure(&m, GPT_E_FORMAT, "tensor x");
    }
    make_file(&m);
    gguf_describe(&m, "x", 1, (int64_t[]){1}, GGML_F32, 4);
    expect_failure(&m, GPT_E_FORMAT, "tensor x begins at byte 4 of the data, expected a multiple of 32");
    make_file(&m);
    gguf_describe(&m, "x", 1, (int64_t[]){1}, GGML_F32, 0);
    expect_failure(&m, GPT_E_FORMAT, "overlap");
    make_file(&m);
    gguf_tensor(&m, "floats", 1, (int64_t[]){1}, GGML_F32, NULL, 4);
    expect_failure(&m, GPT_E_FORMAT, "tensor floats is there twice");
}

static void wrong_names(void)
{
    gguf_maker m;
    make_file(&m);
    gguf_describe(&m, "", 0, NULL, GGML_F32, 0);
    expect_failure(&m, GPT_E_FORMAT, "the name of a tensor");
    make_file(&m);
    gguf_describe(&m, "x\xC0", 0, NULL, GGML_F32, 0);
    expect_failure(&m, GPT_E_FORMAT, "the name of a tensor");
    make_file(&m);
    m.tensor_count++;
    gguf_number(&m.tensors, UINT64_MAX, 8);
    gguf_add(&m.tensors, NULL, 64);
    expect_failure(&m, GPT_E_FORMAT, "the file ends within the name of a tensor");
}

/* Part `number`, from 0, of as many; each has one tensor, which holds its number. */
static char *write_part(const char *name, uint32_t number, uint32_t count)
{
    gguf_maker m;
    char tensor[8];
    const float value = (float)number;
    gguf_begin(&m);
    gguf_u32(&m, "split.no", number);
    gguf_u32(&m, "split.count", count);
    snprintf(tensor, sizeof tensor, "t%u", (unsigned)number);
    gguf_tensor(&m, tensor, 1, (int64_t[]){1}, GGML_F32, &value, 4);
    char *path = gguf_write(&m, name);
    gguf_free(&m);
    return path;
}

static void expect_parts_failure(const char *path, gpt_status status, const char *message)
{
    gpt__checkpoint *checkpoint = NULL;
    EXPECT_STATUS(gpt__checkpoint_open(&checkpoint, path), status);
    EXPECT_MESSAGE(message);
    EXPECT(checkpoint == NULL);
}

static void parts(void)
{
    gpt__checkpoint *checkpoint = NULL;
    float value = 0;
    char *first = write_part("m-00001-of-00003.gguf", 0, 3);
    expect_parts_failure(first, GPT_E_NOT_FOUND, "m-00002-of-00003.gguf");
    char *second = write_part("m-00002-of-00003.gguf", 1, 3);
    char *third = write_part("m-00003-of-00003.gguf", 1, 3);
    expect_parts_failure(first, GPT_E_FORMAT, "part 2 of 3 of a model, expected part 3 of 3");
    free(write_part("m-00003-of-00003.gguf", 2, 4));
    expect_parts_failure(first, GPT_E_FORMAT, "part 3 of 4 of a model, expected part 3 of 3");
    free(write_part("m-00003-of-00003.gguf", 2, 3));
    if (EXPECT_OK(gpt__checkpoint_open(&checkpoint, first))) {
        EXPECT_INT(gpt__checkpoint_count(checkpoint), 3);
        EXPECT_OK(gpt__tensor_to_f32(&value, gpt__checkpoint_find(checkpoint, "t2"), 0, 1));
        EXPECT_NEAR(value, 2, 0);
    }
    gpt__checkpoint_close(checkpoint);
    expect_parts_failure(second, GPT_E_FORMAT, "part 2 of 3 of a model, expected part 1 of 3");
    char *renamed = write_part("renamed.gguf", 0, 3);
    expect_parts_failure(renamed, GPT_E_FORMAT, "expected a name that ends in -00001-of-00003.gguf");
    char *lone = write_part("lone.gguf", 0, 1);
    EXPECT_OK(gpt__checkpoint_open(&checkpoint, lone));
    gpt__checkpoint_close(checkpoint);
    free(first);
    free(second);
    free(third);
    free(renamed);
    free(lone);
}

/* A tensor in two parts is there twice. */
static void parts_with_the_same_tensor(void)
{
    gguf_maker m;
    make_file(&m);
    gguf_u32(&m, "split.count", 2);
    free(gguf_write(&m, "n-00001-of-00002.gguf"));
    gguf_free(&m);
    make_file(&m);
    gguf_u32(&m, "split.count", 2);
    gguf_u32(&m, "split.no", 1);
    char *path = gguf_write(&m, "n-00002-of-00002.gguf");
    memcpy(strstr(path, "00002"), "00001", 5);
    expect_parts_failure(path, GPT_E_FORMAT, "is there twice");
    free(path);
    gguf_free(&m);
}

/* A file may have no tensors; reading any then says which. */
static void empty_files(void)
{
    gguf_maker m;
    gpt__checkpoint *checkpoint = NULL;
    gguf_begin(&m);
    char *path = gguf_write(&m, "empty.gguf");
    EXPECT_OK(gpt__checkpoint_open(&checkpoint, path));
    EXPECT_INT(gpt__checkpoint_count(checkpoint), 0);
    EXPECT(gpt__checkpoint_find(checkpoint, "x") == NULL);
    gpt__checkpoint_close(checkpoint);
    free(path);
    gguf_free(&m);
    path = test_write_file("nothing.gguf", "", 0);
    EXPECT_STATUS(gpt__checkpoint_open(&checkpoint, path), GPT_E_FORMAT);
    EXPECT_MESSAGE("the file ends within the header");
    free(path);
}

static void without_memory(void)
{
    gguf_maker m;
    long n = 0;
    gpt_status status = GPT_E_MEMORY;
    make_file(&m);
    char *path = gguf_write(&m, "memory.gguf");
    for (; status == GPT_E_MEMORY && n < 1000; n++) {
        gpt__checkpoint *checkpoint = NULL;
        gpt__fail_allocation_after(n, 1);
        status = gpt__checkpoint_open(&checkpoint, path);
        gpt__fail_allocation_after(-1, 0);
        gpt__checkpoint_close(checkpoint);
    }
    EXPECT_OK(status);
    EXPECT(n > 5);
    free(path);
    gguf_free(&m);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(reads_tensors);
    TEST(reads_whole_numbers);
    TEST(reads_other_values);
    TEST(version_2_is_read);
    TEST(truncated_at_every_length);
    TEST(wrong_headers);
    TEST(wrong_counts);
    TEST(wrong_keys);
    TEST(long_keys_are_refused);
    TEST(wrong_values);
    TEST(alignments);
    TEST(wrong_shapes);
    TEST(wrong_types);
    TEST(wrong_places);
    TEST(wrong_names);
    TEST(parts);
    TEST(parts_with_the_same_tensor);
    TEST(empty_files);
    TEST(without_memory);
    return TEST_END();
}
