/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_model.c: finding a model by name, opening it, and refusing directories of which one thing is wrong. */
#include "test_model_refusals.h"

#include "base/file.h"

#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Finding.
 */

static const char *const variables[] = {"GPT_MODEL_PATH", "XDG_DATA_HOME",  "HF_HUB_CACHE",
                                        "HF_HOME",        "XDG_CACHE_HOME", "HOME"};
#define VARIABLES (sizeof variables / sizeof *variables)

/* The environment of the test program, put back after each case. */
static char *kept[VARIABLES];

static void clear_environment(void)
{
    for (size_t i = 0; i < VARIABLES; i++) {
        const char *value = getenv(variables[i]);
        kept[i] = value != NULL ? strdup(value) : NULL;
        unsetenv(variables[i]);
    }
}

static void restore_environment(void)
{
    for (size_t i = 0; i < VARIABLES; i++) {
        if (kept[i] != NULL)
            setenv(variables[i], kept[i], 1);
        else
            unsetenv(variables[i]);
        free(kept[i]);
    }
}

/* Points a variable to a directory below test_directory(). */
static void point(const char *variable, const char *directory)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", test_directory(), directory);
    setenv(variable, path, 1);
}

/* A directory that counts as a model. */
static void make_model(const char *name)
{
    char *directory = model_directory(name);
    model_write_text(directory, "config.json", "{}");
    free(directory);
}

/* A model in a Hugging Face cache: refs/main holds a commit, and the files of the snapshot are links to blobs. */
static void make_cached(const char *cache, const char *folder, const char *refs_main)
{
    char name[256];
    snprintf(name, sizeof name, "%s/%s/blobs", cache, folder);
    char *blobs = model_directory(name);
    model_write_text(blobs, "b10b", "{}");
    snprintf(name, sizeof name, "%s/%s/refs", cache, folder);
    char *refs = model_directory(name);
    model_write_text(refs, "main", refs_main);
    snprintf(name, sizeof name, "%s/%s/snapshots/0123abcd", cache, folder);
    char *snapshot = model_directory(name);
    char link[512];
    snprintf(link, sizeof link, "%s/config.json", snapshot);
    EXPECT(symlink("../../blobs/b10b", link) == 0);
    free(blobs);
    free(refs);
    free(snapshot);
}

/* The name is found, in the directory below test_directory(). */
static void expect_found(const char *name, const char *directory)
{
    char expected[512];
    char *path = NULL;
    snprintf(expected, sizeof expected, "%s%s%s", test_directory(), directory[0] != '\0' ? "/" : "", directory);
    if (EXPECT_OK(gpt_model_find(&path, name)))
        EXPECT_STRING(path, expected);
    gpt_free(path);
}

static void expect_missing(const char *name, const char *part)
{
    char untouched;
    char *path = &untouched;
    EXPECT_STATUS(gpt_model_find(&path, name), GPT_E_NOT_FOUND);
    EXPECT(path == NULL);
    EXPECT_MESSAGE(part);
}

static void count_lines(gpt_log_level level, const char *line, void *user)
{
    *(int *)user += level == GPT_LOG_INFO && strstr(line, "opened as f32") != NULL;
}

/* Opens a bf16 model as on an older processor. The exit code of a process: oneDNN asks for its limit but once. */
static int open_on_older_processor(const char *directory)
{
    int lines = 0;
    gpt_model *model = NULL;
    setenv("DNNL_MAX_CPU_ISA", "AVX2", 1);
    gpt_log_set_callback(count_lines, GPT_LOG_INFO, &lines);
    if (gpt_model_open(&model, directory, NULL) != GPT_OK)
        return 1;
    int code = gpt_model_dtype(model) == GPT_DTYPE_BF16 ? 2 : lines == 1 ? 0 : 3;
    gpt_model_free(model);
    return code;
}

/* Who asks hears that products are of another type than the file. */
static void other_types_are_told(void)
{
    model_maker m;
    int status = 0;
    model_load(&m);
    model_halve(&m, "BF16");
    char *directory = model_write(&m, "bf16-model");
    fflush(stdout);
    pid_t child = fork();
    if (child == 0)
        _exit(open_on_older_processor(directory));
    EXPECT(child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status));
    if (WEXITSTATUS(status) == 2)
        test_skip("oneDNN has bf16 products for older processors, too");
    else
        EXPECT_INT(WEXITSTATUS(status), 0);
    free(directory);
    model_free(&m);
}

