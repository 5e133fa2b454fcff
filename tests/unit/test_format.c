/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_format.c: safetensors files, good and hostile, and the conversion of their elements. */
#include "../test.h"

#include "base/buffer.h"
#include "base/bytes.h"
#include "base/memory.h"
#include "format/json.h"
#include "format/mxfp4.h"
#include "format/tensor.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Removes what an earlier case left in the directory. */
static void clear_directory(void)
{
    static const char *const names[] = {"model.safetensors", "model.safetensors.index.json", "pytorch_model.bin",
                                        "pytorch_model.bin.index.json", "a.safetensors", "b.safetensors"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char *path = gpt__join_path(test_directory(), names[i]);
        if (unlink(path) != 0)
            rmdir(path);
        gpt__release(path);
    }
}

/* Writes a safetensors file that claims a length for its header; the true one when claim is negative. */
static void write_claiming(const char *name, int64_t claim, const char *header, size_t data_bytes)
{
    size_t length = strlen(header);
    uint64_t claimed = claim < 0 ? length : (uint64_t)claim;
    unsigned char *file = calloc(1, 8 + length + data_bytes);
    for (int i = 0; i < 8; i++)
        file[i] = (unsigned char)(claimed >> 8 * i);
    memcpy(file + 8, header, length);
    for (size_t i = 0; i < data_bytes; i++)
        file[8 + length + i] = (unsigned char)(i * 37 + 11);
    free(test_write_file(name, file, 8 + length + data_bytes));
    free(file);
}

static void write_tensors(const char *header, size_t data_bytes)
{
    clear_directory();
    write_claiming("model.safetensors", -1, header, data_bytes);
}

static void write_text(const char *name, const char *text)
{
    free(test_write_file(name, text, strlen(text)));
}

static gpt_status open_directory(gpt__checkpoint **checkpoint)
{
    *checkpoint = (gpt__checkpoint *)test_directory; /* must become NULL on failure */
    return gpt__checkpoint_open(checkpoint, test_directory());
}

static void expect_refused(gpt_status expected, const char *message)
{
    gpt__checkpoint *checkpoint;
    if (!EXPECT_STATUS(open_directory(&checkpoint), expected))
        printf("# expected message: %s\n", message);
    EXPECT(checkpoint == NULL);
    EXPECT_MESSAGE(message);
    EXPECT_MESSAGE(test_directory());
}

static void expect_header_refused(const char *header, size_t data_bytes, gpt_status expected, const char *message)
{
    write_tensors(header, data_bytes);
    expect_refused(expected, message);
}

/*
 * Good files.
 */

static void tensors_are_found(void)
{
    gpt__checkpoint *checkpoint;
    write_tensors("{\"__metadata__\":{\"format\":\"pt\"},"
                  "\"w\":{\"dtype\":\"F32\",\"shape\":[2,3],\"data_offsets\":[2,26]},"
                  "\"b\":{\"dtype\":\"F16\",\"shape\":[],\"data_offsets\":[0,2]},"
                  "\"none\":{\"dtype\":\"I64\",\"shape\":[0,7],\"data_offsets\":[26,26]}}    ",
                  26);
    if (!EXPECT_OK(open_directory(&checkpoint)))
        return;
    EXPECT_INT(gpt__checkpoint_count(checkpoint), 3);
    EXPECT_STRING(gpt__checkpoint_at(checkpoint, 0)->name, "b");
    EXPECT_STRING(gpt__checkpoint_at(checkpoint, 1)->name, "none");
    EXPECT_STRING(gpt__checkpoint_at(checkpoint, 2)->name, "w");
    EXPECT(gpt__checkpoint_at(checkpoint, 3) == NULL && gpt__checkpoint_at(checkpoint, SIZE_MAX) == NULL);
    const gpt__tensor *w = gpt__checkpoint_find(checkpoint, "w");
    EXPECT(w != NULL && w->rank == 2 && w->shape[0] == 2 && w->shape[1] == 3 && w->count == 6 && w->bytes == 24);
    EXPECT(w->element == GPT__ELEMENT_F32 && w->data[0] == (unsigned char)(2 * 37 + 11));
    EXPECT_STRING(w->type_name, "F32");
    const gpt__tensor *b = gpt__checkpoint_find(checkpoint, "b");
    EXPECT(b != NULL && b->rank == 0 && b->count == 1 && b->bytes == 2);
    const gpt__tensor *none = gpt__checkpoint_find(checkpoint, "none");
    EXPECT(none != NULL && none->rank == 2 && none->count == 0 && none->data == NULL);
    gpt__tensor_drop_pages(none);
    EXPECT(gpt__checkpoint_find(checkpoint, "") == NULL && gpt__checkpoint_find(checkpoint, "x") == NULL);
    EXPECT(gpt__checkpoint_find(checkpoint, "__metadata__") == NULL);
    gpt__checkpoint_close(checkpoint);
    gpt__checkpoint_close(NULL);
}

