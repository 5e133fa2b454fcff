/* SPDX-License-Identifier: Apache-2.0 */
/* unit/test_panels.c: products with panels of weights against plain sums, for each type and number of rows. */
#include "base/bytes.h"
#include "compute/panels.h"
#include "test.h"

#define MOST_K 96

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

static int input(gpt_dtype type, int64_t t, int64_t k)
{
    /* int8 takes inputs from 0 to 255. */
    return value(t * MOST_K + k + 1, 104729) + (type == GPT_DTYPE_INT8 ? 127 : 0);
}

static void store(void *to, gpt_dtype type, int64_t at, int number)
{
    if (type == GPT_DTYPE_F32)
        ((float *)to)[at] = (float)number;
    else if (type == GPT_DTYPE_BF16)
        ((uint16_t *)to)[at] = gpt__f32_to_bf16((float)number);
    else
        ((uint8_t *)to)[at] = (uint8_t)number;
}

static void compare(gpt_dtype type, int64_t K, int64_t T, int adds)
{
    static _Alignas(64) unsigned char panel[MOST_K * GPT__PANEL_WIDTH * 4];
    static unsigned char x[GPT__PANEL_ROWS * MOST_K * 4];
    float sums[GPT__PANEL_ROWS * GPT__PANEL_WIDTH];
    int64_t group = gpt__panel_group(type);
    const gpt__panel p = {type, panel, GPT__PANEL_WIDTH * group, K, 0};
    int differences = 0;
    for (int64_t k = 0; k < K; k++)
        for (int64_t n = 0; n < GPT__PANEL_WIDTH; n++)
            store(panel, type, k / group * group * GPT__PANEL_WIDTH + n * group + k % group, weight(k, n));
    for (int64_t t = 0; t < T; t++)
        for (int64_t k = 0; k < K; k++)
            store(x, type, t * MOST_K + k, input(type, t, k));
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        sums[i] = (float)i;
    gpt__panel_multiply(sums, GPT__PANEL_WIDTH, adds, &p, x, MOST_K, T);
    for (int64_t t = 0; t < T; t++)
        for (int64_t n = 0; n < GPT__PANEL_WIDTH; n++) {
            long expected = adds ? t * GPT__PANEL_WIDTH + n : 0;
            for (int64_t k = 0; k < K; k++)
                expected += (long)input(type, t, k) * weight(k, n);
            differences += sums[t * GPT__PANEL_WIDTH + n] != (float)expected;
        }
    EXPECT_INT(differences, 0);
}

static void compare_type(gpt_dtype type)
{
    if (!gpt__panels_supported(type)) {
        test_skip("this processor has no panels of that type");
        return;
    }
    for (int64_t K = 4; K <= MOST_K; K += 4)
        for (int64_t T = 1; T <= GPT__PANEL_ROWS; T++)
            for (int adds = 0; adds < 2; adds++)
                compare(type, K, T, adds);
}

static void f32(void)
{
    compare_type(GPT_DTYPE_F32);
}

static void bf16(void)
{
    compare_type(GPT_DTYPE_BF16);
}

static void int8(void)
{
    compare_type(GPT_DTYPE_INT8);
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    TEST(f32);
    TEST(bf16);
    TEST(int8);
    return TEST_END();
}