/* Every place in turn: the one before it is taken away first. */
static void find_in_every_place(void)
{
    clear_environment();
    make_model("p1/org/m");
    make_model("p2/org/m");
    make_model("data/gpt/models/org/m");
    make_model("home/.local/share/gpt/models/org/m");
    make_cached("hub", "models--org--m", "0123abcd");
    make_cached("hf/hub", "models--org--m", "0123abcd");
    make_cached("cache/huggingface/hub", "models--org--m", "0123abcd");
    make_cached("home/.cache/huggingface/hub", "models--org--m", "0123abcd\n");
    char list[1024];
    snprintf(list, sizeof list, ":%s/none::%s/p1:%s/p2:", test_directory(), test_directory(), test_directory());
    setenv("GPT_MODEL_PATH", list, 1);
    point("XDG_DATA_HOME", "data");
    point("HF_HUB_CACHE", "hub");
    point("HF_HOME", "hf");
    point("XDG_CACHE_HOME", "cache");
    point("HOME", "home");

    expect_found("org/m", "p1/org/m");
    snprintf(list, sizeof list, "%s/none:%s/p2/", test_directory(), test_directory());
    setenv("GPT_MODEL_PATH", list, 1);
    expect_found("org/m", "p2/org/m");
    setenv("GPT_MODEL_PATH", "", 1);
    expect_found("org/m", "data/gpt/models/org/m");
    unsetenv("XDG_DATA_HOME");
    expect_found("org/m", "home/.local/share/gpt/models/org/m");
    point("XDG_DATA_HOME", "none");
    expect_found("org/m", "hub/models--org--m/snapshots/0123abcd");
    unsetenv("HF_HUB_CACHE");
    expect_found("org/m", "hf/hub/models--org--m/snapshots/0123abcd");
    unsetenv("HF_HOME");
    expect_found("org/m", "cache/huggingface/hub/models--org--m/snapshots/0123abcd");
    unsetenv("XDG_CACHE_HOME");
    expect_found("org/m", "home/.cache/huggingface/hub/models--org--m/snapshots/0123abcd");
    unsetenv("HOME");
    expect_missing("org/m", "org/m");
    restore_environment();
}

static void find_lists_the_places(void)
{
    clear_environment();
    setenv("GPT_MODEL_PATH", "/one:/two", 1);
    setenv("XDG_DATA_HOME", "/three", 1);
    setenv("HF_HUB_CACHE", "/four", 1);
    expect_missing("such-a-model", "such-a-model");
    const char *const places[] = {"/one", "/two", "/three/gpt/models", "/four"};
    const char *at = gpt_error_message();
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        if (EXPECT(at != NULL && strstr(at, places[i]) != NULL))
            at = strstr(at, places[i]);
#ifdef GPT_MODELS_DIR
    EXPECT(at != NULL && strstr(at, GPT_MODELS_DIR) != NULL);
#endif
    unsetenv("GPT_MODEL_PATH");
    unsetenv("XDG_DATA_HOME");
    expect_missing("such-a-model", " in /four");
    restore_environment();
}

static void find_existing_paths(void)
{
    char *path = NULL;
    char file[512], link[512];
    make_model("there/model");
    expect_found(test_directory(), "");
    snprintf(file, sizeof file, "%s/there/model/config.json", test_directory());
    EXPECT_OK(gpt_model_find(&path, file));
    EXPECT_STRING(path, file);
    gpt_free(path);
    /* A path may lead anywhere, and need not be a model; only names are kept inside the places. */
    snprintf(file, sizeof file, "%s/there/model/../model", test_directory());
    EXPECT_OK(gpt_model_find(&path, file));
    EXPECT_STRING(path, file);
    gpt_free(path);
    snprintf(link, sizeof link, "%s/dangling", test_directory());
    EXPECT(symlink("nowhere", link) == 0);
    expect_missing(link, "dangling");
}

/* Paths of which the system does not say whether they exist are not "missing". */
static void find_unreadable_paths(void)
{
    char path[5000];
    char *found = NULL;
    gpt_tokenizer *tokenizer = NULL;
    gpt_model *model = NULL;
    snprintf(path, sizeof path, "%s/loop", test_directory());
    EXPECT_INT(symlink("loop", path), 0);
    EXPECT_STATUS(gpt_model_find(&found, path), GPT_E_FILE);
    EXPECT_MESSAGE("loop: too many symbolic links");
    EXPECT_STATUS(gpt_model_open(&model, path, NULL), GPT_E_FILE);
    EXPECT_STATUS(gpt_tokenizer_open(&tokenizer, path), GPT_E_FILE);
    memset(path, 'x', sizeof path - 1);
    path[0] = '/';
    path[sizeof path - 1] = '\0';
    EXPECT_STATUS(gpt_model_find(&found, path), GPT_E_FILE);
    EXPECT_MESSAGE("the name is too long");
    EXPECT(found == NULL && model == NULL && tokenizer == NULL);
}