static void a_file_without_tensors_is_empty(void)
{
    gpt__checkpoint *checkpoint;
    write_tensors("{}", 0);
    EXPECT_OK(open_directory(&checkpoint));
    EXPECT_INT(gpt__checkpoint_count(checkpoint), 0);
    EXPECT(gpt__checkpoint_find(checkpoint, "w") == NULL && gpt__checkpoint_at(checkpoint, 0) == NULL);
    gpt__checkpoint_close(checkpoint);
}

static void all_types_have_their_size(void)
{
    static const struct {
        const char *name;
        gpt__element element;
        int bits;
        int is_float;
    } types[] = {
        {"F64", GPT__ELEMENT_F64, 64, 1},     {"F32", GPT__ELEMENT_F32, 32, 1},     {"F16", GPT__ELEMENT_F16, 16, 1},
        {"BF16", GPT__ELEMENT_BF16, 16, 1},   {"I64", GPT__ELEMENT_I64, 64, 0},     {"I32", GPT__ELEMENT_I32, 32, 0},
        {"I16", GPT__ELEMENT_I16, 16, 0},     {"I8", GPT__ELEMENT_I8, 8, 0},        {"U64", GPT__ELEMENT_U64, 64, 0},
        {"U32", GPT__ELEMENT_U32, 32, 0},     {"U16", GPT__ELEMENT_U16, 16, 0},     {"U8", GPT__ELEMENT_U8, 8, 0},
        {"BOOL", GPT__ELEMENT_BOOL, 8, 0},    {"C64", GPT__ELEMENT_OTHER, 64, 0},   {"F4", GPT__ELEMENT_OTHER, 4, 0},
        {"F8_E4M3", GPT__ELEMENT_OTHER, 8, 0}, {"F8_E5M2", GPT__ELEMENT_OTHER, 8, 0},
    };
    for (size_t i = 0; i < sizeof types / sizeof types[0]; i++) {
        static const char format[] = "{\"t\":{\"dtype\":\"%s\",\"shape\":[4],\"data_offsets\":[0,%d]}}";
        char header[200];
        gpt__checkpoint *checkpoint;
        float out[4];
        int bytes = 4 * types[i].bits / 8;
        snprintf(header, sizeof header, format, types[i].name, bytes);
        write_tensors(header, (size_t)bytes);
        if (!EXPECT_OK(open_directory(&checkpoint)))
            continue;
        const gpt__tensor *tensor = gpt__checkpoint_at(checkpoint, 0);
        EXPECT_INT(tensor->element, types[i].element);
        EXPECT_STRING(tensor->type_name, types[i].name);
        EXPECT_INT(gpt__tensor_is_float(tensor), types[i].is_float);
        EXPECT_STATUS(gpt__tensor_to_f32(out, tensor, 0, 4), types[i].is_float ? GPT_OK : GPT_E_UNSUPPORTED);
        if (!types[i].is_float)
            EXPECT_MESSAGE(types[i].name);
        gpt__checkpoint_close(checkpoint);
        snprintf(header, sizeof header, format, types[i].name, bytes + 1);
        expect_header_refused(header, (size_t)bytes + 1, GPT_E_FORMAT, "expected 4 elements");
    }
}

/*
 * Hostile headers.
 */

#define TENSOR(dtype, shape, offsets) \
    "{\"t\":{\"dtype\":" dtype ",\"shape\":" shape ",\"data_offsets\":" offsets "}}"

