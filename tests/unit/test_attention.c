/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_attention.c: attention against its definition in double, for each type of the cache and each way in which
 * the work is cut: single tokens and blocks, alone and together, shared key heads, windows, sinks, heads of any size,
 * several pages.
 */
#include "base/memory.h"
#include "compute/attention.h"
#include "compute/parallel.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>

#define MOST_TOKENS 720
#define MOST_PAGES ((MOST_TOKENS + GPT__PAGE_TOKENS - 1) / GPT__PAGE_TOKENS)
#define MOST_WIDTH ((12 + 2 * 12) * 64)
#define MOST_HEADS 16
#define MOST_HEAD 260

/* Two layers, of which the second is looked at. */
#define LAYERS 2

typedef struct shape {
    int32_t H, KV, K;
    int64_t window;
    int has_sinks;
} shape;

static float qkv[MOST_TOKENS * MOST_WIDTH];
static float out[MOST_TOKENS * MOST_HEADS * 64];
static float sinks[MOST_HEADS];

/* Numbers from -2 to 2, the same each time. */
static void fill(float *values, size_t count)
{
    uint32_t state = 1;
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (float)(state >> 8) / (float)(1 << 22) - 2.0f;
    }
}

/* What the token at a position of a sequence, which begins at a row, gives for a head, by the definition. */
static void attend(double *result, const shape *s, double scale, int64_t row, int64_t position, int32_t head)
{
    int64_t width = (s->H + 2 * s->KV) * s->K;
    const float *rows = qkv + row * width;
    const float *query = rows + position * width + head * s->K;
    int64_t first = s->window > 0 && position + 1 > s->window ? position + 1 - s->window : 0;
    int64_t key = (s->H + head / (s->H / s->KV)) * s->K;
    double total = s->has_sinks ? exp(sinks[head]) : 0;
    for (int32_t i = 0; i < s->K; i++)
        result[i] = 0;
    for (int64_t t = first; t <= position; t++) {
        const float *at = rows + t * width + key;
        double score = 0;
        for (int32_t i = 0; i < s->K; i++)
            score += (double)query[i] * at[i];
        double share = exp(score * scale);
        total += share;
        for (int32_t i = 0; i < s->K; i++)
            result[i] += share * at[s->KV * s->K + i];
    }
    for (int32_t i = 0; i < s->K; i++)
        result[i] /= total;
}

/* The largest difference from the definition, over some of the first tokens of the sequence that begins at a row. */
static double largest_error(const shape *s, double scale, int64_t row, int64_t tokens)
{
    double worst = 0, expected[MOST_HEAD];
    for (int64_t t = 0; t < tokens; t += t % 7 == 0 ? 1 : 6)
        for (int32_t head = 0; head < s->H; head++) {
            attend(expected, s, scale, row, t, head);
            for (int32_t i = 0; i < s->K; i++)
                worst = test_worse(worst, fabs(out[((row + t) * s->H + head) * s->K + i] - expected[i]));
        }
    return worst;
}

static void compute(const gpt__attention *attention, const gpt__attention_span *spans, size_t count, int threads)
{
    gpt__attention_scratch scratch = {0};
    omp_set_num_threads(threads);
    EXPECT_OK(gpt__attention_plan(&scratch, attention, spans, count, threads));
    EXPECT_OK(gpt__attention_apply(&scratch, attention, spans, count, qkv, out));
    gpt__attention_scratch_release(&scratch);
}

/* Computes the tokens of a sequence in spans of these lengths, which end with 0. */
static int64_t run(const gpt__attention *attention, unsigned char *const *pages, const int64_t *lengths, int threads)
{
    int64_t position = 0;
    for (; *lengths > 0; lengths++) {
        const gpt__attention_span span = {pages, position, *lengths, position};
        compute(attention, &span, 1, threads);
        position += *lengths;
    }
    return position;
}

/* The second layer, in pages of the type that a model of dtype has for such heads. */
static gpt__attention attention_of(gpt_dtype dtype, const shape *s)
{
    const gpt__page_form form = gpt__page_form_of(gpt__attention_cache_type(dtype, s->K), s->KV, s->K);
    return (gpt__attention){.form = form, .H = s->H, .scale = (float)(1 / sqrt(s->K)), .window = s->window,
                            .sinks = s->has_sinks ? sinks : NULL, .layer_offset = gpt__page_layer_bytes(&form)};
}

static void make_pages(unsigned char **pages, int count, const gpt__attention *attention)
{
    for (int i = 0; i < count; i++) {
        pages[i] = gpt__allocate_tensor(LAYERS * attention->layer_offset, 1);
        /* What nobody has written may be anything. */
        for (size_t j = 0; j < LAYERS * attention->layer_offset; j++)
            pages[i][j] = 0xFF;
    }
}

static void release_pages(unsigned char **pages, int count)
{
    for (int i = 0; i < count; i++)
        gpt__release(pages[i]);
}