/* The files that a directory need not have: each is there, and can not be read. */
static void unreadable_files(void)
{
    static const char *const names[] = {"tokenizer.json", "vocab.json", "generation_config.json", "model.safetensors"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[100];
        gpt_model *model = NULL;
        model_maker m;
        model_load(&m);
        snprintf(name, sizeof name, "unreadable-%zu", i);
        char *directory = model_write(&m, name);
        char *path = gpt__join_path(directory, names[i]);
        unlink(path);
        EXPECT_INT(symlink(names[i], path), 0);
        EXPECT_STATUS(gpt_model_open(&model, directory, NULL), GPT_E_FILE);
        EXPECT_MESSAGE(names[i]);
        EXPECT_MESSAGE("too many symbolic links");
        gpt__release(path);
        free(directory);
        model_free(&m);
    }
}

static void find_keeps_inside(void)
{
    static const char *const names[] = {"../x",   "x/../../x", "a/../x", "..",    ".",    "./x", "x/.", "x/..",
                                        "a//x",   "/x",        "//x",    "x/",    "a/./x", "/",
                                        "/no/such/place/anywhere"};
    clear_environment();
    make_model("inside/a/b");
    make_model("x");
    point("GPT_MODEL_PATH", "inside");
    point("HF_HUB_CACHE", "inside");
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcmp(names[i], "..") != 0 && strcmp(names[i], ".") != 0 && strcmp(names[i], "/") != 0)
            expect_missing(names[i], names[i]);
    expect_found("a/b", "inside/a/b");
    char *path = NULL;
    EXPECT_STATUS(gpt_model_find(&path, ""), GPT_E_ARGUMENT);
    EXPECT_MESSAGE("name_or_path");
    EXPECT(path == NULL);
    /* Longer than any path of the system. */
    char *name = malloc(100001);
    memset(name, 'n', 100000);
    name[100000] = '\0';
    expect_missing(name, "nnn");
    free(name);
    restore_environment();
}

static void find_bad_refs(void)
{
    static const char *const refs[] = {"", "\n", "../../../x", "main", "ZZZZ", "0123abce", "0123abcd0", "/etc", "%s%n"};
    char folder[64], name[64];
    clear_environment();
    point("HF_HUB_CACHE", "bad-refs");
    for (size_t i = 0; i < sizeof refs / sizeof *refs; i++) {
        snprintf(folder, sizeof folder, "models--ref%zu", i);
        snprintf(name, sizeof name, "ref%zu", i);
        make_cached("bad-refs", folder, refs[i]);
        expect_missing(name, name);
    }
    free(model_directory("bad-refs/models--dir/refs/main"));
    expect_missing("dir", "dir");
    restore_environment();
}

/*
 * A call that works leaves the message, whatever it tried on the way: places to look in, a tokenizer, and settings that
 * mean nothing.
 */
static void success_leaves_the_message(void)
{
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    char *path = NULL;
    char list[1200];
    clear_environment();
    make_model("after/m");
    snprintf(list, sizeof list, "%s/endless:%s/after", test_directory(), test_directory());
    setenv("GPT_MODEL_PATH", list, 1);
    snprintf(list, sizeof list, "%s/endless", test_directory());
    EXPECT_INT(symlink("endless", list), 0);
    (void)gpt__fail(GPT_E_FILE, "the last failure");
    EXPECT_OK(gpt_model_find(&path, "m"));
    EXPECT_STRING(gpt_error_message(), "the last failure");
    gpt_free(path);
    model_maker m;
    model_load(&m);
    char *directory = model_write(&m, "no-tokenizer");
    model_write_text(directory, "generation_config.json", "{\"do_sample\": false, \"temperature\": 0}");
    EXPECT_OK(gpt_model_open(&model, directory, NULL));
    EXPECT(gpt_model_tokenizer(model) == NULL);
    EXPECT_STRING(gpt_error_message(), "the last failure");
    if (EXPECT_OK(gpt_generator_new(&generator, model)))
        EXPECT_OK(gpt_generator_reset_settings(generator));
    EXPECT_STRING(gpt_error_message(), "the last failure");
    gpt_generator_free(generator);
    gpt_model_free(model);
    EXPECT_STATUS(gpt_model_open(&model, "/nonexistent", NULL), GPT_E_NOT_FOUND);
    EXPECT_MESSAGE("/nonexistent");
    free(directory);
    model_free(&m);
    restore_environment();
}

static void open_by_name(void)
{
    gpt_model *model = NULL;
    gpt_tokenizer *tokenizer = NULL;
    clear_environment();
    free(model_with_tokenizer("store/org/tiny"));
    point("GPT_MODEL_PATH", "store");
    if (EXPECT_OK(gpt_model_open(&model, "org/tiny", NULL)))
        EXPECT(strstr(gpt_model_path(model), "store/org/tiny") != NULL);
    EXPECT_OK(gpt_tokenizer_open(&tokenizer, "org/tiny"));
    EXPECT_INT(gpt_tokenizer_vocab_size(tokenizer), 260);
    gpt_tokenizer_free(tokenizer);
    gpt_model_free(model);
    EXPECT_STATUS(gpt_model_open(&model, "org/other", NULL), GPT_E_NOT_FOUND);
    EXPECT_MESSAGE("org/other");
    EXPECT(model == NULL);
    restore_environment();
}