static void wrong_headers_are_refused(void)
{
    static const struct {
        const char *header;
        size_t data_bytes;
        gpt_status status;
        const char *message;
    } cases[] = {
        {"", 0, GPT_E_FORMAT, "JSON"},
        {"{", 0, GPT_E_FORMAT, "JSON"},
        {"[]", 0, GPT_E_FORMAT, "object"},
        {"null", 0, GPT_E_FORMAT, "object"},
        {"7", 0, GPT_E_FORMAT, "object"},
        {"{}x", 0, GPT_E_FORMAT, "follows"},
        {"{\"t\":1}", 0, GPT_E_FORMAT, "tensor t"},
        {"{\"t\":[]}", 0, GPT_E_FORMAT, "tensor t"},
        {"{\"t\":null}", 0, GPT_E_FORMAT, "tensor t"},
        {"{\"t\":{}}", 0, GPT_E_FORMAT, "dtype"},
        {"{\"__metadata__\":3}", 0, GPT_E_FORMAT, "__metadata__"},
        {TENSOR("3", "[1]", "[0,4]"), 4, GPT_E_FORMAT, "dtype"},
        {TENSOR("null", "[1]", "[0,4]"), 4, GPT_E_FORMAT, "dtype"},
        {TENSOR("\"F33\"", "[1]", "[0,4]"), 4, GPT_E_UNSUPPORTED, "F33"},
        {TENSOR("\"f32\"", "[1]", "[0,4]"), 4, GPT_E_UNSUPPORTED, "f32"},
        {TENSOR("\"\"", "[1]", "[0,4]"), 4, GPT_E_UNSUPPORTED, "tensor t"},
        {TENSOR("\"F32\"", "1", "[0,4]"), 4, GPT_E_FORMAT, "shape"},
        {TENSOR("\"F32\"", "{\"a\":1}", "[0,4]"), 4, GPT_E_FORMAT, "shape"},
        {TENSOR("\"F32\"", "[-1]", "[0,4]"), 4, GPT_E_FORMAT, "shape"},
        {TENSOR("\"F32\"", "[1.5]", "[0,4]"), 4, GPT_E_FORMAT, "shape"},
        {TENSOR("\"F32\"", "[\"1\"]", "[0,4]"), 4, GPT_E_FORMAT, "shape"},
        {TENSOR("\"F32\"", "[1e300]", "[0,4]"), 4, GPT_E_FORMAT, "shape"},
        {TENSOR("\"F32\"", "[null]", "[0,4]"), 4, GPT_E_FORMAT, "shape"},
        {TENSOR("\"F32\"", "[[1]]", "[0,4]"), 4, GPT_E_FORMAT, "shape"},
        {TENSOR("\"F32\"", "[2]", "[0,4]"), 4, GPT_E_FORMAT, "expected 2 elements of F32"},
        {TENSOR("\"F32\"", "[1,1,1,1,1,1,1,1,1]", "[0,4]"), 4, GPT_E_UNSUPPORTED, "9 dimensions"},
        {TENSOR("\"F32\"", "[4294967296,4294967296]", "[0,0]"), 0, GPT_E_FORMAT, "too large"},
        {TENSOR("\"F32\"", "[4611686018427387905]", "[0,4]"), 4, GPT_E_FORMAT, "shape"},
        {TENSOR("\"F32\"", "[1048576,1048576,1048577]", "[0,4]"), 4, GPT_E_FORMAT, "elements"},
        {TENSOR("\"F4\"", "[3]", "[0,1]"), 1, GPT_E_FORMAT, "expected 3 elements"},
        {TENSOR("\"F32\"", "[1]", "[0]"), 4, GPT_E_FORMAT, "data_offsets"},
        {TENSOR("\"F32\"", "[1]", "[]"), 4, GPT_E_FORMAT, "data_offsets"},
        {TENSOR("\"F32\"", "[1]", "[0,4,8]"), 4, GPT_E_FORMAT, "data_offsets"},
        {TENSOR("\"F32\"", "[1]", "4"), 4, GPT_E_FORMAT, "data_offsets"},
        {TENSOR("\"F32\"", "[1]", "[4,0]"), 4, GPT_E_FORMAT, "data_offsets"},
        {TENSOR("\"F32\"", "[1]", "[-4,0]"), 4, GPT_E_FORMAT, "data_offsets"},
        {TENSOR("\"F32\"", "[1]", "[0.5,4.5]"), 5, GPT_E_FORMAT, "data_offsets"},
        {TENSOR("\"F32\"", "[1]", "[0,\"4\"]"), 4, GPT_E_FORMAT, "data_offsets"},
        {TENSOR("\"F32\"", "[1]", "[0,1e999]"), 4, GPT_E_FORMAT, "data_offsets"},
        {TENSOR("\"F32\"", "[1]", "[1,5]"), 4, GPT_E_FORMAT, "only 4"},
        {TENSOR("\"F32\"", "[1]", "[9007199254740988,9007199254740992]"), 4, GPT_E_FORMAT, "only 4"},
        {TENSOR("\"F32\"", "[1]", "[18446744073709551612,18446744073709551616]"), 4, GPT_E_FORMAT, "data_offsets"},
        /* Data that belong to no tensor, before, between and after. */
        {TENSOR("\"F32\"", "[1]", "[0,4]"), 5, GPT_E_FORMAT, "4 bytes, but the file holds 5"},
        {TENSOR("\"F32\"", "[1]", "[1,5]"), 5, GPT_E_FORMAT, "4 bytes, but the file holds 5"},
        {"{}", 1, GPT_E_FORMAT, "0 bytes"},
        /* The same name twice, and shared bytes. */
        {"{\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
         "\"t\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
         2, GPT_E_FORMAT, "tensor t is there twice"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[1,3]}}",
         3, GPT_E_FORMAT, "overlap"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]}}",
         2, GPT_E_FORMAT, "overlap"},
        {"{\"a\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]},"
         "\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
         4, GPT_E_FORMAT, "overlap"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        expect_header_refused(cases[i].header, cases[i].data_bytes, cases[i].status, cases[i].message);
}

