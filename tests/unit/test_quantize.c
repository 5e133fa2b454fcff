/* SPDX-License-Identifier: Apache-2.0 */
/*
 * unit/test_quantize.c: weights become whole numbers as the definition says, however they lie in memory, and a product
 * of them is the exact one as near as the rounding allows.
 */
#include "base/bytes.h"
#include "base/memory.h"
#include "compute/linear.h"
#include "test.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { K = 1100, N = 150 }; /* more than one piece of a line, and a last block that is not full */

static float weights[N][K];
static float turned[K][N];
static uint16_t halves[N][K];

/* Weights of bf16, so that each way holds the same; each output has another range. */
static void fill(void)
{
    srand(1);
    for (int n = 0; n < N; n++)
        for (int k = 0; k < K; k++) {
            float value = ((float)rand() / (float)RAND_MAX - 0.5f) * (float)(n + 1);
            halves[n][k] = gpt__f32_to_bf16(value);
            weights[n][k] = turned[k][n] = gpt__bf16_to_f32(halves[n][k]);
        }
}

static void set(int n, int k, float value)
{
    weights[n][k] = turned[k][n] = value;
    halves[n][k] = gpt__f32_to_bf16(value);
}

static const gpt__weights_view lines = {.data = weights, .type = GPT_DTYPE_F32, .stride_k = 1, .stride_n = K};
static const gpt__weights_view across = {.data = turned, .type = GPT_DTYPE_F32, .stride_k = N, .stride_n = 1};
static const gpt__weights_view half_lines = {.data = halves, .type = GPT_DTYPE_BF16, .stride_k = 1, .stride_n = K};

/* Compares with the definition; is_turned says that out is [K, N]. */
static void check(const gpt__weights_view *view, int is_turned, int most)
{
    int8_t *out = malloc((size_t)N * K);
    float scales[N];
    int32_t sums[N];
    int wrong = 0;
    gpt__quantize(out, scales, sums, view, K, N, most);
    for (int n = 0; n < N; n++) {
        float largest = 0;
        int sum = 0;
        for (int k = 0; k < K; k++)
            largest = fmaxf(largest, fabsf(weights[n][k]));
        wrong += scales[n] != largest / (float)most;
        for (int k = 0; k < K; k++) {
            int found = is_turned ? out[k * N + n] : out[n * K + k];
            /* Half a step, and what rounding the reciprocal of the scale adds. */
            wrong += largest > 0 ? fabsf(weights[n][k] / scales[n] - (float)found) > 0.5001f : found != 0;
            wrong += abs(found) > most;
            sum += found;
        }
        wrong += sums[n] != sum;
    }
    EXPECT_INT(wrong, 0);
    free(out);
}

static void any_order(void)
{
    for (int most = 63; most <= 127; most += 64) {
        check(&lines, 0, most);
        check(&across, 1, most);
        check(&half_lines, 0, most);
    }
}

/* An output of zeros has a scale of 0. One with NaN or infinity keeps that in its scale, and its numbers are 0. */
static void special_values(void)
{
    const gpt__weights_view *views[] = {&lines, &across, &half_lines};
    int8_t *out = malloc((size_t)N * K);
    float scales[N];
    int32_t sums[N];
    for (int k = 0; k < K; k++)
        set(2, k, 0);
    set(5, 1050, NAN);
    set(7, 3, -INFINITY);
    for (int i = 0; i < 3; i++) {
        gpt__quantize(out, scales, sums, views[i], K, N, 127);
        EXPECT(scales[2] == 0 && sums[2] == 0);
        EXPECT(isnan(scales[5]) && sums[5] == 0);
        EXPECT(isinf(scales[7]) && sums[7] == 0);
        EXPECT(isfinite(scales[6]) && sums[6] != 0);
        for (int k = 0; k < K; k++)
            EXPECT_INT(out[i == 1 ? k * N + 7 : 7 * K + k], 0);
    }
    free(out);
    fill();
}

/* The largest weights that the processor multiplies exactly: with 127 and 255 in each place, or 63 and 255. */
static void most_is_one_of_two(void)
{
    int most = 0;
    EXPECT_OK(gpt__quantize_most(&most));
    EXPECT(most == 127 || most == 63);
}

