/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_panels.c: products with panels of weights against plain sums, for each form and number of rows. */
#include "base/bytes.h"
#include "compute/panels.h"
#include "test.h"

/* Three tiles of rows; inputs of several pieces for each form, few enough that f32 sums of them are exact. */
#define MOST_T 13
#define MOST_K 1028

enum way { STORE, ADD, STREAM };

/* Values that f32, bf16 and int8 all hold exactly, so that sums of any order are exact in f32. */
static int value(int64_t i, int64_t factor)
{
    return (int)(i * factor % 255) - 127;
}

/* Weight (k, n) and input (t, k). */
static int weight(int64_t k, int64_t n)
{
    return value(k * GPT__PANEL_WIDTH + n, 7919);
}

static int input(gpt__panel_form form, int64_t t, int64_t k)
{
    /* int8 takes inputs from 0 to 255. */
    return value(t * MOST_K + k + 1, 104729) + (form == GPT__PANEL_INT8 ? 127 : 0);
}

static void store(void *to, size_t size, int64_t at, int number)
{
    if (size == sizeof(float))
        ((float *)to)[at] = (float)number;
    else if (size == sizeof(uint16_t))
        ((uint16_t *)to)[at] = gpt__f32_to_bf16((float)number);
    else
        ((uint8_t *)to)[at] = (uint8_t)number;
}

/* Sums of each form as they come out: f32, of int8 whole numbers. */
static double sum_at(gpt__panel_form form, const void *sums, int64_t at)
{
    return form == GPT__PANEL_INT8 ? ((const int32_t *)sums)[at] : ((const float *)sums)[at];
}

static void fill_sums(gpt__panel_form form, void *sums)
{
    for (int64_t i = 0; i < MOST_T * GPT__PANEL_WIDTH; i++) {
        if (form == GPT__PANEL_INT8)
            ((int32_t *)sums)[i] = (int32_t)i;
        else
            ((float *)sums)[i] = (float)i;
    }
}

static void compare(gpt__panel_form form, int64_t K, int64_t T, enum way way)
{
    static _Alignas(64) unsigned char panel[MOST_K * GPT__PANEL_WIDTH * 4];
    static unsigned char x[MOST_T * MOST_K * 4];
    static float sums[MOST_T * GPT__PANEL_WIDTH];
    /* Weights of an output that stand side by side. */
    int64_t side = (int64_t)(gpt__panel_column_size(form) / gpt__panel_weight_size(form));
    const gpt__panel p = {.form = form, .data = panel, .step = GPT__PANEL_WIDTH * gpt__panel_group(form), .K = K};
    int differences = 0;
    for (int64_t k = 0; k < K; k++)
        for (int64_t n = 0; n < GPT__PANEL_WIDTH; n++)
            store(panel, gpt__panel_weight_size(form), k / side * side * GPT__PANEL_WIDTH + n * side + k % side,
                  weight(k, n));
    for (int64_t t = 0; t < T; t++)
        for (int64_t k = 0; k < K; k++)
            store(x, gpt__panel_input_size(form), t * MOST_K + k, input(form, t, k));
    fill_sums(form, sums);
    if (way == STREAM)
        gpt__panel_stream(sums, &p, x, MOST_K, T);
    else
        gpt__panel_multiply(sums, GPT__PANEL_WIDTH, way == ADD, &p, x, MOST_K, T);
    for (int64_t t = 0; t < T; t++)
        for (int64_t n = 0; n < GPT__PANEL_WIDTH; n++) {
            long expected = way == ADD ? t * GPT__PANEL_WIDTH + n : 0;
            for (int64_t k = 0; k < K; k++)
                expected += (long)input(form, t, k) * weight(k, n);
            differences += sum_at(form, sums, t * GPT__PANEL_WIDTH + n) != (double)expected;
        }
    EXPECT_INT(differences, 0);
}

static void compare_form(gpt__panel_form form)
{
    if (!gpt__panels_supported(form)) {
        test_skip("this processor has no panels of that form");
        return;
    }
    for (int64_t K = 4; K <= 64; K += 4)
        for (int64_t T = 1; T <= MOST_T; T++)
            for (enum way way = STORE; way <= STREAM; way++)
                compare(form, K, T, way);
    /* Several pieces, of which the last is short. */
    for (int64_t T = 1; T <= MOST_T; T++)
        compare(form, MOST_K, T, STREAM);
}

static void f32(void)
{
    compare_form(GPT__PANEL_F32);
}

static void bf16(void)
{
    compare_form(GPT__PANEL_BF16);
}

static void int8(void)
{
    compare_form(GPT__PANEL_INT8);
}

static void int8_bf16(void)
{
    compare_form(GPT__PANEL_INT8_BF16);
}

static void int8_f32(void)
{
    compare_form(GPT__PANEL_INT8_F32);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(f32);
    TEST(bf16);
    TEST(int8);
    TEST(int8_bf16);
    TEST(int8_f32);
    return TEST_END();
}