static void wrong_lengths_are_refused(void)
{
    static const char header[] = TENSOR("\"F32\"", "[1]", "[0,4]");
    static const int64_t claims[] = {0, 1, sizeof header, sizeof header + 3, sizeof header + 4, 100000001, INT64_MAX};
    for (size_t i = 0; i < sizeof claims / sizeof claims[0]; i++) {
        clear_directory();
        write_claiming("model.safetensors", claims[i], header, 4);
        expect_refused(GPT_E_FORMAT, "model.safetensors");
    }
    /* A length with the highest bit set, and files that end in the length itself. */
    clear_directory();
    for (size_t length = 0; length <= 8; length++) {
        free(test_write_file("model.safetensors", "\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", length));
        expect_refused(GPT_E_FORMAT, "model.safetensors");
    }
}

/* Every way to cut a good file short gives a message. */
static void truncated_files_are_refused(void)
{
    write_tensors(TENSOR("\"F32\"", "[2]", "[0,8]"), 8);
    size_t length;
    char *path = gpt__join_path(test_directory(), "model.safetensors");
    char *bytes = test_read_file(&length, path);
    for (size_t cut = 0; cut < length; cut++) {
        free(test_write_file("model.safetensors", bytes, cut));
        expect_refused(GPT_E_FORMAT, "model.safetensors");
    }
    free(bytes);
    gpt__release(path);
}

static void deep_and_wide_headers_end(void)
{
    enum { MANY = 200000 };
    char *header = malloc(MANY + 100);
    memset(header, '[', MANY);
    header[MANY] = '\0';
    expect_header_refused(header, 0, GPT_E_FORMAT, "JSON");
    strcpy(header, "{\"t\":");
    memset(header + 5, '{', MANY - 5);
    expect_header_refused(header, 0, GPT_E_FORMAT, "JSON");
    free(header);
    /* Many tensors without bytes, all of one name. */
    gpt__buffer text = {0};
    EXPECT_OK(gpt__buffer_add_string(&text, "{"));
    for (int i = 0; i < 5000; i++) {
        EXPECT_OK(gpt__buffer_add_string(&text, i ? "," : ""));
        EXPECT_OK(gpt__buffer_add_string(&text, "\"n\":{\"dtype\":\"U8\",\"shape\":[0],\"data_offsets\":[0,0]}"));
    }
    EXPECT_OK(gpt__buffer_add_string(&text, "}"));
    expect_header_refused(text.bytes, 0, GPT_E_FORMAT, "twice");
    gpt__buffer_release(&text);
}

static void names_in_messages_are_harmless(void)
{
    write_tensors("{\"a\\u0000b%s%n\\n\\u001b[31m\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,1]}}", 1);
    expect_refused(GPT_E_FORMAT, "tensor a");
    for (const char *c = gpt_error_message(); *c != '\0'; c++)
        EXPECT((unsigned char)*c >= 0x20);
}

/*
 * Shards.
 */