/*
 * Opening.
 */

#define PROBE 5
static const int32_t probe_ids[PROBE] = {3, 141, 59, 265, 358};

/* The logits of a fixed text, freed with free. */
static float *probe(const char *directory, gpt_dtype dtype)
{
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    float *logits = NULL;
    if (EXPECT_OK(model_open_as(&model, directory, dtype)) && EXPECT_OK(model_generator(&generator, model))) {
        logits = calloc((size_t)PROBE * (size_t)gpt_model_vocab_size(model), sizeof *logits);
        EXPECT_OK(gpt_generator_evaluate(logits, NULL, generator, probe_ids, PROBE));
    }
    gpt_generator_free(generator);
    gpt_model_free(model);
    return logits;
}

/* Two directories compute the same numbers, bit by bit. */
static void expect_same(const char *a, const char *b, gpt_dtype dtype)
{
    float *first = probe(a, dtype);
    float *second = probe(b, dtype);
    if (EXPECT(first != NULL && second != NULL))
        EXPECT(memcmp(first, second, PROBE * 512 * sizeof *first) == 0);
    free(first);
    free(second);
}

static void getters(void)
{
    model_maker m;
    gpt_model *model = NULL;
    double parameters = 0;
    model_load(&m);
    for (size_t i = 0; i < m.count; i++)
        parameters += (double)m.tensors[i].bytes / 4;
    char *directory = model_write(&m, "getters");
    if (EXPECT_OK(gpt_model_open(&model, directory, NULL))) {
        EXPECT_STRING(gpt_model_path(model), directory);
        EXPECT_STRING(gpt_model_family(model), "gpt2");
        EXPECT_INT(gpt_model_dtype(model), GPT_DTYPE_F32);
        EXPECT_INT(gpt_model_vocab_size(model), 512);
        EXPECT_INT(gpt_model_context_length(model), 128);
        EXPECT_INT(gpt_model_width(model), 64);
        EXPECT_INT(gpt_model_layers(model), 3);
        EXPECT_INT(gpt_model_heads(model), 4);
        EXPECT_INT(gpt_model_kv_heads(model), 4);
        EXPECT_INT(gpt_model_parameters(model), (int64_t)parameters);
        EXPECT(gpt_model_weight_bytes(model) >= 4 * (int64_t)parameters);
        EXPECT(gpt_model_tokenizer(model) == NULL);
    }
    gpt_model_free(model);
    free(directory);
    model_free(&m);
}

static void expect_dtype(const char *directory, gpt_dtype asked, gpt_dtype expected)
{
    gpt_model *model = NULL;
    if (EXPECT_OK(model_open_as(&model, directory, asked)))
        EXPECT_INT(gpt_model_dtype(model), expected);
    gpt_model_free(model);
}

/* 16-bit files hold the rounded weights exactly, so that f32 copies of them compute the same. */
static void dtypes(void)
{
    model_maker m;
    model_load(&m);
    model_round(&m);
    char *f32 = model_write(&m, "f32");
    model_halve(&m, "F16");
    char *f16 = model_write(&m, "f16");
    model_free(&m);
    model_load(&m);
    model_round(&m);
    model_halve(&m, "BF16");
    char *bf16 = model_write(&m, "bf16");
    model_free(&m);

    expect_dtype(f32, GPT_DTYPE_AUTO, GPT_DTYPE_F32);
    expect_dtype(f16, GPT_DTYPE_AUTO, GPT_DTYPE_F32);
    expect_dtype(f32, GPT_DTYPE_INT8, GPT_DTYPE_INT8);
    expect_same(f32, f16, GPT_DTYPE_F32);
    expect_same(f32, bf16, GPT_DTYPE_F32);
    gpt_model *model = NULL;
    gpt_status status = model_open_as(&model, f32, GPT_DTYPE_BF16);
    if (status == GPT_OK) {
        expect_dtype(bf16, GPT_DTYPE_AUTO, GPT_DTYPE_BF16);
        expect_same(f32, bf16, GPT_DTYPE_BF16);
    } else {
        /* This processor has no bf16 products. */
        EXPECT_STATUS(status, GPT_E_UNSUPPORTED);
        EXPECT_MESSAGE("bf16");
        expect_dtype(bf16, GPT_DTYPE_AUTO, GPT_DTYPE_F32);
    }
    gpt_model_free(model);
    free(f32);
    free(f16);
    free(bf16);
}