/* x W + b, as double numbers, against the layer. */
static void layer_is_near(void)
{
    enum { T = 3 };
    static float x[T][K];
    float out[4 * N], *bias = gpt__allocate(N, sizeof *bias);
    gpt__engine *engine = NULL;
    gpt__worker *worker = NULL;
    gpt__profile profile = {0};
    gpt__linear linear;
    gpt__rows rows = {0};
    for (int n = 0; n < N; n++)
        bias[n] = (float)n;
    EXPECT_OK(gpt__engine_new(&engine));
    EXPECT_OK(gpt__linear_init(&linear, engine, K, N, GPT_DTYPE_INT8, GPT__LINEAR_STORE, GPT__IDENTITY, &lines, bias));
    EXPECT_OK(gpt__worker_new(&worker, engine, 1));
    gpt__linear_scratch scratch = {.worker = worker, .profile = &profile};
    EXPECT_OK(gpt__rows_resize(&rows, GPT_DTYPE_INT8, gpt__linear_rows(T), K));
    for (int t = 0; t < T; t++) {
        for (int k = 0; k < K; k++)
            x[t][k] = sinf((float)(t * 100 + k)) + 0.5f;
        gpt__rows_store(&rows, t, x[t]);
    }
    gpt__rows_clear(&rows, T);
    EXPECT_OK(gpt__linear_apply(&scratch, &linear, &rows, out, T));
    double worst = 0;
    for (int t = 0; t < T; t++)
        for (int n = 0; n < N; n++) {
            double exact = bias[n];
            for (int k = 0; k < K; k++)
                exact += (double)x[t][k] * weights[n][k];
            worst = test_worse(worst, fabs(out[t * N + n] - exact) / (n + 1));
        }
    /* Independent roundings of a hundredth of a step add up like the root of their number. */
    printf("# largest error, in units of the weights' range: %.4f\n", worst);
    EXPECT(worst < 0.01 * sqrt(K));
    gpt__rows_release(&rows);
    gpt__linear_scratch_release(&scratch);
    gpt__worker_free(worker);
    gpt__linear_release(&linear);
    gpt__engine_free(engine);
}

/* A layer of so many inputs and weights that are all 1, for one row of 1. */
static gpt_status sum_of_ones(float *sum, int64_t inputs)
{
    static float ones[70000], out[4];
    const gpt__weights_view view = {.data = ones, .type = GPT_DTYPE_F32, .stride_k = 1, .stride_n = inputs};
    gpt__engine *engine = NULL;
    gpt__worker *worker = NULL;
    gpt__profile profile = {0};
    gpt__linear linear;
    gpt__rows rows = {0};
    for (int i = 0; i < 70000; i++)
        ones[i] = 1;
    EXPECT_OK(gpt__engine_new(&engine));
    gpt_status status = gpt__linear_init(&linear, engine, inputs, 1, GPT_DTYPE_INT8, GPT__LINEAR_STORE, GPT__IDENTITY,
                                         &view, NULL);
    if (status == GPT_OK) {
        EXPECT_OK(gpt__worker_new(&worker, engine, 1));
        gpt__linear_scratch scratch = {.worker = worker, .profile = &profile};
        EXPECT_OK(gpt__rows_resize(&rows, GPT_DTYPE_INT8, gpt__linear_rows(1), inputs));
        gpt__rows_store(&rows, 0, ones);
        gpt__rows_clear(&rows, 1);
        EXPECT_OK(gpt__linear_apply(&scratch, &linear, &rows, out, 1));
        gpt__linear_scratch_release(&scratch);
    }
    *sum = out[0];
    gpt__rows_release(&rows);
    gpt__worker_free(worker);
    gpt__linear_release(&linear);
    gpt__engine_free(engine);
    return status;
}

/* The largest numbers in as many places as their sum has room for; more are refused. */
static void most_inputs(void)
{
    float sum = 0;
    EXPECT_OK(sum_of_ones(&sum, 66311));
    EXPECT_NEAR(sum, 66311, 0.1);
    EXPECT_STATUS(sum_of_ones(&sum, 66312), GPT_E_UNSUPPORTED);
    EXPECT_MESSAGE("66312 inputs");
}

int main(int argc, char **argv)
{
    TEST_BEGIN(argc, argv);
    fill();
    TEST(any_order);
    TEST(special_values);
    TEST(most_is_one_of_two);
    TEST(layer_is_near);
    TEST(most_inputs);
    return TEST_END();
}