static void compare(gpt_dtype type, const shape *s, int threads, double tolerance)
{
    static const int64_t lengths[] = {1, 1, 5, 64, 1, 300, 7, 1, 1, 100, 150, 2, 1, 70, 1, 1, 1, 0};
    const gpt__attention attention = attention_of(type, s);
    unsigned char *pages[MOST_PAGES];
    make_pages(pages, MOST_PAGES, &attention);
    int64_t tokens = run(&attention, pages, lengths, threads);
    double worst = largest_error(s, attention.scale, 0, tokens);
    printf("# %s, %d heads of %d with %d key heads, %d threads: largest error %.6f\n", gpt_dtype_name(type), s->H,
           s->K, s->KV, threads, worst);
    EXPECT(worst < tolerance);
    release_pages(pages, MOST_PAGES);
}

/* Sequences whose tokens stand one after the other in qkv: so many are in the pages, and so many more come at once. */
static void compare_together(gpt_dtype type, const shape *s, int threads, double tolerance)
{
    enum { COUNT = 4, PAGES = 2 };
    static const int64_t before[COUNT] = {133, 0, 126, 31}, lengths[COUNT] = {1, 1, 5, 60};
    const gpt__attention attention = attention_of(type, s);
    unsigned char *pages[COUNT][PAGES];
    gpt__attention_span spans[COUNT];
    double worst = 0;
    int64_t row = 0;
    for (int i = 0; i < COUNT; i++) {
        make_pages(pages[i], PAGES, &attention);
        spans[i] = (gpt__attention_span){pages[i], 0, before[i], row};
        compute(&attention, &spans[i], before[i] > 0, threads);
        spans[i] = (gpt__attention_span){pages[i], before[i], lengths[i], row + before[i]};
        row += before[i] + lengths[i];
    }
    compute(&attention, spans, COUNT, threads);
    for (int i = 0; i < COUNT; i++) {
        row = spans[i].row - before[i];
        worst = test_worse(worst, largest_error(s, attention.scale, row, before[i] + lengths[i]));
        release_pages(pages[i], PAGES);
    }
    printf("# %s, together: largest error %.6f\n", gpt_dtype_name(type), worst);
    EXPECT(worst < tolerance);
}

static void compare_all(gpt_dtype type, double tolerance)
{
    static const shape shapes[] = {
        {12, 12, 64, 0, 0}, {16, 1, 64, 0, 0}, {8, 2, 64, 100, 1}, {2, 2, 80, 0, 0},  {3, 3, 16, 256, 0},
        {4, 2, 20, 0, 1},   {2, 2, 128, 0, 0}, {2, 1, 256, 0, 0},  {1, 1, 260, 0, 0}, {3, 3, 15, 0, 0},
    };
    if (gpt__attention_cache_type(type, 64) != type) {
        test_skip("this processor has no cache of that type");
        return;
    }
    fill(qkv, sizeof qkv / sizeof *qkv);
    fill(sinks, sizeof sinks / sizeof *sinks);
    for (size_t i = 0; i < sizeof shapes / sizeof *shapes; i++) {
        compare(type, &shapes[i], 2, tolerance);
        compare_together(type, &shapes[i], 2, tolerance);
    }
    compare(type, &shapes[0], 5, tolerance);
    compare_together(type, &shapes[2], 5, tolerance);
}

static void f32(void)
{
    compare_all(GPT_DTYPE_F32, 1e-5);
}

/* Numbers of 8 bits, as shares and as values, of which the roundings partly cancel. */
static void bf16(void)
{
    compare_all(GPT_DTYPE_BF16, 0.03);
}

static void int8(void)
{
    compare_all(GPT_DTYPE_INT8, 0.04);
}

/* A value that is not a number shows in what sees it, and in nothing that was computed before it. */
static void broken_numbers_stay_visible(void)
{
    static const gpt_dtype types[] = {GPT_DTYPE_F32, GPT_DTYPE_BF16, GPT_DTYPE_INT8};
    const shape s = {2, 2, 64, 0, 0};
    static const int64_t lengths[] = {20, 1, 20, 0};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        const gpt__page_form form = gpt__page_form_of(gpt__attention_cache_type(types[i], s.K), s.KV, s.K);
        unsigned char *page = gpt__allocate_tensor(gpt__page_layer_bytes(&form), 1);
        const gpt__attention attention = {.form = form, .H = s.H, .scale = 0.125f};
        fill(qkv, sizeof qkv / sizeof *qkv);
        /* A value of the second head of token 30. */
        qkv[30 * (s.H + 2 * s.KV) * s.K + (s.H + s.KV + 1) * s.K] = NAN;
        run(&attention, &page, lengths, 1);
        EXPECT(isfinite(out[(20 * s.H + 1) * s.K]));
        EXPECT(isfinite(out[(35 * s.H + 0) * s.K]));
        EXPECT(isnan(out[(35 * s.H + 1) * s.K]));
        gpt__release(page);
    }
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(f32);
    TEST(bf16);
    TEST(int8);
    TEST(broken_numbers_stay_visible);
    return TEST_END();
}