/* Files of the base model leave the prefix out, and those of the whole model have it. */
static void prefixes(void)
{
    model_maker m;
    char name[80];
    model_load(&m);
    for (size_t i = 0; i < m.count; i++)
        if (strncmp(m.tensors[i].name, "transformer.", 12) == 0) {
            snprintf(name, sizeof name, "%s", m.tensors[i].name + 12);
            strcpy(m.tensors[i].name, name);
        }
    char *without = model_write(&m, "without-prefix");
    for (size_t i = 0; i < m.count; i++) {
        snprintf(name, sizeof name, "transformer.%.60s", m.tensors[i].name);
        strcpy(m.tensors[i].name, name);
    }
    char *with = model_write(&m, "with-prefix");
    expect_same(with, without, GPT_DTYPE_F32);
    free(with);
    free(without);
    model_free(&m);
}

static int64_t parameters_of(const char *directory, gpt_dtype dtype)
{
    gpt_model *model = NULL;
    EXPECT_OK(model_open_as(&model, directory, dtype));
    int64_t parameters = gpt_model_parameters(model);
    gpt_model_free(model);
    return parameters;
}

/* An output layer of its own that equals the embedding gives the same numbers, and counts. */
static void untied_output(void)
{
    model_maker m;
    model_load(&m);
    char *tied = model_write(&m, "tied");
    int64_t table = (int64_t)model_find(&m, "wte.weight")->bytes / 4;
    model_copy(&m, "wte.weight", "lm_head.weight");
    model_set(&m, "tie_word_embeddings", "false");
    char *untied = model_write(&m, "untied");
    expect_same(tied, untied, GPT_DTYPE_F32);
    EXPECT_INT(parameters_of(untied, GPT_DTYPE_F32), parameters_of(tied, GPT_DTYPE_F32) + table);
    EXPECT_INT(parameters_of(tied, GPT_DTYPE_INT8), parameters_of(tied, GPT_DTYPE_F32));
    EXPECT_INT(parameters_of(untied, GPT_DTYPE_INT8), parameters_of(untied, GPT_DTYPE_F32));
    /* It is the one that is used: with zeros in it all logits are zero. */
    model_tensor *head = model_find(&m, "lm_head.weight");
    memset(head->data, 0, head->bytes);
    char *zero = model_write(&m, "zero-output");
    float *logits = probe(zero, GPT_DTYPE_F32);
    for (size_t i = 0; logits != NULL && i < PROBE * 512; i += 37)
        EXPECT(logits[i] == 0);
    free(logits);
    free(tied);
    free(untied);
    free(zero);
    model_free(&m);
}