static void write_shards(const char *index)
{
    clear_directory();
    write_claiming("a.safetensors", -1, "{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                                        "\"y\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2);
    write_claiming("b.safetensors", -1, "{\"z\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}", 3);
    write_text("model.safetensors.index.json", index);
}

static void shards_are_read(void)
{
    gpt__checkpoint *checkpoint;
    write_shards("{\"metadata\":{\"total_size\":5},\"weight_map\":"
                 "{\"x\":\"a.safetensors\",\"z\":\"b.safetensors\",\"y\":\"a.safetensors\"}}");
    if (!EXPECT_OK(open_directory(&checkpoint)))
        return;
    EXPECT_INT(gpt__checkpoint_count(checkpoint), 3);
    const gpt__tensor *x = gpt__checkpoint_find(checkpoint, "x");
    const gpt__tensor *y = gpt__checkpoint_find(checkpoint, "y");
    const gpt__tensor *z = gpt__checkpoint_find(checkpoint, "z");
    EXPECT(x != NULL && y != NULL && z != NULL && x->file == y->file && y->file != z->file && z->count == 3);
    gpt__checkpoint_close(checkpoint);
    /* model.safetensors comes before an index. */
    write_claiming("model.safetensors", -1, "{}", 0);
    EXPECT_OK(open_directory(&checkpoint));
    EXPECT_INT(gpt__checkpoint_count(checkpoint), 0);
    gpt__checkpoint_close(checkpoint);
}

static void wrong_indexes_are_refused(void)
{
    static const struct {
        const char *index;
        const char *message;
    } cases[] = {
        {"", "JSON"},
        {"[]", "weight_map"},
        {"{}", "weight_map"},
        {"{\"weight_map\":null}", "weight_map"},
        {"{\"weight_map\":[]}", "weight_map"},
        {"{\"weight_map\":{\"x\":1}}", "tensor x"},
        {"{\"weight_map\":{\"x\":null}}", "tensor x"},
        {"{\"weight_map\":{\"x\":\"\"}}", "same directory"},
        {"{\"weight_map\":{\"x\":\".\"}}", "same directory"},
        {"{\"weight_map\":{\"x\":\"..\"}}", "same directory"},
        {"{\"weight_map\":{\"x\":\"../a.safetensors\"}}", "same directory"},
        {"{\"weight_map\":{\"x\":\"/etc/passwd\"}}", "same directory"},
        {"{\"weight_map\":{\"x\":\"sub/a.safetensors\"}}", "same directory"},
        {"{\"weight_map\":{\"x\":\"./a.safetensors\"}}", "same directory"},
        {"{\"weight_map\":{\"x\":\"c.safetensors\"}}", "shard c.safetensors, which should hold tensor x, is missing"},
        {"{\"weight_map\":{\"q\":\"a.safetensors\"}}", "a.safetensors should hold tensor q"},
        {"{\"weight_map\":{\"z\":\"a.safetensors\"}}", "a.safetensors should hold tensor z"},
        {"{\"weight_map\":{\"x\":\"a.safetensors\",\"z\":\"a.safetensors\",\"y\":\"b.safetensors\"}}", "should hold"},
        {"{\"weight_map\":{\"x\":\"model.safetensors.index.json\"}}", "index.json"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        write_shards(cases[i].index);
        expect_refused(GPT_E_FORMAT, cases[i].message);
    }
    /* A name in two shards. */
    write_shards("{\"weight_map\":{\"x\":\"a.safetensors\",\"z\":\"b.safetensors\"}}");
    write_claiming("b.safetensors", -1, "{\"x\":{\"dtype\":\"U8\",\"shape\":[3],\"data_offsets\":[0,3]}}", 3);
    expect_refused(GPT_E_FORMAT, "tensor x is there twice");
    /* A shard that is a directory. */
    write_shards("{\"weight_map\":{\"x\":\"a.safetensors\"}}");
    char *path = gpt__join_path(test_directory(), "a.safetensors");
    EXPECT(unlink(path) == 0 && mkdir(path, 0777) == 0);
    expect_refused(GPT_E_FILE, "a.safetensors");
    gpt__release(path);
}

/*
 * Directories.
 */

static void missing_weights_are_named(void)
{
    gpt__checkpoint *checkpoint;
    clear_directory();
    expect_refused(GPT_E_NOT_FOUND, "no model.safetensors");
    EXPECT_STATUS(gpt__checkpoint_open(&checkpoint, "/nonexistent"), GPT_E_NOT_FOUND);
    EXPECT_MESSAGE("/nonexistent: no such directory");
    EXPECT_STATUS(gpt__checkpoint_open(&checkpoint, ""), GPT_E_NOT_FOUND);
    write_text("pytorch_model.bin", "PK");
    expect_refused(GPT_E_UNSUPPORTED, "save_pretrained(directory, safe_serialization=True)");
    clear_directory();
    write_text("pytorch_model.bin.index.json", "{}");
    expect_refused(GPT_E_UNSUPPORTED, "safe_serialization=True");
    write_claiming("model.safetensors", -1, "{}", 0);
    EXPECT_OK(open_directory(&checkpoint));
    gpt__checkpoint_close(checkpoint);
}

static void failing_allocations_leak_nothing(void)
{
    for (int sharded = 0; sharded < 2; sharded++) {
        if (sharded)
            write_shards("{\"weight_map\":{\"x\":\"a.safetensors\",\"z\":\"b.safetensors\"}}");
        else
            write_tensors("{\"x\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},"
                          "\"y\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}", 2);
        gpt_status status = GPT_E_MEMORY;
        for (int every_later = 0; every_later < 2; every_later++)
            for (long n = 0; n < 200; n++) {
                gpt__checkpoint *checkpoint;
                gpt__fail_allocation_after(n, every_later);
                status = open_directory(&checkpoint);
                gpt__fail_allocation_after(-1, 0);
                gpt__checkpoint_close(checkpoint);
                if (status == GPT_OK)
                    break;
                EXPECT_INT(status, GPT_E_MEMORY);
                EXPECT_MESSAGE("out of memory");
            }
        EXPECT_OK(status);
    }
}

/*
 * Conversion.
 */

static gpt__tensor tensor_over(const void *data, gpt__element element, int64_t count, const gpt__file *file)
{
    return (gpt__tensor){.name = "t", .element = element, .count = count, .data = data, .file = file};
}

static void halves_convert_in_bulk(void)
{
    static unsigned char data[2 * 65536 + 1];
    static float out[65537];
    gpt__file file = {.path = "file"};
    /* At an odd address, as files place tensors anywhere. */
    for (unsigned i = 0; i < 65536; i++) {
        data[1 + 2 * i] = (unsigned char)i;
        data[2 + 2 * i] = (unsigned char)(i >> 8);
    }
    gpt__tensor tensor = tensor_over(data + 1, GPT__ELEMENT_F16, 65536, &file);
    int wrong = 0;
    EXPECT_OK(gpt__tensor_to_f32(out, &tensor, 0, 65536));
    for (unsigned i = 0; i < 65536; i++) {
        double magnitude = (i >> 10 & 31) ? ldexp(1024 + (i & 1023), (int)(i >> 10 & 31) - 25) : ldexp(i & 1023, -24);
        double expected = (i & 0x7FFF) == 0x7C00 ? INFINITY : magnitude;
        if ((i & 0x7FFF) > 0x7C00)
            wrong += !isnan(out[i]);
        else
            wrong += out[i] != (i & 0x8000 ? -expected : expected) || !signbit(out[i]) != !(i & 0x8000);
    }
    tensor.element = GPT__ELEMENT_BF16;
    EXPECT_OK(gpt__tensor_to_f32(out, &tensor, 0, 65536));
    for (unsigned i = 0; i < 65536; i++)
        wrong += gpt__bits_from_float(out[i]) != i << 16;
    EXPECT_INT(wrong, 0);
}

/* Every offset and length gives the same as converting all, and touches nothing beyond. */
static void parts_convert_alike(void)
{
    static unsigned char data[8 * 70];
    static const gpt__element elements[] = {GPT__ELEMENT_F32, GPT__ELEMENT_F16, GPT__ELEMENT_BF16, GPT__ELEMENT_F64};
    gpt__file file = {.path = "file"};
    int wrong = 0;
    for (int i = 0; i < 70; i++) {
        double value = i * 1.25 - 40;
        memcpy(data + 8 * i, &value, 8);
    }
    for (int e = 0; e < 4; e++) {
        float all[70], part[72];
        gpt__tensor tensor = tensor_over(data, elements[e], 70, &file);
        wrong += gpt__tensor_to_f32(all, &tensor, 0, 70) != GPT_OK;
        for (int first = 0; first <= 70; first++)
            for (int count = 0; count <= 70 - first; count++) {
                part[0] = part[count + 1] = 12345;
                wrong += gpt__tensor_to_f32(part + 1, &tensor, first, count) != GPT_OK;
                wrong += memcmp(part + 1, all + first, (size_t)count * sizeof *all) != 0;
                wrong += part[0] != 12345 || part[count + 1] != 12345;
            }
        if (elements[e] == GPT__ELEMENT_F64)
            for (int i = 0; i < 70; i++)
                wrong += all[i] != i * 1.25f - 40;
        if (elements[e] == GPT__ELEMENT_F32)
            for (int i = 0; i < 70; i++)
                wrong += gpt__bits_from_float(all[i]) != gpt__read_u32(data + 4 * i);
    }
    EXPECT_INT(wrong, 0);
}

static void ranges_outside_are_refused(void)
{
    unsigned char data[8] = {0};
    float out[4];
    gpt__file file = {.path = "some/file"};
    gpt__tensor tensor = tensor_over(data, GPT__ELEMENT_F32, 2, &file);
    EXPECT_STATUS(gpt__tensor_to_f32(out, &tensor, 0, 3), GPT_E_INTERNAL);
    EXPECT_STATUS(gpt__tensor_to_f32(out, &tensor, -1, 1), GPT_E_INTERNAL);
    EXPECT_STATUS(gpt__tensor_to_f32(out, &tensor, 2, 1), GPT_E_INTERNAL);
    EXPECT_STATUS(gpt__tensor_to_f32(out, &tensor, 1, INT64_MAX), GPT_E_INTERNAL);
    EXPECT_STATUS(gpt__tensor_to_f32(out, &tensor, INT64_MAX, 1), GPT_E_INTERNAL);
    EXPECT_STATUS(gpt__tensor_to_f32(out, &tensor, 0, -1), GPT_E_INTERNAL);
    EXPECT_MESSAGE("some/file");
    EXPECT_OK(gpt__tensor_to_f32(out, &tensor, 2, 0));
}

/* As many as several threads share give what each gives by itself. */
static void mxfp4_blocks_in_threads(void)
{
    enum { COUNT = 3000 };
    unsigned char *blocks = malloc(COUNT * 16 + COUNT);
    unsigned char *scales = blocks + COUNT * 16;
    uint16_t *out = malloc(COUNT * 32 * sizeof *out);
    int wrong = 0;
    for (int i = 0; i < COUNT * 16 + COUNT; i++)
        blocks[i] = (unsigned char)(i * 2654435761u >> 24);
    gpt__mxfp4_to_bf16(out, blocks, scales, COUNT);
    for (int b = 0; b < COUNT; b++) {
        uint16_t one[32];
        gpt__mxfp4_to_bf16(one, blocks + b * 16, scales + b, 1);
        wrong += memcmp(one, out + b * 32, sizeof one) != 0;
        float first = gpt__e2m1_to_f32(blocks[b * 16] & 15) * gpt__e8m0_to_f32(scales[b]);
        wrong += one[0] != gpt__f32_to_bf16(first);
    }
    EXPECT_INT(wrong, 0);
    free(blocks);
    free(out);
}

/*
 * JSON.
 */

/* The allocations of cJSON that come before one fails, as malloc does. */
static int cjson_allocations_left;

static void *failing_malloc(size_t bytes)
{
    if (cjson_allocations_left-- > 0)
        return malloc(bytes);
    errno = ENOMEM;
    return NULL;
}

/* The n-th allocation fails, for each n until the text is parsed; text that is wrong is so after a failure, too. */
static void json_without_memory(void)
{
    static const char text[] = "{\"a\": [1, \"two\", {\"b\": null}]}";
    cJSON_Hooks hooks = {failing_malloc, free};
    gpt_status status = GPT_E_MEMORY;
    gpt__json json;
    cJSON_InitHooks(&hooks);
    for (int n = 0; n < 100 && status == GPT_E_MEMORY; n++) {
        cjson_allocations_left = n;
        status = gpt__json_parse(&json, text, sizeof text - 1, "config.json");
        if (status != GPT_OK && EXPECT_STATUS(status, GPT_E_MEMORY))
            EXPECT_MESSAGE("config.json: out of memory");
    }
    EXPECT_OK(status);
    gpt__json_close(&json);
    cJSON_InitHooks(NULL);
    errno = ENOMEM;
    EXPECT_STATUS(gpt__json_parse(&json, "[1", 2, "config.json"), GPT_E_FORMAT);
}

static void json_members_are_checked(void)
{
    static const char text[] = "{\"i\":7,\"big\":1e16,\"half\":0.5,\"s\":\"x\",\"t\":true,\"n\":null,"
                               "\"o\":{},\"a\":[]}";
    gpt__json json;
    int64_t whole = -5;
    double number = -5;
    int flag = -5;
    const char *string = "kept";
    const cJSON *object = NULL;
    EXPECT_OK(gpt__json_parse(&json, text, sizeof text - 1, "config.json"));
    EXPECT_OK(gpt__json_int(&whole, &json, json.root, "none", 0, 9));
    EXPECT_OK(gpt__json_int(&whole, &json, json.root, "n", 0, 9));
    EXPECT_OK(gpt__json_int(&whole, &json, NULL, "i", 0, 9));
    EXPECT_INT(whole, -5);
    EXPECT_OK(gpt__json_int(&whole, &json, json.root, "i", 0, 9));
    EXPECT_INT(whole, 7);
    EXPECT_STATUS(gpt__json_int(&whole, &json, json.root, "i", 0, 6), GPT_E_FORMAT);
    EXPECT_MESSAGE("config.json: \"i\" is 7");
    EXPECT_STATUS(gpt__json_int(&whole, &json, json.root, "half", 0, 9), GPT_E_FORMAT);
    EXPECT_STATUS(gpt__json_int(&whole, &json, json.root, "big", 0, INT64_MAX), GPT_E_FORMAT);
    EXPECT_STATUS(gpt__json_int(&whole, &json, json.root, "s", 0, 9), GPT_E_FORMAT);
    EXPECT_INT(whole, 7);
    EXPECT_OK(gpt__json_number(&number, &json, json.root, "half"));
    EXPECT(number == 0.5);
    EXPECT_STATUS(gpt__json_number(&number, &json, json.root, "t"), GPT_E_FORMAT);
    EXPECT_OK(gpt__json_bool(&flag, &json, json.root, "t"));
    EXPECT_INT(flag, 1);
    EXPECT_STATUS(gpt__json_bool(&flag, &json, json.root, "i"), GPT_E_FORMAT);
    EXPECT_OK(gpt__json_string(&string, &json, json.root, "none"));
    EXPECT_STRING(string, "kept");
    EXPECT_OK(gpt__json_string(&string, &json, json.root, "s"));
    EXPECT_STRING(string, "x");
    EXPECT_STATUS(gpt__json_string(&string, &json, json.root, "o"), GPT_E_FORMAT);
    EXPECT_STATUS(gpt__json_object(&object, &json, json.root, "a"), GPT_E_FORMAT);
    EXPECT_STATUS(gpt__json_array(&object, &json, json.root, "o"), GPT_E_FORMAT);
    EXPECT(object == NULL);
    EXPECT_OK(gpt__json_array(&object, &json, json.root, "a"));
    EXPECT(object != NULL);
    gpt__json_close(&json);
    gpt__json_close(&json);
}

static void json_mistakes_have_a_line(void)
{
    gpt__json json;
    static const char text[] = "{\n\"a\": 1,\n\"b\": }\n";
    EXPECT_STATUS(gpt__json_parse(&json, text, sizeof text - 1, "f"), GPT_E_FORMAT);
    EXPECT_MESSAGE("f: not valid JSON (line 3)");
    EXPECT(json.root == NULL && json.path == NULL);
    EXPECT_STATUS(gpt__json_parse(&json, "{}\n\n]", 5, "f"), GPT_E_FORMAT);
    EXPECT_MESSAGE("line 3");
    EXPECT_STATUS(gpt__json_parse(&json, "{}\0", 3, "f"), GPT_E_FORMAT);
    EXPECT_STATUS(gpt__json_parse(&json, NULL, 0, "f"), GPT_E_FORMAT);
    EXPECT_STATUS(gpt__json_open(&json, "/nonexistent"), GPT_E_NOT_FOUND);
    gpt__json_close(&json);
    gpt__fail_allocation_after(0, 1);
    EXPECT_STATUS(gpt__json_parse(&json, "{}", 2, "f"), GPT_E_MEMORY);
    gpt__fail_allocation_after(-1, 0);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(tensors_are_found);
    TEST(a_file_without_tensors_is_empty);
    TEST(all_types_have_their_size);
    TEST(wrong_headers_are_refused);
    TEST(wrong_lengths_are_refused);
    TEST(truncated_files_are_refused);
    TEST(deep_and_wide_headers_end);
    TEST(names_in_messages_are_harmless);
    TEST(shards_are_read);
    TEST(wrong_indexes_are_refused);
    TEST(missing_weights_are_named);
    TEST(failing_allocations_leak_nothing);
    TEST(halves_convert_in_bulk);
    TEST(parts_convert_alike);
    TEST(ranges_outside_are_refused);
    TEST(mxfp4_blocks_in_threads);
    TEST(json_without_memory);
    TEST(json_members_are_checked);
    TEST(json_mistakes_have_a_line);
    return TEST_END();
}