/* generation_config.json wins over config.json; ids that the vocabulary does not have are passed over. */
static void special_tokens(void)
{
    static const struct {
        const char *bos, *eos; /* of config.json */
        const char *generation; /* NULL: no such file */
        int32_t expected_bos;
        size_t count;
        int32_t stops[2];
    } cases[] = {
        {NULL, NULL, NULL, -1, 0, {-1, -1}},
        {"7", "9", NULL, 7, 1, {9, -1}},
        {"512", "[512, 3]", NULL, -1, 1, {3, -1}},
        {"7", "9", "{\"bos_token_id\": 1, \"eos_token_id\": [5, 4]}", 1, 2, {5, 4}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gpt_model *model = NULL;
        model_maker m;
        char name[40];
        snprintf(name, sizeof name, "special-%zu", i);
        model_load(&m);
        model_set(&m, "bos_token_id", cases[i].bos);
        model_set(&m, "eos_token_id", cases[i].eos);
        char *directory = model_write(&m, name);
        if (cases[i].generation != NULL)
            model_write_text(directory, "generation_config.json", cases[i].generation);
        if (EXPECT_OK(gpt_model_open(&model, directory, NULL))) {
            EXPECT_INT(gpt_model_bos_token(model), cases[i].expected_bos);
            EXPECT_INT(gpt_model_stop_token_count(model), cases[i].count);
            EXPECT_INT(gpt_model_stop_token(model, 0), cases[i].stops[0]);
            EXPECT_INT(gpt_model_stop_token(model, 1), cases[i].stops[1]);
        }
        gpt_model_free(model);
        free(directory);
        model_free(&m);
    }
}

static void storyteller_is_bf16(void)
{
    gpt_model *model = NULL;
    char *directory = test_path("../models/storyteller");
    if (EXPECT_OK(gpt_model_open(&model, directory, NULL))) {
        gpt_dtype dtype = gpt_model_dtype(model);
        EXPECT(dtype == GPT_DTYPE_BF16 || dtype == GPT_DTYPE_F32);
        /* f32 only where oneDNN has no bf16 products, which asking for them tells. */
        gpt_model *asked = NULL;
        gpt_status status = model_open_as(&asked, directory, GPT_DTYPE_BF16);
        EXPECT_INT(dtype == GPT_DTYPE_BF16, status == GPT_OK);
        EXPECT(gpt_model_tokenizer(model) != NULL);
        EXPECT_INT(gpt_tokenizer_vocab_size(gpt_model_tokenizer(model)), gpt_model_vocab_size(model));
        /* Two tables, four layers of twelve D x D and thirteen D, and the last norm. */
        EXPECT_INT(gpt_model_parameters(model), (2048 + 512) * 256 + 4 * (12 * 256 * 256 + 13 * 256) + 2 * 256);
        gpt_model_free(asked);
    }
    gpt_model_free(model);
    free(directory);
}

/*
 * What is wrong with config.json.
 */

static const config_case config_cases[] = {
    {"model_type", NULL, GPT_E_FORMAT, "model_type"},
    {"model_type", "7", GPT_E_FORMAT, "model_type"},
    {"model_type", "\"bert\"", GPT_E_UNSUPPORTED, "bert"},
    {"model_type", "\"\"", GPT_E_UNSUPPORTED, "model_type"},
    {"vocab_size", "511", GPT_E_FORMAT, "wte.weight"},
    {"vocab_size", "513", GPT_E_FORMAT, "wte.weight"},
    {"vocab_size", "2147483647", GPT_E_FORMAT, "wte.weight"},
    {"n_positions", "127", GPT_E_FORMAT, "wpe.weight"},
    {"n_positions", "2147483647", GPT_E_FORMAT, "wpe.weight"},
    {"n_embd", "68", GPT_E_FORMAT, "wte.weight"},
    {"n_embd", "1048576", GPT_E_FORMAT, "wte.weight"},
    {"n_embd", "1048577", GPT_E_FORMAT, "n_embd"},
    {"n_layer", "4", GPT_E_FORMAT, "h.3."},
    {"n_layer", "1024", GPT_E_FORMAT, "h.3."},
    {"n_layer", "1025", GPT_E_FORMAT, "n_layer"},
    {"n_head", "5", GPT_E_FORMAT, "heads"},
    {"n_head", "128", GPT_E_FORMAT, "heads"},
    {"n_head", "65536", GPT_E_FORMAT, "heads"},
    {"n_head", "65537", GPT_E_FORMAT, "n_head"},
    {"n_inner", "128", GPT_E_FORMAT, "mlp.c_fc"},
    {"n_inner", "0", GPT_E_FORMAT, "n_inner"},
    {"n_inner", "-4", GPT_E_FORMAT, "n_inner"},
    {"n_inner", "\"256\"", GPT_E_FORMAT, "n_inner"},
    {"n_inner", "1e300", GPT_E_FORMAT, "n_inner"},
    {"layer_norm_epsilon", "\"1e-5\"", GPT_E_FORMAT, "layer_norm_epsilon"},
    {"layer_norm_epsilon", "-1", GPT_E_FORMAT, "epsilon"},
    {"layer_norm_epsilon", "1e300", GPT_E_FORMAT, "epsilon"},
    {"layer_norm_epsilon", "1e999", GPT_E_FORMAT, "epsilon"},
    {"activation_function", "\"tanh\"", GPT_E_UNSUPPORTED, "tanh"},
    {"activation_function", "\"\"", GPT_E_UNSUPPORTED, "activation"},
    {"activation_function", "1", GPT_E_FORMAT, "activation_function"},
    {"add_cross_attention", "true", GPT_E_UNSUPPORTED, "add_cross_attention"},
    {"add_cross_attention", "\"no\"", GPT_E_FORMAT, "add_cross_attention"},
    {"scale_attn_weights", "1", GPT_E_FORMAT, "scale_attn_weights"},
    {"scale_attn_by_inverse_layer_idx", "[]", GPT_E_FORMAT, "scale_attn_by_inverse_layer_idx"},
    {"tie_word_embeddings", "false", GPT_E_FORMAT, "lm_head.weight"},
    {"tie_word_embeddings", "{}", GPT_E_FORMAT, "tie_word_embeddings"},
    {"bos_token_id", "-1", GPT_E_FORMAT, "bos_token_id"},
    {"bos_token_id", "\"0\"", GPT_E_FORMAT, "bos_token_id"},
    {"bos_token_id", "1e10", GPT_E_FORMAT, "bos_token_id"},
    {"eos_token_id", "-1", GPT_E_FORMAT, "eos_token_id"},
    {"eos_token_id", "0.5", GPT_E_FORMAT, "eos_token_id"},
    {"eos_token_id", "1e10", GPT_E_FORMAT, "eos_token_id"},
    {"eos_token_id", "{\"a\": 1}", GPT_E_FORMAT, "eos_token_id"},
    {"eos_token_id", "[1, [2]]", GPT_E_FORMAT, "eos_token_id"},
    {"eos_token_id", "[1, null]", GPT_E_FORMAT, "eos_token_id"},
    {"eos_token_id", "[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]", GPT_E_UNSUPPORTED, "eos_token_id"},
};

/* The shapes: what none of them may be. */
static const char *const sizes[] = {"vocab_size", "n_positions", "n_embd", "n_layer", "n_head"};
static const char *const no_sizes[] = {NULL,     "null", "0",     "-1",          "1.5",  "\"64\"", "true", "[64]", "{}",
                                       "1e300", "1e999", "-1e300", "3000000000", "1e-9", "9007199254740993"};

static void hostile_config(void)
{
    model_maker m;
    model_load(&m);
    char *directory = model_write(&m, "hostile-config");
    for (size_t i = 0; i < sizeof config_cases / sizeof *config_cases; i++)
        try_config(&m, &config_cases[i], directory);
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++)
        for (size_t j = 0; j < sizeof no_sizes / sizeof *no_sizes; j++)
            try_config(&m, &(config_case){sizes[i], no_sizes[j], GPT_E_FORMAT, sizes[i]}, directory);
    free(directory);
    model_free(&m);
}

/* What may be missing, or say more than the library needs. */
static void harmless_config(void)
{
    static const struct {
        const char *key, *value;
    } cases[] = {{"n_inner", NULL},           {"n_inner", "256"},       {"layer_norm_epsilon", NULL},
                 {"activation_function", NULL}, {"bos_token_id", NULL},  {"eos_token_id", NULL},
                 {"eos_token_id", "[0, 1]"},  {"eos_token_id", "[]"},   {"eos_token_id", "50256"},
                 {"bos_token_id", "50256"},   {"n_layer", "2"},         {"n_head", "1"},
                 {"n_head", "64"},            {"add_cross_attention", "false"}, {"something_else", "[{}]"},
                 {"n_ctx", "128"},            {"tie_word_embeddings", NULL}};
    model_maker m;
    model_load(&m);
    char *directory = model_write(&m, "harmless-config");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        gpt_model *model = NULL;
        cJSON *whole = cJSON_Duplicate(m.config, 1);
        model_set(&m, cases[i].key, cases[i].value);
        char *config = cJSON_Print(m.config);
        model_write_text(directory, "config.json", config);
        if (!EXPECT_OK(model_open_as(&model, directory, GPT_DTYPE_F32)))
            printf("# in the case: %s %s\n", cases[i].key, cases[i].value != NULL ? cases[i].value : "missing");
        gpt_model_free(model);
        cJSON_free(config);
        cJSON_Delete(m.config);
        m.config = whole;
    }
    free(directory);
    model_free(&m);
}

static void config_that_is_none(void)
{
    static const char *const texts[] = {"",  "[]", "7",  "null", "\"model_type\"", "{",  "{\"model_type\"}",
                                        "{}", "\xFF", "{}x", "{\"a\": 1", "\xEF\xBB\xBF{"};
    model_maker m;
    model_load(&m);
    char *directory = model_write(&m, "no-config");
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        model_write_text(directory, "config.json", texts[i]);
        expect_refused(directory, GPT_E_FORMAT, "config.json", texts[i]);
    }
    char *deep = malloc(200001);
    memset(deep, '[', 200000);
    deep[200000] = '\0';
    model_write_text(directory, "config.json", deep);
    expect_refused(directory, GPT_E_FORMAT, "config.json", "deep");
    free(deep);
    char *path = NULL;
    if (asprintf(&path, "%s/config.json", directory) > 0)
        remove(path);
    expect_refused(directory, GPT_E_NOT_FOUND, "config.json", "missing");
    free(path);
    free(directory);
    model_free(&m);
}

static void generation_config(void)
{
    static const char *const at_open[] = {"{", "", "{\"bos_token_id\": -1}", "{\"eos_token_id\": \"x\"}",
                                          "{\"eos_token_id\": [0.5]}"};
    static const char *const at_generator[] = {
        "{\"do_sample\": true, \"temperature\": 0}",
        "{\"do_sample\": true, \"temperature\": -1}",
        "{\"do_sample\": true, \"top_p\": 1.5}",
        "{\"do_sample\": true, \"top_k\": -1}",
        "{\"do_sample\": true, \"top_k\": 0.5}",
        "{\"do_sample\": true, \"top_k\": 3000000000}",
        "{\"do_sample\": true, \"typical_p\": 0}",
        "{\"do_sample\": 1}",
        "{\"temperature\": \"1\"}",
        "{\"min_p\": 1e999}",
        "{\"repetition_penalty\": 0}",
        "{\"repetition_penalty\": 1e300}",
        "{\"max_new_tokens\": -1}",
        "{\"no_repeat_ngram_size\": {}}",
        "{\"early_stopping\": 1}",
        "{\"stop_strings\": 5}",
        "{\"stop_strings\": \"\"}",
        "{\"stop_strings\": [\"a\", null]}",
    };
    /* Without sampling a temperature of 0 means nothing, and files on the hub have it. */
    static const char *const harmless[] = {"{}", "[]", "null", "{\"top_k\": null}", "{\"eos_token_id\": 4000000}",
                                           "{\"temperature\": 0}", "{\"do_sample\": false, \"top_p\": 1.5}",
                                           "{\"temperature\": 0.7, \"do_sample\": true, \"unknown\": 1}"};
    model_maker m;
    model_load(&m);
    char *directory = model_write(&m, "generation-config");
    model_add_tokenizer(directory);
    for (size_t i = 0; i < sizeof at_open / sizeof *at_open; i++) {
        model_write_text(directory, "generation_config.json", at_open[i]);
        expect_refused(directory, GPT_E_FORMAT, "generation_config.json", at_open[i]);
    }
    for (size_t i = 0; i < sizeof at_generator / sizeof *at_generator + sizeof harmless / sizeof *harmless; i++) {
        size_t bad = sizeof at_generator / sizeof *at_generator;
        gpt_model *model = NULL;
        gpt_generator *generator = NULL;
        model_write_text(directory, "generation_config.json", i < bad ? at_generator[i] : harmless[i - bad]);
        if (EXPECT_OK(model_open_as(&model, directory, GPT_DTYPE_F32)) && i < bad) {
            if (!(EXPECT_STATUS(gpt_generator_new(&generator, model), GPT_E_FORMAT) &
                  EXPECT_MESSAGE("generation_config.json")))
                printf("# in the case: %s\n", at_generator[i]);
            EXPECT(generator == NULL);
        } else {
            EXPECT_OK(gpt_generator_new(&generator, model));
        }
        gpt_generator_free(generator);
        gpt_model_free(model);
    }
    free(directory);
    model_free(&m);
}

static void keep_line(gpt_log_level level, const char *line, void *user)
{
    (void)level;
    snprintf(user, 1024, "%s", line);
}

/* Opens a directory with this generation_config.json; the last warning of the generator is in line. */
static gpt_generator *generator_of(const char *directory, const char *config, char line[1024])
{
    gpt_model *model = NULL;
    gpt_generator *generator = NULL;
    model_write_text(directory, "generation_config.json", config);
    EXPECT_OK(model_open_as(&model, directory, GPT_DTYPE_F32));
    line[0] = '\0';
    gpt_log_set_callback(keep_line, GPT_LOG_WARNING, line);
    EXPECT_OK(gpt_generator_new(&generator, model));
    gpt_log_set_callback(NULL, GPT_LOG_WARNING, NULL);
    gpt_model_free(model);
    return generator;
}

/* What is asked for is done, or there is a warning. */
static void generation_config_is_heard(void)
{
    char line[1024];
    size_t length;
    char *directory = model_with_tokenizer("generation-config-heard");
    char *mute = model_directory("generation-config-mute");
    model_maker m;
    gpt_generator *g = generator_of(directory, "{\"early_stopping\": true, \"stop_strings\": [\"ab\", \"c\"], "
                                               "\"min_length\": 0}", line);
    EXPECT_INT(gpt_generator_early_stopping(g), 1);
    EXPECT_INT(gpt_generator_stop_string_count(g), 2);
    EXPECT_STRING(gpt_generator_stop_string(&length, g, 1), "c");
    EXPECT_STRING(line, "");
    EXPECT_OK(gpt_generator_clear_stop_strings(g));
    EXPECT_OK(gpt_generator_reset_settings(g));
    EXPECT_INT(gpt_generator_stop_string_count(g), 2);
    gpt_generator_free(g);
    g = generator_of(directory, "{\"stop_strings\": \"one\", \"early_stopping\": \"never\"}", line);
    EXPECT_STRING(gpt_generator_stop_string(&length, g, 0), "one");
    EXPECT_INT(gpt_generator_early_stopping(g), 0);
    EXPECT(strstr(line, "early_stopping") != NULL);
    gpt_generator_free(g);
    gpt_generator_free(generator_of(directory, "{\"min_length\": 10}", line));
    EXPECT(strstr(line, "min_length") != NULL);
    model_load(&m);
    free(model_write(&m, "generation-config-mute"));
    g = generator_of(mute, "{\"stop_strings\": \"one\"}", line);
    EXPECT_INT(gpt_generator_stop_string_count(g), 0);
    EXPECT(strstr(line, "no tokenizer") != NULL);
    gpt_generator_free(g);
    model_free(&m);
    free(directory);
    free(mute);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    /* First, as its process must find oneDNN as the program found it. */
    TEST(other_types_are_told);
    TEST(find_in_every_place);
    TEST(find_lists_the_places);
    TEST(find_existing_paths);
    TEST(find_unreadable_paths);
    TEST(unreadable_files);
    TEST(find_keeps_inside);
    TEST(find_bad_refs);
    TEST(success_leaves_the_message);
    TEST(open_by_name);
    TEST(getters);
    TEST(dtypes);
    TEST(prefixes);
    TEST(untied_output);
    TEST(special_tokens);
    TEST(storyteller_is_bf16);
    TEST(hostile_config);
    TEST(harmless_config);
    TEST(config_that_is_none);
    TEST(generation_config);
    TEST(generation_config_is_heard);
    return TEST_END();
}
